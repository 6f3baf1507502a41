//! A disk in memory that can crash: what was not synced is lost, from the n-th write on nothing works.

use crate::store::{Disk, PackFile};
use redb::{BackendError, StorageBackend};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

/// One file: what a crash leaves, and what is there now.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    pub(super) synced: Vec<u8>,
    pub(super) now: Vec<u8>,
    locked: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) meta: File,
    /// Made to replace it.
    fresh: File,
    /// Databases opened before this many were replaced.
    replaced: u64,
    pub(super) packs: BTreeMap<u32, File>,
    /// The copy, and one made to replace it.
    pub(super) copy: File,
    fresh_copy: File,
    /// Those without a name.
    loose: Vec<File>,
    /// Whether a damaged database is kept.
    aside: bool,
    /// How often the machine was switched on.
    boots: u8,
    writes: u64,
    syncs: u64,
    /// Fails every write and sync from this one on.
    pub(super) fail_at: Option<(u64, io::ErrorKind)>,
    /// Reads until one fails.
    reads_left: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Memory(pub(super) Arc<Mutex<State>>);

impl Memory {
    pub(super) fn writes(&self) -> u64 {
        self.0.lock().unwrap().writes
    }

    pub(super) fn syncs(&self) -> u64 {
        self.0.lock().unwrap().syncs
    }

    pub(super) fn fail_at(&self, at: Option<(u64, io::ErrorKind)>) {
        self.0.lock().unwrap().fail_at = at;
    }

    /// One read fails after so many more.
    pub(super) fn fail_read(&self, after: u64) {
        self.0.lock().unwrap().reads_left = Some(after);
    }

    /// The disk after the power went: synced bytes, and for each file the first `keep` of 8 unsynced
    /// blocks of 512 bytes.
    pub(super) fn crashed(&self, keep: u64) -> Self {
        let state = self.0.lock().unwrap();
        let after = |file: &File, sized: bool| {
            let mut bytes = file.synced.clone();
            if sized && keep > 0 {
                // the database is sized first and written within: no length lies between
                bytes.resize(file.now.len(), 0);
            }
            for (at, block) in file.now.chunks(512).enumerate() {
                if (at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 61 < keep {
                    let end = at * 512 + block.len();
                    if bytes.len() < end {
                        bytes.resize(end, 0);
                    }
                    bytes[at * 512..end].copy_from_slice(block);
                }
            }
            File { synced: bytes.clone(), now: bytes, locked: false }
        };
        Self(Arc::new(Mutex::new(State {
            meta: after(&state.meta, true),
            copy: after(&state.copy, false),
            boots: state.boots + 1,
            packs: state.packs.iter().map(|(number, file)| (*number, after(file, false))).collect(),
            ..State::default()
        })))
    }
}

impl State {
    fn written(&mut self) -> io::Result<()> {
        self.writes += 1;
        match self.fail_at {
            Some((at, kind)) if self.writes >= at => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn file(&mut self, which: Which) -> io::Result<&mut File> {
        match which {
            Which::Meta(number) if number == self.replaced => Ok(&mut self.meta),
            Which::Meta(number) if number == self.replaced + 1 => Ok(&mut self.fresh),
            Which::Meta(_) => Err(io::ErrorKind::NotFound.into()),
            Which::Copy => Ok(&mut self.copy),
            Which::FreshCopy => Ok(&mut self.fresh_copy),
            Which::Loose(at) => {
                self.loose.get_mut(at).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Which::Pack(number) => {
                self.packs.get_mut(&number).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        }
    }
}

/// The n-th database, or a pack.
#[derive(Clone, Copy, Debug)]
enum Which {
    Meta(u64),
    Pack(u32),
    Copy,
    FreshCopy,
    Loose(usize),
}

#[derive(Debug)]
struct Handle(Memory, Which);

impl Handle {
    fn on<T>(&self, act: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        act(self.0.0.lock().unwrap().file(self.1)?)
    }

    fn change<T>(&self, act: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.0.lock().unwrap();
        state.written()?;
        act(state.file(self.1)?)
    }

    fn read_bytes(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.0.lock().unwrap();
        let left = state.reads_left.take();
        if left == Some(0) {
            return Err(io::ErrorKind::Other.into());
        }
        state.reads_left = left.map(|left| left - 1);
        drop(state);
        self.on(|file| {
            let from = usize::try_from(offset).unwrap();
            let part = file.now.get(from..from + out.len());
            out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_bytes(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(|file| {
            let from = usize::try_from(offset).unwrap();
            if file.now.len() < from + bytes.len() {
                file.now.resize(from + bytes.len(), 0);
            }
            file.now[from..from + bytes.len()].copy_from_slice(bytes);
            Ok(())
        })
    }

    fn sync_bytes(&self) -> io::Result<()> {
        self.0.0.lock().unwrap().syncs += 1;
        self.change(|file| {
            file.synced.clone_from(&file.now);
            Ok(())
        })
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.change(|file| {
            file.now.resize(usize::try_from(len).unwrap(), 0);
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.on(|file| Ok(file.now.len() as u64))
    }
}

impl PackFile for Handle {
    fn len(&self) -> io::Result<u64> {
        self.length()
    }
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_bytes(offset, out)
    }
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let end = self.length()?;
        self.write_bytes(end, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.sync_bytes()
    }
    fn truncate(&self, len: u64) -> io::Result<()> {
        self.cut(len)
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> Result<u64, io::Error> {
        self.length()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.read_bytes(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.cut(len)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        self.sync_bytes()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.write_bytes(offset, data)
    }
    fn try_lock_range(&self, a: Bound<u64>, b: Bound<u64>) -> Result<bool, BackendError> {
        if (a, b) != (Bound::Unbounded, Bound::Unbounded) {
            return Err(BackendError::Unsupported);
        }
        Ok(self.on(|file| Ok(!std::mem::replace(&mut file.locked, true)))?)
    }
    fn close(&self) -> Result<(), io::Error> {
        self.on(|file| {
            file.locked = false;
            Ok(())
        })
    }
}

impl Disk for Memory {
    fn name(&self) -> String {
        "memory/meta.redb".into()
    }
    fn meta(&self, _: bool) -> io::Result<Box<dyn StorageBackend>> {
        let number = self.0.lock().unwrap().replaced;
        Ok(Box::new(Handle(self.clone(), Which::Meta(number))))
    }
    fn fresh(&self) -> io::Result<Box<dyn StorageBackend>> {
        let mut state = self.0.lock().unwrap();
        state.written()?;
        state.fresh = File::default();
        let number = state.replaced + 1;
        Ok(Box::new(Handle(self.clone(), Which::Meta(number))))
    }
    fn swap(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.written()?;
        state.meta = std::mem::take(&mut state.fresh);
        state.replaced += 1;
        Ok(())
    }
    fn set_aside(&self) -> io::Result<()> {
        self.0.lock().unwrap().aside = true;
        Ok(())
    }
    fn remove_aside(&self) -> io::Result<()> {
        self.0.lock().unwrap().aside = false;
        Ok(())
    }
    fn has_aside(&self) -> bool {
        self.0.lock().unwrap().aside
    }
    fn copy(&self, _: bool) -> io::Result<Box<dyn PackFile>> {
        Ok(Box::new(Handle(self.clone(), Which::Copy)))
    }
    fn fresh_copy(&self) -> io::Result<Box<dyn PackFile>> {
        let mut state = self.0.lock().unwrap();
        state.written()?;
        state.fresh_copy = File::default();
        Ok(Box::new(Handle(self.clone(), Which::FreshCopy)))
    }
    fn swap_copy(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.written()?;
        state.copy = std::mem::take(&mut state.fresh_copy);
        Ok(())
    }
    fn boot(&self) -> Option<[u8; 16]> {
        Some([self.0.lock().unwrap().boots; 16])
    }
    fn packs(&self) -> io::Result<Vec<u32>> {
        Ok(self.0.lock().unwrap().packs.keys().copied().collect())
    }
    fn pack(&self, number: u32, create: bool) -> io::Result<Box<dyn PackFile>> {
        let mut state = self.0.lock().unwrap();
        if create {
            state.packs.entry(number).or_default();
        }
        state.file(Which::Pack(number))?;
        Ok(Box::new(Handle(self.clone(), Which::Pack(number))))
    }
    fn remove_pack(&self, number: u32) -> io::Result<()> {
        self.0.lock().unwrap().packs.remove(&number);
        Ok(())
    }
    fn loose(&self) -> io::Result<Box<dyn PackFile>> {
        let mut state = self.0.lock().unwrap();
        state.loose.push(File::default());
        Ok(Box::new(Handle(self.clone(), Which::Loose(state.loose.len() - 1))))
    }
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().meta.now.len() as u64)
    }
    fn still_there(&self) -> io::Result<()> {
        Ok(())
    }
    fn room(&self) -> io::Result<()> {
        self.0.lock().unwrap().written()
    }
}
