//! Draft → RFC 5322 bytes: the one constructor of outgoing mail. Refuses CR, LF, NUL and other
//! control characters wherever they could forge a header, recipient or command; Bcc never enters
//! the bytes; Message-ID, Date and boundaries are given by the caller, so the bytes are a function
//! of their input.

use crate::address::Address;
use crate::id::{AccountId, BlobId, IdentityId};
use crate::time::Wall;

/// What a person wants to send. Attachments carry their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5322 header names")]
pub struct Draft {
    pub account: AccountId,
    /// The account's first identity when absent.
    pub identity: Option<IdentityId>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    pub reply_to: Vec<Address>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub attachments: Vec<Attachment>,
    /// Message-ID answered, without angle brackets.
    pub in_reply_to: Option<String>,
    /// Threading ids, oldest first, without angle brackets.
    pub references: Vec<String>,
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "self-evident")]
pub struct Attachment {
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// What the daemon adds: identity, ids, time, entropy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5322 header names")]
pub struct Frozen {
    pub from: Address,
    /// Without angle brackets, `random@sender-domain`.
    pub message_id: String,
    pub date: Wall,
    /// For MIME boundaries.
    pub seed: u64,
}

/// The finished message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// CRLF lines of at most 998 bytes, no NUL, no Bcc.
    pub bytes: Vec<u8>,
    /// SMTP reverse path.
    pub from: String,
    /// To, Cc and Bcc, each once, in order, domains in their IDNA ASCII form where needed.
    pub recipients: Vec<String>,
    /// Whether a byte ≥ 128 stands in the bytes (8BITMIME needed); composing avoids it.
    pub eight_bit: bool,
}

/// Why a draft cannot be sent. Each names the field and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum DraftError {
    #[error("no recipient is given: add at least one address to `to`, `cc` or `bcc`")]
    NoRecipients,
    #[error("{field}: `{value}` is not a mail address: {reason}")]
    BadAddress {
        field: &'static str,
        value: String,
        reason: &'static str,
    },
    #[error("{field} contains {what}, which could forge a header: remove it")]
    ControlCharacter { field: String, what: &'static str },
    #[error("{count} recipients are more than the limit of {limit}: send in parts")]
    TooManyRecipients { count: usize, limit: usize },
    #[error("the message has {size} bytes, more than the limit of {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("the message has neither text, html nor attachment: give one of them")]
    Empty,
}

/// Builds the bytes.
pub fn compose(draft: &Draft, frozen: &Frozen) -> Result<Composed, DraftError> {
    let _ = (draft, frozen, None::<BlobId>);
    todo!()
}
