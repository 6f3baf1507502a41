//! Whether the database says what was written: every table holds as many rows as it counts, each row
//! is found by its key, sealed records are whole, and the indexes and counts of messages are those of
//! the messages.
//!
//! Reads only, from one snapshot; the work is linear, whatever the size.

use super::StoreError;
use super::codec::{CountsRow, is_whole};
use super::messages::{index, scopes, weight};
use super::source::{NEXT, Order, Snapshot, Source};
use super::tables::{Key, Scope, Table};
use super::txn::Delta;
use chapar_engine::message::Message;
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
const INDEXES: [Table; 4] = [Table::Stages, Table::Listing, Table::MessageIds, Table::Threads];

impl Snapshot {
    /// Verifies everything; the first contradiction is the error.
    pub(super) fn verify(&self) -> Result<(), StoreError> {
        self.guarded(|it| {
            for table in Table::ALL {
                it.verify_table(*table)?;
            }
            it.verify_messages()
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
        for (scope, sum) in counts {
            if figures(&super::mailboxes::counts(self, scope)?) != sum {
                let key = Key::scope(scope);
                return Err(self.damaged(Table::Counts, key.bytes(), "it is not the count"));
            }
        }
        Ok(())
    }
}

fn figures(row: &CountsRow) -> Delta {
    [row.planned, row.summary, row.whole, row.unseen, row.missing_bytes, row.listed]
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}
