//! What is set aside so that everything else goes on: a mailbox that does not open, a message that
//! cannot be fetched. Owns when it is tried again and whose failure a failure is.

use crate::time::Wall;
use crate::verdict::{Failure, Verdict};
use std::time::Duration;

/// Tries in a row after which a message is set aside for longer.
const TRIES: u32 = 3;
/// Tries in a row after which a mailbox counts as one that does not open: a link may break at any
/// mailbox once.
const OPENINGS: u32 = 2;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
/// The wait after each failed try of a message; the last one repeats itself.
const MESSAGE: [Duration; 7] = [
    Duration::from_secs(5),
    MINUTE,
    Duration::from_mins(15),
    HOUR,
    Duration::from_hours(6),
    Duration::from_hours(24),
    Duration::from_hours(7 * 24),
];
/// The same of a mailbox, which costs one command.
const MAILBOX: [Duration; 5] =
    [Duration::ZERO, MINUTE, Duration::from_mins(5), Duration::from_mins(15), HOUR];

/// What is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One mailbox.
    Mailbox,
    /// One message.
    Message,
}

impl Kind {
    fn waits(self) -> &'static [Duration] {
        match self {
            Self::Mailbox => &MAILBOX,
            Self::Message => &MESSAGE,
        }
    }

    /// The wait after so many failed tries.
    fn wait(self, tries: u32) -> Duration {
        let waits = self.waits();
        let at = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
        waits.get(at).or(waits.last()).copied().unwrap_or_default()
    }
}

/// Why a mailbox or a message is not mirrored at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The code of the last failure.
    pub code: String,
    /// What the last failure was, with the server's own words.
    pub reason: String,
    /// When the first try failed.
    pub since: Wall,
    /// When it is tried again.
    pub next: Wall,
    /// Failed tries in a row.
    pub tries: u32,
}

impl Trouble {
    /// One more try failed.
    #[must_use]
    pub fn again(old: Option<&Self>, kind: Kind, failure: &Failure, now: Wall) -> Self {
        let tries = old.map_or(0, |old| old.tries).saturating_add(1);
        Self {
            code: failure.code.to_owned(),
            reason: failure.to_string(),
            since: old.map_or(now, |old| old.since),
            next: now.after(kind.wait(tries)),
            tries,
        }
    }

    /// Whether it is to be tried now. A time beyond the longest wait is of a clock that was set.
    #[must_use]
    pub fn is_due(&self, kind: Kind, now: Wall) -> bool {
        self.next <= now || self.next > now.after(kind.wait(u32::MAX))
    }

    /// Whether it counts as set aside, and is told.
    #[must_use]
    pub fn is_aside(&self, kind: Kind) -> bool {
        self.tries
            >= match kind {
                Kind::Mailbox => OPENINGS,
                Kind::Message => TRIES,
            }
    }
}

/// Whether a failure is one of the whole account, so that no mailbox and no message is blamed for
/// it: the login, the provider's limits, this machine.
#[must_use]
pub fn concerns_account(failure: &Failure) -> bool {
    let area = failure.code.split('.').next().unwrap_or_default();
    matches!(failure.verdict, Verdict::SignInAgain | Verdict::Throttled(_) | Verdict::FixSettings)
        || matches!(area, "store" | "secrets" | "oauth" | "tls" | "account")
        || matches!(failure.code, "imap.session_ended" | "imap.not_connected")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: &'static str) -> Failure {
        Failure::of(code, "a step failed", Some("words of the server"))
    }

    #[test]
    fn waits_grow_and_the_first_failure_is_kept() {
        for (kind, aside) in [(Kind::Message, 3), (Kind::Mailbox, 2)] {
            let mut trouble: Option<Trouble> = None;
            let mut now = Wall(1_000);
            let mut last = Duration::ZERO;
            for tries in 1..=12 {
                let next = Trouble::again(trouble.as_ref(), kind, &failure("imap.refused"), now);
                assert_eq!((next.tries, next.since), (tries, Wall(1_000)));
                assert_eq!(next.is_aside(kind), tries >= aside);
                let wait = next.next.until_from(now);
                assert!(wait >= last && wait <= Duration::from_hours(7 * 24), "{wait:?}");
                assert_eq!(next.is_due(kind, now), wait.is_zero());
                assert!(next.is_due(kind, next.next));
                (last, now) = (wait, next.next);
                trouble = Some(next);
            }
            assert!(last >= HOUR);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let then = Wall(1_795_000_000_000);
        let trouble = Trouble::again(None, Kind::Message, &failure("net.lost"), then);
        assert!(!trouble.is_due(Kind::Message, then));
        assert!(trouble.is_due(Kind::Message, Wall(0)));
    }

    #[test]
    fn whose_failure_it_is() {
        for (code, of_account) in [
            ("imap.refused", false),
            ("imap.no_mailbox", false),
            ("imap.unavailable", false),
            ("imap.protocol", false),
            ("net.lost", false),
            ("net.timeout", false),
            ("imap.throttled", true),
            ("imap.auth", true),
            ("imap.not_connected", true),
            ("imap.session_ended", true),
            ("oauth.expired", true),
            ("store.full", true),
        ] {
            assert_eq!(concerns_account(&failure(code)), of_account, "{code}");
        }
    }
}
