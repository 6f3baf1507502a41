//! `chapar mail`: list, search, show, thread, export.

mod export;
mod list;
mod show;

use chapar_ipc_protocol::email::{Email, EmailGet};
use chapar_ipc_protocol::id::EmailId;

use super::Context;
use crate::args::MailCommand;
use crate::daemon::Daemon;
use crate::error::{Fault, exit};

pub(crate) use list::newest;

/// Runs a mail command.
pub(crate) fn run(context: &Context<'_>, command: &MailCommand) -> Result<u8, Fault> {
    match command {
        MailCommand::List(args) => newest(context, args),
        MailCommand::Show(args) => show::show(context, args),
        MailCommand::Search(args) => list::search(context, args),
        MailCommand::Thread(args) => show::thread(context, args),
        MailCommand::Export(args) => export::export(context, args),
    }
    .map(|()| exit::OK)
}

/// One email with its text.
fn read(daemon: &mut Daemon, ids: &[EmailId]) -> Result<Vec<Email>, Fault> {
    let mut properties: Vec<String> = <Email as chapar_ipc_protocol::standard::Object>::PROPERTIES
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    properties.dedup();
    let get = EmailGet {
        ids: Some(ids.to_vec()),
        properties: Some(properties),
        fetch_all_body_values: Some(true),
        ..EmailGet::default()
    };
    Ok(list::in_order(daemon.call(&get)?.list, ids))
}

/// One email by id, without its text.
pub(crate) fn one(daemon: &mut Daemon, id: &str) -> Result<Email, Fault> {
    let get = EmailGet { ids: Some(vec![EmailId::from(id)]), ..EmailGet::default() };
    daemon.call(&get)?.list.into_iter().next().ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Fault {
    Fault::new("mail.unknown", format!("there is no mail {id:?} on this machine"))
}
