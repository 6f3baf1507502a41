//! What is kept of a message beside its bytes, read from untrusted bytes without ever failing.
//!
//! Owns what a message says about itself: summary, text, parts. Must never trust a length, depth
//! or count in the bytes, and never let one bad message stop a mailbox.

mod body;
mod charset;
mod date;
mod header;
mod html;
mod ids;
mod media;
mod people;
mod structure;
mod summary;
mod text;
mod transfer;
mod words;

pub use text::one_line;

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
    /// Set aside for ever by an earlier version; it is tried again.
    Poison,
    /// Known by UID only, as [`Stage::Planned`], and new to the server: its arrival is told once its
    /// headers are here.
    Arriving,
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
    /// Its conversation; `None` while [`Stage::Planned`] or [`Stage::Arriving`].
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
    /// The names of its parts that have one, one line each, as far as the bytes at hand show.
    pub part_names: Vec<String>,
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

/// What a person reads of a whole message.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Body {
    /// The plain text; made from the HTML when there is only HTML.
    pub text: Option<String>,
    /// The HTML, untouched: never show it without cleaning.
    pub html: Option<String>,
    /// Every part that is not the text itself.
    pub attachments: Vec<Part>,
}

/// One attachment or inline part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What [`part`] fetches it by; stable as long as the bytes are the same.
    pub index: u32,
    /// The name the sender gave, one line; never a path to write to.
    pub name: Option<String>,
    /// Media type, lower case, without parameters.
    pub content_type: String,
    /// Decoded bytes.
    pub size: u64,
    /// Meant to be shown within the text.
    pub inline: bool,
    /// Content-ID without angle brackets.
    pub content_id: Option<String>,
}

/// Reads what a message says about itself. Never fails and never panics: what cannot be read is
/// left empty and named in [`Summary::defects`].
///
/// `bytes` is the whole message when `whole`, else its header block and a cut start of its text.
#[must_use]
pub fn summarise(bytes: &[u8], whole: bool) -> Summary {
    summary::read(bytes, whole)
}

/// The readable text and the list of attachments of a whole message. Never fails.
#[must_use]
pub fn body(bytes: &[u8]) -> Body {
    body::read(bytes)
}

/// The decoded content of the part that [`body()`] listed under `index`.
#[must_use]
pub fn part(bytes: &[u8], index: u32) -> Option<Vec<u8>> {
    body::content(bytes, index)
}

/// HTML of a mail that a browser may show: nothing in it runs, loads from elsewhere, is a form or
/// covers the page. Of more than 2 MiB only the start is read.
#[must_use]
pub fn safe_html(html: &str) -> String {
    html::safe(html)
}

#[cfg(test)]
mod tests;
