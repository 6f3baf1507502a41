//! What an account says of itself right now: the columns of `chapar status`. A picture, never a
//! fact that anything is decided by.

use chapar_engine::account::State;
use chapar_engine::event::Severity;
use chapar_engine::time::Wall;

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
}

impl Report {
    /// The report of an account that has not done anything yet.
    #[must_use]
    pub fn new(state: State) -> Self {
        Self { state, last_check: None, last_new: None, push: None, progress: None, health: vec![] }
    }
}

/// How far a first sync is.
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

/// Something a person may have to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the members of a health object on the wire")]
pub struct Condition {
    pub code: String,
    pub severity: Severity,
    pub since: Wall,
    pub title: String,
    pub detail: Option<String>,
    pub remedy: Vec<Vec<String>>,
}

/// The commands that end a condition of the account `name`.
#[must_use]
pub fn remedies(code: &str, name: &str) -> Vec<Vec<String>> {
    let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let explain = command(&["chapar", "help", code]);
    match code {
        "imap.auth" | "smtp.auth" | "secrets.missing" | "secrets.corrupt" => {
            vec![command(&["chapar", "account", "update", name, "--password-stdin"]), explain]
        }
        _ if code.starts_with("net.") => vec![command(&["chapar", "sync", name]), explain],
        _ => vec![explain],
    }
}

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
