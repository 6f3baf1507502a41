//! The provider's authorization server: OAuth 2.0 (RFC 6749) with PKCE, device codes, revocation,
//! registration and metadata, in three shapes.
//!
//! Written from the RFCs and from what providers document; it shares no code with the product's
//! OAuth. Tokens are unguessable only to who does not read this file, and ID tokens are signed with
//! a key that stands here: a client that trusted their signature would be wrong, one that takes
//! them from the token endpoint over verified TLS need not look (`OpenID` Connect Core §3.1.3.7).

mod authorize;
pub mod client;
mod device;
mod endpoint;
pub mod form;
pub mod grant;
pub mod http;
mod identity;
mod mail;
mod metadata;
mod pages;
pub mod person;
pub mod refusal;
mod register;
mod revoke;
pub mod rules;
mod serve;
pub mod shape;
#[cfg(test)]
mod tests;
mod token;

use super::ledger::Ledger;
use super::mailstore::Mailstore;
use client::{Client, DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use grant::{Access, Death, Grant, Mint};
pub use mail::{Lease, Mail};
use rules::Rules;
pub(super) use serve::serve;
use shape::Shape;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// What the page after the password asks for when [`Rules::mfa`] is on.
pub const MFA_CODE: &str = "123456";

/// The authorization server; cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    shape: Shape,
    store: Mailstore,
    ledger: Ledger,
    book: Arc<Mutex<Book>>,
    /// Moves when tokens may have died.
    deaths: watch::Sender<u64>,
}

/// Everything it knows.
struct Book {
    /// `https://HOST[:PORT]`.
    base: String,
    rules: Rules,
    clients: BTreeMap<String, Client>,
    grants: Vec<Grant>,
    codes: BTreeMap<String, authorize::Code>,
    visits: BTreeMap<String, authorize::Visit>,
    devices: BTreeMap<String, device::Device>,
    /// Who agreed to which client before: Google gives a refresh token only the first time.
    agreed: BTreeSet<(String, String)>,
    /// Mailboxes that others may open: (person, mailbox).
    shared: BTreeSet<(String, String)>,
    /// Mailboxes whose protocols are off behind the login.
    unconnected: BTreeSet<String>,
    mint: Mint,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl Issuer {
    /// An issuer for the people of `store` that answers at `base` (`https://HOST[:PORT]`).
    #[must_use]
    pub fn new(shape: Shape, store: Mailstore, ledger: Ledger, base: &str) -> Self {
        let mut clients = BTreeMap::new();
        for client in [
            match shape {
                Shape::Microsoft => Client::localhost(NATIVE_CLIENT),
                _ => Client::native(NATIVE_CLIENT),
            },
            Client::desktop(DESKTOP_CLIENT, DESKTOP_SECRET),
        ] {
            clients.insert(client.id.clone(), client);
        }
        let book = Book {
            base: base.into(),
            rules: Rules::of(shape),
            clients,
            grants: vec![],
            codes: BTreeMap::new(),
            visits: BTreeMap::new(),
            devices: BTreeMap::new(),
            agreed: BTreeSet::new(),
            shared: BTreeSet::new(),
            unconnected: BTreeSet::new(),
            mint: Mint::default(),
        };
        let deaths = watch::Sender::new(0);
        Self { shape, store, ledger, book: Arc::new(Mutex::new(book)), deaths }
    }

    /// Whom it resembles.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Where it answers from now on.
    pub fn set_base(&self, base: &str) {
        self.book().base = base.into();
    }

    /// `https://HOST[:PORT]`.
    #[must_use]
    pub fn base(&self) -> String {
        self.book().base.clone()
    }

    /// Its identifier (RFC 8414 §2).
    #[must_use]
    pub fn id(&self) -> String {
        self.base() + self.shape.paths().issuer
    }

    /// The address of its authorization endpoint.
    #[must_use]
    pub fn authorize_url(&self) -> String {
        self.base() + self.shape.paths().authorize
    }

    /// The address of its token endpoint.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.base() + self.shape.paths().token
    }

    /// The address of its device authorization endpoint.
    #[must_use]
    pub fn device_url(&self) -> String {
        self.base() + self.shape.paths().device
    }

    /// The address of its revocation endpoint, when it has one.
    #[must_use]
    pub fn revoke_url(&self) -> Option<String> {
        self.shape.paths().revoke.map(|path| self.base() + path)
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.book().rules.clone()
    }

    /// Changes the rules, at once for all.
    pub fn rule(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.book().rules);
        self.deaths.send_modify(|count| *count += 1);
    }

    /// Adds a client or replaces the one with its id.
    pub fn add_client(&self, client: Client) {
        self.book().clients.insert(client.id.clone(), client);
    }

    /// `person` may open `mailbox` with their own token.
    pub fn share(&self, person: &str, mailbox: &str) {
        self.book().shared.insert((person.into(), mailbox.into()));
    }

    /// Logins to `mailbox` are taken and nothing after them (or, with `false`, all is well again).
    pub fn unconnect(&self, mailbox: &str, unconnected: bool) {
        let mut book = self.book();
        if unconnected {
            book.unconnected.insert(mailbox.into());
        } else {
            book.unconnected.remove(mailbox);
        }
    }

    /// Ends every grant of `user` and tells how many were alive.
    pub fn revoke(&self, user: &str, death: Death, access: Access) -> usize {
        let mut book = self.book();
        let mut ended = 0;
        for grant in book.grants.iter_mut().filter(|grant| grant.user == user) {
            ended += usize::from(grant.death.is_none());
            grant.end(death, access);
        }
        book.agreed.retain(|(person, _)| person != user);
        drop(book);
        self.deaths.send_modify(|count| *count += 1);
        ended
    }

    /// Changes the password of `user`, which ends their grants as it does at Google for mail scopes
    /// and at Microsoft.
    pub fn change_password(&self, user: &str, password: &str) {
        self.store.set_password(user, password);
        self.revoke(user, Death::PasswordChanged, Access::Stands);
    }

    /// Grants of `user` that are alive.
    #[must_use]
    pub fn alive(&self, user: &str) -> usize {
        let alive = |grant: &&Grant| grant.user == user && grant.death.is_none();
        self.book().grants.iter().filter(alive).count()
    }

    /// Why each grant of `user` ended, in the order in which they were given; `None` = alive.
    #[must_use]
    pub fn fates(&self, user: &str) -> Vec<Option<Death>> {
        let book = self.book();
        book.grants.iter().filter(|grant| grant.user == user).map(|grant| grant.death).collect()
    }

    /// Every code, token and secret that it ever made or was told of: what must not lie about.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let book = self.book();
        let clients = book.clients.values().filter_map(|client| client.secret.clone());
        clients.chain(book.mint.made()).collect()
    }

    /// A grant made without a sign-in, for tests that begin after it: (refresh, access token).
    #[must_use]
    pub fn seed(&self, user: &str, client: &str, scopes: &[&str], now: i64) -> (String, String) {
        let mut book = self.book();
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).into()).collect();
        let mut grant = Grant::new(user, client, scopes.clone());
        let (access_mark, refresh_mark) = self.shape.marks();
        let size = book.rules.token_bytes;
        let access = book.mint.secret(access_mark, size);
        let refresh = book.mint.secret(refresh_mark, 0);
        grant.access(access.clone(), scopes, now + book.rules.access_seconds);
        grant.refresh(refresh.clone(), now);
        book.grants.push(grant);
        (refresh, access)
    }

    fn count(&self, what: &str) {
        self.ledger.command(super::faults::Service::Issuer, what);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no holder of the lock panics")
    }
}
