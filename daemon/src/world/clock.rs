//! Time: suspend-aware and wall.

use super::BoxFuture;
use crate::limits::SLEEP_SLICE;
use chapar_engine::time::{Boot, Wall};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::future::Future;
use std::time::Duration;

/// The door to time.
pub trait Clock: Send + Sync {
    /// Suspend-aware time since boot (`CLOCK_BOOTTIME`).
    fn boot(&self) -> Boot;
    /// Wall-clock time.
    fn wall(&self) -> Wall;
    /// Sleeps until `deadline`, waking in slices so that time spent suspended counts.
    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()>;
}

/// The machine's own clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn boot(&self) -> Boot {
        Boot(duration(clock_gettime(ClockId::Boottime)))
    }

    fn wall(&self) -> Wall {
        let now = clock_gettime(ClockId::Realtime);
        Wall(now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000))
    }

    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let left = deadline.until_from(self.boot());
                if left.is_zero() {
                    return;
                }
                // tokio's timers stop while the machine sleeps; the slice bounds how late we notice
                tokio::time::sleep(left.min(SLEEP_SLICE)).await;
            }
        })
    }
}

/// A kernel time as a duration; negative ones (before the epoch of that clock) are zero.
pub(super) fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Runs `work` for at most `limit`; `None` when the time was up first. The work is dropped then.
pub async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let deadline = clock.boot().after(limit);
    tokio::select! {
        biased;
        done = work => Some(done),
        () = clock.sleep_until(deadline) => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn within_ends_late_work_and_keeps_early_work() {
        let late = within(&RealClock, Duration::from_millis(20), std::future::pending::<()>());
        assert_eq!(late.await, None);
        let early = within(&RealClock, Duration::from_secs(20), async { 7 });
        assert_eq!(early.await, Some(7));
    }

    #[test]
    fn wall_agrees_with_std() {
        let std = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let ours = RealClock.wall().0;
        assert!((i128::from(ours) - i128::try_from(std.as_millis()).unwrap()).abs() < 5_000);
    }
}
