//! Whom the issuer resembles: paths, hosts of redirects, rotation, words. Facts of real providers
//! as their documents and users tell them; a correction is one line here.

/// Whom it resembles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A server built from the RFCs: rotation with reuse detection, `iss`, registration.
    #[default]
    Generic,
    /// Google: no rotation, a refresh token only when asked for properly, tick boxes, a desktop
    /// client with a secret that is none.
    Google,
    /// Microsoft: rotation that leaves the old token valid, AADSTS numbers, no revocation.
    Microsoft,
}

/// What a token must allow before a mail server takes it.
pub(super) struct MailScopes {
    /// One of these opens IMAP; empty: any token does.
    pub(super) imap: &'static [&'static str],
    /// One of these opens submission; empty: any token does.
    pub(super) smtp: &'static [&'static str],
}

/// Google's only scope for mail protocols.
pub const GOOGLE_MAIL: &str = "https://mail.google.com/";
/// Microsoft's scope for IMAP.
pub const MICROSOFT_IMAP: &str = "https://outlook.office.com/IMAP.AccessAsUser.All";
/// Microsoft's scope for submission.
pub const MICROSOFT_SMTP: &str = "https://outlook.office.com/SMTP.Send";

/// Where each endpoint lies.
pub(super) struct Paths {
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) device: &'static str,
    /// Where a person types a device code.
    pub(super) device_page: &'static str,
    pub(super) revoke: Option<&'static str>,
    pub(super) register: Option<&'static str>,
    pub(super) userinfo: &'static str,
    /// Path of the issuer identifier.
    pub(super) issuer: &'static str,
}

impl Shape {
    pub(super) fn paths(self) -> Paths {
        match self {
            Self::Generic => Paths {
                authorize: "/authorize",
                token: "/token",
                device: "/device/code",
                device_page: "/device",
                revoke: Some("/revoke"),
                register: Some("/register"),
                userinfo: "/userinfo",
                issuer: "",
            },
            Self::Google => Paths {
                authorize: "/o/oauth2/v2/auth",
                token: "/token",
                device: "/device/code",
                device_page: "/device",
                revoke: Some("/revoke"),
                register: None,
                userinfo: "/v1/userinfo",
                issuer: "",
            },
            Self::Microsoft => Paths {
                authorize: "/common/oauth2/v2.0/authorize",
                token: "/common/oauth2/v2.0/token",
                device: "/common/oauth2/v2.0/devicecode",
                device_page: "/common/oauth2/deviceauth",
                revoke: None,
                register: None,
                userinfo: "/oidc/userinfo",
                issuer: "/common/v2.0",
            },
        }
    }

    /// Every scope it knows.
    pub(super) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Generic => {
                &["openid", "email", "profile", "offline_access", "mail", "imap", "smtp"]
            }
            Self::Google => &["openid", "email", "profile", GOOGLE_MAIL],
            Self::Microsoft => {
                &["openid", "email", "profile", "offline_access", MICROSOFT_IMAP, MICROSOFT_SMTP]
            }
        }
    }

    pub(super) fn mail_scopes(self) -> MailScopes {
        match self {
            Self::Generic => MailScopes { imap: &[], smtp: &[] },
            Self::Google => MailScopes { imap: &[GOOGLE_MAIL], smtp: &[GOOGLE_MAIL] },
            Self::Microsoft => MailScopes { imap: &[MICROSOFT_IMAP], smtp: &[MICROSOFT_SMTP] },
        }
    }

    /// The scopes as its token answer spells them: Google renames those of `OpenID`, Microsoft leaves
    /// them and `offline_access` out.
    pub(super) fn spelled(self, scopes: &[String]) -> String {
        let kept = scopes.iter().filter_map(|scope| match (self, scope.as_str()) {
            (Self::Google, "email") => Some("https://www.googleapis.com/auth/userinfo.email"),
            (Self::Google, "profile") => Some("https://www.googleapis.com/auth/userinfo.profile"),
            (Self::Microsoft, "openid" | "email" | "profile" | "offline_access") => None,
            (_, scope) => Some(scope),
        });
        kept.collect::<Vec<_>>().join(" ")
    }

    /// How its tokens begin, which tells them apart in a log or a dump.
    pub(super) fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::Generic => ("sandbox-at-", "sandbox-rt-"),
            Self::Google => ("ya29.a0-sandbox-", "1//0sandbox-"),
            Self::Microsoft => ("EwBsandbox-", "M.C5sandbox-"),
        }
    }

    /// What an IMAP server of this provider says when a session outlives its token.
    pub(super) fn farewell(self) -> &'static str {
        match self {
            Self::Generic => "Session ended: the access token ended",
            Self::Google => "Session expired, please login again.",
            Self::Microsoft => "Session invalidated - AccessTokenExpired",
        }
    }
}
