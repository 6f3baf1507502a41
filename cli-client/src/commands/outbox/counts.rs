//! How many recipients of a mail have which outcome.

use std::fmt;

use chapar_ipc_protocol::submission::{Delivered, EmailSubmission};
use serde_json::{Value, json};

/// Recipients by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// A server took responsibility.
    pub(crate) accepted: usize,
    /// A server refused for good.
    pub(crate) refused: usize,
    /// Nobody can tell.
    pub(crate) unknown: usize,
    /// Neither yet.
    pub(crate) waiting: usize,
}

impl Counts {
    /// Of this submission.
    pub(crate) fn of(submission: &EmailSubmission) -> Self {
        let mut counts = Self::default();
        for status in submission.delivery_status.values() {
            let place = match status.delivered {
                Delivered::Yes => &mut counts.accepted,
                Delivered::No => &mut counts.refused,
                Delivered::Unknown => &mut counts.unknown,
                Delivered::Queued | Delivered::Other => &mut counts.waiting,
            };
            *place += 1;
        }
        counts
    }

    fn each(self) -> [(usize, &'static str); 4] {
        let Self { accepted, refused, unknown, waiting } = self;
        [(accepted, "accepted"), (refused, "refused"), (unknown, "unknown"), (waiting, "waiting")]
    }

    /// Whether the recipients have different outcomes.
    pub(crate) fn are_mixed(self) -> bool {
        self.each().iter().filter(|(count, _)| *count > 0).count() > 1
    }

    /// For programs.
    pub(crate) fn to_json(self) -> Value {
        let Self { accepted, refused, unknown, waiting } = self;
        json!({"accepted": accepted, "refused": refused, "unknown": unknown, "waiting": waiting})
    }
}

impl fmt::Display for Counts {
    /// `2 accepted, 1 refused, 1 unknown`; what there is none of is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = self.each().into_iter().filter(|(count, _)| *count > 0);
        for (index, (count, word)) in there.enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{count} {word}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::submission::DeliveryStatus;

    fn counts(fates: &[Delivered]) -> Counts {
        let status = |(index, fate): (usize, &Delivered)| {
            let status = DeliveryStatus { delivered: *fate, ..DeliveryStatus::default() };
            (format!("{index}@x.example"), status)
        };
        let delivery_status = fates.iter().enumerate().map(status).collect();
        Counts::of(&EmailSubmission { delivery_status, ..EmailSubmission::default() })
    }

    #[test]
    fn each_outcome_is_counted_and_absent_ones_are_left_out() {
        use Delivered::{No, Queued, Unknown, Yes};
        for (fates, words, mixed) in [
            (&[Yes, No, Unknown, Yes][..], "2 accepted, 1 refused, 1 unknown", true),
            (&[No, Queued, Queued], "1 refused, 2 waiting", true),
            (&[Unknown, Yes, Queued, No], "1 accepted, 1 refused, 1 unknown, 1 waiting", true),
            (&[No, No], "2 refused", false),
            (&[Yes], "1 accepted", false),
            (&[], "", false),
        ] {
            let counts = counts(fates);
            assert_eq!((counts.to_string().as_str(), counts.are_mixed()), (words, mixed));
        }
    }
}
