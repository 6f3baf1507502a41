//! What lies between redb and the database file: nothing, or memory that takes all writes.
//!
//! Every opening is tried in memory first, so a file that turns out to be newer, foreign or
//! damaged is left exactly as it was.

use redb::{BackendError, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Range = (Bound<u64>, Bound<u64>);
/// Length, and the blocks that differ from the file.
type Written = (u64, BTreeMap<u64, Vec<u8>>);

/// Bytes of one block kept in memory.
const BLOCK: u64 = 4096;

/// The database file as it is.
#[derive(Debug)]
pub(super) struct Direct(pub(super) Box<dyn StorageBackend>);

/// The database file with all writes kept in memory and forgotten.
#[derive(Debug)]
pub(super) struct Trial {
    file: Box<dyn StorageBackend>,
    written: Mutex<Written>,
}

impl Trial {
    /// Nothing is written yet.
    pub(super) fn new(file: Box<dyn StorageBackend>) -> Result<Self, io::Error> {
        let len = file.len()?;
        Ok(Self { file, written: Mutex::new((len, BTreeMap::new())) })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The block as it is now: memory, then file, then zeros.
    fn block(&self, written: &Written, start: u64) -> Result<Vec<u8>, io::Error> {
        if let Some(block) = written.1.get(&start) {
            return Ok(block.clone());
        }
        let mut block = vec![0; usize::try_from(BLOCK).unwrap_or_default()];
        let there = self.file.len()?.saturating_sub(start).min(BLOCK);
        if let Some(part) = block.get_mut(..usize::try_from(there).unwrap_or_default())
            && !part.is_empty()
        {
            self.file.read(start, part)?;
        }
        Ok(block)
    }
}

/// Calls `piece(block start, offset in the block, offset in the span, length)` for each block that
/// a span touches.
fn pieces(
    offset: u64,
    len: usize,
    mut piece: impl FnMut(u64, usize, usize, usize) -> Result<(), io::Error>,
) -> Result<(), io::Error> {
    let mut done = 0;
    while done < len {
        let at = offset + done as u64;
        let inside = at % BLOCK;
        let fits = usize::try_from(BLOCK - inside).unwrap_or_default();
        let take = fits.min(len - done);
        piece(at - inside, usize::try_from(inside).unwrap_or_default(), done, take)?;
        done += take;
    }
    Ok(())
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends before this page")
}

macro_rules! locks {
    ($field:tt) => {
        fn try_lock_range(&self, a: Bound<u64>, b: Bound<u64>) -> Result<bool, BackendError> {
            self.$field.try_lock_range(a, b)
        }
        fn try_lock_shared_range(
            &self,
            a: Bound<u64>,
            b: Bound<u64>,
        ) -> Result<bool, BackendError> {
            self.$field.try_lock_shared_range(a, b)
        }
        fn lock_range(&self, a: Bound<u64>, b: Bound<u64>) -> Result<(), BackendError> {
            self.$field.lock_range(a, b)
        }
        fn lock_shared_range(&self, a: Bound<u64>, b: Bound<u64>) -> Result<(), BackendError> {
            self.$field.lock_shared_range(a, b)
        }
        fn unlock_range(&self, a: Bound<u64>, b: Bound<u64>) -> Result<(), BackendError> {
            self.$field.unlock_range(a, b)
        }
        fn query_lock_range(&self, a: Bound<u64>, b: Bound<u64>) -> Result<bool, BackendError> {
            let range: Range = (a, b);
            self.$field.query_lock_range(range.0, range.1)
        }
        fn close(&self) -> Result<(), io::Error> {
            self.$field.close()
        }
    };
}

impl StorageBackend for Direct {
    locks!(0);

    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }
}

impl StorageBackend for Trial {
    locks!(file);

    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.written().0)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let written = self.written();
        if offset.saturating_add(out.len() as u64) > written.0 {
            return Err(outside());
        }
        pieces(offset, out.len(), |start, inside, at, len| {
            let block = self.block(&written, start)?;
            let from = block.get(inside..inside + len).ok_or_else(outside)?;
            out.get_mut(at..at + len).ok_or_else(outside)?.copy_from_slice(from);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut written = self.written();
        if len < written.0 {
            // bytes that were cut off must read as zeros when the file grows again
            let first = len - len % BLOCK;
            let mut block = self.block(&written, first)?;
            let keep = usize::try_from(len - first).unwrap_or_default();
            block.iter_mut().skip(keep).for_each(|byte| *byte = 0);
            written.1.insert(first, block);
            let mut start = first + BLOCK;
            while start < written.0 {
                written.1.insert(start, vec![0; usize::try_from(BLOCK).unwrap_or_default()]);
                start += BLOCK;
            }
        }
        written.0 = len;
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut written = self.written();
        pieces(offset, data.len(), |start, inside, at, len| {
            let mut block = self.block(&written, start)?;
            let from = data.get(at..at + len).ok_or_else(outside)?;
            block.get_mut(inside..inside + len).ok_or_else(outside)?.copy_from_slice(from);
            written.1.insert(start, block);
            Ok(())
        })?;
        written.0 = written.0.max(offset.saturating_add(data.len() as u64));
        Ok(())
    }
}
