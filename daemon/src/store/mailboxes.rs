//! Mailboxes and the counts kept beside them.

use super::codec::CountsRow;
use super::source::{NEXT, Order, Snapshot, Source, lenient};
use super::tables::{Key, Parts, Scope, Table};
use super::txn::Number;
use super::{Change, Counts, StoreError, Txn};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, MailboxId, MessageId};
use chapar_engine::mailbox::Mailbox;

fn mailboxes(source: &impl Source, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
    let mut found = Vec::new();
    for key in source.keys(Table::MailboxesOf, &Key::of(account.0))? {
        let mut parts = Parts(&key);
        let id = parts.skip(8).and_then(|()| parts.u64());
        if let Some(id) = id
            && let Some(mailbox) = source.record(Table::Mailboxes, &Key::of(id))?
        {
            found.push(mailbox);
        }
    }
    Ok(found)
}

/// What the key of the kept number of an account's mailboxes begins with.
pub(super) const MAILBOXES_OF: &str = "mailboxes of ";

/// The key of the kept number of an account's mailboxes.
fn number_key(account: AccountId) -> Key {
    Key::default().name(MAILBOXES_OF).u64(account.0)
}

/// How many mailboxes an account has: as it is kept, else counted.
fn number(source: &impl Source, account: AccountId) -> Result<u64, StoreError> {
    if let Some(kept) = source.cached::<Number>(Table::Counters, &number_key(account))? {
        return Ok(kept.0);
    }
    let mut number = 0;
    source.scan_prefix(Table::MailboxesOf, &Key::of(account.0), Order::Up, &mut |_, _| {
        number += 1;
        NEXT
    })?;
    Ok(number)
}

/// The counts of a scope; all zero when nothing was counted.
pub(super) fn counts(source: &impl Source, scope: Scope) -> Result<CountsRow, StoreError> {
    let key = Key::scope(scope);
    let bytes = source.get(Table::Counts, key.bytes())?;
    Ok(bytes.and_then(|bytes| lenient(Table::Counts, key.bytes(), &bytes)).unwrap_or_default())
}

impl Snapshot {
    /// Mailboxes of an account by id.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
        self.guarded(|it| mailboxes(it, account))
    }

    /// How many mailboxes an account has, O(1).
    pub fn mailbox_count(&self, account: AccountId) -> Result<u64, StoreError> {
        self.guarded(|it| number(it, account))
    }

    /// One mailbox.
    pub fn mailbox(&self, id: MailboxId) -> Result<Option<Mailbox>, StoreError> {
        self.guarded(|it| it.record(Table::Mailboxes, &Key::of(id.0)))
    }

    /// Counts of one mailbox, O(1).
    pub fn counts(&self, mailbox: MailboxId) -> Result<Counts, StoreError> {
        self.guarded(|it| Ok(shown(&counts(it, Scope::Mailbox(mailbox.0))?)))
    }

    /// Counts of one account, O(1).
    pub fn account_counts(&self, account: AccountId) -> Result<Counts, StoreError> {
        self.guarded(|it| Ok(shown(&counts(it, Scope::Account(account.0))?)))
    }
}

fn shown(row: &CountsRow) -> Counts {
    Counts {
        planned: row.planned,
        summary: row.summary,
        whole: row.whole,
        unseen: row.unseen,
        missing_bytes: row.missing_bytes,
    }
}

impl Txn<'_> {
    /// Inserts or replaces.
    pub fn put_mailbox(&mut self, mailbox: &Mailbox) -> Result<(), StoreError> {
        let old = self.mailbox(mailbox.id)?;
        if old.as_ref() == Some(mailbox) {
            return Ok(());
        }
        self.put(Table::Mailboxes, &Key::of(mailbox.id.0), mailbox)?;
        if old.is_none() {
            self.renumber(mailbox.account, 1)?;
        }
        self.set(Table::MailboxesOf, &Key::of(mailbox.account.0).u64(mailbox.id.0), &[])?;
        let change = if old.is_some() { Change::Updated } else { Change::Created };
        self.touch(mailbox.account, ObjectKind::Mailbox, mailbox.id.0, change);
        Ok(())
    }

    /// One mailbox.
    pub fn mailbox(&self, id: MailboxId) -> Result<Option<Mailbox>, StoreError> {
        self.record(Table::Mailboxes, &Key::of(id.0))
    }

    /// Mailboxes of an account.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
        mailboxes(self, account)
    }

    /// Deletes it with its messages; fine when it is gone.
    pub fn delete_mailbox(&mut self, id: MailboxId) -> Result<(), StoreError> {
        let Some(mailbox) = self.mailbox(id)? else {
            return Ok(());
        };
        self.delete_mailbox_of(mailbox.account, id)
    }

    /// Deletes every message of a mailbox.
    pub fn empty_mailbox(&mut self, id: MailboxId) -> Result<(), StoreError> {
        for key in self.keys(Table::Uids, &Key::of(id.0))? {
            let mut parts = Parts(&key);
            if let Some(uid) = parts.skip(8).and_then(|()| parts.u32())
                && let Some(message) = self.id_at(id, uid)?
            {
                self.delete_message(message)?;
            }
        }
        Ok(())
    }

    fn delete_mailbox_of(&mut self, account: AccountId, id: MailboxId) -> Result<(), StoreError> {
        let prefix = Key::of(id.0);
        self.empty_mailbox(id)?;
        for table in [Table::Uids, Table::Stages] {
            self.remove_prefix(table, &prefix)?;
        }
        let scope = Scope::Mailbox(id.0);
        self.remove_prefix(Table::Listing, &Key::scope(scope))?;
        self.counted.remove(&scope);
        self.remove(Table::Counts, Key::scope(scope).bytes())?;
        self.forget_upkeep(account, id)?;
        self.remove(Table::Mailboxes, prefix.bytes())?;
        if self.has(Table::MailboxesOf, &Key::of(account.0).u64(id.0))? {
            self.renumber(account, -1)?;
        }
        self.remove(Table::MailboxesOf, Key::of(account.0).u64(id.0).bytes())?;
        self.touch(account, ObjectKind::Mailbox, id.0, Change::Destroyed);
        Ok(())
    }

    /// Keeps the number of an account's mailboxes; to be called before the index changes.
    fn renumber(&mut self, account: AccountId, by: i64) -> Result<(), StoreError> {
        let kept = Number(number(self, account)?.saturating_add_signed(by));
        self.put(Table::Counters, &number_key(account), &kept)
    }

    /// Deletes every mailbox of an account, damaged records too.
    pub(super) fn delete_mailboxes_of(&mut self, account: AccountId) -> Result<(), StoreError> {
        for key in self.keys(Table::MailboxesOf, &Key::of(account.0))? {
            let mut parts = Parts(&key);
            if let Some(id) = parts.skip(8).and_then(|()| parts.u64()) {
                self.delete_mailbox_of(account, MailboxId(id))?;
            }
        }
        self.remove(Table::Counters, number_key(account).bytes())
    }

    /// The message at a UID, by the index.
    pub(super) fn id_at(
        &self,
        mailbox: MailboxId,
        uid: u32,
    ) -> Result<Option<MessageId>, StoreError> {
        let key = Key::of(mailbox.0).u32(uid);
        let row = self.cached::<super::UidRow>(Table::Uids, &key)?;
        Ok(row.map(|row| row.id))
    }

    /// Writes the counts that this change moved; a mailbox whose counts moved has changed.
    pub(super) fn write_counts(&mut self) -> Result<(), StoreError> {
        for (scope, delta) in std::mem::take(&mut self.counted) {
            if delta == [0; 6] {
                continue;
            }
            let row = moved(counts(self, scope)?, &delta);
            self.put(Table::Counts, &Key::scope(scope), &row)?;
            let Scope::Mailbox(id) = scope else { continue };
            if let Some(mailbox) = self.mailbox(MailboxId(id))? {
                self.touch(mailbox.account, ObjectKind::Mailbox, id, Change::Updated);
            }
        }
        Ok(())
    }
}

fn moved(row: CountsRow, delta: &super::txn::Delta) -> CountsRow {
    let [planned, summary, whole, unseen, missing_bytes, listed] = *delta;
    CountsRow {
        planned: row.planned.saturating_add_signed(planned),
        summary: row.summary.saturating_add_signed(summary),
        whole: row.whole.saturating_add_signed(whole),
        unseen: row.unseen.saturating_add_signed(unseen),
        missing_bytes: row.missing_bytes.saturating_add_signed(missing_bytes),
        listed: row.listed.saturating_add_signed(listed),
    }
}
