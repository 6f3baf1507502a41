//! The line to an authorization server: our own HTTP client in the shape the `oauth2` crate wants,
//! and the rule of what counts as an answer of such a server at all.
//!
//! A captive portal, a proxy's page, a redirect and a server in trouble are faults of the network,
//! never a word of the issuer.

use crate::http::{self, Answer, Body, Reach, Rules};
use crate::world::{BoxFuture, World};
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, LONGEST_SUGGESTION, Verdict};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use std::time::Duration;
use url::Url;

/// Bytes of an answer: the largest tokens have some ten thousand.
pub(super) const ANSWER_BYTES: usize = 256 << 10;
/// For a whole exchange: a person waits for it.
const EXCHANGE: Duration = Duration::from_secs(30);
/// How an OAuth request is written (RFC 6749 §4.1.3).
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// How an issuer is reached.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) world: &'a World,
    /// An authority trusted beside the system's.
    pub(super) ca_pem: Option<&'a str>,
    pub(super) reach: Reach,
}

impl Line<'_> {
    /// Asks for a document.
    pub(super) async fn get(&self, url: &Url, within: Duration) -> Result<Answer, Failure> {
        http::get(self.world, url, self.ca_pem, &self.rules(within)).await
    }

    /// Posts, and gives back what is an answer of an authorization server: a JSON object with a
    /// status of success, or of a mistake of ours.
    pub(super) async fn post(&self, url: &Url, body: &Body) -> Result<Answer, Failure> {
        let answer = http::post(self.world, url, body, self.ca_pem, &self.rules(EXCHANGE)).await?;
        let place = http::place(url);
        match answer.status {
            429 => Err(throttled(&place, &answer)),
            200..300 | 400..500 if is_object(&answer.body) => Ok(answer),
            status => Err(Failure::of(
                "oauth.unavailable",
                format!("{place} answered {status} and {}", kind(&answer)),
                None,
            )),
        }
    }

    fn rules(&self, within: Duration) -> Rules {
        // a redirect would carry the code or the client's secret to somewhere else
        Rules { redirects: 0, bytes: ANSWER_BYTES, within, reach: self.reach }
    }
}

impl<'c> AsyncHttpClient<'c> for Line<'_> {
    type Error = Failure;
    type Future = BoxFuture<'c, Result<HttpResponse, Failure>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let place = head.uri.to_string();
            let url = url(&place)?;
            let unfit = |reason: &str| {
                Failure::of("oauth.answer", format!("{place} cannot be asked"), Some(reason))
            };
            let is_form = head.headers.get(CONTENT_TYPE).is_some_and(|value| value == FORM);
            if !is_form {
                return Err(unfit("it is no form"));
            }
            let authorization = head.headers.get(AUTHORIZATION);
            let authorization = authorization.and_then(|value| value.to_str().ok());
            let body = Body {
                media_type: FORM,
                content: Secret::new(
                    String::from_utf8(body).map_err(|_| unfit("the form is no text"))?,
                ),
                authorization: authorization.map(|value| Secret::new(value.to_owned())),
            };
            let answer = self.post(&url, &body).await?;
            let mut response = HttpResponse::new(answer.body.to_vec());
            // the crate takes 200 alone for success
            let status = if answer.status < 300 { 200 } else { answer.status };
            if let Ok(status) = hyper::StatusCode::from_u16(status) {
                *response.status_mut() = status;
            }
            Ok(response)
        })
    }
}

/// An `https` address of an issuer.
pub(super) fn url(text: &str) -> Result<Url, Failure> {
    Url::parse(text).ok().filter(is_https).ok_or_else(|| {
        let message = format!("\u{201c}{}\u{201d} is not an https address", text.escape_default());
        Failure::of("http.not_https", message, None)
    })
}

/// `https`, with a host and without user information.
pub(super) fn is_https(url: &Url) -> bool {
    url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
}

/// A JSON object and nothing after it.
fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

fn kind(answer: &Answer) -> String {
    match answer.media_type.as_str() {
        _ if answer.status >= 300 && is_object(&answer.body) => "an error of its own".to_owned(),
        "text/html" => {
            "a web page: does this network ask for a sign-in of its own, or a proxy?".to_owned()
        }
        "" => "nothing an authorization server says".to_owned(),
        other => format!("{other}, which is no answer of an authorization server"),
    }
}

fn throttled(place: &str, answer: &Answer) -> Failure {
    let wait = answer.retry_after.map(|wait| wait.min(LONGEST_SUGGESTION));
    let message = format!("{place} asks to slow down");
    Failure { verdict: Verdict::Throttled(wait), ..Failure::of("oauth.throttled", message, None) }
}
