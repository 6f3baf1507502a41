//! Messages: one record each and the indexes that must always agree with it.

use super::codec::stage_number;
use super::source::{NEXT, Order, STOP, Snapshot, Source, lenient};
use super::tables::{Key, Parts, Scope, Table};
use super::txn::Delta;
use super::{Change, StoreError, Txn, UidRow};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, MailboxId, MessageId};
use chapar_engine::limits::WHOLE_BYTES;
use chapar_engine::message::{Message, Stage, Summary};

/// Whether a message is shown: its headers were read. Only shown messages are listed and counted
/// as changes of `Email`.
fn is_listed(message: &Message) -> bool {
    matches!(message.stage, Stage::Summary | Stage::Whole) || message.thread.is_some()
}

fn is_seen(message: &Message) -> bool {
    message.flags.iter().any(|flag| flag == "\\Seen")
}

/// What a message adds to the counts, in the order of [`super::codec::CountsRow`].
pub(super) fn weight(message: &Message) -> Delta {
    let is = |stage| i64::from(message.stage == stage);
    let listed = is_listed(message);
    let due = matches!(message.stage, Stage::Planned | Stage::Arriving | Stage::Summary);
    let missing = if due && message.size <= WHOLE_BYTES { i64::from(message.size) } else { 0 };
    [
        is(Stage::Planned) + is(Stage::Arriving),
        is(Stage::Summary),
        is(Stage::Whole),
        i64::from(listed && !is_seen(message)),
        missing,
        i64::from(listed),
    ]
}

pub(super) fn scopes(message: &Message) -> [Scope; 3] {
    [Scope::All, Scope::Account(message.account.0), Scope::Mailbox(message.mailbox.0)]
}

pub(super) fn uid_key(mailbox: MailboxId, uid: u32) -> Key {
    Key::of(mailbox.0).u32(uid)
}

pub(super) fn uid_row(message: &Message) -> UidRow {
    UidRow {
        uid: message.uid,
        id: message.id,
        stage: message.stage,
        size: message.size,
        received_at: message.received_at,
        flags: message.flags.clone(),
    }
}

fn stage_key(message: &Message) -> Key {
    Key::of(message.mailbox.0)
        .u8(stage_number(message.stage))
        .wall_down(message.received_at)
        .u32_down(message.uid)
}

/// Keys of the indexes a message is in, each with its value.
pub(super) fn index(message: &Message) -> Vec<(Table, Key, Vec<u8>)> {
    let id = message.id.0;
    let row = Key::default().u32(message.size).u64(id).bytes().to_vec();
    let mut keys = vec![(Table::Stages, stage_key(message), row)];
    if is_listed(message) {
        for scope in scopes(message) {
            let key = Key::scope(scope).wall_down(message.received_at).u64_down(id);
            keys.push((Table::Listing, key, Vec::new()));
        }
    }
    if let Some(message_id) = &message.summary.message_id {
        let key = Key::of(message.account.0).text(message_id).u64(id);
        keys.push((Table::MessageIds, key, Vec::new()));
    }
    if let Some(thread) = message.thread {
        let key = Key::of(thread.0).wall(message.received_at).u64(id);
        keys.push((Table::Threads, key, Vec::new()));
    }
    keys
}

/// Messages of the account with this Message-ID.
pub(super) fn by_message_id(
    source: &impl Source,
    account: AccountId,
    message_id: &str,
) -> Result<Vec<MessageId>, StoreError> {
    let mut found = Vec::new();
    let prefix = Key::of(account.0).text(message_id);
    source.scan_prefix(Table::MessageIds, &prefix, Order::Up, &mut |key, _| {
        let mut parts = Parts(key);
        found.extend(parts.skip(24).and_then(|()| parts.u64()).map(MessageId));
        NEXT
    })?;
    Ok(found)
}

/// One message; a damaged one is missing.
pub(super) fn message(source: &impl Source, id: MessageId) -> Result<Option<Message>, StoreError> {
    source.cached(Table::Messages, &Key::of(id.0))
}

impl Snapshot {
    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.guarded(|it| message(it, id))
    }

    /// Messages of a mailbox as (uid, id, stage, flags, size), by uid; for sync.
    pub fn uids(&self, mailbox: MailboxId) -> Result<Vec<UidRow>, StoreError> {
        self.guarded(|it| {
            let mut rows = Vec::new();
            it.scan_prefix(Table::Uids, &Key::of(mailbox.0), Order::Up, &mut |key, bytes| {
                rows.extend(lenient::<UidRow>(Table::Uids, key, bytes));
                NEXT
            })?;
            Ok(rows)
        })
    }

    /// Up to `limit` rows of the mailbox at `stage`, newest (`received_at`, `uid`) first, with
    /// size ≤ `max_size`, those left out that `rests` by their UID.
    pub fn next_at_stage(
        &self,
        mailbox: MailboxId,
        stage: Stage,
        max_size: u32,
        limit: usize,
        rests: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<UidRow>, StoreError> {
        self.guarded(|it| {
            let prefix = Key::of(mailbox.0).u8(stage_number(stage));
            let mut uids = Vec::new();
            it.scan_prefix(Table::Stages, &prefix, Order::Up, &mut |key, value| {
                if uids.len() >= limit {
                    return STOP;
                }
                let size = Parts(value).u32().unwrap_or(u32::MAX);
                let mut parts = Parts(key);
                let uid = parts.skip(17).and_then(|()| parts.u32()).map(|down| !down);
                uids.extend(uid.filter(|uid| size <= max_size && !rests(*uid)));
                NEXT
            })?;
            let mut rows = Vec::with_capacity(uids.len());
            for uid in uids {
                rows.extend(it.cached::<UidRow>(Table::Uids, &uid_key(mailbox, uid))?);
            }
            Ok(rows)
        })
    }

    /// Messages of the account with this Message-ID.
    pub fn by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Vec<MessageId>, StoreError> {
        self.guarded(|it| by_message_id(it, account, message_id))
    }
}

impl Txn<'_> {
    /// Inserts or replaces; keeps every index, count and blob reference right.
    pub fn put_message(&mut self, message: &Message) -> Result<(), StoreError> {
        let old = self.message(message.id)?;
        if old.as_ref() == Some(message) {
            return Ok(());
        }
        let holder = self.id_at(message.mailbox, message.uid)?;
        if holder.is_some_and(|holder| holder != message.id) {
            return Err(StoreError::Conflict(format!(
                "mailbox {} has another message at uid {}",
                message.mailbox.0, message.uid
            )));
        }
        if old.is_none() && holder.is_some() {
            self.unindex_damaged(message)?;
        }
        self.reindex(old.as_ref(), Some(message))?;
        self.put(Table::Messages, &Key::of(message.id.0), message)
    }

    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        message(self, id)
    }

    /// The message with this UID in this mailbox.
    pub fn message_at(&self, mailbox: MailboxId, uid: u32) -> Result<Option<Message>, StoreError> {
        match self.id_at(mailbox, uid)? {
            Some(id) => self.message(id),
            None => Ok(None),
        }
    }

    /// Messages of the account with this Message-ID.
    pub fn by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Vec<MessageId>, StoreError> {
        by_message_id(self, account, message_id)
    }

    /// Deletes it; drops its blob reference. Fine when it is gone.
    pub fn delete_message(&mut self, id: MessageId) -> Result<(), StoreError> {
        let key = Key::of(id.0);
        if let Some(old) = self.message(id)? {
            self.reindex(Some(&old), None)?;
            self.clear_trouble(old.account, old.mailbox, Some(old.uid))?;
        }
        self.remove(Table::Messages, key.bytes())
    }

    /// Moves a message from what it was to what it is, in every index.
    fn reindex(&mut self, old: Option<&Message>, new: Option<&Message>) -> Result<(), StoreError> {
        self.reindex_blob(old, new)?;
        let before = old.map(index).unwrap_or_default();
        let after = new.map(index).unwrap_or_default();
        let same = |a: &(Table, Key, Vec<u8>), b: &(Table, Key, Vec<u8>)| {
            a.0 == b.0 && a.1.bytes() == b.1.bytes() && a.2 == b.2
        };
        for entry in before.iter().filter(|entry| !after.iter().any(|it| same(entry, it))) {
            self.remove(entry.0, entry.1.bytes())?;
        }
        for entry in after.iter().filter(|entry| !before.iter().any(|it| same(entry, it))) {
            self.set(entry.0, &entry.1, &entry.2)?;
        }
        self.reindex_uid(old, new)?;
        self.recount(old, new);
        self.touch_message(old, new)
    }

    fn reindex_uid(
        &mut self,
        old: Option<&Message>,
        new: Option<&Message>,
    ) -> Result<(), StoreError> {
        let before = old.map(|old| (old.mailbox, old.uid));
        let after = new.map(|new| (new.mailbox, new.uid));
        if let Some((mailbox, uid)) = before.filter(|_| before != after) {
            self.remove(Table::Uids, uid_key(mailbox, uid).bytes())?;
        }
        if let Some(new) = new
            && (before != after || old.map(uid_row) != Some(uid_row(new)))
        {
            self.put(Table::Uids, &uid_key(new.mailbox, new.uid), &uid_row(new))?;
        }
        Ok(())
    }

    fn reindex_blob(
        &mut self,
        old: Option<&Message>,
        new: Option<&Message>,
    ) -> Result<(), StoreError> {
        let before = old.and_then(|old| old.blob);
        let after = new.and_then(|new| new.blob);
        if before == after {
            return Ok(());
        }
        if let Some(blob) = after {
            self.refer(blob)?;
        }
        before.map_or(Ok(()), |blob| self.release(blob))
    }

    fn recount(&mut self, old: Option<&Message>, new: Option<&Message>) {
        if let Some(old) = old {
            let minus = weight(old).map(|count| -count);
            for scope in scopes(old) {
                self.count(scope, &minus);
            }
        }
        if let Some(new) = new {
            let plus = weight(new);
            for scope in scopes(new) {
                self.count(scope, &plus);
            }
        }
    }

    fn touch_message(
        &mut self,
        old: Option<&Message>,
        new: Option<&Message>,
    ) -> Result<(), StoreError> {
        let before = old.filter(|old| is_listed(old));
        let after = new.filter(|new| is_listed(new));
        let change = match (before, after) {
            (None, None) => None,
            (None, Some(new)) => Some((new, Change::Created)),
            (Some(_), Some(new)) => Some((new, Change::Updated)),
            (Some(old), None) => Some((old, Change::Destroyed)),
        };
        if let Some((message, change)) = change {
            self.touch(message.account, ObjectKind::Email, message.id.0, change);
        }
        let left = old.and_then(|old| Some((old.account, old.thread?)));
        let joined = new.and_then(|new| Some((new.account, new.thread?)));
        if left == joined {
            return Ok(());
        }
        if let Some((account, thread)) = left {
            let alive = self.any(Table::Threads, &Key::of(thread.0))?;
            let change = if alive { Change::Updated } else { Change::Destroyed };
            self.touch(account, ObjectKind::Thread, thread.0, change);
        }
        if let Some((account, thread)) = joined {
            let mut members = 0;
            self.scan_prefix(Table::Threads, &Key::of(thread.0), Order::Up, &mut |_, _| {
                members += 1;
                if members < 2 { NEXT } else { STOP }
            })?;
            let change = if members < 2 { Change::Created } else { Change::Updated };
            self.touch(account, ObjectKind::Thread, thread.0, change);
        }
        Ok(())
    }

    /// Takes a message whose record is damaged out of the indexes its UID row tells of.
    fn unindex_damaged(&mut self, message: &Message) -> Result<(), StoreError> {
        let key = uid_key(message.mailbox, message.uid);
        let Some(row) = self.cached::<UidRow>(Table::Uids, &key)? else {
            return Ok(());
        };
        let old = Message {
            stage: row.stage,
            size: row.size,
            received_at: row.received_at,
            flags: row.flags,
            blob: None,
            thread: None,
            summary: Summary::default(),
            ..message.clone()
        };
        self.reindex(Some(&old), None)
    }
}
