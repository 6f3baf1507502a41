//! Discovery: what the answers to "where is the mail of this address?" mean, and which is believed.
//!
//! Owns the ranking of the sources and the reading of each answer. An answer comes from outside:
//! whatever it says, a proposal has a host name, a port and TLS, or it is none.

pub mod autoconfig;
pub mod guess;
pub mod pacc;
pub mod srv;

use crate::account::Endpoint;
use crate::provider::{Provider, Service, Way, provider_of};

/// Alternatives taken out of one answer: the best, and what to try when that is down.
pub const ALTERNATIVES: usize = 3;
/// Octets of a host name (RFC 1035 §2.3.4).
const HOST_BYTES: usize = 253;
/// Octets of one label of it.
const LABEL_BYTES: usize = 63;
/// Octets of a login name: an address has 254.
const USER_BYTES: usize = 320;

/// Who was asked. In the order in which they are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The person, who named the servers.
    Named,
    /// A `[[provider]]` of the configuration.
    Config,
    /// The built-in table.
    Provider,
    /// `https://autoconfig.DOMAIN/`.
    Autoconfig,
    /// `https://DOMAIN/.well-known/autoconfig/`.
    WellKnown,
    /// `https://ua-auto-config.DOMAIN/`, with its digest in the DNS.
    Pacc,
    /// The public directory.
    Ispdb,
    /// The mail exchangers of the domain, and what is known of their provider.
    Mx,
    /// SRV records (RFC 6186, 8314).
    Srv,
    /// The usual names.
    Guess,
}

impl Source {
    /// Its word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Config => "config",
            Self::Provider => "provider",
            Self::Autoconfig => "autoconfig",
            Self::WellKnown => "well-known",
            Self::Pacc => "pacc",
            Self::Ispdb => "ispdb",
            Self::Mx => "mx",
            Self::Srv => "srv",
            Self::Guess => "guess",
        }
    }

    /// The same for people.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Named => "you named it",
            Self::Config => "the configuration",
            Self::Provider => "built in",
            Self::Autoconfig | Self::WellKnown => "autoconfig, HTTPS",
            Self::Pacc => "PACC, HTTPS",
            Self::Ispdb => "ISPDB, HTTPS",
            Self::Mx => "MX",
            Self::Srv => "SRV",
            Self::Guess => "the usual names",
        }
    }

    /// How far it is believed, 0–100. What the domain's owner says over HTTPS stands above what
    /// others say of it; the DNS without DNSSEC, which anybody on the way may have written, below.
    #[must_use]
    pub fn trust(self) -> u8 {
        match self {
            Self::Named | Self::Config | Self::Provider => 100,
            Self::Autoconfig => 90,
            Self::WellKnown => 85,
            Self::Pacc => 84,
            Self::Ispdb => 80,
            Self::Mx => 70,
            Self::Srv => 60,
            Self::Guess => 10,
        }
    }
}

/// Whose servers are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The address as given.
    pub email: String,
    /// What stands before the `@`.
    pub local: String,
    /// The domain in lower case, as the DNS has it (RFC 5890).
    pub domain: String,
}

impl Target {
    /// The target of an address whose domain is `ascii_domain` in the DNS.
    #[must_use]
    pub fn new(email: &str, ascii_domain: &str) -> Option<Self> {
        let (local, _) = email.rsplit_once('@')?;
        let domain = host_name(ascii_domain)?;
        let usable = !local.is_empty() && !email.chars().any(char::is_control);
        usable.then(|| Self { email: email.to_owned(), local: local.to_owned(), domain })
    }
}

/// One way to reach a mailbox, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who says so.
    pub source: Source,
    /// How far it is believed.
    pub trust: u8,
    /// For people: where it was found.
    pub found_by: String,
    /// Provider key.
    pub provider: String,
    /// The provider's name for people.
    pub provider_name: String,
    /// IMAP server.
    pub imap: Endpoint,
    /// Submission server.
    pub smtp: Endpoint,
    /// Login name.
    pub user: String,
    /// Ways to sign in, best first; never empty.
    pub ways: Vec<Way>,
    /// Issuer identifier (an `https` URL), when it is not the provider's own.
    pub issuer: Option<String>,
    /// Scopes named with it.
    pub scopes: Vec<String>,
    /// What a person has to know before a password works.
    pub password_note: Option<String>,
    /// The servers were named by an answer from outside: they may not be private.
    pub from_outside: bool,
}

impl Proposal {
    /// What a source says of two servers. A known provider behind the IMAP server knows better how
    /// it signs people in.
    #[must_use]
    pub fn of(source: Source, imap: Endpoint, smtp: Endpoint, user: String) -> Self {
        let provider = provider_of(&imap.host);
        Self {
            source,
            trust: source.trust(),
            found_by: source.phrase().to_owned(),
            provider: provider.key.to_owned(),
            provider_name: provider.name.to_owned(),
            imap,
            smtp,
            user,
            ways: provider.ways(),
            issuer: None,
            scopes: Vec::new(),
            password_note: provider.password_note().map(str::to_owned),
            from_outside: true,
        }
    }

    /// A service of the built-in table, found by `source`.
    #[must_use]
    pub fn service(source: Source, found: (&Provider, &Service), target: &Target) -> Self {
        let (provider, service) = found;
        let user = service.user(&target.email);
        Self {
            provider: provider.key.to_owned(),
            provider_name: service.name.to_owned(),
            ways: provider.ways(),
            password_note: provider.password_note().map(str::to_owned),
            from_outside: false,
            ..Self::of(source, service.imap(), service.smtp(), user)
        }
    }

    /// With what the source itself says of signing in, where no known provider stands behind the
    /// servers. OAuth without an issuer cannot be done.
    #[must_use]
    pub fn signing_in(mut self, ways: &[Way], issuer: Option<&str>, scopes: &[String]) -> Self {
        if provider_of(&self.imap.host).key != crate::provider::OTHER.key {
            return self;
        }
        let possible = |way: &&Way| **way != Way::Oauth2 || issuer.is_some();
        self.ways = ways.iter().filter(possible).copied().collect();
        if self.ways.contains(&Way::Oauth2) {
            self.issuer = issuer.map(str::to_owned);
            self.scopes = scopes.to_vec();
        }
        if self.ways.is_empty() {
            self.ways.push(Way::Password);
        }
        self
    }

    /// With what the IMAP server was found to offer: OAuth is left out where a password would do and
    /// no mechanism takes a token. What a provider we know says of itself stands.
    #[must_use]
    pub fn offered(mut self, capabilities: &[String]) -> Self {
        let takes_tokens = capabilities
            .iter()
            .any(|word| ["AUTH=OAUTHBEARER", "AUTH=XOAUTH2"].contains(&word.as_str()));
        let known = provider_of(&self.imap.host).key != crate::provider::OTHER.key;
        if self.from_outside && !takes_tokens && !known && self.ways.contains(&Way::Password) {
            self.ways = vec![Way::Password];
            self.issuer = None;
            self.scopes.clear();
        }
        self
    }

    /// Whether a person has to see the servers before anything is sent there: whoever writes the
    /// DNS on the way chose them, out of the domain (RFC 6186 §6).
    #[must_use]
    pub fn must_be_shown(&self) -> bool {
        self.source == Source::Srv && self.trust < Source::Srv.trust()
    }

    /// Where it stands among candidates: those whose servers hold first, then by trust.
    #[must_use]
    pub fn rank(&self, holds: bool) -> (bool, std::cmp::Reverse<u8>, Source) {
        (!holds, std::cmp::Reverse(self.trust), self.source)
    }
}

/// A host name out of an answer, in lower case without the final dot; `None` when it is none. An
/// address is none: nobody can have a certificate that proves whose it is.
#[must_use]
pub fn host_name(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| inner(byte) || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit());
    (name.len() <= HOST_BYTES && !numeric && name.split('.').all(label)).then_some(name)
}

/// Whether `host` is `domain` or below it.
#[must_use]
pub fn is_within(host: &str, domain: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// The domains below which the public directory may know a mail exchanger: the host without its
/// first label, then its last three and its last two. Only the directory is asked about them:
/// without a list of public suffixes the last may be everybody's, such as `co.uk`.
#[must_use]
pub fn exchanger_domains(exchanger: &str, own: &str) -> Vec<String> {
    let Some(host) = host_name(exchanger) else { return Vec::new() };
    let labels: Vec<&str> = host.split('.').collect();
    let tail = |count: usize| labels.iter().rev().take(count).rev().copied().collect::<Vec<_>>();
    let mut domains = Vec::new();
    for count in [labels.len().saturating_sub(1), 3, 2] {
        let domain = tail(count).join(".");
        let asked = domain == own || domains.contains(&domain) || count >= labels.len();
        if count >= 2 && !asked {
            domains.push(domain);
        }
    }
    domains
}

/// The servers of one answer as pairs, best first: what is listed first, with the last one
/// standing in where one side lists fewer.
fn pairs<T: Clone>(imap: &[T], smtp: &[T]) -> Vec<(T, T)> {
    let at = |list: &[T], index: usize| list.get(index).or(list.last()).cloned();
    let count = imap.len().max(smtp.len()).min(ALTERNATIVES);
    (0..count).filter_map(|index| Some((at(imap, index)?, at(smtp, index)?))).collect()
}

/// A login name that can be typed and sent; the address when it cannot.
fn user_name(name: &str, target: &Target) -> String {
    let usable = !name.is_empty() && name.len() <= USER_BYTES && !name.contains(char::is_control);
    if usable { name.to_owned() } else { target.email.clone() }
}

/// An issuer identifier as RFC 8414 wants it; directories write the bare host.
fn issuer_url(text: &str) -> Option<String> {
    const ISSUER_BYTES: usize = 512;
    let text = text.trim();
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'@');
    let host = url.strip_prefix("https://")?;
    (plain && !host.is_empty() && url.len() <= ISSUER_BYTES).then_some(url)
}

#[cfg(test)]
mod tests;
