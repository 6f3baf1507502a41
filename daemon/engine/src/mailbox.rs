//! A mailbox as the server has it, and what of it is mirrored.

use crate::id::{AccountId, MailboxId};

/// What a mailbox is for (RFC 6154, RFC 8621 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// INBOX.
    Inbox,
    /// Drafts.
    Drafts,
    /// Copies of sent mail.
    Sent,
    /// Spam.
    Junk,
    /// Deleted mail.
    Trash,
    /// Archived mail.
    Archive,
    /// Every message (Gmail).
    All,
    /// Flagged messages (virtual).
    Flagged,
    /// Important messages (virtual).
    Important,
}

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Local id.
    pub id: MailboxId,
    /// Whose it is.
    pub account: AccountId,
    /// Full path, decoded to Unicode, with the server's separator.
    pub name: String,
    /// The name exactly as the server spells it (modified UTF-7), for commands.
    pub wire_name: String,
    /// Hierarchy separator.
    pub separator: Option<char>,
    /// Role, if any.
    pub role: Option<Role>,
    /// False for `\Noselect` and `\NonExistent`.
    pub selectable: bool,
    /// Subscribed (RFC 9051 §6.3.7).
    pub subscribed: bool,
    /// What the server said when last looked at; `None` before the first look.
    pub server: Option<ServerState>,
    /// True once the first-sync window of this mailbox stands in the store.
    pub planned: bool,
}

/// The server's numbers for one mailbox (RFC 9051 §6.3.11, RFC 7162).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerState {
    /// UIDVALIDITY.
    pub uidvalidity: u32,
    /// UIDNEXT.
    pub uidnext: u32,
    /// HIGHESTMODSEQ where CONDSTORE is offered.
    pub modseq: Option<u64>,
    /// Messages in the mailbox.
    pub exists: u32,
    /// Messages without `\Seen`, when known.
    pub unseen: Option<u32>,
}
