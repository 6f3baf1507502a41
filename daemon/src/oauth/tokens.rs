//! The token broker: one owner per account, one refresh at a time.
//!
//! Each account's secrets and its machine (`engine::grant`) belong to one task. Whoever wants a
//! token asks it and waits in its queue; so a hundred who ask at once wait for one refresh and get
//! its token. A refresh goes on when those who wanted it are gone: its answer may hold the only
//! refresh token that is still worth anything.
//!
//! What is durable when: the answer's refresh token lies in the vault before its access token is
//! used. Killed before that, the same refresh token is sent again: providers that do not rotate
//! (Google) and those that leave the old one valid (Microsoft) take it; a server that detects
//! reuse without grace ends the grant, and no client can help that. So nothing but the write itself
//! comes between answer and vault: the vault is made ready before the request, the connection is
//! closed after the write. Access tokens are in memory only.

mod endpoint;
mod owner;
mod unkept;
mod vault;

pub use unkept::{Issued, Unkept};

use super::{Access, Granted};
use crate::config::Config;
use crate::store::Store;
use crate::world::World;
use crate::world::clock::within;
use chapar_engine::account::Account;
use chapar_engine::credential::Grant;
use chapar_engine::grant::Token;
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use owner::{Ask, Owner};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::task::TaskTracker;

/// Questions that wait for one account's owner; who comes later waits in front of the queue.
const QUEUE: usize = 256;
/// How long the refreshes under way may take when the daemon stops: an answer that is lost then
/// costs the grant on a server that rotates strictly.
const CLOSE: Duration = Duration::from_secs(8);

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    store: Store,
    config: watch::Receiver<Config>,
    tasks: TaskTracker,
    /// Grants that are being given back at this moment.
    returning: watch::Sender<usize>,
    /// The way to each owner. A lock, not a task: every use is a look-up, never held over an await.
    owners: Mutex<BTreeMap<AccountId, mpsc::Sender<Ask>>>,
    /// Where each account hears of its grant, whoever owns that. A lock as above.
    words: Mutex<BTreeMap<AccountId, watch::Sender<Word>>>,
    /// As often held as there are open attempts, and once here.
    attempts: Arc<()>,
}

/// What the issuer said last of an account's grant: `Some` once it is over. The owner says it, the
/// account's conductor hears it; whoever asks for a token is told the same.
pub type Word = Option<Failure>;

/// An access token for a session, and when that session is to be replaced by one with the next.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The token.
    pub access: Access,
    /// When; `None` while the issuer does not say how long its tokens hold.
    pub swap_at: Option<Boot>,
}

impl Lease {
    fn of(token: Token) -> Self {
        let swap_at = token.swap_at();
        Self { access: Access { token: token.value, expires_at: token.expires_at }, swap_at }
    }
}

/// Whose token is asked for.
#[derive(Clone, Debug)]
struct Holder {
    grant: Grant,
    provider: String,
    ca_pem: Option<String>,
}

impl Tokens {
    /// A broker that has asked nobody yet.
    #[must_use]
    pub fn new(world: World, store: Store, config: watch::Receiver<Config>) -> Self {
        let inner = Inner {
            world,
            store,
            config,
            tasks: TaskTracker::new(),
            returning: watch::Sender::new(0),
            owners: Mutex::default(),
            words: Mutex::default(),
            attempts: Arc::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// An access token of the account that holds for at least `at_least` more (or as long as the
    /// issuer gives them); refreshes when it has to, once for all who ask.
    pub async fn access(&self, account: &Account, at_least: Duration) -> Result<Access, Failure> {
        Ok(self.lease(account, at_least).await?.access)
    }

    /// [`Self::access`] for a session that is to outlive its token.
    pub async fn lease(&self, account: &Account, at_least: Duration) -> Result<Lease, Failure> {
        let holder = holder(account)?;
        self.ask(account.id, |reply| Ask::Access { holder, at_least, reply }).await
    }

    /// A mail server refused this token although it should hold: the next one is a new one, unless
    /// somebody got a new one meanwhile.
    pub fn distrust(&self, account: AccountId, refused: &Access) {
        // with the queue full the refusal is lost: the token is refused and told once more
        if self.owner(account).try_send(Ask::Distrust(refused.token.clone())).is_err() {
            tracing::debug!(account = account.0, "a refused token was not noted");
        }
    }

    /// What the issuer says of the account's grant from now on.
    #[must_use]
    pub fn word(&self, account: AccountId) -> watch::Receiver<Word> {
        self.say_of(account).subscribe()
    }

    /// The secret of the client that the account's grant was given to, where that client has one.
    /// `None` too while the vault cannot be read: a sign-in needs no vault to begin.
    pub async fn client_secret(&self, account: &Account) -> Option<Secret> {
        let holder = holder(account).ok()?;
        let key = key(&self.inner.store, account.id);
        let mut record = vault::read(&self.inner.world, &key).await.ok()??;
        record.entry_of(&holder)?.client_secret.clone()
    }

    /// Makes a grant's secrets durable for the account, in place of any it had. To be called before
    /// the account that refers to them is stored.
    pub async fn adopt(&self, account: AccountId, granted: &Granted) -> Result<(), Failure> {
        let granted = Box::new(granted.clone());
        let first = self.has_no_grant(account);
        self.ask(account, |reply| Ask::Adopt { granted, first, reply }).await
    }

    /// Puts back what `adopt` replaced: the switch did not happen. Without an `adopt` before it in
    /// this run it does nothing; after a crash in between the account itself says which grant it
    /// is on.
    pub async fn restore(&self, account: AccountId) -> Result<(), Failure> {
        self.ask(account, |reply| Ask::Restore { reply }).await
    }

    /// The switch did happen: what `adopt` replaced is forgotten. Not to call it costs nothing but
    /// that the old secrets lie in the vault until the next start.
    pub async fn settle(&self, account: AccountId) -> Result<(), Failure> {
        self.ask(account, |reply| Ask::Settle { reply }).await
    }

    /// Forgets the grant's secrets here, and gives them back at the issuer where it can (RFC 7009);
    /// true when the issuer took them.
    pub async fn revoke(&self, account: &Account) -> Result<bool, Failure> {
        let holder = account.auth.grant().is_some().then(|| holder(account)).transpose()?;
        let revoked = self.ask(account.id, |reply| Ask::Revoke { holder, reply }).await?;
        self.owners().remove(&account.id);
        // an account that only left the grant goes on listening
        self.words().retain(|id, word| *id != account.id || word.receiver_count() > 0);
        Ok(revoked)
    }

    /// Waits for what is under way with the issuers; nobody may ask any more.
    pub async fn close(&self) {
        self.owners().clear();
        self.inner.tasks.close();
        let clock = Arc::clone(&self.inner.world.clock);
        if within(clock.as_ref(), CLOSE, self.inner.tasks.wait()).await.is_none() {
            tracing::warn!("a refresh did not end in time; it is made good at the next start");
        }
    }

    /// Whether the store knows for certain that the account is on no grant.
    fn has_no_grant(&self, account: AccountId) -> bool {
        let stored = self.inner.store.read().and_then(|view| view.account(account));
        stored.is_ok_and(|stored| stored.is_none_or(|stored| stored.auth.grant().is_none()))
    }

    async fn ask<T>(
        &self,
        account: AccountId,
        ask: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Ask,
    ) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        if self.owner(account).send(ask(reply)).await.is_err() {
            return Err(gone());
        }
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// The way to the account's owner, who is started by the first question.
    fn owner(&self, account: AccountId) -> mpsc::Sender<Ask> {
        let mut owners = self.owners();
        if let Some(owner) = owners.get(&account).filter(|owner| !owner.is_closed()) {
            return owner.clone();
        }
        let (asks, queue) = mpsc::channel(QUEUE);
        let Inner { world, store, config, tasks, .. } = &*self.inner;
        if !tasks.is_closed() {
            let word = self.say_of(account);
            let key = key(store, account);
            let owner = Owner::new(world.clone(), config.clone(), key, account, word);
            tasks.spawn(owner.run(queue));
            owners.insert(account, asks.clone());
        }
        asks
    }

    fn say_of(&self, account: AccountId) -> watch::Sender<Word> {
        self.words().entry(account).or_default().clone()
    }

    fn words(&self) -> std::sync::MutexGuard<'_, BTreeMap<AccountId, watch::Sender<Word>>> {
        // the map is whole after every statement
        self.inner.words.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owners(&self) -> std::sync::MutexGuard<'_, BTreeMap<AccountId, mpsc::Sender<Ask>>> {
        // the map is whole after every statement
        self.inner.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under which key an account's grant lies in the vault.
#[must_use]
pub fn key(store: &Store, id: AccountId) -> String {
    format!("account/{}/{}/grant", store.instance(), id.0)
}

fn holder(account: &Account) -> Result<Holder, Failure> {
    let Some(grant) = account.auth.grant() else {
        let message = format!("{} signs in by password: it has no tokens.", account.name);
        return Err(Failure::of("account.no_grant", message, None));
    };
    Ok(Holder {
        grant: grant.clone(),
        provider: account.provider.clone(),
        ca_pem: account.ca_pem.clone(),
    })
}

/// The owner is gone: the daemon stops, or the account was removed this moment.
fn gone() -> Failure {
    let message = "No token can be had: the account is being stopped.";
    Failure::of("oauth.unavailable", message, None)
}
