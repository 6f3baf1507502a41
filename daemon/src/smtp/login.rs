//! Signing in (RFC 4954): PLAIN, then LOGIN, or by access token OAUTHBEARER (RFC 7628), else XOAUTH2,
//! as offered; only ever called inside TLS.

use super::reply::TEXT_CHARS;
use super::{Login, Reply, Wire, fault};
use chapar_engine::credential::Credential;
use chapar_engine::said::words;
use chapar_engine::sasl::{Bearer, initial_response_works, report};
use chapar_engine::secret::{Secret, base64};
use chapar_engine::verdict::{Failure, is_of_mechanism};
use zeroize::Zeroizing;

/// Octets of a command line with its end (RFC 5321 §4.5.3.1.4), which holds for AUTH with an initial
/// response too (RFC 4954 §4); a response on a line of its own may have 12,288.
const COMMAND_LINE: usize = 512;

/// Signs in; the reply's own words are kept when it is refused.
pub(super) async fn sign_in(wire: &mut Wire, login: &Login) -> Result<(), Failure> {
    match &login.credential {
        Credential::Password(password) => by_password(wire, &login.user, password).await,
        Credential::Token(token) => by_token(wire, login, token).await,
    }
}

async fn by_password(wire: &mut Wire, user: &str, password: &Secret) -> Result<(), Failure> {
    if user.contains('\0') || password.expose().contains('\0') {
        return Err(unsayable("a user name or password cannot contain a NUL character"));
    }
    let (plain, login) = (wire.extensions.plain, wire.extensions.login);
    if !plain && !login {
        let spoken = "PLAIN and LOGIN for a password";
        return Err(fault::no_mechanism(&wire.host, spoken, &wire.extensions.mechanisms));
    }
    if !plain {
        let reply = by_login(wire, user, password).await?;
        return judged(wire, user, &reply);
    }
    let first = by_plain(wire, user, password).await?;
    if first.is_positive() || !login || !is_of_mechanism(first.code, &first.text) {
        return judged(wire, user, &first);
    }
    // what was refused may be the mechanism that was offered, not the password
    match by_login(wire, user, password).await {
        Ok(second) if second.is_positive() => Ok(()),
        Ok(second) if is_of_mechanism(second.code, &second.text) => judged(wire, user, &first),
        Ok(second) => judged(wire, user, &second),
        Err(_) => judged(wire, user, &first),
    }
}

async fn by_plain(wire: &mut Wire, user: &str, password: &Secret) -> Result<Reply, Failure> {
    let text = Zeroizing::new(format!("\0{user}\0{}", password.expose()));
    let response = base64(text.as_bytes());
    let reply = show(wire, "PLAIN", &response).await?;
    if !reply.is_intermediate() {
        return Ok(reply);
    }
    // some servers lose the response that came with the command, and ask for it (RFC 4954 §4)
    let line = Zeroizing::new(format!("{}\r\n", response.as_str()));
    let reply = wire.ask(&line, "AUTH").await?;
    given_up(wire, reply).await
}

async fn by_login(wire: &mut Wire, user: &str, password: &Secret) -> Result<Reply, Failure> {
    let mut reply = wire.ask("AUTH LOGIN\r\n", "AUTH").await?;
    for answer in [user, password.expose()] {
        if reply.is_intermediate() {
            let line = Zeroizing::new(format!("{}\r\n", base64(answer.as_bytes()).as_str()));
            reply = wire.ask(&line, "AUTH").await?;
        }
    }
    given_up(wire, reply).await
}

/// A challenge nobody expects: the exchange is given up (RFC 4954 §4) and the real reply kept.
async fn given_up(wire: &mut Wire, reply: Reply) -> Result<Reply, Failure> {
    if !reply.is_intermediate() {
        return Ok(reply);
    }
    let reply = wire.ask("*\r\n", "AUTH").await?;
    if reply.is_positive() || reply.is_intermediate() {
        return Err(fault::sign_in_odd(&wire.host, &reply));
    }
    Ok(reply)
}

fn judged(wire: &Wire, user: &str, reply: &Reply) -> Result<(), Failure> {
    if reply.is_positive() { Ok(()) } else { Err(refused(wire, user, "password", reply)) }
}

async fn by_token(wire: &mut Wire, login: &Login, token: &Secret) -> Result<(), Failure> {
    let offered = &wire.extensions.mechanisms;
    let Some(bearer) = Bearer::of(|name| offered.iter().any(|one| one == name)) else {
        let spoken = "OAUTHBEARER and XOAUTH2 for a sign-in at the provider";
        return Err(fault::no_mechanism(&wire.host, spoken, offered));
    };
    let (host, port) = (&login.endpoint.host, login.endpoint.port);
    let response = bearer
        .response(&login.user, token, host, port)
        .ok_or_else(|| unsayable("a user name or token cannot contain control characters"))?;
    let mut reply = show(wire, bearer.name(), &response).await?;
    let mut why = None;
    if reply.is_intermediate() {
        why = report(&reply.text);
        reply = wire.ask(&format!("{}\r\n", bearer.acknowledgement()), "AUTH").await?;
    }
    match reply.code / 100 {
        2 => Ok(()),
        3 => {
            let reply = wire.ask("*\r\n", "AUTH").await?;
            Err(refused(wire, &login.user, "token", &reply))
        }
        _ => {
            let failure = refused(wire, &login.user, "token", &reply);
            let Some(why) = why else { return Err(failure) };
            let detail = format!("{why} {}", failure.detail.as_deref().unwrap_or_default());
            Err(Failure { detail: Some(words(detail.as_bytes(), TEXT_CHARS)), ..failure })
        }
    }
}

/// AUTH with its response: on the command line where it fits, else on a line of its own.
async fn show(wire: &mut Wire, mechanism: &str, response: &str) -> Result<Reply, Failure> {
    let line = Zeroizing::new(format!("AUTH {mechanism} {response}\r\n"));
    if line.len() <= COMMAND_LINE && initial_response_works(&wire.host) {
        return wire.ask(&line, "AUTH").await;
    }
    let reply = wire.ask(&format!("AUTH {mechanism}\r\n"), "AUTH").await?;
    if !reply.is_intermediate() {
        return Ok(reply);
    }
    let line = Zeroizing::new(format!("{response}\r\n"));
    wire.ask(&line, "AUTH").await
}

fn refused(wire: &Wire, user: &str, what: &str, reply: &Reply) -> Failure {
    match reply.code {
        400.. => fault::sign_in(&wire.host, user, what, reply),
        _ => fault::bad_reply(&wire.host, "AUTH", &reply.to_string()),
    }
}

fn unsayable(why: &str) -> Failure {
    fault::refused("smtp.bad_credential", format!("{why}; enter it again"))
}
