//! Who talks on a connection.

use crate::ipc::limits;

/// Who calls, for the log: never for decisions, since the name is the client's own word.
#[derive(Clone, Debug, Default)]
pub(in crate::ipc) struct Caller {
    /// Its process, as the kernel knows it.
    pub(in crate::ipc) pid: Option<i32>,
    name: Option<String>,
}

impl Caller {
    /// A client whose process is known.
    pub(in crate::ipc) fn of(pid: Option<i32>) -> Self {
        Self { pid, name: None }
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
