//! Which messages belong together.
//!
//! The newest message of a conversation is usually stored first, so a message registers the ids it
//! refers to as well as its own: what arrives later finds the thread by either. A message that ties
//! two threads together makes one of them, whatever order they came in; the other id goes on to
//! name it.

use super::limits::{THREAD_IDS, THREAD_JOINED};
use super::source::{NEXT, Order, STOP, Snapshot, Source};
use super::tables::{Key, Parts, Table};
use super::{StoreError, Txn};
use chapar_engine::id::{AccountId, MessageId, ThreadId};
use chapar_engine::message::Message;
use chapar_engine::thread::{related, subject_key};

/// Joins in a row that an id is followed through; the smaller thread is always the one that moves,
/// so that more would need more messages than there can be.
const FOLLOWED: usize = 64;

fn by_id(account: AccountId, message_id: &str) -> Key {
    Key::of(account.0).u8(0).text(message_id)
}

fn by_subject(account: AccountId, subject: &str) -> Key {
    Key::of(account.0).u8(1).text(subject)
}

fn by_thread(account: AccountId, joined: ThreadId) -> Key {
    Key::of(account.0).u8(2).u64(joined.0)
}

/// The thread that a key leads to.
fn thread_under(source: &impl Source, key: &Key) -> Result<Option<ThreadId>, StoreError> {
    let value = source.get(Table::ThreadKeys, key.bytes())?;
    Ok(value.and_then(|bytes| Parts(&bytes).u64()).map(ThreadId))
}

/// The thread that `thread` is part of now.
fn present(
    source: &impl Source,
    account: AccountId,
    mut thread: ThreadId,
) -> Result<ThreadId, StoreError> {
    for _ in 0..FOLLOWED {
        match thread_under(source, &by_thread(account, thread))? {
            Some(next) => thread = next,
            None => break,
        }
    }
    Ok(thread)
}

/// Messages of a thread, oldest first, at most `limit`.
fn members(
    source: &impl Source,
    thread: ThreadId,
    limit: usize,
) -> Result<Vec<MessageId>, StoreError> {
    let mut messages = Vec::new();
    source.scan_prefix(Table::Threads, &Key::of(thread.0), Order::Up, &mut |key, _| {
        let mut parts = Parts(key);
        messages.extend(parts.skip(16).and_then(|()| parts.u64()).map(MessageId));
        if messages.len() < limit { NEXT } else { STOP }
    })?;
    Ok(messages)
}

impl Snapshot {
    /// Messages of a thread, oldest first; of the thread that it was joined to, where it was.
    pub fn thread(&self, id: ThreadId) -> Result<Vec<MessageId>, StoreError> {
        let found = self.guarded(|it| members(it, id, usize::MAX))?;
        if !found.is_empty() {
            return Ok(found);
        }
        // the id alone does not tell whose it is
        for account in self.accounts()? {
            let joined = self.guarded(|it| present(it, account.id, id))?;
            if joined != id {
                return self.guarded(|it| members(it, joined, usize::MAX));
            }
        }
        Ok(Vec::new())
    }
}

impl Txn<'_> {
    fn register(&mut self, key: &Key, thread: ThreadId) -> Result<(), StoreError> {
        if self.has(Table::ThreadKeys, key)? {
            return Ok(());
        }
        self.set(Table::ThreadKeys, key, &thread.0.to_be_bytes())
    }

    /// Finds or makes the thread of a message from its ids and subject (`chapar_engine::thread`):
    /// the one thread of its own Message-ID and of all ids in `related`, joined where they were
    /// several; else that of a message with the same base subject `subject_key` (only when given),
    /// else a fresh one. Registers `message_id` and `related` (which may belong to no stored message
    /// yet), so that order of arrival does not matter.
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
        let mut found = None;
        for key in &keys {
            let Some(thread) = thread_under(self, key)? else { continue };
            let thread = present(self, account, thread)?;
            found = Some(match found {
                Some(other) => self.join(account, other, thread)?,
                None => thread,
            });
        }
        let subject = subject_key.map(|subject| by_subject(account, subject));
        if let (None, Some(key)) = (found, &subject)
            && let Some(thread) = thread_under(self, key)?
        {
            found = Some(present(self, account, thread)?);
        }
        let thread = match found {
            Some(thread) => thread,
            None => ThreadId(self.draw("thread")?),
        };
        keys.extend(subject);
        for key in &keys {
            self.register(key, thread)?;
        }
        Ok(thread)
    }

    /// Registers the keys of a message of which the thread is known.
    pub(super) fn adopt(&mut self, message: &Message) -> Result<(), StoreError> {
        let Some(thread) = message.thread else { return Ok(()) };
        let (account, summary) = (message.account, &message.summary);
        let related = related(summary);
        let related = related.iter().map(String::as_str).rev().take(THREAD_IDS);
        let ids = summary.message_id.as_deref().into_iter().chain(related);
        let mut keys: Vec<Key> = ids.map(|id| by_id(account, id)).collect();
        keys.extend(subject_key(summary).map(|subject| by_subject(account, &subject)));
        keys.iter().try_for_each(|key| self.register(key, thread))
    }

    /// Makes one thread of two: the messages of the smaller one move to the other, whose id is
    /// returned. Two that are both larger than any conversation stay apart.
    fn join(
        &mut self,
        account: AccountId,
        one: ThreadId,
        two: ThreadId,
    ) -> Result<ThreadId, StoreError> {
        if one == two {
            return Ok(one);
        }
        let (first, second) =
            (members(self, one, THREAD_JOINED)?, members(self, two, THREAD_JOINED)?);
        if first.len().min(second.len()) >= THREAD_JOINED {
            return Ok(one);
        }
        let into_one = (first.len(), two.0) > (second.len(), one.0);
        let (from, into, moving) = if into_one { (two, one, second) } else { (one, two, first) };
        for id in moving {
            if let Some(mut message) = self.message(id)? {
                message.thread = Some(into);
                self.put_message(&message)?;
            }
        }
        self.set(Table::ThreadKeys, &by_thread(account, from), &into.0.to_be_bytes())?;
        Ok(into)
    }
}
