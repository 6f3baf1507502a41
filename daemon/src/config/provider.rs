//! `[[provider]]` of the configuration: what a person or a company says of a mail provider, and
//! the rules it has to follow.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use url::Url;

/// One `[[provider]]` of the configuration: a provider of its own, or, with the `key` of a built-in
/// one, other facts about that. What is absent is as built in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderEntry {
    /// Key: of the built-in table, or a new one.
    pub key: String,
    /// Name for people.
    pub name: Option<String>,
    /// Domains whose addresses it serves.
    pub domains: Vec<String>,
    /// IMAP server, `HOST[:PORT]`; 993 is TLS, 143 is STARTTLS.
    pub imap: Option<String>,
    /// Submission server, `HOST[:PORT]`; 465 is TLS, 587 is STARTTLS.
    pub smtp: Option<String>,
    /// Issuer identifier; its metadata is read unless the endpoints are given.
    pub issuer: Option<String>,
    /// Endpoints, where the issuer publishes no metadata.
    pub authorize_url: Option<String>,
    /// See `authorize_url`.
    pub token_url: Option<String>,
    /// See `authorize_url`.
    pub device_url: Option<String>,
    /// See `authorize_url`.
    pub revoke_url: Option<String>,
    /// Scopes to ask for.
    pub scopes: Vec<String>,
    /// The client registered for this person or company.
    pub client_id: Option<String>,
    /// File with its secret, where it has one; read when needed, never kept.
    pub client_secret_file: Option<PathBuf>,
    /// PEM file of an authority trusted for all its servers beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What that client has registered as its redirect on this machine, without the port:
    /// `http://127.0.0.1/callback` unless another was registered.
    pub redirect_uri: Option<String>,
    /// Whether it files sent mail by itself.
    pub files_sent: Option<bool>,
}

/// Characters of one setting; an address of an endpoint has some hundred at most.
const SETTING_CHARS: usize = 2_048;
/// Hosts that are this machine to a browser.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

impl ProviderEntry {
    /// Refuses what could not be used later, naming the setting. Files are looked for beside
    /// `folder` when they are relative.
    pub(super) fn check(&mut self, folder: &Path) -> Result<(), String> {
        let key = self.key.clone();
        let of = |reason: String| format!("provider {key:?}: {reason}");
        if !is_key(&self.key) {
            return Err(of("key must be a word of letters, digits, - and _".to_owned()));
        }
        self.check_addresses().map_err(of)?;
        self.check_client().map_err(of)?;
        for domain in &mut self.domains {
            *domain = domain.trim().to_ascii_lowercase();
            if !is_domain(domain) {
                return Err(of(format!("domains: {domain:?} is not a domain such as example.org")));
            }
        }
        for (setting, file) in
            [("client_secret_file", &mut self.client_secret_file), ("ca_file", &mut self.ca_file)]
        {
            if let Some(file) = file {
                *file = folder.join(&*file);
            }
            check_length(setting, file.as_ref().and_then(|file| file.to_str())).map_err(of)?;
        }
        Ok(())
    }

    /// Whether the files it names are there.
    pub(super) fn check_files(&self) -> Result<(), String> {
        for (setting, file) in
            [("client_secret_file", &self.client_secret_file), ("ca_file", &self.ca_file)]
        {
            let Some(file) = file else { continue };
            let reason = match std::fs::metadata(file) {
                Ok(found) if found.is_file() => continue,
                Ok(_) => "is not a file".to_owned(),
                Err(error) => format!("cannot be read: {error}"),
            };
            return Err(format!("provider {:?}: {setting} {} {reason}", self.key, file.display()));
        }
        Ok(())
    }

    fn check_addresses(&self) -> Result<(), String> {
        for (setting, address) in [
            ("issuer", &self.issuer),
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("device_url", &self.device_url),
            ("revoke_url", &self.revoke_url),
        ] {
            check_length(setting, address.as_deref())?;
            if address.as_deref().is_some_and(|address| !is_https(address)) {
                return Err(format!("{setting} must be an address that begins with https://"));
            }
        }
        for (setting, server) in [("imap", &self.imap), ("smtp", &self.smtp)] {
            if server.as_deref().is_some_and(|server| !is_server(server)) {
                return Err(format!("{setting} must be HOST or HOST:PORT"));
            }
        }
        let redirect = self.redirect_uri.as_deref();
        if redirect.is_some_and(|redirect| !is_loopback(redirect)) {
            return Err(
                "redirect_uri must be http://127.0.0.1/\u{2026} or http://localhost/\u{2026}, \
                        without a port: chapar takes a free one each time"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn check_client(&self) -> Result<(), String> {
        let id = self.client_id.as_deref();
        check_length("client_id", id)?;
        if id.is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err("client_id must be what the provider gave, without spaces".to_owned());
        }
        if id.is_none() && self.client_secret_file.is_some() {
            return Err("client_secret_file needs a client_id".to_owned());
        }
        if self.authorize_url.is_some() != self.token_url.is_some() {
            return Err("authorize_url and token_url belong together".to_owned());
        }
        let is_scope =
            |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.scopes.iter().all(is_scope) {
            return Err("scopes must be words, each on its own: [\"openid\", \"email\"]".to_owned());
        }
        Ok(())
    }
}

fn check_length(setting: &str, value: Option<&str>) -> Result<(), String> {
    if value.is_some_and(|value| value.len() > SETTING_CHARS) {
        return Err(format!("{setting} has more than {SETTING_CHARS} characters"));
    }
    Ok(())
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn is_domain(domain: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || c == '-';
    domain.len() <= 253
        && domain.split('.').all(|label| !label.is_empty() && label.chars().all(plain))
}

fn is_https(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        url.scheme() == "https"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    })
}

/// `HOST`, `HOST:PORT` or `[IPV6]:PORT`.
fn is_server(server: &str) -> bool {
    let url = Url::parse(&format!("https://{server}/"));
    url.is_ok_and(|url| {
        url.path() == "/" && url.query().is_none() && url.username().is_empty() && url.has_host()
    }) && server.rsplit_once(':').is_none_or(|(_, port)| {
        port.ends_with(']') || port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn is_loopback(redirect: &str) -> bool {
    let rest = redirect.strip_prefix("http://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    let path = rest.get(host.len()..).unwrap_or_default();
    LOOPBACK.contains(&host) && path.chars().all(plain)
}

#[cfg(test)]
mod tests;
