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

mod condition;
mod imap;
mod smtp;
mod words;

pub use condition::{Action, Command, Condition, Names, Step, Who, condition, conditions};
pub use imap::{ImapStep, MechanismRefusal, judge_imap, refuses_mechanism};
pub use smtp::{SmtpStep, is_of_mechanism, is_temporary, judge_smtp};

/// The longest wait a server may ask of us; longer ones are taken for mistakes.
pub const LONGEST_SUGGESTION: Duration = Duration::from_hours(1);

/// What an answer of a server means: the condition it is and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Key of the registry of conditions.
    pub code: &'static str,
    /// What to do.
    pub verdict: Verdict,
}

impl Judgement {
    /// A condition with the verdict of the table.
    #[must_use]
    pub fn of(code: &'static str) -> Self {
        let verdict = condition(code).map_or(Verdict::Retry, |row| row.action.into());
        Self { code, verdict }
    }

    /// With the wait the server asked for.
    fn throttled(code: &'static str, wait: Option<Duration>) -> Self {
        Self { code, verdict: Verdict::Throttled(wait) }
    }

    /// The failure with the attempt in words and the server's own text.
    #[must_use]
    pub fn failure(self, message: impl Into<String>, detail: Option<&str>) -> Failure {
        Failure {
            code: self.code,
            message: message.into(),
            detail: detail.and_then(clean_detail),
            verdict: self.verdict,
        }
    }
}

impl Failure {
    /// A failure with a code of the registry; its verdict is the table's. This is how failures of
    /// net, TLS, store and secrets are made.
    #[must_use]
    pub fn of(code: &'static str, message: impl Into<String>, detail: Option<&str>) -> Self {
        Judgement::of(code).failure(message, detail)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Failure {}

/// The server's words fit for one line; `None` when nothing is left.
fn clean_detail(text: &str) -> Option<String> {
    /// As much of a server's text as anybody reads.
    const DETAIL_CHARS: usize = 512;
    let line = crate::message::one_line(text, DETAIL_CHARS);
    (!line.is_empty()).then_some(line)
}

/// The wait in "Suggested Backoff Time: N milliseconds" (Microsoft), at most
/// [`LONGEST_SUGGESTION`].
fn suggested_wait(lower: &str) -> Option<Duration> {
    let (_, after) = lower.split_once("backoff time:")?;
    let digits = after.split_whitespace().next()?;
    let milliseconds = digits.parse().ok()?;
    Some(Duration::from_millis(milliseconds).min(LONGEST_SUGGESTION))
}

/// Whether one of `words` stands in `lower`.
fn says(lower: &str, words: &[&str]) -> bool {
    words.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests;
