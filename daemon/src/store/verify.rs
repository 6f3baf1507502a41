//! Whether the database says what was written: every table holds as many rows as it counts, each row
//! is found by its key, sealed records are whole, and the indexes and counts of messages are those of
//! the messages.
//!
//! Reads only, from one snapshot; the work is linear, whatever the size.

use super::StoreError;
use super::codec::{CountsRow, is_whole};
use super::messages::{index, scopes, uid_key, uid_row, weight};
use super::source::{NEXT, Order, Snapshot, Source};
use super::submissions::is_open;
use super::tables::{Key, Scope, Table};
use super::txn::Delta;
use chapar_engine::mailbox::Mailbox;
use chapar_engine::message::Message;
use chapar_engine::submission::Submission;
use redb::ReadableTableMetadata;
use std::collections::BTreeMap;

/// Tables of which every value is a sealed record.
const SEALED: [Table; 12] = [
    Table::Meta,
    Table::Counters,
    Table::Accounts,
    Table::Identities,
    Table::Mailboxes,
    Table::Messages,
    Table::Uids,
    Table::Counts,
    Table::Submissions,
    Table::Blobs,
    Table::Packs,
    Table::Journal,
];
/// Tables that are indexes of messages and nothing else.
const INDEXES: [Table; 5] =
    [Table::Stages, Table::Listing, Table::MessageIds, Table::Threads, Table::Uids];

impl Snapshot {
    /// Verifies everything; the first contradiction is the error.
    pub(super) fn verify(&self) -> Result<(), StoreError> {
        self.guarded(|it| {
            for table in Table::ALL {
                it.verify_table(*table)?;
            }
            it.verify_messages()?;
            it.verify_mailboxes()?;
            it.verify_submissions()
        })
    }

    fn verify_table(&self, table: Table) -> Result<(), StoreError> {
        let opened = match self.table(table) {
            // a store that never held any has no table
            Err(StoreError::Damaged { reason, .. }) if reason.contains("does not exist") => {
                return Ok(());
            }
            opened => opened?,
        };
        let wrong = |reason: &str| self.damaged(table, &[], reason);
        let counted = opened.len().map_err(|error| StoreError::of_redb(&self.path, error))?;
        let (mut rows, mut last) = (0, Vec::new());
        self.scan(table, (&[], &[]), Order::Up, &mut |key, value| {
            rows += 1;
            if rows > 1 && last.as_slice() >= key {
                return Err(wrong("its keys are not in order"));
            }
            if SEALED.contains(&table) && !is_whole(table, key, value) {
                return Err(self.damaged(table, key, "its checksum does not match"));
            }
            if self.get_in(&opened, key)?.is_none_or(|found| found != value) {
                return Err(self.damaged(table, key, "it is not found by its key"));
            }
            last = key.to_vec();
            NEXT
        })?;
        if rows == counted { Ok(()) } else { Err(wrong("rows are missing")) }
    }

    fn verify_messages(&self) -> Result<(), StoreError> {
        let mut entries: BTreeMap<usize, u64> = BTreeMap::new();
        let mut counts: BTreeMap<Scope, Delta> = BTreeMap::new();
        self.scan_prefix(Table::Messages, &Key::default(), Order::Up, &mut |key, bytes| {
            let message: Message = self.open(Table::Messages, key, bytes)?;
            for (table, key, value) in index(&message) {
                if self.get(table, key.bytes())?.is_none_or(|found| found != value) {
                    return Err(self.damaged(table, key.bytes(), "a message is not in its index"));
                }
                *entries.entry(table.number()).or_default() += 1;
            }
            let at = uid_key(message.mailbox, message.uid);
            if self.cached(Table::Uids, &at)? != Some(uid_row(&message)) {
                return Err(self.damaged(Table::Uids, at.bytes(), "it is not the message's"));
            }
            *entries.entry(Table::Uids.number()).or_default() += 1;
            for scope in scopes(&message) {
                let sum = counts.entry(scope).or_default();
                sum.iter_mut().zip(weight(&message)).for_each(|(sum, add)| *sum += add);
            }
            NEXT
        })?;
        for table in INDEXES {
            let mut rows = 0;
            self.scan_prefix(table, &Key::default(), Order::Up, &mut |_, _| {
                rows += 1;
                NEXT
            })?;
            if entries.get(&table.number()).copied().unwrap_or_default() != rows {
                return Err(self.damaged(table, &[], "it is not the index of the messages"));
            }
        }
        let mut rows = counts.values().filter(|sum| **sum != Delta::default()).count();
        for (scope, sum) in counts {
            if figures(&super::mailboxes::counts(self, scope)?) != sum {
                let key = Key::scope(scope);
                return Err(self.damaged(Table::Counts, key.bytes(), "it is not the count"));
            }
        }
        self.scan_prefix(Table::Counts, &Key::default(), Order::Up, &mut |key, bytes| {
            if figures(&self.open(Table::Counts, key, bytes)?) != Delta::default() {
                rows = rows.checked_sub(1).ok_or_else(|| {
                    self.damaged(Table::Counts, key, "it counts what is not there")
                })?;
            }
            NEXT
        })
    }

    fn verify_mailboxes(&self) -> Result<(), StoreError> {
        let mut number = 0;
        for mailbox in self.records::<Mailbox>(Table::Mailboxes, &Key::default())? {
            let key = Key::of(mailbox.account.0).u64(mailbox.id.0);
            if self.get(Table::MailboxesOf, key.bytes())?.is_none() {
                return Err(self.damaged(
                    Table::MailboxesOf,
                    key.bytes(),
                    "a mailbox is not in it",
                ));
            }
            number += 1;
        }
        if self.keys(Table::MailboxesOf, &Key::default())?.len() == number {
            return Ok(());
        }
        Err(self.damaged(Table::MailboxesOf, &[], "it is not the index of the mailboxes"))
    }

    /// A submission that is in no index would never be sent.
    fn verify_submissions(&self) -> Result<(), StoreError> {
        let mut open = 0;
        self.scan_prefix(Table::Submissions, &Key::default(), Order::Up, &mut |key, bytes| {
            let submission: Submission = self.open(Table::Submissions, key, bytes)?;
            let key = Key::of(submission.account.0).u64(submission.id.0);
            let is_indexed = self.get(Table::OpenSubmissions, key.bytes())?.is_some();
            if is_indexed != is_open(&submission) {
                let why = "it contradicts its submission";
                return Err(self.damaged(Table::OpenSubmissions, key.bytes(), why));
            }
            open += usize::from(is_indexed);
            NEXT
        })?;
        if self.keys(Table::OpenSubmissions, &Key::default())?.len() == open {
            return Ok(());
        }
        Err(self.damaged(Table::OpenSubmissions, &[], "it is not the index of the submissions"))
    }
}

fn figures(row: &CountsRow) -> Delta {
    [row.planned, row.summary, row.whole, row.unseen, row.missing_bytes, row.listed]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}
