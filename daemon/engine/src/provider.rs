//! Provider facts that change what chapar does. One row a provider, so that a correction is one
//! line; an unknown server is treated as the standards say.

mod oauth;
mod table;

pub use oauth::{AOL, COMCAST, FASTMAIL, GOOGLE, MAIL_RU, MICROSOFT, OAuthFacts, YAHOO, YANDEX};
pub use table::{OTHER, PROVIDERS};

use crate::account::{Endpoint, Security};

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
    /// How it signs people in by OAuth.
    pub oauth: Option<&'static OAuthFacts>,
    /// Whether a password opens IMAP and SMTP.
    pub password: Passwords,
    /// Its mail services: domains, and the servers behind them.
    pub services: &'static [Service],
    /// Host names, or their endings when they begin with a dot.
    hosts: &'static [&'static str],
}

/// Whether a password opens IMAP and SMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// The one of the account.
    Usual,
    /// Not before something was done; what, and where.
    After(&'static str),
    /// None does; why.
    Never(&'static str),
}

/// One mail service of a provider: who has addresses there, and its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Name for people, where it is another than the provider's.
    pub name: &'static str,
    /// Domains of its addresses, or their endings when they begin with a dot.
    pub domains: &'static [&'static str],
    /// Endings of the mail exchangers of domains that it hosts.
    mx: &'static [&'static str],
    imap: Server,
    smtp: Server,
    user: User,
}

/// Host, port, how TLS begins.
type Server = (&'static str, u16, Security);

/// What the login name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    /// The whole address.
    Address,
    /// What stands before the `@`.
    LocalPart,
}

impl Provider {
    /// Ways to sign in, best first.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        let oauth = self.oauth.map(|_| Way::Oauth2);
        let password = match self.password {
            Passwords::Never(_) => None,
            Passwords::Usual | Passwords::After(_) => Some(Way::Password),
        };
        oauth.into_iter().chain(password).collect()
    }

    /// What a person has to know before a password works here, or why none does.
    #[must_use]
    pub fn password_note(&self) -> Option<&'static str> {
        match self.password {
            Passwords::Usual => None,
            Passwords::After(note) | Passwords::Never(note) => Some(note),
        }
    }

    /// Whether this is its key, or one it had.
    fn is_called(&self, key: &str) -> bool {
        // accounts of the first days carry the name of the service
        self.key == key || (self.key == "google" && key == "gmail")
    }
}

impl Service {
    /// Its IMAP server.
    #[must_use]
    pub fn imap(&self) -> Endpoint {
        endpoint(self.imap)
    }

    /// Its submission server.
    #[must_use]
    pub fn smtp(&self) -> Endpoint {
        endpoint(self.smtp)
    }

    /// The login name of `email`.
    #[must_use]
    pub fn user(&self, email: &str) -> String {
        match self.user {
            User::Address => email.to_owned(),
            User::LocalPart => email.rsplit_once('@').map_or(email, |(local, _)| local).to_owned(),
        }
    }
}

fn endpoint((host, port, security): Server) -> Endpoint {
    Endpoint { host: host.to_owned(), port, security }
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// OAuth 2.0.
    Oauth2,
    /// A password or an app password.
    Password,
}

impl Way {
    /// Its word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Oauth2 => "oauth2",
            Self::Password => "password",
        }
    }
}

/// The provider behind an IMAP (or SMTP) host; [`OTHER`] when it is none of the known.
#[must_use]
pub fn provider_of(imap_host: &str) -> &'static Provider {
    let host = plain(imap_host);
    PROVIDERS.iter().find(|provider| is_one_of(&host, provider.hosts)).unwrap_or(&OTHER)
}

/// The provider with that key; [`OTHER`] when there is none.
#[must_use]
pub fn provider_by_key(key: &str) -> &'static Provider {
    PROVIDERS.iter().find(|provider| provider.is_called(key)).unwrap_or(&OTHER)
}

/// Whether a key is built in.
#[must_use]
pub fn is_key(key: &str) -> bool {
    provider_by_key(key).key != OTHER.key
}

/// Whether two keys name one provider, built in or of the configuration.
#[must_use]
pub fn is_same_provider(left: &str, right: &str) -> bool {
    left == right || (is_key(left) && provider_by_key(left).key == provider_by_key(right).key)
}

/// The provider with this issuer.
#[must_use]
pub fn provider_of_issuer(issuer: &str) -> Option<&'static Provider> {
    let of = |provider: &&Provider| provider.oauth.is_some_and(|facts| facts.issuer == issuer);
    PROVIDERS.iter().find(of)
}

/// Whether a token given back there ends every grant of that person to the client.
#[must_use]
pub fn revokes_all(revoke_url: &str) -> bool {
    let facts = PROVIDERS.iter().filter_map(|provider| provider.oauth);
    facts.into_iter().any(|facts| facts.revokes_all && facts.revoke_url == Some(revoke_url))
}

/// The service whose addresses have `domain`.
#[must_use]
pub fn service_of_domain(domain: &str) -> Option<(&'static Provider, &'static Service)> {
    let domain = plain(domain);
    services().find(|(_, service)| is_one_of(&domain, service.domains))
}

/// The service that hosts a domain with this mail exchanger.
#[must_use]
pub fn service_of_mx(exchanger: &str) -> Option<(&'static Provider, &'static Service)> {
    let exchanger = plain(exchanger);
    services().find(|(_, service)| is_one_of(&exchanger, service.mx))
}

fn services() -> impl Iterator<Item = (&'static Provider, &'static Service)> {
    let of = |provider: &'static Provider| provider.services.iter().map(move |s| (provider, s));
    PROVIDERS.iter().flat_map(of)
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether `name` is in the list, or ends like an entry that begins with a dot.
fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter()
        .any(|known| if known.starts_with('.') { name.ends_with(known) } else { name == *known })
}

#[cfg(test)]
mod tests;
