//! A vault that can be locked, slow, full of lies, and killed between any two of its steps.

use super::issuer::Fuse;
use chapar_daemon::world::BoxFuture;
use chapar_daemon::world::secrets::{Secrets, SecretsError, Vault as Kind};
use chapar_engine::secret::Secret;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Locked,
    Away,
    /// The sealed file alone, on a machine whose keyring does not answer: what lies in the file is
    /// found, of anything else nobody knows.
    HalfBlind,
    /// It answers after this long.
    Slow(Duration),
    /// It reads, but cannot be written.
    ReadOnly,
    /// It gives this instead of what was stored.
    Lies(String),
}

/// What lies in it, whoever runs.
#[derive(Default)]
pub(super) struct Vault {
    held: Mutex<BTreeMap<String, String>>,
    trouble: Mutex<Option<Trouble>>,
}

impl Vault {
    /// From now on.
    pub(super) fn suffer(&self, trouble: Option<Trouble>) {
        *self.trouble.lock().unwrap() = trouble;
    }

    /// Everything stored, in the open.
    pub(super) fn text(&self) -> String {
        self.held.lock().unwrap().values().cloned().collect::<Vec<_>>().join("\n")
    }

    fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap().clone()
    }
}

/// One run's way to it.
pub(super) struct Way {
    vault: Arc<Vault>,
    fuse: Fuse,
}

impl Way {
    pub(super) fn to(vault: &Arc<Vault>) -> Self {
        Self::fused(vault, Fuse::new(None))
    }

    pub(super) fn fused(vault: &Arc<Vault>, fuse: Fuse) -> Self {
        Self { vault: Arc::clone(vault), fuse }
    }

    async fn enter(&self, writes: bool) -> Result<(), SecretsError> {
        self.fuse.pass().await;
        match self.vault.trouble() {
            Some(Trouble::Locked) => Err(SecretsError::Locked),
            Some(Trouble::Away) => Err(SecretsError::Unavailable("gone".into())),
            Some(Trouble::ReadOnly) if writes => Err(SecretsError::Unavailable("full".into())),
            Some(Trouble::Slow(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Secrets for Way {
    fn vault(&self) -> BoxFuture<'_, Kind> {
        let kind = Kind { kind: "file", protects: "nothing: it is simulated".into() };
        Box::pin(std::future::ready(kind))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            self.enter(true).await?;
            self.vault.held.lock().unwrap().insert(key.into(), secret.expose().into());
            self.fuse.pass().await;
            Ok(())
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>> {
        Box::pin(async move {
            self.enter(false).await?;
            if let Some(Trouble::Lies(text)) = self.vault.trouble() {
                return Ok(Some(Secret::new(text)));
            }
            let found = self.vault.held.lock().unwrap().get(key).cloned().map(Secret::new);
            if found.is_none() && self.vault.trouble() == Some(Trouble::HalfBlind) {
                return Err(SecretsError::Unavailable("no keyring".into()));
            }
            Ok(found)
        })
    }

    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            self.enter(true).await?;
            self.vault.held.lock().unwrap().remove(key);
            self.fuse.pass().await;
            Ok(())
        })
    }
}
