//! The one table of what a failure means and what to do next.

use std::time::Duration;

/// What to do about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Back off and try again; state is kept.
    Retry,
    /// The provider asks to slow down; at least this long when it said so.
    Throttled(Option<Duration>),
    /// The credential is refused: stop the account, ask once, keep mail and queue.
    SignInAgain,
    /// A setting is wrong: stop the account and say which.
    FixSettings,
    /// This step or submission is refused; the account goes on.
    Refused,
    /// It may have had an effect: never repeat blindly, find out.
    Unknown,
}

/// A failure in the words of the engine: what was attempted and how it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable code, `area.reason` (`tls.expired`, `imap.auth`, `net.refused`): the key of the table
    /// of conditions, help pages and remedies.
    pub code: &'static str,
    /// The attempt and its object, one sentence for a person.
    pub message: String,
    /// The other side's own words, if any, cleaned of control characters.
    pub detail: Option<String>,
    /// What to do.
    pub verdict: Verdict,
}
