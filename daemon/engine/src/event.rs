//! The user-visible happenings; the only things that may enter the journal.

use crate::address::Address;
use crate::id::{AccountId, IdentityId, MailboxId, MessageId, Seq, SubmissionId, ThreadId};
use crate::time::Wall;

/// One journal entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place; gap-free.
    pub seq: Seq,
    /// When it was recorded.
    pub at: Wall,
    /// The account it concerns, if one.
    pub account: Option<AccountId>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. Wire names are in `ipc.md` words: `AccountAdded` is `account.added`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "field names are the vocabulary; each variant says when")]
pub enum EventKind {
    /// An account was proved and saved.
    AccountAdded { name: String, email: String },
    /// Its push session stands (again).
    AccountConnected,
    /// The server refused the stored credential.
    AccountAuthExpired { detail: String },
    /// It cannot be reached at present.
    AccountOffline { detail: String },
    /// Name, settings or pause changed.
    AccountUpdated,
    /// It was removed from this machine.
    AccountRemoved { name: String, email: String },
    /// A sync with something to do began. `total` messages are planned.
    SyncStarted { initial: bool, total: u64 },
    /// Part of a first sync was stored.
    SyncProgress { done: u64, total: u64, mailbox: Option<MailboxId> },
    /// A sync ended with nothing left to do.
    SyncCompleted { initial: bool, emails: u64, added: u64, removed: u64, flagged: u64 },
    /// A sync could not go on.
    SyncFailed { detail: String },
    /// A message new to the server arrived (never for the backfill).
    EmailReceived {
        email: MessageId,
        thread: ThreadId,
        mailbox: MailboxId,
        from: Vec<Address>,
        subject: String,
        preview: String,
    },
    /// A message of ours appeared in the Sent mailbox.
    EmailSent { email: MessageId, thread: ThreadId, submission: Option<SubmissionId> },
    /// A received message answers one of our submissions.
    EmailReplied { email: MessageId, submission: SubmissionId },
    /// A submission is durable and will be sent.
    SubmissionQueued { submission: SubmissionId },
    /// Every recipient not refused was accepted by the server.
    SubmissionAccepted { submission: SubmissionId, reply: String },
    /// It will be tried again at `next`.
    SubmissionDeferred { submission: SubmissionId, reply: String, next: Wall },
    /// No recipient accepted it, finally.
    SubmissionFailed { submission: SubmissionId, reply: String },
    /// Whether it was sent is not known; it is being looked for.
    SubmissionUnknown { submission: SubmissionId },
    /// It was canceled before it was sent.
    SubmissionCanceled { submission: SubmissionId },
    /// An identity changed.
    IdentityUpdated { identity: IdentityId },
    /// Objects changed: one entry a changed type (RFC 8620 §7.1).
    StateChanged { types: Vec<ObjectKind> },
    /// A condition of the account began, changed or ended (`severity` ok).
    HealthChanged { code: String, severity: Severity, title: String },
    /// The daemon stops.
    DaemonStopping { reason: String },
}

/// The kinds of object whose changes are counted (RFC 8620 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the JMAP type names")]
pub enum ObjectKind {
    Account,
    Identity,
    Mailbox,
    Email,
    Thread,
    EmailSubmission,
}

/// How bad a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Over.
    Ok,
    /// Worth knowing.
    Info,
    /// Works, but not fully.
    Warning,
    /// Does not work.
    Error,
}
