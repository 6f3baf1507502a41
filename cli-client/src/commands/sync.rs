//! `chapar sync`: ask the servers for changes now.

use std::time::Duration;

use chapar_ipc_protocol::account::{AccountState, AccountSync};
use serde_json::json;

use super::Context;
use crate::args::SyncArgs;
use crate::error::{Fault, exit};
use crate::render::progress::Progress;
use crate::screen::{Form, Line, Style};

/// Longest wait for one pass of `--wait`: a first sync over a slow line.
const PASS_TIME: Duration = Duration::from_hours(1);
/// Without `--wait` the pass goes on by itself; this long is enough to hear a refusal.
const REFUSAL_TIME: Duration = Duration::from_millis(300);

/// Syncs one account, or all that are not paused.
pub(crate) fn run(context: &Context<'_>, args: &SyncArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let wanted = context.named(args.account.as_deref())?;
    let mut daemon = context.open()?;
    let accounts = if let Some(wanted) = wanted {
        vec![daemon.account(Some(wanted))?]
    } else {
        let mut accounts = daemon.accounts()?;
        accounts.retain(|account| account.state != AccountState::Paused);
        accounts
    };
    if accounts.is_empty() && wanted.is_none() {
        return daemon.account(None).map(|_| exit::OK);
    }
    let mut done = Vec::new();
    for account in &accounts {
        let call = AccountSync { account_id: account.id.clone(), progress_token: None };
        if args.wait {
            let mut progress = Progress::waiting(screen, format!("Syncing {}", account.name));
            let progress_token = screen.redraws.then(|| format!("sync-{}", std::process::id()));
            let call = AccountSync { progress_token, ..call };
            daemon.call_watched(&call, PASS_TIME, &mut progress)?;
        } else {
            match daemon.call_within(&call, REFUSAL_TIME) {
                // no answer yet: the pass is under way, on its own connection from here on
                Err(fault) if fault.code == "socket.timeout" => daemon = context.open()?,
                other => {
                    other?;
                }
            }
        }
        done.push(json!({"id": account.id, "name": account.name, "done": args.wait}));
        if screen.form == Form::Human {
            let words = if args.wait { "synced" } else { "syncing" };
            screen.answer(
                &Line::new().with(Style::Good, "✓").text(format!(" {} {words}", account.name)),
            )?;
        }
    }
    if screen.form == Form::Json {
        screen.object("sync", json!({"accounts": done}))?;
    }
    Ok(exit::OK)
}
