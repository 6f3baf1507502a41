//! The registry of conditions in the engine's own types: what an action of a row is as a verdict.

use super::Verdict;
use crate::event::Severity;

pub use chapar_conditions::{
    Action, Command, Condition, Names, Step, Who, all as conditions, find as condition,
};

impl From<Action> for Verdict {
    fn from(action: Action) -> Self {
        match action {
            Action::Retry => Self::Retry,
            Action::Throttled => Self::Throttled(None),
            Action::SignInAgain => Self::SignInAgain,
            Action::FixSettings => Self::FixSettings,
            Action::Refused => Self::Refused,
            Action::Unknown => Self::Unknown,
        }
    }
}

impl From<chapar_conditions::Severity> for Severity {
    fn from(severity: chapar_conditions::Severity) -> Self {
        match severity {
            chapar_conditions::Severity::Info => Self::Info,
            chapar_conditions::Severity::Warning => Self::Warning,
            chapar_conditions::Severity::Error => Self::Error,
        }
    }
}
