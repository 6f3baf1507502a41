//! How many logins to one host run at the same time, over all accounts: when the network comes back
//! a hundred accounts want theirs at once, and providers take that for an attack.
//!
//! Owns one queue a host, first come first served, so that no account starves. Must never be held
//! while a session stands: only from the dial to the end of the login.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Logins to one host at a time.
const AT_ONCE: usize = 4;
/// Hosts remembered; beyond it those that nobody dials are forgotten.
const HOSTS: usize = 256;

/// The queues; cheap to clone, all clones are one.
#[derive(Clone, Default)]
pub struct Dials {
    /// A lock, not a task: a look-up in a small map, never held over an await.
    hosts: Arc<Mutex<BTreeMap<String, Arc<Semaphore>>>>,
}

impl Dials {
    /// Waits for a turn at `host`; it ends when what is returned is dropped.
    pub async fn turn(&self, host: &str) -> Option<OwnedSemaphorePermit> {
        self.queue(host).acquire_owned().await.ok()
    }

    fn queue(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS {
            hosts.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        let new = || Arc::new(Semaphore::new(AT_ONCE));
        Arc::clone(hosts.entry(host.to_ascii_lowercase()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn four_at_a_time_and_each_host_for_itself() {
        let dials = Dials::default();
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(dials.turn("mail.example").now_or_never());
        }
        assert!(turns.iter().all(Option::is_some));
        assert!(dials.turn("MAIL.example").now_or_never().is_none(), "the fifth waits");
        assert!(dials.turn("other.example").now_or_never().is_some());
        drop(turns.pop());
        assert!(dials.turn("mail.example").now_or_never().is_some());
    }
}
