//! One write transaction: its tables, what it has touched, and what follows from that at its end.

use super::codec::{PackRow, Stored, seal};
use super::copy::{Batch, Rows};
use super::pack::{Record, Tail};
use super::source::{Flow, Order, Source, get_from, scan_from};
use super::tables::{Key, Scope, Table};
use super::{Change, StoreError};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, BlobId, IdentityId, MailboxId, MessageId, Seq, SubmissionId};
use chapar_engine::time::Wall;
use redb::{ReadableTable, WriteTransaction};
use std::collections::BTreeMap;
use std::sync::Arc;

type Open<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// The columns of a count, as signed differences.
pub(super) type Delta = [i64; 6];

/// A write transaction; also reads, seeing its own writes.
pub struct Txn<'t> {
    path: Arc<str>,
    tables: Vec<Open<'t>>,
    pub(super) now: Wall,
    pub(super) head: Seq,
    pub(super) tail: &'t mut Tail,
    /// Objects changed by this change, for its one `StateChanged` an account.
    pub(super) touched: BTreeMap<(AccountId, ObjectKind, u64), Change>,
    /// Differences of counts, written once at the end.
    pub(super) counted: BTreeMap<Scope, Delta>,
    /// Differences of live bytes of packs.
    pub(super) lived: BTreeMap<u32, i64>,
    /// Rows that the copy is told too.
    copied: Rows,
    /// Messages whose bytes were frozen to be sent.
    pub(super) frozen: Vec<BlobId>,
}

/// What a group of changes comes to, beside the tables.
pub(super) struct Closed {
    /// The rows for the copy, with the journal's head.
    pub(super) batch: Batch,
    /// The pack records of what was frozen.
    pub(super) frozen: Vec<(BlobId, Record)>,
    /// Whether these records are all that the pack has to be synced for.
    pub(super) covers_pack: bool,
}

impl<'t> Txn<'t> {
    /// Opens every table, made when absent.
    pub(super) fn open(
        path: &Arc<str>,
        writing: &'t WriteTransaction,
        tail: &'t mut Tail,
    ) -> Result<Self, StoreError> {
        let tables = Table::ALL
            .iter()
            .map(|table| writing.open_table(table.definition()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| StoreError::of_redb(path, error))?;
        let mut txn = Self {
            path: Arc::clone(path),
            tables,
            now: Wall(0),
            head: Seq(0),
            tail,
            touched: BTreeMap::new(),
            counted: BTreeMap::new(),
            lived: BTreeMap::new(),
            copied: Rows::new(),
            frozen: Vec::new(),
        };
        txn.head = super::journal::head(&txn)?;
        Ok(txn)
    }

    fn table(&self, table: Table) -> Result<&Open<'t>, StoreError> {
        self.tables.get(table.number()).ok_or_else(|| StoreError::closed(&self.path))
    }

    /// Notes a row that the copy is told too.
    fn copy(&mut self, table: Table, key: &[u8], value: Option<&[u8]>) {
        if let Some(number) = table.copied_as() {
            self.copied.insert((number, key.to_vec()), value.map(<[u8]>::to_vec));
        }
    }

    fn table_mut(&mut self, table: Table) -> Result<&mut Open<'t>, StoreError> {
        let path = &self.path;
        self.tables.get_mut(table.number()).ok_or_else(|| StoreError::closed(path))
    }

    /// Writes raw bytes.
    pub(super) fn set(&mut self, table: Table, key: &Key, value: &[u8]) -> Result<(), StoreError> {
        let path = Arc::clone(&self.path);
        self.copy(table, key.bytes(), Some(value));
        self.table_mut(table)?
            .insert(key.bytes(), value)
            .map(|_| ())
            .map_err(|error| StoreError::of_redb(&path, error))
    }

    /// Writes a sealed record.
    pub(super) fn put<T: Stored>(
        &mut self,
        table: Table,
        key: &Key,
        value: &T,
    ) -> Result<(), StoreError> {
        let record = seal(table, key.bytes(), value)?;
        self.set(table, key, &record)
    }

    /// Removes a key; fine when it is absent.
    pub(super) fn remove(&mut self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        let path = Arc::clone(&self.path);
        self.copy(table, key, None);
        self.table_mut(table)?
            .remove(key)
            .map(|_| ())
            .map_err(|error| StoreError::of_redb(&path, error))
    }

    /// Removes every key that begins with `prefix`.
    pub(super) fn remove_prefix(&mut self, table: Table, prefix: &Key) -> Result<(), StoreError> {
        for key in self.keys(table, prefix)? {
            self.remove(table, &key)?;
        }
        Ok(())
    }

    /// Draws the next number of a sequence.
    pub(super) fn draw(&mut self, sequence: &str) -> Result<u64, StoreError> {
        let key = Key::default().name(sequence);
        let last: u64 = self.record::<Number>(Table::Counters, &key)?.unwrap_or_default().0;
        self.put(Table::Counters, &key, &Number(last + 1))?;
        Ok(last + 1)
    }

    /// Notes that an object was changed.
    pub(super) fn touch(&mut self, account: AccountId, kind: ObjectKind, id: u64, change: Change) {
        let key = (account, kind, id);
        match (self.touched.get(&key), change) {
            (Some(Change::Created), Change::Destroyed) => {
                self.touched.remove(&key);
            }
            (Some(Change::Created), _) => {}
            _ => {
                self.touched.insert(key, change);
            }
        }
    }

    /// Adds to the counts of a scope at the end.
    pub(super) fn count(&mut self, scope: Scope, delta: &Delta) {
        let sum = self.counted.entry(scope).or_default();
        for (sum, add) in sum.iter_mut().zip(delta) {
            *sum += add;
        }
    }

    /// Begins the next change of the group.
    pub(super) fn begin(&mut self, now: Wall) {
        self.now = now;
    }

    /// Ends a change: counts, changes, its `StateChanged`, a step of forgetting.
    pub(super) fn end(&mut self) -> Result<(), StoreError> {
        self.write_counts()?;
        self.write_changes()?;
        self.forget_old()
    }

    /// Ends the group: what the packs hold, and what the copy is told.
    pub(super) fn close(mut self) -> Result<Closed, StoreError> {
        self.write_packs()?;
        let (mut frozen, mut pending) = (Vec::new(), 0);
        for id in std::mem::take(&mut self.frozen) {
            let Some(row) = self.blob_row(id)? else { continue };
            let record = self.tail.read_back(&row);
            let record = record.map_err(|error| StoreError::of_io(&self.path, &error))?;
            if self.tail.is_pending(&row) {
                pending += record.len();
            }
            frozen.push((id, record));
        }
        let batch = Batch { head: self.head.0, rows: self.copied };
        let covers_pack = pending == self.tail.pending();
        Ok(Closed { batch, frozen, covers_pack })
    }

    fn write_packs(&mut self) -> Result<(), StoreError> {
        let mut packs = std::mem::take(&mut self.lived);
        if self.tail.pending() > 0 {
            packs.entry(self.tail.number()).or_default();
            let counter = Key::default().name(super::writer::PACK_COUNTER);
            let number = Number(u64::from(self.tail.number()));
            self.put(Table::Counters, &counter, &number)?;
        }
        for (pack, delta) in packs {
            let key = Key::default().u32(pack);
            let mut row: PackRow = self.record(Table::Packs, &key)?.unwrap_or_default();
            row.live = row.live.saturating_add_signed(delta);
            if pack == self.tail.number() {
                row.len = self.tail.len();
            }
            self.put(Table::Packs, &key, &row)?;
        }
        Ok(())
    }

    /// Time of this write.
    #[must_use]
    pub fn now(&self) -> Wall {
        self.now
    }

    /// Draws a fresh id.
    pub fn new_account_id(&mut self) -> Result<AccountId, StoreError> {
        self.draw("account").map(AccountId)
    }

    /// Draws a fresh id.
    pub fn new_identity_id(&mut self) -> Result<IdentityId, StoreError> {
        self.draw("identity").map(IdentityId)
    }

    /// Draws a fresh id.
    pub fn new_mailbox_id(&mut self) -> Result<MailboxId, StoreError> {
        self.draw("mailbox").map(MailboxId)
    }

    /// Draws a fresh id.
    pub fn new_message_id(&mut self) -> Result<MessageId, StoreError> {
        self.draw("message").map(MessageId)
    }

    /// Draws a fresh id.
    pub fn new_submission_id(&mut self) -> Result<SubmissionId, StoreError> {
        self.draw("submission").map(SubmissionId)
    }

    /// First key of a table that begins with `prefix`, if any.
    pub(super) fn any(&self, table: Table, prefix: &Key) -> Result<bool, StoreError> {
        let mut found = false;
        self.scan_prefix(table, prefix, Order::Up, &mut |_, _| {
            found = true;
            super::source::STOP
        })?;
        Ok(found)
    }

    /// Whether a key is there.
    pub(super) fn has(&self, table: Table, key: &Key) -> Result<bool, StoreError> {
        let found = self.table(table)?.get(key.bytes());
        found.map(|guard| guard.is_some()).map_err(|error| StoreError::of_redb(&self.path, error))
    }
}

impl Source for Txn<'_> {
    fn path(&self) -> &str {
        &self.path
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get_from(&self.path, self.table(table)?, key)
    }

    fn scan(
        &self,
        table: Table,
        range: (&[u8], &[u8]),
        order: Order,
        row: &mut dyn FnMut(&[u8], &[u8]) -> Flow,
    ) -> Result<(), StoreError> {
        scan_from(&self.path, self.table(table)?, range, order, row)
    }
}

/// A counter's value.
#[derive(Clone, Copy, Default)]
pub(super) struct Number(pub(super) u64);

impl Stored for Number {
    type Row = u64;

    fn to_row(&self) -> u64 {
        self.0
    }

    fn from_row(row: u64) -> Option<Self> {
        Some(Self(row))
    }
}
