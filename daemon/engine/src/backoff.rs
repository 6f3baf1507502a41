//! When to try again: exponential with jitter from entropy that is supplied.

use std::time::Duration;

/// The shape of one backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The least wait: nothing may loop faster.
    pub floor: Duration,
    /// The longest wait.
    pub cap: Duration,
}

/// After a lost or refused connection.
pub const RETRY: Backoff = Backoff { floor: Duration::from_secs(2), cap: Duration::from_mins(5) };

/// After the provider asked to slow down.
pub const THROTTLED: Backoff =
    Backoff { floor: Duration::from_mins(1), cap: Duration::from_mins(30) };

impl Backoff {
    /// The wait after the `failures`th failure in a row (1 is the first): between `floor` and
    /// `floor × 2^failures`, at most `cap`, spread evenly by `entropy` so that many accounts do not
    /// come back at once. A reset is calling it with 1 again.
    #[must_use]
    pub fn delay(&self, failures: u32, entropy: u64) -> Duration {
        let doubled = 2_u32.checked_pow(failures.max(1)).unwrap_or(u32::MAX);
        let ceiling = self.floor.saturating_mul(doubled).min(self.cap);
        let spread = ceiling.saturating_sub(self.floor);
        self.floor.saturating_add(fraction(spread, entropy))
    }

    /// As [`Self::delay`], but not before the server's own suggestion.
    #[must_use]
    pub fn delay_at_least(
        &self,
        failures: u32,
        suggested: Option<Duration>,
        entropy: u64,
    ) -> Duration {
        self.delay(failures, entropy).max(suggested.unwrap_or_default())
    }
}

/// An even share of `whole` chosen by `entropy`.
#[must_use]
pub fn fraction(whole: Duration, entropy: u64) -> Duration {
    let milliseconds = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(match milliseconds.checked_add(1) {
        Some(choices) => entropy % choices,
        None => entropy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Xorshift;

    #[test]
    fn waits_stay_between_floor_and_cap_and_grow() {
        let mut random = Xorshift::new(5);
        let mut longest = Duration::ZERO;
        for failures in 0..200 {
            for _ in 0..50 {
                let wait = RETRY.delay(failures, random.next());
                assert!((RETRY.floor..=RETRY.cap).contains(&wait));
                longest = longest.max(wait);
            }
        }
        assert!(longest > Duration::from_secs(290));
        assert!(RETRY.delay(1, u64::MAX) <= Duration::from_secs(4));
        assert_eq!(RETRY.delay(u32::MAX, 0), RETRY.floor);
    }

    #[test]
    fn a_suggested_wait_is_never_cut_short() {
        let hour = Duration::from_hours(1);
        assert_eq!(THROTTLED.delay_at_least(1, Some(hour), 9), hour);
        assert!(THROTTLED.delay_at_least(1, None, 9) >= THROTTLED.floor);
    }
}
