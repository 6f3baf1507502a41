//! Whether the wall clock was set while the machine ran: it is compared with the time since boot,
//! which nobody sets and which counts sleep.
//!
//! Must never take sleep, or the small corrections of a clock kept by the network, for a jump.

use chapar_engine::time::{Boot, Wall};
use std::time::Duration;

/// Smaller jumps hold nothing up that matters.
const JUMP: Duration = Duration::from_secs(10);

/// Both clocks at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    boot: Boot,
    wall: Wall,
}

impl Pace {
    /// The clocks as they are.
    #[must_use]
    pub const fn new(boot: Boot, wall: Wall) -> Self {
        Self { boot, wall }
    }

    /// The clocks as they are now, and by how many milliseconds the wall clock was set ahead since
    /// (negative: back); `None` when it kept pace.
    pub fn jump(&mut self, boot: Boot, wall: Wall) -> Option<i64> {
        let expected = self.wall.after(boot.until_from(self.boot));
        *self = Self { boot, wall };
        let by = wall.0.saturating_sub(expected.0);
        (u128::from(by.unsigned_abs()) >= JUMP.as_millis()).then_some(by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(seconds: u64) -> Boot {
        Boot(Duration::from_secs(seconds))
    }

    #[test]
    fn a_jump_is_told_once_and_drift_never() {
        let mut pace = Pace::new(boot(100), Wall(1_000_000));
        assert_eq!(pace.jump(boot(4_000), Wall(4_900_000)), None, "awake or asleep");
        assert_eq!(pace.jump(boot(4_060), Wall(4_969_000)), None, "9 s ahead");
        assert_eq!(pace.jump(boot(4_120), Wall(1_429_000)), Some(-3_600_000));
        assert_eq!(pace.jump(boot(4_180), Wall(1_489_000)), None);
        assert_eq!(pace.jump(boot(4_180), Wall(i64::MAX)), Some(i64::MAX - 1_489_000));
        assert_eq!(pace.jump(boot(4_180), Wall(i64::MIN)), Some(i64::MIN));
    }
}
