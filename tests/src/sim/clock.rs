//! Virtual time on tokio's paused clock, with sleep of the machine and jumps of the wall clock.

use chapar_daemon::limits::SLEEP_SLICE;
use chapar_daemon::world::BoxFuture;
use chapar_daemon::world::clock::Clock;
use chapar_engine::time::{Boot, Wall};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// The machine had been up this long when the simulation began.
const UPTIME: Duration = Duration::from_hours(1);

/// The clock; moved by tokio's timers and by hand.
#[derive(Debug)]
pub struct SimClock {
    start: Instant,
    epoch_ms: i64,
    shift: Mutex<Shift>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Shift {
    slept: Duration,
    wall_ms: i64,
}

impl SimClock {
    /// Starts at `epoch` seconds since 1970.
    #[must_use]
    pub fn new(epoch: i64) -> Self {
        Self { start: Instant::now(), epoch_ms: epoch * 1000, shift: Mutex::default() }
    }

    /// The machine sleeps for `gap`; timers do not see it.
    pub fn suspend(&self, gap: Duration) {
        self.shift.lock().unwrap().slept += gap;
    }

    /// The wall clock is set `by` milliseconds ahead (negative: back).
    pub fn shift_wall(&self, by: i64) {
        self.shift.lock().unwrap().wall_ms += by;
    }

    /// The wall clock is set to `wall`.
    pub fn set_wall(&self, wall: Wall) {
        let by = wall.0 - self.wall().0;
        self.shift_wall(by);
    }

    /// Wall seconds since 1970.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.wall().seconds()
    }

    fn up(&self) -> Duration {
        self.start.elapsed() + self.shift.lock().unwrap().slept
    }
}

impl Clock for SimClock {
    fn boot(&self) -> Boot {
        Boot(UPTIME + self.up())
    }

    fn wall(&self) -> Wall {
        let up = i64::try_from(self.up().as_millis()).unwrap_or(i64::MAX);
        Wall(self.epoch_ms + up + self.shift.lock().unwrap().wall_ms)
    }

    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                let left = deadline.until_from(self.boot());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(SLEEP_SLICE)).await;
            }
        })
    }
}
