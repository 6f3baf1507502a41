//! What must survive: accounts, mailboxes, messages, submissions, journal. The only module that
//! names redb, and the only owner of the files in the state directory.
//!
//! Must never call out: no network, no clock (time comes with each write), no waiting for a task.
//! Events are appended in the same transaction as the change that they tell.

use chapar_engine::account::Account;
use chapar_engine::event::{Event, EventKind, ObjectKind};
use chapar_engine::id::{
    AccountId, BlobId, IdentityId, MailboxId, MessageId, Seq, SubmissionId, ThreadId,
};
use chapar_engine::mailbox::Mailbox;
use chapar_engine::message::{Message, Stage};
use chapar_engine::submission::Submission;
use chapar_engine::time::Wall;
use tokio::sync::watch;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    #[error(
        "the database {path} belongs to a newer chapar (schema {found}, this one knows {known})"
    )]
    Newer { path: String, found: u32, known: u32 },
    #[error("{path} is not a chapar database")]
    Foreign { path: String },
    #[error("the disk is full while writing {path}")]
    DiskFull { path: String },
    #[error("{path} cannot be written: {reason}")]
    ReadOnly { path: String, reason: String },
    #[error("{path} is damaged: {reason}")]
    Damaged { path: String, reason: String },
    #[error("another chapard has {path} open")]
    Busy { path: String },
    #[error("no such {0}")]
    Missing(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("reading or writing {path}: {reason}")]
    Io { path: String, reason: String },
}

/// The open store; cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: std::sync::Arc<()>,
}

/// A From address (RFC 8621 §6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 8621 §6 names")]
pub struct Identity {
    pub id: IdentityId,
    pub account: AccountId,
    pub name: Option<String>,
    pub email: String,
    pub text_signature: String,
    pub html_signature: String,
}

/// Which messages to list. Absent = any.
#[derive(Clone, Debug, Default)]
#[expect(
    missing_docs,
    reason = "RFC 8621 §4.4.1 words; text filters are case-insensitive substrings"
)]
pub struct MessageFilter {
    pub account: Option<AccountId>,
    pub mailbox: Option<MailboxId>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub subject: Option<String>,
    /// Any of from, to, subject, preview.
    pub text: Option<String>,
    pub after: Option<Wall>,
    pub before: Option<Wall>,
    pub has_flag: Option<String>,
    pub not_flag: Option<String>,
    pub message_id: Option<String>,
}

/// Counts for one mailbox or account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts of mirrored messages by stage")]
pub struct Counts {
    pub planned: u64,
    pub summary: u64,
    pub whole: u64,
    pub unseen: u64,
    /// Planned + summary + whole bytes still to be fetched under the size policy.
    pub missing_bytes: u64,
}

/// One change for `/changes` (RFC 8620 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "what happened to the object")]
pub enum Change {
    Created,
    Updated,
    Destroyed,
}

impl Store {
    /// Opens or creates the store in `dir` (made 0700). Truncates the last pack to what the
    /// database knows. Runs migrations.
    pub fn open(dir: &std::path::Path, now: Wall) -> Result<Self, StoreError> {
        let _ = (dir, now);
        todo!()
    }
    /// Opens it on simulated files: the database on `backend`, packs by `packs`; writes run inline
    /// on the caller (no thread), for deterministic worlds.
    // pub fn open_on(disk: Arc<dyn Disk>, now: Wall) -> Result<Self, StoreError>
    /// This store's own id: 4–8 characters of base32, made at creation. Part of every cursor.
    pub fn instance(&self) -> String {
        todo!()
    }
    /// A consistent view.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        let _ = &self.inner;
        todo!()
    }
    /// Runs `change` in a write transaction; durable when this returns `Ok`. Several waiting
    /// changes share one commit; one that fails is undone alone. `now` stamps its events.
    pub async fn write<T: Send + 'static>(
        &self,
        now: Wall,
        change: impl FnMut(&mut Txn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _ = (now, change);
        todo!()
    }
    /// The newest journal place; changes after each commit that appended.
    pub fn head(&self) -> watch::Receiver<Seq> {
        todo!()
    }
    /// The bytes of a blob, checked against its hash.
    pub async fn blob(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        let _ = id;
        todo!()
    }
    /// Bytes on disk (database, packs).
    pub fn disk_bytes(&self) -> u64 {
        todo!()
    }
    /// Rewrites packs that are more than half dead; returns bytes given back.
    pub async fn collect(&self) -> Result<u64, StoreError> {
        todo!()
    }
    /// Flushes and closes; later calls fail.
    pub async fn close(&self) {
        todo!()
    }
}

/// A consistent read view.
pub struct Snapshot {}

impl Snapshot {
    /// All accounts by id.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        todo!()
    }
    /// One account.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let _ = id;
        todo!()
    }
    /// Identities of an account, or all.
    pub fn identities(&self, account: Option<AccountId>) -> Result<Vec<Identity>, StoreError> {
        let _ = account;
        todo!()
    }
    /// Mailboxes of an account by id.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
        let _ = account;
        todo!()
    }
    /// One mailbox.
    pub fn mailbox(&self, id: MailboxId) -> Result<Option<Mailbox>, StoreError> {
        let _ = id;
        todo!()
    }
    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let _ = id;
        todo!()
    }
    /// Messages of a mailbox as (uid, id, stage, flags, size), by uid; for sync.
    pub fn uids(&self, mailbox: MailboxId) -> Result<Vec<UidRow>, StoreError> {
        let _ = mailbox;
        todo!()
    }
    /// Up to `limit` rows of the mailbox at `stage`, newest (received_at, uid) first, with size ≤ `max_size`.
    pub fn next_at_stage(
        &self,
        mailbox: MailboxId,
        stage: Stage,
        max_size: u32,
        limit: usize,
    ) -> Result<Vec<UidRow>, StoreError> {
        let _ = (mailbox, stage, max_size, limit);
        todo!()
    }
    /// Counts of one mailbox, O(1).
    pub fn counts(&self, mailbox: MailboxId) -> Result<Counts, StoreError> {
        let _ = mailbox;
        todo!()
    }
    /// Message ids matching, newest first; (ids of the page, total matching, read no more than `scan_limit` rows).
    pub fn query(
        &self,
        filter: &MessageFilter,
        position: usize,
        limit: usize,
    ) -> Result<(Vec<MessageId>, u64), StoreError> {
        let _ = (filter, position, limit);
        todo!()
    }
    /// Messages of a thread, oldest first.
    pub fn thread(&self, id: ThreadId) -> Result<Vec<MessageId>, StoreError> {
        let _ = id;
        todo!()
    }
    /// Messages of the account with this Message-ID.
    pub fn by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Vec<MessageId>, StoreError> {
        let _ = (account, message_id);
        todo!()
    }
    /// One submission.
    pub fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        let _ = id;
        todo!()
    }
    /// Submissions, newest first; final ones older than the retention are gone.
    pub fn submissions(&self, account: Option<AccountId>) -> Result<Vec<Submission>, StoreError> {
        let _ = account;
        todo!()
    }
    /// Submissions of the account that are not final (or whose filing is not).
    pub fn open_submissions(&self, account: AccountId) -> Result<Vec<Submission>, StoreError> {
        let _ = account;
        todo!()
    }
    /// The submission accepted under this idempotency key, with the fingerprint of its request.
    pub fn by_key(&self, key: &str) -> Result<Option<(SubmissionId, [u8; 32])>, StoreError> {
        let _ = key;
        todo!()
    }
    /// Events after `since`, at most `limit`; `Err(Missing("event"))` when `since` is older than what is kept.
    pub fn events(&self, since: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        let _ = (since, limit);
        todo!()
    }
    /// Oldest and newest kept place.
    pub fn journal_range(&self) -> Result<(Seq, Seq), StoreError> {
        todo!()
    }
    /// The state of a type: place of its last change (RFC 8620 §5.1).
    pub fn state(&self, account: AccountId, kind: ObjectKind) -> Result<Seq, StoreError> {
        let _ = (account, kind);
        todo!()
    }
    /// Changes of a type after `since`, oldest first, one entry an object (folded), at most `limit`; second = the state they lead to, third = more.
    pub fn changes(
        &self,
        account: AccountId,
        kind: ObjectKind,
        since: Seq,
        limit: usize,
    ) -> Result<(Vec<(u64, Change)>, Seq, bool), StoreError> {
        let _ = (account, kind, since, limit);
        todo!()
    }
}

/// One row of a mailbox for sync.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of Message that sync needs")]
pub struct UidRow {
    pub uid: u32,
    pub id: MessageId,
    pub stage: Stage,
    pub size: u32,
    pub received_at: Wall,
    pub flags: chapar_engine::flags::Flags,
}

/// A write transaction; also reads, seeing its own writes.
pub struct Txn<'t> {
    marker: std::marker::PhantomData<&'t ()>,
}

impl Txn<'_> {
    /// Time of this write.
    pub fn now(&self) -> Wall {
        let _ = self.marker;
        todo!()
    }
    /// Draws fresh ids.
    pub fn new_account_id(&mut self) -> Result<AccountId, StoreError> {
        todo!()
    }
    /// Draws a fresh id.
    pub fn new_identity_id(&mut self) -> Result<IdentityId, StoreError> {
        todo!()
    }
    /// Draws a fresh id.
    pub fn new_mailbox_id(&mut self) -> Result<MailboxId, StoreError> {
        todo!()
    }
    /// Draws a fresh id.
    pub fn new_message_id(&mut self) -> Result<MessageId, StoreError> {
        todo!()
    }
    /// Draws a fresh id.
    pub fn new_submission_id(&mut self) -> Result<SubmissionId, StoreError> {
        todo!()
    }
    /// Inserts or replaces; counts the change.
    pub fn put_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let _ = account;
        todo!()
    }
    /// One account, seen inside the transaction.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let _ = id;
        todo!()
    }
    /// All accounts.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        todo!()
    }
    /// Deletes it with identities, mailboxes, messages, submissions and blob references.
    pub fn delete_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        let _ = id;
        todo!()
    }
    /// Inserts or replaces.
    pub fn put_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        let _ = identity;
        todo!()
    }
    /// Inserts or replaces.
    pub fn put_mailbox(&mut self, mailbox: &Mailbox) -> Result<(), StoreError> {
        let _ = mailbox;
        todo!()
    }
    /// One mailbox.
    pub fn mailbox(&self, id: MailboxId) -> Result<Option<Mailbox>, StoreError> {
        let _ = id;
        todo!()
    }
    /// Mailboxes of an account.
    pub fn mailboxes(&self, account: AccountId) -> Result<Vec<Mailbox>, StoreError> {
        let _ = account;
        todo!()
    }
    /// Deletes it with its messages.
    pub fn delete_mailbox(&mut self, id: MailboxId) -> Result<(), StoreError> {
        let _ = id;
        todo!()
    }
    /// Inserts or replaces; keeps every index, count and blob reference right.
    pub fn put_message(&mut self, message: &Message) -> Result<(), StoreError> {
        let _ = message;
        todo!()
    }
    /// One message.
    pub fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let _ = id;
        todo!()
    }
    /// The message with this UID in this mailbox.
    pub fn message_at(&self, mailbox: MailboxId, uid: u32) -> Result<Option<Message>, StoreError> {
        let _ = (mailbox, uid);
        todo!()
    }
    /// Messages of the account with this Message-ID.
    pub fn by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Vec<MessageId>, StoreError> {
        let _ = (account, message_id);
        todo!()
    }
    /// Deletes it; drops its blob reference.
    pub fn delete_message(&mut self, id: MessageId) -> Result<(), StoreError> {
        let _ = id;
        todo!()
    }
    /// Finds or makes the thread of a message from its ids and subject (chapar_engine::thread):
    /// looks up the thread of any message of the account whose Message-ID is in `related`, else a
    /// message with the same base subject `subject_key` (only when given), else a fresh thread;
    /// merges are not made. Registers `message_id` (may belong to no stored message yet).
    pub fn assign_thread(
        &mut self,
        account: AccountId,
        message_id: Option<&str>,
        related: &[String],
        subject_key: Option<&str>,
    ) -> Result<ThreadId, StoreError> {
        let _ = (account, message_id, related, subject_key);
        todo!()
    }
    /// Stores bytes; equal bytes are stored once. Referred to by put_message/put_submission.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let _ = bytes;
        todo!()
    }
    /// Inserts or replaces.
    pub fn put_submission(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let _ = submission;
        todo!()
    }
    /// One submission.
    pub fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        let _ = id;
        todo!()
    }
    /// The submission with this Message-ID in the account.
    pub fn submission_by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Option<SubmissionId>, StoreError> {
        let _ = (account, message_id);
        todo!()
    }
    /// Remembers an idempotency key with the fingerprint of its request.
    pub fn put_key(
        &mut self,
        key: &str,
        submission: SubmissionId,
        fingerprint: [u8; 32],
    ) -> Result<(), StoreError> {
        let _ = (key, submission, fingerprint);
        todo!()
    }
    /// Looks an idempotency key up.
    pub fn by_key(&self, key: &str) -> Result<Option<(SubmissionId, [u8; 32])>, StoreError> {
        let _ = key;
        todo!()
    }
    /// Appends to the journal; returns its place.
    pub fn append(
        &mut self,
        account: Option<AccountId>,
        kind: EventKind,
    ) -> Result<Seq, StoreError> {
        let _ = (account, kind);
        todo!()
    }
}
