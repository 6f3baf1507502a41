//! Connecting a mailbox, and moving one to another login in place: sign in, prove both protocols,
//! then save, or save nothing. A person's answer to "does this work?" comes from the servers.
//!
//! Owns the order of the steps of one attempt. Must never save what was not proved, and never touch
//! an account's old login before the new one is durable: until the one commit of [`save()`] the old
//! one is the account's, after it the new one is.

mod plan;
mod prove;
mod same;
mod save;
mod sign_in;

pub use plan::Plan;
pub use save::{Saved, forget_old, is_stray, save, sweep};

use super::store_failure;
use crate::config::Config;
use crate::oauth::Granted;
use crate::oauth::signin::{Pasted, Prompt, SignInRequest};
use crate::oauth::tokens::{Tokens, Unkept};
use crate::store::Store;
use crate::world::{BoxFuture, World};
use chapar_engine::account::{Account, Endpoint, NotifyBy};
use chapar_engine::credential::Credential;
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

/// What an attempt works with.
#[derive(Clone)]
pub struct Parts {
    /// The doors.
    pub world: World,
    /// The truth.
    pub store: Store,
    /// Access tokens.
    pub tokens: Tokens,
    /// Providers the person added.
    pub config: watch::Receiver<Config>,
    /// One at a time puts secrets into the vault and takes strays out: whoever sweeps must not meet
    /// a secret whose account is about to be stored. A lock because what it guards is outside.
    pub turn: Arc<tokio::sync::Mutex<()>>,
}

/// How to sign in by OAuth; absent = by the provider's facts.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "see oauth::signin::SignInRequest")]
pub struct OauthWish {
    pub provider: Option<String>,
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    pub scopes: Vec<String>,
    pub device: bool,
}

/// By what the mailbox is opened.
#[derive(Clone, Debug)]
pub enum By {
    /// This password.
    Password(Secret),
    /// A sign-in at the issuer.
    Oauth(OauthWish),
    /// The secret the account has: only its servers or its login name change.
    Kept,
}

/// What a person gives to connect a mailbox; what is absent is found, or stays with the account
/// that is moved.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see chapar_engine::account::Account")]
pub struct ConnectRequest {
    pub email: Option<String>,
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub imap: Option<Endpoint>,
    pub smtp: Option<Endpoint>,
    pub user: Option<String>,
    pub by: By,
    pub ca_pem: Option<String>,
    pub window: Option<u32>,
    pub notify: Option<NotifyBy>,
    pub found_by: Option<String>,
    /// Move this account instead of adding one.
    pub replace: Option<AccountId>,
    /// The person confirmed that they sign in under another address than the mailbox's.
    pub alias_confirmed: bool,
}

/// One proved step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "`what` is signedIn, imap, smtp, sameMailbox, saved, switched or forgotten; `detail` a phrase such as the server's name or the vault; of signedIn the address, empty when the issuer named nobody"
)]
pub struct ConnectStep {
    pub what: &'static str,
    pub detail: String,
    pub took: Duration,
}

/// How far a connect attempt is.
#[derive(Clone, Debug, Default)]
pub struct ConnectReport {
    /// Steps proved so far, in order.
    pub steps: Vec<ConnectStep>,
    /// What the person has to do, while they have to.
    pub prompt: Option<Prompt>,
    /// Why they have to do it again.
    pub notice: Option<Failure>,
    /// The end, once reached.
    pub end: Option<Result<AccountId, Failure>>,
}

/// Where pasted addresses go while a sign-in waits for one.
pub type Inbox = Arc<Mutex<Option<mpsc::Sender<Pasted>>>>;

/// How an attempt tells what it does; the other end is the supervisor's.
pub struct Teller {
    world: World,
    report: watch::Sender<ConnectReport>,
    inbox: Inbox,
    since: Boot,
}

impl Teller {
    /// Begins to measure the first step.
    #[must_use]
    pub fn new(world: World, report: watch::Sender<ConnectReport>, inbox: Inbox) -> Self {
        let since = world.clock.boot();
        Self { world, report, inbox, since }
    }

    /// A step holds; it took since the one before, or since [`Teller::mark`].
    pub fn step(&mut self, what: &'static str, detail: String) {
        let took = self.world.clock.boot().until_from(self.since);
        self.mark();
        let step = ConnectStep { what, detail, took };
        self.report.send_modify(|report| report.steps.push(step));
    }

    /// The next step begins now.
    pub fn mark(&mut self) {
        self.since = self.world.clock.boot();
    }

    /// The person has to sign in, again when `notice` says why.
    fn ask(&self, prompt: Prompt, notice: Option<Failure>, inbox: mpsc::Sender<Pasted>) {
        *locked(&self.inbox) = Some(inbox);
        self.report.send_modify(|report| {
            report.prompt = Some(prompt);
            report.notice = notice;
        });
    }

    /// Nobody has to do anything now.
    fn asked(&self) {
        locked(&self.inbox).take();
        self.report.send_modify(|report| {
            report.prompt = None;
            report.notice = None;
        });
    }

    /// It is over.
    pub fn end(self, end: Result<AccountId, Failure>) {
        locked(&self.inbox).take();
        self.report.send_modify(|report| {
            report.prompt = None;
            report.notice = None;
            report.end = Some(end);
        });
    }
}

/// The inbox of an attempt. A poisoned lock only says that some task panicked.
pub fn locked(inbox: &Inbox) -> MutexGuard<'_, Option<mpsc::Sender<Pasted>>> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a proved login shows to servers, and what is kept of it.
#[derive(Clone, Debug)]
pub enum Key {
    /// A password.
    Password(Secret),
    /// A grant.
    Granted(Box<Granted>),
    /// The account's own, read for the proof.
    Kept(Credential),
}

impl Key {
    /// What a server gets to see.
    fn credential(&self) -> Credential {
        match self {
            Self::Password(password) => Credential::Password(password.clone()),
            Self::Granted(granted) => Credential::Token(granted.access.token.clone()),
            Self::Kept(credential) => credential.clone(),
        }
    }
}

/// A login that holds on both servers, and on the same mailbox where one is moved.
pub struct Proved {
    plan: Plan,
    key: Key,
    /// Given back unless it is saved.
    unkept: Unkept,
    /// Mirrored messages that the new login makes it necessary to fetch again.
    pub again: u64,
}

/// Where a proof's IMAP session sits: an account that is moved holds sessions of its own, and a
/// provider allows so many.
pub type Seating<'s> = &'s (dyn Fn(AccountId) -> BoxFuture<'static, Seat> + Send + Sync);

/// A seat, if there was one to be had.
pub type Seat = Option<OwnedSemaphorePermit>;

/// Everything up to saving: may be dropped at any point, and nothing has changed then.
pub async fn prove(
    parts: &Parts,
    request: ConnectRequest,
    seating: Seating<'_>,
    teller: &mut Teller,
) -> Result<Proved, Failure> {
    let (mut plan, wish) = plan::plan(parts, request).await?;
    teller.mark();
    let mut unkept = parts.tokens.unkept();
    let key = match wish {
        plan::Wish::Password(password) => Key::Password(password),
        plan::Wish::Kept => Key::Kept(kept(parts, &plan.account).await?),
        plan::Wish::SignIn(mut request) => {
            if let Some(old) =
                plan.old.as_ref().filter(|old| goes_on_with_its_client(old, &request))
            {
                request.client_secret = parts.tokens.client_secret(old).await;
            }
            let granted = sign_in::sign_in(parts, &plan, *request, &mut unkept, teller).await?;
            plan.granted(&granted.grant);
            Key::Granted(Box::new(granted))
        }
    };
    prove_key(parts, plan, (key, unkept), seating, teller).await
}

/// Whether the account signs in anew with the very client it has, whose secret nobody named again.
fn goes_on_with_its_client(old: &Account, request: &SignInRequest) -> bool {
    old.auth.grant().is_some_and(|grant| {
        request.client_secret.is_none()
            && request.client_id.as_ref() == Some(&grant.client_id)
            && request.issuer.as_ref() == Some(&grant.issuer.id)
    })
}

/// Proves other servers or another login name with the account's own secret, or with a new password.
pub async fn prove_change(
    parts: &Parts,
    old: Account,
    wanted: Account,
    password: Option<Secret>,
    seating: Seating<'_>,
    teller: &mut Teller,
) -> Result<Proved, Failure> {
    let key = match password {
        Some(password) => Key::Password(password),
        None => Key::Kept(kept(parts, &old).await?),
    };
    let plan = Plan::change(old, wanted, matches!(key, Key::Password(_)));
    prove_key(parts, plan, (key, parts.tokens.unkept()), seating, teller).await
}

async fn prove_key(
    parts: &Parts,
    plan: Plan,
    (key, unkept): (Key, Unkept),
    seating: Seating<'_>,
    teller: &mut Teller,
) -> Result<Proved, Failure> {
    let account = &plan.account;
    let _seat = match &plan.old {
        Some(old) => seating(old.id).await,
        None => None,
    };
    teller.mark();
    let (mut session, detail) = prove::imap(&parts.world, account, key.credential()).await?;
    teller.step("imap", detail);
    // the IMAP session waits meanwhile: what it has to compare is asked once both hold
    let smtp = prove::smtp(&parts.world, account, key.credential()).await;
    let detail = match smtp {
        Ok(detail) => detail,
        Err(failure) => {
            session.logout().await;
            return Err(failure);
        }
    };
    teller.step("smtp", detail);
    let mut again = 0;
    if let Some(old) = &plan.old {
        let same = same::compare(&parts.store, old, &mut session).await;
        let same = match same {
            Ok(same) => same,
            Err(failure) => {
                session.logout().await;
                return Err(failure);
            }
        };
        again = same.again;
        teller.step("sameMailbox", same.detail);
    }
    session.logout().await;
    Ok(Proved { plan, key, unkept, again })
}

/// The account's own credential.
async fn kept(parts: &Parts, account: &Account) -> Result<Credential, Failure> {
    if account.auth.grant().is_some() {
        let access = parts.tokens.access(account, PROOF).await?;
        return Ok(Credential::Token(access.token));
    }
    super::password(&parts.world, &parts.store, account).await.map(Credential::Password)
}

/// A proof takes two logins and a few commands; servers that need longer than this fail it.
const PROOF: Duration = Duration::from_mins(2);

/// The accounts there are.
fn accounts(store: &Store) -> Result<Vec<Account>, Failure> {
    store.read().and_then(|view| view.accounts()).map_err(store_failure)
}

/// A refusal that no retry changes.
fn refused(code: &'static str, message: String) -> Failure {
    Failure::of(code, message, None)
}
