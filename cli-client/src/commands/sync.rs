//! `chapar sync`: ask the servers for changes now.

use std::time::Duration;

use chapar_ipc_protocol::account::{Account, AccountState, AccountSync};
use serde_json::json;

use super::Context;
use crate::args::SyncArgs;
use crate::daemon::Daemon;
use crate::error::{Fault, exit};
use crate::render::progress::Progress;
use crate::screen::{Form, Line, Style, wrap};

/// Longest wait for one pass of `--wait`: a first sync over a slow line.
const PASS_TIME: Duration = Duration::from_hours(1);
/// Without `--wait` the pass goes on by itself; this long is enough to hear a refusal.
const REFUSAL_TIME: Duration = Duration::from_millis(300);

/// Syncs one account, or all that are not paused; those are named.
pub(crate) fn run(context: &Context<'_>, args: &SyncArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let wanted = context.named(args.account.as_deref())?;
    let mut daemon = context.open()?;
    let (accounts, paused) = if let Some(wanted) = wanted {
        (vec![daemon.account(Some(wanted))?], Vec::new())
    } else {
        let is_asked = |account: &Account| account.state != AccountState::Paused;
        daemon.accounts()?.into_iter().partition(is_asked)
    };
    if accounts.is_empty() && paused.is_empty() {
        return daemon.account(None).map(|_| exit::OK);
    }
    if args.wait && accounts.len() > 1 {
        // all of them work at the same time; who is waited for first is told first
        for account in &accounts {
            let _asked = ask(context, &mut daemon, account, false)?;
        }
    }
    let mut told = Vec::new();
    for account in &paused {
        let (id, name) = (&account.id, &account.name);
        told.push(json!({"id": id, "name": name, "done": false, "paused": true}));
        if screen.form == Form::Plain {
            screen.fields([id.as_ref(), name, "paused"])?;
        }
        if screen.form == Form::Human {
            let line = format!("· {name} is paused.  chapar account resume {name}");
            screen.answer(&Line::new().with(Style::Dim, line))?;
        }
    }
    let mut failed: Option<Fault> = None;
    for account in &accounts {
        let end = ask(context, &mut daemon, account, args.wait)?;
        let (id, name) = (&account.id, &account.name);
        match end {
            Ok(()) => {
                told.push(json!({"id": id, "name": name, "done": args.wait}));
                let words = if args.wait { "synced" } else { "syncing" };
                if screen.form == Form::Plain {
                    screen.fields([id.as_ref(), name, words])?;
                }
                if screen.form == Form::Human {
                    let line = Line::new().with(Style::Good, "✓");
                    screen.answer(&line.text(format!(" {name} {words}")))?;
                }
            }
            Err(fault) if accounts.len() == 1 => return Err(fault),
            Err(fault) => {
                let error = fault.to_json();
                told.push(json!({"id": id, "name": name, "done": false, "error": error}));
                if screen.form == Form::Plain {
                    screen.fields([id.as_ref(), name, "failed", &fault.code])?;
                }
                if screen.form == Form::Human {
                    screen.answers(&refusal(account, &fault, screen.width))?;
                }
                failed.get_or_insert(fault);
            }
        }
    }
    if screen.form == Form::Json {
        screen.object("sync", json!({"accounts": told}))?;
    }
    Ok(failed.map_or(exit::OK, |fault| fault.exit))
}

/// Asks for one account's sync. The inner error is the account's own and stops no other one.
fn ask(
    context: &Context<'_>,
    daemon: &mut Daemon,
    account: &Account,
    wait: bool,
) -> Result<Result<(), Fault>, Fault> {
    let call = AccountSync { account_id: account.id.clone(), progress_token: None };
    let end = if wait {
        let screen = context.screen;
        let mut progress = Progress::waiting(screen, format!("Syncing {}", account.name));
        let progress_token = screen.redraws.then(|| format!("sync-{}", std::process::id()));
        let call = AccountSync { progress_token, ..call };
        daemon.call_watched(&call, PASS_TIME, &mut progress)
    } else {
        daemon.call_within(&call, REFUSAL_TIME)
    };
    match end {
        Ok(_) => Ok(Ok(())),
        // no answer yet: the pass is under way, on its own connection from here on
        Err(fault) if fault.code == "socket.timeout" => {
            *daemon = context.open()?;
            Ok(if wait { Err(fault) } else { Ok(()) })
        }
        Err(fault) if fault.code.starts_with("socket.") => Err(fault),
        Err(fault) => Ok(Err(fault)),
    }
}

/// What kept one account of several from its sync.
fn refusal(account: &Account, fault: &Fault, width: usize) -> Vec<Line> {
    let text = format!("{}: {}", account.name, fault.message);
    let mut lines = wrap(&text, width.saturating_sub(2)).into_iter();
    let first = lines.next().unwrap_or_default();
    let first = Line::new().with(Style::Bad, "✗").text(format!(" {first}"));
    let mut lines: Vec<Line> =
        std::iter::once(first).chain(lines.map(|line| Line::of(format!("  {line}")))).collect();
    lines.push(Line::new().with(Style::Dim, format!("  chapar help {}", fault.code)));
    lines
}
