//! One authenticated IMAP session (RFC 9051, 3501): every command demands its tagged OK, every
//! wait has a deadline, a lost connection is always an error. The only module that names
//! async-imap. Must never write to the store and never retry by itself.

mod append;
mod code;
mod date;
mod failure;
mod fetch;
pub mod guard;
mod idle;
pub mod limits;
mod list;
mod login;
mod name;
mod probe;
mod role;
mod search;
mod select;
pub mod session;
mod text;
mod value;
mod wire;

pub use chapar_engine::credential::Login;
pub use guard::budget::Hold;
pub use probe::offers;
pub use session::Session;

use chapar_engine::flags::Flags;
use chapar_engine::mailbox::{Role, ServerState};
use chapar_engine::time::Wall;

/// One mailbox of a LIST answer (RFC 9051 §7.3.1, 6154, 5819).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names of RFC 9051 §7.3.1")]
pub struct Listed {
    pub wire_name: String,
    pub name: String,
    pub separator: Option<char>,
    pub role: Option<Role>,
    pub selectable: bool,
    pub subscribed: bool,
    /// From LIST-STATUS, or None.
    pub status: Option<ServerState>,
}

/// What one FETCH response said; absent = not in the response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 9051 §7.5.2 item names")]
pub struct Fetched {
    pub uid: u32,
    pub flags: Option<Flags>,
    pub internal_date: Option<Wall>,
    pub size: Option<u32>,
    pub modseq: Option<u64>,
    /// `BODY[HEADER]`.
    pub header: Option<Vec<u8>>,
    /// `BODY[TEXT]<0>`.
    pub text: Option<Vec<u8>>,
    /// BODY[].
    pub body: Option<Vec<u8>>,
    /// `BODY[HEADER.FIELDS (MESSAGE-ID)]`: the Message-ID as it stands there.
    pub message_id: Option<String>,
}

/// What to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// UID FLAGS INTERNALDATE RFC822.SIZE.
    Facts,
    /// Facts, `BODY.PEEK[HEADER]` and the first 2 KiB of `BODY.PEEK[TEXT]`.
    Summary,
    /// Facts and BODY.PEEK[].
    Whole,
    /// UID FLAGS.
    Flags,
    /// UID and `BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]`.
    MessageId,
    /// UID FLAGS of what changed since this modseq (RFC 7162).
    FlagsSince(u64),
}

/// Which messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// UID set, already in wire form (`1:5,9`).
    Uids(String),
    /// Sequence set, wire form; only right after SELECT, before anything else is awaited.
    Seqs(String),
}

/// Why an IDLE ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdleEnd {
    /// Something happened: look.
    Changed,
    /// The renewal time passed; the link answered DONE.
    Renew,
    /// The caller's `stop` resolved; DONE was answered.
    Stopped,
}

#[cfg(test)]
mod tests;
