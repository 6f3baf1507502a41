//! Following a first sync: real counts, the cause when nothing moves; Ctrl-C leaves it running.

use std::time::Duration;

use chapar_ipc_protocol::account::{Account, AccountState};
use chapar_ipc_protocol::event::{EventData, EventGet};
use chapar_ipc_protocol::id::{AccountId, Cursor};

use super::connect::read_account;
use crate::daemon::Daemon;
use crate::error::{Fault, Remedy};
use crate::interrupt::Interrupt;
use crate::render::progress::{Progress, Step};
use crate::render::time::{count, span};
use crate::screen::{Form, Line, Screen, Style};

/// How often the counts are asked for.
const TICK: Duration = Duration::from_millis(200);

/// How a first sync ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Mails mirrored.
    pub(crate) emails: u64,
    /// How long it was followed.
    pub(crate) ms: u64,
}

/// Follows the first sync of an account from `since`; `None` when the person left it running.
pub(crate) fn follow(
    screen: &Screen,
    daemon: &mut Daemon,
    id: &AccountId,
    since: &Cursor,
) -> Result<Option<Ended>, Fault> {
    let interrupt = Interrupt::listen();
    let mut progress = Progress::waiting(screen, "Looking at the mailboxes");
    let mut cursor = since.clone();
    let mut headed = false;
    loop {
        let account = read_account(daemon, id)?;
        if let Some(fault) = stopped(&account) {
            return Err(fault);
        }
        if let Some(step) = step(&account) {
            if !headed {
                headed = true;
                progress.clear();
                screen.say(&heading(step.total));
            }
            progress.show(step);
        } else if !headed {
            progress.tick();
        }
        let news = daemon.call_slow(&question(id, &cursor), TICK)?;
        for event in &news.events {
            if let EventData::SyncCompleted(completed) = &event.data
                && completed.initial
            {
                progress.clear();
                let took = progress.took();
                tell_end(screen, completed.emails, took);
                let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                return Ok(Some(Ended { emails: completed.emails, ms }));
            }
        }
        cursor = news.cursor;
        if interrupt.came() {
            progress.clear();
            screen.say(&Line::of(
                "Left running: the first sync goes on in the background.  chapar status",
            ));
            return Ok(None);
        }
    }
}

fn question(id: &AccountId, since: &Cursor) -> EventGet {
    EventGet {
        since: Some(since.clone()),
        types: Some(vec!["sync.completed".to_owned()]),
        account_ids: Some(vec![id.clone()]),
        limit: None,
        wait_ms: u64::try_from(TICK.as_millis()).ok(),
    }
}

fn heading(total: u64) -> Line {
    Line::of(format!("First sync: the newest {} mails", count(total)))
        .with(Style::Dim, "   Ctrl-C leaves it running")
}

fn tell_end(screen: &Screen, emails: u64, took: Duration) {
    if screen.form == Form::Json {
        return;
    }
    let took = span(took.try_into().unwrap_or_default());
    screen.say(&Line::new().with(Style::Good, "✓").text(format!(
        " Inbox ready in {took}, {} mails. New mail now arrives by push.",
        count(emails)
    )));
}

fn step(account: &Account) -> Option<Step> {
    let progress = account.progress.as_ref()?;
    let cause = progress.stalled.clone().or_else(|| {
        let unwell = matches!(account.state, AccountState::Offline | AccountState::Throttled);
        account.health.first().filter(|_| unwell).map(|health| health.title.clone())
    });
    Some(Step {
        done: progress.done,
        total: progress.total,
        place: progress.mailbox.clone(),
        bytes: Some(progress.bytes),
        cause,
    })
}

/// The fault that stops an account until a person acts.
pub(crate) fn stopped(account: &Account) -> Option<Fault> {
    if !matches!(account.state, AccountState::AuthExpired | AccountState::SettingsWrong) {
        return None;
    }
    let Some(health) = account.health.first() else {
        return Some(Fault::new("account.settings", format!("{} needs you", account.name)));
    };
    let mut fault = Fault::new(&health.code, format!("{}: {}", account.name, health.title));
    if let Some(detail) = &health.detail {
        fault = fault.because(detail.clone());
    }
    if !health.remedy.is_empty() {
        fault.remedy = health
            .remedy
            .iter()
            .map(|command| Remedy { title: String::new(), command: command.clone() })
            .collect();
    }
    Some(fault)
}
