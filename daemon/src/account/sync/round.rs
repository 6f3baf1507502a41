//! What one pass has met so far. Nothing in it outlives the pass.

use chapar_engine::id::MailboxId;
use chapar_engine::verdict::Failure;
use std::collections::BTreeSet;

/// What one pass did, for its closing event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) flagged: u64,
    pub(super) bytes: u64,
}

/// The state of one pass.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) tally: Tally,
    /// Whether the INBOX was looked at already.
    pub(super) inbox_looked: bool,
    /// Mailboxes that opened, or that the server says to be unchanged.
    pub(super) well: BTreeSet<MailboxId>,
    /// Mailboxes that failed.
    pub(super) failed: BTreeSet<MailboxId>,
    /// Mailboxes in a row at which the session broke.
    pub(super) breaks: u32,
    /// Whether what is stored was counted anew.
    pub(super) recounted: bool,
    /// Whether something was left on the server because the budget is met.
    pub(super) left_out: bool,
    /// Why the mailboxes could not be listed, where the pass went on with those that are known.
    pub(super) unlisted: Option<Failure>,
    /// The last failure of a mailbox.
    pub(super) last: Option<Failure>,
}
