//! Which messages belong together.
//!
//! The newest message of a conversation is usually stored first, so a message registers the ids it
//! refers to as well as its own: what arrives later finds the thread by either.

use super::limits::THREAD_IDS;
use super::source::{NEXT, Order, Snapshot, Source};
use super::tables::{Key, Parts, Table};
use super::{StoreError, Txn};
use chapar_engine::id::{AccountId, MessageId, ThreadId};

fn by_id(account: AccountId, message_id: &str) -> Key {
    Key::of(account.0).u8(0).text(message_id)
}

fn by_subject(account: AccountId, subject: &str) -> Key {
    Key::of(account.0).u8(1).text(subject)
}

impl Snapshot {
    /// Messages of a thread, oldest first.
    pub fn thread(&self, id: ThreadId) -> Result<Vec<MessageId>, StoreError> {
        self.guarded(|it| {
            let mut messages = Vec::new();
            it.scan_prefix(Table::Threads, &Key::of(id.0), Order::Up, &mut |key, _| {
                let mut parts = Parts(key);
                messages.extend(parts.skip(16).and_then(|()| parts.u64()).map(MessageId));
                NEXT
            })?;
            Ok(messages)
        })
    }
}

impl Txn<'_> {
    fn thread_under(&self, key: &Key) -> Result<Option<ThreadId>, StoreError> {
        let value = self.get(Table::ThreadKeys, key.bytes())?;
        Ok(value.and_then(|bytes| Parts(&bytes).u64()).map(ThreadId))
    }

    fn register(&mut self, key: &Key, thread: ThreadId) -> Result<(), StoreError> {
        if self.has(Table::ThreadKeys, key)? {
            return Ok(());
        }
        self.set(Table::ThreadKeys, key, &thread.0.to_be_bytes())
    }

    /// Finds or makes the thread of a message from its ids and subject (`chapar_engine::thread`):
    /// the thread under which its own Message-ID is known already, else that of any id in
    /// `related`, else that of a message with the same base subject `subject_key` (only when
    /// given), else a fresh one; merges are not made. Registers `message_id` and `related` (which
    /// may belong to no stored message yet), so that order of arrival does not matter.
    pub fn assign_thread(
        &mut self,
        account: AccountId,
        message_id: Option<&str>,
        related: &[String],
        subject_key: Option<&str>,
    ) -> Result<ThreadId, StoreError> {
        let related = related.iter().map(String::as_str).rev().take(THREAD_IDS);
        let mut keys: Vec<Key> =
            message_id.into_iter().chain(related).map(|id| by_id(account, id)).collect();
        keys.extend(subject_key.map(|subject| by_subject(account, subject)));
        let mut found = None;
        for key in &keys {
            found = self.thread_under(key)?;
            if found.is_some() {
                break;
            }
        }
        let thread = match found {
            Some(thread) => thread,
            None => ThreadId(self.draw("thread")?),
        };
        for key in &keys {
            self.register(key, thread)?;
        }
        Ok(thread)
    }
}
