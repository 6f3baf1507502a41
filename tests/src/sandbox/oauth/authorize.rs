//! The authorization endpoint and the pages behind it (RFC 6749 §4.1, RFC 7636, RFC 9207): sign in,
//! second factor, consent.

use super::client::Client;
use super::form::Form;
use super::http::{Answer, Request};
use super::pages::{self, Asked};
use super::refusal::Refusal;
use super::rules::Iss;
use super::shape::Shape;
use super::{Book, Issuer, MFA_CODE};

/// A person is given this long for all pages, in seconds.
const VISIT_SECONDS: i64 = 3_600;

/// An authorization code that was given out.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) challenge: Option<String>,
    pub(super) user: String,
    pub(super) scopes: Vec<String>,
    /// A refresh token is due.
    pub(super) offline: bool,
    pub(super) nonce: Option<String>,
    pub(super) expires_at: i64,
    /// The grant it became.
    pub(super) grant: Option<usize>,
}

/// A person on the pages.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) purpose: Purpose,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    /// Who gave a right password.
    pub(super) known: Option<String>,
    /// And a right second factor, where one is asked for.
    pub(super) proved: bool,
    pub(super) expires_at: i64,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// A code, by redirect.
    Redirect {
        address: String,
        state: Option<String>,
        challenge: Option<String>,
        nonce: Option<String>,
        access_type: Option<String>,
        prompt: Option<String>,
    },
    /// Approval of a device.
    Device(String),
}

impl Issuer {
    /// `GET` of the authorization endpoint.
    pub(super) fn authorize(&self, request: &Request, now: i64) -> Answer {
        let query = &request.query;
        let book = self.book();
        let client = query.get("client_id").and_then(|id| book.clients.get(id));
        let Some(client) = client.filter(|client| !client.disabled) else {
            return pages::dead_end(&Refusal::Client.description(self.shape));
        };
        let Some(address) = query.get("redirect_uri").filter(|address| client.allows(address))
        else {
            return pages::dead_end(&match self.shape {
                Shape::Google => "Error 400: redirect_uri_mismatch".into(),
                shape => Refusal::Redirect.description(shape),
            });
        };
        let client = client.clone();
        drop(book);
        match self.checked(query, &client) {
            Ok(scopes) => {
                let purpose = Purpose::Redirect {
                    address: address.into(),
                    state: query.get("state").map(Into::into),
                    challenge: query.get("code_challenge").map(Into::into),
                    nonce: query.get("nonce").map(Into::into),
                    access_type: query.get("access_type").map(Into::into),
                    prompt: query.get("prompt").map(Into::into),
                };
                self.begin(purpose, &client.id, scopes, query.get("login_hint"), now)
            }
            Err((error, refusal)) => {
                self.send_back(address, query.get("state"), error, &refusal.description(self.shape))
            }
        }
    }

    /// The scopes asked for, or what is wrong with the request.
    fn checked(
        &self,
        query: &Form,
        client: &Client,
    ) -> Result<Vec<String>, (&'static str, Refusal)> {
        let wrong = |what| Err(("invalid_request", Refusal::Malformed(what)));
        if query.repeats() {
            return wrong("a parameter comes twice");
        }
        if query.get("response_type") != Some("code") {
            let what = "response_type must be code";
            return Err(("unsupported_response_type", Refusal::Malformed(what)));
        }
        match (query.get("code_challenge"), query.get("code_challenge_method")) {
            (None, _) if self.book().rules.pkce && client.secret.is_none() => {
                return wrong("code_challenge is required for public clients (RFC 7636)");
            }
            (None, None) => {}
            (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
            _ => return wrong("code_challenge_method must be S256 with 43 characters"),
        }
        let scopes = self.scopes(query.get("scope").unwrap_or_default());
        scopes.ok_or(("invalid_scope", Refusal::Scope))
    }

    /// What is granted of `asked`: the generic issuer leaves out what it does not know, as RFC 6749
    /// §3.3 lets it; the others refuse.
    pub(super) fn scopes(&self, asked: &str) -> Option<Vec<String>> {
        let known = self.shape.scopes();
        let mut scopes = Vec::new();
        for scope in asked.split(' ').filter(|scope| !scope.is_empty()) {
            if known.contains(&scope) {
                scopes.push(scope.to_owned());
            } else if self.shape != Shape::Generic {
                return None;
            }
        }
        (!scopes.is_empty() || self.shape == Shape::Generic).then_some(scopes)
    }

    /// The first page.
    pub(super) fn begin(
        &self,
        purpose: Purpose,
        client: &str,
        scopes: Vec<String>,
        hint: Option<&str>,
        now: i64,
    ) -> Answer {
        let mut book = self.book();
        let id = book.mint.name();
        let page = pages::sign_in(&id, hint, None);
        let expires_at = now + VISIT_SECONDS;
        let client = client.to_owned();
        let visit = Visit { purpose, client, scopes, known: None, proved: false, expires_at };
        book.visits.insert(id, visit);
        page
    }

    /// `POST /signin/ID`: one page answered, the next shown.
    pub(super) fn answered(&self, id: &str, form: &Form, now: i64) -> Answer {
        let visit = self.book().visits.get(id).filter(|visit| now < visit.expires_at).cloned();
        let Some(visit) = visit else {
            return pages::dead_end("This page is too old. Begin again.");
        };
        if form.get("decision") == Some("deny") {
            return self.denied(id, visit);
        }
        match (&visit.known, visit.proved) {
            (None, _) => self.password(id, visit, form),
            (Some(_), false) => self.second_factor(id, visit, form),
            (Some(user), true) => {
                let user = user.clone();
                self.agreed(id, visit, &user, form, now)
            }
        }
    }

    fn password(&self, id: &str, mut visit: Visit, form: &Form) -> Answer {
        self.count("LOGIN");
        let user = form.get("login").unwrap_or_default().to_ascii_lowercase();
        if !self.store.admits(&user, form.get("password").unwrap_or_default()) {
            return pages::sign_in(id, Some(&user), Some("Wrong address or password."));
        }
        visit.known = Some(user);
        visit.proved = !self.book().rules.mfa;
        self.next_page(id, visit)
    }

    fn second_factor(&self, id: &str, mut visit: Visit, form: &Form) -> Answer {
        self.count("MFA");
        if form.get("otp") != Some(MFA_CODE) {
            return pages::second_factor(id, Some("Wrong code."));
        }
        visit.proved = true;
        self.next_page(id, visit)
    }

    fn next_page(&self, id: &str, visit: Visit) -> Answer {
        let mut book = self.book();
        let page = if visit.proved {
            let (admin, boxes) = (book.rules.admin_consent, book.rules.boxes);
            let asked = Asked { client: &visit.client, scopes: &visit.scopes, boxes };
            if admin { pages::admin_only(id, &visit.client) } else { pages::consent(id, &asked) }
        } else {
            pages::second_factor(id, None)
        };
        book.visits.insert(id.into(), visit);
        page
    }

    fn denied(&self, id: &str, visit: Visit) -> Answer {
        self.count("DENIED");
        let mut book = self.book();
        book.visits.remove(id);
        let refusal = if book.rules.admin_consent { Refusal::Admin } else { Refusal::Denied };
        match visit.purpose {
            Purpose::Device(code) => {
                if let Some(device) = book.devices.get_mut(&code) {
                    device.deny();
                }
                pages::done("You said no. You can close this page.")
            }
            Purpose::Redirect { address, state, .. } => {
                drop(book);
                let words = refusal.description(self.shape);
                self.send_back(&address, state.as_deref(), "access_denied", &words)
            }
        }
    }

    /// The person agreed to all or, where there are boxes, to the ticked.
    fn agreed(&self, id: &str, visit: Visit, user: &str, form: &Form, now: i64) -> Answer {
        self.count("CONSENT");
        let mut book = self.book();
        if book.rules.admin_consent {
            return pages::admin_only(id, &visit.client);
        }
        book.visits.remove(id);
        let mut scopes = visit.scopes;
        if book.rules.boxes {
            let ticked: Vec<&str> = form.all("scope").collect();
            scopes.retain(|scope| !pages::has_box(scope) || ticked.contains(&scope.as_str()));
        }
        let first = book.agreed.insert((user.to_owned(), visit.client.clone()));
        match visit.purpose {
            Purpose::Device(code) => {
                if let Some(device) = book.devices.get_mut(&code) {
                    device.approve(user, scopes);
                }
                pages::done("The device may now use your mailbox. You can close this page.")
            }
            Purpose::Redirect { address, state, challenge, nonce, access_type, prompt } => {
                let asked = |scope: &str| scopes.iter().any(|held| held == scope);
                let offline = match self.shape {
                    Shape::Google => {
                        let again = prompt.is_some_and(|prompt| prompt.contains("consent"));
                        access_type.as_deref() == Some("offline") && (first || again)
                    }
                    Shape::Generic | Shape::Microsoft => asked("offline_access"),
                };
                let code = Code {
                    client: visit.client,
                    redirect: address.clone(),
                    challenge,
                    user: user.to_owned(),
                    scopes,
                    offline,
                    nonce,
                    expires_at: now + book.rules.code_seconds,
                    grant: None,
                };
                let value = book.issue(self.shape, code);
                drop(book);
                let mut answer = Form::default();
                answer.add("code", &value);
                answer.add_some("state", state.as_deref());
                self.add_iss(&mut answer);
                Answer::redirect(&joined(&address, &answer))
            }
        }
    }

    /// An error, by redirect (RFC 6749 §4.1.2.1).
    fn send_back(&self, address: &str, state: Option<&str>, error: &str, words: &str) -> Answer {
        let mut answer = Form::default();
        answer.add("error", error);
        answer.add("error_description", words);
        answer.add_some("state", state);
        self.add_iss(&mut answer);
        Answer::redirect(&joined(address, &answer))
    }

    fn add_iss(&self, answer: &mut Form) {
        let rule = self.book().rules.iss.clone();
        match rule {
            Iss::Silent | Iss::Missing => {}
            Iss::True => answer.add("iss", &self.id()),
            Iss::Lie(lie) => answer.add("iss", &lie),
        }
    }
}

impl Book {
    fn issue(&mut self, shape: Shape, code: Code) -> String {
        let mark = match shape {
            Shape::Generic => "sandbox-code-",
            Shape::Google => "4/0sandbox-",
            Shape::Microsoft => "0.sandbox-",
        };
        let value = self.mint.secret(mark, 60);
        self.codes.insert(value.clone(), code);
        value
    }
}

fn joined(address: &str, answer: &Form) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{}", answer.encode())
}

#[cfg(test)]
mod tests {
    use super::super::shape::MICROSOFT_IMAP;
    use super::*;
    use crate::sandbox::ledger::Ledger;
    use crate::sandbox::mailstore::Mailstore;

    #[test]
    fn what_is_unknown_is_left_out_or_refused() {
        let issuer =
            |shape| Issuer::new(shape, Mailstore::default(), Ledger::default(), "https://x");
        let generic = issuer(Shape::Generic).scopes("openid nonsense mail").unwrap();
        assert_eq!(generic, ["openid", "mail"]);
        let microsoft = issuer(Shape::Microsoft);
        assert_eq!(microsoft.scopes(&format!("{MICROSOFT_IMAP} openid")).unwrap().len(), 2);
        assert_eq!(microsoft.scopes("https://outlook.office365.com/IMAP.AccessAsUser.All"), None);
        assert_eq!(issuer(Shape::Google).scopes(""), None);
    }
}
