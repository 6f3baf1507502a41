//! Why a mail that was accepted is not on its way: its account is stopped, or no server is reached.

use chapar_ipc_protocol::account::{Account, AccountState, Health};
use chapar_ipc_protocol::submission::{EmailSubmission, Phase};

use serde_json::{Value, json};

use crate::commands::outbox::Counts;
use crate::error::{Fault, Remedy, shell_words};
use crate::screen::{Line, Screen};

/// What the conditions of a server that is not reached begin with. `tls.` is one: what has no valid
/// certificate is not the server.
const NOT_REACHED: [&str; 4] = ["net.", "tls.", "smtp.lost", "smtp.timeout"];

/// What holds mail up, and what helps.
#[derive(Debug, PartialEq)]
pub(super) struct Hold {
    code: String,
    /// What is the case, as a sentence without its end.
    pub(super) why: String,
    /// Until when the mail waits, as a clause.
    pub(super) until: String,
    /// The command that ends it.
    pub(super) remedy: Option<Vec<String>>,
    /// Nothing is tried before the person acts.
    stopped: bool,
}

impl Hold {
    /// What holds up the mail of this account now.
    pub(super) fn of(account: &Account) -> Option<Self> {
        let name = &account.name;
        let command = |words: &[&str]| {
            Some(["chapar"].iter().chain(words).map(|&word| word.to_owned()).collect())
        };
        let met = |health: &Health| health.remedy.first().filter(|it| !is_help(it)).cloned();
        let worst = account.health.first();
        let hold = |code: &str, why: String, until: &str, remedy, stopped| Self {
            code: code.to_owned(),
            why,
            until: until.to_owned(),
            remedy,
            stopped,
        };
        let code = |usual: &str| worst.map_or(usual.to_owned(), |health| health.code.clone());
        Some(match account.state {
            AccountState::Paused => hold(
                "account.not_running",
                format!("{name} is paused"),
                &format!("you resume {name}"),
                command(&["account", "resume", name]),
                true,
            ),
            AccountState::AuthExpired => hold(
                &code("imap.auth"),
                format!("{name} cannot sign in"),
                "you sign in again",
                worst.and_then(met).or_else(|| command(&["account", "reconnect", name])),
                true,
            ),
            AccountState::SettingsWrong => hold(
                &code("account.settings"),
                format!("a setting of {name} is wrong"),
                "you correct the setting",
                worst.and_then(met).or_else(|| command(&["account", "show", name])),
                true,
            ),
            _ => {
                let health = account.health.iter().find(|health| is_not_reached(&health.code));
                let offline = account.state == AccountState::Offline;
                let code = match health {
                    Some(health) => health.code.as_str(),
                    None if offline => "net.unreachable",
                    None => return None,
                };
                hold(
                    code,
                    format!("the servers of {name} cannot be reached now"),
                    "the servers answer again",
                    command(&["doctor", name]),
                    false,
                )
            }
        })
    }

    /// Whether nothing is to be waited for: the account is stopped, or this mail was tried in vain.
    pub(super) fn ends_waiting_for(&self, submission: &EmailSubmission) -> bool {
        let tried = submission.attempts > 0;
        submission.phase == Phase::Queued && (self.stopped || tried)
    }

    /// Tells it beside the answer.
    pub(super) fn tell(&self, screen: &Screen) {
        screen.caution(&format!("The mail waits until {}: {}.", self.until, self.why));
        if let Some(command) = &self.remedy {
            screen.say(&Line::of(format!("  {}", shell_words(command))));
        }
    }

    /// The same for programs.
    pub(super) fn to_json(&self) -> Value {
        json!({"code": self.code, "title": self.why, "command": self.remedy})
    }

    /// As the end of a command that was to wait.
    pub(super) fn into_fault(self, submission: &EmailSubmission) -> Fault {
        let Self { code, why, until, remedy, .. } = self;
        let id = submission.id.0.as_str();
        let counts = Counts::of(submission);
        let message = if counts.are_mixed() {
            format!(
                "{id} is not sent to all ({counts}): {why}. The rest stays in the outbox until {until}"
            )
        } else {
            format!("{id} is not sent: {why}. The mail stays in the outbox until {until}")
        };
        let mut fault = Fault::new(&code, message).without_commands();
        fault.exit = crate::error::exit::TEMPORARY;
        let commands = remedy.into_iter().map(|command| Remedy { title: String::new(), command });
        fault.remedy.extend(commands);
        let command = ["chapar", "outbox", "show", id].map(str::to_owned).to_vec();
        fault.remedy.push(Remedy { title: String::new(), command });
        fault
    }
}

fn is_help(command: &[String]) -> bool {
    command.get(1).is_some_and(|word| word == "help")
}

fn is_not_reached(code: &str) -> bool {
    NOT_REACHED.iter().any(|start| code.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(state: AccountState, code: Option<&str>) -> Account {
        let health = code.map(|code| Health { code: code.to_owned(), ..Health::default() });
        Account {
            name: "ana".to_owned(),
            state,
            health: health.into_iter().collect(),
            ..Account::default()
        }
    }

    fn submission(attempts: u32) -> EmailSubmission {
        EmailSubmission { attempts, phase: Phase::Queued, ..EmailSubmission::default() }
    }

    #[test]
    fn an_account_at_work_holds_nothing_up() {
        for (state, code) in [
            (AccountState::Live, None),
            (AccountState::Syncing, None),
            (AccountState::Connecting, None),
            // a server that said no was reached: what it said is told as its reply
            (AccountState::Live, Some("smtp.busy")),
            (AccountState::Throttled, Some("imap.throttled")),
        ] {
            assert_eq!(Hold::of(&account(state, code)), None, "{state:?} {code:?}");
        }
    }

    #[test]
    fn a_stopped_account_ends_a_wait_at_once() {
        for (state, code, command) in [
            (AccountState::Paused, None, "chapar account resume ana"),
            (AccountState::AuthExpired, Some("imap.auth"), "chapar account reconnect ana"),
            (AccountState::SettingsWrong, None, "chapar account show ana"),
        ] {
            let hold = Hold::of(&account(state, code)).unwrap();
            assert_eq!(hold.remedy.as_ref().unwrap().join(" "), command);
            assert!(hold.ends_waiting_for(&submission(0)), "{state:?}");
            let fault = hold.into_fault(&submission(0));
            assert_eq!(fault.exit, 75);
            assert!(chapar_conditions::find(&fault.code).is_some(), "{}", fault.code);
        }
    }

    #[test]
    fn a_server_that_is_not_reached_ends_a_wait_after_one_try() {
        for (state, code) in [
            (AccountState::Offline, None),
            (AccountState::Live, Some("net.refused")),
            (AccountState::Live, Some("smtp.timeout")),
            (AccountState::Offline, Some("tls.expired")),
        ] {
            let hold = Hold::of(&account(state, code)).unwrap();
            assert!(!hold.ends_waiting_for(&submission(0)), "it may be reached yet");
            assert!(hold.ends_waiting_for(&submission(1)));
        }
    }
}
