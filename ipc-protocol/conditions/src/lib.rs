//! Every condition chapar can be in, as data: the one registry behind errors, health, `doctor`,
//! notifications, help pages and exit codes.
//!
//! Owns what a code means, whose job it is and what mends it. A code is used in the product if and
//! only if it has a row here. Must never do anything: no IO, no dependency, no state.

mod doctor;
pub mod exit;
mod integration;
mod ladder;
mod remedy;
mod table;

pub use doctor::Doctor;
pub use integration::Integration;
pub use ladder::Step;
pub use remedy::{Command, Method, Names};

/// What chapar does about a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Backs off and tries again; state is kept.
    Retry,
    /// Waits as long as the provider asks.
    Throttled,
    /// Stops the account until the person signed in again.
    SignInAgain,
    /// Stops the account until a setting is right.
    FixSettings,
    /// Gives this one step up; everything else goes on.
    Refused,
    /// It may have had an effect: it is found out, never repeated blindly.
    Unknown,
}

impl Action {
    /// Its stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Throttled => "throttled",
            Self::SignInAgain => "signInAgain",
            Self::FixSettings => "fixSettings",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// How bad a condition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, but not fully.
    Warning,
    /// Does not work.
    Error,
}

/// Who can end a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The person at this machine.
    You,
    /// Whoever administers the person's mail domain.
    Admin,
    /// Whoever runs the mail server.
    Provider,
    /// Nobody: it passes, or the network has to come back.
    Nobody,
    /// The recipient or the recipient's server.
    Recipient,
}

impl Who {
    /// Its stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::Admin => "admin",
            Self::Provider => "provider",
            Self::Nobody => "nobody",
            Self::Recipient => "recipient",
        }
    }

    /// Whose job it is, for people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::You => "Who can fix it: you.",
            Self::Admin => "Who can fix it: your administrator.",
            Self::Provider => "Who can fix it: your provider.",
            Self::Nobody => "Nothing to do: chapar retries.",
            Self::Recipient => "Who can fix it: the recipient or their provider.",
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Stable code, `area.reason`.
    pub code: &'static str,
    /// What chapar does about it.
    pub action: Action,
    /// How bad it is.
    pub severity: Severity,
    /// Who can end it.
    pub who: Who,
    /// What a command that ends with it exits with; see [`exit`].
    pub exit: u8,
    /// What is the case, a few words.
    pub title: &'static str,
    /// Why it happens and what chapar did.
    pub cause: &'static str,
    /// What to do in one breath, where the first of `what` does not say it.
    pub brief: Option<&'static str>,
    /// What to do, likely things first; whole sentences.
    pub what: &'static [&'static str],
    /// Commands that help, the first to try first; `{account}`, `{address}` and the like stand for
    /// what [`Names`] or the reader knows.
    pub commands: &'static [&'static str],
    /// The call that helps, for programs.
    pub method: Option<Method>,
    /// Where it is mended in a browser, by provider key.
    pub links: &'static [(&'static str, &'static str)],
}

impl Condition {
    /// The parts that many rows leave out.
    const BLANK: Self = Self {
        code: "",
        action: Action::Refused,
        severity: Severity::Error,
        who: Who::You,
        exit: exit::BUG,
        title: "",
        cause: "",
        brief: None,
        what: &[],
        commands: &[],
        method: None,
        links: &[],
    };

    /// What to do in one breath.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.brief.or(self.what.first().copied()).unwrap_or_default()
    }

    /// What to do in one breath about an attempt that saved nothing: nobody but the person tries it
    /// again.
    #[must_use]
    pub fn advice_unsaved(&self) -> String {
        let advice = self.advice();
        let passes = matches!(self.action, Action::Retry | Action::Throttled);
        if !passes || !advice.contains(PROMISE) {
            return advice.to_owned();
        }
        let sentences = advice.split_inclusive(". ");
        let rest: String = sentences.filter(|sentence| !sentence.contains(PROMISE)).collect();
        format!("{UNSAVED} {rest}").trim_end().to_owned()
    }

    /// Where it is mended in a browser, for an account at `provider`.
    #[must_use]
    pub fn link(&self, provider: &str) -> Option<&'static str> {
        self.links.iter().find(|(key, _)| *key == provider).map(|(_, link)| *link)
    }
}

/// Said of what passes, where nothing is saved that could be tried again.
const UNSAVED: &str = "Nothing was saved: run the same command again in a few minutes.";
/// What only what is saved can be promised.
const PROMISE: &str = "by itself";

/// Every row, by area.
pub fn all() -> impl Iterator<Item = &'static Condition> {
    table::AREAS.iter().copied().flatten()
}

/// The row of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Condition> {
    all().find(|row| row.code == code)
}

#[cfg(test)]
mod tests;
