//! `chapar connect`: find the servers, ask for what is missing, sign in, have it proved and saved,
//! follow the first sync.

mod attempt;
pub(super) mod browser;
mod found;
mod look;
mod settings;
mod sign_in;
mod typed;

pub(crate) use attempt::{How, named, prove, refused};
pub(crate) use found::{Looked, looked_for};
pub(crate) use look::at as look_at;
pub(crate) use settings::{read_authority, sign_in_wish};
pub(crate) use typed::with_password;

use chapar_conditions::Names;
use chapar_ipc_protocol::account::{Account, AccountGet, NotifyBy};
use chapar_ipc_protocol::connect::{AccountConnect, AuthKind, ConnectStep};
use chapar_ipc_protocol::event::EventGet;
use chapar_ipc_protocol::id::{AccountId, Cursor};
use chapar_ipc_protocol::status::Status;
use clap::Parser;
use serde_json::json;

use super::{Context, first_sync, lookalike};
use crate::args::{Cli, Command, ConnectArgs, Notify};
use crate::daemon::Daemon;
use crate::error::{Fault, exit};
use crate::screen::{Form, Line, Screen, Style};
use settings::Settings;

/// Connects a mailbox.
pub(crate) fn run(context: &Context<'_>, args: &ConnectArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let mut settings = Settings::given(screen, args)?;
    let mut daemon = None;
    tell_lookalikes(context, &mut daemon, &settings)?;
    if settings.are_half() {
        settings.ask_for_servers(screen, &args.servers, false)?;
    } else if !settings.are_whole() {
        let daemon = opened(context, &mut daemon)?;
        refuse_known(daemon, &settings.email)?;
        settings.find(screen, daemon, args)?;
    }
    if args.change.dry_run {
        return settings.show(screen).map(|()| exit::OK);
    }
    let mut daemon = daemon.map_or_else(|| context.open(), Ok)?;
    refuse_known(&mut daemon, &settings.email)?;
    let cursor = daemon.call(&EventGet { limit: Some(1), ..EventGet::default() })?.cursor;
    let email = settings.email.clone();
    // with flags of its own the command is the one that was typed
    let address = args.is_bare().then_some(email.as_str());
    let how = How {
        paste: args.sign_in.paste,
        names: Names { address, ..Names::default() },
        moved: None,
    };
    let by_password = settings.auth != AuthKind::Oauth2;
    if by_password {
        look_before_asking(screen, &mut daemon, args, &mut settings)
            .map_err(|fault| named(fault, how.names))?;
        settings.password_note.iter().for_each(|note| screen.caution(note));
    }
    let request = request(settings, args);
    let (account, steps) = if by_password {
        with_password(screen, &email, &args.password, |password| {
            let request = AccountConnect { password: Some(password), ..request.clone() };
            prove(screen, &mut daemon, request, how)
        })?
    } else {
        prove(screen, &mut daemon, request, how)?
    };
    finish(context, daemon, args.wait, &cursor, &account, &steps)
}

/// Connects a mailbox of which only the address is known.
pub(crate) fn by_address(context: &Context<'_>, address: &str) -> Result<u8, Fault> {
    let words = ["chapar", "connect", "--", address];
    match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(Some(Command::Connect(args))) => run(context, &args),
        _ => Err(Fault::new("input.address", format!("{address:?} is not a mail address"))),
    }
}

/// An address that is connected already is said before anything is looked for or asked.
fn refuse_known(daemon: &mut Daemon, email: &str) -> Result<(), Fault> {
    let accounts = daemon.accounts()?;
    match accounts.iter().find(|account| account.email.eq_ignore_ascii_case(email)) {
        None => Ok(()),
        Some(known) => {
            let message = format!("{} is already connected as {}", known.email, known.name);
            Err(Fault::new("account.exists", message)
                .without_commands()
                .try_command(["chapar", "account", "show", &known.name])
                .try_command(["chapar", "account", "reconnect", &known.name]))
        }
    }
}

/// The connection to the daemon, opened when it is first needed.
fn opened<'d>(
    context: &Context<'_>,
    daemon: &'d mut Option<Daemon>,
) -> Result<&'d mut Daemon, Fault> {
    match daemon {
        Some(daemon) => Ok(daemon),
        None => Ok(daemon.insert(context.open()?)),
    }
}

/// Marks the address, and the servers that the person named, before anything is said to them.
fn tell_lookalikes(
    context: &Context<'_>,
    daemon: &mut Option<Daemon>,
    settings: &Settings,
) -> Result<(), Fault> {
    let servers = [&settings.imap, &settings.smtp].into_iter().flatten();
    let hosts = servers.map(|server| server.host.as_str());
    let names: Vec<&str> = hosts.chain([settings.email.as_str()]).collect();
    if !names.iter().all(|name| name.is_ascii()) {
        let daemon = opened(context, daemon)?;
        lookalike::tell(context.screen, &lookalike::among(daemon, names.into_iter())?);
    }
    Ok(())
}

/// Servers that a person named are looked at before a password is asked for. What was found was looked
/// at by the search, and a password out of a pipe is there already.
fn look_before_asking(
    screen: &Screen,
    daemon: &mut Daemon,
    args: &ConnectArgs,
    settings: &mut Settings,
) -> Result<(), Fault> {
    let (Some(imap), Some(smtp)) = (&settings.imap, &settings.smtp) else { return Ok(()) };
    let is_asked = screen.asks || args.password.password_command.is_some();
    if settings.found_by.is_some() || args.password.password_stdin || !is_asked {
        return Ok(());
    }
    let ca_pem = settings.ca_pem.as_deref();
    let looked = look_at(screen, daemon, &settings.email, (imap, smtp), ca_pem)?;
    settings.password_note = looked.and_then(|candidate| candidate.password_note);
    Ok(())
}

fn request(settings: Settings, args: &ConnectArgs) -> AccountConnect {
    AccountConnect {
        email: Some(settings.email),
        name: args.name.clone(),
        display_name: args.display_name.clone(),
        imap: settings.imap,
        smtp: settings.smtp,
        user: args.servers.user.clone().or(settings.user),
        auth: Some(settings.auth),
        password: None,
        oauth: settings.oauth,
        ca_pem: settings.ca_pem,
        window: args.window,
        notify: args.notify.map(Into::into),
        found_by: settings.found_by,
        replace_account_id: None,
        alias_confirmed: args.sign_in.alias.then_some(true),
    }
}

impl From<Notify> for NotifyBy {
    fn from(how: Notify) -> Self {
        match how {
            Notify::Desktop => Self::Desktop,
            Notify::Mail => Self::Mail,
            Notify::None => Self::None,
        }
    }
}

/// The account as it is now.
pub(crate) fn read_account(daemon: &mut Daemon, id: &AccountId) -> Result<Account, Fault> {
    let get = AccountGet { ids: Some(vec![id.clone()]), properties: None };
    daemon
        .call(&get)?
        .list
        .into_iter()
        .next()
        .ok_or_else(|| Fault::new("account.unknown", format!("the account {id} is gone")))
}

/// Tells the end: as JSON at once, for a person after the first sync.
fn finish(
    context: &Context<'_>,
    mut daemon: Daemon,
    wait: bool,
    cursor: &Cursor,
    account: &Account,
    steps: &[ConnectStep],
) -> Result<u8, Fault> {
    let screen = context.screen;
    let follows = wait || screen.redraws;
    let ended = if follows {
        if screen.form != Form::Json {
            screen.say(&Line::new());
        }
        first_sync::follow(screen, &mut daemon, &account.id, cursor)?
    } else {
        None
    };
    match screen.form {
        Form::Json => {
            let mut members = json!({
                "id": account.id, "name": account.name, "email": account.email,
                "account": account, "steps": steps,
            });
            if let (Some(ended), Some(members)) = (&ended, members.as_object_mut()) {
                members.insert("sync".to_owned(), json!({"emails": ended.emails, "ms": ended.ms}));
            }
            screen.object("connect", members)?;
        }
        Form::Plain => screen.fields([account.id.as_ref(), &account.name, &account.email])?,
        Form::Human => {
            if !follows {
                screen.answer(&Line::of(format!(
                    "{} is connected as {} ({}).",
                    account.email, account.name, account.id
                )))?;
                screen.say(&Line::of("The first sync goes on in the background."));
            }
            tell_vault(screen, &mut daemon)?;
            screen.say(&Line::new());
            screen.say(&Line::new().with(
                Style::Dim,
                "Next:  chapar status  ·  chapar mail list  ·  chapar send --to bo@example.org",
            ));
        }
    }
    Ok(exit::OK)
}

/// Says how its secret is kept, where that is a file: whoever backs up files has to know.
fn tell_vault(screen: &Screen, daemon: &mut Daemon) -> Result<(), Fault> {
    let vault = daemon.call(&Status {})?.daemon.vault;
    if vault.kind == "file" {
        screen.tell(&format!("chapar keeps the secret of this account in {}.", vault.protects));
    }
    Ok(())
}
