//! What is due when: sending, looking and filing, each at its own instant of the wall clock, and
//! what happens to those instants when that clock is set.
//!
//! Must never let a clock that was set back hold up a retry, a look or a copy; and must never move
//! the hour a person chose for a message.

use super::transition::LONGEST_RETRY;
use super::{Filing, Phase, Search, Submission, filing, search};
use crate::time::Wall;
use std::time::Duration;

/// An instant that never comes.
pub(super) const NEVER: Wall = Wall(i64::MAX);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// [`Submission::claim`] it and send.
    Send,
    /// Look for the Message-ID, then [`Submission::looked`].
    Look,
    /// Look for the copy in Sent and append it when absent.
    File,
}

impl Submission {
    /// When this is due next; `None` when it will not be by itself.
    #[must_use]
    pub fn when(&self, what: Due, now: Wall) -> Option<Wall> {
        self.agenda(now).find(|(_, due)| *due == what).map(|(at, _)| at)
    }

    /// Whether it waits for another try after one that came to nothing.
    #[must_use]
    pub fn awaits_retry(&self) -> bool {
        self.attempts > 0 && matches!(self.phase, Phase::Queued { .. })
    }

    /// Whether this is due now.
    #[must_use]
    pub fn is_due(&self, what: Due, now: Wall) -> bool {
        self.when(what, now).is_some_and(|at| at <= now)
    }

    /// When it is tried or looked for next, for people.
    #[must_use]
    pub fn next_attempt(&self) -> Option<Wall> {
        match (self.phase, self.search) {
            (Phase::Queued { next }, _) => Some(next),
            (_, Some(search)) if search.next < NEVER => Some(search.next),
            _ => None,
        }
    }

    /// Everything that will be due.
    fn agenda(&self, now: Wall) -> impl Iterator<Item = (Wall, Due)> + use<> {
        let sending = match self.phase {
            Phase::Queued { next } if self.is_scheduled() => Some((next, Due::Send)),
            // accepted to be sent at once
            Phase::Queued { next } if self.attempts == 0 => Some((next.min(now), Due::Send)),
            Phase::Queued { next } => Some((credible(next, now, LONGEST_RETRY), Due::Send)),
            _ => None,
        };
        let looking = self.search.filter(|search| search.next < NEVER);
        let looking =
            looking.map(|search| (credible(search.next, now, search::LONGEST), Due::Look));
        let filing = match self.filing {
            Filing::Wanted { next, .. } => Some((credible(next, now, filing::LONGEST), Due::File)),
            _ => None,
        };
        sending.into_iter().chain(looking).chain(filing)
    }

    /// Whether it waits for an hour that the person chose.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.attempts == 0
            && self.send_at > self.created_at
            && self.phase == Phase::Queued { next: self.send_at }
    }

    /// The wall clock was set ahead by so many milliseconds (negative: back). What waits for a
    /// length of time waits no longer than before, what was counted from an instant is counted
    /// on, and what waits for an hour waits for that hour.
    pub fn clock_set(&mut self, by: i64) {
        // set ahead, things are due too early, which does no harm; a `next` that was written after
        // the jump must not be moved away
        let back = by.min(0);
        let scheduled = self.is_scheduled();
        match &mut self.phase {
            Phase::Queued { next } if !scheduled => *next = next.moved(back),
            _ => {}
        }
        if let Some(Search { next, .. }) = self.search.as_mut().filter(|it| it.next < NEVER) {
            *next = next.moved(back);
        }
        if let Filing::Wanted { next, .. } = &mut self.filing {
            *next = next.moved(back);
        }
        self.tried_since = self.tried_since.map(|since| since.moved(by));
    }
}

/// `next`, unless it lies further ahead than anything was ever put off by: then the clock was set
/// back meanwhile, and it is due.
fn credible(next: Wall, now: Wall, longest: Duration) -> Wall {
    if next > now.after(longest) { now } else { next }
}
