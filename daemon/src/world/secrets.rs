//! Passwords and tokens at rest.

pub mod keyring;
pub mod sealed;

use super::BoxFuture;
use crate::config::VaultChoice;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use keyring::Keyring;
use sealed::SealedFile;
use tokio::sync::OnceCell;

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
    /// Which backend is in use at present.
    fn vault(&self) -> BoxFuture<'_, Vault>;
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

/// The two vaults of a real machine and which of them new secrets go to.
pub struct Vaults {
    choice: VaultChoice,
    keyring: Keyring,
    sealed: SealedFile,
    /// Whether the keyring passed its round trip when it was first needed.
    proved: OnceCell<bool>,
}

impl Vaults {
    /// Asks nobody yet.
    #[must_use]
    pub fn new(choice: VaultChoice, sealed: SealedFile, keyring: Keyring) -> Self {
        Self { choice, keyring, sealed, proved: OnceCell::new() }
    }

    /// Whether new secrets go to the keyring.
    async fn keyring_first(&self) -> bool {
        match self.choice {
            VaultChoice::SecretService => true,
            VaultChoice::File => false,
            VaultChoice::Auto => {
                *self
                    .proved
                    .get_or_init(|| async {
                        match self.keyring.probe().await {
                            Ok(()) => true,
                            Err(error) => {
                                tracing::info!(%error, "secrets go to the sealed file");
                                false
                            }
                        }
                    })
                    .await
            }
        }
    }
}

impl Secrets for Vaults {
    fn vault(&self) -> BoxFuture<'_, Vault> {
        Box::pin(async move {
            if self.keyring_first().await { self.keyring.vault() } else { self.sealed.vault() }
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            if self.keyring_first().await {
                self.keyring.put(key, secret).await
            } else {
                self.sealed.put(key, secret).await
            }
        })
    }

    fn prepare<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Put<'a>> {
        Box::pin(async move {
            let prepared = if self.keyring_first().await {
                self.keyring.prepare(key).await
            } else {
                self.sealed.prepare(key).await
            };
            prepared.unwrap_or_else(|error| {
                tracing::debug!(%error, "the vault is not ready for a secret");
                unprepared(self, key)
            })
        })
    }

    /// Looks where new secrets go, then in the other vault: a secret stays where it was put. That
    /// the other one cannot be asked is an error and never "there is none", or a keyring that is
    /// slow to start would look like a lost password.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>> {
        Box::pin(async move {
            if self.keyring_first().await {
                match self.keyring.get(key).await {
                    Ok(None) => self.sealed.get(key).await,
                    Err(error) => match self.sealed.get(key).await {
                        Ok(Some(secret)) => Ok(Some(secret)),
                        _ => Err(error),
                    },
                    found => found,
                }
            } else {
                match self.sealed.get(key).await {
                    Ok(None) if self.choice == VaultChoice::Auto => self.keyring.get(key).await,
                    found => found,
                }
            }
        })
    }

    /// Deletes it in both; a vault that cannot be asked fails the call only when it is the one in use.
    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            let sealed = self.sealed.forget(key).await;
            if self.keyring_first().await {
                self.keyring.forget(key).await?;
            } else if self.choice == VaultChoice::Auto
                && let Err(error) = self.keyring.forget(key).await
            {
                tracing::debug!(%error, "nothing to delete in the keyring");
            }
            sealed
        })
    }
}
