//! After a change of server, login or password: does the account sign in with it?
//!
//! The change is saved by then, because the daemon signed in at both servers with it before. What
//! is told is that, and what the account itself came to when it went over to it.

use std::time::{Duration, Instant};

use chapar_ipc_protocol::account::{Account, AccountPatch, AccountState, Endpoint, Severity};
use chapar_ipc_protocol::event::{EventData, EventGet};
use chapar_ipc_protocol::id::Cursor;

use crate::commands::connect::read_account;
use crate::daemon::Daemon;
use crate::error::{Fault, Remedy};
use crate::render::progress::done_line;
use crate::screen::{Line, Screen, Style};

/// How long a sign-in is waited for: a slow server takes seconds; the daemon tries on afterwards.
const PATIENCE: Duration = Duration::from_secs(20);
/// One wait for news.
const NEWS_WAIT: Duration = Duration::from_secs(1);

/// What a change makes to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// Something about the way to the servers was given: the account signs in anew.
    given: bool,
    /// It is another way than before: both servers were asked before it was saved.
    proved: bool,
}

impl Proof {
    /// Of this change of that account.
    pub(super) fn of(account: &Account, patch: &AccountPatch) -> Self {
        let other = |new: &Option<Endpoint>, old: &Option<Endpoint>| new.is_some() && new != old;
        let anew = patch.password.is_some() || patch.ca_pem.is_some();
        Self {
            given: anew || patch.imap.is_some() || patch.smtp.is_some() || patch.user.is_some(),
            proved: anew
                || other(&patch.imap, &account.imap)
                || other(&patch.smtp, &account.smtp)
                || patch.user.as_ref().is_some_and(|user| *user != account.user),
        }
    }

    /// Tells what is proved; waits for the account's own sign-in unless it is paused.
    pub(super) fn show(
        self,
        screen: &Screen,
        daemon: &mut Daemon,
        before: &Account,
        cursor: Cursor,
    ) -> Result<(), Fault> {
        if self.given && !before.paused {
            await_sign_in(screen, daemon, before, cursor)?;
        }
        if self.proved {
            let now = read_account(daemon, &before.id)?;
            if before.paused {
                screen.say(&done_line("IMAP", &place(now.imap.as_ref()), None));
            }
            screen.say(&done_line("SMTP", &place(now.smtp.as_ref()), None));
        }
        Ok(())
    }
}

/// Waits for the sign-in with the new settings, and tells how it went.
fn await_sign_in(
    screen: &Screen,
    daemon: &mut Daemon,
    before: &Account,
    mut cursor: Cursor,
) -> Result<(), Fault> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let news = daemon.call_slow(&question(before, &cursor), NEWS_WAIT)?;
        cursor = news.cursor;
        for event in &news.events {
            match &event.data {
                EventData::AccountConnected(_) => {
                    let now = read_account(daemon, &before.id)?;
                    let ms = u64::try_from(began.elapsed().as_millis()).ok();
                    screen.say(&done_line("IMAP", &place(now.imap.as_ref()), ms));
                    return Ok(());
                }
                EventData::AccountOffline(_) | EventData::AccountAuthExpired(_) => {
                    return Err(refused(&read_account(daemon, &before.id)?));
                }
                EventData::HealthChanged(health) if health.severity == Severity::Error => {
                    return Err(refused(&read_account(daemon, &before.id)?));
                }
                _ => {}
            }
        }
    }
    let now = read_account(daemon, &before.id)?;
    if now.state != AccountState::Live {
        return Err(refused(&now));
    }
    let words = " saved; no sign-in with it was seen yet.  chapar status";
    screen.say(&Line::new().with(Style::Warn, "!").text(words));
    Ok(())
}

fn question(account: &Account, since: &Cursor) -> EventGet {
    EventGet {
        since: Some(since.clone()),
        types: Some(vec!["account.".to_owned(), "health.changed".to_owned()]),
        account_ids: Some(vec![account.id.clone()]),
        limit: None,
        wait_ms: u64::try_from(NEWS_WAIT.as_millis()).ok(),
    }
}

fn place(at: Option<&Endpoint>) -> String {
    at.map_or_else(String::new, |at| format!("{}:{}", at.host, at.port))
}

/// The change is saved, but the account does not work with it.
fn refused(account: &Account) -> Fault {
    let Some(health) = account.health.first() else {
        return Fault::new("account.settings", format!("{} does not sign in", account.name));
    };
    let message = format!("{}: saved, but {}", account.name, health.title);
    let mut fault = Fault::new(&health.code, message).without_commands();
    if let Some(detail) = &health.detail {
        fault = fault.because(detail.clone());
    }
    fault.remedy.push(Remedy {
        title: "change it again".to_owned(),
        command: ["chapar", "account", "update", &account.name].map(str::to_owned).to_vec(),
    });
    fault
}
