//! A look at the servers that a person named, before anybody is asked for a password.

use std::time::Duration;

use chapar_ipc_protocol::account::Endpoint;
use chapar_ipc_protocol::connect::{AccountDiscover, Candidate};

use super::attempt::{refused, with_port};
use crate::daemon::{Daemon, fault_of_wire};
use crate::error::Fault;
use crate::render::progress::Progress;
use crate::screen::Screen;

/// The daemon looks for at most twenty seconds; the rest is for one that is busy.
const PATIENCE: Duration = Duration::from_secs(25);

/// Looks at both servers, certificate and greeting, and sends no credential. What is wrong with one
/// is the fault; with both, the second is told beside it. An older daemon that cannot look is no
/// reason to stop.
pub(crate) fn at(
    screen: &Screen,
    daemon: &mut Daemon,
    email: &str,
    (imap, smtp): (&Endpoint, &Endpoint),
    ca_pem: Option<&str>,
) -> Result<Option<Candidate>, Fault> {
    let hosts = if imap.host == smtp.host {
        imap.host.clone()
    } else {
        format!("{} and {}", imap.host, smtp.host)
    };
    let mut progress = Progress::waiting(screen, format!("Looking at {hosts}"));
    let question = AccountDiscover {
        email: email.to_owned(),
        ca_pem: ca_pem.map(str::to_owned),
        imap: Some(imap.clone()),
        smtp: Some(smtp.clone()),
        progress_token: None,
    };
    let reply = daemon.call_watched(&question, PATIENCE, &mut progress)?;
    let looked = reply.candidates.into_iter().find(|candidate| candidate.source == "named");
    let Some(candidate) = looked else { return Ok(None) };
    match (&candidate.imap_check.error, &candidate.smtp_check.error) {
        (None, None) => Ok(Some(candidate)),
        (None, Some(error)) => Err(with_port(refused(fault_of_wire(error)), "--smtp", smtp)),
        (Some(error), other) => {
            if let Some(other) = other.as_ref().filter(|other| other.message != error.message) {
                screen.caution(&other.message);
            }
            Err(with_port(refused(fault_of_wire(error)), "--imap", imap))
        }
    }
}
