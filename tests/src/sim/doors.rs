//! The small doors: entropy from a seed, secrets in a drawer, a desktop that only records.

use super::trace::Trace;
use crate::sandbox::corpus::Dice;
use chapar_daemon::world::BoxFuture;
use chapar_daemon::world::dns::{Dns, Srv};
use chapar_daemon::world::entropy::Entropy;
use chapar_daemon::world::notify::{Desktop, Notification};
use chapar_daemon::world::secrets::{Secrets, SecretsError, Vault};
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Entropy that repeats itself.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<Dice>);

impl SeededEntropy {
    /// Starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(Dice::new(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            let word = dice.roll().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// Secrets in memory; can be locked.
#[derive(Default)]
pub struct SecretDrawer {
    held: Mutex<BTreeMap<String, Secret>>,
    locked: Mutex<bool>,
}

impl SecretDrawer {
    /// From now on every access says that the keyring is locked.
    pub fn lock(&self, locked: bool) {
        *self.locked.lock().unwrap() = locked;
    }

    /// The keys that are held.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.held.lock().unwrap().keys().cloned().collect()
    }

    fn open(&self) -> Result<(), SecretsError> {
        if *self.locked.lock().unwrap() { Err(SecretsError::Locked) } else { Ok(()) }
    }
}

impl Secrets for SecretDrawer {
    fn vault(&self) -> BoxFuture<'_, Vault> {
        let vault = Vault { kind: "file", protects: "nothing: it is simulated".into() };
        Box::pin(std::future::ready(vault))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            self.open()?;
            self.held.lock().unwrap().insert(key.into(), secret.clone());
            Ok(())
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>> {
        Box::pin(async move {
            self.open()?;
            Ok(self.held.lock().unwrap().get(key).cloned())
        })
    }

    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            self.open()?;
            self.held.lock().unwrap().remove(key);
            Ok(())
        })
    }
}

/// A desktop that keeps what it was told.
#[derive(Debug)]
pub struct RecordingDesktop {
    trace: Trace,
    shown: Mutex<Vec<Notification>>,
}

impl RecordingDesktop {
    /// Records into `trace` too.
    #[must_use]
    pub fn new(trace: Trace) -> Self {
        Self { trace, shown: Mutex::default() }
    }

    /// Everything shown, in order.
    #[must_use]
    pub fn shown(&self) -> Vec<Notification> {
        self.shown.lock().unwrap().clone()
    }
}

impl Desktop for RecordingDesktop {
    fn show(&self, notification: Notification) -> BoxFuture<'_, Result<(), String>> {
        self.trace.note(&format!("desktop: {}", notification.title));
        self.shown.lock().unwrap().push(notification);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A network without a DNS: nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDns;

impl Dns for NoDns {
    fn srv<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>, Failure>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn mx<'a>(&'a self, _domain: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(async { Ok(vec![]) })
    }

    fn txt<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(async { Ok(vec![]) })
    }
}
