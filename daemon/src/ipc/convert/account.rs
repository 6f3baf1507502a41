//! An account with its servers and where it stands.

use super::{account_id, date};
use crate::ipc::fault;
use crate::supervisor::{Condition, Progress, Report};
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security, State};
use chapar_engine::credential::Auth;
use chapar_engine::event::Severity;
use chapar_ipc_protocol as wire;

pub(in crate::ipc) fn endpoint(endpoint: &Endpoint) -> wire::account::Endpoint {
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
pub(in crate::ipc) fn to_endpoint(endpoint: wire::account::Endpoint) -> Option<Endpoint> {
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

pub(in crate::ipc) fn to_notify(notify: wire::account::NotifyBy) -> Option<NotifyBy> {
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

pub(super) fn severity(severity: Severity) -> wire::account::Severity {
    match severity {
        Severity::Ok => wire::account::Severity::Ok,
        Severity::Info => wire::account::Severity::Info,
        Severity::Warning => wire::account::Severity::Warning,
        Severity::Error => wire::account::Severity::Error,
    }
}

/// A condition on the wire.
pub(in crate::ipc) fn health(condition: Condition) -> wire::account::Health {
    wire::account::Health {
        code: condition.code,
        severity: severity(condition.severity),
        since: date(condition.since),
        title: condition.title,
        detail: condition.detail,
        who: Some(fault::who(condition.who)),
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
pub(in crate::ipc) fn account(
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
        aside: wire::account::Aside {
            mailboxes: report.aside.mailboxes.count,
            mails: report.aside.messages.count,
            mended: report.aside.mended,
        },
        mails,
        mailboxes,
    }
}
