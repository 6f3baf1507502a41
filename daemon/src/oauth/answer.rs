//! What a token endpoint says (RFC 6749 §5.1, §5.2), as it may be believed: of the right types, of
//! characters a token may have, or not at all.

use oauth2::{
    AccessToken, ErrorResponse, RefreshToken, Scope, TokenResponse, basic::BasicTokenType,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::time::Duration;

/// A token answer. Never printed: what it holds is secret.
#[derive(Deserialize, Serialize)]
pub(super) struct TokenAnswer {
    access_token: AccessToken,
    token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<i64>,
    refresh_token: Option<RefreshToken>,
    scope: Option<String>,
    id_token: Option<String>,
    /// The crate wants them in its own shape; nothing of ours reads these two.
    #[serde(skip)]
    scopes: Option<Vec<Scope>>,
    #[serde(skip, default = "bearer")]
    kind: BasicTokenType,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl TokenAnswer {
    /// Why it cannot be used, if it cannot.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if !self.token_type.eq_ignore_ascii_case("bearer") {
            return Some("its token is of a type other than Bearer");
        }
        // RFC 6749 appendix A.12, A.17; without the space, which no server issues and SASL splits at
        let is_token =
            |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token(self.access_token.secret()) {
            return Some("its access token is empty or has characters no token has");
        }
        if self.refresh_token.as_ref().is_some_and(|token| !is_token(token.secret())) {
            return Some("its refresh token is empty or has characters no token has");
        }
        None
    }

    pub(super) fn access(&self) -> &str {
        self.access_token.secret()
    }

    pub(super) fn refresh(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(|token| token.secret().as_str())
    }

    /// What was granted, in the issuer's words, if it says.
    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// How long it says the access token holds.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        chapar_engine::oauth::lifetime(self.expires_in)
    }

    /// OIDC's word about who signed in.
    pub(super) fn id_token(&self) -> Option<&str> {
        self.id_token.as_deref()
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenAnswer(…)")
    }
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
    fn token_type(&self) -> &BasicTokenType {
        &self.kind
    }
    fn expires_in(&self) -> Option<Duration> {
        self.lifetime()
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scopes.as_ref()
    }
}

/// A number, or a number in quotes as Microsoft's older endpoints send it. What is no whole number
/// of seconds is no lifetime; what is no number at all is no token answer.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Whole(i64),
        Fraction(f64),
        Text(String),
    }
    Ok(match Option::<Written>::deserialize(from)? {
        None => None,
        Some(Written::Whole(seconds)) => Some(seconds),
        Some(Written::Fraction(seconds)) => Duration::try_from_secs_f64(seconds)
            .ok()
            .map(|duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)),
        Some(Written::Text(text)) => {
            Some(text.trim().parse().map_err(|_| serde::de::Error::custom("no number"))?)
        }
    })
}

/// An error answer.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct ErrorAnswer {
    pub(super) error: String,
    pub(super) error_description: Option<String>,
    pub(super) suberror: Option<String>,
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl ErrorResponse for ErrorAnswer {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::{Value, json};

    fn read(change: &[(&str, Value)]) -> Result<TokenAnswer, serde_json::Error> {
        let mut said = json!({"access_token": "a.b-c", "token_type": "Bearer"});
        for (name, value) in change {
            said.as_object_mut().unwrap().insert((*name).into(), value.clone());
        }
        serde_json::from_value(said)
    }

    #[test]
    fn lifetimes_in_every_dress() {
        for (said, seconds) in [
            (json!(3600), Some(3_600)),
            (json!("3600"), Some(3_600)),
            (json!(" 3599 "), Some(3_599)),
            (json!(3600.9), Some(3_600)),
            (json!(0), None),
            (json!(-1), None),
            (json!("-1"), None),
            (json!(-0.5), None),
            (json!(null), None),
            (json!(1_000_000_000_000_i64), Some(86_400)),
            (json!(u64::MAX), None),
            (json!(1e300), None),
        ] {
            let answer = read(&[("expires_in", said.clone())]).unwrap();
            assert_eq!(answer.lifetime(), seconds.map(Duration::from_secs), "{said}");
        }
        assert_eq!(read(&[]).unwrap().lifetime(), None);
        for said in [json!("soon"), json!([]), json!({}), json!(true), json!("")] {
            assert!(read(&[("expires_in", said.clone())]).is_err(), "{said}");
        }
    }

    #[test]
    fn wrong_types_are_no_answer() {
        for (name, value) in [
            ("access_token", json!(17)),
            ("access_token", json!(null)),
            ("token_type", json!(["Bearer"])),
            ("refresh_token", json!({"a": 1})),
            ("scope", json!(["a", "b"])),
            ("id_token", json!(1)),
        ] {
            assert!(read(&[(name, value.clone())]).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn tokens_that_could_forge_a_login_are_refused() {
        assert_eq!(read(&[]).unwrap().fault(), None);
        assert_eq!(read(&[("token_type", json!("bearer"))]).unwrap().fault(), None);
        for (name, value) in [
            ("token_type", json!("mac")),
            ("token_type", json!("")),
            ("access_token", json!("")),
            ("access_token", json!("a\u{1}user=bob")),
            ("access_token", json!("a b")),
            ("access_token", json!("a\r\nb")),
            ("access_token", json!("\u{e4}")),
            ("refresh_token", json!("")),
            ("refresh_token", json!("a\n")),
        ] {
            assert!(read(&[(name, value.clone())]).unwrap().fault().is_some(), "{name} {value}");
        }
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let answer = read(&[("refresh_token", json!("secret"))]).unwrap();
        assert_eq!(format!("{answer:?}"), "TokenAnswer(…)");
    }
}
