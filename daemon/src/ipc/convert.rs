//! Engine and store types ↔ wire types, by hand. The only place where both are named.

use crate::store::{Change, Identity};
use crate::supervisor::{Condition, Progress, Report};
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security, State};
use chapar_engine::address::Address;
use chapar_engine::credential::Auth;
use chapar_engine::event::{Event, EventKind, ObjectKind, Severity};
use chapar_engine::id::{
    AccountId, BlobId, IdentityId, MailboxId, MessageId, Seq, SubmissionId, ThreadId,
};
use chapar_engine::mailbox::{Mailbox, Role};
use chapar_engine::message::{Message, Stage};
use chapar_engine::submission::{Delivery, Filing, Phase, Recipient, Submission};
use chapar_engine::time::Wall;
use chapar_ipc_protocol as wire;
use std::collections::BTreeMap;
use wire::event::EventData;

macro_rules! ids {
    ($($out:ident $back:ident $engine:ident $wire:ident $prefix:literal;)*) => {$(
        pub(super) fn $out(id: $engine) -> wire::id::$wire {
            wire::id::$wire(format!(concat!($prefix, "{}"), id.0))
        }

        #[allow(dead_code, clippy::allow_attributes, reason = "not every kind is read back")]
        pub(super) fn $back(text: &str) -> Option<$engine> {
            number(text, $prefix).map($engine)
        }
    )*};
}

ids! {
    account_id to_account_id AccountId AccountId "a";
    identity_id to_identity_id IdentityId IdentityId "i";
    mailbox_id to_mailbox_id MailboxId MailboxId "mb";
    email_id to_email_id MessageId EmailId "M";
    thread_id to_thread_id ThreadId ThreadId "T";
    submission_id to_submission_id SubmissionId SubmissionId "S";
}

/// One spelling an id: `a01` and `a+1` name nothing.
fn number(text: &str, prefix: &str) -> Option<u64> {
    let digits = text.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let short = digits == "0" || !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain && short)
}

pub(super) fn blob_id(id: BlobId) -> wire::id::BlobId {
    wire::id::BlobId(format!("B{id}"))
}

pub(super) fn to_blob_id(text: &str) -> Option<BlobId> {
    let hex = text.strip_prefix('B').filter(|hex| hex.len() == 64)?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| !pair.starts_with('+'))?;
    }
    Some(BlobId(bytes))
}

pub(super) fn state(seq: Seq) -> wire::id::State {
    wire::id::State(seq.0.to_string())
}

pub(super) fn to_state(state: &wire::id::State) -> Option<Seq> {
    number(&state.0, "").map(Seq)
}

pub(super) fn cursor(instance: &str, seq: Seq) -> wire::id::Cursor {
    wire::id::Cursor(format!("{instance}:{}", seq.0))
}

/// Store and place of a cursor.
pub(super) fn to_cursor(cursor: &wire::id::Cursor) -> Option<(&str, Seq)> {
    let (instance, seq) = cursor.0.rsplit_once(':')?;
    Some((instance, Seq(number(seq, "")?)))
}

pub(super) fn date(at: Wall) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| format!("{at:.3}")).unwrap_or_default()
}

pub(super) fn to_date(text: &str) -> Option<Wall> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Wall(at.as_millisecond()))
}

pub(super) fn address(address: &Address) -> wire::email::EmailAddress {
    wire::email::EmailAddress { name: address.name.clone(), email: address.email.clone() }
}

/// Null for none, as RFC 8621 §6 has it.
fn some_addresses(list: &[Address]) -> Option<Vec<wire::email::EmailAddress>> {
    (!list.is_empty()).then(|| list.iter().map(address).collect())
}

pub(super) fn to_address(address: wire::email::EmailAddress) -> Address {
    Address { name: address.name.filter(|name| !name.is_empty()), email: address.email }
}

pub(super) fn endpoint(endpoint: &Endpoint) -> wire::account::Endpoint {
    wire::account::Endpoint {
        host: endpoint.host.clone(),
        port: endpoint.port,
        security: match endpoint.security {
            Security::Tls => wire::account::Security::Tls,
            Security::StartTls => wire::account::Security::Starttls,
        },
    }
}

/// `None`: a way of TLS that there is not.
pub(super) fn to_endpoint(endpoint: wire::account::Endpoint) -> Option<Endpoint> {
    let security = match endpoint.security {
        wire::account::Security::Tls => Security::Tls,
        wire::account::Security::Starttls => Security::StartTls,
        wire::account::Security::Other => return None,
    };
    Some(Endpoint { host: endpoint.host, port: endpoint.port, security })
}

fn notify(notify: NotifyBy) -> wire::account::NotifyBy {
    match notify {
        NotifyBy::Desktop => wire::account::NotifyBy::Desktop,
        NotifyBy::Mail => wire::account::NotifyBy::Mail,
        NotifyBy::None => wire::account::NotifyBy::None,
    }
}

pub(super) fn to_notify(notify: wire::account::NotifyBy) -> Option<NotifyBy> {
    match notify {
        wire::account::NotifyBy::Desktop => Some(NotifyBy::Desktop),
        wire::account::NotifyBy::Mail => Some(NotifyBy::Mail),
        wire::account::NotifyBy::None => Some(NotifyBy::None),
        wire::account::NotifyBy::Other => None,
    }
}

fn account_state(state: State) -> wire::account::AccountState {
    use wire::account::AccountState as Wire;
    match state {
        State::Connecting => Wire::Connecting,
        State::Syncing => Wire::Syncing,
        State::Live => Wire::Live,
        State::Offline => Wire::Offline,
        State::Throttled => Wire::Throttled,
        State::AuthExpired => Wire::AuthExpired,
        State::SettingsWrong => Wire::SettingsWrong,
        State::Paused => Wire::Paused,
    }
}

fn severity(severity: Severity) -> wire::account::Severity {
    match severity {
        Severity::Ok => wire::account::Severity::Ok,
        Severity::Info => wire::account::Severity::Info,
        Severity::Warning => wire::account::Severity::Warning,
        Severity::Error => wire::account::Severity::Error,
    }
}

fn health(condition: Condition) -> wire::account::Health {
    wire::account::Health {
        code: condition.code,
        severity: severity(condition.severity),
        since: date(condition.since),
        title: condition.title,
        detail: condition.detail,
        who: Some(super::fault::who(condition.who)),
        remedy: condition.remedy,
    }
}

fn progress(progress: Progress) -> wire::account::Progress {
    wire::account::Progress {
        done: progress.done,
        total: progress.total,
        mailbox: progress.mailbox,
        bytes: progress.bytes,
        stalled: progress.stalled,
    }
}

/// An account with where it stands; `mails` and `mailboxes` are counted by the caller.
pub(super) fn account(
    account: &Account,
    display_name: Option<String>,
    report: Option<Report>,
    mails: u64,
    mailboxes: u64,
) -> wire::account::Account {
    let resting = if account.paused { State::Paused } else { State::Connecting };
    let mut report = report.unwrap_or_else(|| Report::new(resting));
    report.health.sort_by_key(|condition| std::cmp::Reverse(condition.severity));
    wire::account::Account {
        id: account_id(account.id),
        name: account.name.clone(),
        email: account.email.clone(),
        display_name,
        provider: account.provider.clone(),
        imap: Some(endpoint(&account.imap)),
        smtp: Some(endpoint(&account.smtp)),
        user: account.user.clone(),
        auth: match account.auth {
            Auth::Password => wire::connect::AuthKind::Password,
            Auth::Grant(_) => wire::connect::AuthKind::Oauth2,
        },
        grant: account.auth.grant().map(|grant| wire::connect::GrantPicture {
            issuer: grant.issuer.id.clone(),
            client_id: grant.client_id.clone(),
            scopes: grant.scopes.clone(),
        }),
        found_by: account.found_by.clone(),
        paused: account.paused,
        window: account.window,
        notify: notify(account.notify),
        state: account_state(report.state),
        last_check: report.last_check.map(date),
        last_new: report.last_new.map(date),
        push: report.push,
        progress: report.progress.map(progress),
        health: report.health.into_iter().map(health).collect(),
        mails,
        mailboxes,
    }
}

pub(super) fn identity(identity: &Identity) -> wire::identity::Identity {
    wire::identity::Identity {
        id: identity_id(identity.id),
        account_id: account_id(identity.account),
        name: identity.name.clone().unwrap_or_default(),
        email: identity.email.clone(),
        reply_to: some_addresses(&identity.reply_to),
        bcc: some_addresses(&identity.bcc),
        text_signature: identity.text_signature.clone(),
        html_signature: identity.html_signature.clone(),
        may_delete: false,
    }
}

pub(super) fn role(role: Role) -> wire::mailbox::Role {
    use wire::mailbox::Role as Wire;
    match role {
        Role::Inbox => Wire::Inbox,
        Role::Drafts => Wire::Drafts,
        Role::Sent => Wire::Sent,
        Role::Junk => Wire::Junk,
        Role::Trash => Wire::Trash,
        Role::Archive => Wire::Archive,
        Role::All => Wire::All,
        Role::Flagged => Wire::Flagged,
        Role::Important => Wire::Important,
    }
}

/// The last component of a mailbox's path and the path around it.
pub(super) fn split_path(mailbox: &Mailbox) -> (&str, Option<&str>) {
    let separated = mailbox.separator.and_then(|at| mailbox.name.rsplit_once(at));
    match separated {
        Some((parent, leaf)) if !leaf.is_empty() => (leaf, Some(parent)),
        _ => (&mailbox.name, None),
    }
}

/// A mailbox; `mirrored` and `unseen` count what is here.
pub(super) fn mailbox(
    mailbox: &Mailbox,
    parent: Option<MailboxId>,
    mirrored: u64,
    unseen: u64,
) -> wire::mailbox::Mailbox {
    let server = mailbox.server;
    let total = server.map_or(mirrored, |server| u64::from(server.exists));
    let unread = server.and_then(|server| server.unseen).map_or(unseen, u64::from);
    wire::mailbox::Mailbox {
        id: mailbox_id(mailbox.id),
        account_id: account_id(mailbox.account),
        name: split_path(mailbox).0.to_owned(),
        path: mailbox.name.clone(),
        parent_id: parent.map(mailbox_id),
        role: mailbox.role.map(role),
        sort_order: mailbox.role.map_or(100, sort_order),
        total_emails: total,
        unread_emails: unread,
        my_rights: wire::mailbox::MailboxRights {
            may_read_items: mailbox.selectable,
            ..wire::mailbox::MailboxRights::default()
        },
        is_subscribed: mailbox.subscribed,
        mirrored_emails: mirrored,
    }
}

fn sort_order(role: Role) -> u32 {
    match role {
        Role::Inbox => 1,
        Role::Important => 2,
        Role::Flagged => 3,
        Role::Drafts => 4,
        Role::Sent => 5,
        Role::Archive => 6,
        Role::All => 7,
        Role::Junk => 8,
        Role::Trash => 9,
    }
}

/// An email without its body.
pub(super) fn email(message: &Message) -> wire::email::Email {
    let summary = &message.summary;
    let ids = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let people = |list: &[Address]| (!list.is_empty()).then(|| list.iter().map(address).collect());
    let known = message.stage != Stage::Planned;
    wire::email::Email {
        id: email_id(message.id),
        account_id: account_id(message.account),
        blob_id: message.blob.map(blob_id),
        thread_id: message.thread.map(thread_id),
        mailbox_ids: BTreeMap::from([(mailbox_id(message.mailbox), true)]),
        keywords: message.flags.keywords().into_iter().map(|word| (word, true)).collect(),
        size: u64::from(message.size),
        received_at: date(message.received_at),
        message_id: summary.message_id.clone().map(|id| vec![id]),
        in_reply_to: ids(&summary.in_reply_to),
        references: ids(&summary.references),
        from: people(&summary.from),
        reply_to: people(&summary.reply_to),
        to: people(&summary.to),
        cc: people(&summary.cc),
        bcc: people(&summary.bcc),
        subject: known.then(|| summary.subject.clone()),
        sent_at: summary.sent_at.map(date),
        has_attachment: summary.has_attachment,
        preview: summary.preview.clone(),
        ..wire::email::Email::default()
    }
}

pub(super) fn phase(phase: Phase) -> wire::submission::Phase {
    use wire::submission::Phase as Wire;
    match phase {
        Phase::Queued { .. } => Wire::Queued,
        Phase::Sending | Phase::DotPending => Wire::Sending,
        Phase::Unknown => Wire::Unknown,
        Phase::Sent => Wire::Sent,
        Phase::Failed => Wire::Failed,
        Phase::Canceled => Wire::Canceled,
    }
}

pub(super) fn undo_status(phase: Phase) -> wire::submission::UndoStatus {
    use wire::submission::UndoStatus as Wire;
    match phase {
        Phase::Queued { .. } => Wire::Pending,
        Phase::Canceled => Wire::Canceled,
        _ => Wire::Final,
    }
}

fn delivery(recipient: &Recipient) -> (String, wire::submission::DeliveryStatus) {
    use wire::submission::Delivered;
    let (delivered, reply) = match &recipient.delivery {
        Delivery::Waiting { reply } => (Delivered::Queued, reply.clone()),
        Delivery::InFlight => (Delivered::Queued, None),
        Delivery::Accepted { reply } => (Delivered::Yes, Some(reply.clone())),
        Delivery::Refused { reply } => (Delivered::No, Some(reply.clone())),
        Delivery::Unknown => (Delivered::Unknown, None),
    };
    let status = wire::submission::DeliveryStatus {
        smtp_reply: reply.unwrap_or_default(),
        delivered,
        displayed: "unknown".to_owned(),
    };
    (recipient.email.clone(), status)
}

/// A submission; `copy` is its email in Sent, once mirrored.
pub(super) fn submission(
    submission: &Submission,
    copy: Option<&Message>,
) -> wire::submission::EmailSubmission {
    use wire::submission::{Envelope, EnvelopeAddress, Filed};
    let envelope_address = |email: &str| EnvelopeAddress { email: email.to_owned() };
    wire::submission::EmailSubmission {
        id: submission_id(submission.id),
        account_id: account_id(submission.account),
        identity_id: identity_id(submission.identity),
        email_id: copy.map(|message| email_id(message.id)),
        thread_id: copy.and_then(|message| message.thread).map(thread_id),
        envelope: Envelope {
            mail_from: envelope_address(&submission.from),
            rcpt_to: submission.recipients.iter().map(|to| envelope_address(&to.email)).collect(),
        },
        send_at: date(submission.send_at),
        undo_status: undo_status(submission.phase),
        delivery_status: submission.recipients.iter().map(delivery).collect(),
        phase: phase(submission.phase),
        subject: submission.subject.clone(),
        message_id: submission.message_id.clone(),
        size: submission.size,
        created_at: date(submission.created_at),
        attempts: submission.attempts,
        next_attempt_at: submission.next_attempt().map(date),
        last_reply: submission.last_reply.clone(),
        filed: match submission.filing {
            Filing::Pending => Filed::Pending,
            Filing::Wanted { .. } => Filed::Wanted,
            Filing::Filed => Filed::Filed,
            Filing::Skipped => Filed::Skipped,
        },
    }
}

/// The wire id of an object known by kind and number.
pub(super) fn object_id(kind: ObjectKind, number: u64) -> String {
    match kind {
        ObjectKind::Account => account_id(AccountId(number)).0,
        ObjectKind::Identity => identity_id(IdentityId(number)).0,
        ObjectKind::Mailbox => mailbox_id(MailboxId(number)).0,
        ObjectKind::Email => email_id(MessageId(number)).0,
        ObjectKind::Thread => thread_id(ThreadId(number)).0,
        ObjectKind::EmailSubmission => submission_id(SubmissionId(number)).0,
    }
}

fn type_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Account => "Account",
        ObjectKind::Identity => "Identity",
        ObjectKind::Mailbox => "Mailbox",
        ObjectKind::Email => "Email",
        ObjectKind::Thread => "Thread",
        ObjectKind::EmailSubmission => "EmailSubmission",
    }
}

/// Sorts folded changes into the three lists of `/changes`.
pub(super) fn changes(
    kind: ObjectKind,
    list: &[(u64, Change)],
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let pick = |wanted: Change| {
        let picked = list.iter().filter(|(_, change)| *change == wanted);
        picked.map(|(number, _)| object_id(kind, *number)).collect()
    };
    (pick(Change::Created), pick(Change::Updated), pick(Change::Destroyed))
}

/// A journal entry on the wire, without its subscription.
pub(super) fn event(instance: &str, event: Event) -> wire::event::Event {
    wire::event::Event {
        subscription: None,
        cursor: cursor(instance, event.seq),
        at: date(event.at),
        account_id: event.account.map(account_id),
        data: event_data(event.seq, event.account, event.kind),
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
            let remedy = if ended { Vec::new() } else { super::fault::remedies(&code, account) };
            let row = chapar_engine::verdict::condition(&code).filter(|_| !ended);
            EventData::HealthChanged(e::HealthChanged {
                who: row.map(|row| super::fault::who(row.who)),
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{blob_id, cursor, date, to_account_id, to_blob_id, to_cursor, to_date};
    use chapar_engine::id::{AccountId, BlobId, Seq};
    use chapar_engine::time::Wall;

    #[test]
    fn ids_have_one_spelling() {
        assert_eq!(to_account_id("a17"), Some(AccountId(17)));
        for other in ["a017", "a+1", "a", "A1", "mb1", "a1 ", "a99999999999999999999"] {
            assert_eq!(to_account_id(other), None, "{other}");
        }
        let blob = BlobId([0xA5; 32]);
        assert_eq!(to_blob_id(&blob_id(blob).0), Some(blob));
        assert_eq!(to_blob_id("B12"), None);
        assert_eq!(to_blob_id(&format!("B{}", "é".repeat(32))), None);
    }

    #[test]
    fn dates_and_cursors_come_back() {
        assert_eq!(date(Wall(1_795_342_564_120)), "2026-11-22T10:16:04.120Z");
        assert_eq!(to_date("2026-11-22T11:16:04.120+01:00"), Some(Wall(1_795_342_564_120)));
        assert_eq!(to_date("tomorrow"), None);
        let place = cursor("7f3k", Seq(9));
        assert_eq!(to_cursor(&place).unwrap(), ("7f3k", Seq(9)));
    }
}
