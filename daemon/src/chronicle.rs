//! The chronicle: what happens to accounts and mails, one line of the log each, read from the journal.
//!
//! Owns the words of these lines. Must never write a name, an address, a subject or the words of a
//! server: who reads a log helps somebody, and need not know whose mail it is.

use crate::store::{Snapshot, Store, StoreError};
use chapar_engine::event::{Event, EventKind, Severity};
use chapar_engine::id::{AccountId, Seq, SubmissionId};
use chapar_engine::submission::{Delivery, Submission};
use std::fmt::Write as _;
use tokio_util::sync::CancellationToken;

/// Events read at once.
const EVENTS: usize = 200;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    account: Option<AccountId>,
    /// Somebody may have to act.
    warns: bool,
    text: String,
}

/// Writes down what happens from now on, until `stop`.
pub async fn run(store: Store, stop: CancellationToken) {
    let mut head = store.head();
    let mut since = *head.borrow_and_update();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            changed = head.changed() => if changed.is_err() { break },
        }
        head.borrow_and_update();
        if let Err(error) = tell(&store, &mut since) {
            // the journal moved on without us, or cannot be read now: what was missed stays in it
            tracing::warn!(%error, "events could not be read for the log");
            since = *head.borrow();
        }
    }
    // what was written while everything stopped
    let _: Result<_, _> = tell(&store, &mut since);
}

fn tell(store: &Store, since: &mut Seq) -> Result<(), StoreError> {
    let snapshot = store.read()?;
    loop {
        let events = snapshot.events(*since, EVENTS)?;
        for entry in entries(&events, |id| snapshot_submission(&snapshot, id)) {
            let account = entry.account.map_or(0, |id| id.0);
            if entry.warns {
                tracing::warn!(account, "{}", entry.text);
            } else {
                tracing::info!(account, "{}", entry.text);
            }
        }
        let Some(last) = events.last() else { return Ok(()) };
        *since = last.seq;
        if events.len() < EVENTS {
            return Ok(());
        }
    }
}

fn snapshot_submission(snapshot: &Snapshot, id: SubmissionId) -> Option<Submission> {
    snapshot.submission(id).ok().flatten()
}

/// The lines of some events. New mails that came together are one line.
fn entries(
    events: &[Event],
    submission: impl Fn(SubmissionId) -> Option<Submission>,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut received: Option<(Option<AccountId>, u64)> = None;
    for event in events {
        if matches!(event.kind, EventKind::EmailReceived { .. }) {
            match &mut received {
                Some((account, count)) if *account == event.account => *count += 1,
                _ => {
                    entries.extend(received.replace((event.account, 1)).map(arrived));
                }
            }
            continue;
        }
        let Some((warns, text)) = words(&event.kind, &submission) else { continue };
        entries.extend(received.take().map(arrived));
        entries.push(Entry { account: event.account, warns, text });
    }
    entries.extend(received.map(arrived));
    entries
}

fn arrived((account, count): (Option<AccountId>, u64)) -> Entry {
    Entry { account, warns: false, text: format!("received {}", mails(count)) }
}

fn mails(count: u64) -> String {
    if count == 1 { "1 mail".to_owned() } else { format!("{count} mails") }
}

/// Whether somebody may have to act, and what happened; `None` for what is no news to a reader.
fn words(
    kind: &EventKind,
    submission: &impl Fn(SubmissionId) -> Option<Submission>,
) -> Option<(bool, String)> {
    let sent = |id: SubmissionId, what: &str, reply: Option<&str>| {
        let mut text = format!("submission {}: {what}", id.0);
        if let Some(code) = reply.and_then(code_of) {
            // writing to a String cannot fail
            let _ = write!(text, ", the server said {code}");
        }
        if let Some(found) = submission(id) {
            text.push_str(&outcomes(&found));
        }
        text
    };
    Some(match kind {
        EventKind::AccountAdded { .. } => (false, "connected anew and saved".to_owned()),
        EventKind::AccountConnected => (false, "connected: new mail comes by push".to_owned()),
        EventKind::AccountAuthExpired { .. } => {
            (true, "disconnected: the server refuses the sign-in".to_owned())
        }
        EventKind::AccountOffline { .. } => {
            (true, "disconnected: the server cannot be reached".to_owned())
        }
        EventKind::AccountRemoved { .. } => (false, "removed".to_owned()),
        EventKind::SyncStarted { initial: true, total } => {
            (false, format!("first sync began: {} to come", mails(*total)))
        }
        EventKind::SyncStarted { initial: false, total } => {
            (false, format!("sync began: {} to come", mails(*total)))
        }
        EventKind::SyncCompleted { initial, emails, added, removed, flagged } => {
            let which = if *initial { "first sync" } else { "sync" };
            let changes = format!("{added} new, {removed} gone, {flagged} marked otherwise");
            (false, format!("{which} ended: {changes}; {} here", mails(*emails)))
        }
        EventKind::SyncFailed { .. } => (true, "sync could not go on".to_owned()),
        EventKind::SubmissionQueued { submission } => (false, sent(*submission, "queued", None)),
        EventKind::SubmissionAccepted { submission, reply } => {
            (false, sent(*submission, "sent", Some(reply)))
        }
        EventKind::SubmissionDeferred { submission, reply, .. } => {
            (true, sent(*submission, "to be tried again", Some(reply)))
        }
        EventKind::SubmissionFailed { submission, reply } => {
            (true, sent(*submission, "refused for good", Some(reply)))
        }
        EventKind::SubmissionUnknown { submission } => {
            (true, sent(*submission, "not known whether sent", None))
        }
        EventKind::SubmissionCanceled { submission } => {
            (false, sent(*submission, "canceled", None))
        }
        EventKind::HealthChanged { code, severity: Severity::Ok, .. } => {
            (false, format!("{code} is over"))
        }
        EventKind::HealthChanged { code, severity, .. } => {
            (*severity != Severity::Info, format!("{code} began"))
        }
        EventKind::DaemonStopping { .. }
        | EventKind::AccountUpdated
        | EventKind::SyncProgress { .. }
        | EventKind::EmailReceived { .. }
        | EventKind::EmailSent { .. }
        | EventKind::EmailReplied { .. }
        | EventKind::IdentityUpdated { .. }
        | EventKind::StateChanged { .. } => return None,
    })
}

/// What became of the recipients, in numbers.
fn outcomes(submission: &Submission) -> String {
    let count = |wanted: fn(&Delivery) -> bool| {
        submission.recipients.iter().filter(|to| wanted(&to.delivery)).count()
    };
    let mut text = format!("; recipients: {}", submission.recipients.len());
    for (what, count) in [
        ("accepted", count(|it| matches!(it, Delivery::Accepted { .. }))),
        ("refused", count(|it| matches!(it, Delivery::Refused { .. }))),
        ("unknown", count(|it| matches!(it, Delivery::Unknown))),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

/// The codes at the beginning of a reply (RFC 5321 §4.2, RFC 3463): `550 5.1.1`. The words behind
/// them often name an address.
fn code_of(reply: &str) -> Option<String> {
    let mut parts = reply.split([' ', '-']);
    let basic = parts
        .next()
        .filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()))?;
    let enhanced = parts.next().filter(|code| {
        code.len() <= 11
            && code.split('.').count() == 3
            && code
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    Some(match enhanced {
        Some(enhanced) => format!("{basic} {enhanced}"),
        None => basic.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_engine::address::Address;
    use chapar_engine::id::{MailboxId, MessageId, ThreadId};
    use chapar_engine::time::Wall;

    fn event(account: u64, kind: EventKind) -> Event {
        Event { seq: Seq(1), at: Wall(1), account: Some(AccountId(account)), kind }
    }

    fn received(account: u64) -> Event {
        let from = Address { name: Some("Zlatka".into()), email: "zlatka@tajna.example".into() };
        let kind = EventKind::EmailReceived {
            email: MessageId(1),
            thread: ThreadId(1),
            mailbox: MailboxId(1),
            from: vec![from],
            subject: "Tajna".into(),
            preview: "zlatka".into(),
        };
        event(account, kind)
    }

    fn lines(events: &[Event]) -> Vec<String> {
        entries(events, |_| None).into_iter().map(|entry| entry.text).collect()
    }

    #[test]
    fn connects_syncs_sends_refusals_and_disconnects_are_told() {
        let named = || "zlatka@tajna.example".to_owned();
        let sent = SubmissionId(7);
        let events = [
            event(1, EventKind::AccountConnected),
            event(
                1,
                EventKind::SyncCompleted {
                    initial: false,
                    emails: 60,
                    added: 2,
                    removed: 1,
                    flagged: 0,
                },
            ),
            received(1),
            received(1),
            received(2),
            event(
                1,
                EventKind::SubmissionAccepted {
                    submission: sent,
                    reply: "250 2.0.0 ok <zlatka@tajna.example>".into(),
                },
            ),
            event(
                1,
                EventKind::SubmissionFailed {
                    submission: sent,
                    reply: "550-5.1.1 <zlatka@tajna.example> is not here".into(),
                },
            ),
            event(1, EventKind::AccountOffline { detail: named() }),
            event(1, EventKind::AccountAuthExpired { detail: named() }),
            event(1, EventKind::AccountRemoved { name: named(), email: named() }),
        ];
        assert_eq!(
            lines(&events),
            [
                "connected: new mail comes by push",
                "sync ended: 2 new, 1 gone, 0 marked otherwise; 60 mails here",
                "received 2 mails",
                "received 1 mail",
                "submission 7: sent, the server said 250 2.0.0",
                "submission 7: refused for good, the server said 550 5.1.1",
                "disconnected: the server cannot be reached",
                "disconnected: the server refuses the sign-in",
                "removed",
            ]
        );
    }

    #[test]
    fn only_the_codes_of_a_reply_are_kept() {
        for (reply, code) in [
            ("550 5.1.1 <bo@x.example> unknown", Some("550 5.1.1")),
            ("421-4.7.0 later", Some("421 4.7.0")),
            ("250 queued as 7", Some("250")),
            ("452", Some("452")),
            ("bo@x.example", None),
            ("5500 5.1.1", None),
            ("550 5.1.bo@x", Some("550")),
            ("", None),
        ] {
            assert_eq!(code_of(reply).as_deref(), code, "{reply}");
        }
    }
}
