//! What can still be read of a damaged database: mailboxes and messages whose records are whole. From
//! them every index and count is made anew, so that damage costs the mail whose own record is damaged
//! and nothing else.
//!
//! Reads only. Must never believe a value without a checksum, because a damaged page may hold any bytes.
//! Whatever was read is held against the server by the next sync.

use super::backend::Trial;
use super::codec::{CountsRow, Stored};
use super::disk::Disk;
use super::open::{self, unpanicked};
use super::source::{NEXT, Order, STOP, Snapshot, Source, lenient};
use super::tables::{Key, Parts, Table};
use super::txn::{Number, Txn};
use super::{StoreError, restore};
use chapar_engine::account::Account;
use chapar_engine::id::{BlobId, MailboxId};
use chapar_engine::mailbox::Mailbox;
use chapar_engine::message::{Message, Stage};
use chapar_engine::sync::Proof;
use redb::{Database, ReadableDatabase, ReadableTableMetadata as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Numbers drawn beyond the ones that are known to have been, when these may be old.
const BEYOND: u64 = 100_000;
/// The scope of a mailbox, as the key of a count begins.
const MAILBOX: u8 = 2;

/// A damaged database, opened without a look at its pages; what redb writes to it is forgotten.
pub(super) struct Wreck {
    view: Snapshot,
    _database: Database,
}

/// What was taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Salvaged {
    /// Messages.
    pub(super) mails: usize,
    /// Mailboxes of which the server is asked again what is in them.
    pub(super) doubtful: usize,
}

impl Wreck {
    /// Opens it; `None` when nothing of it can be read.
    pub(super) fn open(disk: &dyn Disk, path: &Arc<str>) -> Option<Self> {
        let opened = unpanicked(path, || {
            let wrap = |error| StoreError::of_io(path, &error);
            let trial = Trial::new(disk.meta(false).map_err(wrap)?).map_err(wrap)?;
            let database = open::create(path, trial, false)?;
            let reading = database.begin_read();
            let reading = reading.map_err(|error| StoreError::of_redb(path, error))?;
            let path = Arc::clone(path);
            let view = Snapshot { path, reading, _reader: Arc::default(), trouble: Arc::default() };
            Ok(Self { view, _database: database })
        });
        if let Err(error) = &opened {
            tracing::warn!(%error, "nothing of the damaged database can be read");
        }
        opened.ok()
    }

    /// A record, when it is found and whole.
    fn record<T: Stored>(&self, table: Table, key: &Key) -> Option<T> {
        let read = unpanicked(&self.view.path, || self.view.get(table, key.bytes()));
        lenient(table, key.bytes(), &read.ok().flatten()?)
    }

    /// Gives every record of a table that can be found under a number: by its order from either end as
    /// far as that goes, then number by number up to `last`.
    fn each<T: Stored>(
        &self,
        table: Table,
        last: u64,
        take: &mut dyn FnMut(T) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut seen = BTreeSet::new();
        for order in [Order::Up, Order::Down] {
            let mut failed = None;
            let read = unpanicked(&self.view.path, || {
                self.view.scan(table, (&[], &[]), order, &mut |key, bytes| {
                    let id = Parts(key).u64().filter(|id| !seen.contains(id));
                    let found = id.zip(lenient::<T>(table, key, bytes));
                    if let Some((id, value)) = found {
                        seen.insert(id);
                        failed = take(value).err();
                    }
                    if failed.is_none() { NEXT } else { STOP }
                })
            });
            if let Some(error) = failed {
                return Err(error);
            }
            if read.is_ok() && self.len(table) == Some(seen.len() as u64) {
                return Ok(());
            }
        }
        for id in (1..=last).filter(|id| !seen.contains(id)) {
            if let Some(value) = self.record(table, &Key::of(id)) {
                take(value)?;
            }
        }
        Ok(())
    }

    fn len(&self, table: Table) -> Option<u64> {
        let read = unpanicked(&self.view.path, || {
            let table = self.view.table(table)?;
            table.len().map_err(|error| StoreError::of_redb(&self.view.path, error))
        });
        read.ok()
    }

    /// The last number that was drawn of a sequence, as either file knows it.
    fn last(&self, txn: &Txn<'_>, sequence: &str) -> u64 {
        let key = Key::default().name(sequence);
        let copied = txn.record::<Number>(Table::Counters, &key).ok().flatten();
        let own = self.record::<Number>(Table::Counters, &key);
        let last = copied.unwrap_or_default().0.max(own.unwrap_or_default().0);
        last.saturating_add(if own.is_some() { 0 } else { BEYOND })
    }

    /// How many messages each mailbox had, as it was counted, and whether all counts could be read.
    fn counted(&self) -> (BTreeMap<MailboxId, u64>, bool) {
        let (mut counted, mut rows) = (BTreeMap::new(), 0);
        let read = unpanicked(&self.view.path, || {
            self.view.scan(Table::Counts, (&[], &[]), Order::Up, &mut |key, bytes| {
                let mut parts = Parts(key);
                let scope = parts.u8().zip(parts.u64());
                if let Some(row) = lenient::<CountsRow>(Table::Counts, key, bytes) {
                    rows += 1;
                    if let Some((MAILBOX, id)) = scope {
                        counted.insert(MailboxId(id), row.planned + row.summary + row.whole);
                    }
                }
                NEXT
            })
        });
        (counted, read.is_ok() && self.len(Table::Counts) == Some(rows))
    }

    /// Takes mailboxes and messages over into an empty database that has the accounts and the blobs.
    pub(super) fn salvage(
        &self,
        txn: &mut Txn<'_>,
        accounts: &[Account],
        kept: &BTreeMap<u64, u64>,
    ) -> Result<Salvaged, StoreError> {
        let mut mailboxes: BTreeMap<MailboxId, Mailbox> = BTreeMap::new();
        let last = self.last(txn, "mailbox");
        self.each(Table::Mailboxes, last, &mut |mailbox: Mailbox| {
            if accounts.iter().any(|account| account.id == mailbox.account) {
                mailboxes.insert(mailbox.id, mailbox);
            }
            Ok(())
        })?;
        let mut rows: BTreeMap<MailboxId, u64> = BTreeMap::new();
        let last = self.last(txn, "message");
        self.each(Table::Messages, last, &mut |message: Message| {
            let mailbox = mailboxes.get(&message.mailbox);
            if mailbox.is_some_and(|mailbox| mailbox.account == message.account) {
                let mailbox = message.mailbox;
                *rows.entry(mailbox).or_default() += u64::from(take(txn, message)?);
            }
            Ok(())
        })?;
        let (counted, all_counted) = self.counted();
        let count = |id: MailboxId| counted.get(&id).copied().or(all_counted.then_some(0));
        let mut salvaged = Salvaged::default();
        let mut unsure: BTreeSet<u64> = BTreeSet::new();
        for (id, mut mailbox) in mailboxes.clone() {
            let held = rows.get(&id).copied().unwrap_or_default();
            let proof: Option<Proof> = self.record(Table::Proofs, &Key::of(id.0));
            let is_whole = count(id) == Some(held);
            if mailbox.planned && (!is_whole || proof.is_none()) {
                // its newest messages are chosen once more; the rows that are there stay
                mailbox.planned = false;
                salvaged.doubtful += 1;
                unsure.insert(mailbox.account.0);
            }
            if let Some(proof) = proof {
                txn.put_proof(id, &Proof { doubted: true, ..proof })?;
            }
            txn.put_mailbox(&mailbox)?;
            salvaged.mails += usize::try_from(held).unwrap_or(usize::MAX);
        }
        for account in accounts {
            let there = mailboxes.values().filter(|mailbox| mailbox.account == account.id).count();
            let is_short = kept.get(&account.id.0).is_none_or(|number| *number != there as u64);
            if is_short || unsure.contains(&account.id.0) {
                restore::unsync(txn, account)?;
            }
        }
        Ok(salvaged)
    }
}

/// Takes one message over, with its bytes when they are in a pack; false when another one is in its
/// place.
fn take(txn: &mut Txn<'_>, mut message: Message) -> Result<bool, StoreError> {
    let has = |id: BlobId| Ok(txn.blob_row(id)?.is_some());
    if !message.blob.map_or(Ok(true), has)? {
        message.blob = None;
        message.stage = Stage::Summary;
    }
    if txn.message(message.id)?.is_some() || txn.message_at(message.mailbox, message.uid)?.is_some()
    {
        return Ok(false);
    }
    txn.adopt(&message)?;
    txn.put_message(&message)?;
    Ok(true)
}
