//! What the provider saw: deliveries, credentials, sessions. Oracles read it; nothing in the
//! provider acts on it.

use super::ca::CertificateKind;
use super::faults::Service;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// One message that the submission server took responsibility for, for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Message-ID without angle brackets; empty when there is none.
    pub message_id: String,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipient.
    pub recipient: String,
    /// The message after dot-unstuffing, without trace headers.
    pub bytes: Arc<[u8]>,
}

/// A credential that reached the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Over which service.
    pub service: Service,
    /// For whom.
    pub user: String,
    /// An access token, not a password.
    pub token: bool,
    /// Inside TLS with which certificate; `None` = in the clear.
    pub under: Option<CertificateKind>,
    /// Whether it was right.
    pub right: bool,
}

/// Sessions of one person on one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Open now.
    pub now: u32,
    /// Most at one time.
    pub most: u32,
    /// Ever.
    pub ever: u32,
}

#[derive(Debug, Default)]
struct Pages {
    deliveries: Vec<Delivery>,
    credentials: Vec<Credential>,
    census: BTreeMap<(Service, String), Census>,
    commands: BTreeMap<(Service, String), u64>,
}

/// The provider's records; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Pages>>);

impl Ledger {
    /// Every delivery, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.pages().deliveries.clone()
    }

    /// How often each (Message-ID, recipient) was taken.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for delivery in &self.pages().deliveries {
            let key = (delivery.message_id.clone(), delivery.recipient.clone());
            *counts.entry(key).or_default() += 1;
        }
        counts
    }

    /// Every credential that came, in order.
    #[must_use]
    pub fn credentials(&self) -> Vec<Credential> {
        self.pages().credentials.clone()
    }

    /// Credentials that came in the clear or under a certificate that must be refused.
    #[must_use]
    pub fn leaks(&self) -> Vec<Credential> {
        let mut leaks = self.credentials();
        leaks.retain(|credential| credential.under != Some(CertificateKind::Good));
        leaks
    }

    /// Sessions of `user` on `service`.
    #[must_use]
    pub fn census(&self, service: Service, user: &str) -> Census {
        self.pages().census.get(&(service, user.to_owned())).copied().unwrap_or_default()
    }

    /// How often each command came.
    #[must_use]
    pub fn commands(&self, service: Service) -> BTreeMap<String, u64> {
        let pages = self.pages();
        let of_service = pages.commands.iter().filter(|((of, _), _)| *of == service);
        of_service.map(|((_, name), count)| (name.clone(), *count)).collect()
    }

    pub(super) fn delivered(&self, delivery: Delivery) {
        self.pages().deliveries.push(delivery);
    }

    pub(super) fn credential(&self, credential: Credential) {
        self.pages().credentials.push(credential);
    }

    pub(super) fn command(&self, service: Service, name: &str) {
        *self.pages().commands.entry((service, name.to_owned())).or_default() += 1;
    }

    /// Counts a session until the guard is dropped.
    pub(super) fn session(&self, service: Service, user: &str) -> SessionGuard {
        let key = (service, user.to_owned());
        let mut pages = self.pages();
        let census = pages.census.entry(key.clone()).or_default();
        census.now += 1;
        census.ever += 1;
        census.most = census.most.max(census.now);
        drop(pages);
        SessionGuard { ledger: self.clone(), key }
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.0.lock().expect("no holder of the lock panics")
    }
}

/// Takes a session out of the census when dropped.
#[derive(Debug)]
pub(super) struct SessionGuard {
    ledger: Ledger,
    key: (Service, String),
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        if let Some(census) = self.ledger.pages().census.get_mut(&self.key) {
            census.now -= 1;
        }
    }
}
