//! Whether the work of the daemon goes on, for the service manager's watchdog: the thread that writes
//! the store, those that read it, and each account's conductor. A runtime that still turns says
//! nothing of them.
//!
//! Owns what was last seen of each. Must never do their work or wait for it.

use crate::ipc::Services;
use crate::readers::Pulse;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// One of those that have to go on.
struct Hand {
    name: &'static str,
    seen: Pulse,
    since: Instant,
}

impl Hand {
    fn new(name: &'static str, now: Instant) -> Self {
        Self { name, seen: Pulse::default(), since: now }
    }

    /// Whether it has nothing to do, or got on with it within `patience`.
    fn turns(&mut self, pulse: Pulse, patience: Duration, now: Instant) -> bool {
        if pulse.jobs == 0 || pulse.slices != self.seen.slices {
            self.since = now;
        }
        self.seen = pulse;
        now.duration_since(self.since) < patience
    }
}

/// How the conductors answer.
#[derive(Default)]
struct Answers {
    waiting: AtomicBool,
    rounds: AtomicU64,
}

/// Looks every `every` and tells `tell` that all go on, or which does not since `patience`.
pub async fn run(
    services: Arc<Services>,
    every: Duration,
    patience: Duration,
    tell: impl Fn(Result<(), &'static str>),
    stop: CancellationToken,
) {
    let answers = Arc::new(Answers::default());
    let asking = tokio::spawn(ask(Arc::clone(&services), Arc::clone(&answers), every));
    let now = Instant::now();
    let mut hands =
        ["the store's writer", "the readers", "an account"].map(|of| Hand::new(of, now));
    let mut ticks = tokio::time::interval(every);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let conductors = Pulse {
            jobs: usize::from(answers.waiting.load(Ordering::Relaxed)),
            slices: answers.rounds.load(Ordering::Relaxed),
        };
        let pulses = [services.store.pulse(), services.readers.pulse(), conductors];
        let now = Instant::now();
        let mut stuck = None;
        for (hand, pulse) in hands.iter_mut().zip(pulses) {
            if !hand.turns(pulse, patience, now) {
                stuck = Some(hand.name);
            }
        }
        tell(stuck.map_or(Ok(()), Err));
    }
    asking.abort();
}

/// Asks all conductors to answer, again and again.
async fn ask(services: Arc<Services>, answers: Arc<Answers>, every: Duration) {
    loop {
        answers.waiting.store(true, Ordering::Relaxed);
        services.accounts.all_turn().await;
        answers.rounds.fetch_add(1, Ordering::Relaxed);
        answers.waiting.store(false, Ordering::Relaxed);
        tokio::time::sleep(every).await;
    }
}

/// Tells the service manager as long as all goes on; once in the log when it does not.
pub fn feed(alive: impl Fn()) -> impl Fn(Result<(), &'static str>) {
    let told = std::sync::Mutex::new(None);
    move |state| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        match state {
            Ok(()) => {
                *told = None;
                alive();
            }
            Err(name) if *told != Some(name) => {
                *told = Some(name);
                tracing::error!(stuck = name, "work does not go on: the watchdog is not fed");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hand, feed};
    use crate::readers::Pulse;
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    #[test]
    fn idle_and_moving_is_well_and_standing_still_with_work_is_not() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut hand = Hand::new("x", begin);
        let mut turns = |jobs, slices, seconds| {
            hand.turns(Pulse { jobs, slices }, Duration::from_mins(1), at(seconds))
        };
        assert!(turns(0, 0, 1_000), "nothing to do");
        assert!(turns(3, 1, 1_030) && turns(3, 1, 1_080), "patience");
        assert!(!turns(3, 1, 1_091) && !turns(9, 1, 2_000), "more work is no progress");
        assert!(turns(9, 2, 2_001), "it went on");
        assert!(!turns(9, 2, 2_062) && turns(0, 2, 2_063), "it is done");
    }

    #[test]
    fn the_watchdog_is_fed_only_while_all_goes_on() {
        let fed = Cell::new(0);
        let tell = feed(|| fed.set(fed.get() + 1));
        tell(Ok(()));
        tell(Err("the readers"));
        tell(Err("the readers"));
        assert_eq!(fed.get(), 1);
        tell(Ok(()));
        assert_eq!(fed.get(), 2);
    }
}
