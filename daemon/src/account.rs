//! One account at work: what its tasks share, and the handle others reach it by. The `conductor`
//! decides through the engine's machine; the workers `sync`, `watch` and `outbox` do.
//!
//! Workers take what is due from the store, do it, store the result, and sleep. What travels on
//! channels are hints and results of passes; losing a hint costs latency, never mail.

pub mod announce;
mod conductor;
pub mod connect;
pub mod dials;
pub mod file;
pub mod ingest;
pub mod logins;
pub mod outbox;
pub mod pace;
pub mod report;
pub mod submit;
pub mod sync;
pub mod watch;

use crate::config::Config;
use crate::limits;
use crate::oauth::tokens::Tokens;
use crate::store::{Store, StoreError};
use crate::world::World;
use chapar_engine::account::{Account, State};
use chapar_engine::credential::{Auth, Credential};
use chapar_engine::id::AccountId;
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::{Failure, Verdict};
use conductor::Conductor;
use dials::Dials;
use logins::Logins;
use report::{Aside, Progress, Report};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch as channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What the conductor and the workers of one account share: doors and wake-ups, no state.
pub struct Context {
    /// Which account.
    pub id: AccountId,
    /// The doors.
    pub world: World,
    /// The truth.
    pub store: Store,
    /// Access tokens, for an account that signs in by a grant.
    pub tokens: Tokens,
    /// What the person chose.
    pub config: channel::Receiver<Config>,
    /// What its logins have in common.
    pub logins: Logins,
    /// Whose turn it is to log in at a host, among all accounts.
    pub dials: Dials,
    /// "Settings changed in the store."
    pub refresh: Notify,
    /// "Look at the outbox."
    pub outbox: Notify,
    /// Whose turn it is at the outbox: a worker that was stopped may still be finishing a delivery
    /// when its successor starts.
    pub outbox_turn: Semaphore,
    /// "Look at the mailboxes."
    pub sync: Notify,
    /// "And try what is set aside too": somebody asked for it.
    pub insist: Notify,
    /// Passes that the sync worker has begun: written by it alone, and read at the moment of a
    /// question, which a message could not tell.
    pub passes: AtomicU64,
    notes: mpsc::Sender<(Generation, Note)>,
}

/// Which start of a worker a note comes from, so that the last words of a stopped worker are not
/// taken for those of its successor.
pub type Generation = u64;

/// What a worker tells the conductor.
#[derive(Debug)]
pub enum Note {
    /// A sync pass began; `initial` while the first sync is not over.
    SyncStarted {
        /// Whether the first sync is not over yet.
        initial: bool,
    },
    /// Part of a pass is stored.
    Progress(Progress),
    /// The mailboxes were looked at.
    Checked(Wall),
    /// New mail was stored.
    New(Wall),
    /// What is set aside.
    Aside(Aside),
    /// The sync pass with this number ended.
    SyncEnded(u64, Result<(), Failure>),
    /// The push session stands; the text says on what.
    WatchUp(String),
    /// The push session is lost.
    WatchLost(Failure),
    /// The push session saw something happen.
    Hint,
    /// The submission server refuses or cannot be had.
    OutboxTrouble(Failure),
    /// The submission server is fine.
    OutboxFine,
}

/// What others ask of an account.
pub enum Command {
    /// Sync now, and say how it went.
    SyncNow(oneshot::Sender<Result<(), Failure>>),
    /// Fetch all bytes of a message now.
    Whole(sync::WholeRequest),
    /// Say that commands are taken.
    Turn(oneshot::Sender<()>),
    /// The store works again: what failed by it is tried again now.
    GoOn,
    /// How the account is reached changed in the store: move the sessions, the new one first. True
    /// once it receives, false when it does not for now.
    Switch(oneshot::Sender<bool>),
}

impl Context {
    /// Tells the conductor; gives up when it is gone.
    pub async fn note(&self, from: Generation, note: Note) {
        // The receiver only goes away with the whole account.
        let _: Result<(), _> = self.notes.send((from, note)).await;
    }

    /// Tells the conductor unless its queue is full: for progress, where the next one will do.
    pub fn note_lossy(&self, from: Generation, note: Note) {
        let _: Result<(), _> = self.notes.try_send((from, note));
    }

    /// Wall-clock time.
    #[must_use]
    pub fn now(&self) -> Wall {
        self.world.clock.wall()
    }

    /// The account's settings as they stand.
    pub fn account(&self) -> Result<Account, StoreError> {
        self.store.read()?.account(self.id)?.ok_or(StoreError::Missing("account"))
    }
}

/// The account's password, out of the vault.
async fn password(
    world: &World,
    store: &Store,
    account: &Account,
) -> Result<chapar_engine::secret::Secret, Failure> {
    match world.secrets.get(&account.secret_key(&store.instance())).await {
        Ok(Some(secret)) => Ok(secret),
        Ok(None) => {
            let message = "The vault has no password for this account.";
            Err(Failure::of("secrets.missing", message, None))
        }
        Err(error) => Err(error.failure("The password of this account could not be read.")),
    }
}

/// What the account signs in with: the stored password, or a token of the broker.
pub async fn credential(
    world: &World,
    store: &Store,
    tokens: &Tokens,
    account: &Account,
) -> Result<Credential, Failure> {
    match account.auth {
        Auth::Password => password(world, store, account).await.map(Credential::Password),
        Auth::Grant(_) => {
            let access = tokens.access(account, std::time::Duration::ZERO).await?;
            Ok(Credential::Token(access.token))
        }
    }
}

/// A store error in the words that cross parts.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "used as a map_err function")]
pub fn store_failure(error: StoreError) -> Failure {
    Failure {
        code: error.code(),
        message: "What was received could not be stored.".into(),
        detail: Some(error.to_string()),
        verdict: Verdict::Retry,
    }
}

/// The way to a running account.
pub struct Handle {
    /// Where it stands.
    pub report: channel::Receiver<Report>,
    context: Arc<Context>,
    commands: mpsc::Sender<Command>,
    stop: CancellationToken,
    done: TaskTracker,
}

impl Handle {
    /// Starts the account's tasks.
    #[must_use]
    pub fn start(
        world: World,
        store: Store,
        tokens: Tokens,
        config: channel::Receiver<Config>,
        dials: Dials,
        account: &Account,
        stop: CancellationToken,
    ) -> Self {
        let (notes_in, notes) = mpsc::channel(limits::ACCOUNT_NOTES);
        let (commands, commands_out) = mpsc::channel(limits::ACCOUNT_COMMANDS);
        let context = Arc::new(Context {
            id: account.id,
            world,
            store,
            tokens,
            config,
            logins: Logins::new(account),
            dials,
            refresh: Notify::new(),
            outbox: Notify::new(),
            outbox_turn: Semaphore::new(1),
            sync: Notify::new(),
            insist: Notify::new(),
            passes: AtomicU64::new(0),
            notes: notes_in,
        });
        let first = if account.paused { State::Paused } else { State::Connecting };
        let (report_in, report) = channel::channel(Report::new(first));
        let done = TaskTracker::new();
        let conductor = Conductor::new(Arc::clone(&context), report_in, done.clone(), stop.clone());
        done.spawn(conductor.run(account.paused, notes, commands_out));
        done.close();
        Self { report, context, commands, stop, done }
    }

    /// Asks the account for something; false when it is gone or its queue is full.
    #[must_use]
    pub fn command(&self, command: Command) -> bool {
        self.commands.try_send(command).is_ok()
    }

    /// A seat within the provider's budget of sessions; whoever only works makes room. None when
    /// none is free in time.
    pub async fn seat(&self) -> connect::Seat {
        let clock = Arc::clone(&self.context.world.clock);
        let seat = self.context.logins.want_seat();
        crate::world::clock::within(clock.as_ref(), limits::SEAT, seat).await.flatten()
    }

    /// Settings of the account changed in the store.
    pub fn refresh(&self) {
        self.context.refresh.notify_one();
    }

    /// Something may be due in the outbox.
    pub fn nudge_outbox(&self) {
        self.context.outbox.notify_one();
    }

    /// Something may be due at the mailboxes.
    pub fn nudge_sync(&self) {
        self.context.sync.notify_one();
    }

    /// Waits for the end of the account's tasks.
    pub async fn ended(&self) {
        self.done.wait().await;
    }

    /// Whether the account's task ended without being told to.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.done.is_empty() && !self.stop.is_cancelled()
    }

    /// Stops the account's tasks and waits for them.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.done.wait().await;
    }
}

async fn sleep_until(world: &World, at: Option<Boot>) {
    match at {
        Some(at) => world.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}
