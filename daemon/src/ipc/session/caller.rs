//! Who talks on a connection.

use crate::ipc::purse::Purse;
use crate::ipc::{Services, limits};
use crate::readers::Client;

/// Who calls: whose turn it is among the readers, whose bytes are in flight. Process and name are for
/// the log, never for decisions: the name is the client's own word.
#[derive(Clone)]
pub(in crate::ipc) struct Caller {
    /// Its process, as the kernel knows it.
    pub(in crate::ipc) pid: Option<i32>,
    /// Its place among those who read.
    pub(in crate::ipc) client: Client,
    /// Its budget.
    pub(in crate::ipc) purse: Purse,
    name: Option<String>,
}

impl Caller {
    /// A new connection.
    pub(super) fn new(services: &Services) -> Self {
        let purse = Purse::new(&services.till);
        Self { pid: None, client: services.readers.client(), purse, name: None }
    }

    /// What it calls itself, fit for a line of a log.
    pub(in crate::ipc) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("unnamed")
    }

    /// It said its name.
    pub(super) fn introduced(&mut self, name: &str) {
        let plain = name.chars().filter(|letter| !letter.is_control());
        self.name = Some(plain.take(limits::CLIENT_NAME_CHARS).collect());
    }
}
