//! AUTH (RFC 4954): PLAIN and LOGIN with passwords, XOAUTH2 and OAUTHBEARER with tokens.

use super::Session;
use crate::sandbox::base64;
use crate::sandbox::faults::Service;
use crate::sandbox::ledger::Credential;
use crate::sandbox::oauth::Mail;
use crate::sandbox::oauth::rules::SmtpAuth;
use crate::sandbox::oauth::shape::Shape;
use crate::sandbox::sasl::{self, Bearer};
use crate::sandbox::wire::End;
use smtp_proto::{AUTH_LOGIN, AUTH_OAUTHBEARER, AUTH_PLAIN, AUTH_XOAUTH2};

impl Session {
    /// The keyword line of EHLO inside TLS.
    pub(super) fn mechanisms(&self) -> String {
        let mut offered = vec!["AUTH"];
        for mechanism in self.provider.mechanisms() {
            offered.push(mechanism);
            if mechanism == "PLAIN" {
                offered.push("LOGIN");
            }
        }
        offered.join(" ")
    }

    pub(super) async fn authenticate(&mut self, mechanism: u64, first: &str) -> Result<(), End> {
        let rules = self.provider.issuer.rules();
        match mechanism {
            AUTH_XOAUTH2 if rules.xoauth2 => self.bear("XOAUTH2", first).await,
            AUTH_OAUTHBEARER if rules.oauthbearer => self.bear("OAUTHBEARER", first).await,
            AUTH_PLAIN | AUTH_LOGIN => self.password(mechanism, first).await,
            _ => {
                self.reply("504 5.5.4 This mechanism is not offered");
                Ok(())
            }
        }
    }

    async fn password(&mut self, mechanism: u64, first: &str) -> Result<(), End> {
        let first = if !first.is_empty() {
            first.to_owned()
        } else if mechanism == AUTH_PLAIN {
            self.ask("").await?
        } else {
            self.ask("Username:").await?
        };
        let credential = if mechanism == AUTH_PLAIN {
            plain(&first)
        } else {
            let password = self.ask("Password:").await?;
            text(&first).zip(text(&password))
        };
        let Some((user, password)) = credential else {
            self.reply("501 5.5.2 Cannot decode the response");
            return Ok(());
        };
        let allowed = self.provider.issuer.rules().passwords;
        let right = allowed && self.provider.store.admits(&user, &password);
        self.note(&user, false, right);
        if self.under.is_none() {
            self.reply("538 5.7.11 Begin TLS first");
        } else if right {
            self.enter(&user);
        } else if allowed {
            self.reply(self.refusal());
        } else {
            self.reply(
                "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            );
        }
        Ok(())
    }

    /// A login with a token.
    async fn bear(&mut self, mechanism: &str, first: &str) -> Result<(), End> {
        let said = if first.is_empty() { self.ask("").await? } else { first.to_owned() };
        let said = base64::decode(&said).and_then(|said| sasl::read(mechanism, &said));
        let Some(Bearer { user, token }) = said else {
            self.reply("501 5.5.2 Cannot decode the response");
            return Ok(());
        };
        let now = (self.provider.now)();
        let opened = self.provider.issuer.opens(&token, &user, Service::Smtp, now);
        self.note(&user, true, !matches!(opened, Mail::Closed));
        match opened {
            _ if self.under.is_none() => self.reply("538 5.7.11 Begin TLS first"),
            Mail::Closed => return self.turn_away(mechanism).await,
            Mail::Open(lease) | Mail::Unconnected(lease) => {
                if let Some(words) = self.switched_off() {
                    self.reply(words);
                } else {
                    self.wire.lease(lease, std::sync::Arc::clone(&self.provider.now));
                    self.enter(&user);
                }
            }
        }
        Ok(())
    }

    /// The dialogue of a refused token: JSON, the client's acknowledgement, 535.
    async fn turn_away(&mut self, mechanism: &str) -> Result<(), End> {
        let why = sasl::challenge(mechanism, self.provider.personality.shape);
        let said = self.ask(&why).await?;
        if sasl::acknowledges(mechanism, said.as_bytes()) {
            self.reply(self.refusal());
        } else {
            self.reply("501 5.5.2 Expected the end of the exchange");
        }
        Ok(())
    }

    fn switched_off(&self) -> Option<&'static str> {
        match self.provider.issuer.rules().smtp_auth {
            SmtpAuth::Allowed => None,
            SmtpAuth::OffForTenant => Some(
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for \
                 the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
            ),
            SmtpAuth::OffForMailbox => Some(
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for \
                 the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.",
            ),
        }
    }

    fn note(&self, user: &str, token: bool, right: bool) {
        self.provider.ledger.credential(Credential {
            service: Service::Smtp,
            user: user.into(),
            token,
            under: self.under,
            right,
        });
    }

    fn enter(&mut self, user: &str) {
        self.presence = Some(self.provider.ledger.session(Service::Smtp, user));
        self.user = Some(user.into());
        self.reply("235 2.7.0 Authentication successful");
    }

    /// How this provider refuses a login.
    fn refusal(&self) -> &'static str {
        match self.provider.personality.shape {
            Shape::Generic => "535 5.7.8 Authentication failed",
            Shape::Google => "535 5.7.8 Username and Password not accepted.",
            Shape::Microsoft => "535 5.7.3 Authentication unsuccessful",
        }
    }
}

fn text(coded: &str) -> Option<String> {
    String::from_utf8(base64::decode(coded)?).ok()
}

/// RFC 4616: `[authzid] NUL authcid NUL passwd`.
fn plain(response: &str) -> Option<(String, String)> {
    let decoded = text(response)?;
    let fields: Vec<&str> = decoded.split('\0').collect();
    match fields.as_slice() {
        [_, user, password] => Some(((*user).to_owned(), (*password).to_owned())),
        _ => None,
    }
}
