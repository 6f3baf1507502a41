//! Dynamic registration (RFC 7591): a client of our own at an issuer that offers it, for this one
//! grant, as a public native application.

use super::callback::{Expected, refused};
use super::client::Client;
use super::line::{Line, url};
use crate::http::Body;
use chapar_engine::oauth::Refusal;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use serde::Deserialize;
use serde_json::json;

/// Says which software it is, whatever the client is called at the issuer (RFC 7591 §2).
const SOFTWARE_ID: &str = "d0701d11-6e76-4e3f-a09c-6fa18b7d04ab";
/// Where the same client is redirected when the person signs in anew: the port is free on loopback
/// (RFC 8252 §7.3), the path is that of clients made by hand.
const AGAIN: &str = "http://127.0.0.1/callback";
/// Characters of a client id or secret.
const WORD_CHARS: usize = 4_096;

#[derive(Deserialize)]
struct Registered {
    client_id: Option<String>,
    client_secret: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_description: Option<String>,
}

/// Registers with exactly this redirect, and one for later.
pub(super) async fn register(
    line: &Line<'_>,
    at: &str,
    redirect_uri: &str,
    scopes: &[String],
    expected: &Expected<'_>,
) -> Result<Client, Failure> {
    let body = Body {
        media_type: "application/json",
        content: Secret::new(wish(redirect_uri, scopes)),
        authorization: None,
    };
    let answer = line.post(&url(at)?, &body).await?;
    let said: Registered = serde_json::from_slice(&answer.body).map_err(|_| unfit(expected))?;
    if answer.status >= 400 {
        // it asks for credentials before it registers anybody: then a person has to do it
        if matches!(answer.status, 401 | 403) {
            let message = format!("{} registers no client without a permit", expected.name);
            let detail = said.error_description.or(said.error);
            return Err(Failure::of("oauth.no_client", message, detail.as_deref()));
        }
        let error = said.error.as_deref().unwrap_or_default();
        let description = said.error_description.as_deref();
        return Err(refused(&Refusal { error, description, suberror: None }, expected));
    }
    let is_word = |word: &String| {
        !word.is_empty() && word.len() <= WORD_CHARS && word.bytes().all(|b| b.is_ascii_graphic())
    };
    let id = said.client_id.filter(is_word).ok_or_else(|| unfit(expected))?;
    let secret = said.client_secret.filter(is_word).map(Secret::new);
    Ok(Client { id, secret })
}

fn wish(redirect_uri: &str, scopes: &[String]) -> String {
    json!({
        "client_name": "chapar",
        "software_id": SOFTWARE_ID,
        "software_version": env!("CARGO_PKG_VERSION"),
        "application_type": "native",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [redirect_uri, AGAIN],
        "scope": scopes.join(" "),
    })
    .to_string()
}

fn unfit(expected: &Expected<'_>) -> Failure {
    let message = format!("{} answered the registration with no client id", expected.name);
    Failure::of("oauth.client", message, None)
}
