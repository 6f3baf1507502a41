//! Passwords and tokens at rest.

pub mod keyring;
pub mod sealed;

use super::BoxFuture;
use super::clock::Clock;
use crate::config::VaultChoice;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use keyring::Keyring;
use sealed::SealedFile;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where secrets lie, as `status` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// `secret-service`, `file`, `none`.
    pub kind: &'static str,
    /// One sentence: what it is and what it protects against.
    pub protects: String,
}

/// Why a secret could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// The collection is locked and could not be unlocked without asking.
    #[error("the keyring is locked")]
    Locked,
    /// There is no backend, or it went away or did not answer in time.
    #[error("no keyring answers: {0}")]
    Unavailable(String),
    /// The backend answered, but not with what was stored.
    #[error("the keyring returned something else than was stored: {0}")]
    Corrupt(String),
}

impl SecretsError {
    /// The failure with what was attempted. None of them ends anything: a keyring is unlocked, a
    /// service comes back.
    #[must_use]
    pub fn failure(&self, message: &str) -> Failure {
        let code = match self {
            Self::Locked => "secrets.locked",
            Self::Unavailable(_) => "secrets.unavailable",
            Self::Corrupt(_) => "secrets.corrupt",
        };
        Failure::of(code, message, Some(&self.to_string()))
    }
}

/// A [`Secrets::put`] that waits for its secret. Dropped, nothing was put.
pub type Put<'a> = Box<dyn FnOnce(Secret) -> BoxFuture<'a, Result<(), SecretsError>> + Send + 'a>;

/// The door to secrets. Keys are `account/<store instance>/<id>/<what>`. Every call ends
/// within a bounded time, by an error when the vault does not answer.
pub trait Secrets: Send + Sync {
    /// Which backend is in use at present, as far as it is known: nobody is asked for it.
    fn vault(&self) -> BoxFuture<'_, Vault>;
    /// Finds out which backend works, before somebody waits for a secret.
    fn try_out(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    /// Stores `secret` durably under `key`, then reads it back.
    fn put<'a>(
        &'a self,
        key: &'a str,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), SecretsError>>;
    /// Does of a [`Self::put`] under `key` whatever can be done before the secret is there: for one
    /// that is lost for good when the process dies before it is stored. What goes wrong now goes
    /// wrong again, or not, when there is something to put.
    fn prepare<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Put<'a>> {
        Box::pin(std::future::ready(unprepared(self, key)))
    }
    /// Reads the secret under `key`; `None` when there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>>;
    /// Deletes it; deleting what is not there is not an error.
    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>>;
}

/// A put that does everything when the secret is there.
fn unprepared<'a, S: Secrets + ?Sized>(door: &'a S, key: &'a str) -> Put<'a> {
    Box::new(move |secret| Box::pin(async move { door.put(key, &secret).await }))
}

/// How long an answer of the keyring to the probe is believed when it was "no": it may have been slow
/// to start, or locked.
const PROBE_AGAIN: Duration = Duration::from_mins(1);

/// The two vaults of a real machine and which of them new secrets go to.
///
/// Where the sealed file has a secret, that one is the newest: what is put into the keyring is put into
/// the file first when the file has an older one, and taken out of the file when the keyring has it. So
/// a kill at any step leaves the newest secret where it is looked for first.
pub struct Vaults {
    choice: VaultChoice,
    keyring: Keyring,
    sealed: SealedFile,
    clock: Arc<dyn Clock>,
    /// Whether the keyring passed its round trip when it was last tried, and when that was.
    proved: tokio::sync::Mutex<Option<(bool, Boot)>>,
    /// The same without waiting, for `status`. A lock, not a task: one word.
    known: Mutex<Option<bool>>,
}

impl Vaults {
    /// Asks nobody yet.
    #[must_use]
    pub fn new(
        choice: VaultChoice,
        sealed: SealedFile,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (proved, known) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { choice, keyring, sealed, clock, proved, known }
    }

    /// Whether new secrets go to the keyring.
    async fn keyring_first(&self) -> bool {
        match self.choice {
            VaultChoice::SecretService => true,
            VaultChoice::File => false,
            VaultChoice::Auto => self.probed().await,
        }
    }

    /// Whether the keyring works; one that did not is tried again after a while.
    async fn probed(&self) -> bool {
        let mut proved = self.proved.lock().await;
        if let Some((works, at)) = *proved
            && (works || self.clock.boot().until_from(at) < PROBE_AGAIN)
        {
            return works;
        }
        let works = match self.keyring.probe().await {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(%error, "secrets go to the sealed file for now");
                false
            }
        };
        *proved = Some((works, self.clock.boot()));
        self.know(works);
        works
    }

    fn know(&self, works: bool) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(works);
    }

    /// Stores in the keyring; a keyring that does not take it any more is tried again later.
    async fn put_in_keyring(&self, key: &str, secret: &Secret) -> Result<(), SecretsError> {
        // an older secret in the file would be taken for the newest one after a kill
        let in_file = self.sealed.get(key).await?.is_some();
        if in_file {
            self.sealed.put(key, secret).await?;
        }
        match self.keyring.put(key, secret).await {
            Ok(()) if in_file => self.sealed.forget(key).await,
            Ok(()) => Ok(()),
            Err(error) if self.choice == VaultChoice::SecretService => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the keyring took no secret: it goes to the sealed file");
                *self.proved.lock().await = Some((false, self.clock.boot()));
                self.know(false);
                self.sealed.put(key, secret).await
            }
        }
    }
}

impl Secrets for Vaults {
    /// What is known already: a keyring that does not answer holds nobody up.
    fn vault(&self) -> BoxFuture<'_, Vault> {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let vault = match (self.choice, known) {
            (VaultChoice::SecretService, _) | (VaultChoice::Auto, Some(true)) => {
                self.keyring.vault()
            }
            (VaultChoice::File, _) | (VaultChoice::Auto, Some(false)) => self.sealed.vault(),
            (VaultChoice::Auto, None) => Vault {
                kind: "none",
                protects: "nothing was stored yet; the desktop's keyring is asked first".to_owned(),
            },
        };
        Box::pin(std::future::ready(vault))
    }

    fn try_out(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let _: bool = self.keyring_first().await;
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            if self.keyring_first().await {
                self.put_in_keyring(key, secret).await
            } else {
                self.sealed.put(key, secret).await
            }
        })
    }

    fn prepare<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Put<'a>> {
        Box::pin(async move {
            let prepared = if !self.keyring_first().await {
                self.sealed.prepare(key).await
            } else if matches!(self.sealed.get(key).await, Ok(None)) {
                self.keyring.prepare(key).await.map(|put| self.or_sealed(key, put))
            } else {
                // it moves from the file to the keyring, which takes more than one step
                return unprepared(self, key);
            };
            prepared.unwrap_or_else(|error| {
                tracing::debug!(%error, "the vault is not ready for a secret");
                unprepared(self, key)
            })
        })
    }

    /// Looks in the sealed file first: where it has a secret, it has the newest. That the keyring
    /// cannot be asked is an error and never "there is none", or a keyring that is slow to start would
    /// look like a lost password.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>> {
        Box::pin(async move {
            match self.sealed.get(key).await {
                Ok(Some(secret)) => Ok(Some(secret)),
                found if self.choice == VaultChoice::File => found,
                found => match self.keyring.get(key).await {
                    Ok(None) => found,
                    other => other,
                },
            }
        })
    }

    /// Deletes it in both; a vault that cannot be asked fails the call when the secret may be there.
    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            let sealed = self.sealed.forget(key).await;
            if self.choice != VaultChoice::File
                && let Err(error) = self.keyring.forget(key).await
            {
                // where no keyring ever was, there is nothing to delete in it
                let may_have_it = self.keyring_first().await || error == SecretsError::Locked;
                if may_have_it {
                    return Err(error);
                }
                tracing::debug!(%error, "nothing to delete in the keyring");
            }
            sealed
        })
    }
}

impl Vaults {
    /// A prepared put into the keyring that goes to the sealed file when the keyring fails then.
    fn or_sealed<'a>(&'a self, key: &'a str, put: Put<'a>) -> Put<'a> {
        Box::new(move |secret| {
            Box::pin(async move {
                match put(secret.clone()).await {
                    Ok(()) => Ok(()),
                    Err(_) => self.put_in_keyring(key, &secret).await,
                }
            })
        })
    }
}
