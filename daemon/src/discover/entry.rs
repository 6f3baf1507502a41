//! What is known without asking: the `[[provider]]` tables of the configuration and the built-in
//! table, the former over the latter.

use crate::config::{Config, ProviderEntry};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::discover::{Proposal, Source, Target, host_name};
use chapar_engine::provider::{
    OTHER, Provider, Way, is_same_provider, provider_by_key, service_of_domain,
};
use chapar_engine::verdict::Failure;
use std::io::Read as _;

/// Bytes of a file with authorities: a whole system's bundle has some hundred thousand.
const CA_BYTES: u64 = 1 << 20;

/// What the configuration or the table says of the domain; empty when it has to be asked for.
pub(super) fn known(config: &Config, target: &Target) -> Result<Vec<Proposal>, Failure> {
    let domain = &target.domain;
    let serves = |entry: &&ProviderEntry| {
        entry.domains.iter().any(|listed| listed.trim_end_matches('.').eq_ignore_ascii_case(domain))
    };
    if let Some(entry) = config.providers.iter().find(serves) {
        return configured(entry, target).map(|proposal| vec![proposal]);
    }
    let Some(found) = service_of_domain(domain) else { return Ok(Vec::new()) };
    let mut proposal = Proposal::service(Source::Provider, found, target);
    apply(config, &mut proposal)?;
    Ok(vec![proposal])
}

/// Puts what the configuration says of a built-in provider over what is built in.
pub(super) fn apply(config: &Config, proposal: &mut Proposal) -> Result<(), Failure> {
    let Some(entry) = entry_of(config, &proposal.provider) else { return Ok(()) };
    if let Some(imap) = &entry.imap {
        proposal.imap = endpoint(entry, "imap", imap)?;
    }
    if let Some(smtp) = &entry.smtp {
        proposal.smtp = endpoint(entry, "smtp", smtp)?;
    }
    if let Some(name) = &entry.name {
        proposal.provider_name.clone_from(name);
    }
    Ok(())
}

/// The authorities to trust beside the system's: the caller's, and that of the provider's entry.
pub(super) fn authority(
    config: &Config,
    known: Option<&Proposal>,
    ca_pem: Option<&str>,
) -> Result<Option<String>, Failure> {
    let entry = known.and_then(|known| entry_of(config, &known.provider));
    let both = ca_pem.map(str::to_owned).into_iter().chain(read_authority(entry)?);
    Ok(both.reduce(|own, configured| format!("{own}\n{configured}")))
}

/// The servers of a provider by its key.
pub(super) fn of_key(
    config: &Config,
    key: &str,
    target: &Target,
) -> Result<Option<Proposal>, Failure> {
    let built_in = provider_by_key(key);
    let entry = entry_of(config, key).or_else(|| entry_of(config, built_in.key));
    let names_servers = |entry: &&ProviderEntry| {
        !built_in.services.is_empty() || (entry.imap.is_some() && entry.smtp.is_some())
    };
    if let Some(entry) = entry.filter(names_servers) {
        return configured(entry, target).map(Some);
    }
    let service = built_in.services.first();
    Ok(service.map(|service| Proposal::service(Source::Provider, (built_in, service), target)))
}

/// The authority of a provider's entry, found by its key or by its IMAP server.
pub(super) fn authority_of(
    config: &Config,
    key: &str,
    imap: &Endpoint,
) -> Result<Option<String>, Failure> {
    let host = |entry: &&ProviderEntry| {
        let named = entry.imap.as_deref().map(|named| named.split(':').next().unwrap_or(named));
        named.is_some_and(|named| named.eq_ignore_ascii_case(&imap.host))
    };
    read_authority(entry_of(config, key).or_else(|| config.providers.iter().find(host)))
}

fn read_authority(entry: Option<&ProviderEntry>) -> Result<Option<String>, Failure> {
    let Some(file) = entry.and_then(|entry| entry.ca_file.as_ref()) else { return Ok(None) };
    let mut text = String::new();
    let opened = std::fs::File::open(file);
    let read = opened.and_then(|file| file.take(CA_BYTES).read_to_string(&mut text));
    read.map(|_| Some(text)).map_err(|error| {
        let message = format!("the file {} cannot be read", file.display());
        Failure::of("account.settings", message, Some(&error.to_string()))
    })
}

/// The entry of a provider, whatever it is called there.
fn entry_of<'c>(config: &'c Config, key: &str) -> Option<&'c ProviderEntry> {
    config.providers.iter().find(|entry| is_same_provider(&entry.key, key))
}

/// The key of the built-in provider the entry is about, or its own.
fn key_of(entry: &ProviderEntry) -> &str {
    match provider_by_key(&entry.key) {
        built_in if built_in.key == OTHER.key => &entry.key,
        built_in => built_in.key,
    }
}

fn configured(entry: &ProviderEntry, target: &Target) -> Result<Proposal, Failure> {
    let built_in = provider_by_key(&entry.key);
    let service = built_in.services.first();
    let imap = match (&entry.imap, service) {
        (Some(text), _) => endpoint(entry, "imap", text)?,
        (None, Some(service)) => service.imap(),
        (None, None) => return Err(unusable(entry, "it names no imap server")),
    };
    let smtp = match (&entry.smtp, service) {
        (Some(text), _) => endpoint(entry, "smtp", text)?,
        (None, Some(service)) => service.smtp(),
        (None, None) => return Err(unusable(entry, "it names no smtp server")),
    };
    let user = service.map_or_else(|| target.email.clone(), |service| service.user(&target.email));
    Ok(Proposal {
        provider: key_of(entry).to_owned(),
        provider_name: name(entry, built_in),
        ways: ways(entry, built_in),
        password_note: built_in.password_note().map(str::to_owned),
        from_outside: false,
        ..Proposal::of(Source::Config, imap, smtp, user)
    })
}

fn name(entry: &ProviderEntry, built_in: &Provider) -> String {
    let known = (built_in.key != OTHER.key).then_some(built_in.name);
    entry.name.as_deref().or(known).unwrap_or(&entry.key).to_owned()
}

fn ways(entry: &ProviderEntry, built_in: &Provider) -> Vec<Way> {
    let mut ways = built_in.ways();
    let signs_in = entry.issuer.is_some() || entry.authorize_url.is_some();
    if signs_in && !ways.contains(&Way::Oauth2) {
        ways.insert(0, Way::Oauth2);
    }
    ways
}

/// `HOST[:PORT]`, by the port's usual way into TLS. A person may name an address too.
fn endpoint(entry: &ProviderEntry, side: &str, text: &str) -> Result<Endpoint, Failure> {
    let usual = if side == "imap" { 993 } else { 465 };
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok().filter(|port| *port > 0))
        }
        _ => (text, Some(usual)),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = bare.parse::<std::net::IpAddr>().is_ok();
    let host = if is_address { Some(bare.to_owned()) } else { host_name(host) };
    let (Some(host), Some(port)) = (host, port) else {
        return Err(unusable(entry, &format!("{side} is not HOST or HOST:PORT")));
    };
    let security = if matches!(port, 143 | 587) { Security::StartTls } else { Security::Tls };
    Ok(Endpoint { host, port, security })
}

fn unusable(entry: &ProviderEntry, why: &str) -> Failure {
    let message = format!("the provider {} of the configuration cannot be used", entry.key);
    Failure::of("account.settings", message, Some(why))
}
