//! The socket: accepts clients, answers their calls, streams the journal to them.
//!
//! Clients see the store and the accounts through here only. Must never hold mail state of its own:
//! a session is a decoder, a few cursors and the calls in flight. Wire types meet engine types in
//! [`convert`] and nowhere else; interprocess is named in [`listener`] and nowhere else.

mod blob;
mod convert;
mod dispatch;
mod fault;
mod fit;
mod handlers;
pub mod limits;
pub mod listener;
mod params;
mod part;
mod purse;
mod room;
mod session;
mod source;
mod spool;
mod subscription;

pub use listener::{BindError, Listener};
pub use session::Session;

use crate::discover::Progress;
use crate::machine::Machine;
use crate::readers::Readers;
use crate::store::Store;
use crate::supervisor::Accounts;
use crate::world::{BoxFuture, World};
use chapar_engine::event::EventKind;
use chapar_engine::time::{Boot, Wall};
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::message::refusal;
use purse::Till;
use spool::Spool;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Reads the configuration again; an error says why it was not taken.
pub type Reload = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What the daemon hands to its sessions.
pub struct Services {
    /// What must survive.
    pub store: Store,
    /// The accounts at work.
    pub accounts: Accounts,
    /// Time, entropy, secrets.
    pub world: World,
    /// When the daemon started, for people.
    pub started_at: Wall,
    /// When the daemon started, for measuring.
    pub started: Boot,
    /// The socket, for `status`.
    pub socket: PathBuf,
    /// Fires when a client asked to stop the daemon (`Daemon/stop`).
    pub stop: CancellationToken,
    /// Who reads the store for clients.
    pub readers: Readers,
    /// The bytes that all clients may have in flight.
    till: Arc<Till>,
    /// One large mail is read at a time.
    large: Semaphore,
    /// Streams of stored bytes at one time.
    streams: Semaphore,
    /// The decoded parts of mails that are being read.
    parts: Arc<part::Open>,
    /// Bytes of the messages that are composed at one time.
    composing: Semaphore,
    reload: OnceLock<Reload>,
    spool: Spool,
    /// What is the case with this machine.
    machine: Machine,
    /// The accounts as `status` told them last, for while the store cannot be read. A lock, not a
    /// task: it is taken to copy a short list.
    pictures: Mutex<Vec<chapar_ipc_protocol::account::Account>>,
    clients: AtomicUsize,
    tasks: TaskTracker,
    /// Discoveries under way by their address, for those who asked how far they are. A lock, not a
    /// task: every use is a look-up in a map of a few.
    discoveries: Mutex<BTreeMap<String, Progress>>,
    /// Looks of the doctor under way by their token; a lock for the same reason.
    looks: Mutex<BTreeMap<String, crate::doctor::Progress>>,
}

impl Services {
    /// Takes the parts; uploads of an earlier run in the directory `spool` are removed, `socket` is
    /// only shown.
    #[must_use]
    pub fn new(
        world: World,
        store: Store,
        accounts: Accounts,
        spool: PathBuf,
        socket: PathBuf,
    ) -> Self {
        let spool = Spool::new(spool);
        let directory = spool.directory();
        let state = directory.parent().unwrap_or(directory).to_owned();
        let readers = if store.is_inline() { Ok(Readers::inline()) } else { Readers::start() };
        let readers = readers.unwrap_or_else(|error| {
            tracing::error!(%error, "no thread could be started for reading: clients wait for each other");
            Readers::inline()
        });
        Self {
            started_at: world.clock.wall(),
            started: world.clock.boot(),
            machine: Machine::new(world.clone(), store.clone(), state),
            spool,
            pictures: Mutex::default(),
            store,
            accounts,
            world,
            socket,
            stop: CancellationToken::new(),
            readers,
            till: Arc::default(),
            large: Semaphore::new(1),
            streams: Semaphore::new(limits::STREAMS),
            parts: Arc::default(),
            composing: Semaphore::new(
                usize::try_from(limits::COMPOSING_BYTES).unwrap_or(usize::MAX),
            ),
            reload: OnceLock::new(),
            clients: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            discoveries: Mutex::default(),
            looks: Mutex::default(),
        }
    }

    /// Sets what `Daemon/reload` does beside looking at every account's settings again; the first
    /// one stays.
    pub fn on_reload(&self, reload: Reload) {
        if self.reload.set(reload).is_err() {
            tracing::warn!("a second way to reload was ignored");
        }
    }

    /// The directory of the store, which holds the uploads too.
    fn state(&self) -> PathBuf {
        let spool = self.spool.directory();
        spool.parent().unwrap_or(spool).to_owned()
    }

    /// Reads the configuration again in the background; see [`Services::on_reload`].
    pub fn reload(self: &Arc<Self>) {
        let services = Arc::clone(self);
        self.tasks.spawn(async move {
            if let Err(reason) = services.reload_now().await {
                tracing::warn!(reason, "the configuration was not taken; the one before stays");
            }
        });
    }

    async fn reload_now(&self) -> Result<(), String> {
        let before = self.accounts.config().providers;
        if let Some(reload) = self.reload.get() {
            reload().await?;
        }
        // of the configuration, an account depends on its provider's entry and the files in it
        let now = self.accounts.config().providers;
        if now.is_empty() && before.is_empty() {
            return Ok(());
        }
        let accounts = self.store.read().and_then(|view| view.accounts());
        for account in accounts.map_err(|error| error.to_string())? {
            self.accounts.refresh(account.id);
        }
        Ok(())
    }

    /// Tells every subscriber that the daemon stops, by the journal.
    pub async fn say_stopping(&self, reason: &str) {
        let kind = EventKind::DaemonStopping { reason: reason.to_owned() };
        let now = self.world.clock.wall();
        let told = self.store.write(now, move |tx| tx.append(None, kind.clone()).map(drop));
        if let Err(error) = told.await {
            tracing::warn!(%error, "the stop could not be told");
        }
    }
}

/// Accepts clients until `stop`, then lets each say its last words.
pub async fn serve(services: Arc<Services>, listener: Listener, stop: CancellationToken) {
    let sessions = TaskTracker::new();
    let seats = room::seats();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let session = greet(Arc::clone(&services), stream, peer, seats, stop.clone());
                sessions.spawn(session);
            }
            Err(error) => {
                // Out of descriptors, mostly: wait for some to come back instead of spinning.
                tracing::warn!(%error, "accepting a client failed");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    sessions.close();
    services.tasks.close();
    let last_words = async {
        sessions.wait().await;
        services.tasks.wait().await;
    };
    if tokio::time::timeout(limits::STOP, last_words).await.is_err() {
        tracing::warn!("some clients' calls did not end in time");
    }
}

async fn greet(
    services: Arc<Services>,
    mut stream: listener::Stream,
    peer: listener::Peer,
    seats: usize,
    stop: CancellationToken,
) {
    let seat = Seat::take(&services);
    let uid = peer.uid;
    let refused = if uid != Some(rustix::process::geteuid().as_raw()) {
        Some(
            Error::new(ErrorType::Forbidden, "This chapard serves another user.")
                .hint("start your own chapard, and unset CHAPAR_SOCKET"),
        )
    } else if seat.place > seats {
        Some(
            Error::new(ErrorType::RateLimit, format!("{seats} clients are connected already."))
                .hint("close some of them"),
        )
    } else {
        None
    };
    let Some(error) = refused else {
        let scopes: BTreeSet<Scope> = Scope::ALL.iter().copied().collect();
        let session = Session::new(Arc::clone(&services), scopes).of_process(peer.pid);
        return session.serve(stream, stop).await;
    };
    tracing::warn!(uid, reason = %error, "a client was turned away");
    let mut line = refusal(None, &error).unwrap_or_default();
    line.push(b'\n');
    // It is leaving anyway: whether it reads this is its own business.
    drop(tokio::time::timeout(limits::FLUSH, stream.write_all(&line)).await);
}

/// One client's place in the count, given back on drop.
struct Seat<'s> {
    services: &'s Services,
    place: usize,
}

impl<'s> Seat<'s> {
    fn take(services: &'s Services) -> Self {
        let place = services.clients.fetch_add(1, Ordering::Relaxed) + 1;
        Self { services, place }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.services.clients.fetch_sub(1, Ordering::Relaxed);
    }
}
