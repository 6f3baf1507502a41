//! Starts, restarts and stops account tasks; the one handle through which everything above talks
//! to accounts. Owns the set of running accounts and the connect attempts; holds no mail.

pub use crate::account::connect::{ConnectRequest, ConnectStep};
pub use crate::account::report::{Condition, Progress, Report};
pub use crate::account::submit::{SubmitError, Wish};
use crate::account::sync::WholeRequest;
use crate::account::{Command, Handle, connect, password_key, store_failure, submit};
use crate::config::Config;
use crate::limits;
use crate::oauth::tokens::Tokens;
use crate::store::{Store, StoreError};
use crate::world::World;
use chapar_engine::account::{Account, State};
use chapar_engine::compose::Draft;
use chapar_engine::credential::Credential;
use chapar_engine::event::EventKind;
use chapar_engine::id::{AccountId, BlobId, MessageId, SubmissionId};
use chapar_engine::secret::Secret;
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::{Failure, Verdict};
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

struct Inner {
    world: World,
    store: Store,
    tokens: Tokens,
    config: watch::Receiver<Config>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// A lock, not a task: every use is a look-up of nanoseconds in a small map, never held over
    /// an await, and a message would make reading a report a round trip.
    running: Mutex<BTreeMap<AccountId, Arc<Handle>>>,
    attempts: Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    last: u64,
    open: BTreeMap<ConnectId, Attempt>,
}

struct Attempt {
    report: watch::Receiver<ConnectReport>,
    stop: CancellationToken,
    begun: Boot,
}

/// A connect attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectId(pub u64);

/// How far a connect attempt is.
#[derive(Clone, Debug, Default)]
pub struct ConnectReport {
    /// Steps proved so far, in order.
    pub steps: Vec<ConnectStep>,
    /// The end, once reached.
    pub end: Option<Result<AccountId, Failure>>,
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
        let inner = Inner {
            tokens: Tokens::new(world.clone(), store.clone(), config.clone()),
            world,
            store,
            config,
            stop,
            tasks: TaskTracker::new(),
            running: Mutex::default(),
            attempts: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The configuration as it is now.
    #[must_use]
    pub fn config(&self) -> Config {
        self.inner.config.borrow().clone()
    }

    /// Starts every stored account.
    pub fn start_all(&self) -> Result<(), StoreError> {
        for account in self.inner.store.read()?.accounts()? {
            self.start(&account);
        }
        Ok(())
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
        self.inner.tokens.close().await;
        self.inner.tasks.close();
    }

    fn start(&self, account: &Account) {
        let mut running = lock(&self.inner.running);
        if running.contains_key(&account.id) || self.inner.stop.is_cancelled() {
            return;
        }
        let stop = self.inner.stop.child_token();
        let (world, store) = (self.inner.world.clone(), self.inner.store.clone());
        let tokens = self.inner.tokens.clone();
        let handle = Arc::new(Handle::start(world, store, tokens, account, stop));
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
        let again = self.inner.world.clock.boot().after(limits::PANIC_PAUSE);
        tokio::select! {
            biased;
            () = self.inner.stop.cancelled() => return,
            () = self.inner.world.clock.sleep_until(again) => {}
        }
        lock(&self.inner.running).remove(&id);
        if let Ok(Some(account)) = self.inner.store.read().and_then(|view| view.account(id)) {
            self.start(&account);
        }
    }

    fn handle(&self, id: AccountId) -> Option<Arc<Handle>> {
        lock(&self.inner.running).get(&id).cloned()
    }

    fn running(&self, id: AccountId) -> Result<Arc<Handle>, Failure> {
        self.handle(id).ok_or_else(|| failure("account.missing", "There is no such account."))
    }

    /// Where it stands.
    #[must_use]
    pub fn report(&self, id: AccountId) -> Option<Report> {
        self.handle(id).map(|handle| handle.report.borrow().clone())
    }

    /// What an account signs in with, at hand.
    pub async fn credential(&self, account: &Account) -> Result<Credential, Failure> {
        let Inner { world, store, tokens, .. } = self.inner.as_ref();
        crate::account::credential(world, store, tokens, account).await
    }

    /// All accounts in one line, for the service manager: how many, and how many are live.
    #[must_use]
    pub fn summary(&self) -> String {
        let running = lock(&self.inner.running);
        let live = running.values().filter(|handle| handle.report.borrow().state == State::Live);
        format!("{} accounts, {} live", running.len(), live.count())
    }

    /// Syncs now; returns when that pass ended.
    pub async fn sync_now(&self, id: AccountId) -> Result<(), Failure> {
        let (reply, answer) = oneshot::channel();
        self.ask(id, Command::SyncNow(reply))?;
        answer.await.unwrap_or_else(|_| Err(busy()))
    }

    /// Something may be due in the outbox.
    pub fn nudge_outbox(&self, id: AccountId) {
        if let Some(handle) = self.handle(id) {
            handle.nudge_outbox();
        }
    }

    /// All bytes of a message, fetched now when they are not mirrored.
    pub async fn whole(&self, id: MessageId) -> Result<BlobId, Failure> {
        let view = self.inner.store.read().map_err(store_failure)?;
        let message = view.message(id).map_err(store_failure)?;
        let message = message.ok_or_else(|| failure("imap.gone", "There is no such message."))?;
        if let Some(blob) = message.blob {
            return Ok(blob);
        }
        let (reply, answer) = oneshot::channel();
        self.ask(message.account, Command::Whole(WholeRequest { message: id, reply }))?;
        answer.await.unwrap_or_else(|_| Err(busy()))
    }

    fn ask(&self, id: AccountId, command: Command) -> Result<(), Failure> {
        if self.running(id)?.command(command) { Ok(()) } else { Err(busy()) }
    }

    /// Begins to prove a mailbox; nothing is saved before both protocols are proved.
    pub fn connect(&self, request: ConnectRequest) -> Result<ConnectId, Failure> {
        let now = self.inner.world.clock.boot();
        let mut attempts = lock(&self.inner.attempts);
        attempts.open.retain(|_, attempt| {
            attempt.report.borrow().end.is_none() || now < attempt.begun.after(limits::CONNECT_KEPT)
        });
        if attempts.open.len() >= limits::CONNECT_ATTEMPTS {
            return Err(busy());
        }
        attempts.last += 1;
        let id = ConnectId(attempts.last);
        let stop = self.inner.stop.child_token();
        let (tell, report) = watch::channel(ConnectReport::default());
        attempts.open.insert(id, Attempt { report, stop: stop.clone(), begun: now });
        self.inner.tasks.spawn(self.clone().prove(request, tell, stop));
        Ok(id)
    }

    async fn prove(
        self,
        mut request: ConnectRequest,
        tell: watch::Sender<ConnectReport>,
        stop: CancellationToken,
    ) {
        request.window.get_or_insert(self.inner.config.borrow().window);
        let proved = |step| tell.send_modify(|report| report.steps.push(step));
        let (world, store) = (&self.inner.world, &self.inner.store);
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => Err(failure("account.canceled", "Connecting was canceled.")),
            end = connect::connect(world, store, &request, proved) => end,
        };
        let end = end.map(|account| {
            self.start(&account);
            account.id
        });
        tell.send_modify(|report| report.end = Some(end));
    }

    /// Where an attempt stands; waits up to `wait` for news beyond `seen` steps. `None`: there is
    /// no such attempt.
    pub async fn connect_status(
        &self,
        id: ConnectId,
        seen: usize,
        wait: Duration,
    ) -> Option<ConnectReport> {
        let mut report = lock(&self.inner.attempts).open.get(&id)?.report.clone();
        let news = report.wait_for(|report| report.end.is_some() || report.steps.len() > seen);
        // Both a timeout and a closed channel leave the last report, which is the answer.
        let _: Result<_, _> = tokio::time::timeout(wait, news).await.map(drop);
        let now = report.borrow().clone();
        Some(now)
    }

    /// Gives an attempt up; false when it is unknown or over.
    #[must_use]
    pub fn connect_cancel(&self, id: ConnectId) -> bool {
        let attempts = lock(&self.inner.attempts);
        let open = attempts.open.get(&id).filter(|attempt| attempt.report.borrow().end.is_none());
        open.inspect(|attempt| attempt.stop.cancel()).is_some()
    }

    /// Settings of the account changed in the store (pause, endpoints, name): act on them.
    pub fn refresh(&self, id: AccountId) {
        if let Some(handle) = self.handle(id) {
            handle.refresh();
        }
    }

    /// Proves the settings in `wanted` with `password`, or with the stored one, on both servers;
    /// then keeps a new password. The settings themselves are for the caller to store.
    pub async fn prove_change(
        &self,
        wanted: &Account,
        password: Option<Secret>,
    ) -> Result<(), Failure> {
        let (world, store) = (&self.inner.world, &self.inner.store);
        connect::prove_change(world, store, wanted, password).await
    }

    /// Stops it, deletes its secrets and everything of it in the store.
    pub async fn remove(&self, id: AccountId) -> Result<(), Failure> {
        let handle = self.running(id)?;
        if tokio::time::timeout(limits::ACCOUNT_STOP, handle.stop()).await.is_err() {
            tracing::warn!(account = id.0, "removed while a delivery was under way");
        }
        lock(&self.inner.running).remove(&id);
        let key = password_key(&self.inner.store, id);
        self.inner.world.secrets.forget(&key).await.map_err(|error| Failure {
            detail: Some(error.to_string()),
            ..failure("secrets.unavailable", "The password could not be deleted from the vault.")
        })?;
        let now = self.inner.world.clock.wall();
        let removed = self.inner.store.write(now, move |tx| {
            let Some(account) = tx.account(id)? else {
                return Ok(());
            };
            tx.delete_account(id)?;
            let Account { name, email, .. } = account;
            tx.append(Some(id), EventKind::AccountRemoved { name, email }).map(drop)
        });
        removed.await.map_err(store_failure)?;
        // The bodies of a removed account are not kept in half-dead packs.
        self.inner.store.collect().await.map(drop).map_err(store_failure)
    }

    /// Accepts a message for sending: composes, freezes, makes durable. The same `key` with the
    /// same draft returns the first submission with `true`.
    pub async fn submit(
        &self,
        draft: Draft,
        send_at: Option<Wall>,
        key: Option<String>,
    ) -> Result<(SubmissionId, bool), SubmitError> {
        let account = draft.account;
        let (world, store) = (&self.inner.world, &self.inner.store);
        let accepted = submit::accept(world, store, draft, send_at, key).await?;
        self.nudge_outbox(account);
        Ok(accepted)
    }

    /// Does what the person wishes with a submission, if its state allows it.
    pub async fn wish(&self, id: SubmissionId, wish: Wish) -> Result<(), SubmitError> {
        let account = submit::wish(&self.inner.world, &self.inner.store, id, wish).await?;
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
