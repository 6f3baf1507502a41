//! Who signed in: the address in the ID token (OIDC Core §2) or at the userinfo endpoint
//! (§5.3).
//!
//! The token came from the token endpoint over verified TLS, which stands in for its signature
//! (§3.1.3.7, 6). Must never take an address for one the person was asked for because it is near.

use super::answer::TokenAnswer;
use super::callback::Expected;
use super::line::{Line, url};
use crate::http::Body;
use chapar_engine::oauth::same_issuer;
use chapar_engine::secret::{Secret, from_base64url};
use chapar_engine::verdict::Failure;
use serde::Deserialize;

/// Bytes of an ID token: real ones have below 8 KiB.
const ID_TOKEN_BYTES: usize = 64 << 10;
/// Bytes of an address (RFC 5321 §4.5.3.1: 64, an at sign, 255).
const ADDRESS_BYTES: usize = 320;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Claims {
    iss: Option<String>,
    aud: Option<Audience>,
    email: Option<String>,
    email_verified: Option<Verified>,
    preferred_username: Option<String>,
    upn: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A boolean, or the word for one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Verified {
    Plain(bool),
    Word(String),
}

/// The address of the person, if the issuer says it. An ID token for somebody else is refused.
pub(super) async fn address(
    line: &Line<'_>,
    answer: &TokenAnswer,
    userinfo_url: Option<&str>,
    expected: &Expected<'_>,
) -> Result<Option<String>, Failure> {
    let claims = answer.id_token().and_then(claims);
    if let Some(claims) = claims {
        check(&claims, expected)?;
        if let Some(address) = pick(&claims, expected.email) {
            return Ok(Some(address));
        }
    }
    let Some(at) = userinfo_url else { return Ok(None) };
    match userinfo(line, at, answer.access()).await {
        Ok(claims) => Ok(pick(&claims, expected.email)),
        Err(failure) => {
            tracing::info!(code = failure.code, "the issuer did not say who signed in");
            Ok(None)
        }
    }
}

/// The payload of a token of three parts; `None` for anything else, which then says nothing.
fn claims(token: &str) -> Option<Claims> {
    if token.len() > ID_TOKEN_BYTES {
        return None;
    }
    let mut parts = token.split('.');
    let (_head, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(())?;
    let payload = from_base64url(payload)?;
    // an array would be read as the members in their order
    payload.starts_with(b"{").then(|| serde_json::from_slice(&payload).ok()).flatten()
}

/// Issued by whom we asked, to us (§3.1.3.7, 2 and 3).
fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), Failure> {
    let ours = &expected.issuer.id;
    // Google is known to leave out the scheme
    let is_ours = |said: &str| {
        same_issuer(ours, said) || ours.strip_prefix("https://").is_some_and(|bare| bare == said)
    };
    if let Some(said) = claims.iss.as_deref().filter(|said| !is_ours(said)) {
        let message = format!("the ID token of {} was issued by another", expected.name);
        return Err(Failure::of("oauth.issuer", message, Some(said)));
    }
    let is_us = match &claims.aud {
        None => true,
        Some(Audience::One(client)) => client == expected.client_id,
        Some(Audience::Many(clients)) => clients.iter().any(|id| id == expected.client_id),
    };
    if is_us {
        return Ok(());
    }
    let message = format!("the ID token of {} is for another client", expected.name);
    Err(Failure::of("oauth.issuer", message, None))
}

/// Of the claims that hold an address the one that was expected, else the first.
fn pick(claims: &Claims, wanted: &str) -> Option<String> {
    let verified = match &claims.email_verified {
        None => true,
        Some(Verified::Plain(verified)) => *verified,
        Some(Verified::Word(word)) => word != "false",
    };
    let email = claims.email.as_deref().filter(|_| verified);
    let said = [email, claims.preferred_username.as_deref(), claims.upn.as_deref()];
    let mut known = said.into_iter().flatten().filter(|text| is_address(text));
    let all: Vec<&str> = known.by_ref().collect();
    let exact = all.iter().find(|address| address.eq_ignore_ascii_case(wanted));
    exact.or(all.first()).map(|address| (*address).to_owned())
}

fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    let parts = text.split_once('@');
    let whole = parts.is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    whole && text.len() <= ADDRESS_BYTES && text.chars().all(plain)
}

/// A form without members: the endpoint takes GET and POST alike (§5.3.1).
async fn userinfo(line: &Line<'_>, at: &str, access: &str) -> Result<Claims, Failure> {
    let body = Body {
        media_type: super::line::FORM,
        content: Secret::default(),
        authorization: Some(Secret::new(format!("Bearer {access}"))),
    };
    let answer = line.post(&url(at)?, &body).await?;
    let read = serde_json::from_slice(&answer.body).ok();
    read.filter(|_| answer.status == 200).ok_or_else(|| {
        Failure::of("oauth.answer", format!("{at} does not say who signed in"), None)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use chapar_engine::credential::Issuer;
    use chapar_engine::secret::base64url;
    use serde_json::{Value, json};

    fn of(claims: Value) -> Claims {
        serde_json::from_value(claims).unwrap()
    }

    #[test]
    fn the_address_asked_for_is_found_among_the_claims() {
        for (said, wanted, address) in [
            (json!({"email": "ana@x.example"}), "ana@x.example", Some("ana@x.example")),
            (json!({"email": "Ana@X.example"}), "ana@x.example", Some("Ana@X.example")),
            (
                json!({"email": "ana@x.example", "preferred_username": "ana.b@y.example"}),
                "ana.b@y.example",
                Some("ana.b@y.example"),
            ),
            (json!({"upn": "ana@x.example"}), "", Some("ana@x.example")),
            (json!({"email": "bob@x.example"}), "ana@x.example", Some("bob@x.example")),
            (json!({"email": "ana@x.example", "email_verified": false}), "ana@x.example", None),
            (json!({"email": "ana@x.example", "email_verified": "false"}), "ana@x.example", None),
            (
                json!({"email": "ana@x.example", "email_verified": "true"}),
                "ana@x.example",
                Some("ana@x.example"),
            ),
            (json!({"preferred_username": "ana"}), "ana@x.example", None),
            (json!({"email": "a@b@c"}), "", None),
            (json!({"email": "ana@x.example\r\nx"}), "", None),
            (json!({"email": "@x.example"}), "", None),
            (json!({}), "", None),
        ] {
            assert_eq!(pick(&of(said.clone()), wanted).as_deref(), address, "{said}");
        }
        let long = format!("{}@x.example", "a".repeat(ADDRESS_BYTES));
        assert_eq!(pick(&of(json!({ "email": long })), ""), None);
    }

    #[test]
    fn a_token_for_somebody_else_is_refused() {
        let state = Secret::default();
        let issuer = Issuer { id: "https://accounts.google.com".into(), ..Issuer::default() };
        let expected =
            Expected { state: &state, issuer: &issuer, client_id: "me", email: "", name: "x" };
        for (said, good) in [
            (json!({"iss": "https://accounts.google.com", "aud": "me"}), true),
            (json!({"iss": "accounts.google.com", "aud": ["you", "me"]}), true),
            (json!({}), true),
            (json!({"iss": "https://evil.example", "aud": "me"}), false),
            (json!({"iss": "https://accounts.google.com", "aud": "you"}), false),
            (json!({"iss": "https://accounts.google.com", "aud": []}), false),
        ] {
            let checked = check(&of(said.clone()), &expected);
            assert_eq!(checked.is_ok(), good, "{said}");
            assert!(checked.err().is_none_or(|failure| failure.code == "oauth.issuer"));
        }
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        let payload = base64url(br#"{"email":"ana@x.example"}"#);
        assert!(claims(&format!("e30.{}.sig", *payload)).unwrap().email.is_some());
        let huge = format!("e30.{}.sig", "A".repeat(ID_TOKEN_BYTES));
        for bad in [
            "",
            "a.b",
            "a.b.c.d",
            "e30.!!.s",
            "e30.e30",
            "e30.W10.s",
            &huge,
            &format!("{}.e30", *payload),
        ] {
            assert!(claims(bad).is_none(), "{bad:.40}");
        }
    }
}
