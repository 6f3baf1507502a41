//! Where the daemon's files lie, that they are the person's alone, and that one daemon uses them.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Longest path of a socket in bytes: `sun_path` holds 104 with the final NUL on the tightest system.
pub const SOCKET_PATH_BYTES: usize = 103;
/// Mode of every directory of ours.
const PRIVATE: u32 = 0o700;
/// Bytes of a lock file that are read: a process id and the path of a socket.
const LOCK_BYTES: u64 = 4096;

/// The directories and the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Database, packs, lock, fallback vault, log.
    pub state: PathBuf,
    /// The configuration file (it need not exist).
    pub config: PathBuf,
    /// The socket clients connect to.
    pub socket: PathBuf,
}

/// Why the places cannot be used; each names the place, the reason and the remedy.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PathsError {
    #[error("no home directory is known; set HOME or XDG_STATE_HOME")]
    NoHome,
    #[error("{variable}={value} is not an absolute path; give an absolute one or unset it", value = .value.display())]
    Relative { variable: &'static str, value: PathBuf },
    #[error("the socket path {path} is {length} bytes long, {SOCKET_PATH_BYTES} are possible; set XDG_RUNTIME_DIR or CHAPAR_SOCKET to a shorter one", path = .path.display())]
    SocketTooLong { path: PathBuf, length: usize },
    #[error("{path} {reason}", path = .path.display())]
    Unsafe { path: PathBuf, reason: String },
    #[error("{path} cannot be {attempt}: {source}", path = .path.display())]
    Io { path: PathBuf, attempt: &'static str, source: io::Error },
    #[error("another chapard{} already runs on {path}; use it, or stop it with: chapar service stop", .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path = .path.display())]
    Running { path: PathBuf, pid: Option<u32> },
}

impl Dirs {
    /// From `XDG_STATE_HOME`, `XDG_CONFIG_HOME`, `XDG_RUNTIME_DIR`, `CHAPAR_SOCKET` and `HOME`.
    /// Creates nothing.
    pub fn discover() -> Result<Self, PathsError> {
        Self::from_variables(|name| env::var_os(name).map(PathBuf::from))
    }

    /// The same from any source of variables.
    pub fn from_variables(
        variable: impl Fn(&'static str) -> Option<PathBuf>,
    ) -> Result<Self, PathsError> {
        let absolute =
            |name: &'static str| match variable(name).filter(|v| !v.as_os_str().is_empty()) {
                Some(value) if value.is_absolute() => Ok(Some(value)),
                Some(value) => Err(PathsError::Relative { variable: name, value }),
                None => Ok(None),
            };
        let home = || -> Result<PathBuf, PathsError> {
            match absolute("HOME")? {
                Some(home) => Ok(home),
                None => directories::BaseDirs::new()
                    .map(|dirs| dirs.home_dir().to_owned())
                    .ok_or(PathsError::NoHome),
            }
        };
        let state = match absolute("XDG_STATE_HOME")? {
            Some(dir) => dir,
            None => home()?.join(".local/state"),
        }
        .join("chapar");
        let config = match absolute("XDG_CONFIG_HOME")? {
            Some(dir) => dir,
            None => home()?.join(".config"),
        }
        .join("chapar/config.toml");
        let socket = match (absolute("CHAPAR_SOCKET")?, absolute("XDG_RUNTIME_DIR")?) {
            (Some(socket), _) => socket,
            (None, Some(dir)) => dir.join("chapar/v1.sock"),
            (None, None) => state.join("run/v1.sock"),
        };
        let length = socket.as_os_str().as_bytes().len();
        if length > SOCKET_PATH_BYTES {
            return Err(PathsError::SocketTooLong { path: socket, length });
        }
        Ok(Self { state, config, socket })
    }

    /// Makes the state directory and the socket's directory (0700) or checks that they are ours
    /// alone.
    pub fn prepare(&self) -> Result<(), PathsError> {
        private_dir(&self.state)?;
        match self.socket.parent() {
            Some(parent) => private_dir(parent),
            None => Ok(()),
        }
    }

    /// The log directory.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("log")
    }

    /// Takes the lock of the state directory; held until the value is dropped.
    pub fn lock(&self) -> Result<Lock, PathsError> {
        let path = self.state.join("chapard.lock");
        let failed = |attempt| {
            let path = path.clone();
            move |source| PathsError::Io { path, attempt, source }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(&path)
            .map_err(failed("opened"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let read = (&file).take(LOCK_BYTES).read_to_string(&mut text);
                let pid = read.ok().and_then(|_| text.lines().next()?.trim().parse().ok());
                return Err(PathsError::Running { path: self.state.clone(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(failed("locked")(source)),
        }
        file.set_len(0).map_err(failed("written"))?;
        file.rewind().map_err(failed("written"))?;
        // clients whose environment names another socket find this one here
        let socket = self.socket.display();
        writeln!(file, "{}\n{socket}", std::process::id()).map_err(failed("written"))?;
        Ok(Lock { _file: file })
    }
}

/// The right to use a state directory.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Makes `path` 0700 with its parents, or checks that it is a directory of ours that nobody else
/// can write to or look into.
pub fn private_dir(path: &Path) -> Result<(), PathsError> {
    let failed = |attempt, source| PathsError::Io { path: path.to_owned(), attempt, source };
    let refused = |reason: String| PathsError::Unsafe { path: path.to_owned(), reason };
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(path)
        .map_err(|error| failed("made", error))?;
    // not followed: a symbolic link could be turned elsewhere later
    let metadata = fs::symlink_metadata(path).map_err(|error| failed("read", error))?;
    if !metadata.is_dir() {
        return Err(refused(
            "is not a directory (symbolic links are not followed); move it away".to_owned(),
        ));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(format!(
            "belongs to user {}, not to you; move it away",
            metadata.uid()
        )));
    }
    if metadata.mode() & 0o077 != 0 {
        // a directory that has another use may be needed by others: `chmod 700 /` ends a machine
        let is_ours = path.file_name().is_some_and(|name| name == "chapar");
        let remedy = if is_ours {
            format!("make it yours alone (chmod 700 {})", path.display())
        } else {
            "choose a place in a directory of your own that nobody else can open".to_owned()
        };
        let mode = metadata.mode() & 0o777;
        return Err(refused(format!("can be opened by others (mode {mode:o}); {remedy}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn dirs(given: &'static [(&'static str, &'static str)]) -> Result<Dirs, PathsError> {
        Dirs::from_variables(|name| {
            let found = given.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| PathBuf::from(value))
        })
    }

    fn fresh(name: &str) -> PathBuf {
        let dir = env::temp_dir().join(format!("chapar-paths-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn variables_and_their_fallbacks() {
        let found = dirs(&[("HOME", "/h")]).unwrap();
        assert_eq!(found.state, Path::new("/h/.local/state/chapar"));
        assert_eq!(found.config, Path::new("/h/.config/chapar/config.toml"));
        assert_eq!(found.socket, Path::new("/h/.local/state/chapar/run/v1.sock"));
        let found = dirs(&[
            ("HOME", "/h"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_CONFIG_HOME", ""),
        ])
        .unwrap();
        assert_eq!(found.socket, Path::new("/r/chapar/v1.sock"));
        assert_eq!(found.state, Path::new("/s/chapar"));
        let found = dirs(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r"), ("CHAPAR_SOCKET", "/x")]);
        assert_eq!(found.unwrap().socket, Path::new("/x"));
        let relative = dirs(&[("HOME", "/h"), ("XDG_STATE_HOME", "s")]).unwrap_err();
        assert!(matches!(relative, PathsError::Relative { .. }));
    }

    #[test]
    fn a_long_socket_path_is_refused_with_its_length() {
        let long = "/".to_owned() + &"x".repeat(120);
        let error = Dirs::from_variables(|name| match name {
            "HOME" => Some("/h".into()),
            "CHAPAR_SOCKET" => Some(PathBuf::from(&long)),
            _ => None,
        })
        .unwrap_err();
        assert!(error.to_string().contains("121 bytes"), "{error}");
    }

    #[test]
    fn directories_are_private_or_refused() {
        let dir = fresh("private");
        private_dir(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        let error = private_dir(&dir).unwrap_err().to_string();
        assert!(!error.contains("chmod") && error.contains("of your own"), "{error}");
        let ours = dir.join("chapar");
        private_dir(&ours).unwrap();
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o755)).unwrap();
        let error = private_dir(&ours).unwrap_err().to_string();
        assert!(error.contains("chmod 700"), "{error}");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
        let link = dir.join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(matches!(private_dir(&link), Err(PathsError::Unsafe { .. })));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_second_daemon_is_told_of_the_first() {
        let state = fresh("lock");
        let dirs = Dirs {
            socket: state.join("v1.sock"),
            config: state.join("config.toml"),
            state: state.clone(),
        };
        dirs.prepare().unwrap();
        let first = dirs.lock().unwrap();
        let text = fs::read_to_string(state.join("chapard.lock")).unwrap();
        assert_eq!(text, format!("{}\n{}\n", std::process::id(), dirs.socket.display()));
        let second = dirs.lock().unwrap_err();
        let expected = format!("process {}", std::process::id());
        assert!(second.to_string().contains(&expected), "{second}");
        drop(first);
        dirs.lock().unwrap();
        fs::remove_dir_all(&state).unwrap();
    }
}
