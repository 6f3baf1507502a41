//! The keeper: looks after the store while the daemon runs. A failure of the files is waited out and
//! ended without anybody asking; what was deleted is given back to the disk.
//!
//! Owns no state. Must never decide what happens to a mail.

use crate::limits;
use crate::store::Store;
use crate::supervisor::Accounts;
use crate::world::World;
use tokio_util::sync::CancellationToken;

/// Heals the store until stopped: as long as its files fail they are tried again every
/// [`limits::HEAL_EVERY`]; when they work again, every account goes on at once.
pub async fn heal(world: World, store: Store, accounts: Accounts, stop: CancellationToken) {
    let mut trouble = store.trouble();
    loop {
        let waits = trouble.borrow_and_update().is_some();
        let again = waits.then(|| world.clock.boot().after(limits::HEAL_EVERY));
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Ok(()) = trouble.changed(), if !waits => {}
            () = sleep_until(&world, again) => match store.heal().await {
                Ok(()) => {
                    tracing::info!("the store works again");
                    accounts.store_works();
                }
                Err(error) => tracing::debug!(%error, "the store does not work yet"),
            },
        }
    }
}

async fn sleep_until(world: &World, at: Option<chapar_engine::time::Boot>) {
    match at {
        Some(at) => world.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Gives back the disk space of what was deleted, and tries again what could not be deleted, once a
/// day.
pub async fn tidy_up(world: World, store: Store, accounts: Accounts, stop: CancellationToken) {
    loop {
        let next = world.clock.boot().after(limits::COLLECT_EVERY);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = world.clock.sleep_until(next) => {}
        }
        match store.collect().await {
            Ok(bytes) => tracing::info!(bytes, "packs collected"),
            Err(error) => tracing::warn!(%error, "packs were not collected"),
        }
        accounts.tidy_up().await;
    }
}
