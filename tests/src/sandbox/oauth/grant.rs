//! Grants and their tokens: who allowed what to whom, and what is still worth something.
//!
//! Pure: no clock, no IO. Tokens are made from a seed and a counter, so that simulated worlds
//! repeat themselves; on the loopback of a test they protect made-up mail only.

use super::rules::Rotation;
use crate::sandbox::base64;
use sha2::{Digest as _, Sha256};

/// URL-safe (RFC 4648 §5).
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding.
pub(super) fn url_safe(bytes: &[u8]) -> String {
    base64::encode_with(bytes, URL_SAFE, false)
}

/// The S256 challenge of a verifier (RFC 7636 §4.2).
#[must_use]
pub fn s256(verifier: &str) -> String {
    url_safe(&Sha256::digest(verifier.as_bytes()))
}

/// Makes values nobody has seen yet.
#[derive(Debug, Default)]
pub(super) struct Mint {
    serial: u64,
    /// Everything made, for the scan that looks for what must not lie about.
    made: Vec<String>,
}

impl Mint {
    /// `mark` and what makes it at least `bytes` bytes; declared a canary.
    pub(super) fn secret(&mut self, mark: &str, bytes: usize) -> String {
        let mut value = mark.to_owned();
        while value.len() < bytes.max(mark.len() + 32) {
            value.push_str(&self.random());
        }
        crate::remains::secret(&value);
        self.made.push(value.clone());
        value
    }

    /// Twenty letters and digits for what need not be kept secret.
    pub(super) fn name(&mut self) -> String {
        self.random()[..20].replace(['-', '_'], "0")
    }

    fn random(&mut self) -> String {
        self.serial += 1;
        let mut hash = Sha256::new();
        hash.update(b"chapar sandbox");
        hash.update(self.serial.to_le_bytes());
        url_safe(&hash.finalize())
    }

    pub(super) fn made(&self) -> Vec<String> {
        self.made.clone()
    }
}

/// Why a grant is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// The person or an administrator took it back.
    Revoked,
    /// The client gave it back (RFC 7009).
    GivenBack,
    /// The person's password was changed.
    PasswordChanged,
    /// A refresh token that had been replaced was used again.
    Reused,
    /// An authorization code was used twice (RFC 6749 §4.1.2).
    Replayed,
    /// Nobody used it for too long.
    Inactive,
}

/// Whether access tokens already given out die with the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// They hold until their time ends, as most providers do it.
    Stands,
    /// They die at once.
    Dies,
}

#[derive(Debug)]
pub(super) struct Refresh {
    pub(super) value: String,
    pub(super) used_at: i64,
    pub(super) replaced_at: Option<i64>,
}

#[derive(Debug)]
pub(super) struct AccessToken {
    pub(super) value: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: i64,
    pub(super) dead: bool,
}

/// One person's consent.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) user: String,
    pub(super) client: String,
    pub(super) scopes: Vec<String>,
    pub(super) refresh: Vec<Refresh>,
    pub(super) access: Vec<AccessToken>,
    pub(super) death: Option<Death>,
}

/// What using a refresh token comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is good and stays.
    Stays,
    /// It is good; a new one is due.
    Replaced,
    /// The grant is over, for this reason; true when it ended just now.
    Over(Death, bool),
}

impl Grant {
    pub(super) fn new(user: &str, client: &str, scopes: Vec<String>) -> Self {
        Self {
            user: user.into(),
            client: client.into(),
            scopes,
            refresh: vec![],
            access: vec![],
            death: None,
        }
    }

    /// Ends it; the first reason stands.
    pub(super) fn end(&mut self, death: Death, access: Access) {
        self.death.get_or_insert(death);
        if access == Access::Dies {
            for token in &mut self.access {
                token.dead = true;
            }
        }
    }

    /// Uses the refresh token `value`, which is one of this grant.
    pub(super) fn turn(
        &mut self,
        value: &str,
        rotation: Rotation,
        life: Option<i64>,
        now: i64,
    ) -> Turn {
        if let Some(death) = self.death {
            return Turn::Over(death, false);
        }
        let Some(held) = self.refresh.iter_mut().find(|held| held.value == value) else {
            return Turn::Over(Death::Revoked, false);
        };
        let over = if life.is_some_and(|life| now >= held.used_at + life) {
            Death::Inactive
        } else {
            match (rotation, held.replaced_at) {
                (Rotation::Strict { grace }, Some(at)) if now >= at + grace => Death::Reused,
                (Rotation::None, _) => {
                    held.used_at = now;
                    return Turn::Stays;
                }
                _ => {
                    held.replaced_at.get_or_insert(now);
                    return Turn::Replaced;
                }
            }
        };
        self.end(over, Access::Dies);
        Turn::Over(over, true)
    }

    /// A new access token; `scopes` is a part of the grant's.
    pub(super) fn access(&mut self, value: String, scopes: Vec<String>, expires_at: i64) {
        self.access.push(AccessToken { value, scopes, expires_at, dead: false });
    }

    /// A new refresh token.
    pub(super) fn refresh(&mut self, value: String, now: i64) {
        self.refresh.push(Refresh { value, used_at: now, replaced_at: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        let mut grant = Grant::new("ada", "client", vec![]);
        grant.refresh("one".into(), 100);
        grant
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(s256(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn strict_rotation_ends_the_grant_at_reuse_and_grace_forgives_for_a_while() {
        let strict = Rotation::Strict { grace: 0 };
        let mut caught = grant();
        assert_eq!(caught.turn("one", strict, None, 100), Turn::Replaced);
        caught.refresh("two".into(), 100);
        caught.access("at".into(), vec![], 4_000);
        assert_eq!(caught.turn("one", strict, None, 101), Turn::Over(Death::Reused, true));
        assert_eq!(caught.turn("two", strict, None, 102), Turn::Over(Death::Reused, false));
        assert!(caught.access[0].dead);
        let graceful = Rotation::Strict { grace: 10 };
        let mut lucky = grant();
        assert_eq!(lucky.turn("one", graceful, None, 100), Turn::Replaced);
        assert_eq!(lucky.turn("one", graceful, None, 109), Turn::Replaced);
        assert_eq!(lucky.turn("one", graceful, None, 110), Turn::Over(Death::Reused, true));
    }

    #[test]
    fn lenient_rotation_keeps_old_ones_and_none_keeps_one() {
        let mut lenient = grant();
        assert_eq!(lenient.turn("one", Rotation::Lenient, None, 100), Turn::Replaced);
        assert_eq!(lenient.turn("one", Rotation::Lenient, None, 999), Turn::Replaced);
        let mut stays = grant();
        assert_eq!(stays.turn("one", Rotation::None, Some(50), 149), Turn::Stays);
        assert_eq!(stays.turn("one", Rotation::None, Some(50), 198), Turn::Stays);
        assert_eq!(
            stays.turn("one", Rotation::None, Some(50), 248),
            Turn::Over(Death::Inactive, true)
        );
    }

    #[test]
    fn values_never_repeat_and_have_the_size_asked_for() {
        let mut mint = Mint::default();
        let (a, b) = (mint.secret("x-", 10), mint.secret("x-", 3_000));
        assert!(a.starts_with("x-") && a.len() >= 34 && b.len() >= 3_000 && a != b[..a.len()]);
        assert_eq!(mint.made(), [a, b]);
        assert_ne!(mint.name(), mint.name());
        assert_eq!(mint.made().len(), 2, "names are no secrets");
    }
}
