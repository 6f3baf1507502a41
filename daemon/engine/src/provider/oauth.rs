//! How providers sign people in by OAuth.

/// How a provider signs people in by OAuth. Taken from its own documents; one place, so that a
/// correction is one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthFacts {
    /// Issuer identifier.
    pub issuer: &'static str,
    /// Where the person agrees.
    pub authorize_url: &'static str,
    /// Where codes and refresh tokens become access tokens.
    pub token_url: &'static str,
    /// Where a device code is had, if mail scopes may be had by it.
    pub device_url: Option<&'static str>,
    /// Where a token is given back.
    pub revoke_url: Option<&'static str>,
    /// What to ask for.
    pub scopes: &'static [&'static str],
    /// Further parameters of the authorization request.
    pub extra: &'static [(&'static str, &'static str)],
    /// To give one token back ends every grant of that person to the client, those of other machines
    /// too.
    pub revokes_all: bool,
    /// Host of the loopback redirect it accepts with any port: `127.0.0.1` or `localhost`.
    pub redirect_host: &'static str,
    /// Path of it that the provider compares; `None` where it takes any, and then each attempt has
    /// its own.
    pub redirect_path: Option<&'static str>,
}

/// What our instructions say to register where the provider compares the path.
const USUAL_PATH: Option<&str> = Some("/callback");

/// Google. Only this scope opens IMAP and SMTP; without `prompt=consent` a second sign-in gives no
/// refresh token; a device code cannot be had for mail.
pub static GOOGLE: OAuthFacts = OAuthFacts {
    issuer: "https://accounts.google.com",
    authorize_url: "https://accounts.google.com/o/oauth2/v2/auth",
    token_url: "https://oauth2.googleapis.com/token",
    device_url: None,
    revoke_url: Some("https://oauth2.googleapis.com/revoke"),
    scopes: &["https://mail.google.com/", "openid", "email"],
    extra: &[("access_type", "offline"), ("prompt", "consent")],
    revokes_all: true,
    redirect_host: "127.0.0.1",
    redirect_path: None,
};

/// Microsoft. One token carries one resource; the registered redirect is `http://localhost`, of
/// which only the port is free. The
/// `outlook.office365.com` form of the scopes, which directories still list, is refused.
pub static MICROSOFT: OAuthFacts = OAuthFacts {
    issuer: "https://login.microsoftonline.com/common/v2.0",
    authorize_url: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    token_url: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    device_url: Some("https://login.microsoftonline.com/common/oauth2/v2.0/devicecode"),
    revoke_url: None,
    scopes: &[
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
        "openid",
        "email",
    ],
    extra: &[],
    revokes_all: false,
    redirect_host: "localhost",
    redirect_path: Some(""),
};

/// Yahoo. Gives the mail scope to no new client; redirects only to `https://127.0.0.1`, which no
/// page of ours can answer: the final address is pasted.
pub static YAHOO: OAuthFacts = OAuthFacts {
    issuer: "https://api.login.yahoo.com",
    authorize_url: "https://api.login.yahoo.com/oauth2/request_auth",
    token_url: "https://api.login.yahoo.com/oauth2/get_token",
    device_url: None,
    revoke_url: None,
    scopes: &["mail-w"],
    extra: &[],
    revokes_all: false,
    redirect_host: "127.0.0.1",
    redirect_path: USUAL_PATH,
};

/// AOL: Yahoo's, under its own name.
pub static AOL: OAuthFacts = OAuthFacts {
    issuer: "https://api.login.aol.com",
    authorize_url: "https://api.login.aol.com/oauth2/request_auth",
    token_url: "https://api.login.aol.com/oauth2/get_token",
    device_url: None,
    revoke_url: None,
    scopes: &["mail-w"],
    extra: &[],
    revokes_all: false,
    redirect_host: "127.0.0.1",
    redirect_path: USUAL_PATH,
};

/// Fastmail. The token endpoint is called `refresh`.
pub static FASTMAIL: OAuthFacts = OAuthFacts {
    issuer: "https://api.fastmail.com",
    authorize_url: "https://api.fastmail.com/oauth/authorize",
    token_url: "https://api.fastmail.com/oauth/refresh",
    device_url: None,
    revoke_url: None,
    scopes: &[
        "https://www.fastmail.com/dev/protocol-imap",
        "https://www.fastmail.com/dev/protocol-smtp",
        "offline_access",
    ],
    extra: &[],
    revokes_all: false,
    redirect_host: "127.0.0.1",
    redirect_path: USUAL_PATH,
};

/// Yandex.
pub static YANDEX: OAuthFacts = OAuthFacts {
    issuer: "https://oauth.yandex.com",
    authorize_url: "https://oauth.yandex.com/authorize",
    token_url: "https://oauth.yandex.com/token",
    device_url: None,
    revoke_url: None,
    scopes: &["mail:imap_full", "mail:smtp"],
    extra: &[],
    revokes_all: false,
    redirect_host: "127.0.0.1",
    redirect_path: USUAL_PATH,
};

/// Mail.ru.
pub static MAIL_RU: OAuthFacts = OAuthFacts {
    issuer: "https://o2.mail.ru",
    authorize_url: "https://o2.mail.ru/login",
    token_url: "https://o2.mail.ru/token",
    device_url: None,
    revoke_url: None,
    scopes: &["mail.imap"],
    extra: &[],
    revokes_all: false,
    redirect_host: "127.0.0.1",
    redirect_path: USUAL_PATH,
};

/// Comcast Xfinity.
pub static COMCAST: OAuthFacts = OAuthFacts {
    issuer: "https://oauth.xfinity.com",
    authorize_url: "https://oauth.xfinity.com/oauth/authorize",
    token_url: "https://oauth.xfinity.com/oauth/token",
    device_url: None,
    revoke_url: None,
    scopes: &["https://email.comcast.net/", "profile", "openid"],
    extra: &[],
    revokes_all: false,
    redirect_host: "127.0.0.1",
    redirect_path: USUAL_PATH,
};
