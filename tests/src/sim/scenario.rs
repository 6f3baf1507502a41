//! A scenario is a byte string: it shrinks and mutates well, and reads as a list of steps.

use std::fmt;
use std::time::Duration;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are positions and seeds; each variant says what it does")]
pub enum Step {
    /// The world runs for this long.
    Wait(Duration),
    /// Mail arrives in a mailbox.
    Deliver { mailbox: u8, seed: u8 },
    /// The n-th message of a mailbox goes away on the server.
    Expunge { mailbox: u8, nth: u8 },
    /// The n-th message of a mailbox gets other flags on the server.
    Flag { mailbox: u8, nth: u8, flags: u8 },
    /// The mailbox gets a new UIDVALIDITY.
    NewValidity { mailbox: u8 },
    /// A mailbox is renamed on the server.
    Rename { mailbox: u8 },
    /// The person sends a mail; the number chooses its recipients, they choose the outcome.
    Send { recipient: u8 },
    /// The server ends all sessions with BYE.
    Bye,
    /// The server drops all connections.
    Drop,
    /// The next connection is reset after this many bytes.
    ResetAfter(u16),
    /// The next connection goes silent after this many bytes.
    SilentAfter(u16),
    /// The next connection is refused.
    Refuse,
    /// The next FETCH literal is cut short.
    LiteralCut(u8),
    /// The next command of a kind gets NO.
    No(u8),
    /// The end of data is taken, but its reply is lost.
    ReplyLost,
    /// The end of data and its message are lost.
    DotLost,
    /// The network is down for this long.
    Outage(Duration),
    /// The machine sleeps.
    Suspend(Duration),
    /// The wall clock jumps by this many minutes.
    WallJump(i16),
    /// The daemon is killed after so many turns of its tasks and started again on what was synced;
    /// a client may have asked for a send just before.
    Crash { turns: u8, send: bool },
}

/// Commands that may be refused.
pub const REFUSABLE: [&str; 6] = ["LOGIN", "AUTHENTICATE", "SELECT", "FETCH", "LIST", "APPEND"];
/// Recipients and the outcomes their names choose (`sandbox::smtp`).
pub const RECIPIENTS: [&str; 6] = [
    "friend@far.test",
    "reject@far.test",
    "tempfail@far.test",
    "greylist@far.test",
    "answer@far.test",
    "full@far.test",
];

/// One to three of [`RECIPIENTS`] by number.
#[must_use]
pub fn recipients(number: u8) -> Vec<&'static str> {
    let (number, kinds) = (usize::from(number), RECIPIENTS.len());
    // of the second and the third, 0 is none
    let more = [number / kinds % (kinds + 1), number / (kinds * (kinds + 1))];
    let more = more.into_iter().filter_map(|which| which.checked_sub(1));
    let mut people = vec![RECIPIENTS[number % kinds]];
    for email in more.map(|which| RECIPIENTS[which]) {
        if !people.contains(&email) {
            people.push(email);
        }
    }
    people
}

/// The most steps in a scenario: each costs virtual minutes and real milliseconds.
pub const STEPS: usize = 64;

/// Reads steps until the bytes end; every byte string is a scenario.
#[must_use]
pub fn decode(bytes: &[u8]) -> Vec<Step> {
    let mut rest = bytes.iter().copied();
    let mut steps = Vec::new();
    while steps.len() < STEPS {
        let Some(kind) = rest.next() else { break };
        let mut next = || rest.next().unwrap_or(0);
        steps.push(match kind % 26 {
            0..=3 => Step::Wait(Duration::from_secs(u64::from(next()) * 7 + 1)),
            4..=6 => Step::Deliver { mailbox: next(), seed: next() },
            7 => Step::Expunge { mailbox: next(), nth: next() },
            8 => Step::Flag { mailbox: next(), nth: next(), flags: next() },
            9 => Step::NewValidity { mailbox: next() },
            10 => Step::Rename { mailbox: next() },
            11..=13 => Step::Send { recipient: next() },
            14 => Step::Bye,
            15 => Step::Drop,
            16 => Step::ResetAfter(u16::from_le_bytes([next(), next()])),
            17 => Step::SilentAfter(u16::from_le_bytes([next(), next()])),
            18 => Step::Refuse,
            19 => Step::LiteralCut(next()),
            20 => Step::No(next()),
            21 => Step::ReplyLost,
            22 => Step::DotLost,
            23 => Step::Outage(Duration::from_secs(u64::from(next()) * 10 + 1)),
            24 => match next() % 2 {
                0 => Step::Suspend(Duration::from_secs(u64::from(next()) * 300 + 10)),
                _ => Step::WallJump(i16::from_le_bytes([next(), next()])),
            },
            _ => Step::Crash { turns: next(), send: next() % 2 == 0 },
        });
    }
    steps
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(time) => write!(f, "wait {} s", time.as_secs()),
            Self::Deliver { mailbox, seed } => {
                write!(f, "deliver mail {seed} to mailbox {mailbox}")
            }
            Self::Expunge { mailbox, nth } => {
                write!(f, "expunge message {nth} of mailbox {mailbox}")
            }
            Self::Flag { mailbox, nth, flags } => {
                write!(f, "flag message {nth} of mailbox {mailbox} with {flags:#04x}")
            }
            Self::NewValidity { mailbox } => write!(f, "new UIDVALIDITY for mailbox {mailbox}"),
            Self::Rename { mailbox } => write!(f, "rename mailbox {mailbox}"),
            Self::Send { recipient } => {
                write!(f, "send to {}", recipients(*recipient).join(", "))
            }
            Self::Bye => f.write_str("server says BYE"),
            Self::Drop => f.write_str("server drops all connections"),
            Self::ResetAfter(bytes) => write!(f, "next connection is reset after {bytes} bytes"),
            Self::SilentAfter(bytes) => {
                write!(f, "next connection goes silent after {bytes} bytes")
            }
            Self::Refuse => f.write_str("next connection is refused"),
            Self::LiteralCut(bytes) => write!(f, "next literal is cut after {bytes} bytes"),
            Self::No(which) => {
                write!(f, "next {} gets NO", REFUSABLE[usize::from(*which) % REFUSABLE.len()])
            }
            Self::ReplyLost => f.write_str("the reply to the final dot is lost"),
            Self::DotLost => f.write_str("the final dot is lost"),
            Self::Outage(time) => write!(f, "network down for {} s", time.as_secs()),
            Self::Suspend(time) => write!(f, "machine sleeps {} s", time.as_secs()),
            Self::WallJump(minutes) => write!(f, "wall clock jumps {minutes} min"),
            Self::Crash { turns, send } => {
                let sending = if *send { "sending, " } else { "" };
                write!(f, "{sending}after {turns} turns the daemon is killed and started again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_are_a_scenario_that_can_be_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        let steps = decode(&bytes);
        assert_eq!(steps.len(), STEPS);
        assert!(steps.iter().all(|step| !step.to_string().is_empty()));
        assert_eq!(decode(&bytes), steps);
        let crash = Step::Crash { turns: 9, send: false };
        assert_eq!(decode(&[14, 25, 9, 1]), [Step::Bye, crash]);
        assert_eq!(decode(&[]), []);
        let counts: Vec<usize> = (0..=u8::MAX).map(|number| recipients(number).len()).collect();
        assert_eq!(recipients(3), [RECIPIENTS[3]]);
        assert!([1, 2, 3].iter().all(|count| counts.contains(count)), "{counts:?}");
    }
}
