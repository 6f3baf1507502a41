//! The listening socket: where it may lie, who may have made it, who connects.
//!
//! The only file of the daemon that names interprocess, and only its filesystem sockets: its
//! namespaced names are abstract sockets, which have no permissions.

use chapar_ipc_protocol::endpoint;
use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::traits::StreamCommon;
use interprocess::local_socket::{GenericFilePath, ListenerOptions, PeerCreds, tokio as local};
use interprocess::os::unix::local_socket::ListenerOptionsExt;
use interprocess::os::unix::uds_local_socket::tokio::Listener as UnixListener;
use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt};
use std::path::{Path, PathBuf};

/// A connected client.
pub use interprocess::local_socket::tokio::Stream;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The path cannot be a socket's.
    #[error(transparent)]
    Path(#[from] endpoint::EndpointError),
    /// The directory is not safe.
    #[error("the directory {} {reason}: {remedy}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
        /// What to do.
        remedy: String,
    },
    /// Something that is no socket lies there.
    #[error("{} is not a socket: move it away", .0.display())]
    Foreign(PathBuf),
    /// Somebody listens there already.
    #[error("another process listens at {}: stop it, or set CHAPAR_SOCKET to another path", .0.display())]
    Busy(PathBuf),
    /// The system said no.
    #[error("cannot listen at {}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A bound socket. Its file is removed on drop unless it was inherited.
pub struct Listener {
    inner: local::Listener,
}

impl Listener {
    /// Binds at `path`, mode 0600, in a directory that is ours alone. The caller holds the
    /// single-instance lock, so a socket nobody answers at is left over from a crash.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let path = endpoint::check(path.to_owned())?;
        let failed = |source| BindError::Io { path: path.clone(), source };
        if let Some(directory) = path.parent() {
            private_directory(directory)?;
        }
        clear_stale(&path)?;
        let name = path.as_path().to_fs_name::<GenericFilePath>().map_err(failed)?;
        let inner = ListenerOptions::new().name(name).mode(0o600).create_tokio().map_err(failed)?;
        Ok(Self { inner })
    }

    /// Takes a listening socket handed over by the service manager; its file stays on drop.
    pub fn inherited(fd: OwnedFd) -> io::Result<Self> {
        let listener = UnixListener::try_from(fd)?;
        Ok(Self { inner: local::Listener::from(listener) })
    }

    /// The next client and who it is.
    pub async fn accept(&self) -> io::Result<(Stream, Peer)> {
        let stream = self.inner.accept().await?;
        let creds = stream.peer_creds().ok();
        let uid = creds.as_ref().and_then(PeerCreds::euid);
        Ok((stream, Peer { uid, pid: creds.as_ref().and_then(PeerCreds::pid) }))
    }
}

/// A client as the kernel knows it.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its user.
    pub uid: Option<u32>,
    /// Its process, when it connected.
    pub pid: Option<i32>,
}

/// Makes `directory` 0700, or refuses the one that is there unless it is ours alone.
fn private_directory(directory: &Path) -> Result<(), BindError> {
    let io = |source| BindError::Io { path: directory.to_owned(), source };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory).map_err(io)?;
    let refuse =
        |reason, remedy| Err(BindError::Directory { path: directory.to_owned(), reason, remedy });
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
    let opened = match rustix::fs::open(directory, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR) => {
            return refuse(
                "is a symbolic link or no directory",
                "replace it by a directory of your own".to_owned(),
            );
        }
        Err(error) => return Err(io(error.into())),
    };
    let stat = rustix::fs::fstat(&opened).map_err(|error| io(error.into()))?;
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        return refuse(
            "belongs to another user",
            "remove it, or set CHAPAR_SOCKET to a path in a directory of your own".to_owned(),
        );
    }
    if stat.st_mode & 0o077 != 0 {
        // a directory that has another use may be needed by others
        let is_ours = directory.file_name().is_some_and(|name| name == "chapar");
        let remedy = if is_ours {
            format!("run: chmod 700 {}", directory.display())
        } else {
            "set CHAPAR_SOCKET to a path in a directory that nobody else can open".to_owned()
        };
        return refuse("can be entered by other users", remedy);
    }
    Ok(())
}

fn clear_stale(path: &Path) -> Result<(), BindError> {
    let failed = |source| BindError::Io { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::Foreign(path.to_owned()));
        }
        Ok(_) => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(BindError::Busy(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{BindError, Listener};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    fn place(name: &str) -> PathBuf {
        let place = std::env::temp_dir().join(format!("chapar-ipc-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&place));
        std::fs::create_dir(&place).unwrap();
        std::fs::set_permissions(&place, PermissionsExt::from_mode(0o700)).unwrap();
        place
    }

    #[tokio::test]
    async fn the_socket_is_private_and_a_stale_one_is_replaced() {
        let place = place("bind");
        let path = place.join("chapar/v1.sock");
        let first = Listener::bind(&path).unwrap();
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o600);
        assert_eq!(mode(path.parent().unwrap()) & 0o777, 0o700);
        assert!(matches!(Listener::bind(&path), Err(BindError::Busy(_))));
        drop(first);
        // What a crash leaves behind: a socket file with nobody at it.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        drop(Listener::bind(&path).unwrap());
        std::fs::write(&path, b"not a socket").unwrap();
        assert!(matches!(Listener::bind(&path), Err(BindError::Foreign(_))));
        std::fs::remove_dir_all(place).unwrap();
    }

    #[tokio::test]
    async fn directories_open_to_others_or_linked_are_refused() {
        let place = place("dirs");
        let open = place.join("chapar");
        // a directory of another name may have another use, such as `/`
        for (open, advice) in [(&place.join("open"), false), (&open, true)] {
            std::fs::create_dir(open).unwrap();
            std::fs::set_permissions(open, PermissionsExt::from_mode(0o750)).unwrap();
            let error = Listener::bind(&open.join("v1.sock")).err().unwrap().to_string();
            assert_eq!(error.contains("chmod 700"), advice, "{error}");
            assert!(advice || error.contains("that nobody else can open"), "{error}");
        }
        std::fs::set_permissions(&open, PermissionsExt::from_mode(0o700)).unwrap();
        symlink(&open, place.join("link")).unwrap();
        let error = Listener::bind(&place.join("link/v1.sock")).err().unwrap().to_string();
        assert!(error.contains("symbolic link"), "{error}");
        assert!(Listener::bind(&place.join("x".repeat(104))).is_err());
        std::fs::remove_dir_all(place).unwrap();
    }
}
