//! `chapar data`: what chapar holds on this machine, and letting go of it.

use std::time::Duration;

use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::data::{DataForget, DataForgetReply};
use serde_json::json;

use super::Context;
use crate::args::{DataCommand, ForgetArgs};
use crate::ask;
use crate::error::{Fault, exit, shell_words};
use crate::render::time::count;
use crate::screen::{Form, Line, Style};

/// Providers are asked to take sign-ins back, and large files are written anew.
const PATIENCE: Duration = Duration::from_mins(5);
/// What is typed, or given with `--confirm`, to forget everything.
const EVERYTHING: &str = "everything";

/// Runs a data command.
pub(crate) fn run(context: &Context<'_>, command: &DataCommand) -> Result<u8, Fault> {
    match command {
        DataCommand::Forget(args) => forget(context, args)?,
    }
    Ok(exit::OK)
}

fn forget(context: &Context<'_>, args: &ForgetArgs) -> Result<(), Fault> {
    let mut daemon = context.open()?;
    let account = match context.named(args.account.as_deref())? {
        Some(_) if args.all => {
            let message = "an account is named, and --all means every account";
            return Err(Fault::new("cli.usage", message)
                .without_commands()
                .hint("give one of them"));
        }
        None if !args.all => return Err(Fault::missing("what to forget", "an account or --all")),
        None => None,
        wanted => Some(daemon.account(wanted)?),
    };
    let mut call = DataForget {
        account_id: account.as_ref().map(|account| account.id.clone()),
        everything: args.all.then_some(true),
        discard_outbox: args.discard_outbox.then_some(true),
        dry_run: Some(true),
    };
    let found = daemon.call(&call)?;
    if args.change.dry_run {
        return tell(context, account.as_ref(), &found, true);
    }
    if !args.change.yes {
        for line in listed(account.as_ref(), &found) {
            context.screen.say(&line);
        }
        let name = account.as_ref().map_or(EVERYTHING, |account| account.name.as_str());
        let question = format!("Type {name:?} to forget this; the servers keep everything:");
        ask::confirm_name(context.screen, &question, name, args.confirm.as_deref())?;
    }
    call.dry_run = None;
    let gone = daemon.call_slow(&call, PATIENCE)?;
    tell(context, account.as_ref(), &gone, false)
}

/// What goes, line by line.
fn listed(account: Option<&Account>, found: &DataForgetReply) -> Vec<Line> {
    let mut lines = vec![Line::of(format!("  {} mirrored here", mails(found.mails)))];
    let item = |what: &str, name: &str| {
        Line::new().with(Style::Dim, format!("  {what:<8}")).text(name.to_owned())
    };
    if account.is_none() {
        let open = mails(found.open_submissions);
        lines.push(Line::of(format!("  {open} in the outbox, not sent")));
        lines.extend(found.account_ids.iter().map(|id| item("account", &id.0)));
        lines.extend(found.secrets.iter().map(|secret| item("secret", secret)));
    }
    lines.extend(found.paths.iter().map(|path| item("in", path)));
    lines
}

fn mails(number: u64) -> String {
    let word = if number == 1 { "mail" } else { "mails" };
    format!("{} {word}", count(number))
}

fn tell(
    context: &Context<'_>,
    account: Option<&Account>,
    found: &DataForgetReply,
    dry_run: bool,
) -> Result<(), Fault> {
    let screen = context.screen;
    let whose = account.map_or("everything", |account| account.name.as_str());
    match screen.form {
        Form::Json => {
            return screen.object("data.forget", json!({"forgotten": found, "dryRun": dry_run}));
        }
        Form::Plain => {
            let done = if dry_run { "would forget" } else { "forgotten" };
            screen.fields([whose, &found.mails.to_string(), done])?;
            return found.paths.iter().try_for_each(|path| screen.fields(["path", path]));
        }
        Form::Human => {}
    }
    let what = match account {
        Some(account) => format!("the mail of {}", account.name),
        None => "everything".to_owned(),
    };
    if dry_run {
        screen.answer(&Line::of(format!("Would forget {what}:")))?;
        screen.answers(&listed(account, found))?;
    } else {
        let done = format!(" Forgotten: {what}, {}.", mails(found.mails));
        screen.answer(&Line::new().with(Style::Good, "✓").text(done))?;
    }
    let stays = match account {
        Some(account) => {
            let words = ["chapar", "account", "resume", &account.name].map(str::to_owned);
            format!("It is paused. To mirror it again:  {}", shell_words(&words))
        }
        None => "What you configured stays:  chapar config path".to_owned(),
    };
    screen.say(&Line::new().with(Style::Dim, stays));
    Ok(())
}
