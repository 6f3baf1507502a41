//! STARTTLS, LOGIN, AUTHENTICATE, ENABLE.

use super::{Answer, Refusal, Session, no, text};
use crate::sandbox::base64;
use crate::sandbox::faults::{Fault, Service};
use crate::sandbox::ledger::Credential;
use crate::sandbox::wire::End;
use imap_codec::imap_types::extensions::enable::CapabilityEnable;

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
        let right = self.provider.store.admits(user, password);
        self.provider.ledger.credential(Credential {
            service: Service::Imap,
            user: user.into(),
            under: self.under,
            right,
        });
        if self.under.is_none() {
            return no("[PRIVACYREQUIRED] Begin TLS first.");
        }
        if !right {
            return no("[AUTHENTICATIONFAILED] Authentication failed.");
        }
        self.user = Some(user.into());
        self.guard = Some(self.provider.ledger.session(Service::Imap, user));
        Ok(format!("[CAPABILITY {}] Logged in", self.capabilities()))
    }

    pub(super) async fn authenticate(&mut self, mechanism: &str, first: Option<Vec<u8>>) -> Answer {
        if mechanism != "PLAIN" {
            return no("[CANNOT] Only PLAIN is offered.");
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
        // RFC 4616: [authzid] NUL authcid NUL passwd
        let fields: Vec<&[u8]> = response.split(|byte| *byte == 0).collect();
        match fields.as_slice() {
            [_, user, password] => self.log_in(&text(user), &text(password)),
            _ => Err(Refusal::Bad("Not a PLAIN response.".into())),
        }
    }

    pub(super) fn enable(&mut self, capabilities: &[CapabilityEnable<'_>]) -> Answer {
        let condstore = capabilities.contains(&CapabilityEnable::CondStore);
        if condstore && self.provider.personality.full {
            self.condstore = true;
            self.untagged("ENABLED CONDSTORE");
        } else {
            self.untagged("ENABLED");
        }
        Ok("Enabled.".into())
    }
}
