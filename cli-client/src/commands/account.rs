//! `chapar account`: see, change, pause, resume, remove.

mod proof;
mod reconnect;

use std::time::Duration;

use chapar_ipc_protocol::account::{Account, AccountPatch, AccountSet, Endpoint};
use chapar_ipc_protocol::connect::AuthKind;
use chapar_ipc_protocol::data::DataForget;
use chapar_ipc_protocol::mailbox::{Mailbox, MailboxGet};
use chapar_ipc_protocol::secret::Secret;
use chapar_ipc_protocol::standard::SetReply;
use serde_json::{Value, json};

use super::Context;
use super::connect::{read_account, read_authority, refused, with_password};
use crate::args::{AccountCommand, RemoveArgs, UpdateArgs};
use crate::ask;
use crate::daemon::{Daemon, fault_of_set};
use crate::error::{Fault, exit, shell_words};
use crate::render::progress::Progress;
use crate::render::table::{Cell, Column, Table};
use crate::render::time::count;
use crate::screen::{Form, Line, Screen, Style};

/// Two logins and a few commands at slow servers.
const PROOF_TIME: Duration = Duration::from_mins(2);

/// Runs an account command.
pub(crate) fn run(context: &Context<'_>, command: &AccountCommand) -> Result<u8, Fault> {
    match command {
        AccountCommand::List => list(context)?,
        AccountCommand::Show { account } => show(context, account.as_deref())?,
        AccountCommand::Update(args) => update(context, args)?,
        AccountCommand::Reconnect(args) => reconnect::run(context, args)?,
        AccountCommand::Rename { account, name } => rename(context, account, name)?,
        AccountCommand::Pause { account, change } => {
            pause(context, account.as_deref(), true, change.dry_run)?;
        }
        AccountCommand::Resume { account, change } => {
            pause(context, account.as_deref(), false, change.dry_run)?;
        }
        AccountCommand::Remove(args) => remove(context, args)?,
    }
    Ok(exit::OK)
}

fn list(context: &Context<'_>) -> Result<(), Fault> {
    let screen = context.screen;
    let accounts = context.open()?.accounts()?;
    match screen.form {
        Form::Json => screen.object("account.list", json!({"accounts": accounts})),
        Form::Plain => accounts.iter().try_for_each(|account| {
            screen.fields([
                account.id.as_ref(),
                &account.name,
                &account.email,
                account.state.word(),
            ])
        }),
        Form::Human if accounts.is_empty() => {
            screen.answer(&Line::of("No mailbox is connected.  chapar connect you@example.org"))
        }
        Form::Human => {
            let mut table = Table::new(&[
                Column::left("ID"),
                Column::wide("NAME"),
                Column::wide("ADDRESS").least(12).goes(1),
                Column::left("STATE"),
                Column::right("MAIL").goes(2),
            ]);
            for account in &accounts {
                table.row([
                    Cell::styled(Style::Dim, &account.id.0),
                    account.name.as_str().into(),
                    account.email.as_str().into(),
                    account.state.word().into(),
                    count(account.mails).into(),
                ]);
            }
            screen.answers(&table.all(screen.width))
        }
    }
}

/// The account of the argument or of `-a`.
fn find(context: &Context<'_>, daemon: &mut Daemon, named: Option<&str>) -> Result<Account, Fault> {
    daemon.account(context.named(named)?)
}

fn show(context: &Context<'_>, named: Option<&str>) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let account = find(context, &mut daemon, named)?;
    let get = MailboxGet { account_id: Some(account.id.clone()), ..MailboxGet::default() };
    let mailboxes = daemon.get(&get)?.list;
    if screen.form == Form::Json {
        let members = json!({"id": account.id, "account": account, "mailboxes": mailboxes});
        return screen.object("account.show", members);
    }
    screen.answers(&lines(&account))?;
    screen.answer(&Line::new())?;
    screen.answers(&mailbox_table(&mailboxes).all(screen.width))
}

fn lines(account: &Account) -> Vec<Line> {
    let server = |at: &Option<Endpoint>| {
        at.as_ref().map_or_else(String::new, |at| {
            format!("{}:{} {}", at.host, at.port, at.security.word())
        })
    };
    let mut lines = vec![
        Line::new()
            .with(Style::Strong, account.name.clone())
            .text(format!("  {}  {}", account.email, account.id)),
    ];
    for (name, value) in [
        ("state", account.state.word().to_owned()),
        ("shown as", account.display_name.clone().unwrap_or_default()),
        ("incoming", server(&account.imap)),
        ("outgoing", server(&account.smtp)),
        ("found by", account.found_by.clone().unwrap_or_default()),
        ("login", account.user.clone()),
        ("signs in", signs_in(account)),
        (
            "mirrors",
            format!("{} of the newest {}", count(account.mails), count(account.window.into())),
        ),
        ("push", account.push.clone().unwrap_or_default()),
        ("notify", account.notify.word().to_owned()),
    ] {
        if !value.is_empty() {
            lines.push(Line::new().with(Style::Dim, format!("  {name:<10}")).text(value));
        }
    }
    for health in &account.health {
        let text = format!("  {} ({})", health.title, health.code);
        lines.push(Line::new().with(Style::Warn, "!").text(text));
    }
    lines
}

/// How it signs in, in words.
fn signs_in(account: &Account) -> String {
    match (account.auth, &account.grant) {
        (AuthKind::Oauth2, Some(grant)) => {
            format!("at {} as client {}", grant.issuer, grant.client_id)
        }
        (kind, _) => format!("by {}", kind.word()),
    }
}

fn mailbox_table(mailboxes: &[Mailbox]) -> Table {
    let mut table = Table::new(&[
        Column::left("ID"),
        Column::wide("MAILBOX"),
        Column::left("ROLE").goes(3),
        Column::right("MIRRORED").goes(1),
        Column::right("ON SERVER").goes(4),
        Column::right("UNREAD").goes(2),
    ]);
    for mailbox in mailboxes {
        table.row([
            Cell::styled(Style::Dim, &mailbox.id.0),
            mailbox.path.as_str().into(),
            mailbox.role.map_or("", |role| role.word()).into(),
            count(mailbox.mirrored_emails).into(),
            count(mailbox.total_emails).into(),
            count(mailbox.unread_emails).into(),
        ]);
    }
    table
}

fn update(context: &Context<'_>, args: &UpdateArgs) -> Result<(), Fault> {
    let mut patch = AccountPatch {
        name: args.name.clone(),
        window: args.window,
        notify: args.notify.map(Into::into),
        user: args.servers.user.clone(),
        display_name: args.display_name.clone().map(|name| Some(name).filter(|n| !n.is_empty())),
        ca_pem: args.servers.ca_file.as_deref().map(read_authority).transpose()?.map(Some),
        ..AccountPatch::default()
    };
    let mut daemon = context.open()?;
    let account = find(context, &mut daemon, args.account.as_deref())?;
    patch.imap = args.servers.imap(account.imap.as_ref())?;
    patch.smtp = args.servers.smtp(account.smtp.as_ref())?;
    let asks = args.asks_password || args.password.are_given();
    if patch == AccountPatch::default() && !asks {
        return Err(Fault::missing("what to change", "--name, --password, --imap …"));
    }
    if args.change.dry_run {
        return would(context.screen, "account.update", "change", &account);
    }
    let screen = context.screen;
    let change = |daemon: &mut Daemon, password: Option<Secret>| {
        let patch = AccountPatch { password, ..patch.clone() };
        let proof = proof::Proof::of(&account, &patch);
        let mut progress = Progress::waiting(screen, proof.what(&account, &patch));
        set_watched(daemon, &account, patch, &mut progress).map_err(refused)?;
        Ok(proof)
    };
    let proof = if asks {
        with_password(screen, &account.email, &args.password, |password| {
            change(&mut daemon, Some(password))
        })?
    } else {
        change(&mut daemon, None)?
    };
    let account = read_account(&mut daemon, &account.id)?;
    proof.show(context.screen, &account);
    tell(context.screen, "account.update", "changed", &account)
}

fn rename(context: &Context<'_>, named: &str, name: &str) -> Result<(), Fault> {
    let mut daemon = context.open()?;
    let account = find(context, &mut daemon, Some(named))?;
    set(
        &mut daemon,
        &account,
        AccountPatch { name: Some(name.to_owned()), ..AccountPatch::default() },
    )?;
    let now = read_account(&mut daemon, &account.id)?;
    tell(context.screen, "account.rename", &format!("is the new name of {}", account.name), &now)
}

fn set(daemon: &mut Daemon, account: &Account, patch: AccountPatch) -> Result<(), Fault> {
    let update =
        AccountSet { update: Some([(account.id.clone(), patch)].into()), ..AccountSet::default() };
    updated(account, &daemon.call(&update)?)
}

/// The same with a proof at both servers, which may take its time.
fn set_watched(
    daemon: &mut Daemon,
    account: &Account,
    patch: AccountPatch,
    progress: &mut Progress<'_>,
) -> Result<(), Fault> {
    let update =
        AccountSet { update: Some([(account.id.clone(), patch)].into()), ..AccountSet::default() };
    updated(account, &daemon.call_watched(&update, PROOF_TIME, progress)?)
}

fn updated(account: &Account, reply: &SetReply) -> Result<(), Fault> {
    match reply.not_updated.get(&account.id.0) {
        Some(error) => Err(fault_of_set(error)),
        None => Ok(()),
    }
}

fn pause(
    context: &Context<'_>,
    named: Option<&str>,
    paused: bool,
    dry_run: bool,
) -> Result<(), Fault> {
    let mut daemon = context.open()?;
    let account = find(context, &mut daemon, named)?;
    let (command, verb, done) = if paused {
        ("account.pause", "pause", "paused")
    } else {
        ("account.resume", "resume", "resumed")
    };
    if dry_run {
        return would(context.screen, command, verb, &account);
    }
    set(&mut daemon, &account, AccountPatch { paused: Some(paused), ..AccountPatch::default() })?;
    let account = read_account(&mut daemon, &account.id)?;
    tell(context.screen, command, done, &account)?;
    if paused {
        let words = ["chapar", "account", "resume", &account.name].map(str::to_owned);
        let undo = format!("Undo:  {}", shell_words(&words));
        context.screen.say(&Line::new().with(Style::Dim, undo));
    }
    Ok(())
}

fn remove(context: &Context<'_>, args: &RemoveArgs) -> Result<(), Fault> {
    let screen = context.screen;
    let mut daemon = context.open()?;
    let account = find(context, &mut daemon, args.account.as_deref())?;
    let look = DataForget {
        account_id: Some(account.id.clone()),
        dry_run: Some(true),
        ..DataForget::default()
    };
    let unsent = daemon.call(&look)?.open_submissions;
    if args.change.dry_run {
        return would_remove(screen, &account, unsent);
    }
    if unsent > 0 && !args.discard_outbox {
        return Err(still_waiting(&account, unsent));
    }
    // a name that is given has to be right, whatever else is said
    if !args.change.yes || args.confirm.is_some() {
        let lost = match unsent {
            0 => "outbox".to_owned(),
            1 => "1 mail that was not sent".to_owned(),
            more => format!("{} mails that were not sent", count(more)),
        };
        let question = format!(
            "Removes {} with its {} mirrored mails, {lost} and sign-in from this machine; the \
             server keeps everything. Type the name of the account:",
            account.name,
            count(account.mails)
        );
        ask::confirm_name(screen, &question, &account.name, args.confirm.as_deref())?;
    }
    let reply = daemon.call(&AccountSet {
        destroy: Some(vec![account.id.clone()]),
        discard_outbox: args.discard_outbox.then_some(true),
        ..AccountSet::default()
    })?;
    if let Some(error) = reply.not_destroyed.get(&account.id.0) {
        return Err(fault_of_set(error));
    }
    tell(screen, "account.remove", "removed", &account)
}

/// What would go, with what would be lost.
fn would_remove(screen: &Screen, account: &Account, unsent: u64) -> Result<(), Fault> {
    if screen.form == Form::Json {
        let mut members = members(account);
        if let Some(members) = members.as_object_mut() {
            members.insert("dryRun".to_owned(), json!(true));
            members.insert("openSubmissions".to_owned(), json!(unsent));
        }
        return screen.object("account.remove", members);
    }
    would(screen, "account.remove", "remove", account)?;
    if unsent > 0 {
        let refused = "it would be refused without --discard-outbox";
        screen.caution(&format!("{}: {refused}.", waiting(unsent)));
    }
    Ok(())
}

fn waiting(unsent: u64) -> String {
    let wait = if unsent == 1 { "mail waits" } else { "mails wait" };
    format!("{} {wait} in the outbox", count(unsent))
}

/// Nothing is removed with mail that its sender counts on.
fn still_waiting(account: &Account, unsent: u64) -> Fault {
    let message = format!("{}; {} stays", waiting(unsent), account.name);
    Fault::new("submission.waiting", message)
        .without_commands()
        .try_command(["chapar", "account", "remove", &account.name, "--discard-outbox"])
        .try_command(["chapar", "outbox", "list", "--open", "-a", &account.name])
}

fn members(account: &Account) -> Value {
    json!({"id": account.id, "name": account.name, "account": account})
}

fn would(screen: &Screen, command: &str, verb: &str, account: &Account) -> Result<(), Fault> {
    if screen.form == Form::Json {
        let mut members = members(account);
        if let Some(members) = members.as_object_mut() {
            members.insert("dryRun".to_owned(), json!(true));
        }
        return screen.object(command, members);
    }
    screen.answer(&Line::of(format!("Would {verb} {} ({}).", account.name, account.email)))
}

fn tell(screen: &Screen, command: &str, done: &str, account: &Account) -> Result<(), Fault> {
    match screen.form {
        Form::Json => screen.object(command, members(account)),
        Form::Plain => screen.fields([account.id.as_ref(), &account.name, done]),
        Form::Human => screen
            .answer(&Line::new().with(Style::Good, "✓").text(format!(" {} {done}", account.name))),
    }
}
