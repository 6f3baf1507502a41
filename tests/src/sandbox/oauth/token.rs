//! The token endpoint (RFC 6749 §4.1.3, §6; RFC 8628 §3.4).

use super::form::Form;
use super::grant::{Access, Death, Grant, Turn, s256};
use super::http::{Answer, Request};
use super::refusal::Refusal;
use super::rules::ExpiresIn;
use super::shape::Shape;
use super::{Book, Issuer, identity};
use serde_json::{Map, Value};

/// `grant_type` of a device code.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What one successful answer gives.
struct Gift {
    grant: usize,
    scopes: Vec<String>,
    refresh: bool,
    identity: bool,
    nonce: Option<String>,
}

/// The client as it showed itself.
pub(super) struct Shown {
    pub(super) id: String,
    secret: Option<String>,
}

impl Shown {
    pub(super) fn read(request: &Request, form: &Form) -> Option<Self> {
        if let Some((id, secret)) = request.basic() {
            return Some(Self { id, secret: Some(secret) });
        }
        let secret = form.get("client_secret").map(Into::into);
        Some(Self { id: form.get("client_id")?.into(), secret })
    }
}

impl Issuer {
    /// `POST` of the token endpoint.
    pub(super) fn token(&self, request: &Request, now: i64) -> Answer {
        match self.tokens(request, now) {
            Ok(body) => Answer::json(200, &body),
            Err(refusal) => {
                self.count(match refusal {
                    Refusal::Pending | Refusal::SlowDown => "PENDING",
                    _ => "REFUSED",
                });
                refusal.answer(self.shape, now)
            }
        }
    }

    fn tokens(&self, request: &Request, now: i64) -> Result<Value, Refusal> {
        let form = request.form().ok_or(Refusal::Malformed("a form is expected"))?;
        if form.repeats() {
            return Err(Refusal::Malformed("a parameter comes twice"));
        }
        let mut book = self.book();
        let shown = Shown::read(request, &form);
        let client = book.client(shown.ok_or(Refusal::Malformed("client_id is missing"))?)?;
        let gift = match form.get("grant_type") {
            Some("authorization_code") => self.exchange(&mut book, &client, &form, now),
            Some("refresh_token") => self.turn(&mut book, &client, &form, now),
            Some(DEVICE_GRANT) => self.poll(&mut book, &client, &form, now),
            Some(_) => Err(Refusal::GrantType),
            None => Err(Refusal::Malformed("grant_type is missing")),
        };
        Ok(self.give(&mut book, gift?, now))
    }

    fn exchange(
        &self,
        book: &mut Book,
        client: &str,
        form: &Form,
        now: i64,
    ) -> Result<Gift, Refusal> {
        let value = form.get("code").ok_or(Refusal::Malformed("code is missing"))?;
        let code = book.codes.get_mut(value).filter(|code| code.client == client);
        let code = code.ok_or(Refusal::Code)?;
        if let Some(grant) = code.grant {
            book.grants[grant].end(Death::Replayed, Access::Dies);
            self.count("REPLAY");
            self.deaths.send_modify(|count| *count += 1);
            return Err(Refusal::Code);
        }
        if now >= code.expires_at {
            return Err(Refusal::Code);
        }
        if form.get("redirect_uri") != Some(&code.redirect) {
            return Err(Refusal::Redirect);
        }
        let verified = match (&code.challenge, form.get("code_verifier")) {
            (Some(challenge), Some(verifier)) => {
                (43..=128).contains(&verifier.len()) && s256(verifier) == *challenge
            }
            (None, None) => true,
            _ => false,
        };
        if !verified {
            // a wrong verifier is an attack on this code: it is not given a second try
            book.codes.remove(value);
            return Err(Refusal::Verifier);
        }
        code.grant = Some(book.grants.len());
        let (user, scopes, refresh) = (code.user.clone(), code.scopes.clone(), code.offline);
        let nonce = code.nonce.clone();
        book.grants.push(Grant::new(&user, client, scopes.clone()));
        self.count("EXCHANGED");
        Ok(Gift { grant: book.grants.len() - 1, scopes, refresh, identity: true, nonce })
    }

    fn turn(&self, book: &mut Book, client: &str, form: &Form, now: i64) -> Result<Gift, Refusal> {
        let value =
            form.get("refresh_token").ok_or(Refusal::Malformed("refresh_token is missing"))?;
        let (rotation, life) = (book.rules.rotation, book.rules.refresh_seconds);
        let holds = |grant: &Grant| grant.refresh.iter().any(|held| held.value == value);
        let at = book.grants.iter().position(|grant| grant.client == client && holds(grant));
        let at = at.ok_or(Refusal::RefreshToken)?;
        let held = book.grants[at].scopes.clone();
        let scopes = match form.get("scope") {
            None => held,
            Some(asked) => {
                let asked = self.scopes(asked).ok_or(Refusal::Scope)?;
                if !asked.iter().all(|scope| held.contains(scope)) {
                    return Err(Refusal::Scope);
                }
                asked
            }
        };
        let refresh = match book.grants[at].turn(value, rotation, life, now) {
            Turn::Stays => false,
            Turn::Replaced => true,
            Turn::Over(death, just_now) => {
                if just_now && death == Death::Reused {
                    self.count("REUSE");
                }
                self.deaths.send_modify(|count| *count += 1);
                return Err(Refusal::Over(death));
            }
        };
        self.count("REFRESHED");
        Ok(Gift { grant: at, scopes, refresh, identity: false, nonce: None })
    }

    fn poll(&self, book: &mut Book, client: &str, form: &Form, now: i64) -> Result<Gift, Refusal> {
        let value = form.get("device_code").ok_or(Refusal::Malformed("device_code is missing"))?;
        let interval = book.rules.interval;
        let device = book.devices.get_mut(value).filter(|device| device.client == client);
        let (user, scopes) = device.ok_or(Refusal::Code)?.poll(interval, now)?;
        book.devices.remove(value);
        book.grants.push(Grant::new(&user, client, scopes.clone()));
        self.count("EXCHANGED");
        let refresh =
            self.shape == Shape::Google || scopes.iter().any(|scope| scope == "offline_access");
        Ok(Gift { grant: book.grants.len() - 1, scopes, refresh, identity: true, nonce: None })
    }

    /// Makes the tokens and writes the answer (RFC 6749 §5.1).
    fn give(&self, book: &mut Book, gift: Gift, now: i64) -> Value {
        let (access_mark, refresh_mark) = self.shape.marks();
        let rules = book.rules.clone();
        let access = book.mint.secret(access_mark, rules.token_bytes);
        let refresh =
            (gift.refresh && rules.refresh_token).then(|| book.mint.secret(refresh_mark, 0));
        let base = book.base.clone();
        let grant = &mut book.grants[gift.grant];
        let life = rules.access_seconds;
        grant.access(access.clone(), gift.scopes.clone(), now + life);
        let mut body = Map::new();
        body.insert("token_type".into(), "Bearer".into());
        body.insert("access_token".into(), access.into());
        match rules.expires_in {
            ExpiresIn::Truth => drop(body.insert("expires_in".into(), life.into())),
            ExpiresIn::Text => drop(body.insert("expires_in".into(), life.to_string().into())),
            ExpiresIn::Absent => {}
            ExpiresIn::Says(value) => drop(body.insert("expires_in".into(), value)),
        }
        if self.shape == Shape::Microsoft {
            body.insert("ext_expires_in".into(), life.into());
        }
        if rules.says_scope {
            body.insert("scope".into(), self.shape.spelled(&gift.scopes).into());
        }
        if let Some(refresh) = refresh {
            grant.refresh(refresh.clone(), now);
            body.insert("refresh_token".into(), refresh.into());
        }
        if gift.identity && rules.id_token && gift.scopes.iter().any(|scope| scope == "openid") {
            let claims = identity::Claims {
                issuer: identity::issuer(self.shape, &base),
                client: grant.client.clone(),
                user: grant.user.clone(),
                email: gift.scopes.iter().any(|scope| scope == "email"),
                nonce: gift.nonce,
                now,
            };
            body.insert("id_token".into(), identity::token(self.shape, &claims).into());
        }
        Value::Object(body)
    }
}

impl Book {
    /// The client, if it is who it says (RFC 6749 §2.3).
    pub(super) fn client(&self, shown: Shown) -> Result<String, Refusal> {
        let client = self.clients.get(&shown.id).filter(|client| !client.disabled);
        let client = client.ok_or(Refusal::Client)?;
        match (&client.secret, &shown.secret) {
            (None, _) => Ok(shown.id),
            (Some(secret), Some(said)) if secret == said => Ok(shown.id),
            _ => Err(Refusal::Secret),
        }
    }
}
