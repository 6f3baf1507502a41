//! A directory that files are made in: never over another file, never outside of it.
//!
//! Every file is made by its name within the open directory (openat2(2) with `RESOLVE_BENEATH`), so
//! nothing that happens to the path meanwhile leads elsewhere.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use super::name::numbered;
use crate::error::Fault;

/// So many names are tried for one file.
const TRIES: usize = 1_000;

/// An open directory.
#[derive(Debug)]
pub(in crate::commands::mail) struct Place {
    directory: OwnedFd,
    path: PathBuf,
}

/// A file that was made; it goes when it is not finished.
#[derive(Debug)]
pub(in crate::commands::mail) struct Made<'p> {
    place: &'p Place,
    file: File,
    /// Its name in the directory.
    pub(super) name: String,
    finished: bool,
}

impl Place {
    /// Opens the directory that a person named; links on the way to it are theirs.
    pub(in crate::commands::mail) fn open(path: &Path) -> Result<Self, Fault> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(directory) => Ok(Self { directory, path: path.to_owned() }),
            Err(cause) => Err(Fault::unwritable(path, &cause.into())
                .hint("name a directory that is there, with -d DIR")),
        }
    }

    /// Makes a file under this name, or under it with a number where there is one already.
    pub(in crate::commands::mail) fn make(&self, name: &str) -> Result<Made<'_>, Fault> {
        for again in 1..=TRIES {
            let name = if again == 1 { name.to_owned() } else { numbered(name, again) };
            match new_file(&self.directory, &name) {
                Ok(file) => {
                    return Ok(Made { place: self, file: file.into(), name, finished: false });
                }
                Err(rustix::io::Errno::EXIST | rustix::io::Errno::LOOP) => {}
                Err(cause) => return Err(Fault::unwritable(&self.path.join(name), &cause.into())),
            }
        }
        let path = self.path.join(name);
        let cause = io::Error::other(format!("{TRIES} files with this name are there already"));
        Err(Fault::unwritable(&path, &cause))
    }

    /// The path of a name in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Made<'_> {
    pub(in crate::commands::mail) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.place.path(&self.name);
        self.file.write_all(bytes).map_err(|cause| Fault::unwritable(&path, &cause))
    }

    /// All of it is there.
    pub(in crate::commands::mail) fn finish(mut self) -> Result<PathBuf, Fault> {
        let path = self.place.path(&self.name);
        // a full disk may say so only now
        self.file.sync_all().map_err(|cause| Fault::unwritable(&path, &cause))?;
        self.finished = true;
        Ok(path)
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // half an attachment is worse than none; the first fault is the one to tell
            let _ = rustix::fs::unlinkat(&self.place.directory, &self.name, AtFlags::empty());
        }
    }
}

/// A file of one's own that was not there, for its owner alone and not to be run.
fn new_file(directory: &OwnedFd, name: &str) -> Result<OwnedFd, rustix::io::Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    // one component that is neither `.` nor `..` cannot lead out of the directory
    if name.contains('/') || name == "." || name == ".." {
        return Err(rustix::io::Errno::INVAL);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        let within =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(directory, name, flags, mode, within) {
            // an older kernel, or a container that does not know the call
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
            other => return other,
        }
    }
    rustix::fs::openat(directory, name, flags, mode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("chapar-place-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("in")).unwrap();
        path
    }

    fn put(place: &Place, name: &str) -> Result<PathBuf, Fault> {
        let mut made = place.make(name)?;
        made.write(b"new")?;
        made.finish()
    }

    #[test]
    fn nothing_is_written_over_and_nothing_outside() {
        let root = scratch("over");
        let place = Place::open(&root.join("in")).unwrap();
        fs::write(root.join("in/a.txt"), "old").unwrap();
        fs::write(root.join("target"), "old").unwrap();
        // a link in the way, to a file, to nothing, to a directory
        symlink(root.join("target"), root.join("in/b.txt")).unwrap();
        symlink(root.join("nowhere"), root.join("in/c.txt")).unwrap();
        symlink(&root, root.join("in/up")).unwrap();
        for (name, made) in [
            ("a.txt", "a (2).txt"),
            ("a.txt", "a (3).txt"),
            ("b.txt", "b (2).txt"),
            ("c.txt", "c (2).txt"),
        ] {
            assert_eq!(put(&place, name).unwrap(), root.join("in").join(made));
            let mode = fs::metadata(root.join("in").join(made)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{made}");
        }
        for name in ["../out", "up/out", "/tmp/chapar-out", "..", "."] {
            assert!(put(&place, name).is_err(), "{name}");
        }
        assert_eq!(fs::read(root.join("target")).unwrap(), b"old");
        assert_eq!(fs::read(root.join("in/a.txt")).unwrap(), b"old");
        assert!(!root.join("out").exists() && !root.join("nowhere").exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_is_not_finished_goes() {
        let root = scratch("half");
        let place = Place::open(&root.join("in")).unwrap();
        let mut made = place.make("half.bin").unwrap();
        made.write(&[0; 100]).unwrap();
        drop(made);
        assert_eq!(fs::read_dir(root.join("in")).unwrap().count(), 0);
        let gone = Place::open(&root.join("absent")).unwrap_err();
        assert_eq!(gone.exit, 73);
        fs::remove_dir_all(root).unwrap();
    }
}
