//! Journal entries. Variants are only ever added at the end: their place is their number.

use super::Stored;
use super::message::{AddressRow, addresses_of, addresses_row};
use chapar_engine::event::{Event, EventKind, ObjectKind, Severity};
use chapar_engine::id::{AccountId, IdentityId, MailboxId, MessageId, Seq, SubmissionId, ThreadId};
use chapar_engine::time::Wall;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct EventRow {
    seq: u64,
    at: i64,
    account: Option<u64>,
    kind: KindRow,
}

#[derive(Serialize, Deserialize)]
enum KindRow {
    AccountAdded {
        name: String,
        email: String,
    },
    AccountConnected,
    AccountAuthExpired {
        detail: String,
    },
    AccountOffline {
        detail: String,
    },
    AccountUpdated,
    AccountRemoved {
        name: String,
        email: String,
    },
    SyncStarted {
        initial: bool,
        total: u64,
    },
    SyncProgress {
        done: u64,
        total: u64,
        mailbox: Option<u64>,
    },
    SyncCompleted {
        initial: bool,
        emails: u64,
        added: u64,
        removed: u64,
        flagged: u64,
    },
    SyncFailed {
        detail: String,
    },
    EmailReceived {
        email: u64,
        thread: u64,
        mailbox: u64,
        from: Vec<AddressRow>,
        subject: String,
        preview: String,
    },
    EmailSent {
        email: u64,
        thread: u64,
        submission: Option<u64>,
    },
    EmailReplied {
        email: u64,
        submission: u64,
    },
    SubmissionQueued {
        submission: u64,
    },
    SubmissionAccepted {
        submission: u64,
        reply: String,
    },
    SubmissionDeferred {
        submission: u64,
        reply: String,
        next: i64,
    },
    SubmissionFailed {
        submission: u64,
        reply: String,
    },
    SubmissionUnknown {
        submission: u64,
    },
    SubmissionCanceled {
        submission: u64,
    },
    IdentityUpdated {
        identity: u64,
    },
    StateChanged {
        types: Vec<u8>,
    },
    HealthChanged {
        code: String,
        severity: u8,
        title: String,
    },
    DaemonStopping {
        reason: String,
    },
}

/// Place in this list = number in records and keys.
const OBJECTS: [ObjectKind; 6] = [
    ObjectKind::Account,
    ObjectKind::Identity,
    ObjectKind::Mailbox,
    ObjectKind::Email,
    ObjectKind::Thread,
    ObjectKind::EmailSubmission,
];

/// Number of a kind of object.
pub(in crate::store) const fn object_number(kind: ObjectKind) -> u8 {
    match kind {
        ObjectKind::Account => 0,
        ObjectKind::Identity => 1,
        ObjectKind::Mailbox => 2,
        ObjectKind::Email => 3,
        ObjectKind::Thread => 4,
        ObjectKind::EmailSubmission => 5,
    }
}

const fn severity_number(severity: Severity) -> u8 {
    match severity {
        Severity::Ok => 0,
        Severity::Info => 1,
        Severity::Warning => 2,
        Severity::Error => 3,
    }
}

const fn severity_of(number: u8) -> Option<Severity> {
    Some(match number {
        0 => Severity::Ok,
        1 => Severity::Info,
        2 => Severity::Warning,
        3 => Severity::Error,
        _ => return None,
    })
}

impl KindRow {
    fn of(kind: EventKind) -> Self {
        match kind {
            EventKind::AccountAdded { name, email } => Self::AccountAdded { name, email },
            EventKind::AccountConnected => Self::AccountConnected,
            EventKind::AccountAuthExpired { detail } => Self::AccountAuthExpired { detail },
            EventKind::AccountOffline { detail } => Self::AccountOffline { detail },
            EventKind::AccountUpdated => Self::AccountUpdated,
            EventKind::AccountRemoved { name, email } => Self::AccountRemoved { name, email },
            EventKind::SyncStarted { initial, total } => Self::SyncStarted { initial, total },
            EventKind::SyncProgress { done, total, mailbox } => {
                Self::SyncProgress { done, total, mailbox: mailbox.map(|it| it.0) }
            }
            EventKind::SyncCompleted { initial, emails, added, removed, flagged } => {
                Self::SyncCompleted { initial, emails, added, removed, flagged }
            }
            EventKind::SyncFailed { detail } => Self::SyncFailed { detail },
            EventKind::EmailReceived { email, thread, mailbox, from, subject, preview } => {
                Self::EmailReceived {
                    email: email.0,
                    thread: thread.0,
                    mailbox: mailbox.0,
                    from: addresses_row(&from),
                    subject,
                    preview,
                }
            }
            EventKind::EmailSent { email, thread, submission } => Self::EmailSent {
                email: email.0,
                thread: thread.0,
                submission: submission.map(|it| it.0),
            },
            EventKind::EmailReplied { email, submission } => {
                Self::EmailReplied { email: email.0, submission: submission.0 }
            }
            EventKind::SubmissionQueued { submission } => {
                Self::SubmissionQueued { submission: submission.0 }
            }
            EventKind::SubmissionAccepted { submission, reply } => {
                Self::SubmissionAccepted { submission: submission.0, reply }
            }
            EventKind::SubmissionDeferred { submission, reply, next } => {
                Self::SubmissionDeferred { submission: submission.0, reply, next: next.0 }
            }
            EventKind::SubmissionFailed { submission, reply } => {
                Self::SubmissionFailed { submission: submission.0, reply }
            }
            EventKind::SubmissionUnknown { submission } => {
                Self::SubmissionUnknown { submission: submission.0 }
            }
            EventKind::SubmissionCanceled { submission } => {
                Self::SubmissionCanceled { submission: submission.0 }
            }
            EventKind::IdentityUpdated { identity } => {
                Self::IdentityUpdated { identity: identity.0 }
            }
            EventKind::StateChanged { types } => {
                Self::StateChanged { types: types.into_iter().map(object_number).collect() }
            }
            EventKind::HealthChanged { code, severity, title } => {
                Self::HealthChanged { code, severity: severity_number(severity), title }
            }
            EventKind::DaemonStopping { reason } => Self::DaemonStopping { reason },
        }
    }

    fn kind(self) -> Option<EventKind> {
        Some(match self {
            Self::AccountAdded { name, email } => EventKind::AccountAdded { name, email },
            Self::AccountConnected => EventKind::AccountConnected,
            Self::AccountAuthExpired { detail } => EventKind::AccountAuthExpired { detail },
            Self::AccountOffline { detail } => EventKind::AccountOffline { detail },
            Self::AccountUpdated => EventKind::AccountUpdated,
            Self::AccountRemoved { name, email } => EventKind::AccountRemoved { name, email },
            Self::SyncStarted { initial, total } => EventKind::SyncStarted { initial, total },
            Self::SyncProgress { done, total, mailbox } => {
                EventKind::SyncProgress { done, total, mailbox: mailbox.map(MailboxId) }
            }
            Self::SyncCompleted { initial, emails, added, removed, flagged } => {
                EventKind::SyncCompleted { initial, emails, added, removed, flagged }
            }
            Self::SyncFailed { detail } => EventKind::SyncFailed { detail },
            Self::EmailReceived { email, thread, mailbox, from, subject, preview } => {
                EventKind::EmailReceived {
                    email: MessageId(email),
                    thread: ThreadId(thread),
                    mailbox: MailboxId(mailbox),
                    from: addresses_of(from),
                    subject,
                    preview,
                }
            }
            Self::EmailSent { email, thread, submission } => EventKind::EmailSent {
                email: MessageId(email),
                thread: ThreadId(thread),
                submission: submission.map(SubmissionId),
            },
            Self::EmailReplied { email, submission } => EventKind::EmailReplied {
                email: MessageId(email),
                submission: SubmissionId(submission),
            },
            Self::SubmissionQueued { submission } => {
                EventKind::SubmissionQueued { submission: SubmissionId(submission) }
            }
            Self::SubmissionAccepted { submission, reply } => {
                EventKind::SubmissionAccepted { submission: SubmissionId(submission), reply }
            }
            Self::SubmissionDeferred { submission, reply, next } => EventKind::SubmissionDeferred {
                submission: SubmissionId(submission),
                reply,
                next: Wall(next),
            },
            Self::SubmissionFailed { submission, reply } => {
                EventKind::SubmissionFailed { submission: SubmissionId(submission), reply }
            }
            Self::SubmissionUnknown { submission } => {
                EventKind::SubmissionUnknown { submission: SubmissionId(submission) }
            }
            Self::SubmissionCanceled { submission } => {
                EventKind::SubmissionCanceled { submission: SubmissionId(submission) }
            }
            Self::IdentityUpdated { identity } => {
                EventKind::IdentityUpdated { identity: IdentityId(identity) }
            }
            Self::StateChanged { types } => EventKind::StateChanged {
                types: types
                    .into_iter()
                    .map(|number| OBJECTS.get(usize::from(number)).copied())
                    .collect::<Option<_>>()?,
            },
            Self::HealthChanged { code, severity, title } => {
                EventKind::HealthChanged { code, severity: severity_of(severity)?, title }
            }
            Self::DaemonStopping { reason } => EventKind::DaemonStopping { reason },
        })
    }
}

impl Stored for Event {
    type Row = EventRow;

    fn to_row(&self) -> EventRow {
        EventRow {
            seq: self.seq.0,
            at: self.at.0,
            account: self.account.map(|it| it.0),
            kind: KindRow::of(self.kind.clone()),
        }
    }

    fn from_row(row: EventRow) -> Option<Self> {
        Some(Self {
            seq: Seq(row.seq),
            at: Wall(row.at),
            account: row.account.map(AccountId),
            kind: row.kind.kind()?,
        })
    }
}
