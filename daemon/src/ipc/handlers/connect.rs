//! `Account/connect`, `/connectStatus`, `/connectAnswer`, `/connectCancel`, `/token`.

use super::account::{ca_pem, endpoint, notify, window};
use super::{Answer, answer, line, not_found};
use crate::ipc::session::Caller;
use crate::ipc::{Services, convert, fault, limits};
use crate::oauth::signin::Prompt;
use crate::supervisor::{By, ConnectId, ConnectReport, ConnectRequest, OauthWish};
use chapar_engine::secret::Secret;
use chapar_ipc_protocol::connect as wire;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::event::MAX_WAIT_MS;
use chapar_ipc_protocol::standard::Done;
use std::time::Duration;

pub(in crate::ipc) async fn connect(services: &Services, params: wire::AccountConnect) -> Answer {
    let request = request(services, params)?;
    let moved = request.replace;
    let begun = services.accounts.connect(request).await;
    let (id, prompt) = begun.map_err(|failure| fault::failure(&failure, moved))?;
    answer(&wire::ConnectReply { connect_id: wire_id(id), sign_in: prompt.map(sign_in) })
}

fn request(services: &Services, params: wire::AccountConnect) -> Result<ConnectRequest, Error> {
    let replace = match &params.replace_account_id {
        Some(id) => {
            let view = services.store.read().map_err(fault::store)?;
            Some(super::one_account(&view, id)?)
        }
        None => None,
    };
    match &params.email {
        Some(email) => address(email)?,
        None if replace.is_none() => return Err(missing("email")),
        None => {}
    }
    let lines = [
        ("name", &params.name),
        ("displayName", &params.display_name),
        ("user", &params.user),
        ("foundBy", &params.found_by),
    ];
    for (field, text) in lines {
        text.as_ref().map_or(Ok(()), |text| line(field, text))?;
    }
    let by = by(params.auth, params.password, params.oauth, replace.is_some())?;
    Ok(ConnectRequest {
        email: params.email,
        name: params.name,
        display_name: params.display_name,
        imap: params.imap.map(|at| endpoint("imap", at)).transpose()?,
        smtp: params.smtp.map(|at| endpoint("smtp", at)).transpose()?,
        user: params.user,
        by,
        ca_pem: params.ca_pem.map(ca_pem).transpose()?,
        window: params.window.map(window).transpose()?,
        notify: params.notify.map(notify).transpose()?,
        found_by: params.found_by,
        replace,
        alias_confirmed: params.alias_confirmed.unwrap_or(false),
    })
}

fn address(email: &str) -> Result<(), Error> {
    line("email", email)?;
    let mailbox = email.rsplit_once('@');
    if mailbox.is_none_or(|(local, domain)| local.is_empty() || domain.is_empty()) {
        return Err(fault::argument(format!("`email`: `{email}` is not a mail address.")));
    }
    Ok(())
}

/// What the mailbox is opened by; an account that is moved may keep what it has.
fn by(
    auth: Option<wire::AuthKind>,
    password: Option<chapar_ipc_protocol::secret::Secret>,
    oauth: Option<wire::OauthWish>,
    moves: bool,
) -> Result<By, Error> {
    let password = password.map(chapar_ipc_protocol::secret::Secret::reveal);
    let by_oauth = match auth {
        Some(wire::AuthKind::Oauth2) => true,
        Some(wire::AuthKind::Password) => false,
        Some(_) => return Err(fault::argument("`auth` must be `oauth2` or `password`.")),
        None => oauth.is_some(),
    };
    match (by_oauth, password, oauth) {
        (true, None, oauth) => Ok(By::Oauth(wish(oauth.unwrap_or_default())?)),
        (true, Some(_), _) => {
            Err(fault::argument("`password` has no use where the sign-in is by `oauth2`."))
        }
        (false, _, Some(_)) => {
            Err(fault::argument("`oauth` has no use where the sign-in is by `password`."))
        }
        (false, None, None) if moves => Ok(By::Kept),
        (false, password, None) => {
            let password = password.unwrap_or_default();
            if password.is_empty() || password.contains(['\r', '\n', '\0']) {
                return Err(fault::argument("`password` is empty or contains a line end or NUL."));
            }
            Ok(By::Password(Secret::new(password)))
        }
    }
}

fn wish(oauth: wire::OauthWish) -> Result<OauthWish, Error> {
    let lines = [
        ("oauth.provider", &oauth.provider),
        ("oauth.issuer", &oauth.issuer),
        ("oauth.clientId", &oauth.client_id),
    ];
    for (field, text) in lines {
        text.as_ref().map_or(Ok(()), |text| long(field, text))?;
    }
    let scopes = oauth.scopes.unwrap_or_default();
    if scopes.len() > limits::SCOPES {
        return Err(fault::argument(format!("`oauth.scopes` has more than {}.", limits::SCOPES)));
    }
    scopes.iter().try_for_each(|scope| long("oauth.scopes", scope))?;
    let client_secret = oauth.client_secret.map(|secret| Secret::new(secret.reveal()));
    client_secret.as_ref().map_or(Ok(()), |secret| long("oauth.clientSecret", secret.expose()))?;
    Ok(OauthWish {
        provider: oauth.provider,
        issuer: oauth.issuer,
        client_id: oauth.client_id,
        client_secret,
        scopes,
        device: oauth.device.unwrap_or(false),
    })
}

/// A line that a person copies from a provider's page; the error never repeats it.
fn long(field: &str, text: &str) -> Result<(), Error> {
    let reason = if text.trim().is_empty() {
        "is empty"
    } else if text.len() > limits::OAUTH_BYTES {
        "is too long"
    } else if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
        "contains a space or a control character"
    } else {
        return Ok(());
    };
    Err(fault::argument(format!("`{field}` {reason}.")))
}

fn missing(field: &str) -> Error {
    fault::argument(format!("`{field}` is missing."))
}

fn sign_in(prompt: Prompt) -> wire::SignInPrompt {
    let device = prompt.device;
    let (user_code, verification_uri, verification_uri_complete) = match device {
        Some(device) => (
            Some(device.user_code),
            Some(device.verification_uri),
            device.verification_uri_complete,
        ),
        None => (None, None, None),
    };
    wire::SignInPrompt {
        issuer: prompt.issuer,
        authorize_url: prompt.authorize_url,
        port: prompt.port,
        user_code,
        verification_uri,
        verification_uri_complete,
        expires_at: convert::date(prompt.expires_at),
    }
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
        state: if report.prompt.is_some() {
            wire::ConnectState::SigningIn
        } else {
            wire::ConnectState::Proving
        },
        sign_in: report.prompt.map(sign_in),
        notice: report.notice.map(|notice| fault::unsaved(&notice)),
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
            reply.error = Some(fault::unsaved(&failure));
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

pub(in crate::ipc) async fn answer_pasted(
    services: &Services,
    params: wire::AccountConnectAnswer,
) -> Answer {
    let wire::AccountConnectAnswer { connect_id, address } = params;
    let address = Secret::new(address.reveal());
    if address.expose().len() > limits::PASTED_BYTES {
        return Err(fault::argument(format!(
            "`address` has more than {} bytes.",
            limits::PASTED_BYTES
        )));
    }
    let answered = services.accounts.connect_answer(to_id(&connect_id.0)?, address).await;
    let waits = "attempt to connect that waits for a sign-in";
    let answered = answered.ok_or_else(|| not_found(waits, &connect_id.0))?;
    answered.map_err(|failure| fault::unsaved(&failure))?;
    answer(&Done {})
}

/// Hands out an access token. Who got one is in the log; the token never is.
pub(in crate::ipc) async fn token(
    services: &Services,
    caller: &Caller,
    params: &wire::AccountToken,
) -> Answer {
    let view = services.store.read().map_err(fault::store)?;
    let id = super::one_account(&view, &params.account_id)?;
    drop(view);
    let at_least = params.min_valid_s.unwrap_or(limits::TOKEN_VALID_S);
    if at_least > limits::TOKEN_VALID_MAX_S {
        let most = limits::TOKEN_VALID_MAX_S;
        return Err(fault::argument(format!("`minValidS` must be at most {most}.")));
    }
    let had = services.accounts.token(id, Duration::from_secs(at_least)).await;
    let outcome = had.as_ref().map_or_else(|failure| failure.code, |_| "given");
    let (client, pid) = (caller.name(), caller.pid);
    tracing::info!(account = id.0, client, pid, outcome, "an access token was asked for");
    let (account, access) = had.map_err(|failure| fault::failure(&failure, Some(id)))?;
    let clock = &services.world.clock;
    let expires_at = access
        .expires_at
        .map(|end| convert::date(clock.wall().after(end.until_from(clock.boot()))));
    answer(&wire::TokenReply {
        access_token: chapar_ipc_protocol::secret::Secret::new(access.token.expose().to_owned()),
        expires_at,
        user: account.user,
        mechanisms: vec!["OAUTHBEARER".to_owned(), "XOAUTH2".to_owned()],
    })
}
