//! `chapar connect`: ask for what is missing, have it proved and saved, follow the first sync.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use chapar_ipc_protocol::account::{Account, AccountGet, Endpoint, NotifyBy};
use chapar_ipc_protocol::connect::{
    AccountConnect, AccountConnectCancel, AccountConnectStatus, AuthKind, ConnectState,
    ConnectStatusReply, ConnectStep, StepKind,
};
use chapar_ipc_protocol::event::EventGet;
use chapar_ipc_protocol::id::{AccountId, ConnectId, Cursor};
use chapar_ipc_protocol::secret::Secret;
use clap::Parser;
use serde_json::json;

use super::{Context, first_sync};
use crate::args::{Cli, Command, ConnectArgs, Notify};
use crate::ask::{self, PasswordSource};
use crate::daemon::{Daemon, fault_of_wire};
use crate::error::{Fault, exit};
use crate::interrupt::Interrupt;
use crate::render::progress::done_line;
use crate::screen::{Form, Line, Screen, Style};
use crate::server::{Protocol, Server};
use crate::usage::looks_like_address;

/// How long one question about the proof may wait for news; short, so that Ctrl-C is heard.
const NEWS_WAIT: Duration = Duration::from_millis(500);
/// Largest file of authorities: a whole trust store is below this.
const CA_LIMIT: u64 = 1 << 20;

/// Connects a mailbox.
pub(crate) fn run(context: &Context<'_>, args: &ConnectArgs) -> Result<u8, Fault> {
    let screen = context.screen;
    let settings = Settings::gather(screen, args)?;
    if args.change.dry_run {
        return settings.show(screen).map(|()| exit::OK);
    }
    let mut daemon = context.open()?;
    let source =
        PasswordSource { stdin: args.password_stdin, command: args.password_command.as_deref() };
    let password = ask::password(screen, &settings.email, source)?;
    let cursor = daemon.call(&EventGet { limit: Some(1), ..EventGet::default() })?.cursor;
    let (account, steps) = prove(screen, &mut daemon, settings.into_request(args, password))?;
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

/// What is known before the password.
struct Settings {
    email: String,
    imap: Endpoint,
    smtp: Endpoint,
    ca_pem: Option<String>,
}

impl Settings {
    /// Takes the flags and asks for the rest.
    fn gather(screen: &Screen, args: &ConnectArgs) -> Result<Self, Fault> {
        let email = match &args.address {
            Some(address) => address.clone(),
            None => ask::line(screen, "the address", None, "ADDRESS")?,
        };
        check_address(&email)?;
        let ca_pem = args.ca_file.as_deref().map(read_authority).transpose()?;
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        if screen.asks && (args.imap.is_none() || args.smtp.is_none()) {
            screen.say(&Line::of(
                "Ask your provider for the servers, or press Enter to try the usual names.",
            ));
        }
        let imap = if let Some(imap) = &args.imap {
            imap.clone()
        } else {
            let usual = format!("imap.{domain}:993");
            ask::line(screen, "  IMAP server", Some(&usual), "--imap HOST[:PORT]")?
        };
        let imap = Server::parse(&imap, Protocol::Imap)?;
        let smtp = if let Some(smtp) = &args.smtp {
            smtp.clone()
        } else {
            let usual = match imap.host.strip_prefix("imap.") {
                Some(rest) => format!("smtp.{rest}:465"),
                None => format!("{}:465", imap.host),
            };
            ask::line(screen, "  SMTP server", Some(&usual), "--smtp HOST[:PORT]")?
        };
        let smtp = Server::parse(&smtp, Protocol::Smtp)?;
        Ok(Self {
            email,
            imap: imap.endpoint(args.imap_security.map(Into::into)),
            smtp: smtp.endpoint(args.smtp_security.map(Into::into)),
            ca_pem,
        })
    }

    fn show(&self, screen: &Screen) -> Result<(), Fault> {
        if screen.form == Form::Json {
            let members = json!({
                "dryRun": true, "email": self.email, "imap": self.imap, "smtp": self.smtp,
            });
            return screen.object("connect", members);
        }
        let line = |what: &str, at: &Endpoint| {
            Line::of(format!("  {what}  {}:{}   {}", at.host, at.port, at.security.word()))
        };
        screen.answers(&[
            Line::of(format!("Would prove and save {}:", self.email)),
            line("incoming", &self.imap),
            line("outgoing", &self.smtp),
        ])
    }

    fn into_request(self, args: &ConnectArgs, password: Secret) -> AccountConnect {
        AccountConnect {
            email: Some(self.email),
            name: args.name.clone(),
            display_name: args.display_name.clone(),
            imap: Some(self.imap),
            smtp: Some(self.smtp),
            user: args.user.clone(),
            auth: Some(AuthKind::Password),
            password: Some(password),
            oauth: None,
            found_by: None,
            replace_account_id: None,
            alias_confirmed: None,
            ca_pem: self.ca_pem,
            window: args.window,
            notify: args.notify.map(Into::into),
        }
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

/// Has both servers proved; prints each step as it is done.
fn prove(
    screen: &Screen,
    daemon: &mut Daemon,
    request: AccountConnect,
) -> Result<(Account, Vec<ConnectStep>), Fault> {
    let interrupt = Interrupt::listen();
    let connect_id = daemon.call(&request)?.connect_id;
    drop(request);
    let mut seen = 0;
    loop {
        if interrupt.came() {
            return Err(give_up(daemon, connect_id));
        }
        let reply = daemon.call_slow(&question(&connect_id, seen), NEWS_WAIT)?;
        for step in reply.steps.iter().skip(seen) {
            let milliseconds = (step.what != StepKind::Saved).then_some(step.ms);
            screen.say(&done_line(step_name(step.what), &step.detail, milliseconds));
        }
        seen = seen.max(reply.steps.len());
        if reply.state != ConnectState::Proving {
            return outcome(daemon, reply);
        }
    }
}

fn question(connect_id: &ConnectId, seen: usize) -> AccountConnectStatus {
    AccountConnectStatus {
        connect_id: connect_id.clone(),
        seen: u64::try_from(seen).ok(),
        wait_ms: u64::try_from(NEWS_WAIT.as_millis()).ok(),
    }
}

fn outcome(
    daemon: &mut Daemon,
    reply: ConnectStatusReply,
) -> Result<(Account, Vec<ConnectStep>), Fault> {
    match (reply.state, reply.account_id, reply.error) {
        (ConnectState::Done, Some(id), _) => {
            let account = read_account(daemon, &id)?;
            Ok((account, reply.steps))
        }
        (ConnectState::Canceled, ..) => Err(ask::canceled()),
        (_, _, Some(error)) => Err(refused(fault_of_wire(&error))),
        (state, ..) => Err(Fault::new(
            "socket.protocol",
            format!("the proof ended as {:?} without a reason", state.word()),
        )),
    }
}

/// A refusal while nothing is saved yet: what is told is how to connect, not how to look.
pub(crate) fn refused(mut fault: Fault) -> Fault {
    fault.remedy.retain(|remedy| remedy.command != ["chapar", "status"]);
    let Some(hint) = hint(&fault.code) else {
        return fault;
    };
    // the same in general words
    fault.remedy.retain(|remedy| !remedy.command.is_empty());
    fault.hint(hint)
}

/// What helps while connecting, where the error itself does not say it.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "imap.auth" | "smtp.auth" => {
            "the same command again with the right password; where the login is not the address: \
             --user NAME; with two-factor sign-in: an app password of the provider"
        }
        "imap.not_imap" => "the port of IMAP: 993, or 143 with STARTTLS; 465 and 587 are for SMTP",
        "smtp.not_smtp" => "the port of SMTP: 465, or 587 with STARTTLS; 993 and 143 are for IMAP",
        "imap.preauth" => "port 993, where TLS is there from the start",
        "tls.not_offered" | "tls.refused" => {
            "the port where TLS is there from the start: 993 for IMAP, 465 for SMTP"
        }
        "net.unknown_host" | "net.refused" | "net.timeout" | "net.unreachable" => {
            "the server and the port that your provider publishes: --imap HOST:PORT --smtp \
             HOST:PORT"
        }
        _ => return None,
    })
}

fn give_up(daemon: &mut Daemon, connect_id: ConnectId) -> Fault {
    match daemon.call(&AccountConnectCancel { connect_id }) {
        Ok(_) => ask::canceled(),
        Err(fault) => fault,
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

fn step_name(what: StepKind) -> &'static str {
    match what {
        StepKind::SignedIn => "Signed in",
        StepKind::Imap => "IMAP",
        StepKind::Smtp => "SMTP",
        StepKind::SameMailbox => "Same mailbox",
        StepKind::Saved => "Saved",
        StepKind::Switched => "Switched",
        StepKind::Forgotten => "Forgotten",
        StepKind::Other => "Done",
    }
}

/// Refuses what can be no address before anything is dialled; the daemon checks in full.
fn check_address(address: &str) -> Result<(), Fault> {
    let fine = looks_like_address(address)
        && !address.chars().any(crate::hygiene::is_control)
        && !address.contains(['<', '>', ',', ';'])
        && address.rsplit_once('@').is_some_and(|(_, domain)| {
            domain.split('.').all(|label| !label.is_empty()) && !domain.contains(['/', ':', '@'])
        });
    if fine {
        return Ok(());
    }
    Err(Fault::new("input.address", format!("{address:?} is not a mail address"))
        .without_commands()
        .hint("an address is name@domain, such as ana@example.org"))
}

/// Reads authorities in PEM.
pub(crate) fn read_authority(path: &Path) -> Result<String, Fault> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(CA_LIMIT + 1).read_to_string(&mut text))
        .map_err(|cause| Fault::file(path, &cause))?;
    if text.len() as u64 > CA_LIMIT || !text.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Fault::new(
            "input.data",
            format!("{} holds no certificate in PEM", path.display()),
        )
        .without_commands()
        .hint(
            "it has to contain -----BEGIN CERTIFICATE-----; from DER: openssl x509 -inform der",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_address_is_refused_at_once() {
        for address in ["ana@example.org", "a+b@x.example", "žofie@příklad.example"] {
            assert!(check_address(address).is_ok(), "{address}");
        }
        for address in [
            "",
            "ana",
            "@x",
            "ana@",
            "a b@x",
            "ana@x..y",
            "ana@x\r\nRCPT",
            "<a@x>",
            "a@x,b@y",
            "a@x:1",
        ] {
            assert_eq!(check_address(address).unwrap_err().exit, 65, "{address:?}");
        }
    }
}
