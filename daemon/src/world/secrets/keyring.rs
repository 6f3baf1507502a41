//! Secrets in the desktop's Secret Service. Each call makes its own session, so that a keyring
//! that restarts is no event; each step of a call waits at most [`ANSWER`].

use super::{Put, SecretsError, Vault};
use crate::world::clock::{Clock, within};
use chapar_engine::secret::Secret;
use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// A locked collection on a machine without a screen would otherwise wait for a prompt for ever.
const ANSWER: Duration = Duration::from_secs(2);
/// How long a person is waited for who is asked to unlock the keyring: below [`ANSWER`], so that a locked
/// keyring is told apart from one that does not answer.
const UNLOCK: Duration = Duration::from_millis(1_500);
/// Media type of what is stored.
const CONTENT: &str = "text/plain; charset=utf8";
/// The key of the probe; no account has it.
const PROBE: &str = "chapar/probe";

/// The Secret Service of the session bus.
pub struct Keyring {
    clock: Arc<dyn Clock>,
}

impl Keyring {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// What it is, for `status`.
    #[must_use]
    pub fn vault(&self) -> Vault {
        Vault {
            kind: "secret-service",
            protects: "the desktop's keyring: protects against other users, stolen disks and \
                       backups; any program of yours can read it while it is unlocked"
                .to_owned(),
        }
    }

    /// Stores, reads and deletes a throw-away item.
    pub async fn probe(&self) -> Result<(), SecretsError> {
        let secret = Secret::new("probe".to_owned());
        self.put(PROBE, &secret).await?;
        self.forget(PROBE).await
    }

    /// Stores and reads back.
    pub async fn put(&self, key: &str, secret: &Secret) -> Result<(), SecretsError> {
        self.timed(async {
            let service = connected().await?;
            let collection = self.unlocked(&service).await?;
            create(&collection, key, secret).await
        })
        .await?;
        self.read_back(key, secret).await
    }

    /// Connects and unlocks, so that one call is left for the secret. A keyring that went away
    /// meanwhile is connected to anew.
    pub async fn prepare<'a>(&'a self, key: &'a str) -> Result<Put<'a>, SecretsError> {
        let (ready, is_ready) = oneshot::channel();
        let (give, given) = oneshot::channel();
        // the collection borrows from the service, so both live in one future that stops between
        let mut work = Box::pin(async move {
            let service = connected().await?;
            let collection = self.unlocked(&service).await?;
            // whoever prepared and asks for nothing more has dropped this future
            let _: Result<(), ()> = ready.send(());
            let Ok(secret) = given.await else { return Ok(()) };
            create(&collection, key, &secret).await
        });
        self.timed(async {
            tokio::select! {
                biased;
                ended = &mut work => ended,
                _ = is_ready => Ok(()),
            }
        })
        .await?;
        Ok(Box::new(move |secret: Secret| {
            Box::pin(async move {
                // the future that takes it is driven by the next line
                let _: Result<(), Secret> = give.send(secret.clone());
                match self.timed(work).await {
                    Ok(()) => self.read_back(key, &secret).await,
                    Err(_) => self.put(key, &secret).await,
                }
            })
        }))
    }

    async fn read_back(&self, key: &str, secret: &Secret) -> Result<(), SecretsError> {
        match self.get(key).await? {
            Some(read) if read.expose() == secret.expose() => Ok(()),
            Some(_) => Err(SecretsError::Corrupt("another value".to_owned())),
            None => Err(SecretsError::Corrupt("nothing".to_owned())),
        }
    }

    /// Reads.
    pub async fn get(&self, key: &str) -> Result<Option<Secret>, SecretsError> {
        let bytes = self
            .timed(async {
                let service = connected().await?;
                match self.found(&service, key).await?.first() {
                    Some(item) => Ok(Some(Zeroizing::new(item.get_secret().await?))),
                    None => Ok(None),
                }
            })
            .await?;
        let Some(bytes) = bytes else { return Ok(None) };
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| SecretsError::Corrupt("bytes that are not text".to_owned()))?;
        Ok(Some(Secret::new(text.to_owned())))
    }

    /// Deletes.
    pub async fn forget(&self, key: &str) -> Result<(), SecretsError> {
        self.timed(async {
            let service = connected().await?;
            for item in self.found(&service, key).await? {
                item.delete().await?;
            }
            Ok(())
        })
        .await
    }

    /// The default collection, unlocked if that needs no more than asking.
    async fn unlocked<'s>(&self, service: &'s SecretService<'_>) -> Result<Collection<'s>, Error> {
        let collection = service.get_default_collection().await?;
        if collection.is_locked().await? {
            self.asked(Box::pin(collection.unlock())).await?;
        }
        collection.ensure_unlocked().await?;
        Ok(collection)
    }

    /// Items under the key, unlocked.
    async fn found<'s>(
        &self,
        service: &'s SecretService<'_>,
        key: &str,
    ) -> Result<Vec<Item<'s>>, Error> {
        let result = service.search_items(attributes(key)).await?;
        let mut items = result.unlocked;
        for item in result.locked {
            self.asked(Box::pin(item.unlock())).await?;
            items.push(item);
        }
        Ok(items)
    }

    /// Waits for the person who is asked to unlock; without an answer the keyring stays locked.
    async fn asked(&self, unlock: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        within(self.clock.as_ref(), UNLOCK, unlock).await.unwrap_or(Err(Error::Locked))
    }

    async fn timed<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SecretsError> {
        match within(self.clock.as_ref(), ANSWER, work).await {
            Some(Ok(done)) => Ok(done),
            Some(Err(Error::Locked | Error::Prompt | Error::PromptDisconnected)) => {
                Err(SecretsError::Locked)
            }
            Some(Err(error)) => Err(SecretsError::Unavailable(error.to_string())),
            None => Err(SecretsError::Unavailable(format!(
                "no answer within {} s; it may be locked and waiting for its password",
                ANSWER.as_secs()
            ))),
        }
    }
}

async fn connected() -> Result<SecretService<'static>, Error> {
    SecretService::connect(EncryptionType::Dh).await
}

/// The item under the key, in the place of the one before.
async fn create(collection: &Collection<'_>, key: &str, secret: &Secret) -> Result<(), Error> {
    let (label, bytes) = (format!("chapar {key}"), secret.expose().as_bytes());
    collection.create_item(&label, attributes(key), bytes, true, CONTENT).await?;
    Ok(())
}

fn attributes(key: &str) -> HashMap<&str, &str> {
    HashMap::from([("application", "chapar"), ("key", key)])
}
