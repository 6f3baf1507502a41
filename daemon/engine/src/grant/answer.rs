//! What a token endpoint's answer means (RFC 6749 §5): a new token, the end of the grant, a pause,
//! or trouble that passes and costs nothing.

use crate::oauth::{Refusal, read_refusal};
use crate::secret::Secret;
use crate::verdict::{Failure, LONGEST_SUGGESTION, Verdict};
use std::time::Duration;

/// Bytes of a token: with the user name around it, its base64 fits the 12,288 octets of one SASL
/// line (RFC 4954 §4). The longest known, Microsoft's, have about 4,000.
pub const TOKEN_BYTES: usize = 8 << 10;
/// A life longer than this is a mistake, or a unit that is not seconds.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// An answer, as far as it could be read.
#[derive(Clone, Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// What stood in it.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub enum Body {
    /// No JSON object, or one without the members of RFC 6749; what it was instead, in a few words.
    Other(String),
    /// RFC 6749 §5.1, unchecked.
    Tokens {
        /// `access_token`.
        access: Secret,
        /// `token_type`, where it is a string.
        kind: Option<String>,
        /// `expires_in`.
        life: Lifetime,
        /// `refresh_token`, where it is a string.
        refresh: Option<Secret>,
    },
    /// RFC 6749 §5.2.
    Error {
        /// `error`.
        error: String,
        /// `error_description`.
        description: Option<String>,
    },
}

/// How long the issuer says a token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Not at all, or nothing that makes sense (absent, 0, negative, no number).
    Unsaid,
    /// This many seconds.
    Seconds(u64),
}

impl Lifetime {
    /// The life that is believed.
    fn believed(self) -> Option<Duration> {
        match self {
            Self::Unsaid | Self::Seconds(0) => None,
            Self::Seconds(seconds) => Some(Duration::from_secs(seconds).min(LONGEST_LIFE)),
        }
    }
}

/// What a refresh brought.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The access token.
    pub access: Secret,
    /// How long it holds, if the issuer said so.
    pub life: Option<Duration>,
    /// The refresh token to use from now on; `None`: the old one stays good.
    pub refresh: Option<Secret>,
}

/// Judges an answer of `issuer` (its name for people).
///
/// A grant ends by `invalid_grant` (RFC 6749 §5.2) and by the words of `OpenID` Connect (Core §3.1.2.6)
/// that ask for the person, in a JSON object, with a status of 4xx. A captive portal, a company's
/// proxy, a maintenance page and an overloaded gateway speak HTTP and HTML, so they never can.
/// What the issuer has against the client, or wants of an administrator, is told as at a sign-in.
pub fn judge(issuer: &str, reply: Reply) -> Result<Renewal, Failure> {
    let Reply { status, retry_after, body } = reply;
    let wait = retry_after.map(|wait| wait.min(LONGEST_SUGGESTION));
    match body {
        Body::Tokens { access, kind, life, refresh } if (200..300).contains(&status) => {
            renewal(issuer, access, kind.as_deref(), life, refresh)
        }
        Body::Error { error, description } if (400..500).contains(&status) => {
            Err(refusal(issuer, status, &error, description.as_deref(), wait))
        }
        Body::Error { error, .. } => {
            Err(passing(issuer, status, wait, &format!("HTTP {status} with the error {error}")))
        }
        Body::Tokens { .. } => Err(passing(issuer, status, wait, &format!("HTTP {status}"))),
        Body::Other(what) => Err(passing(issuer, status, wait, &format!("HTTP {status}, {what}"))),
    }
}

fn renewal(
    issuer: &str,
    access: Secret,
    kind: Option<&str>,
    life: Lifetime,
    refresh: Option<Secret>,
) -> Result<Renewal, Failure> {
    let odd = |why: &str| Err(passing(issuer, 200, None, why));
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return odd("a token that is no bearer token");
    }
    if !is_token(&access) {
        return odd("an access token that cannot be one");
    }
    let refresh = refresh.filter(|token| !token.expose().is_empty());
    if refresh.as_ref().is_some_and(|token| !is_token(token)) {
        return odd("a refresh token that cannot be one");
    }
    Ok(Renewal { access, life: life.believed(), refresh })
}

/// RFC 6749 §A.12: visible characters only. Anything else could end the SASL field it stands in.
fn is_token(token: &Secret) -> bool {
    let bytes = token.expose().as_bytes();
    (1..=TOKEN_BYTES).contains(&bytes.len()) && bytes.iter().all(|b| (0x20..0x7f).contains(b))
}

/// The words by which a grant is over: only the person can make a new one.
const OVER: [&str; 4] =
    ["invalid_grant", "interaction_required", "login_required", "account_selection_required"];

/// An error of RFC 6749 §5.2.
fn refusal(
    issuer: &str,
    status: u16,
    error: &str,
    description: Option<&str>,
    wait: Option<Duration>,
) -> Failure {
    let said = description.map_or(error.to_owned(), |words| format!("{error}: {words}"));
    if OVER.contains(&error) {
        let message = format!("{issuer} does not accept the sign-in any more");
        return Failure::of("oauth.expired", message, Some(&said));
    }
    if matches!(error, "slow_down" | "temporarily_unavailable") || status == 429 {
        return throttled(issuer, wait, &said);
    }
    let read = read_refusal(&Refusal { error, description, suberror: None });
    let message = match read.code {
        "oauth.client" => {
            format!("{issuer} refuses chapar's own registration, not the sign-in: {}", read.reason)
        }
        "oauth.admin_consent" | "oauth.policy" => {
            format!("{issuer} gives no new token: {}", read.reason)
        }
        _ => return passing(issuer, status, wait, &said),
    };
    // nothing gets better by asking again: the account stops, and somebody is told what to do
    Failure { verdict: Verdict::FixSettings, ..Failure::of(read.code, message, Some(&said)) }
}

fn throttled(issuer: &str, wait: Option<Duration>, said: &str) -> Failure {
    Failure {
        verdict: Verdict::Throttled(wait),
        ..Failure::of("oauth.throttled", format!("{issuer} asks to slow down"), Some(said))
    }
}

/// Trouble that is nobody's decision: it passes, and the grant stays.
fn passing(issuer: &str, status: u16, wait: Option<Duration>, said: &str) -> Failure {
    if status == 429 || (status == 503 && wait.is_some()) {
        return throttled(issuer, wait, said);
    }
    let message = format!("{issuer} could not be asked for a new token; the sign-in stays good");
    Failure::of("oauth.unavailable", message, Some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(life: Lifetime) -> Body {
        Body::Tokens {
            access: Secret::new("a.b-c".into()),
            kind: Some("Bearer".into()),
            life,
            refresh: None,
        }
    }

    fn reply(status: u16, body: Body) -> Reply {
        Reply { status, retry_after: None, body }
    }

    fn error(status: u16, error: &str) -> Failure {
        let body = Body::Error { error: error.into(), description: Some("because".into()) };
        judge("issuer.example", reply(status, body)).unwrap_err()
    }

    #[test]
    fn a_grant_ends_by_two_words_and_a_client_error_only() {
        let words = [
            "invalid_grant",
            "interaction_required",
            "invalid_client",
            "unauthorized_client",
            "invalid_request",
            "invalid_scope",
            "unsupported_grant_type",
            "consent_required",
            "deleted_client",
            "login_required",
            "slow_down",
            "temporarily_unavailable",
            "server_error",
            "access_denied",
            "",
            "INVALID_GRANT",
        ];
        for status in [200, 302, 400, 401, 403, 429, 499, 500, 503] {
            for word in words {
                let failure = error(status, word);
                let over =
                    matches!(word, "invalid_grant" | "interaction_required" | "login_required")
                        && (400..500).contains(&status);
                assert_eq!(failure.code == "oauth.expired", over, "{status} {word}");
                assert_eq!(failure.verdict == Verdict::SignInAgain, over, "{status} {word}");
            }
        }
    }

    #[test]
    fn words_of_the_issuer_are_kept() {
        let failure = error(400, "invalid_grant");
        assert_eq!(failure.detail.as_deref(), Some("invalid_grant: because"));
        assert_eq!(error(401, "invalid_client").code, "oauth.client");
        assert_eq!(error(401, "invalid_client").verdict, Verdict::FixSettings);
        assert_eq!(error(400, "slow_down").code, "oauth.throttled");
        assert_eq!(error(400, "something_new").verdict, Verdict::Retry);
    }

    #[test]
    fn what_only_a_person_can_change_is_told_to_a_person() {
        for (word, description, code) in [
            ("deleted_client", "gone", "oauth.client"),
            ("org_internal", "members only", "oauth.client"),
            ("invalid_target", "no such resource", "oauth.client"),
            ("consent_required", "nobody agreed", "oauth.admin_consent"),
            ("invalid_resource", "AADSTS65001: x", "oauth.admin_consent"),
            ("access_denied", "AADSTS53003: x", "oauth.policy"),
            ("admin_policy_enforced", "not here", "oauth.policy"),
        ] {
            for status in [400, 401, 403] {
                let body =
                    Body::Error { error: word.into(), description: Some(description.into()) };
                let failure = judge("issuer.example", reply(status, body)).unwrap_err();
                assert_eq!((failure.code, failure.verdict), (code, Verdict::FixSettings), "{word}");
                assert!(failure.message.contains(": "), "the reason is said: {}", failure.message);
            }
        }
        assert_eq!(error(400, "account_selection_required").code, "oauth.expired");
    }

    #[test]
    fn pages_are_trouble_and_waits_are_bounded() {
        for (status, after, code, verdict) in [
            (200, None, "oauth.unavailable", Verdict::Retry),
            (302, None, "oauth.unavailable", Verdict::Retry),
            (400, None, "oauth.unavailable", Verdict::Retry),
            (403, None, "oauth.unavailable", Verdict::Retry),
            (407, None, "oauth.unavailable", Verdict::Retry),
            (502, None, "oauth.unavailable", Verdict::Retry),
            (429, None, "oauth.throttled", Verdict::Throttled(None)),
            (429, Some(7), "oauth.throttled", Verdict::Throttled(Some(Duration::from_secs(7)))),
            (503, Some(9), "oauth.throttled", Verdict::Throttled(Some(Duration::from_secs(9)))),
            (
                429,
                Some(10_000_000),
                "oauth.throttled",
                Verdict::Throttled(Some(LONGEST_SUGGESTION)),
            ),
        ] {
            let reply = Reply {
                status,
                retry_after: after.map(Duration::from_secs),
                body: Body::Other("text/html".into()),
            };
            let failure = judge("issuer.example", reply).unwrap_err();
            assert_eq!((failure.code, failure.verdict), (code, verdict), "{status} {after:?}");
        }
    }

    #[test]
    fn lives() {
        for (said, believed) in [
            (Lifetime::Unsaid, None),
            (Lifetime::Seconds(0), None),
            (Lifetime::Seconds(30), Some(30)),
            (Lifetime::Seconds(3600), Some(3600)),
            (Lifetime::Seconds(1_000_000_000_000), Some(86_400)),
            (Lifetime::Seconds(u64::MAX), Some(86_400)),
        ] {
            let renewal = judge("i", reply(200, tokens(said))).unwrap();
            assert_eq!(renewal.life, believed.map(Duration::from_secs), "{said:?}");
            assert!(renewal.refresh.is_none());
        }
        assert!(judge("i", reply(400, tokens(Lifetime::Unsaid))).is_err());
    }

    #[test]
    fn what_cannot_be_a_token_is_trouble() {
        let judged = |access: &str, kind: Option<&str>, refresh: Option<&str>| {
            let body = Body::Tokens {
                access: Secret::new(access.into()),
                kind: kind.map(str::to_owned),
                life: Lifetime::Unsaid,
                refresh: refresh.map(|token| Secret::new(token.into())),
            };
            judge("i", reply(200, body))
        };
        assert!(judged("ok", None, Some("r")).unwrap().refresh.is_some());
        assert!(judged("ok", Some("bearer"), Some("")).unwrap().refresh.is_none());
        let long = "x".repeat(TOKEN_BYTES + 1);
        for (access, kind, refresh) in [
            ("", None, None),
            ("a\u{1}auth=x", None, None),
            ("a\r\nA2 NOOP", None, None),
            ("\u{e9}", None, None),
            (long.as_str(), None, None),
            ("ok", Some("mac"), None),
            ("ok", Some("DPoP"), None),
            ("ok", None, Some("r\n")),
        ] {
            let failure = judged(access, kind, refresh).unwrap_err();
            assert_eq!((failure.code, failure.verdict), ("oauth.unavailable", Verdict::Retry));
        }
    }
}
