//! The submission machine: how one message is sent at most once and never lost.
//!
//! Durable states only; each is in the store before the step it permits is taken. Bytes and
//! Message-ID never change between tries. What may have reached the server is never sent again:
//! it is looked for.

use crate::id::{AccountId, BlobId, IdentityId, SubmissionId};
use crate::time::Wall;

/// One message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Local id.
    pub id: SubmissionId,
    /// Which account sends it.
    pub account: AccountId,
    /// Which identity it is from.
    pub identity: IdentityId,
    /// Message-ID without angle brackets; what it is looked for by.
    pub message_id: String,
    /// Subject, for lists.
    pub subject: String,
    /// SMTP reverse path.
    pub from: String,
    /// Every recipient with its own outcome.
    pub recipients: Vec<Recipient>,
    /// The frozen bytes, without Bcc.
    pub blob: BlobId,
    /// Their length in bytes.
    pub size: u64,
    /// When it was accepted from the client.
    pub created_at: Wall,
    /// Not before this.
    pub send_at: Wall,
    /// Where it stands.
    pub phase: Phase,
    /// Tries so far.
    pub attempts: u32,
    /// How many of them the server put off; what it says, not an absent network, makes the waits
    /// long.
    pub deferrals: u32,
    /// When the five days of tries began; `None` before the first one.
    pub tried_since: Option<Wall>,
    /// The look for the recipients of unknown fate; there is one exactly while there are such.
    pub search: Option<Search>,
    /// Transactions whose final reply was lost.
    pub losses: u32,
    /// The server's last words about it.
    pub last_reply: Option<String>,
    /// The copy in Sent.
    pub filing: Filing,
    /// The client's idempotency key.
    pub key: Option<String>,
}

/// One recipient and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// addr-spec.
    pub email: String,
    /// Outcome so far.
    pub delivery: Delivery,
}

/// Outcome for one recipient. Order of life: `Waiting` → `InFlight` → one of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "`reply` is the server's reply line, code first, or chapar's own words: see `words_apart`"
)]
pub enum Delivery {
    /// Not accepted yet; will be tried.
    Waiting { reply: Option<String> },
    /// RCPT was accepted in the running transaction and the final dot may have been sent.
    InFlight,
    /// The server took responsibility.
    Accepted { reply: String },
    /// The server refused for good.
    Refused { reply: String },
    /// May or may not have been accepted.
    Unknown,
}

/// Where a submission stands: what is to happen next with the recipients that still wait, and what
/// became of it when none does. Recipients of unknown fate are apart, in [`Submission::search`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`next` is the next instant anything is due")]
pub enum Phase {
    /// Waiting for `next` (first try, retry or schedule).
    Queued { next: Wall },
    /// A transaction is open; nothing can have been accepted yet.
    Sending,
    /// The final dot may be on the wire. Durable before the dot is written.
    DotPending,
    /// Nobody waits any more, and of at least one recipient it is not known whether it was taken.
    Unknown,
    /// Every recipient has an outcome, at least one accepted.
    Sent,
    /// Every recipient refused, or given up.
    Failed,
    /// Canceled by the person before anything was sent.
    Canceled,
}

/// The look for a message whose final reply was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// When it is looked for next; never, when only the person can say.
    pub next: Wall,
    /// Looks so far.
    pub looks: u32,
}

/// The copy in the Sent mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`next` is when filing is tried (again)")]
pub enum Filing {
    /// Nothing to file yet.
    Pending,
    /// To be searched for, and appended when absent.
    Wanted { next: Wall, tries: u32 },
    /// It is there, once.
    Filed,
    /// There is no Sent mailbox, or it was given up; said in the outbox.
    Skipped,
}

/// How chapar's own words begin when the tries are over; the server's last reply line follows.
const GIVEN_UP: &str = "given up after five days: ";

/// What was said of a recipient, apart: the server's reply line, and chapar's own words.
#[must_use]
pub fn words_apart(words: &str) -> (Option<&str>, Option<&str>) {
    if is_reply_line(words) {
        return (Some(words), None);
    }
    match words.strip_prefix(GIVEN_UP) {
        Some(reply) if is_reply_line(reply) => {
            (Some(reply), Some(GIVEN_UP.trim_end_matches([':', ' '])))
        }
        _ => (None, Some(words)),
    }
}

/// Three digits and a blank (RFC 5321 §4.2); chapar's own words never begin so.
fn is_reply_line(words: &str) -> bool {
    let (code, rest) = words.split_at_checked(3).unwrap_or_default();
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with(' ')
}

mod agenda;
mod filing;
mod search;
mod transition;

pub use agenda::Due;
pub use search::Resolution;
pub use transition::{RcptReply, WrongPhase};
