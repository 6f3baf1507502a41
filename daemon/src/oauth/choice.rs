//! What the person, the configuration and the built-in table say together about one sign-in, in
//! this order.

use super::client::{self, Client};
use super::redirect::Place;
use super::signin::SignInRequest;
use crate::config::{Config, ProviderEntry};
use crate::http::Reach;
use chapar_engine::credential::Issuer;
use chapar_engine::provider::{
    OAuthFacts, OTHER, Provider, is_same_provider, provider_by_key, provider_of_issuer,
};
use chapar_engine::verdict::Failure;
use url::Url;

/// The path to register for a client made by hand, where a provider compares it.
const USUAL_PATH: &str = "/callback";

/// What is settled before anybody is asked.
pub(super) struct Choice {
    /// The issuer's name for people.
    pub(super) name: String,
    /// Its identifier.
    pub(super) issuer_id: String,
    /// Its endpoints, where they are known; else its metadata is read.
    pub(super) issuer: Option<Issuer>,
    /// What to ask for; empty: as the metadata suggests.
    pub(super) scopes: Vec<String>,
    pub(super) extra: Vec<(String, String)>,
    /// Where the client's redirect is registered; `None` for a client that is yet to be registered.
    pub(super) place: Option<Place>,
    /// The client, where one is known.
    pub(super) client: Option<Client>,
    pub(super) ca_pem: Option<String>,
    pub(super) reach: Reach,
    /// A token given back ends the one grant it belongs to, and nobody else's.
    pub(super) gives_back: bool,
}

/// Whether a client is known for a provider's key or an issuer, without asking anybody.
#[must_use]
pub fn client_known(config: &Config, provider: &str, issuer: Option<&str>) -> bool {
    let request = SignInRequest {
        provider: Some(provider.to_owned()),
        issuer: issuer.map(str::to_owned),
        ..SignInRequest::default()
    };
    let entry = entry(config, &request);
    entry.is_some_and(|entry| entry.client_id.is_some())
        || provider_of(entry, &request)
            .is_some_and(|provider| client::built_in(provider.key).is_some())
}

impl Choice {
    pub(super) fn of(config: &Config, request: &SignInRequest) -> Result<Self, Failure> {
        let entry = entry(config, request);
        let provider = provider_of(entry, request);
        let facts = provider.and_then(|provider| provider.oauth);
        let issuer_id = request
            .issuer
            .clone()
            .or_else(|| entry.and_then(|entry| entry.issuer.clone()))
            .or_else(|| entry.and_then(|entry| entry.authorize_url.as_deref().and_then(origin)))
            .or_else(|| facts.map(|facts| facts.issuer.to_owned()));
        let Some(issuer_id) = issuer_id else {
            let provider = request.provider.as_deref().unwrap_or("this address");
            let message = format!("no OAuth sign-in is known for {provider}");
            return Err(Failure::of("oauth.no_client", message, None));
        };
        let client = client(entry, provider, request)?;
        let facts_scopes = facts.map(|facts| facts.scopes).unwrap_or_default();
        let scopes = [&request.scopes, entry.map_or(&request.scopes, |entry| &entry.scopes)];
        let scopes = scopes.into_iter().find(|scopes| !scopes.is_empty()).cloned();
        Ok(Self {
            name: name(entry, provider, &issuer_id),
            issuer: endpoints(entry, facts, request, &issuer_id),
            scopes: scopes.unwrap_or_else(|| owned(facts_scopes)),
            extra: facts.map(|facts| facts.extra).unwrap_or_default().iter().map(pair).collect(),
            place: client.as_ref().map(|_| place(entry, facts)),
            client,
            ca_pem: authorities(entry, request)?,
            reach: if request.discovered { Reach::PublicOnly } else { Reach::Anywhere },
            gives_back: facts.is_none_or(|facts| !facts.revokes_all),
            issuer_id,
        })
    }
}

/// The configured provider of this request: of the issuer named, or of the key when no other
/// issuer is named.
fn entry<'a>(config: &'a Config, request: &SignInRequest) -> Option<&'a ProviderEntry> {
    let issuer = request.issuer.as_deref();
    let of_issuer = |entry: &&ProviderEntry| issuer.is_some() && entry.issuer.as_deref() == issuer;
    let of_key = |entry: &&ProviderEntry| {
        let free = issuer.is_none() || entry.issuer.is_none();
        free && request.provider.as_deref().is_some_and(|key| is_same_provider(key, &entry.key))
    };
    config.providers.iter().find(of_issuer).or_else(|| config.providers.iter().find(of_key))
}

fn known(key: &str) -> Option<&'static Provider> {
    Some(provider_by_key(key)).filter(|provider| *provider != &OTHER)
}

/// The built-in provider of this request. An issuer that was named is believed over the key; the
/// configuration may say that one is a provider's under another name.
fn provider_of(
    entry: Option<&ProviderEntry>,
    request: &SignInRequest,
) -> Option<&'static Provider> {
    let Some(issuer) = request.issuer.as_deref() else {
        return request.provider.as_deref().and_then(known);
    };
    let configured = entry.filter(|entry| entry.issuer.as_deref() == Some(issuer));
    provider_of_issuer(issuer).or_else(|| configured.and_then(|entry| known(&entry.key)))
}

fn client(
    entry: Option<&ProviderEntry>,
    provider: Option<&Provider>,
    request: &SignInRequest,
) -> Result<Option<Client>, Failure> {
    if let Some(id) = &request.client_id {
        return Ok(Some(Client { id: id.clone(), secret: request.client_secret.clone() }));
    }
    let configured = entry.map(client::configured).transpose()?.flatten();
    Ok(configured.or_else(|| provider.and_then(|provider| client::built_in(provider.key))))
}

/// The endpoints, when nobody has to be asked for them.
fn endpoints(
    entry: Option<&ProviderEntry>,
    facts: Option<&OAuthFacts>,
    request: &SignInRequest,
    issuer_id: &str,
) -> Option<Issuer> {
    let none = ProviderEntry::default();
    let entry = entry.unwrap_or(&none);
    // another issuer than the table's has other endpoints than the table's
    let facts = facts.filter(|facts| {
        let named = request.issuer.as_deref().or(entry.issuer.as_deref());
        named.is_none_or(|named| named == facts.issuer) || entry.authorize_url.is_some()
    });
    let either = |own: &Option<String>, known: Option<&'static str>| {
        own.clone().or_else(|| known.map(str::to_owned))
    };
    // who names other endpoints has another revocation and device endpoint too, or none
    let same = facts.filter(|_| entry.authorize_url.is_none());
    Some(Issuer {
        id: issuer_id.to_owned(),
        authorize_url: either(&entry.authorize_url, facts.map(|facts| facts.authorize_url))?,
        token_url: either(&entry.token_url, facts.map(|facts| facts.token_url))?,
        device_url: either(&entry.device_url, same.and_then(|facts| facts.device_url)),
        revoke_url: either(&entry.revoke_url, same.and_then(|facts| facts.revoke_url)),
        register_url: None,
        says_iss: false,
    })
}

/// Where the client's redirect is registered: as configured, as the provider is known to want it,
/// or as our own instructions say.
fn place(entry: Option<&ProviderEntry>, facts: Option<&OAuthFacts>) -> Place {
    let configured = entry.and_then(|entry| entry.redirect_uri.as_deref());
    if let Some((host, path)) = configured.and_then(loopback) {
        return Place { host, path: Some(path) };
    }
    match facts {
        Some(facts) => Place {
            host: facts.redirect_host.to_owned(),
            path: facts.redirect_path.map(str::to_owned),
        },
        None => Place { host: "127.0.0.1".to_owned(), path: Some(USUAL_PATH.to_owned()) },
    }
}

/// Host and path of `http://HOST/PATH`.
fn loopback(uri: &str) -> Option<(String, String)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end)?;
    Some((host.to_owned(), path.to_owned()))
}

fn authorities(
    entry: Option<&ProviderEntry>,
    request: &SignInRequest,
) -> Result<Option<String>, Failure> {
    let configured = entry.map(client::authority).transpose()?.flatten();
    Ok(match (request.ca_pem.clone(), configured) {
        (Some(own), Some(configured)) => Some(format!("{own}\n{configured}")),
        (own, configured) => own.or(configured),
    })
}

/// What people call it: the configured name, the table's, or the host.
fn name(entry: Option<&ProviderEntry>, provider: Option<&Provider>, issuer_id: &str) -> String {
    let host = || Url::parse(issuer_id).ok()?.host_str().map(str::to_owned);
    entry
        .and_then(|entry| entry.name.clone())
        .or_else(|| provider.map(|provider| provider.name.to_owned()))
        .or_else(host)
        .unwrap_or_else(|| issuer_id.to_owned())
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn pair((name, value): &(&str, &str)) -> (String, String) {
    ((*name).to_owned(), (*value).to_owned())
}

#[cfg(test)]
mod tests;
