//! `chapar mail`: list, search, show, thread, export.

mod attachments;
mod export;
mod list;
mod page;
mod show;

use chapar_ipc_protocol::email::{Email, EmailGet};
use chapar_ipc_protocol::id::EmailId;

use super::Context;
use crate::args::MailCommand;
use crate::daemon::Daemon;
use crate::error::{Fault, exit};

pub(crate) use attachments::forget_opened;
pub(crate) use list::newest;

/// Runs a mail command.
pub(crate) fn run(context: &Context<'_>, command: &MailCommand) -> Result<u8, Fault> {
    match command {
        MailCommand::List(args) => newest(context, args),
        MailCommand::Show(args) => show::show(context, args),
        MailCommand::Search(args) => list::search(context, args),
        MailCommand::Thread(args) => show::thread(context, args),
        MailCommand::Attachments(args) => attachments::list(context, args),
        MailCommand::Save(args) => attachments::save(context, args),
        MailCommand::Open(args) => attachments::open(context, args),
        MailCommand::Export(args) => export::export(context, args),
    }
    .map(|()| exit::OK)
}

/// One email with its text.
fn read(daemon: &mut Daemon, ids: &[EmailId]) -> Result<Vec<Email>, Fault> {
    let properties = <Email as chapar_ipc_protocol::standard::Object>::PROPERTIES;
    let properties = properties.iter().map(|&name| name.to_owned()).collect();
    let ask = EmailGet {
        properties: Some(properties),
        fetch_all_body_values: Some(true),
        ..EmailGet::default()
    };
    get_all(daemon, ids, &ask)
}

/// These emails in this order, with these properties or with all but the text.
fn get(
    daemon: &mut Daemon,
    ids: &[EmailId],
    properties: Option<&[&str]>,
) -> Result<Vec<Email>, Fault> {
    let properties = properties.map(|names| names.iter().map(|&name| name.to_owned()).collect());
    get_all(daemon, ids, &EmailGet { properties, ..EmailGet::default() })
}

/// These emails in this order. `/get` may answer in any order.
fn get_all(daemon: &mut Daemon, ids: &[EmailId], ask: &EmailGet) -> Result<Vec<Email>, Fault> {
    let mut emails = daemon.get(&EmailGet { ids: Some(ids.to_vec()), ..ask.clone() })?.list;
    let place = |email: &Email| ids.iter().position(|id| *id == email.id).unwrap_or(usize::MAX);
    emails.sort_by_cached_key(place);
    Ok(emails)
}

/// One email by id, without its text.
pub(crate) fn one(daemon: &mut Daemon, id: &str) -> Result<Email, Fault> {
    let found = get(daemon, &[EmailId::from(id)], None)?;
    found.into_iter().next().ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Fault {
    Fault::new("mail.unknown", format!("there is no mail {id:?} on this machine"))
}
