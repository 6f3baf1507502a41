//! Who signed in: ID tokens (`OpenID` Connect Core §2) and the userinfo endpoint.

use super::Issuer;
use super::grant::url_safe;
use super::http::{Answer, Request};
use super::shape::Shape;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An ID token lives as long as most providers let it.
const ID_TOKEN_SECONDS: i64 = 3_600;
/// The key of the signature. It stands here for all to read: see the module above.
const KEY: &[u8] = b"the sandbox signs, nobody verifies";
/// Block of SHA-256 in bytes (RFC 2104).
const BLOCK: usize = 64;
/// The tenant of everybody at the Microsoft-shaped issuer.
const TENANT: &str = "8ad1f0c4-0000-4000-8000-5a4db0c50001";

/// What an ID token says.
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) client: String,
    pub(super) user: String,
    pub(super) email: bool,
    pub(super) nonce: Option<String>,
    pub(super) now: i64,
}

/// `iss` of its ID tokens: Microsoft names the tenant, whatever path was used.
pub(super) fn issuer(shape: Shape, base: &str) -> String {
    match shape {
        Shape::Generic | Shape::Google => base.to_owned(),
        Shape::Microsoft => format!("{base}/{TENANT}/v2.0"),
    }
}

/// The ID token, signed with HS256.
pub(super) fn token(shape: Shape, claims: &Claims) -> String {
    let mut body = json!({
        "iss": claims.issuer,
        "aud": claims.client,
        "sub": subject(&claims.user),
        "iat": claims.now,
        "exp": claims.now + ID_TOKEN_SECONDS,
    });
    if claims.email {
        body["email"] = claims.user.clone().into();
        if shape != Shape::Microsoft {
            body["email_verified"] = true.into();
        }
    }
    if shape == Shape::Microsoft {
        body["preferred_username"] = claims.user.clone().into();
        body["tid"] = TENANT.into();
    }
    if let Some(nonce) = &claims.nonce {
        body["nonce"] = nonce.clone().into();
    }
    let head = json!({ "alg": "HS256", "typ": "JWT" });
    let signed = format!("{}.{}", part(&head), part(&body));
    let signature = url_safe(&hmac(KEY, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn part(value: &Value) -> String {
    url_safe(value.to_string().as_bytes())
}

/// A name for the person that is not their address.
fn subject(user: &str) -> String {
    url_safe(&Sha256::digest(user.as_bytes())[..12])
}

/// RFC 2104 over SHA-256, for keys no longer than a block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut padded = [0_u8; BLOCK];
    padded[..key.len()].copy_from_slice(key);
    let keyed = |mask: u8, message: &[u8]| {
        let mut hash = Sha256::new();
        hash.update(padded.map(|byte| byte ^ mask));
        hash.update(message);
        hash.finalize().to_vec()
    };
    keyed(0x5c, &keyed(0x36, message))
}

impl Issuer {
    /// The userinfo endpoint (`OpenID` Connect Core §5.3).
    pub(super) fn userinfo(&self, request: &Request, now: i64) -> Answer {
        let refused = || {
            let answer = Answer::json(401, &json!({ "error": "invalid_token" }));
            answer.with("www-authenticate", "Bearer error=\"invalid_token\"")
        };
        let book = self.book();
        let Some((grant, token)) = request.bearer().and_then(|value| book.token(value)) else {
            return refused();
        };
        let scoped = |scope: &str| token.scopes.iter().any(|held| held == scope);
        if token.dead || now >= token.expires_at || !scoped("openid") {
            return refused();
        }
        let mut body = json!({ "sub": subject(&grant.user) });
        if scoped("email") {
            body["email"] = grant.user.clone().into();
            body["email_verified"] = true.into();
        }
        Answer::json(200, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        let made = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(made.len(), 32);
        assert_eq!(made[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
        assert_eq!(made[24..], [0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43]);
    }
}
