//! The programs an issuer knows, and which redirects each may use.

/// The client without a secret that every issuer knows.
pub const NATIVE_CLIENT: &str = "chapar-native";
/// The client with a secret, as Google gives one to desktop programs.
pub const DESKTOP_CLIENT: &str = "chapar-desktop";
/// Its secret, which is none.
pub const DESKTOP_SECRET: &str = "GOCSPX-sandbox-desktop-secret";

/// One client (RFC 6749 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`, where it has one.
    pub secret: Option<String>,
    /// Redirects it registered: `http://127.0.0.1/callback`; a path of `/*` stands for any. On
    /// loopback the port is not compared (RFC 8252 §7.3).
    pub redirects: Vec<String>,
    /// Switched off by the provider.
    pub disabled: bool,
}

impl Client {
    /// A client without a secret that may be redirected anywhere on 127.0.0.1 and `[::1]`.
    #[must_use]
    pub fn native(id: &str) -> Self {
        let redirects = vec!["http://127.0.0.1/*".into(), "http://[::1]/*".into()];
        Self { id: id.into(), secret: None, redirects, disabled: false }
    }

    /// The same with a secret.
    #[must_use]
    pub fn desktop(id: &str, secret: &str) -> Self {
        Self { secret: Some(secret.into()), ..Self::native(id) }
    }

    /// A client as registered at Microsoft: `http://localhost`, without a path.
    #[must_use]
    pub fn localhost(id: &str) -> Self {
        Self { redirects: vec!["http://localhost/".into()], ..Self::native(id) }
    }

    /// Whether it may be redirected there.
    #[must_use]
    pub fn allows(&self, redirect: &str) -> bool {
        let Some(wanted) = Place::read(redirect) else { return false };
        self.redirects.iter().filter_map(|known| Place::read(known)).any(|known| {
            let port = known.port == wanted.port || known.is_loopback();
            let path = known.path == wanted.path || known.path == "/*";
            known.scheme == wanted.scheme && known.host == wanted.host && port && path
        })
    }
}

/// The parts of an absolute address that are compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    pub(super) scheme: &'a str,
    /// With brackets when it is an IPv6 address.
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn read(address: &'a str) -> Option<Self> {
        let (scheme, rest) = address.split_once("://")?;
        let rest = rest.split('#').next()?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (authority, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        (!host.is_empty() && !host.contains('@')).then_some(Self {
            scheme,
            host,
            port,
            path,
            query,
        })
    }

    fn is_loopback(&self) -> bool {
        self.scheme == "http" && matches!(self.host, "127.0.0.1" | "[::1]" | "localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_loopback_is_free() {
        let native = Client::native("n");
        for (redirect, allowed) in [
            ("http://127.0.0.1:5000/x/y", true),
            ("http://[::1]:5000/", true),
            ("http://127.0.0.1", true),
            ("http://localhost:5000/", false),
            ("https://127.0.0.1/", false),
            ("http://127.0.0.1.evil.example/", false),
            ("http://user@127.0.0.1/", false),
            ("http://evil.example/127.0.0.1", false),
            ("urn:ietf:wg:oauth:2.0:oob", false),
        ] {
            assert_eq!(native.allows(redirect), allowed, "{redirect}");
        }
        let microsoft = Client::localhost("m");
        assert!(microsoft.allows("http://localhost:1234") && microsoft.allows("http://localhost/"));
        assert!(!microsoft.allows("http://localhost:1234/path"));
        assert!(!microsoft.allows("http://127.0.0.1:1234/"));
        let exact = Client { redirects: vec!["https://app.example:8443/cb".into()], ..native };
        assert!(exact.allows("https://app.example:8443/cb"));
        assert!(!exact.allows("https://app.example/cb"));
    }
}
