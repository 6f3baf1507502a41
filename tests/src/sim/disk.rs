//! A disk in memory that forgets what was not synced: the store's files with power cuts and full
//! disks.

use chapar_daemon::store::{Disk, PackFile};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// One file: what programs see, and what a power cut leaves.
#[derive(Clone, Debug, Default)]
struct Image {
    seen: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    meta: Image,
    /// A database made to replace it.
    fresh: Image,
    /// How many databases were replaced: an open handle is of one of them.
    replaced: u64,
    packs: BTreeMap<u32, Image>,
    /// The copy of what no server can give again, and one made to replace it.
    copy: Image,
    fresh_copy: Image,
    /// Files without a name.
    loose: Vec<Image>,
    /// Counts writes, syncs and truncations: the points at which a crash can be planned.
    operations: u64,
    fail_from: Option<(u64, io::ErrorKind)>,
    /// Handles of an earlier generation belong to a killed process and fail.
    generation: u64,
}

/// The disk; cheap to clone, all clones are one.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    /// The process that has it; without, whoever runs now.
    process: Option<u64>,
}

impl SimDisk {
    /// The disk as the process that starts now has it: when that is killed, it cannot open a file
    /// again either.
    #[must_use]
    pub fn of_process(&self) -> Self {
        Self { state: Arc::clone(&self.state), process: Some(self.lock().generation) }
    }

    /// Power is cut: every open handle dies, unsynced bytes are gone.
    pub fn crash(&self) {
        let mut state = self.lock();
        state.generation += 1;
        state.fail_from = None;
        let State { meta, copy, packs, .. } = &mut *state;
        for image in [meta, copy].into_iter().chain(packs.values_mut()) {
            image.seen = image.durable.clone();
        }
    }

    /// The process is killed: every open handle dies, the kernel keeps all that was written.
    pub fn kill(&self) {
        let mut state = self.lock();
        state.generation += 1;
        state.fail_from = None;
    }

    /// From `after` more operations on, all fail with `kind` (`StorageFull`, `Other` …).
    pub fn fail_after(&self, after: u64, kind: io::ErrorKind) {
        let mut state = self.lock();
        state.fail_from = Some((state.operations + after, kind));
    }

    /// The disk works again.
    pub fn heal(&self) {
        self.lock().fail_from = None;
    }

    /// Writes, syncs and truncations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// All bytes that lie on it, for canary scans.
    #[must_use]
    pub fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.lock();
        let packs = state
            .packs
            .iter()
            .map(|(number, image)| (format!("pack {number}"), image.seen.clone()));
        let files = [("meta", &state.meta), ("copy", &state.copy)];
        let files = files.map(|(name, image)| (name.to_owned(), image.seen.clone()));
        files.into_iter().chain(packs).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.lock();
        match self.process {
            Some(process) if process != state.generation => {
                Err(io::Error::other("the process that has this disk is dead"))
            }
            _ => Ok(state),
        }
    }

    fn handle(&self, file: Which) -> Handle {
        let generation = self.process.unwrap_or_else(|| self.lock().generation);
        Handle { disk: self.clone(), file, generation }
    }
}

impl Disk for SimDisk {
    fn name(&self) -> String {
        "simulated disk".into()
    }

    fn meta(&self, _: bool) -> io::Result<Box<dyn redb::StorageBackend>> {
        let number = self.lock().replaced;
        Ok(Box::new(self.handle(Which::Meta(number))))
    }

    fn fresh(&self) -> io::Result<Box<dyn redb::StorageBackend>> {
        let mut state = self.alive()?;
        state.operate()?;
        state.fresh = Image::default();
        let number = state.replaced + 1;
        drop(state);
        Ok(Box::new(self.handle(Which::Meta(number))))
    }

    fn swap(&self) -> io::Result<()> {
        let mut state = self.alive()?;
        state.operate()?;
        state.meta = std::mem::take(&mut state.fresh);
        state.replaced += 1;
        Ok(())
    }

    fn set_aside(&self) -> io::Result<()> {
        self.alive()?.operate()
    }

    fn remove_aside(&self) -> io::Result<()> {
        self.alive()?.operate()
    }

    fn has_aside(&self) -> bool {
        false
    }

    fn copy(&self, _: bool) -> io::Result<Box<dyn PackFile>> {
        drop(self.alive()?);
        Ok(Box::new(self.handle(Which::Copy)))
    }

    fn fresh_copy(&self) -> io::Result<Box<dyn PackFile>> {
        let mut state = self.alive()?;
        state.operate()?;
        state.fresh_copy = Image::default();
        drop(state);
        Ok(Box::new(self.handle(Which::FreshCopy)))
    }

    fn swap_copy(&self) -> io::Result<()> {
        let mut state = self.alive()?;
        state.operate()?;
        state.copy = std::mem::take(&mut state.fresh_copy);
        Ok(())
    }

    fn boot(&self) -> Option<[u8; 16]> {
        Some([7; 16])
    }

    fn packs(&self) -> io::Result<Vec<u32>> {
        Ok(self.lock().packs.keys().copied().collect())
    }

    fn pack(&self, number: u32, create: bool) -> io::Result<Box<dyn PackFile>> {
        let mut state = self.alive()?;
        if !state.packs.contains_key(&number) {
            if !create {
                return Err(io::ErrorKind::NotFound.into());
            }
            state.operate()?;
            state.packs.insert(number, Image::default());
        }
        drop(state);
        Ok(Box::new(self.handle(Which::Pack(number))))
    }

    fn remove_pack(&self, number: u32) -> io::Result<()> {
        let mut state = self.alive()?;
        state.operate()?;
        state.packs.remove(&number);
        Ok(())
    }

    fn loose(&self) -> io::Result<Box<dyn PackFile>> {
        let mut state = self.alive()?;
        state.operate()?;
        state.loose.push(Image::default());
        let last = state.loose.len() - 1;
        drop(state);
        Ok(Box::new(self.handle(Which::Loose(last))))
    }

    fn bytes(&self) -> io::Result<u64> {
        let state = self.lock();
        let packs: usize = state.packs.values().map(|image| image.seen.len()).sum();
        Ok((state.meta.seen.len() + packs) as u64)
    }

    fn still_there(&self) -> io::Result<()> {
        Ok(())
    }

    fn room(&self) -> io::Result<()> {
        self.alive()?.operate()
    }
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fail_from {
            Some((from, kind)) if self.operations > from => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn image(&mut self, file: Which) -> io::Result<&mut Image> {
        match file {
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

/// An open file of one generation of the process.
#[derive(Debug)]
struct Handle {
    disk: SimDisk,
    file: Which,
    generation: u64,
}

impl Handle {
    fn with<R>(
        &self,
        changes: bool,
        act: impl FnOnce(&mut Image) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut state = self.disk.lock();
        if state.generation != self.generation {
            return Err(io::Error::other("the process that opened this file is dead"));
        }
        if changes {
            state.operate()?;
        }
        act(state.image(self.file)?)
    }

    fn length(&self) -> io::Result<u64> {
        self.with(false, |image| Ok(image.seen.len() as u64))
    }

    fn resize(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.with(true, |image| {
            image.seen.resize(len, 0);
            Ok(())
        })
    }

    fn fill(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.with(false, |image| {
            let end = offset.saturating_add(out.len());
            let bytes = image.seen.get(offset..end).ok_or(io::ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes);
            Ok(())
        })
    }

    fn make_durable(&self) -> io::Result<()> {
        self.with(true, |image| {
            image.durable = image.seen.clone();
            Ok(())
        })
    }
}

impl redb::StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        self.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.fill(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.resize(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.make_durable()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.with(true, |image| {
            let end = offset.saturating_add(data.len());
            if image.seen.len() < end {
                image.seen.resize(end, 0);
            }
            image.seen[offset..end].copy_from_slice(data);
            Ok(())
        })
    }
}

impl PackFile for Handle {
    fn len(&self) -> io::Result<u64> {
        self.length()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.fill(offset, out)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.with(true, |image| {
            image.seen.extend_from_slice(bytes);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.make_durable()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.resize(len)
    }
}
