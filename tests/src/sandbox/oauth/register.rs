//! Dynamic client registration (RFC 7591): open, as the draft for public mail clients wants it.

use super::client::{Client, Place};
use super::http::{Answer, Request};
use super::{Issuer, refusal::Refusal};
use serde_json::{Value, json};

/// Redirects one client may register.
const REDIRECTS: usize = 10;

impl Issuer {
    pub(super) fn register(&self, request: &Request, now: i64) -> Answer {
        let refused = |error: &str, words: &str| {
            Answer::json(400, &json!({ "error": error, "error_description": words }))
        };
        if !self.book().rules.registration {
            return Refusal::Malformed("registration is not offered").answer(self.shape, now);
        }
        let Ok(wanted) = serde_json::from_slice::<Value>(&request.body) else {
            return refused("invalid_client_metadata", "the body is no JSON");
        };
        let redirects: Vec<String> = wanted["redirect_uris"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|address| address.as_str().map(Into::into))
            .collect();
        if redirects.is_empty()
            || redirects.len() > REDIRECTS
            || !redirects.iter().all(|to| native(to))
        {
            let words =
                "redirect_uris must be http on loopback, without a fragment (RFC 8252 §7.3)";
            return refused("invalid_redirect_uri", words);
        }
        // RFC 7591 §2: absent means client_secret_basic
        let method = wanted["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_basic");
        let mut book = self.book();
        let id = format!("registered-{}", book.mint.name());
        let secret = (method != "none").then(|| book.mint.secret("sandbox-cs-", 0));
        let mut body = json!({
            "client_id": id,
            "client_id_issued_at": now,
            "client_name": wanted["client_name"],
            "redirect_uris": redirects,
            "token_endpoint_auth_method": method,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        });
        if let Some(secret) = &secret {
            body["client_secret"] = secret.clone().into();
            body["client_secret_expires_at"] = 0.into();
        }
        book.clients.insert(id.clone(), Client { id, secret, redirects, disabled: false });
        Answer::json(201, &body)
    }
}

/// A redirect that a program on the person's machine may have; the answer comes to it alone.
fn native(address: &str) -> bool {
    let loopback = ["127.0.0.1", "[::1]", "localhost"];
    let place = Place::read(address);
    !address.contains(['#', '*'])
        && place.is_some_and(|at| at.scheme == "http" && loopback.contains(&at.host))
}
