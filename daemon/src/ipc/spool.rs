//! Uploads waiting to be used: files of 0600 in one directory, forgotten when the daemon stops.
//!
//! Plain blocking writes on purpose: they go to the page cache in pieces of 64 KiB and nothing
//! depends on their being on disk.

use super::limits;
use chapar_engine::time::Boot;
use chapar_ipc_protocol::error::{Error, ErrorType};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The directory and what is in it.
pub(super) struct Spool {
    directory: PathBuf,
    /// A lock, not a task: a look-up of nanoseconds, never held over an await.
    kept: Mutex<BTreeMap<String, Upload>>,
}

struct Upload {
    size: u64,
    since: Boot,
    done: bool,
}

impl Spool {
    /// Removes what an earlier run left.
    pub(super) fn new(directory: PathBuf) -> Self {
        drop(std::fs::remove_dir_all(&directory));
        Self { directory, kept: Mutex::default() }
    }

    /// Where they wait.
    pub(super) fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    /// Begins an upload of `size` bytes under a fresh id made of `random`.
    pub(super) fn begin(
        &self,
        size: u64,
        random: [u8; 16],
        now: Boot,
    ) -> Result<Receiving<'_>, Error> {
        let id = format!("U{:032x}", u128::from_be_bytes(random));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.remove(&mut kept, |upload| now >= upload.since.after(limits::UPLOAD_KEPT));
        let used: u64 = kept.values().map(|upload| upload.size).sum();
        if kept.len() >= limits::UPLOADS || used.saturating_add(size) > limits::UPLOAD_BYTES {
            return Err(Error::new(ErrorType::RateLimit, "Too many uploads wait to be used.")
                .hint("use them by Email/send; an unused one is forgotten after 24 hours"));
        }
        let file = self.create(&id).map_err(|error| write_error(&error))?;
        kept.insert(id.clone(), Upload { size, since: now, done: false });
        drop(kept);
        Ok(Receiving { spool: self, id, file, left: size, size })
    }

    /// Forgets every upload that is not on its way in.
    pub(super) fn clear(&self) {
        self.remove(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner), |_| true);
    }

    /// Forgets these uploads; ids of other bytes are passed over.
    pub(super) fn forget(&self, ids: &[String]) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            if kept.get(id).is_some_and(|upload| upload.done) {
                kept.remove(id);
                drop(std::fs::remove_file(self.directory.join(id)));
            }
        }
    }

    /// Removes of the finished ones those that are `unwanted`.
    fn remove(&self, kept: &mut BTreeMap<String, Upload>, unwanted: impl Fn(&Upload) -> bool) {
        for (id, _) in kept.extract_if(.., |_, upload| upload.done && unwanted(upload)) {
            drop(std::fs::remove_file(self.directory.join(id)));
        }
    }

    /// A file for bytes that are read once: it has no name any more and goes when it is closed.
    pub(super) fn unnamed(&self, random: [u8; 16]) -> io::Result<File> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let path = self.directory.join(format!("P{:032x}", u128::from_be_bytes(random)));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(path)?;
        Ok(file)
    }

    fn create(&self, id: &str) -> io::Result<File> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.directory.join(id))
    }

    /// The file of a finished upload and how many bytes it has; `None` when there is none of that id.
    pub(super) fn open(&self, id: &str) -> Option<io::Result<(File, u64)>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let size = kept.get(id).filter(|upload| upload.done).map(|upload| upload.size);
        drop(kept);
        size.map(|size| Ok((File::open(self.directory.join(id))?, size)))
    }
}

pub(super) fn write_error(error: &io::Error) -> Error {
    let full = error.kind() == io::ErrorKind::StorageFull;
    let kind = if full { ErrorType::DiskFull } else { ErrorType::ServerFail };
    Error::new(kind, "The bytes could not be stored.").detail(error.to_string())
}

/// An upload on its way in; removed on drop unless finished.
pub(super) struct Receiving<'s> {
    spool: &'s Spool,
    id: String,
    file: File,
    left: u64,
    size: u64,
}

impl Receiving<'_> {
    /// Bytes still to come.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Takes the next bytes; what is beyond the announced size is not taken.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let bytes = bytes.get(..count).unwrap_or_default();
        self.file.write_all(bytes).map_err(|error| write_error(&error))?;
        self.left -= count as u64;
        Ok(())
    }

    /// Its id and size, once every byte is there.
    pub(super) fn finish(self) -> (String, u64) {
        let mut kept = self.spool.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(upload) = kept.get_mut(&self.id) {
            upload.done = self.left == 0;
        }
        drop(kept);
        (self.id.clone(), self.size)
    }
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        let mut kept = self.spool.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.get(&self.id).is_some_and(|upload| !upload.done) {
            kept.remove(&self.id);
            drop(std::fs::remove_file(self.spool.directory.join(&self.id)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::Spool;
    use chapar_engine::time::Boot;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_whole_uploads_can_be_read_and_others_leave_no_file() {
        let place = std::env::temp_dir().join(format!("chapar-spool-{}", std::process::id()));
        let spool = Spool::new(place.clone());
        let mut half = spool.begin(4, [1; 16], Boot::default()).unwrap();
        half.take(b"ab").unwrap();
        drop(half);
        let mut whole = spool.begin(4, [2; 16], Boot::default()).unwrap();
        whole.take(b"abcdef").unwrap();
        assert_eq!(whole.left(), 0);
        let (id, size) = whole.finish();
        let (file, known) = spool.open(&id).unwrap().unwrap();
        assert_eq!((std::io::read_to_string(file).unwrap(), known, size), ("abcd".into(), 4, 4));
        let files: Vec<_> = std::fs::read_dir(&place).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files.first().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(spool.open("U../../etc/passwd").is_none());
        spool.forget(std::slice::from_ref(&id));
        assert!(spool.open(&id).is_none());
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
        let mut again = spool.begin(1, [4; 16], Boot::default()).unwrap();
        again.take(b"a").unwrap();
        let (id, _) = again.finish();
        let under_way = spool.begin(4, [3; 16], Boot::default()).unwrap();
        spool.clear();
        assert!(spool.open(&id).is_none());
        assert_eq!(std::fs::read_dir(&place).unwrap().count(), 1, "one is on its way in");
        drop(under_way);
        std::fs::remove_dir_all(place).unwrap();
    }
}
