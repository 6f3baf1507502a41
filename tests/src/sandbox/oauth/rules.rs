//! What may be changed of the issuer while it runs.

use super::shape::Shape;
use serde_json::Value;

/// What becomes of a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It stays.
    None,
    /// A new one is given, the old one stays valid.
    Lenient,
    /// A new one is given; the old one used again ends the grant (RFC 9700 §4.14.2), except within
    /// `grace` seconds, for answers that were lost.
    Strict {
        /// Seconds in which the old one is still taken.
        grace: i64,
    },
}

/// How `expires_in` is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpiresIn {
    /// As it is.
    Truth,
    /// As it is, in a string.
    Text,
    /// Not at all.
    Absent,
    /// This, whatever is true.
    Says(Value),
}

/// What the answer says about `iss` (RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Iss {
    /// Neither promised nor said.
    Silent,
    /// Promised and said.
    True,
    /// Promised, not said.
    Missing,
    /// Promised, and this is said.
    Lie(String),
}

/// When a mail session that was opened with a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// It goes on.
    Never,
    /// With the token's time.
    AtExpiry,
    /// With the token's time, or when it is revoked.
    AtExpiryOrRevocation,
}

/// Why submission is refused whatever the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpAuth {
    /// It is not.
    Allowed,
    /// `535 5.7.139`, for the whole company.
    OffForTenant,
    /// `535 5.7.139`, for this mailbox.
    OffForMailbox,
}

/// The rules in force. Change them with `Issuer::rule`.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named at their use")]
pub struct Rules {
    /// Life of an access token in seconds.
    pub access_seconds: i64,
    /// Life of an unused refresh token in seconds; `None` = for ever.
    pub refresh_seconds: Option<i64>,
    /// Life of an authorization code in seconds.
    pub code_seconds: i64,
    /// Life of a device code in seconds.
    pub device_seconds: i64,
    /// Seconds between two polls for a device code.
    pub interval: i64,
    /// See [`Rotation`].
    pub rotation: Rotation,
    /// A second page asks for [`super::MFA_CODE`].
    pub mfa: bool,
    /// The consent page has a box for each thing asked; unticked ones are not granted.
    pub boxes: bool,
    /// Only an administrator may consent: the person can only go back.
    pub admin_consent: bool,
    /// See [`ExpiresIn`].
    pub expires_in: ExpiresIn,
    /// See [`Iss`].
    pub iss: Iss,
    /// Device codes can be had.
    pub device: bool,
    /// Clients may register themselves.
    pub registration: bool,
    /// An ID token comes with `openid`.
    pub id_token: bool,
    /// The token answer names what was granted.
    pub says_scope: bool,
    /// A refresh token is given where it is due.
    pub refresh_token: bool,
    /// A token given back takes every grant of that person to the client along.
    pub give_back_ends_all: bool,
    /// PKCE is demanded of clients without a secret.
    pub pkce: bool,
    /// Metadata says that S256 is understood.
    pub says_s256: bool,
    /// Metadata names a template with `{tenantid}` as the issuer, as Microsoft's does.
    pub template_issuer: bool,
    /// Bytes of an access token: Microsoft's pass 2 KiB.
    pub token_bytes: usize,
    /// See [`SessionEnd`].
    pub session_end: SessionEnd,
    /// A good token with somebody else's name is taken at login, and every command after it
    /// refused: `BAD User is authenticated but not connected.`
    pub takes_any_name: bool,
    /// See [`SmtpAuth`].
    pub smtp_auth: SmtpAuth,
    /// The mail servers take passwords.
    pub passwords: bool,
    /// The mail servers offer `AUTHENTICATE XOAUTH2`.
    pub xoauth2: bool,
    /// The mail servers offer `AUTHENTICATE OAUTHBEARER`.
    pub oauthbearer: bool,
}

impl Rules {
    /// The rules of a provider of this shape.
    #[must_use]
    pub fn of(shape: Shape) -> Self {
        let generic = Self {
            access_seconds: 3_600,
            refresh_seconds: Some(14 * 86_400),
            code_seconds: 60,
            device_seconds: 600,
            interval: 5,
            rotation: Rotation::Strict { grace: 0 },
            mfa: false,
            boxes: false,
            admin_consent: false,
            expires_in: ExpiresIn::Truth,
            iss: Iss::True,
            device: true,
            registration: true,
            id_token: true,
            says_scope: true,
            refresh_token: true,
            give_back_ends_all: false,
            pkce: true,
            says_s256: true,
            template_issuer: false,
            token_bytes: 48,
            session_end: SessionEnd::Never,
            takes_any_name: false,
            smtp_auth: SmtpAuth::Allowed,
            passwords: true,
            xoauth2: true,
            oauthbearer: true,
        };
        match shape {
            Shape::Generic => generic,
            Shape::Google => Self {
                refresh_seconds: Some(182 * 86_400),
                rotation: Rotation::None,
                boxes: true,
                iss: Iss::Silent,
                registration: false,
                give_back_ends_all: true,
                pkce: false,
                token_bytes: 220,
                session_end: SessionEnd::AtExpiry,
                ..generic
            },
            Shape::Microsoft => Self {
                refresh_seconds: Some(90 * 86_400),
                rotation: Rotation::Lenient,
                iss: Iss::Silent,
                registration: false,
                token_bytes: 1_600,
                session_end: SessionEnd::AtExpiry,
                takes_any_name: true,
                passwords: false,
                oauthbearer: false,
                ..generic
            },
        }
    }
}
