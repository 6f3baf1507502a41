//! One authenticated IMAP session (RFC 9051, 3501): every command demands its tagged OK, every
//! wait has a deadline, a lost connection is always an error. The only module that names
//! async-imap. Must never write to the store and never retry by itself.

pub mod guard;
pub mod session;

use crate::world::World;
use chapar_engine::account::Endpoint;
use chapar_engine::flags::Flags;
use chapar_engine::mailbox::{Role, ServerState};
use chapar_engine::secret::Secret;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use std::time::Duration;

/// Where and as whom to log in.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see chapar_engine::account::Account")]
pub struct Login {
    pub endpoint: Endpoint,
    pub user: String,
    pub password: Secret,
    pub ca_pem: Option<String>,
}

/// A live session.
pub struct Session {}

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
    /// BODY[HEADER].
    pub header: Option<Vec<u8>>,
    /// BODY[TEXT]<0>.
    pub text: Option<Vec<u8>>,
    /// BODY[].
    pub body: Option<Vec<u8>>,
}

/// What to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// UID FLAGS INTERNALDATE RFC822.SIZE.
    Facts,
    /// Facts, BODY.PEEK[HEADER] and the first 2 KiB of BODY.PEEK[TEXT].
    Summary,
    /// Facts and BODY.PEEK[].
    Whole,
    /// UID FLAGS.
    Flags,
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

impl Session {
    /// Dials, verifies TLS, greets, authenticates, reads capabilities, sends ID and ENABLE.
    /// Not one byte of the credential leaves before TLS is verified.
    pub async fn login(world: &World, login: &Login) -> Result<Self, Failure> {
        let _ = (world, login);
        todo!()
    }
    /// Whether the server offers `capability` (upper case) after login.
    pub fn offers(&self, capability: &str) -> bool {
        let _ = capability;
        todo!()
    }
    /// The server's name and version from ID (RFC 2971), for quirks and status.
    pub fn server(&self) -> Option<&str> {
        todo!()
    }
    /// All mailboxes, with roles and, where offered, numbers, in one round trip.
    pub async fn list(&mut self) -> Result<Vec<Listed>, Failure> {
        todo!()
    }
    /// STATUS of a mailbox that is not selected.
    pub async fn status(&mut self, wire_name: &str) -> Result<ServerState, Failure> {
        let _ = wire_name;
        todo!()
    }
    /// SELECTs (or EXAMINEs when `read_only`).
    pub async fn select(
        &mut self,
        wire_name: &str,
        read_only: bool,
    ) -> Result<ServerState, Failure> {
        let _ = (wire_name, read_only);
        todo!()
    }
    /// FETCHes; answers go to `each` in order as they arrive, never gathered. Unsolicited data of
    /// other messages are kept as a hint (`changed`).
    pub async fn fetch(
        &mut self,
        which: Which,
        items: Items,
        each: &mut (dyn FnMut(Fetched) + Send),
    ) -> Result<(), Failure> {
        let _ = (which, items, each);
        todo!()
    }
    /// UID SEARCH with the given criteria in wire form; UIDs ascending.
    pub async fn search(&mut self, criteria: &str) -> Result<Vec<u32>, Failure> {
        let _ = criteria;
        todo!()
    }
    /// UID SEARCH HEADER Message-ID.
    pub async fn search_message_id(&mut self, message_id: &str) -> Result<Vec<u32>, Failure> {
        let _ = message_id;
        todo!()
    }
    /// APPEND; the new UID where UIDPLUS says it. A lost reply is `Verdict::Unknown`.
    pub async fn append(
        &mut self,
        wire_name: &str,
        flags: &Flags,
        at: Wall,
        bytes: &[u8],
    ) -> Result<Option<u32>, Failure> {
        let _ = (wire_name, flags, at, bytes);
        todo!()
    }
    /// NOOP under a deadline: is the link alive?
    pub async fn probe(&mut self, within: Duration) -> Result<(), Failure> {
        let _ = within;
        todo!()
    }
    /// IDLEs until something happens, `renew` passes or `stop` resolves (RFC 2177). Notices a dead
    /// peer by itself (two timers).
    pub async fn idle(
        &mut self,
        renew: Duration,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<IdleEnd, Failure> {
        let _ = (renew, stop);
        todo!()
    }
    /// Whether unsolicited data said that the selected mailbox changed since last asked; clears it.
    pub fn take_changed(&mut self) -> bool {
        todo!()
    }
    /// LOGOUT under a short deadline; never fails.
    pub async fn logout(self) {
        todo!()
    }
}
