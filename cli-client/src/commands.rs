//! One module a command. A command asks the daemon, renders the answer and decides its exit code.

pub(crate) mod account;
pub(crate) mod config;
pub(crate) mod connect;
pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod first_sync;
#[cfg(test)]
mod golden;
pub(crate) mod help;
pub(crate) mod logs;
pub(crate) mod lookalike;
pub(crate) mod mail;
pub(crate) mod manual;
pub(crate) mod outbox;
pub(crate) mod plumbing;
pub(crate) mod send;
pub(crate) mod service;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod token;
pub(crate) mod watch;

use crate::args::Global;
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::screen::Screen;

/// What every command is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// Where to print.
    pub(crate) screen: &'a Screen,
    /// The flags of every command.
    pub(crate) global: &'a Global,
}

impl Context<'_> {
    /// A connection to the daemon, started when it is not running.
    pub(crate) fn open(&self) -> Result<Daemon, Fault> {
        Daemon::open(self.screen, self.global)
    }

    /// A connection to the daemon if it runs.
    pub(crate) fn running(&self) -> Result<Daemon, Fault> {
        Daemon::running(self.screen, self.global)
    }

    /// The account of `-a`.
    pub(crate) fn account(&self) -> Option<&str> {
        self.global.account.as_deref()
    }

    /// The account that a command is about: its own word or `-a`. Both may be given when they are
    /// the same; when they are not, nobody knows which one is meant.
    pub(crate) fn named<'n>(&'n self, word: Option<&'n str>) -> Result<Option<&'n str>, Fault> {
        match (word, self.account()) {
            (Some(word), Some(flag)) if !word.eq_ignore_ascii_case(flag) => {
                let message = format!("two accounts are named: {word:?}, and {flag:?} with -a");
                Err(Fault::new("cli.usage", message).without_commands().hint("name one of them"))
            }
            (word, flag) => Ok(word.or(flag)),
        }
    }
}
