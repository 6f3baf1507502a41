//! STARTTLS, LOGIN, AUTHENTICATE, ENABLE.

use super::{Answer, Refusal, Session, no, text};
use crate::sandbox::base64;
use crate::sandbox::faults::{Fault, Service};
use crate::sandbox::ledger::Credential;
use crate::sandbox::oauth::Mail;
use crate::sandbox::oauth::shape::Shape;
use crate::sandbox::sasl::{self, Bearer};
use crate::sandbox::wire::End;
use imap_codec::imap_types::extensions::enable::CapabilityEnable;
use std::sync::Arc;

impl Session {
    pub(super) async fn start_tls(&mut self, tag: &str) -> Answer {
        let refused = self
            .provider
            .faults
            .take(Service::Imap, |fault| matches!(fault, Fault::NoStartTls).then_some(()));
        if refused.is_some() || self.under.is_some() {
            self.wire.send(format!("{tag} BAD STARTTLS is not offered.\r\n").as_bytes()).await?;
            return Ok(String::new());
        }
        self.wire.send(format!("{tag} OK Begin TLS now.\r\n").as_bytes()).await?;
        let Some(stream) = self.wire.take_stream() else { return Err(End::Closed.into()) };
        let secured = self.provider.secure(stream, Service::Imap, self.security).await;
        let (stream, kind) = secured.map_err(End::Io)?;
        self.wire.put_stream(stream);
        self.under = Some(kind);
        Ok(String::new())
    }

    pub(super) fn log_in(&mut self, user: &str, password: &str) -> Answer {
        let allowed = self.provider.issuer.rules().passwords;
        let right = allowed && self.provider.store.admits(user, password);
        self.note(user, false, right);
        if self.under.is_none() {
            return no("[PRIVACYREQUIRED] Begin TLS first.");
        }
        if !right {
            return no(self.refusal("LOGIN"));
        }
        Ok(self.enter(user))
    }

    pub(super) async fn authenticate(&mut self, mechanism: &str, first: Option<Vec<u8>>) -> Answer {
        let mechanism = mechanism.to_ascii_uppercase();
        if !self.provider.mechanisms().contains(&mechanism.as_str()) {
            return no("[CANNOT] This mechanism is not offered.");
        }
        let response = if let Some(response) = first {
            response
        } else {
            self.wire.send(b"+ \r\n").await?;
            let line = self.wire.line().await?;
            let Some(response) = base64::decode(&text(&line)) else {
                return Err(Refusal::Bad("Not base64.".into()));
            };
            response
        };
        if mechanism != "PLAIN" {
            return self.bear(&mechanism, &response).await;
        }
        // RFC 4616: [authzid] NUL authcid NUL passwd
        let fields: Vec<&[u8]> = response.split(|byte| *byte == 0).collect();
        match fields.as_slice() {
            [_, user, password] => self.log_in(&text(user), &text(password)),
            _ => Err(Refusal::Bad("Not a PLAIN response.".into())),
        }
    }

    /// A login with a token.
    async fn bear(&mut self, mechanism: &str, response: &[u8]) -> Answer {
        let said = sasl::read(mechanism, response);
        let Some(Bearer { user, token }) = said else {
            return Err(Refusal::Bad(format!("Not a {mechanism} response.")));
        };
        let now = (self.provider.now)();
        let opened = self.provider.issuer.opens(&token, &user, Service::Imap, now);
        self.note(&user, true, !matches!(opened, Mail::Closed));
        if self.under.is_none() {
            return no("[PRIVACYREQUIRED] Begin TLS first.");
        }
        let lease = match opened {
            Mail::Open(lease) => lease,
            Mail::Unconnected(lease) => {
                self.unconnected = true;
                lease
            }
            Mail::Closed => return self.turn_away(mechanism).await,
        };
        self.wire.lease(lease, Arc::clone(&self.provider.now));
        Ok(self.enter(&user))
    }

    /// The dialogue of a refused token: JSON, the client's acknowledgement, NO.
    async fn turn_away(&mut self, mechanism: &str) -> Answer {
        let why = sasl::challenge(mechanism, self.provider.personality.shape);
        self.wire.send(format!("+ {}\r\n", base64::encode(why.as_bytes())).as_bytes()).await?;
        let said = self.wire.line().await?;
        if sasl::acknowledges(mechanism, &said) {
            no(self.refusal("AUTHENTICATE"))
        } else {
            Err(Refusal::Bad("Expected the end of the exchange.".into()))
        }
    }

    fn note(&self, user: &str, token: bool, right: bool) {
        self.provider.ledger.credential(Credential {
            service: Service::Imap,
            user: user.into(),
            token,
            under: self.under,
            right,
        });
    }

    fn enter(&mut self, user: &str) -> String {
        self.user = Some(user.into());
        self.guard = Some(self.provider.ledger.session(Service::Imap, user));
        format!("[CAPABILITY {}] Logged in", self.capabilities())
    }

    /// How this provider refuses a login.
    fn refusal(&self, command: &str) -> String {
        match self.provider.personality.shape {
            Shape::Generic => "[AUTHENTICATIONFAILED] Authentication failed.".into(),
            Shape::Google => "[AUTHENTICATIONFAILED] Invalid credentials (Failure)".into(),
            Shape::Microsoft => format!("{command} failed."),
        }
    }

    pub(super) fn enable(&mut self, capabilities: &[CapabilityEnable<'_>]) -> Answer {
        let condstore = capabilities.contains(&CapabilityEnable::CondStore);
        if condstore && self.provider.personality.modern() {
            self.condstore = true;
            self.untagged("ENABLED CONDSTORE");
        } else {
            self.untagged("ENABLED");
        }
        Ok("Enabled.".into())
    }
}
