//! What must survive: accounts, mailboxes, messages, submissions, journal. The only module that
//! names redb, and the only owner of the files in the state directory.
//!
//! Must never call out: no network, no clock (time comes with each write), no waiting for a task.
//! Events are appended in the same transaction as the change that they tell.

mod accounts;
mod backend;
mod blobs;
mod changes;
mod codec;
mod copy;
mod custody;
mod disk;
mod error;
mod health;
mod journal;
mod limits;
mod lost;
mod mailboxes;
mod messages;
mod migrate;
mod open;
mod pack;
mod packing;
mod query;
mod restore;
mod salvage;
mod scrub;
mod source;
mod stream;
mod submissions;
mod tables;
mod threads;
mod txn;
mod upkeep;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use changes::ChangePage;
pub use disk::{Directory, Disk, PackFile};
pub use packing::{Packed, Packing};
pub use query::{Found, Search};
pub use source::Snapshot;
pub use stream::BlobStream;
pub use submissions::OutboxCounts;
pub use txn::Txn;
pub use upkeep::Troubles;

use crate::readers::Pulse;
use chapar_engine::account::Account;
use chapar_engine::address::Address;
use chapar_engine::id::{AccountId, BlobId, IdentityId, MailboxId, MessageId, Seq};
use chapar_engine::message::Stage;
use chapar_engine::time::Wall;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};
use writer::{Job, Shared, Waiting, Writer};

/// Why the store could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    #[error(
        "the database {path} belongs to a newer chapar (format {found}, this one knows {known}): run that one, or move the database away"
    )]
    Newer { path: String, found: u32, known: u32 },
    #[error("{path} is not a chapar database: move it away, or point XDG_STATE_HOME elsewhere")]
    Foreign { path: String },
    #[error("the disk is full while writing {path}: free some space, nothing is lost meanwhile")]
    DiskFull { path: String },
    #[error(
        "{path} cannot be written: {reason}; make it writable for you, or point XDG_STATE_HOME elsewhere"
    )]
    ReadOnly { path: String, reason: String },
    #[error("{path} is damaged: {reason}; restore a backup, or move it away and connect again")]
    Damaged { path: String, reason: String },
    #[error("another chapard has {path} open")]
    Busy { path: String },
    #[error("no such {0}")]
    Missing(&'static str),
    #[error("{0}")]
    Conflict(String),
    #[error("reading or writing {path}: {reason}")]
    Io { path: String, reason: String },
    #[error("the stored bytes of this mail were damaged; they are fetched again, ask in a moment")]
    Lost,
    #[error("chapard is stopping; nothing that it had accepted is lost, ask again once it runs")]
    Stopping,
}

/// The open store; cheap to clone. The last handle to go waits for the writer.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    hand: Hand,
}

/// Who runs the writer.
enum Hand {
    /// A thread of its own.
    Thread { orders: Option<mpsc::Sender<Order>>, thread: Option<JoinHandle<()>> },
    /// Whoever calls.
    Inline(Mutex<Writer>),
}

/// What the writer thread is asked to do.
enum Order {
    Change(Box<dyn Job>),
    Collect(Wall, oneshot::Sender<Result<u64, StoreError>>),
    Scrub(oneshot::Sender<Result<(), StoreError>>),
    Heal(oneshot::Sender<Result<(), StoreError>>),
    Mend(oneshot::Sender<Result<usize, StoreError>>),
    Lose(BlobId, oneshot::Sender<Result<bool, StoreError>>),
    Close(oneshot::Sender<()>),
}

/// What was made anew out of the copy, because the database was damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts")]
pub struct Restored {
    /// What was wrong.
    pub why: String,
    pub accounts: usize,
    pub identities: usize,
    pub submissions: usize,
    pub mails: usize,
    /// Mailboxes of which rows were lost, so that the server is asked again what is in them.
    pub doubtful: usize,
    /// Whether everything is there again that was lost.
    pub is_over: bool,
    /// Whether nothing can be missing of what is counted here.
    pub is_complete: bool,
}

/// A From address (RFC 8621 §6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 8621 §6 names")]
pub struct Identity {
    pub id: IdentityId,
    pub account: AccountId,
    pub name: Option<String>,
    pub email: String,
    pub reply_to: Vec<Address>,
    pub bcc: Vec<Address>,
    pub text_signature: String,
    pub html_signature: String,
}

impl Identity {
    /// The one that an account begins with: it says who writes, and nothing else.
    #[must_use]
    pub fn first(id: IdentityId, account: &Account, name: Option<String>) -> Self {
        Self {
            id,
            account: account.id,
            name,
            email: account.email.clone(),
            reply_to: Vec::new(),
            bcc: Vec::new(),
            text_signature: String::new(),
            html_signature: String::new(),
        }
    }
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
    /// Listed behind this place: of a message received then, with that id.
    pub older_than: Option<(Wall, MessageId)>,
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

impl Store {
    /// Opens or creates the store in `dir` (made 0700). Truncates the last pack to what the
    /// database knows. Runs migrations.
    pub fn open(dir: &std::path::Path, now: Wall) -> Result<Self, StoreError> {
        let wrap = |error| StoreError::of_io(&dir.display().to_string(), &error);
        let disk = Directory::open(dir).map_err(wrap)?;
        Self::open_on(Arc::new(disk), false, now)
    }

    /// Opens it on any disk. `inline`: writes run on the caller, without a thread and without
    /// randomness, for deterministic worlds.
    pub fn open_on(disk: Arc<dyn Disk>, inline: bool, now: Wall) -> Result<Self, StoreError> {
        Self::open_verifying(disk, inline, now, limits::VERIFY_BYTES)
    }

    /// The same, where every page is verified at once of a database of up to `verify_bytes`; a larger
    /// one is verified by [`Store::verify`].
    pub fn open_verifying(
        disk: Arc<dyn Disk>,
        inline: bool,
        now: Wall,
        verify_bytes: u64,
    ) -> Result<Self, StoreError> {
        let shared = Shared::new(disk, verify_bytes);
        let writer = Writer::open(Arc::clone(&shared), now, seed(&shared.path, inline, now)?)?;
        let hand = if inline {
            Hand::Inline(Mutex::new(writer))
        } else {
            let (orders, waiting) = mpsc::channel(limits::WAITING_CHANGES);
            let thread = std::thread::Builder::new()
                .name("store-writer".into())
                .spawn(move || obey(writer, waiting))
                .map_err(|error| StoreError::of_io(&shared.path, &error))?;
            Hand::Thread { orders: Some(orders), thread: Some(thread) }
        };
        Ok(Self { inner: Arc::new(Inner { shared, hand }) })
    }

    /// This store's own id: 6 characters of base32, made at creation. Part of every cursor.
    #[must_use]
    pub fn instance(&self) -> String {
        self.inner.shared.birth.get().map(|birth| birth.instance.clone()).unwrap_or_default()
    }

    /// A consistent view.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        self.inner.shared.read()
    }

    /// Runs `change` in a write transaction; durable when this returns `Ok`. Several waiting
    /// changes share one commit; one that fails is undone alone: `change` may be run a second time
    /// then, so it must not keep anything from its first run. `now` stamps its events. An error of
    /// a file says that it is not known whether the change stands, never that it half stands. When
    /// the returned future is dropped the change may still be done.
    pub async fn write<T: Send + 'static>(
        &self,
        now: Wall,
        change: impl FnMut(&mut Txn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Waiting { now, change, value: None, reply });
        match &self.inner.hand {
            Hand::Inline(writer) => locked(writer).group(job, &mut || None),
            Hand::Thread { .. } => self.order(Order::Change(job)).await?,
        }
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// How the writer gets on.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.inner.shared.work.pulse()
    }

    /// Whether whoever calls does the work: a deterministic world without threads.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        matches!(self.inner.hand, Hand::Inline(_))
    }

    /// The newest journal place; changes after each commit that appended.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Seq> {
        self.inner.shared.head.subscribe()
    }

    /// The bytes of a blob, checked against its hash. Bytes that are proven to be others are taken as
    /// lost at once: a mail is fetched again, frozen bytes come from the copy.
    pub async fn blob(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        let damaged = match self.read_blob(id).await {
            Err(damaged @ StoreError::Damaged { .. }) => damaged,
            read => return read,
        };
        tracing::error!(error = %damaged, "a stored mail is damaged");
        if !self.lose(id).await? {
            return Err(damaged);
        }
        match self.read_blob(id).await {
            Err(StoreError::Missing(_)) => Err(StoreError::Lost),
            read => read,
        }
    }

    async fn lose(&self, id: BlobId) -> Result<bool, StoreError> {
        if let Hand::Inline(writer) = &self.inner.hand {
            return locked(writer).lose(id);
        }
        let (reply, answer) = oneshot::channel();
        self.order(Order::Lose(id, reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Takes as lost what is missing of the packs, so that it is fetched again; how many blobs.
    pub async fn mend(&self) -> Result<usize, StoreError> {
        if let Hand::Inline(writer) = &self.inner.hand {
            return locked(writer).mend();
        }
        let (reply, answer) = oneshot::channel();
        self.order(Order::Mend(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    async fn read_blob(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        let shared = Arc::clone(&self.inner.shared);
        if matches!(self.inner.hand, Hand::Inline(_)) {
            return blobs::read(&shared, id);
        }
        let read = tokio::task::spawn_blocking(move || blobs::read(&shared, id));
        read.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Bytes on disk (database, packs); 0 when that cannot be told.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.inner.shared.disk.bytes().unwrap_or_default()
    }

    /// Rewrites packs that are more than half dead; returns bytes given back. Blobs that nothing
    /// refers to are dropped from the packs that are rewritten. `now` is noted as the time of it.
    pub async fn collect(&self, now: Wall) -> Result<u64, StoreError> {
        if let Hand::Inline(writer) = &self.inner.hand {
            return locked(writer).collect(now);
        }
        let (reply, answer) = oneshot::channel();
        self.order(Order::Collect(now, reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Overwrites what an account left behind when it was deleted: dead bytes of packs and free
    /// pages of the database, which hold what was in them until they are used again. Without such
    /// an account it does nothing.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        if let Hand::Inline(writer) = &self.inner.hand {
            return locked(writer).scrub();
        }
        let (reply, answer) = oneshot::channel();
        self.order(Order::Scrub(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// What is wrong with the files at present, `None` while nothing is; changes with each failure
    /// that a read or a write met and with each end of one.
    #[must_use]
    pub fn trouble(&self) -> watch::Receiver<Option<StoreError>> {
        self.inner.shared.trouble.watch()
    }

    /// What was made anew because the database was damaged, since this process started.
    #[must_use]
    pub fn restored(&self) -> Option<Restored> {
        self.inner.shared.restored.borrow().clone()
    }

    /// Looks whether the packs lie where they are looked for; what is missing is noted as trouble.
    pub fn look(&self) -> Result<(), StoreError> {
        lost::look(&self.inner.shared)
    }

    /// Whether a damaged database is kept beside the one that was made from it.
    #[must_use]
    pub fn keeps_damaged(&self) -> bool {
        self.inner.shared.disk.has_aside()
    }

    /// Deletes the damaged database, because what it held is there again, and says so.
    pub async fn forget_damaged(&self, now: Wall) -> Result<(), StoreError> {
        let shared = &self.inner.shared;
        shared.disk.remove_aside().map_err(|error| StoreError::of_io(&shared.path, &error))?;
        shared.restored.send_modify(|restored| {
            if let Some(restored) = restored {
                restored.is_over = true;
            }
        });
        self.write(now, restore::tell_whole).await
    }

    /// Verifies the whole database beside all other work. A contradiction is noted as trouble, and
    /// healing that trouble makes the database anew.
    pub async fn verify(&self) -> Result<(), StoreError> {
        let view = self.read()?;
        if matches!(self.inner.hand, Hand::Inline(_)) {
            return view.verify();
        }
        let verified = tokio::task::spawn_blocking(move || view.verify());
        verified.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Tries to end the present trouble: opens the files again and proves that they work. Without
    /// trouble it does nothing.
    pub async fn heal(&self) -> Result<(), StoreError> {
        if let Hand::Inline(writer) = &self.inner.hand {
            return locked(writer).heal();
        }
        let (reply, answer) = oneshot::channel();
        self.order(Order::Heal(reply)).await?;
        answer.await.unwrap_or_else(|_| Err(self.closed()))
    }

    /// Finishes what is waiting and closes the files; later calls fail.
    pub async fn close(&self) {
        if let Hand::Inline(_) = &self.inner.hand {
            if let Hand::Inline(writer) = &self.inner.hand {
                locked(writer).close();
            }
            return;
        }
        let (reply, answer) = oneshot::channel();
        if self.order(Order::Close(reply)).await.is_ok() {
            // an error says that the writer is gone already
            drop(answer.await);
        }
    }

    async fn order(&self, order: Order) -> Result<(), StoreError> {
        let Hand::Thread { orders: Some(orders), .. } = &self.inner.hand else {
            return Err(self.closed());
        };
        orders.send(order).await.map_err(|_| self.closed())
    }

    fn closed(&self) -> StoreError {
        self.inner.shared.not_open()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Hand::Thread { orders, thread } = &mut self.hand {
            drop(orders.take());
            // a change may own the last handle: the writer cannot wait for itself
            if let Some(thread) = thread.take()
                && thread.thread().id() != std::thread::current().id()
            {
                drop(thread.join());
            }
        }
    }
}

fn locked(writer: &Mutex<Writer>) -> std::sync::MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The life of the writer thread.
fn obey(mut writer: Writer, mut waiting: mpsc::Receiver<Order>) {
    let mut held = None;
    while let Some(order) = held.take().or_else(|| waiting.blocking_recv()) {
        let _work = writer.shared.work.begin();
        match order {
            Order::Change(first) => writer.group(first, &mut || match waiting.try_recv().ok()? {
                Order::Change(job) if held.is_none() => Some(job),
                other => {
                    held = Some(other);
                    None
                }
            }),
            // the caller may have gone
            Order::Collect(now, reply) => drop(reply.send(writer.collect(now))),
            Order::Scrub(reply) => drop(reply.send(writer.scrub())),
            Order::Mend(reply) => drop(reply.send(writer.mend())),
            Order::Lose(id, reply) => drop(reply.send(writer.lose(id))),
            Order::Heal(reply) => drop(reply.send(writer.heal())),
            Order::Close(reply) => {
                writer.close();
                reply.send(()).unwrap_or(());
                return;
            }
        }
    }
    writer.close();
}

/// Sixteen bytes that name a new store.
fn seed(path: &str, inline: bool, now: Wall) -> Result<[u8; 16], StoreError> {
    let mut seed = [0; 16];
    if inline {
        blake3::Hasher::new().update(&now.0.to_be_bytes()).finalize_xof().fill(&mut seed);
        return Ok(seed);
    }
    getrandom::fill(&mut seed).map_err(|error| StoreError::Io {
        path: path.into(),
        reason: format!("no randomness: {error}"),
    })?;
    Ok(seed)
}
