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
    let wanted = context.named(args.account.as_deref())?;
    match wanted {
        Some(_) if args.all => {
            let message = "an account is named, and --all means every account";
            return Err(Fault::new("cli.usage", message)
                .without_commands()
                .hint("give one of them"));
        }
        None if !args.all => return Err(Fault::missing("what to forget", "an account or --all")),
        _ => {}
    }
    let mut daemon = context.open()?;
    let accounts = daemon.accounts()?;
    let account = wanted.map(|wanted| daemon.account(Some(wanted))).transpose()?;
    let mut call = DataForget {
        account_id: account.as_ref().map(|account| account.id.clone()),
        everything: args.all.then_some(true),
        discard_outbox: args.discard_outbox.then_some(true),
        dry_run: Some(true),
    };
    let found = daemon.call(&call)?;
    if args.change.dry_run {
        return would(context, account.as_ref(), &found, &accounts, args.discard_outbox);
    }
    if !args.change.yes {
        for line in listed(account.as_ref(), &found, &accounts) {
            context.screen.say(&line);
        }
    }
    // a name that is given has to be right, whatever else is said
    if !args.change.yes || args.confirm.is_some() {
        let name = account.as_ref().map_or(EVERYTHING, |account| account.name.as_str());
        let question = format!("Type {name:?} to forget this; the servers keep everything:");
        ask::confirm_name(context.screen, &question, name, args.confirm.as_deref())?;
    }
    call.dry_run = None;
    let gone = daemon.call_slow(&call, PATIENCE)?;
    // they lie outside of what the daemon keeps
    super::mail::forget_opened(context);
    tell(context, account.as_ref(), &gone)
}

/// What goes, line by line.
fn listed(account: Option<&Account>, found: &DataForgetReply, accounts: &[Account]) -> Vec<Line> {
    let mut lines = vec![Line::of(format!("  {} mirrored here", mails(found.mails)))];
    let item = |what: &str, name: &str| {
        Line::new().with(Style::Dim, format!("  {what:<8}")).text(name.to_owned())
    };
    if account.is_none() {
        let open = mails(found.open_submissions);
        lines.push(Line::of(format!("  {open} in the outbox, not sent")));
        let known = accounts.iter().filter(|account| found.account_ids.contains(&account.id));
        let whose = known.map(|account| format!("{} ({})", account.name, account.email));
        lines.extend(whose.map(|whose| item("account", &whose)));
        lines.extend(found.secrets.iter().map(|secret| item("secret", secret)));
    }
    lines.extend(found.paths.iter().map(|path| item("in", path)));
    lines
}

fn mails(number: u64) -> String {
    let word = if number == 1 { "mail" } else { "mails" };
    format!("{} {word}", count(number))
}

/// What would go, and that nothing did.
fn would(
    context: &Context<'_>,
    account: Option<&Account>,
    found: &DataForgetReply,
    accounts: &[Account],
    discards: bool,
) -> Result<(), Fault> {
    let screen = context.screen;
    if screen.form != Form::Human {
        return parts(context, account, found, true);
    }
    screen.answer(&Line::of(format!("Would forget {}:", whose_data(account))))?;
    screen.answers(&listed(account, found, accounts))?;
    let stays = match account {
        Some(_) => "It would be paused; its sign-in and what waits in its outbox would stay.",
        None => "What you configured would stay.",
    };
    screen.say(&Line::new().with(Style::Dim, stays));
    if account.is_none() && found.open_submissions > 0 && !discards {
        screen.caution("Mail waits in the outbox: it would be refused without --discard-outbox.");
    }
    Ok(())
}

/// What went.
fn tell(
    context: &Context<'_>,
    account: Option<&Account>,
    gone: &DataForgetReply,
) -> Result<(), Fault> {
    let screen = context.screen;
    if screen.form != Form::Human {
        return parts(context, account, gone, false);
    }
    let unsent = match account {
        None if gone.open_submissions > 0 => format!(", {} unsent", mails(gone.open_submissions)),
        _ => String::new(),
    };
    let done = format!(" Forgotten: {}, {}{unsent}.", whose_data(account), mails(gone.mails));
    screen.answer(&Line::new().with(Style::Good, "✓").text(done))?;
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

/// The same for programs.
fn parts(
    context: &Context<'_>,
    account: Option<&Account>,
    found: &DataForgetReply,
    dry_run: bool,
) -> Result<(), Fault> {
    let screen = context.screen;
    if screen.form == Form::Json {
        return screen.object("data.forget", json!({"forgotten": found, "dryRun": dry_run}));
    }
    let whose = account.map_or(EVERYTHING, |account| account.name.as_str());
    let done = if dry_run { "would forget" } else { "forgotten" };
    screen.fields([whose, &found.mails.to_string(), done])?;
    found.paths.iter().try_for_each(|path| screen.fields(["path", path]))
}

fn whose_data(account: Option<&Account>) -> String {
    account.map_or(EVERYTHING.to_owned(), |account| format!("the mail of {}", account.name))
}
