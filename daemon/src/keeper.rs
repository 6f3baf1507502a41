//! The keeper: looks after the store while the daemon runs. A failure of the files is waited out and
//! ended without anybody asking; what was deleted is given back to the disk.
//!
//! Owns no state. Must never decide what happens to a mail.

use crate::limits;
use crate::store::{Store, StoreError};
use crate::supervisor::Accounts;
use crate::world::World;
use chapar_engine::time::Wall;
use tokio_util::sync::CancellationToken;

/// Heals the store until stopped: as long as its files fail they are tried again every
/// [`limits::HEAL_EVERY`]; when they work again, every account goes on at once.
pub async fn heal(world: World, store: Store, accounts: Accounts, stop: CancellationToken) {
    let mut trouble = store.trouble();
    let mut since = None;
    loop {
        let present = trouble.borrow_and_update().clone();
        let waits = present.is_some();
        let now = world.clock.boot();
        let began = *since.get_or_insert(now);
        since = since.filter(|_| waits);
        // what is away for so long does not come back: the rest is not kept waiting for it
        let given_up = waits && now.until_from(began) >= limits::PACKS_AWAY;
        let every = match present {
            Some(StoreError::Damaged { .. }) if now > began => limits::DAMAGED_EVERY,
            _ => limits::HEAL_EVERY,
        };
        let again = now.after(if waits { every } else { limits::FILES_LOOK });
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Ok(()) = trouble.changed(), if !waits => {}
            () = world.clock.sleep_until(again), if !waits => look(&world, &store).await,
            () = world.clock.sleep_until(again), if waits => {
                if given_up && let Err(error) = store.mend().await {
                    tracing::debug!(%error, "the packs cannot be mended yet");
                }
                match store.heal().await {
                Ok(()) => {
                    tracing::info!("the store works again");
                    accounts.store_works();
                }
                Err(error) => tracing::debug!(%error, "the store does not work yet"),
                }
            }
        }
    }
}

/// Looks whether the packs are there, and whether a damaged database that was kept is still of use.
async fn look(world: &World, store: &Store) {
    if let Err(error) = store.look() {
        return tracing::warn!(%error, "the packs are not where they were");
    }
    let is_whole = || store.read().and_then(|view| view.is_whole()).unwrap_or(false);
    if !store.keeps_damaged() || !is_whole() {
        return;
    }
    match store.forget_damaged(world.clock.wall()).await {
        Ok(()) => tracing::info!("the mirror is whole again; the damaged database was deleted"),
        Err(error) => tracing::warn!(%error, "the damaged database cannot be deleted yet"),
    }
}

/// Verifies the database beside all other work: soon after the start, because a large one was opened
/// without, and once a day.
pub async fn verify(world: World, store: Store, stop: CancellationToken) {
    let mut wait = limits::VERIFY_AFTER;
    loop {
        let next = world.clock.boot().after(wait);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = world.clock.sleep_until(next) => {}
        }
        wait = limits::VERIFY_EVERY;
        match store.verify().await {
            Ok(()) => tracing::debug!("the database says what was written"),
            Err(error) => tracing::error!(%error, "the database was not verified"),
        }
    }
}

/// Gives back the disk space of what was deleted, and tries again what could not be deleted. The last
/// time is in the store, so that a daemon that never runs for a day does it too; many dead bytes are
/// given back sooner.
pub async fn tidy_up(world: World, store: Store, accounts: Accounts, stop: CancellationToken) {
    loop {
        let next = world.clock.boot().after(limits::COLLECT_LOOK);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = world.clock.sleep_until(next) => {}
        }
        let now = world.clock.wall();
        if !is_due(&store, now) {
            continue;
        }
        match store.collect(now).await {
            Ok(bytes) => tracing::info!(bytes, "packs collected"),
            Err(error) => tracing::warn!(%error, "packs were not collected"),
        }
        accounts.tidy_up().await;
    }
}

fn is_due(store: &Store, now: Wall) -> bool {
    let Ok((last, dead)) = store.read().and_then(|view| view.dead_bytes()) else {
        return false;
    };
    // a clock that was set back makes no last time that lies ahead
    let old = last.is_none_or(|last| now.0 - last.0 >= limits::COLLECT_EVERY_MS || last > now);
    old || dead > limits::DEAD_BYTES
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A daemon that never runs for a day rewrites its packs every day all the same.
    #[tokio::test]
    async fn when_packs_were_rewritten_is_remembered_over_restarts() {
        let place = std::env::temp_dir().join(format!("chapar-{}-collect", std::process::id()));
        drop(std::fs::remove_dir_all(&place));
        let begun = Wall(1_700_000_000_000);
        let store = Store::open(&place, begun).unwrap();
        assert!(is_due(&store, begun), "never done yet");
        store.collect(begun).await.unwrap();
        for hours in [1, 7, 23, 24] {
            store.close().await;
            let store = Store::open(&place, begun).unwrap();
            let now = Wall(begun.0 + hours * 60 * 60 * 1000);
            assert_eq!(is_due(&store, now), hours == 24, "{hours} hours");
            store.close().await;
        }
        let store = Store::open(&place, begun).unwrap();
        assert!(is_due(&store, Wall(begun.0 - 1)), "a clock that was set back holds nothing up");
        drop(store);
        std::fs::remove_dir_all(&place).unwrap();
    }
}
