//! Provider facts that change what chapar does. One row a provider, so that a correction is one
//! line; an unknown server is treated as the standards say.

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
    /// Host of the loopback redirect it accepts with any port: `127.0.0.1` or `localhost`.
    pub redirect_host: &'static str,
    /// Path of it that the provider compares; `None` where it takes any, and then each attempt has
    /// its own.
    pub redirect_path: Option<&'static str>,
}

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
    redirect_host: "127.0.0.1",
    redirect_path: None,
};

/// Microsoft. One token carries one resource; the registered redirect is `http://localhost`, of
/// which only the port is free.
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
    redirect_host: "localhost",
    redirect_path: Some(""),
};

/// What is known of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Key stored with an account.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Whether it puts a copy of what SMTP accepted into Sent by itself: then nothing is appended,
    /// only looked for.
    pub files_sent: bool,
    /// IMAP sessions of one account that may stand at once, with room left for other programs.
    pub sessions: u32,
    /// Host names, or their endings when they begin with a dot.
    hosts: &'static [&'static str],
}

/// One row, positionally.
const fn row(
    key: &'static str,
    name: &'static str,
    files_sent: bool,
    sessions: u32,
    hosts: &'static [&'static str],
) -> Provider {
    Provider { key, name, files_sent, sessions, hosts }
}

/// Everybody else.
pub static OTHER: Provider = row("other", "IMAP/SMTP", false, 2, &[]);

/// The table. Budgets: Gmail allows 15 sessions, Microsoft about 20, half-open ones count.
pub static PROVIDERS: &[Provider] = &[
    row(
        "gmail",
        "Gmail",
        true,
        4,
        &["imap.gmail.com", "imap.googlemail.com", "smtp.gmail.com", "smtp.googlemail.com"],
    ),
    row(
        "microsoft",
        "Microsoft 365",
        true,
        4,
        &[
            "outlook.office365.com",
            "smtp.office365.com",
            "imap-mail.outlook.com",
            "smtp-mail.outlook.com",
            ".outlook.office365.com",
            ".office365.us",
        ],
    ),
    row("icloud", "iCloud", true, 2, &["imap.mail.me.com", "smtp.mail.me.com", ".mail.me.com"]),
    row(
        "yahoo",
        "Yahoo",
        false,
        2,
        &[".mail.yahoo.com", ".mail.yahoo.co.jp", "imap.aol.com", "smtp.aol.com"],
    ),
    row(
        "fastmail",
        "Fastmail",
        false,
        4,
        &["imap.fastmail.com", "smtp.fastmail.com", ".fastmail.com"],
    ),
    row(
        "yandex",
        "Yandex",
        false,
        2,
        &["imap.yandex.com", "imap.yandex.ru", ".yandex.ru", ".yandex.com"],
    ),
    row(
        "gmx",
        "GMX / Web.de",
        false,
        2,
        &["imap.gmx.net", "imap.gmx.com", "imap.web.de", "mail.gmx.net", "smtp.web.de"],
    ),
];

/// The provider behind an IMAP (or SMTP) host; [`OTHER`] when it is none of the known.
#[must_use]
pub fn provider_of(imap_host: &str) -> &'static Provider {
    let host = imap_host.trim_end_matches('.').to_ascii_lowercase();
    let is_its = |provider: &&Provider| {
        provider.hosts.iter().any(|known| {
            if known.starts_with('.') { host.ends_with(known) } else { host == **known }
        })
    };
    PROVIDERS.iter().find(is_its).unwrap_or(&OTHER)
}

/// The provider with that key; [`OTHER`] when there is none.
#[must_use]
pub fn provider_by_key(key: &str) -> &'static Provider {
    PROVIDERS.iter().find(|provider| provider.key == key).unwrap_or(&OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_without_case_and_not_by_accident() {
        for (host, key) in [
            ("IMAP.GMAIL.COM", "gmail"),
            ("imap.gmail.com.", "gmail"),
            ("outlook.office365.com", "microsoft"),
            ("p12-imap.mail.me.com", "icloud"),
            ("imap.gmail.com.evil.example", "other"),
            ("evilimap.gmail.com", "other"),
            ("mail.example.org", "other"),
            ("", "other"),
        ] {
            assert_eq!(provider_of(host).key, key, "{host}");
            assert_eq!(provider_by_key(key).key, key);
        }
        assert!(provider_of("imap.gmail.com").files_sent && !OTHER.files_sent);
    }

    #[test]
    fn keys_are_unique() {
        let mut keys: Vec<_> = PROVIDERS.iter().map(|provider| provider.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), PROVIDERS.len());
    }
}
