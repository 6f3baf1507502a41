//! What an account says of itself right now: the columns of `chapar status`. A picture, never a
//! fact that anything is decided by.

use chapar_engine::account::{Account, State};
use chapar_engine::event::Severity;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, Names, Who, condition};
use std::time::Duration;

/// Where an account stands right now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of `chapar status`")]
pub struct Report {
    pub state: State,
    pub last_check: Option<Wall>,
    pub last_new: Option<Wall>,
    /// `IDLE, INBOX`; `None` while no push session stands.
    pub push: Option<String>,
    pub progress: Option<Progress>,
    pub health: Vec<Condition>,
    /// Push sessions that something on the way cut.
    pub cuts: Cuts,
}

/// Push sessions that were cut while nothing was said: what a proxy or a router does to links that
/// are silent for longer than it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "a count and a time")]
pub struct Cuts {
    pub seen: u32,
    /// How long the shortest of them had stood.
    pub shortest: Option<Duration>,
}

impl Cuts {
    /// One more, of a session that had stood so long.
    #[must_use]
    pub fn and(self, stood: Duration) -> Self {
        let shortest = self.shortest.map_or(stood, |shortest| shortest.min(stood));
        Self { seen: self.seen.saturating_add(1), shortest: Some(shortest) }
    }
}

impl Report {
    /// The report of an account that has not done anything yet.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self {
            state,
            last_check: None,
            last_new: None,
            push: None,
            progress: None,
            health: vec![],
            cuts: Cuts::default(),
        }
    }
}

/// How far the mirror is while something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts of messages and bytes")]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    pub mailbox: Option<String>,
    /// Bytes received in this pass.
    pub bytes: u64,
    /// Why nothing moves, when nothing moves.
    pub stalled: Option<String>,
}

impl Progress {
    /// Nothing is missing any more: what the pass still does is no progress of the mirror.
    #[must_use]
    pub fn unless_whole(self) -> Option<Self> {
        Some(self).filter(|progress| progress.done < progress.total)
    }
}

/// Something a person may have to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members of a health object on the wire")]
pub struct Condition {
    pub code: String,
    pub severity: Severity,
    pub since: Wall,
    pub title: String,
    pub detail: Option<String>,
    /// Who can end it.
    pub who: Who,
    pub remedy: Vec<Vec<String>>,
}

impl Condition {
    /// What a failure of `account` says about it, in the words of the registry.
    #[must_use]
    pub fn of(failure: &Failure, account: Option<&Account>, since: Wall) -> Self {
        let names = Names {
            account: account.map(|account| account.name.as_str()),
            address: account.map(|account| account.email.as_str()),
        };
        let row = condition(failure.code);
        let mut remedy = row.map(|row| row.commands_for(names)).unwrap_or_default();
        remedy.truncate(COMMANDS);
        remedy.retain(|command| !LOOKS.contains(&command.get(1).map_or("", String::as_str)));
        remedy.push(["chapar", "help", failure.code].map(str::to_owned).to_vec());
        Self {
            code: failure.code.to_owned(),
            severity: row.map_or(Severity::Warning, |row| row.severity.into()),
            since,
            title: failure.message.clone(),
            detail: failure.detail.clone(),
            who: row.map_or(Who::Nobody, |row| row.who),
            remedy,
        }
    }
}

/// Commands named beside a condition; the help page has the others.
const COMMANDS: usize = 2;
/// Commands that only look: whoever reads a condition is looking already.
const LOOKS: [&str; 3] = ["status", "help", "logs"];

/// The word for a state on the wire and in `chapar status --json`.
#[must_use]
pub fn word(state: State) -> &'static str {
    match state {
        State::Connecting => "connecting",
        State::Syncing => "syncing",
        State::Live => "live",
        State::Offline => "offline",
        State::Throttled => "throttled",
        State::AuthExpired => "authExpired",
        State::SettingsWrong => "settingsWrong",
        State::Paused => "paused",
    }
}
