//! Recipients of unknown fate: looked for, or settled by the person. Never sent again by themselves,
//! and no obstacle for those that wait.

use super::agenda::NEVER;
use super::transition::is_accepted;
use super::{Delivery, Phase, Search, Submission, WrongPhase};
use crate::time::Wall;
use std::time::Duration;

/// Waits between looks for a message of unknown fate; then every [`LONGEST`].
const LOOKS: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];
/// See [`LOOKS`].
pub(super) const LONGEST: Duration = Duration::from_hours(1);
/// After so many looks, about a day, only the person can say. Counted, because a clock can be set.
const MOST: u32 = 27;

/// What the person says about a message of unknown fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It was sent.
    Sent,
    /// Send it again, though it may arrive twice.
    Resend,
}

impl Search {
    /// A look that begins now.
    pub(super) fn new(now: Wall) -> Self {
        let [first, ..] = LOOKS;
        Self { next: now.after(first), looks: 0 }
    }

    /// After a look in vain.
    fn again(self, now: Wall) -> Self {
        let looks = self.looks.saturating_add(1);
        let wait = usize::try_from(looks).ok().and_then(|n| LOOKS.get(n)).copied();
        let next = if looks < MOST { now.after(wait.unwrap_or(LONGEST)) } else { NEVER };
        Self { next, looks }
    }
}

impl Submission {
    /// The result of a look for the Message-ID on the server.
    pub fn looked(&mut self, found: bool, now: Wall) -> Result<(), WrongPhase> {
        let Some(search) = self.search else {
            return Err(self.wrong("looked for"));
        };
        if found && self.is_proof() {
            self.clear_unknown(|| Delivery::Accepted { reply: "found in Sent".to_owned() });
            // filing searches Sent first, so a copy that is there is not filed twice
        } else {
            self.search = Some(search.again(now));
        }
        self.settle(now);
        Ok(())
    }

    /// The person says what became of the recipients of unknown fate. The others are not touched;
    /// those that wait come along when it is sent again.
    pub fn resolve(&mut self, resolution: Resolution, now: Wall) -> Result<(), WrongPhase> {
        if self.search.is_none() {
            return Err(self.wrong("resolved"));
        }
        match (resolution, self.phase) {
            (Resolution::Sent, _) => {
                self.clear_unknown(|| Delivery::Accepted { reply: "said to be sent".to_owned() });
            }
            // who is named in the running transaction is not changed under its feet
            (Resolution::Resend, Phase::Sending | Phase::DotPending) => {
                return Err(self.wrong("sent again before that has ended"));
            }
            (Resolution::Resend, _) => {
                self.clear_unknown(|| Delivery::Waiting { reply: None });
                self.tried_since = None;
                self.deferrals = 0;
                self.phase = Phase::Queued { next: now };
            }
        }
        self.settle(now);
        Ok(())
    }

    /// Whether a copy on the server could only come from the lost transaction, and that named every
    /// recipient of unknown fate. Once somebody accepted, the copy may be theirs or our own; after
    /// two losses it may be that of either.
    pub(super) fn is_proof(&self) -> bool {
        !self.recipients.iter().any(is_accepted) && (self.losses <= 1 || self.recipients.len() == 1)
    }

    /// Whether there is a recipient of unknown fate.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.delivery == Delivery::Unknown)
    }

    /// Changes every recipient of unknown fate.
    fn clear_unknown(&mut self, outcome: impl Fn() -> Delivery) {
        for recipient in &mut self.recipients {
            if recipient.delivery == Delivery::Unknown {
                recipient.delivery = outcome();
            }
        }
    }
}
