//! Device codes (RFC 8628): a program asks, a person types the code on any other machine.

use super::authorize::Purpose;
use super::form::encoded;
use super::http::{Answer, Request};
use super::refusal::Refusal;
use super::shape::Shape;
use super::token::Shown;
use super::{Issuer, pages};
use serde_json::json;

/// Characters of a code a person types: no vowels, no digits that look like letters (§6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// One device code.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) client: String,
    user_code: String,
    scopes: Vec<String>,
    state: State,
    expires_at: i64,
    polled_at: Option<i64>,
    /// Seconds added to the interval for polling too soon (§3.5).
    slowed: i64,
}

#[derive(Debug)]
enum State {
    Waiting,
    Approved(String, Vec<String>),
    Denied,
}

impl Device {
    pub(super) fn approve(&mut self, user: &str, scopes: Vec<String>) {
        self.state = State::Approved(user.into(), scopes);
    }

    pub(super) fn deny(&mut self) {
        self.state = State::Denied;
    }

    /// Who agreed to what, or why there is nothing yet.
    pub(super) fn poll(
        &mut self,
        interval: i64,
        now: i64,
    ) -> Result<(String, Vec<String>), Refusal> {
        let last = self.polled_at.replace(now);
        if now >= self.expires_at {
            return Err(Refusal::DeviceExpired);
        }
        if last.is_some_and(|last| now < last + interval + self.slowed) {
            self.slowed += 5;
            return Err(Refusal::SlowDown);
        }
        match &self.state {
            State::Waiting => Err(Refusal::Pending),
            State::Denied => Err(Refusal::Denied),
            State::Approved(user, scopes) => Ok((user.clone(), scopes.clone())),
        }
    }
}

impl Issuer {
    /// `POST` of the device authorization endpoint (§3.1).
    pub(super) fn device(&self, request: &Request, now: i64) -> Answer {
        match self.new_device(request, now) {
            Ok(answer) => answer,
            Err(refusal) => refusal.answer(self.shape, now),
        }
    }

    fn new_device(&self, request: &Request, now: i64) -> Result<Answer, Refusal> {
        let form = request.form().ok_or(Refusal::Malformed("a form is expected"))?;
        let shown =
            Shown::read(request, &form).ok_or(Refusal::Malformed("client_id is missing"))?;
        // no secret is needed here: the client shows it when it polls
        let client = shown.id;
        let scopes = self.scopes(form.get("scope").unwrap_or_default()).ok_or(Refusal::Scope)?;
        let mail = |scope: &String| pages::has_box(scope);
        if self.shape == Shape::Google && scopes.iter().any(mail) {
            // Google has no device codes for mail
            return Err(Refusal::Scope);
        }
        let mut book = self.book();
        if !book.rules.device {
            return Err(Refusal::GrantType);
        }
        if book.clients.get(&client).is_none_or(|client| client.disabled) {
            return Err(Refusal::Client);
        }
        let device_code = book.mint.secret("sandbox-device-", 60);
        let user_code = typed(&book.mint.name());
        let page = book.base.clone() + self.shape.paths().device_page;
        let (life, interval) = (book.rules.device_seconds, book.rules.interval);
        let mut body = json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "expires_in": life,
            "interval": interval,
        });
        match self.shape {
            Shape::Generic => {
                let complete = format!("{page}?user_code={}", encoded(&user_code));
                body["verification_uri_complete"] = complete.into();
            }
            // Google kept the name of an early draft
            Shape::Google => body["verification_url"] = page.into(),
            Shape::Microsoft => {
                let words =
                    format!("To sign in, open the page {page} and enter the code {user_code}.");
                body["message"] = words.into();
            }
        }
        let device = Device {
            client,
            user_code,
            scopes,
            state: State::Waiting,
            expires_at: now + life,
            polled_at: None,
            slowed: 0,
        };
        book.devices.insert(device_code, device);
        Ok(Answer::json(200, &body))
    }

    /// The page where the code is typed.
    pub(super) fn device_page(&self, request: &Request, now: i64) -> Answer {
        let path = self.shape.paths().device_page;
        if request.method == "GET" {
            return pages::device(path, request.query.get("user_code"), None);
        }
        let form = request.form().unwrap_or_default();
        let said = letters(form.get("user_code").unwrap_or_default());
        let book = self.book();
        let found = book.devices.iter().find(|(_, device)| {
            letters(&device.user_code) == said
                && now < device.expires_at
                && matches!(device.state, State::Waiting)
        });
        let Some((code, device)) = found else {
            return pages::device(path, None, Some("That code is not known."));
        };
        let (code, client, scopes) = (code.clone(), device.client.clone(), device.scopes.clone());
        drop(book);
        self.begin(Purpose::Device(code), &client, scopes, None, now)
    }
}

/// A code for people, of any unguessed name.
fn typed(name: &str) -> String {
    let letters: Vec<char> =
        name.bytes().take(8).map(|byte| char::from(LETTERS[usize::from(byte) % 20])).collect();
    let (left, right): (String, String) =
        (letters[..4].iter().collect(), letters[4..].iter().collect());
    format!("{left}-{right}")
}

/// What a person typed, without case and dashes.
fn letters(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_polls_too_soon_waits_longer() {
        let mut device = Device {
            client: String::new(),
            user_code: String::new(),
            scopes: vec![],
            state: State::Waiting,
            expires_at: 600,
            polled_at: None,
            slowed: 0,
        };
        assert_eq!(device.poll(5, 0), Err(Refusal::Pending));
        assert_eq!(device.poll(5, 4), Err(Refusal::SlowDown));
        assert_eq!(device.poll(5, 13), Err(Refusal::SlowDown));
        device.approve("ada", vec![]);
        assert_eq!(device.poll(5, 28), Ok(("ada".into(), vec![])));
        assert_eq!(device.poll(5, 600), Err(Refusal::DeviceExpired));
        assert_eq!(letters(&typed("abcdefghij")).len(), 8);
        assert_eq!(letters("bcdf-ghjk"), "BCDFGHJK");
    }
}
