//! After a change of server, login or password: which servers took it.
//!
//! The daemon signs in at both before it saves, so what is told here has happened already.

use chapar_ipc_protocol::account::{Account, AccountPatch, Endpoint};

use crate::render::progress::done_line;
use crate::screen::Screen;

/// Whether a change is another way to the servers, which was proved before it was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Proof(bool);

impl Proof {
    /// Of this change of that account.
    pub(super) fn of(account: &Account, patch: &AccountPatch) -> Self {
        let other = |new: &Option<Endpoint>, old: &Option<Endpoint>| new.is_some() && new != old;
        Self(
            patch.password.is_some()
                || patch.ca_pem.is_some()
                || other(&patch.imap, &account.imap)
                || other(&patch.smtp, &account.smtp)
                || patch.user.as_ref().is_some_and(|user| *user != account.user),
        )
    }

    /// What is waited for meanwhile.
    pub(super) fn what(self, account: &Account, patch: &AccountPatch) -> String {
        let host = patch.imap.as_ref().or(account.imap.as_ref()).map(|at| at.host.as_str());
        match host.filter(|_| self.0) {
            Some(host) => format!("Signing in at {host}"),
            None => "Saving".to_owned(),
        }
    }

    /// Tells what was proved; `now` is the account after the change.
    pub(super) fn show(self, screen: &Screen, now: &Account) {
        if self.0 {
            screen.say(&done_line("IMAP", &place(now.imap.as_ref()), None));
            screen.say(&done_line("SMTP", &place(now.smtp.as_ref()), None));
        }
    }
}

fn place(at: Option<&Endpoint>) -> String {
    at.map_or_else(String::new, |at| format!("{}:{}", at.host, at.port))
}
