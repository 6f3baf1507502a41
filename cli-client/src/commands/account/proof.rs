//! After a change of server, login or password: does the account sign in with it?
//!
//! The change is saved by then. What is told is what the server said to it.

use std::time::{Duration, Instant};

use chapar_ipc_protocol::account::{Account, AccountState, Endpoint, Severity};
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

/// Waits for the sign-in with the new settings, and tells how it went.
pub(super) fn show(
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
