//! chapard: does what the engine decided.
//!
//! Module order is layer order: a module uses only modules above it. Data flows one way: server →
//! `imap` → `account` → `store` → journal → `ipc` → client. The store is the truth; every channel
//! carries hints only.

pub mod limits;
pub mod config;
pub mod paths;
pub mod log;
pub mod shutdown;
pub mod world;
pub mod readers;
pub mod store;
pub mod chronicle;
pub mod desktop;
pub mod imap;
pub mod smtp;
pub mod http;
pub mod discover;
pub mod oauth;
pub mod account;
pub mod supervisor;
pub mod keeper;
pub mod machine;
pub mod doctor;
pub mod ipc;
pub mod turning;

use config::Config;
use ipc::Services;
use std::path::PathBuf;
use std::sync::Arc;
use store::{Store, StoreError};
use supervisor::Accounts;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use world::World;

/// The running daemon without its socket: the accounts and what clients may ask of them.
pub struct Daemon {
    /// What a client session works with.
    pub services: Arc<Services>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Daemon {
    /// Starts every stored account on `world`. Returns at once; nothing is dialled before this
    /// returns. `config` may change while it runs; `spool` holds uploads, `socket` is only shown.
    pub fn start(
        world: World,
        store: Store,
        config: &watch::Receiver<Config>,
        spool: PathBuf,
        socket: PathBuf,
    ) -> Result<Self, StoreError> {
        let stop = CancellationToken::new();
        let accounts =
            Accounts::new(world.clone(), store.clone(), config.clone(), stop.child_token());
        accounts.start_all()?;
        let tasks = TaskTracker::new();
        tasks.spawn(chronicle::run(store.clone(), stop.child_token()));
        tasks.spawn(desktop::run(world.clone(), store.clone(), config.clone(), stop.child_token()));
        let kept = (world.clone(), store.clone(), accounts.clone());
        tasks.spawn(keeper::heal(
            kept.0.clone(),
            kept.1.clone(),
            kept.2.clone(),
            stop.child_token(),
        ));
        tasks.spawn(keeper::verify(kept.0.clone(), kept.1.clone(), stop.child_token()));
        tasks.spawn(keeper::tidy_up(kept.0, kept.1, kept.2, stop.child_token()));
        let secrets = Arc::clone(&world.secrets);
        tasks.spawn(async move { secrets.try_out().await });
        let services = Arc::new(Services::new(world, store, accounts, spool, socket));
        Ok(Self { services, tasks, stop })
    }

    /// Stops in order: clients are told, accounts wind down, the store is flushed and closed. Takes
    /// at most 25 s; what a slow account was doing is recovered at the next start.
    pub async fn stop(self, reason: &str) {
        self.services.say_stopping(reason).await;
        self.services.accounts.stop_all().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.services.store.close().await;
    }
}
