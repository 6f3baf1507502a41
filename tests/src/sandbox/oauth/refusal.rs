//! How an issuer says no: the same fault in the words of each shape.

use super::grant::Death;
use super::http::Answer;
use super::shape::Shape;
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A parameter is missing, twice there, or nonsense.
    Malformed(&'static str),
    /// No such client, or it is switched off.
    Client,
    /// The secret is missing or wrong.
    Secret,
    /// This grant type is not offered.
    GrantType,
    /// The code is unknown, over, used, or another client's.
    Code,
    /// The redirect is not that of the request.
    Redirect,
    /// The PKCE verifier is missing or wrong.
    Verifier,
    /// The refresh token is unknown or another client's.
    RefreshToken,
    /// The grant is over.
    Over(Death),
    /// An unknown scope, or one that goes beyond the grant.
    Scope,
    /// The person has not agreed yet (RFC 8628 §3.5).
    Pending,
    /// Polled too soon.
    SlowDown,
    /// The device code's time is over.
    DeviceExpired,
    /// The person said no.
    Denied,
    /// Only an administrator may agree.
    Admin,
}

impl Refusal {
    /// The OAuth error code.
    #[must_use]
    pub fn error(self, shape: Shape) -> &'static str {
        match (self, shape) {
            // Google says so for a missing secret as well
            (Self::Malformed(_), _)
            | (Self::Secret, Shape::Google)
            | (Self::Redirect, Shape::Microsoft) => "invalid_request",
            (Self::Client, Shape::Microsoft) => "unauthorized_client",
            (Self::Client | Self::Secret, _) => "invalid_client",
            (Self::GrantType, _) => "unsupported_grant_type",
            (Self::Redirect, Shape::Google) => "redirect_uri_mismatch",
            (
                Self::Code | Self::Redirect | Self::Verifier | Self::RefreshToken | Self::Over(_),
                _,
            ) => "invalid_grant",
            (Self::Scope, _) => "invalid_scope",
            (Self::Pending, _) => "authorization_pending",
            (Self::SlowDown, _) => "slow_down",
            (Self::DeviceExpired, _) => "expired_token",
            (Self::Denied, Shape::Microsoft) => "authorization_declined",
            (Self::Denied | Self::Admin, _) => "access_denied",
        }
    }

    fn words(self, shape: Shape) -> String {
        match shape {
            Shape::Google => self.google().to_owned(),
            Shape::Generic => self.plain().to_owned(),
            Shape::Microsoft => {
                let (number, words) = self.microsoft();
                format!("AADSTS{number}: {words}")
            }
        }
    }

    fn plain(self) -> &'static str {
        match self {
            Self::Malformed(what) => what,
            Self::Client => "client is unknown or disabled",
            Self::Secret => "client authentication failed",
            Self::GrantType => "grant type is not offered",
            Self::Code => "authorization code is invalid, expired or used",
            Self::Redirect => "redirect_uri mismatch",
            Self::Verifier => "PKCE verification failed",
            Self::RefreshToken => "refresh token not found",
            Self::Over(Death::Reused) => "refresh token already used",
            Self::Over(Death::PasswordChanged) => "password changed",
            Self::Over(Death::Inactive) => "refresh token is expired",
            Self::Over(_) => "grant was revoked",
            Self::Scope => "requested scope is not allowed",
            Self::Pending => "authorization request is still pending",
            Self::SlowDown => "polled too soon",
            Self::DeviceExpired => "device code is expired",
            Self::Denied => "the person denied the request",
            Self::Admin => "an administrator has to agree",
        }
    }

    fn google(self) -> &'static str {
        match self {
            Self::Malformed(what) => what,
            Self::Client => "The OAuth client was not found.",
            Self::Secret => "client_secret is missing.",
            Self::Verifier => "Invalid code verifier.",
            Self::Over(_) => "Token has been expired or revoked.",
            Self::Scope => "Invalid OAuth scope or ID token audience provided.",
            other @ (Self::Pending | Self::SlowDown) => other.plain(),
            _ => "Bad Request",
        }
    }

    fn microsoft(self) -> (u32, &'static str) {
        match self {
            Self::Malformed(_) => (9_002_313, "Invalid request. Request is malformed or invalid."),
            Self::Client => (700_016, "Application was not found in the directory 'Sandbox'."),
            Self::Secret => (
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or \
                 'client_secret'.",
            ),
            Self::GrantType => (70_003, "The app requested an unsupported grant type."),
            Self::Code => (70_008, "The provided authorization code or refresh token has expired."),
            Self::Redirect => (
                50_011,
                "The redirect URI specified in the request does not match the redirect URIs \
                 configured for the application.",
            ),
            Self::Verifier => (
                501_481,
                "The Code_Verifier does not match the code_challenge supplied in the \
                 authorization request.",
            ),
            Self::RefreshToken => (70_000, "Provided grant is invalid or malformed."),
            Self::Over(Death::PasswordChanged | Death::Revoked) => (
                50_173,
                "The provided grant has expired due to it being revoked, a fresh auth token is \
                 needed. The user might have changed or reset their password.",
            ),
            Self::Over(_) => (
                700_082,
                "The refresh token has expired due to inactivity. The token was issued earlier \
                 and was inactive for 90.00:00:00.",
            ),
            Self::Scope => {
                (70_011, "The provided value for the input parameter 'scope' is not valid.")
            }
            Self::Pending | Self::SlowDown => {
                (70_016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
            }
            Self::DeviceExpired => (70_019, "Verification code expired."),
            Self::Denied => (65_004, "User declined to consent to access the app."),
            Self::Admin => (90_094, "The grant requires administrator permission."),
        }
    }

    /// The description as it stands in a redirect.
    pub(super) fn description(self, shape: Shape) -> String {
        self.words(shape)
    }

    /// The answer of a token, device or revocation endpoint.
    pub(super) fn answer(self, shape: Shape, now: i64) -> Answer {
        let error = self.error(shape);
        let status = match (error, shape) {
            ("invalid_client", _) => 401,
            ("authorization_pending" | "slow_down", Shape::Google) => 428,
            _ => 400,
        };
        let body = match shape {
            Shape::Generic | Shape::Google => {
                json!({ "error": error, "error_description": self.words(shape) })
            }
            Shape::Microsoft => self.microsoft_body(error, now),
        };
        let answer = Answer::json(status, &body);
        if status == 401 {
            answer.with("www-authenticate", "Basic realm=\"sandbox\"")
        } else {
            answer
        }
    }

    fn microsoft_body(self, error: &str, now: i64) -> Value {
        let (number, words) = self.microsoft();
        let trace = "7b1a2c3d-0000-4000-8000-5a4db0c50001";
        let time = jiff::Timestamp::from_second(now).unwrap_or_default();
        let stamp = time.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let mut body = json!({
            "error": error,
            "error_description": format!(
                "AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {trace} Timestamp: {stamp}"
            ),
            "error_codes": [number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        if self == Self::Admin {
            body["suberror"] = "consent_required".into();
        }
        body
    }
}
