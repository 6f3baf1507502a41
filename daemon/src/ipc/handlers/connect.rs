//! `Account/connect`, `/connectStatus`, `/connectCancel`.

use super::account::{ca_pem, endpoint, notify, window};
use super::{Answer, answer, line, not_found};
use crate::ipc::{Services, convert, fault};
use crate::supervisor::{ConnectId, ConnectReport, ConnectRequest};
use chapar_engine::account::NotifyBy;
use chapar_engine::secret::Secret;
use chapar_ipc_protocol::connect as wire;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::event::MAX_WAIT_MS;
use chapar_ipc_protocol::standard::Done;
use std::time::Duration;

pub(in crate::ipc) fn connect(services: &Services, params: wire::AccountConnect) -> Answer {
    let request = request(params)?;
    let id = services.accounts.connect(request);
    let id = id.map_err(|failure| fault::failure(&failure, None))?;
    answer(&wire::ConnectReply { connect_id: wire_id(id), sign_in: None })
}

fn request(params: wire::AccountConnect) -> Result<ConnectRequest, Error> {
    let email = params.email.unwrap_or_default();
    line("email", &email)?;
    let mailbox = email.rsplit_once('@');
    if mailbox.is_none_or(|(local, domain)| local.is_empty() || domain.is_empty()) {
        return Err(fault::argument(format!("`email`: `{email}` is not a mail address.")));
    }
    let lines =
        [("name", &params.name), ("displayName", &params.display_name), ("user", &params.user)];
    for (field, text) in lines {
        text.as_ref().map_or(Ok(()), |text| line(field, text))?;
    }
    let password = params.password.map(|password| password.reveal()).unwrap_or_default();
    if password.is_empty() || password.contains(['\r', '\n', '\0']) {
        return Err(fault::argument("`password` is empty or contains a line end or NUL."));
    }
    Ok(ConnectRequest {
        user: params.user.unwrap_or_else(|| email.clone()),
        email,
        name: params.name,
        display_name: params.display_name,
        imap: endpoint("imap", params.imap.ok_or_else(|| missing("imap"))?)?,
        smtp: endpoint("smtp", params.smtp.ok_or_else(|| missing("smtp"))?)?,
        password: Secret::new(password),
        ca_pem: params.ca_pem.map(ca_pem).transpose()?,
        window: params.window.map(window).transpose()?,
        notify: params.notify.map_or(Ok(NotifyBy::Desktop), notify)?,
    })
}

fn missing(field: &str) -> Error {
    fault::argument(format!("`{field}` is missing."))
}

pub(in crate::ipc) async fn status(
    services: &Services,
    params: wire::AccountConnectStatus,
) -> Answer {
    let id = to_id(&params.connect_id.0)?;
    let seen = usize::try_from(params.seen.unwrap_or(0)).unwrap_or(usize::MAX);
    let wait = Duration::from_millis(params.wait_ms.unwrap_or(0).min(MAX_WAIT_MS));
    let report = services.accounts.connect_status(id, seen, wait).await;
    let report = report.ok_or_else(|| not_found("attempt to connect", &params.connect_id.0))?;
    answer(&status_reply(report))
}

fn status_reply(report: ConnectReport) -> wire::ConnectStatusReply {
    let steps = report.steps.into_iter().map(|step| wire::ConnectStep {
        what: match step.what {
            "imap" => wire::StepKind::Imap,
            "smtp" => wire::StepKind::Smtp,
            "saved" => wire::StepKind::Saved,
            "signedIn" => wire::StepKind::SignedIn,
            "sameMailbox" => wire::StepKind::SameMailbox,
            "switched" => wire::StepKind::Switched,
            "forgotten" => wire::StepKind::Forgotten,
            _ => wire::StepKind::Other,
        },
        detail: step.detail,
        ms: u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX),
    });
    let mut reply = wire::ConnectStatusReply {
        steps: steps.collect(),
        state: wire::ConnectState::Proving,
        ..wire::ConnectStatusReply::default()
    };
    match report.end {
        None => {}
        Some(Ok(account)) => {
            reply.state = wire::ConnectState::Done;
            reply.account_id = Some(convert::account_id(account));
        }
        Some(Err(failure)) => {
            let canceled = failure.code == "account.canceled";
            reply.state =
                if canceled { wire::ConnectState::Canceled } else { wire::ConnectState::Failed };
            reply.error = Some(fault::failure(&failure, None));
        }
    }
    reply
}

pub(in crate::ipc) fn cancel(services: &Services, params: &wire::AccountConnectCancel) -> Answer {
    if services.accounts.connect_cancel(to_id(&params.connect_id.0)?) {
        return answer(&Done {});
    }
    Err(not_found("running attempt to connect", &params.connect_id.0))
}

fn wire_id(id: ConnectId) -> chapar_ipc_protocol::id::ConnectId {
    chapar_ipc_protocol::id::ConnectId(format!("c{}", id.0))
}

fn to_id(text: &str) -> Result<ConnectId, Error> {
    let number = text.strip_prefix('c').and_then(|digits| digits.parse().ok());
    number.map(ConnectId).ok_or_else(|| not_found("attempt to connect", text))
}

pub(in crate::ipc) fn answer_pasted(
    _services: &Services,
    _params: &wire::AccountConnectAnswer,
) -> Answer {
    todo!()
}

pub(in crate::ipc) fn token(_services: &Services, _params: &wire::AccountToken) -> Answer {
    todo!()
}
