//! Signing in (RFC 4954): PLAIN, else LOGIN, or by access token OAUTHBEARER (RFC 7628), else XOAUTH2,
//! as offered; only ever called inside TLS.

use super::{Login, Reply, Wire, fault};
use chapar_engine::credential::Credential;
use chapar_engine::sasl::{Bearer, initial_response_works, report};
use chapar_engine::secret::{Secret, base64};
use chapar_engine::verdict::Failure;
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
    let reply = if wire.extensions.plain {
        let text = Zeroizing::new(format!("\0{user}\0{}", password.expose()));
        let line = Zeroizing::new(format!("AUTH PLAIN {}\r\n", base64(text.as_bytes()).as_str()));
        wire.ask(&line, "AUTH").await?
    } else if wire.extensions.login {
        let mut reply = wire.ask("AUTH LOGIN\r\n", "AUTH").await?;
        for answer in [user, password.expose()] {
            if reply.code == 334 {
                let line = Zeroizing::new(format!("{}\r\n", base64(answer.as_bytes()).as_str()));
                reply = wire.ask(&line, "AUTH").await?;
            }
        }
        reply
    } else {
        return Err(fault::no_mechanism(&wire.host, "password", &wire.extensions.mechanisms));
    };
    match reply.code {
        235 => Ok(()),
        // a challenge nobody expects: give the exchange up (RFC 4954 §4) and keep the real reply
        334 => {
            let reply = wire.ask("*\r\n", "AUTH").await?;
            Err(fault::sign_in(&wire.host, user, "password", &reply))
        }
        _ => Err(refused(wire, user, "password", &reply)),
    }
}

async fn by_token(wire: &mut Wire, login: &Login, token: &Secret) -> Result<(), Failure> {
    let offered = &wire.extensions.mechanisms;
    let Some(bearer) = Bearer::of(|name| offered.iter().any(|one| one == name)) else {
        return Err(fault::no_mechanism(&wire.host, "token", offered));
    };
    let (host, port) = (&login.endpoint.host, login.endpoint.port);
    let response = bearer
        .response(&login.user, token, host, port)
        .ok_or_else(|| unsayable("a user name or token cannot contain control characters"))?;
    let mut reply = show(wire, bearer, &response).await?;
    let mut why = None;
    if reply.code == 334 {
        why = report(&reply.text);
        reply = wire.ask(&format!("{}\r\n", bearer.acknowledgement()), "AUTH").await?;
    }
    match reply.code {
        235 => Ok(()),
        334 => {
            let reply = wire.ask("*\r\n", "AUTH").await?;
            Err(refused(wire, &login.user, "token", &reply))
        }
        _ => {
            let failure = refused(wire, &login.user, "token", &reply);
            let Some(why) = why else { return Err(failure) };
            let detail = format!("{why} {}", failure.detail.as_deref().unwrap_or_default());
            Err(Failure { detail: Some(fault::clean(&detail)), ..failure })
        }
    }
}

/// AUTH with its response: on the command line where it fits, else on a line of its own.
async fn show(wire: &mut Wire, bearer: Bearer, response: &str) -> Result<Reply, Failure> {
    let line = Zeroizing::new(format!("AUTH {} {response}\r\n", bearer.name()));
    if line.len() <= COMMAND_LINE && initial_response_works(&wire.host) {
        return wire.ask(&line, "AUTH").await;
    }
    let reply = wire.ask(&format!("AUTH {}\r\n", bearer.name()), "AUTH").await?;
    if reply.code != 334 {
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
