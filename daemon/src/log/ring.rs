//! The log file of a machine without a journal: the present file and the one before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes of one file; two are kept.
const FILE_BYTES: u64 = 5 << 20;

/// An open log file that moves itself aside when it is full.
pub(super) struct Ring {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Ring {
    /// Opens `chapard.log` in `dir`, which is made 0700.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        crate::paths::private_dir(dir).map_err(io::Error::other)?;
        let path = dir.join("chapard.log");
        let file = opened(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size })
    }

    /// Appends `line`; moves a full file to `.1` first.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.size.saturating_add(length) > FILE_BYTES {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            self.file = opened(&self.path)?;
            self.size = 0;
        }
        self.file.write_all(line.as_bytes())?;
        self.size = self.size.saturating_add(length);
        Ok(())
    }
}

fn opened(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn two_files_at_most() {
        let dir = std::env::temp_dir().join(format!("chapar-ring-{}", std::process::id()));
        let mut ring = Ring::open(&dir).unwrap();
        let line = "x".repeat(1 << 20);
        for _ in 0..14 {
            ring.write(&line).unwrap();
        }
        let sizes: u64 =
            fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2);
        assert!(sizes <= 2 * FILE_BYTES);
        fs::remove_dir_all(&dir).unwrap();
    }
}
