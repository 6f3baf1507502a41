//! Starts, restarts and stops account tasks; the one handle through which everything above talks
//! to accounts. Owns the set of running accounts and the connect attempts; holds no mail.

mod attempts;
mod forget;
mod removal;

use crate::account::connect::{self, Parts};
pub use crate::account::connect::{By, ConnectReport, ConnectRequest, ConnectStep, OauthWish};
use crate::account::dials::Dials;
pub use crate::account::report::{Condition, Progress, Report};
pub use crate::account::submit::{Content, Lying, SubmitError, Wish};
use crate::account::sync::WholeRequest;
use crate::account::{Command, Handle, ingest, store_failure, submit};
use crate::config::Config;
use crate::limits;
use crate::oauth::Access;
use crate::oauth::tokens::Tokens;
use crate::store::{Store, StoreError};
use crate::world::World;
use attempts::Attempts;
pub use attempts::ConnectId;
use chapar_engine::account::{Account, State};
use chapar_engine::compose::Draft;
use chapar_engine::credential::Credential;
use chapar_engine::id::{AccountId, BlobId, MessageId, SubmissionId};
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, Verdict};
pub use removal::{Unsent, still_waiting};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

/// What [`Accounts::prove`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Mailboxes that are mirrored.
    pub mailboxes: usize,
    /// Those of them that were compared.
    pub compared: usize,
    /// Messages that differed and were mended.
    pub mended: u64,
}

struct Inner {
    /// Doors, store, tokens: what accounts and attempts work with.
    parts: Parts,
    dials: Dials,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// A lock, not a task: every use is a look-up of nanoseconds in a small map, never held over
    /// an await, and a message would make reading a report a round trip.
    running: Mutex<BTreeMap<AccountId, Arc<Handle>>>,
    attempts: Mutex<Attempts>,
    /// Held from stopping an account to starting its successor or deleting it, so that no account
    /// is ever at work twice, or at work while it is forgotten.
    leaving: tokio::sync::Mutex<()>,
}

impl Accounts {
    /// A handle without running accounts.
    #[must_use]
    pub fn new(
        world: World,
        store: Store,
        config: watch::Receiver<Config>,
        stop: CancellationToken,
    ) -> Self {
        let tokens = Tokens::new(world.clone(), store.clone(), config.clone());
        let parts = Parts { world, store, tokens, config, turn: Arc::default() };
        let inner = Inner {
            parts,
            dials: Dials::default(),
            stop,
            tasks: TaskTracker::new(),
            running: Mutex::default(),
            attempts: Mutex::default(),
            leaving: tokio::sync::Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The configuration as it is now.
    #[must_use]
    pub fn config(&self) -> Config {
        self.inner.parts.config.borrow().clone()
    }

    /// Starts every stored account, and deletes secrets that a kill left without one.
    pub fn start_all(&self) -> Result<(), StoreError> {
        for account in self.inner.parts.store.read()?.accounts()? {
            self.start(&account);
        }
        let accounts = self.clone();
        self.inner.tasks.spawn(async move { accounts.tidy_up().await });
        Ok(())
    }

    /// Deletes what is left of removed accounts and of logins that were replaced.
    pub async fn tidy_up(&self) {
        connect::sweep(&self.inner.parts).await;
        if let Err(error) = self.inner.parts.store.scrub().await {
            tracing::warn!(%error, "what was deleted still lies in free pages");
        }
    }

    /// Stops every account and waits for them, each within its limit.
    pub async fn stop_all(&self) {
        self.inner.stop.cancel();
        let handles: Vec<_> = lock(&self.inner.running).values().cloned().collect();
        let all = futures_util::future::join_all(handles.iter().map(|handle| handle.stop()));
        if tokio::time::timeout(limits::ACCOUNT_STOP, all).await.is_err() {
            tracing::warn!(
                "an account did not stop in time; what it was doing is recovered at start"
            );
        }
        self.inner.parts.tokens.close().await;
        self.inner.tasks.close();
    }

    fn start(&self, account: &Account) {
        let mut running = lock(&self.inner.running);
        if running.contains_key(&account.id) || self.inner.stop.is_cancelled() {
            return;
        }
        let stop = self.inner.stop.child_token();
        let (world, store) = (self.inner.parts.world.clone(), self.inner.parts.store.clone());
        let (tokens, config) = (self.inner.parts.tokens.clone(), self.inner.parts.config.clone());
        let dials = self.inner.dials.clone();
        let handle = Handle::start(world, store, tokens, config, dials, account, stop);
        let handle = Arc::new(handle);
        self.inner.tasks.spawn(self.clone().revive(account.id, Arc::clone(&handle)));
        running.insert(account.id, handle);
    }

    /// Waits for the end of an account's task; when it was a panic, starts it again.
    async fn revive(self, id: AccountId, handle: Arc<Handle>) {
        handle.ended().await;
        if !handle.is_dead() {
            return;
        }
        tracing::error!(account = id.0, "the account's task broke off; starting it again");
        let again = self.inner.parts.world.clock.boot().after(limits::PANIC_PAUSE);
        tokio::select! {
            biased;
            () = self.inner.stop.cancelled() => return,
            () = self.inner.parts.world.clock.sleep_until(again) => {}
        }
        let _turn = self.inner.leaving.lock().await;
        self.succeed(id, &handle);
    }

    /// Puts another in the place of a handle that has ended, as the store has the account now.
    /// Whoever calls this holds `leaving`.
    fn succeed(&self, id: AccountId, ended: &Arc<Handle>) {
        if !self.drop_handle(id, ended) {
            return;
        }
        match self.inner.parts.store.read().and_then(|view| view.account(id)) {
            Ok(Some(account)) => self.start(&account),
            Ok(None) => {}
            Err(error) => tracing::error!(account = id.0, %error, "the account rests: unreadable"),
        }
    }

    /// Takes this very handle out, never the one that has followed it.
    fn drop_handle(&self, id: AccountId, ended: &Arc<Handle>) -> bool {
        let mut running = lock(&self.inner.running);
        let is_same = running.get(&id).is_some_and(|handle| Arc::ptr_eq(handle, ended));
        is_same && running.remove(&id).is_some()
    }

    fn handle(&self, id: AccountId) -> Option<Arc<Handle>> {
        lock(&self.inner.running).get(&id).cloned()
    }

    fn running(&self, id: AccountId) -> Result<Arc<Handle>, Failure> {
        self.handle(id).ok_or_else(missing)
    }

    /// Where it stands.
    #[must_use]
    pub fn report(&self, id: AccountId) -> Option<Report> {
        self.handle(id).map(|handle| handle.report.borrow().clone())
    }

    /// What an account signs in with, at hand.
    pub async fn credential(&self, account: &Account) -> Result<Credential, Failure> {
        let Parts { world, store, tokens, .. } = &self.inner.parts;
        crate::account::credential(world, store, tokens, account).await
    }

    /// All accounts in one line, for the service manager: how many, and how many are live.
    #[must_use]
    pub fn summary(&self) -> String {
        let running = lock(&self.inner.running);
        let live = running.values().filter(|handle| handle.report.borrow().state == State::Live);
        format!("{} accounts, {} live", running.len(), live.count())
    }

    /// Syncs now, and tries now what waits for a retry; returns when the pass of the sync ended.
    pub async fn sync_now(&self, id: AccountId) -> Result<(), Failure> {
        let answer = self.begin_pass(id)?;
        self.hurry_outbox(id).await;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Asks for a pass of the sync; the answer comes at its end.
    fn begin_pass(&self, id: AccountId) -> Result<oneshot::Receiver<Result<(), Failure>>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.ask(id, Command::SyncNow(reply))?;
        Ok(answer)
    }

    /// Compares the mailboxes of an account with its server's by all their UIDs and mends what
    /// differs; returns when the pass that does so ended. A pass compares at most
    /// [`limits::PROOFS_A_PASS`] mailboxes; the following passes compare the others.
    pub async fn prove(&self, id: AccountId) -> Result<Proved, Failure> {
        let store = &self.inner.parts.store;
        let before = self.mended(id);
        let now = self.inner.parts.world.clock.wall();
        let doubt = store.write(now, move |tx| ingest::doubt_all(tx, id)).await;
        doubt.map_err(store_failure)?;
        let answer = self.begin_pass(id)?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))?;
        let view = store.read().map_err(store_failure)?;
        let proofs = view.proofs(id).map_err(store_failure)?;
        let compared = proofs.iter().filter(|proof| !proof.doubted).count();
        let mended = self.mended(id).saturating_sub(before);
        Ok(Proved { mailboxes: proofs.len(), compared, mended })
    }

    fn mended(&self, id: AccountId) -> u64 {
        self.report(id).map_or(0, |report| report.aside.mended)
    }

    /// The store works again after a failure: every account goes on at once, without waiting for the
    /// retry that the failure made it plan.
    pub fn store_works(&self) {
        let ids: Vec<AccountId> = lock(&self.inner.running).keys().copied().collect();
        for id in ids {
            if let Some(handle) = self.handle(id) {
                // a full queue: the account is busy enough to notice by itself
                let _: bool = handle.command(Command::GoOn);
            }
            let accounts = self.clone();
            self.inner.tasks.spawn(async move { accounts.hurry_outbox(id).await });
        }
    }

    /// Something may be due in the outbox.
    pub fn nudge_outbox(&self, id: AccountId) {
        if let Some(handle) = self.handle(id) {
            handle.nudge_outbox();
        }
    }

    /// What waits for a retry in the outbox is tried now.
    async fn hurry_outbox(&self, id: AccountId) {
        let Parts { world, store, .. } = &self.inner.parts;
        match submit::hurry(world, store, id).await {
            Ok(()) => self.nudge_outbox(id),
            Err(error) => tracing::warn!(account = id.0, %error, "it goes when it is due"),
        }
    }

    /// All bytes of a message, fetched now when they are not mirrored.
    pub async fn whole(&self, id: MessageId) -> Result<BlobId, Failure> {
        let view = self.inner.parts.store.read().map_err(store_failure)?;
        let message = view.message(id).map_err(store_failure)?;
        let message = message.ok_or_else(|| failure("imap.gone", "There is no such message."))?;
        if let Some(blob) = message.blob {
            return Ok(blob);
        }
        let (reply, answer) = oneshot::channel();
        self.ask(message.account, Command::Whole(WholeRequest { message: id, reply }))?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Why an account that had taken a request did not answer it.
    fn gone(&self) -> Failure {
        if self.inner.stop.is_cancelled() { stopping() } else { busy() }
    }

    fn ask(&self, id: AccountId, command: Command) -> Result<(), Failure> {
        if self.inner.stop.is_cancelled() {
            return Err(stopping());
        }
        if self.running(id)?.command(command) { Ok(()) } else { Err(busy()) }
    }

    /// Ends when every account that runs has answered that it takes commands. One that has more
    /// commands waiting than it may is asked by them; one that ends meanwhile is none.
    pub async fn all_turn(&self) {
        let handles: Vec<_> = lock(&self.inner.running).values().cloned().collect();
        let asked = handles.iter().filter_map(|handle| {
            let (reply, answer) = oneshot::channel();
            handle.command(Command::Turn(reply)).then_some(answer)
        });
        drop(futures_util::future::join_all(asked).await);
    }

    /// Settings of the account changed in the store (pause, endpoints, name): act on them.
    pub fn refresh(&self, id: AccountId) {
        if let Some(handle) = self.handle(id) {
            handle.refresh();
        }
    }

    /// An access token of an account that signs in by OAuth, for at least `at_least`.
    pub async fn token(
        &self,
        id: AccountId,
        at_least: Duration,
    ) -> Result<(Account, Access), Failure> {
        let stored = self.inner.parts.store.read().and_then(|view| view.account(id));
        let account = stored.map_err(store_failure)?.ok_or_else(missing)?;
        if account.auth.grant().is_none() {
            let message = format!("{} signs in by password: it has no tokens.", account.name);
            return Err(Failure::of("account.no_grant", message, None));
        }
        let access = self.inner.parts.tokens.access(&account, at_least).await?;
        Ok((account, access))
    }

    /// Accepts a message for sending: composes, freezes, makes durable. The same `key` with the
    /// same draft returns the first submission with `true`.
    pub async fn submit(
        &self,
        draft: Draft<Content>,
        send_at: Option<Wall>,
        key: Option<String>,
    ) -> Result<(SubmissionId, bool), SubmitError> {
        let account = draft.account;
        let (world, store) = (&self.inner.parts.world, &self.inner.parts.store);
        let accepted = submit::accept(world, store, draft, send_at, key).await?;
        self.nudge_outbox(account);
        Ok(accepted)
    }

    /// Does what the person wishes with a submission, if its state allows it.
    pub async fn wish(&self, id: SubmissionId, wish: Wish) -> Result<(), SubmitError> {
        let account =
            submit::wish(&self.inner.parts.world, &self.inner.parts.store, id, wish).await?;
        self.nudge_outbox(account);
        if let Some(handle) = self.handle(account) {
            handle.nudge_sync();
        }
        Ok(())
    }

    /// Cancels a submission of which nothing can have been sent yet.
    pub async fn cancel_submission(&self, id: SubmissionId) -> Result<(), SubmitError> {
        self.wish(id, Wish::Cancel).await
    }

    /// Tries a waiting submission now.
    pub async fn retry_submission(&self, id: SubmissionId) -> Result<(), SubmitError> {
        self.wish(id, Wish::Retry).await
    }

    /// Settles an unknown submission by the person's word: `true` = it was sent, `false` = send
    /// again.
    pub async fn resolve_submission(
        &self,
        id: SubmissionId,
        sent: bool,
    ) -> Result<(), SubmitError> {
        self.wish(id, if sent { Wish::WasSent } else { Wish::Resend }).await
    }
}

fn failure(code: &'static str, message: &str) -> Failure {
    Failure { code, message: message.into(), detail: None, verdict: Verdict::Refused }
}

fn missing() -> Failure {
    failure("account.missing", "There is no such account.")
}

fn stopping() -> Failure {
    let message = "chapard is stopping; ask again once it runs.";
    Failure::of("daemon.stopping", message, None)
}

fn busy() -> Failure {
    Failure {
        code: "account.busy",
        message: "The account has too much to do right now.".into(),
        detail: None,
        verdict: Verdict::Retry,
    }
}

/// A poisoned lock only says that some task panicked; the maps are whole after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
