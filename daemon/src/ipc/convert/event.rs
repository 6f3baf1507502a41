//! Entries of the journal.

use super::account::severity;
use super::id::type_name;
use super::{
    account_id, address, cursor, date, email_id, identity_id, mailbox_id, state, submission_id,
    thread_id,
};
use crate::ipc::fault;
use chapar_engine::event::{Event, EventKind, Severity};
use chapar_engine::id::{AccountId, Seq, SubmissionId};
use chapar_ipc_protocol as wire;
use std::collections::BTreeMap;
use wire::event::EventData;

/// A journal entry on the wire, without its subscription.
pub(in crate::ipc) fn event(instance: &str, event: Event) -> wire::event::Event {
    wire::event::Event {
        subscription: None,
        cursor: cursor(instance, event.seq),
        at: date(event.at),
        account_id: event.account.map(account_id),
        data: event_data(event.seq, event.account, event.kind),
        truncated: None,
    }
}

fn event_data(seq: Seq, account: Option<AccountId>, kind: EventKind) -> EventData {
    use wire::event as e;
    let plain = e::Plain {};
    match kind {
        EventKind::AccountAdded { name, email } => {
            EventData::AccountAdded(e::AccountNamed { name, email })
        }
        EventKind::AccountConnected => EventData::AccountConnected(plain),
        EventKind::AccountAuthExpired { detail } => {
            EventData::AccountAuthExpired(e::Detail { detail })
        }
        EventKind::AccountOffline { detail } => EventData::AccountOffline(e::Detail { detail }),
        EventKind::AccountUpdated => EventData::AccountUpdated(plain),
        EventKind::AccountRemoved { name, email } => {
            EventData::AccountRemoved(e::AccountNamed { name, email })
        }
        EventKind::SyncStarted { initial, total } => {
            EventData::SyncStarted(e::SyncStarted { initial, total })
        }
        EventKind::SyncProgress { done, total, mailbox } => {
            EventData::SyncProgress(e::SyncProgress {
                done,
                total,
                mailbox_id: mailbox.map(mailbox_id),
            })
        }
        EventKind::SyncCompleted { initial, emails, added, removed, flagged } => {
            EventData::SyncCompleted(e::SyncCompleted { initial, emails, added, removed, flagged })
        }
        EventKind::SyncFailed { detail } => EventData::SyncFailed(e::Detail { detail }),
        EventKind::EmailReceived { email, thread, mailbox, from, subject, preview } => {
            EventData::EmailReceived(e::EmailReceived {
                email_id: email_id(email),
                thread_id: thread_id(thread),
                mailbox_ids: BTreeMap::from([(mailbox_id(mailbox), true)]),
                from: from.iter().map(address).collect(),
                subject,
                preview,
            })
        }
        EventKind::EmailSent { email, thread, submission } => EventData::EmailSent(e::EmailSent {
            email_id: email_id(email),
            thread_id: thread_id(thread),
            submission_id: submission.map(submission_id),
        }),
        EventKind::EmailReplied { email, submission } => EventData::EmailReplied(e::EmailReplied {
            email_id: email_id(email),
            submission_id: submission_id(submission),
        }),
        EventKind::SubmissionQueued { submission } => {
            EventData::SubmissionQueued(moved(submission))
        }
        EventKind::SubmissionAccepted { submission, reply } => {
            EventData::SubmissionAccepted(ended(submission, reply))
        }
        EventKind::SubmissionDeferred { submission, reply, next } => {
            EventData::SubmissionDeferred(e::SubmissionDeferred {
                submission_id: submission_id(submission),
                reply,
                next_attempt_at: date(next),
            })
        }
        EventKind::SubmissionFailed { submission, reply } => {
            EventData::SubmissionFailed(ended(submission, reply))
        }
        EventKind::SubmissionUnknown { submission } => {
            EventData::SubmissionUnknown(moved(submission))
        }
        EventKind::SubmissionCanceled { submission } => {
            EventData::SubmissionCanceled(moved(submission))
        }
        EventKind::IdentityUpdated { identity } => {
            EventData::IdentityUpdated(e::IdentityUpdated { identity_id: identity_id(identity) })
        }
        EventKind::StateChanged { types } => {
            let states = types.iter().map(|kind| (type_name(*kind).to_owned(), state(seq)));
            let changed = account.map(|id| (account_id(id), states.collect()));
            EventData::StateChanged(e::StateChanged { changed: changed.into_iter().collect() })
        }
        EventKind::HealthChanged { code, severity: how, title } => {
            let ended = how == Severity::Ok;
            let remedy = if ended { Vec::new() } else { fault::remedies(&code, account) };
            let row = chapar_engine::verdict::condition(&code).filter(|_| !ended);
            EventData::HealthChanged(e::HealthChanged {
                who: row.map(|row| fault::who(row.who)),
                code,
                severity: severity(how),
                title,
                remedy,
            })
        }
        EventKind::DaemonStopping { reason } => {
            EventData::DaemonStopping(e::DaemonStopping { reason, restart: true })
        }
    }
}

fn moved(submission: SubmissionId) -> wire::event::SubmissionMoved {
    wire::event::SubmissionMoved { submission_id: submission_id(submission) }
}

fn ended(submission: SubmissionId, reply: String) -> wire::event::SubmissionEnded {
    wire::event::SubmissionEnded { submission_id: submission_id(submission), reply }
}
