//! What may stand in which place: names and ids out of the daemon, codes and settings out of tables.

use std::time::Duration;

use chapar_ipc_protocol::call::Method;
use chapar_ipc_protocol::email::{EmailGet, EmailQuery};
use chapar_ipc_protocol::event::EventData;
use chapar_ipc_protocol::id::{EmailId, SubmissionId};
use chapar_ipc_protocol::mailbox::MailboxGet;
use chapar_ipc_protocol::settings::SETTINGS;
use chapar_ipc_protocol::submission::{SubmissionGet, SubmissionQuery};
use clap::Arg;
use clap_complete::CompletionCandidate;

use crate::args::Global;
use crate::daemon::Daemon;
use crate::error::Fault;
use crate::grammar;
use crate::screen::Screen;

/// Longest wait for one answer of the daemon: a person pressed Tab.
const PATIENCE: Duration = Duration::from_secs(1);
/// Ids offered, the newest: what is older is searched for, not completed.
const IDS: u64 = 50;
/// Keys of providers that have a sign-in of their own.
const PROVIDERS: &[&str] = &["google", "microsoft", "yahoo", "fastmail"];

type Found = Vec<CompletionCandidate>;

/// What completes an argument of the command `path`.
pub(super) fn of(path: &str, argument: &Arg) -> Option<fn() -> Found> {
    let id = argument.get_id().as_str();
    let mut names = argument.get_value_names().into_iter().flatten();
    let found: fn() -> Found = match (path, id) {
        ("account remove" | "data forget", "confirm") | (_, "named" | "account") => accounts,
        (_, "mailbox") => mailboxes,
        ("send", "reply_to") => mails,
        (_, "id") if path.starts_with("outbox ") => submissions,
        (_, "id" | "page") if path.starts_with("mail ") => mails,
        ("help", "topic") => topics,
        ("man", "page") => pages,
        ("config get" | "config set", "key") => settings,
        ("watch", "types") => || words(EventData::NAMES),
        ("connect" | "account reconnect", "provider") => || words(PROVIDERS),
        ("call", "method") => methods,
        _ if names.any(|name| name == "ACCOUNT") => accounts,
        _ => return None,
    };
    Some(found)
}

/// Asks the daemon, if one runs; whatever is wrong with it, there is nothing to offer.
fn asked(ask: impl FnOnce(&mut Daemon) -> Result<Found, Fault>) -> Found {
    let global =
        Global { quiet: true, timeout: Some(PATIENCE), no_start: true, ..Global::default() };
    let screen = Screen::new(&global);
    Daemon::running(&screen, &global).and_then(|mut daemon| ask(&mut daemon)).unwrap_or_default()
}

fn candidate(value: impl Into<String>, help: impl AsRef<str>) -> CompletionCandidate {
    // one line without control characters: it stands in the middle of somebody's terminal
    let help = crate::hygiene::clean(help.as_ref(), crate::hygiene::Lines::One).into_owned();
    let value: String = value.into();
    let help = Some(help).filter(|help| !help.trim().is_empty());
    CompletionCandidate::new(value).help(help.map(Into::into))
}

fn words(list: &[&str]) -> Found {
    list.iter().map(|word| CompletionCandidate::new(*word)).collect()
}

fn accounts() -> Found {
    asked(|daemon| {
        let accounts = daemon.accounts()?;
        Ok(accounts.into_iter().map(|of| candidate(of.name, of.email)).collect())
    })
}

fn mailboxes() -> Found {
    asked(|daemon| {
        let mut list = daemon.call(&MailboxGet::default())?.list;
        list.sort_by(|one, other| one.path.cmp(&other.path));
        list.dedup_by(|one, other| one.path == other.path);
        // a control character can be in no word that is typed
        list.retain(|of| !of.path.chars().any(crate::hygiene::is_control));
        Ok(list.into_iter().map(|of| candidate(of.path, "")).collect())
    })
}

fn mails() -> Found {
    asked(|daemon| {
        let query = EmailQuery {
            account_id: None,
            filter: None,
            sort: None,
            position: None,
            limit: Some(IDS),
            max_ms: None,
        };
        let ids = daemon.call(&query)?.ids;
        let ids: Vec<EmailId> = ids.iter().map(|id| EmailId::from(id.as_str())).collect();
        let properties = ["id", "from", "subject"].map(str::to_owned).to_vec();
        let get = EmailGet {
            ids: Some(ids.clone()),
            properties: Some(properties),
            ..EmailGet::default()
        };
        let mut list = daemon.call(&get)?.list;
        list.sort_by_cached_key(|of| ids.iter().position(|id| *id == of.id));
        let shown = |of: chapar_ipc_protocol::email::Email| {
            let from = of.from.iter().flatten().next();
            let from = from.map(|from| from.name.clone().unwrap_or_else(|| from.email.clone()));
            let subject = of.subject.unwrap_or_default();
            candidate(of.id.0, format!("{}  {subject}", from.unwrap_or_default()))
        };
        Ok(list.into_iter().map(shown).collect())
    })
}

fn submissions() -> Found {
    asked(|daemon| {
        let query =
            SubmissionQuery { account_id: None, filter: None, position: None, limit: Some(IDS) };
        let ids = daemon.call(&query)?.ids;
        let ids: Vec<SubmissionId> = ids.iter().map(|id| SubmissionId::from(id.as_str())).collect();
        let get = SubmissionGet { ids: Some(ids), ..SubmissionGet::default() };
        let list = daemon.call(&get)?.list;
        let shown = |of: chapar_ipc_protocol::submission::EmailSubmission| {
            let help = format!("{}  {}", of.phase.word(), of.subject);
            candidate(of.id.0, help)
        };
        Ok(list.into_iter().map(shown).collect())
    })
}

/// Commands, and the codes of errors.
fn topics() -> Found {
    let root = grammar::command();
    let commands = root.get_subcommands().filter(|below| !below.is_hide_set());
    let commands = commands.map(|below| {
        candidate(below.get_name(), below.get_about().map(ToString::to_string).unwrap_or_default())
    });
    let codes = chapar_conditions::all().map(|row| candidate(row.code, row.title));
    commands.chain([candidate("codes", "Every error code")]).chain(codes).collect()
}

/// The manual pages by their commands.
fn pages() -> Found {
    fn below(command: &clap::Command, path: &str, found: &mut Found) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let name = format!("{path}{}", sub.get_name());
            found.push(CompletionCandidate::new(&name));
            below(sub, &format!("{name}-"), found);
        }
    }
    let mut found = Vec::new();
    below(&grammar::command(), "", &mut found);
    found
}

fn settings() -> Found {
    SETTINGS.iter().map(|setting| candidate(setting.key, setting.what)).collect()
}

fn methods() -> Found {
    Method::ALL.iter().map(|method| CompletionCandidate::new(method.name())).collect()
}
