//! Time as data. The engine never asks for it.

use std::time::Duration;

/// Wall-clock time: milliseconds since 1970-01-01T00:00:00Z. For people, schedules and storage,
/// never for measuring a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wall(pub i64);

impl Wall {
    /// The instant `by` later; saturates.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant `by` milliseconds later, or earlier when negative; saturates.
    #[must_use]
    pub const fn moved(self, by: i64) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// How long until `self` seen from `now`; zero when it has passed.
    #[must_use]
    pub fn until_from(self, now: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// Suspend-aware monotonic time: time since boot, counting sleep. For deadlines and backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Boot(pub Duration);

impl Boot {
    /// The instant `by` later; saturates.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// How long until `self` seen from `now`; zero when it has passed.
    #[must_use]
    pub fn until_from(self, now: Self) -> Duration {
        self.0.saturating_sub(now.0)
    }
}
