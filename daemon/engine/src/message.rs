//! What is kept of a message beside its bytes, read from untrusted bytes without ever failing.

use crate::address::Address;
use crate::flags::Flags;
use crate::id::{AccountId, BlobId, MailboxId, MessageId, ThreadId};
use crate::time::Wall;

/// How much of a message is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Known by UID only; headers still to be fetched.
    Planned,
    /// Summary and preview are here.
    Summary,
    /// All bytes are here.
    Whole,
    /// Could not be fetched or read after the allowed tries; never tried again by itself.
    Poison,
}

/// One mirrored message: one UID in one mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Local id.
    pub id: MessageId,
    /// Whose it is.
    pub account: AccountId,
    /// Where it lies.
    pub mailbox: MailboxId,
    /// Its UID under the mailbox's present UIDVALIDITY.
    pub uid: u32,
    /// Its conversation; `None` while [`Stage::Planned`].
    pub thread: Option<ThreadId>,
    /// How much is here.
    pub stage: Stage,
    /// RFC822.SIZE in bytes.
    pub size: u32,
    /// INTERNALDATE.
    pub received_at: Wall,
    /// Flags as last seen on the server.
    pub flags: Flags,
    /// The bytes, once [`Stage::Whole`].
    pub blob: Option<BlobId>,
    /// What the headers say.
    pub summary: Summary,
}

/// Header facts of one message (RFC 5322), decoded for people.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Summary {
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To ids without angle brackets.
    pub in_reply_to: Vec<String>,
    /// References ids without angle brackets, oldest first, at most 100.
    pub references: Vec<String>,
    /// Date header.
    pub sent_at: Option<Wall>,
    /// From.
    pub from: Vec<Address>,
    /// Reply-To.
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc.
    pub bcc: Vec<Address>,
    /// Subject, decoded, one line.
    pub subject: String,
    /// First readable text, one line, at most 256 characters.
    pub preview: String,
    /// Whether a part is an attachment, as far as the bytes at hand show.
    pub has_attachment: bool,
    /// What was wrong with it.
    pub defects: Vec<Defect>,
}

/// Something in a message that breaks the RFCs and was read around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// Nothing in it could be read as a message.
    Unparsable,
    /// Larger than what is parsed; only the head was read.
    TooLarge,
    /// More header bytes, parts or nesting than the limits allow.
    TooComplex,
    /// No From, or one without an address.
    NoFrom,
    /// No Date, or an impossible one.
    NoDate,
    /// No Message-ID.
    NoMessageId,
}
