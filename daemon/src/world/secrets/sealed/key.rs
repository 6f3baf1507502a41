//! The key of the sealed file: where it comes from, and a check by which a wrong one is told from
//! a damaged file.

use super::{Inner, MODE, read_private, unwritable};
use crate::world::secrets::SecretsError;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of the check in the file's header.
pub(super) const CHECK: usize = 8;
/// Bytes drawn for a new key file.
const SEED: usize = 32;
/// Bytes read of a credential: a person may have put a passphrase there.
const SEED_BYTES: u64 = 4096;

/// A key and where it came from.
pub(super) struct Key {
    bytes: Zeroizing<[u8; 32]>,
    check: [u8; 32],
    pub(super) origin: PathBuf,
}

impl Key {
    /// The key there is; none is an error.
    pub(super) fn existing(vault: &Inner) -> Result<Self, SecretsError> {
        Self::find(vault)?.ok_or_else(|| {
            SecretsError::Unavailable(format!(
                "{} is there but its key {} is not; put the key back, or remove both and sign in \
                 again",
                vault.file.display(),
                vault.credential.as_deref().unwrap_or(&vault.key_file).display()
            ))
        })
    }

    /// The key there is. A new one is made only when nothing was sealed yet: another key beside
    /// an old file would lock its secrets away.
    pub(super) fn existing_or_new(vault: &Inner) -> Result<Self, SecretsError> {
        if let Some(key) = Self::find(vault)? {
            return Ok(key);
        }
        if vault.file.exists() || vault.credential.is_some() {
            return Self::existing(vault);
        }
        let mut seed = Zeroizing::new([0; SEED]);
        vault.entropy.fill(&mut *seed);
        let made = || {
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(MODE).open(&vault.key_file)?;
            file.write_all(&*seed)?;
            file.sync_all()?;
            match vault.key_file.parent() {
                Some(parent) => File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        };
        made().map_err(|error| unwritable(&vault.key_file, &error))?;
        Ok(Self::derived(&*seed, &vault.key_file))
    }

    fn find(vault: &Inner) -> Result<Option<Self>, SecretsError> {
        // systemd makes credentials 0400 and its directory private itself
        let origin = vault.credential.as_deref().unwrap_or(&vault.key_file);
        let Some(seed) = read_private(origin, SEED_BYTES)? else {
            return Ok(None);
        };
        if seed.is_empty() && vault.credential.is_none() && !vault.file.exists() {
            // a kill between making and filling the key file; nothing was sealed with it
            std::fs::remove_file(origin).map_err(|error| unwritable(origin, &error))?;
            return Ok(None);
        }
        if seed.len() < SEED {
            return Err(SecretsError::Unavailable(format!(
                "{} holds {} bytes; a key has at least {SEED}",
                origin.display(),
                seed.len()
            )));
        }
        Ok(Some(Self::derived(&seed, origin)))
    }

    fn derived(seed: &[u8], origin: &Path) -> Self {
        Self {
            bytes: Zeroizing::new(blake3::derive_key("chapar 2026 sealed secrets key", seed)),
            check: blake3::derive_key("chapar 2026 sealed secrets key check", seed),
            origin: origin.to_owned(),
        }
    }

    pub(super) fn bytes(&self) -> &chacha20poly1305::Key {
        (&*self.bytes).into()
    }

    pub(super) fn check(&self) -> &[u8] {
        self.check.get(..CHECK).unwrap_or_default()
    }
}
