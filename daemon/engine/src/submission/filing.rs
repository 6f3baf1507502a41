//! The copy in Sent: kept apart from sending, because a copy that cannot be filed is no reason to
//! call a sent message unsent.

use super::{Filing, Submission};
use crate::time::Wall;
use std::time::Duration;

/// Wait before the first further try; doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(10);
/// See [`FIRST`].
pub(super) const LONGEST: Duration = Duration::from_hours(1);
/// Tries before it is given up: about a day.
const TRIES: u32 = 32;

impl Submission {
    /// The copy is in Sent.
    pub fn filed(&mut self) {
        self.filing = Filing::Filed;
    }

    /// There is no Sent mailbox, or the server refuses the copy for good.
    pub fn filing_skipped(&mut self) {
        self.filing = Filing::Skipped;
    }

    /// The copy could not be filed, or it is not known whether it was: the next try looks first.
    pub fn filing_failed(&mut self, now: Wall) {
        let Filing::Wanted { tries, .. } = self.filing else {
            return;
        };
        let tries = tries.saturating_add(1);
        let doubled = 2_u32.checked_pow(tries - 1).unwrap_or(u32::MAX);
        self.filing = if tries >= TRIES {
            Filing::Skipped
        } else {
            Filing::Wanted { next: now.after(FIRST.saturating_mul(doubled).min(LONGEST)), tries }
        };
    }

    /// Filing leaves the provider until `next` to file the copy itself. It counts as a try: how
    /// long the provider is given must not hang on a clock that can be set.
    pub fn filing_waits(&mut self, next: Wall) {
        if let Filing::Wanted { tries, .. } = self.filing {
            self.filing = Filing::Wanted { next, tries: tries.saturating_add(1) };
        }
    }
}
