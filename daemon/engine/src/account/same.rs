//! Whether a login opens the mailbox that is mirrored: what was seen in, an answer out.
//!
//! UIDVALIDITY alone proves nothing (some servers give every mailbox the same), and a server that
//! was moved changes all of them; what counts are messages. Must never call a mailbox the same on
//! the strength of its name.

/// What was compared, over all mailboxes looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Mailboxes on both sides whose UIDVALIDITY is the mirrored one.
    pub same_validity: u32,
    /// Mailboxes on both sides with another UIDVALIDITY.
    pub other_validity: u32,
    /// Mirrored messages found there, by UID or by Message-ID.
    pub found: u32,
    /// Mirrored messages that are not there.
    pub absent: u32,
    /// UIDs that hold another message there, although the UIDVALIDITY is the mirrored one.
    pub other: u32,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// It is the mirrored mailbox.
    Same,
    /// It is another one.
    Other,
    /// Not enough was looked at: messages were deleted meanwhile, perhaps.
    Unsure,
}

impl Evidence {
    /// What it all means. With nothing mirrored there is nothing to mix up: the same.
    #[must_use]
    pub fn judge(self) -> Sameness {
        let looked = self.found + self.absent + self.other;
        if self.other > 0 {
            // RFC 9051 §2.3.1.1: under one UIDVALIDITY a UID never means another message
            return Sameness::Other;
        }
        if looked == 0 {
            let only_other = self.same_validity == 0 && self.other_validity > 0;
            return if only_other { Sameness::Unsure } else { Sameness::Same };
        }
        let renumbered = self.same_validity == 0;
        match self.found {
            0 => Sameness::Unsure,
            // a mail to two people has one Message-ID: one of many is no proof by itself
            found if renumbered && found * 2 < looked => Sameness::Unsure,
            _ => Sameness::Same,
        }
    }

    /// The last word, when there is no more to look at.
    #[must_use]
    pub fn verdict(self) -> Sameness {
        match self.judge() {
            Sameness::Unsure if self.found + self.absent + self.other == 0 => Sameness::Same,
            Sameness::Unsure => Sameness::Other,
            sure => sure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(numbers: [u32; 5]) -> Evidence {
        let [same_validity, other_validity, found, absent, other] = numbers;
        Evidence { same_validity, other_validity, found, absent, other }
    }

    #[test]
    fn messages_decide() {
        for (numbers, judged, last) in [
            // nothing mirrored, nothing to mix up
            ([0, 0, 0, 0, 0], Sameness::Same, Sameness::Same),
            ([2, 0, 0, 0, 0], Sameness::Same, Sameness::Same),
            ([0, 2, 0, 0, 0], Sameness::Unsure, Sameness::Same),
            // the usual case
            ([2, 0, 3, 0, 0], Sameness::Same, Sameness::Same),
            // mail was deleted meanwhile
            ([2, 0, 1, 5, 0], Sameness::Same, Sameness::Same),
            ([2, 0, 0, 3, 0], Sameness::Unsure, Sameness::Other),
            // the server gives every mailbox the same UIDVALIDITY
            ([3, 0, 2, 0, 1], Sameness::Other, Sameness::Other),
            // moved to another server
            ([0, 3, 3, 0, 0], Sameness::Same, Sameness::Same),
            ([0, 3, 2, 1, 0], Sameness::Same, Sameness::Same),
            // a colleague who got one of the mails too
            ([0, 3, 1, 5, 0], Sameness::Unsure, Sameness::Other),
            ([0, 3, 0, 3, 0], Sameness::Unsure, Sameness::Other),
        ] {
            assert_eq!(seen(numbers).judge(), judged, "{numbers:?}");
            assert_eq!(seen(numbers).verdict(), last, "{numbers:?}");
        }
    }
}
