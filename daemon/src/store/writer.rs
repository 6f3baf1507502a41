//! The one writer: takes what is waiting, runs it in one transaction, answers when it is durable.
//!
//! Owns the database handle and the end of the packs. Order of a commit: pack bytes, pack sync,
//! database commit, journal head. After a failure of a file both are opened again from what is on
//! the disk; nothing is assumed of what was in memory.

use super::codec::PackRow;
use super::copy::Copy;
use super::disk::Disk;
use super::health::Trouble;
use super::limits::{GROUP_BYTES, GROUP_CHANGES};
use super::migrate::{Birth, SCHEMA, birth_key, migrate};
use super::open::Found;
use super::pack::{self, Tail};
use super::source::{NEXT, Order, Snapshot, Source};
use super::tables::{Key, Parts, Table};
use super::txn::{Closed, Number, Txn};
use super::{Restored, StoreError, journal};
use crate::readers::Pulse;
use chapar_engine::id::Seq;
use chapar_engine::time::Wall;
use redb::{Database, ReadableDatabase};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use tokio::sync::{oneshot, watch};

/// Name of the counter of packs.
pub(super) const PACK_COUNTER: &str = "pack";

/// A waiting change.
pub(super) trait Job: Send {
    /// When it was asked for.
    fn now(&self) -> Wall;
    /// Does it; may be called again after everything it did was undone.
    fn run(&mut self, txn: &mut Txn<'_>) -> Result<(), StoreError>;
    /// Answers.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A change with the place where its result is waited for.
pub(super) struct Waiting<T, F> {
    pub(super) now: Wall,
    pub(super) change: F,
    pub(super) value: Option<T>,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&mut Txn<'_>) -> Result<T, StoreError> + Send> Job for Waiting<T, F> {
    fn now(&self) -> Wall {
        self.now
    }

    fn run(&mut self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        self.value = Some((self.change)(txn)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        let answer = outcome.and_then(|()| value.ok_or_else(|| StoreError::closed("the answer")));
        // the caller may have gone; the change stands
        drop(reply.send(answer));
    }
}

/// The open database and, by the count of it, how many read it.
#[derive(Clone)]
pub(super) struct Opened {
    database: Arc<Database>,
    readers: Arc<()>,
}

/// What the writer and the readers share.
pub(super) struct Shared {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) path: Arc<str>,
    /// Bytes of a database up to which all of it is verified before it is opened.
    pub(super) verify_bytes: u64,
    database: RwLock<Option<Opened>>,
    pub(super) head: watch::Sender<Seq>,
    pub(super) birth: OnceLock<Birth>,
    pub(super) trouble: Arc<Trouble>,
    /// What was made anew since this process started.
    pub(super) restored: watch::Sender<Option<Restored>>,
    /// What the writer is at, for the watchdog.
    pub(super) work: Arc<Work>,
}

/// Whether the writer is at work, and how many steps it took.
#[derive(Default)]
pub(super) struct Work {
    busy: AtomicBool,
    steps: AtomicU64,
}

/// Work under way, until dropped.
pub(super) struct UnderWay(Arc<Work>);

impl Work {
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.busy.store(true, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse {
            jobs: usize::from(self.busy.load(Ordering::Relaxed)),
            slices: self.steps.load(Ordering::Relaxed),
        }
    }

    fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
        self.0.step();
    }
}

impl Shared {
    pub(super) fn new(disk: Arc<dyn Disk>, verify_bytes: u64) -> Arc<Self> {
        let path = Arc::from(disk.name());
        Arc::new(Self {
            disk,
            path,
            verify_bytes,
            database: RwLock::new(None),
            head: watch::Sender::new(Seq(0)),
            birth: OnceLock::new(),
            trouble: Arc::default(),
            work: Arc::default(),
            restored: watch::Sender::new(None),
        })
    }

    fn opened(&self) -> Option<Opened> {
        self.database.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn handle(&self) -> Option<Arc<Database>> {
        self.opened().map(|opened| opened.database)
    }

    pub(super) fn set_handle(&self, database: Option<Database>) -> Option<Opened> {
        let opened = database
            .map(|database| Opened { database: Arc::new(database), readers: Arc::default() });
        let mut present = self.database.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *present, opened)
    }

    /// A consistent view.
    pub(super) fn read(&self) -> Result<Snapshot, StoreError> {
        let opened = self.opened().ok_or_else(|| self.not_open())?;
        let reading = opened.database.begin_read().map_err(|error| {
            let error = StoreError::of_redb(&self.path, error);
            self.trouble.note(&error);
            error
        })?;
        let (path, trouble) = (Arc::clone(&self.path), Arc::clone(&self.trouble));
        Ok(Snapshot { path, reading, _reader: opened.readers, trouble })
    }

    /// Why there is no open database: the failure that closed it, or the end.
    pub(super) fn not_open(&self) -> StoreError {
        if self.trouble.is_closed() {
            return StoreError::Stopping;
        }
        let present = self.trouble.watch().borrow().clone();
        present.unwrap_or_else(|| StoreError::closed(&self.path))
    }

    /// Closes the file for good.
    pub(super) fn close(&self) {
        self.trouble.close();
        drop(self.set_handle(None));
    }
}

/// The write side.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) tail: Tail,
    pub(super) copy: Copy,
    /// When something was last asked for.
    now: Wall,
    /// Databases that were replaced while somebody read them.
    pub(super) retired: Vec<Opened>,
}

impl Writer {
    /// Opens the files; makes the store when there is none. `seed` names a new store.
    pub(super) fn open(shared: Arc<Shared>, now: Wall, seed: [u8; 16]) -> Result<Self, StoreError> {
        let tail = Tail::new(Arc::clone(&shared.disk), 1, 0);
        let copy = Copy::new(Arc::clone(&shared.disk));
        let mut writer = Self { shared, tail, copy, now, retired: Vec::new() };
        let found = writer.open_or_restore(true)?;
        match found {
            Found::Nothing => writer.transact(|txn| make(txn, now, seed))?,
            Found::Schema(SCHEMA) => {}
            Found::Schema(older) => writer.transact(|txn| migrate(txn, older))?,
        }
        let settled = writer.recover().and_then(|()| writer.mend());
        if let Err(why @ StoreError::Damaged { .. }) = settled {
            // the pages of a large database are only met when they are read
            writer.make_anew(&why)?;
            writer.mend()?;
            writer.shared.trouble.over();
        } else {
            settled?;
            writer.mind_copy();
        }
        Ok(writer)
    }

    /// Takes over what the database knows: who it is, where the packs and the journal end.
    pub(super) fn recover(&mut self) -> Result<(), StoreError> {
        let snapshot = self.shared.read()?;
        let (birth, known, last, head) = snapshot.guarded(|it| {
            let birth: Option<Birth> = it.record(Table::Meta, &birth_key())?;
            let counter = Key::default().name(PACK_COUNTER);
            let last: Option<Number> = it.record(Table::Counters, &counter)?;
            Ok((birth, packs(it)?, last, journal::head(it)?))
        })?;
        let foreign = || StoreError::Foreign { path: self.shared.path.to_string() };
        let birth = birth.ok_or_else(foreign)?;
        if *self.shared.birth.get_or_init(|| birth.clone()) != birth {
            return Err(replaced(&self.shared.path));
        }
        let next = last.map_or(1, |last| u32::try_from(last.0 + 1).unwrap_or(u32::MAX));
        self.tail = pack::recover(&self.shared.disk, &known, next)?;
        self.shared.trouble.reopened();
        self.shared.head.send_replace(head);
        Ok(())
    }

    pub(super) fn database(&mut self) -> Result<Arc<Database>, StoreError> {
        let handle = self.shared.handle();
        if let Some(database) = handle.filter(|_| !self.shared.trouble.is_sick()) {
            return Ok(database);
        }
        self.reopen()?;
        self.shared.handle().ok_or_else(|| self.shared.not_open())
    }

    /// Goes on with another database; the old one stays until nobody reads it any more.
    pub(super) fn replace(&mut self, fresh: Database) {
        self.retired.extend(self.shared.set_handle(Some(fresh)));
        self.retire();
    }

    fn retire(&mut self) {
        self.retired.retain(|opened| Arc::strong_count(&opened.readers) > 1);
    }

    /// Runs `body` in one durable transaction, or leaves everything as it was.
    pub(super) fn transact<R>(
        &mut self,
        body: impl FnOnce(&mut Txn<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.shared.work.step();
        self.retire();
        let database = match self.database() {
            Ok(database) => database,
            Err(error) => {
                self.shared.trouble.note(&error);
                return Err(error);
            }
        };
        let outcome = self.transact_on(&database, body);
        if let Err(error) = &outcome {
            self.tail.forget();
            self.shared.trouble.note(error);
        }
        outcome
    }

    fn transact_on<R>(
        &mut self,
        database: &Database,
        body: impl FnOnce(&mut Txn<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let path = Arc::clone(&self.shared.path);
        let wrap = |error: io::Error| StoreError::of_io(&path, &error);
        self.shared.disk.still_there().map_err(wrap)?;
        let mut writing =
            database.begin_write().map_err(|error| StoreError::of_redb(&path, error))?;
        writing.set_quick_repair(true);
        let tail = &mut self.tail;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut txn = Txn::open(&path, &writing, tail)?;
            let value = body(&mut txn)?;
            Ok((value, txn.close()?))
        }));
        let ran = ran.unwrap_or_else(|_| {
            Err(StoreError::Io { path: path.to_string(), reason: "a change panicked".into() })
        });
        let (value, closed) = match ran {
            Ok(done) => done,
            Err(error) => {
                if let Err(error) = writing.abort() {
                    self.shared.trouble.note(&StoreError::of_redb(&path, error));
                }
                return Err(error);
            }
        };
        let head = Seq(closed.batch.head);
        self.make_ready(&closed).map_err(wrap)?;
        if let Err(error) = writing.commit() {
            self.copy.outdate();
            return Err(StoreError::of_redb(&path, error));
        }
        self.tail.keep().map_err(wrap)?;
        self.shared.head.send_if_modified(|seen| {
            let moved = *seen != head;
            *seen = head;
            moved
        });
        Ok(value)
    }

    /// When something was last asked for: the time of what the store does by itself.
    pub(super) fn now(&self) -> Wall {
        self.now
    }

    /// What must be on the disk before the commit: the copy's part, and the bytes of packs. Frozen
    /// bytes that the copy made durable need no sync of their pack.
    fn make_ready(&mut self, closed: &Closed) -> io::Result<()> {
        let head = *self.shared.head.borrow();
        let nothing = closed.batch.rows.is_empty() && head.0 == closed.batch.head;
        let copied = nothing || self.copy.append(&closed.batch, &closed.frozen).is_ok();
        if copied && !closed.frozen.is_empty() && closed.covers_pack {
            return self.tail.hand_over();
        }
        self.tail.sync()
    }

    /// Runs a change and what else is waiting in one commit. When one of them fails, all are
    /// undone and each is run by itself, so that a failing change hurts no other.
    pub(super) fn group(
        &mut self,
        first: Box<dyn Job>,
        next: &mut dyn FnMut() -> Option<Box<dyn Job>>,
    ) {
        self.now = self.now.max(first.now());
        let mut jobs: Vec<Box<dyn Job>> = vec![first];
        let outcome = self.transact(|txn| {
            let mut at = 0;
            while let Some(job) = jobs.get_mut(at) {
                run(job.as_mut(), txn)?;
                at += 1;
                if jobs.len() >= GROUP_CHANGES || txn.tail.pending() >= GROUP_BYTES {
                    break;
                }
                jobs.extend(next());
            }
            Ok(())
        });
        match outcome {
            Err(_) if jobs.len() > 1 => {
                for mut job in jobs {
                    let alone = self.transact(|txn| run(job.as_mut(), txn));
                    job.finish(alone);
                }
            }
            outcome => jobs.into_iter().for_each(|job| job.finish(outcome.clone())),
        }
        if self.shared.handle().is_some() {
            self.keep_copy();
        }
    }

    /// Closes the files for good.
    pub(super) fn close(&mut self) {
        let closed = self.tail.settle().and_then(|()| self.copy.close());
        if let Err(error) = closed {
            tracing::warn!(%error, "the copy was not closed in order");
        }
        self.shared.close();
    }

    /// Rewrites packs that are more than half dead, one a commit; returns the bytes given back.
    pub(super) fn collect(&mut self, now: Wall) -> Result<u64, StoreError> {
        let won = self.empty_packs(false)?;
        self.transact(|txn| txn.collected(now))?;
        Ok(won)
    }

    pub(super) fn empty_packs(&mut self, anything: bool) -> Result<u64, StoreError> {
        let dead = self.transact(|txn| txn.dead_packs(anything))?;
        let mut won = 0;
        for number in dead {
            won += self.transact(|txn| txn.empty_pack(number))?;
            let removed = self.shared.disk.remove_pack(number);
            removed.map_err(|error| StoreError::of_io(&self.shared.path, &error))?;
        }
        Ok(won)
    }
}

fn run(job: &mut dyn Job, txn: &mut Txn<'_>) -> Result<(), StoreError> {
    txn.begin(job.now());
    job.run(txn)?;
    txn.end()
}

pub(super) fn replaced(path: &str) -> StoreError {
    StoreError::Io {
        path: path.into(),
        reason: "another database was put in its place while chapard ran; restart chapard".into(),
    }
}

pub(super) fn packs(snapshot: &Snapshot) -> Result<Vec<(u32, u64)>, StoreError> {
    let mut known = Vec::new();
    snapshot.scan_prefix(Table::Packs, &Key::default(), Order::Up, &mut |key, bytes| {
        let row: PackRow = snapshot.open(Table::Packs, key, bytes)?;
        known.extend(Parts(key).u32().map(|number| (number, row.len)));
        NEXT
    })?;
    Ok(known)
}

/// Letters of an instance id: base32 without those that are taken for digits.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

fn make(txn: &mut Txn<'_>, now: Wall, seed: [u8; 16]) -> Result<(), StoreError> {
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map(char::from);
    let instance = seed.iter().take(6).filter_map(letter).collect();
    let birth = Birth { instance, uuid: seed, at: now.0 };
    txn.put(Table::Meta, &birth_key(), &birth)?;
    super::migrate::set_schema(txn, SCHEMA)
}
