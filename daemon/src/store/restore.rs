//! A database made anew: from the copy what no server can give again, from the packs the bytes that
//! are there, from the damaged database the mailboxes and messages whose records are whole. The next
//! sync fetches the others.
//!
//! Killed before the swap, the damaged database stands and is found damaged again.

use super::codec::{BlobRow, PackRow};
use super::copy::{self, Batch, Kept, Rows};
use super::disk::Disk;
use super::limits::RESTORE_GAP;
use super::mailboxes::MAILBOXES_OF;
use super::pack::{self, Record, Tail};
use super::salvage::{Salvaged, Wreck};
use super::source::{NEXT, Order, Snapshot, Source, lenient};
use super::submissions::is_open;
use super::tables::{Key, Parts, Table};
use super::txn::{Number, Txn};
use super::writer::{PACK_COUNTER, Shared};
use super::{Identity, Restored, StoreError, open};
use chapar_engine::account::Account;
use chapar_engine::event::{EventKind, Severity};
use chapar_engine::id::{BlobId, Seq};
use chapar_engine::submission::{Delivery, Phase, Submission};
use chapar_engine::time::Wall;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::{fmt, io};

/// Code and title of the event that tells of it.
const CODE: &str = "store.restored";

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accounts, identities, submissions, mails, doubtful, .. } = self;
        write!(
            f,
            "The database was damaged and was made anew: accounts {accounts}, identities \
             {identities}, mails in the outbox {submissions}, mails {mails}, mailboxes to be read \
             again {doubtful}"
        )?;
        if !self.is_complete {
            write!(f, "; what was due is looked for in Sent first")?;
        }
        if self.is_over {
            write!(f, "; the mirror is whole again, and the damaged file was deleted")?;
        }
        Ok(())
    }
}

/// Puts a new database in the place of the one that `why` is wrong with; fails with `why` when there
/// is no copy to make it from.
pub(super) fn restore(
    shared: &Shared,
    why: &StoreError,
    now: Wall,
) -> Result<Restored, StoreError> {
    let disk = shared.disk.as_ref();
    let wrap = |error: io::Error| StoreError::of_io(&shared.path, &error);
    let kept = copy::replay(disk).map_err(|_| why.clone())?;
    if kept.of(Table::Meta).next().is_none() {
        return Err(why.clone());
    }
    tracing::error!(%why, "the database is damaged; it is made anew from its copy");
    let found = packs(disk)?;
    let wreck = Wreck::open(disk, &shared.path);
    let fresh = open::fresh(disk, &shared.path)?;
    let from = Origin { kept: &kept, found: &found, wreck: wreck.as_ref() };
    let restored = fill(shared, &fresh, &from, now, why)?;
    drop((fresh, wreck));
    disk.set_aside().and_then(|()| disk.swap()).map_err(wrap)?;
    tracing::warn!(%restored, "the database was made anew");
    Ok(restored)
}

/// What lies in the packs: each pack's whole bytes, and where each blob is.
#[derive(Default)]
struct Found {
    packs: BTreeMap<u32, u64>,
    blobs: BTreeMap<BlobId, BlobRow>,
}

fn packs(disk: &dyn Disk) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let wrap = |error: io::Error| StoreError::of_io(&disk.name(), &error);
    for number in disk.packs().map_err(wrap)? {
        let file = disk.pack(number, false).map_err(wrap)?;
        let end = file.len().map_err(wrap)?;
        let mut at = 0;
        while let Some((id, row)) = pack::header_at(file.as_ref(), number, at, end) {
            at += u64::from(row.len);
            found.blobs.insert(id, row);
        }
        found.packs.insert(number, at);
    }
    Ok(found)
}

/// What the new database is made from.
struct Origin<'p> {
    kept: &'p Kept,
    found: &'p Found,
    wreck: Option<&'p Wreck>,
}

fn fill(
    shared: &Shared,
    fresh: &redb::Database,
    from: &Origin<'_>,
    now: Wall,
    why: &StoreError,
) -> Result<Restored, StoreError> {
    let path = &shared.path;
    let last = from.found.packs.keys().max().copied().unwrap_or_default();
    let mut tail = Tail::new(Arc::clone(&shared.disk), last + 1, 0);
    let mut writing = fresh.begin_write().map_err(|error| StoreError::of_redb(path, error))?;
    writing.set_quick_repair(true);
    let mut txn = Txn::open(path, &writing, &mut tail)?;
    txn.begin(now);
    let restored = rows(&mut txn, shared, from, why)?;
    txn.end()?;
    drop(txn.close()?);
    tail.sync().map_err(|error| StoreError::of_io(path, &error))?;
    writing.commit().map_err(|error| StoreError::of_redb(path, error))?;
    Ok(restored)
}

fn rows(
    txn: &mut Txn<'_>,
    shared: &Shared,
    from: &Origin<'_>,
    why: &StoreError,
) -> Result<Restored, StoreError> {
    let Origin { kept, found, wreck } = from;
    let mut mailboxes = BTreeMap::new();
    for table in Table::ALL.iter().filter(|table| table.is_copied()) {
        for (key, value) in kept.of(*table) {
            // counted anew, from the mailboxes that are there
            match number_of_mailboxes(*table, key, value) {
                Some((account, number)) => drop(mailboxes.insert(account, number)),
                None => txn.set(*table, &Key::of_bytes(key), value)?,
            }
        }
    }
    let accounts: Vec<Account> = txn.records(Table::Accounts, &Key::default())?;
    let gap = if kept.is_complete { 0 } else { RESTORE_GAP };
    for (number, len) in &found.packs {
        txn.put(Table::Packs, &Key::default().u32(*number), &PackRow { len: *len, live: 0 })?;
    }
    for (id, row) in &found.blobs {
        txn.put_found(*id, row)?;
    }
    let submissions = submissions(txn, shared, kept)?;
    let salvaged = if let Some(wreck) = wreck {
        wreck.salvage(txn, &accounts, &mailboxes)?
    } else {
        accounts.iter().try_for_each(|account| unsync(txn, account))?;
        Salvaged::default()
    };
    go_beyond(txn, gap, found.packs.keys().max().copied().unwrap_or_default())?;
    let identities = txn.keys(Table::Identities, &Key::default())?.len();
    let restored = Restored {
        why: why.to_string(),
        accounts: accounts.len(),
        identities,
        submissions,
        mails: salvaged.mails,
        doubtful: salvaged.doubtful,
        is_over: false,
        is_complete: kept.is_complete,
    };
    // no place of the journal that was told before is used a second time
    txn.head = Seq(kept.head + gap);
    let (code, title) = (CODE.to_owned(), restored.to_string());
    txn.append(None, EventKind::HealthChanged { code, severity: Severity::Warning, title })?;
    Ok(restored)
}

/// Tells that everything is there again.
pub(super) fn tell_whole(txn: &mut Txn<'_>) -> Result<(), StoreError> {
    let title = "The mirror is whole again; the damaged database file was deleted".to_owned();
    let (code, severity) = (CODE.to_owned(), Severity::Ok);
    txn.append(None, EventKind::HealthChanged { code, severity, title }).map(drop)
}

/// The next sync of an account's mailboxes is a first one: nothing it finds is new mail.
pub(super) fn unsync(txn: &mut Txn<'_>, account: &Account) -> Result<(), StoreError> {
    txn.put_account(&Account { first_synced_at: None, ..account.clone() })
}

/// The kept number of an account's mailboxes, when the row is one.
fn number_of_mailboxes(table: Table, key: &[u8], value: &[u8]) -> Option<(u64, u64)> {
    let account = key.strip_prefix(MAILBOXES_OF.as_bytes()).filter(|_| table == Table::Counters)?;
    let account = u64::from_be_bytes(account.try_into().ok()?);
    Some((account, lenient::<Number>(table, key, value).unwrap_or_default().0))
}

/// Numbers go on where they were, or beyond anything that can have been drawn.
fn go_beyond(txn: &mut Txn<'_>, gap: u64, last_pack: u32) -> Result<(), StoreError> {
    let mut keys = txn.keys(Table::Counters, &Key::default())?;
    keys.retain(|key| !key.starts_with(MAILBOXES_OF.as_bytes()));
    for key in keys {
        let key = Key::of_bytes(&key);
        let last: Number = txn.record(Table::Counters, &key)?.unwrap_or_default();
        txn.put(Table::Counters, &key, &Number(last.0 + gap))?;
    }
    let number = Number(u64::from(last_pack));
    txn.put(Table::Counters, &Key::default().name(PACK_COUNTER), &number)
}

/// Indexes the submissions, with their bytes from the packs or from the copy; how many there are.
fn submissions(txn: &mut Txn<'_>, shared: &Shared, kept: &Kept) -> Result<usize, StoreError> {
    let disk = shared.disk.as_ref();
    let all: Vec<Submission> = txn.records(Table::Submissions, &Key::default())?;
    let count = all.len();
    for submission in all {
        let id = submission.blob;
        let readable = match txn.blob_row(id)? {
            Some(row) => pack::is_whole(disk, id, &row).unwrap_or(false),
            None => false,
        };
        if !readable && let Ok(Some(packed)) = kept.frozen(disk, id) {
            txn.put_packed(id, &packed)?;
        }
        if txn.blob_row(id)?.is_some() {
            txn.refer(id)?;
        }
        let submission = if kept.is_complete { submission } else { doubted(txn.now(), submission) };
        txn.put(Table::Submissions, &Key::of(submission.id.0), &submission)?;
        txn.index_submission(&submission)?;
    }
    Ok(count)
}

/// A submission as the copy has it, when the copy's end may be missing: what was due may have been
/// given to the server since, and is looked for before anything is sent.
fn doubted(now: Wall, mut submission: Submission) -> Submission {
    let is_due = match submission.phase {
        Phase::Queued { next } => next <= now,
        Phase::Sending => true,
        _ => false,
    };
    if is_due && is_open(&submission) {
        for recipient in &mut submission.recipients {
            if matches!(recipient.delivery, Delivery::Waiting { .. }) {
                recipient.delivery = Delivery::InFlight;
            }
        }
        submission.phase = Phase::DotPending;
    }
    submission
}

/// The blobs whose bytes are kept for open submissions, by a read of the database.
pub(super) fn wanted(source: &impl Source) -> Result<Vec<BlobId>, StoreError> {
    let mut wanted = Vec::new();
    for key in source.keys(Table::OpenSubmissions, &Key::default())? {
        let mut parts = Parts(&key);
        if let Some(id) = parts.skip(8).and_then(|()| parts.u64())
            && let Some(submission) =
                source.record::<Submission>(Table::Submissions, &Key::of(id))?
        {
            wanted.push(submission.blob);
        }
    }
    wanted.sort();
    wanted.dedup();
    Ok(wanted)
}

/// Everything of the database that is copied, as one batch.
pub(super) fn batch(source: &impl Source) -> Result<Batch, StoreError> {
    let mut rows = Rows::new();
    for table in Table::ALL {
        let Some(number) = table.copied_as() else { continue };
        source.scan_prefix(*table, &Key::default(), Order::Up, &mut |key, value| {
            rows.insert((number, key.to_vec()), Some(value.to_vec()));
            NEXT
        })?;
    }
    Ok(Batch { head: super::journal::head(source)?.0, rows })
}

/// The pack record of a frozen message: from its pack, or from the copy of before.
pub(super) fn packed(
    disk: &dyn Disk,
    view: &Snapshot,
    old: &Kept,
    id: BlobId,
) -> io::Result<Option<Record>> {
    let row = view.blob_row(id).map_err(io::Error::other)?;
    let read = row.map(|row| pack::is_whole(disk, id, &row).map(|whole| (row, whole))).transpose();
    match read {
        Ok(Some((row, true))) => pack::lying(disk, &row).map(Some),
        Err(error) if !old.frozen.contains_key(&id) => Err(error),
        _ => old.frozen(disk, id),
    }
}

/// Reads every record that no server can give again; the first that is damaged, or of a newer
/// program, is the error.
pub(super) fn own_records(source: &Snapshot) -> Result<(), StoreError> {
    let all = Key::default();
    source.records::<Account>(Table::Accounts, &all)?;
    source.records::<Identity>(Table::Identities, &all)?;
    source.records::<Submission>(Table::Submissions, &all)?;
    source.records::<Number>(Table::Counters, &all).map(drop)
}
