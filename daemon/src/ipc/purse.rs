//! The bytes that clients have in flight: what is read for them, and answers that they did not take
//! yet. One budget for each client, one for all; who has none left waits.

use super::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget of all clients.
pub(super) struct Till {
    all: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Till {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(limits::CLIENTS_BYTES)), waiting: AtomicUsize::new(0) }
    }
}

impl Till {
    /// Whether somebody waits for room that others hold.
    pub(super) fn is_short(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }
}

/// The budget of one client.
#[derive(Clone)]
pub(super) struct Purse {
    own: Arc<Semaphore>,
    till: Arc<Till>,
}

/// Bytes taken out of both budgets, given back on drop.
pub(super) struct Room {
    own: OwnedSemaphorePermit,
    /// `None` while whoever has it waits for another side: others need not wait with it.
    all: Option<OwnedSemaphorePermit>,
}

/// One who waits.
struct Waiting<'t>(&'t Till);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Purse {
    /// A full purse.
    pub(super) fn new(till: &Arc<Till>) -> Self {
        Self { own: Arc::new(Semaphore::new(limits::CLIENT_BYTES)), till: Arc::clone(till) }
    }

    /// Room for `bytes`, once there is some; `None` when the daemon ends. More than a client may
    /// have at all counts as all of it.
    pub(super) async fn take(&self, bytes: usize) -> Option<Room> {
        let bytes = u32::try_from(bytes.min(limits::CLIENT_BYTES)).unwrap_or(u32::MAX);
        let own = Arc::clone(&self.own).acquire_many_owned(bytes).await.ok()?;
        let mut room = Room { own, all: None };
        self.come_back(&mut room).await?;
        Some(room)
    }

    /// Takes out of the budget of all what was given back by [`Room::step_aside`].
    pub(super) async fn come_back(&self, room: &mut Room) -> Option<()> {
        if room.all.is_none() {
            let bytes = u32::try_from(room.own.num_permits()).unwrap_or(u32::MAX);
            self.till.waiting.fetch_add(1, Ordering::Relaxed);
            let waiting = Waiting(&self.till);
            let all = Arc::clone(&self.till.all).acquire_many_owned(bytes).await.ok()?;
            drop(waiting);
            room.all = Some(all);
        }
        Some(())
    }
}

impl Room {
    /// Gives back what is more than `bytes`.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        for permit in self.all.iter_mut().chain([&mut self.own]) {
            let more = permit.num_permits().saturating_sub(bytes);
            drop(permit.split(more));
        }
    }

    /// Gives the room of all back for as long as nothing is read.
    pub(super) fn step_aside(&mut self) {
        self.all = None;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Purse, Till};
    use crate::ipc::limits;
    use futures_util::FutureExt;
    use std::sync::Arc;

    #[tokio::test]
    async fn one_client_cannot_take_the_room_of_the_others() {
        let till = Arc::new(Till::default());
        let (greedy, other) = (Purse::new(&till), Purse::new(&till));
        let mut held = Vec::new();
        while let Some(room) = greedy.take(limits::ANSWER_BYTES).now_or_never() {
            held.push(room.unwrap());
        }
        assert_eq!(held.len(), limits::CLIENT_BYTES / limits::ANSWER_BYTES);
        assert!(!till.is_short(), "only its own purse is empty");
        assert!(other.take(limits::ANSWER_BYTES).now_or_never().is_some());
        for room in &mut held {
            room.shrink_to(10);
        }
        assert!(greedy.take(limits::ANSWER_BYTES / 2).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_waits_for_others_is_counted() {
        let till = Arc::new(Till::default());
        let crowd: Vec<Purse> =
            (0..limits::CLIENTS_BYTES / limits::CLIENT_BYTES).map(|_| Purse::new(&till)).collect();
        let mut held = Vec::new();
        for purse in &crowd {
            held.push(purse.take(limits::CLIENT_BYTES).await.unwrap());
        }
        let late = Purse::new(&till);
        let mut waiting = Box::pin(late.take(1));
        assert!(waiting.as_mut().now_or_never().is_none() && till.is_short());
        held.pop();
        assert!(waiting.await.is_some() && !till.is_short());
    }
}
