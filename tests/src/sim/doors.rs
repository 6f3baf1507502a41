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
use std::sync::{Arc, Mutex};

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
    /// The run of the daemon that may use it.
    run: Mutex<u64>,
}

/// The drawer as one run of the daemon has it: what is left of a killed one cannot reach it.
pub struct SecretDoor {
    drawer: Arc<SecretDrawer>,
    run: u64,
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

    /// The door of a run that begins; those of earlier runs are shut.
    #[must_use]
    pub fn door(self: &Arc<Self>) -> SecretDoor {
        let mut run = self.run.lock().unwrap();
        *run += 1;
        SecretDoor { drawer: Arc::clone(self), run: *run }
    }
}

impl SecretDoor {
    fn open(&self) -> Result<&SecretDrawer, SecretsError> {
        if *self.drawer.run.lock().unwrap() != self.run {
            return Err(SecretsError::Unavailable("the process is dead".into()));
        }
        if *self.drawer.locked.lock().unwrap() {
            return Err(SecretsError::Locked);
        }
        Ok(&self.drawer)
    }
}

impl Secrets for SecretDoor {
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
            self.open()?.held.lock().unwrap().insert(key.into(), secret.clone());
            Ok(())
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Secret>, SecretsError>> {
        Box::pin(async move { Ok(self.open()?.held.lock().unwrap().get(key).cloned()) })
    }

    fn forget<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SecretsError>> {
        Box::pin(async move {
            self.open()?.held.lock().unwrap().remove(key);
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
