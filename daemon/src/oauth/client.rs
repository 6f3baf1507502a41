//! As which client chapar signs in (RFC 6749 §2.2): the person's own, the configured one, or the
//! one this build was given. A client of somebody else is never in the source.

use crate::config::ProviderEntry;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use std::io::Read as _;
use std::path::Path;

/// Bytes of a file with a secret or an authority that are read: a bundle of authorities has some
/// hundred thousand.
const FILE_BYTES: u64 = 1 << 20;

/// A client.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// What the issuer calls it.
    pub(super) id: String,
    /// Its secret. Of a program on a person's machine it is none, but some issuers ask for it.
    pub(super) secret: Option<Secret>,
}

/// The client this build was given for a provider of the built-in table.
pub(super) fn built_in(key: &str) -> Option<Client> {
    let (id, secret) = match key {
        "gmail" | "google" => {
            (option_env!("CHAPAR_GOOGLE_CLIENT_ID"), option_env!("CHAPAR_GOOGLE_CLIENT_SECRET"))
        }
        "microsoft" => (option_env!("CHAPAR_MICROSOFT_CLIENT_ID"), None),
        "yahoo" => {
            (option_env!("CHAPAR_YAHOO_CLIENT_ID"), option_env!("CHAPAR_YAHOO_CLIENT_SECRET"))
        }
        "fastmail" => (option_env!("CHAPAR_FASTMAIL_CLIENT_ID"), None),
        _ => (None, None),
    };
    let given = |value: Option<&'static str>| value.filter(|value| !value.is_empty());
    let secret = given(secret).map(|secret| Secret::new(secret.to_owned()));
    given(id).map(|id| Client { id: id.to_owned(), secret })
}

/// The client of a configured provider; its secret is read now and kept no longer than the attempt.
pub(super) fn configured(entry: &ProviderEntry) -> Result<Option<Client>, Failure> {
    let Some(id) = &entry.client_id else { return Ok(None) };
    let secret = match &entry.client_secret_file {
        Some(file) => {
            let text = read(file, "client_secret_file", &entry.key)?;
            Some(Secret::new(text.expose().trim().to_owned()))
        }
        None => None,
    };
    Ok(Some(Client { id: id.clone(), secret }))
}

/// The authority a configured provider names for its servers.
pub(super) fn authority(entry: &ProviderEntry) -> Result<Option<String>, Failure> {
    let Some(file) = &entry.ca_file else { return Ok(None) };
    Ok(Some(read(file, "ca_file", &entry.key)?.expose().to_owned()))
}

fn read(file: &Path, setting: &str, key: &str) -> Result<Secret, Failure> {
    let unread = |error: std::io::Error| {
        let message = format!("{} of provider {key}, {}, cannot be read", setting, file.display());
        Failure::of("account.settings", message, Some(&error.to_string()))
    };
    let mut text = String::new();
    let open = std::fs::File::open(file).map_err(unread)?;
    let read = open.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(unread)?;
    if u64::try_from(read).is_ok_and(|read| read > FILE_BYTES) {
        return Err(unread(std::io::Error::other("it is larger than 1 MiB")));
    }
    Ok(Secret::new(text))
}
