//! Signing in (RFC 4954): PLAIN, else LOGIN, as offered; only ever called inside TLS.

use super::{Login, Wire, fault};
use chapar_engine::credential::Credential;
use chapar_engine::secret::base64;
use chapar_engine::verdict::Failure;
use zeroize::Zeroizing;

/// Signs in; the reply's own words are kept when it is refused.
pub(super) async fn sign_in(wire: &mut Wire, login: &Login) -> Result<(), Failure> {
    let user = login.user.as_str();
    let password = match &login.credential {
        Credential::Password(password) => password,
        Credential::Token(_) => todo!("OAUTHBEARER, XOAUTH2"),
    };
    if user.contains('\0') || password.expose().contains('\0') {
        return Err(fault::refused(
            "smtp.bad_credential",
            "a user name or password cannot contain a NUL character; enter it again".to_owned(),
        ));
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
        return Err(fault::no_mechanism(&wire.host, &wire.extensions.mechanisms));
    };
    match reply.code {
        235 => Ok(()),
        // a challenge nobody expects: give the exchange up (RFC 4954 §4) and keep the real reply
        334 => {
            let reply = wire.ask("*\r\n", "AUTH").await?;
            Err(fault::sign_in(&wire.host, user, &reply))
        }
        400.. => Err(fault::sign_in(&wire.host, user, &reply)),
        _ => Err(fault::bad_reply(&wire.host, "AUTH", &reply.to_string())),
    }
}
