//! `chapar connect`: find the servers, ask for what is missing, sign in, have it proved and saved,
//! follow the first sync.

mod attempt;
mod browser;
mod found;
mod settings;
mod sign_in;

pub(crate) use attempt::{How, prove, refused};
pub(crate) use found::looked_for;
pub(crate) use settings::{read_authority, sign_in_wish};

use chapar_conditions::Names;
use chapar_ipc_protocol::account::{Account, AccountGet, NotifyBy};
use chapar_ipc_protocol::connect::{AccountConnect, AuthKind, ConnectStep};
use chapar_ipc_protocol::event::EventGet;
use chapar_ipc_protocol::id::{AccountId, Cursor};
use chapar_ipc_protocol::secret::Secret;
use clap::Parser;
use serde_json::json;

use super::{Context, first_sync};
use crate::args::{Cli, Command, ConnectArgs, Notify};
use crate::ask;
use crate::daemon::Daemon;
use crate::error::{Fault, exit};
use crate::screen::{Form, Line, Screen, Style};
use settings::Settings;

/// Connects a mailbox.
pub(crate) fn run(context: &Context<'_>, args: &ConnectArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let mut settings = Settings::given(screen, args)?;
    let mut daemon = None;
    if settings.are_half() {
        settings.ask_for_servers(screen, &args.servers)?;
    } else if !settings.are_whole() {
        let daemon = daemon.insert(context.open()?);
        settings.find(screen, daemon, args)?;
    }
    if args.change.dry_run {
        return settings.show(screen).map(|()| exit::OK);
    }
    let mut daemon = daemon.map_or_else(|| context.open(), Ok)?;
    let password = match settings.auth {
        AuthKind::Oauth2 => None,
        _ => Some(password(screen, args, &settings)?),
    };
    let cursor = daemon.call(&EventGet { limit: Some(1), ..EventGet::default() })?.cursor;
    let email = settings.email.clone();
    // with flags of its own the command is the one that was typed
    let address = args.is_bare().then_some(email.as_str());
    let names = Names { address, ..Names::default() };
    let request = request(settings, args, password);
    let how = How { paste: args.sign_in.paste, names };
    let (account, steps) = prove(screen, &mut daemon, request, how)?;
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

fn password(screen: &Screen, args: &ConnectArgs, settings: &Settings) -> Result<Secret, Fault> {
    if let Some(note) = &settings.password_note {
        screen.caution(note);
    }
    ask::password(screen, &settings.email, &args.password)
}

fn request(settings: Settings, args: &ConnectArgs, password: Option<Secret>) -> AccountConnect {
    AccountConnect {
        email: Some(settings.email),
        name: args.name.clone(),
        display_name: args.display_name.clone(),
        imap: settings.imap,
        smtp: settings.smtp,
        user: args.servers.user.clone().or(settings.user),
        auth: Some(settings.auth),
        password,
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
            screen.say(&Line::new());
            screen.say(&Line::new().with(
                Style::Dim,
                "Next:  chapar status  ·  chapar mail list  ·  chapar send --to bo@example.org",
            ));
        }
    }
    Ok(exit::OK)
}
