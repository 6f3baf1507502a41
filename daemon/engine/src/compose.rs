//! Draft → RFC 5322 bytes: the one constructor of outgoing mail. Refuses CR, LF, NUL and other
//! control characters wherever they could forge a header, recipient or command; Bcc never enters
//! the bytes; Message-ID, Date and boundaries are given by the caller, so the bytes are a function
//! of their input.

use crate::address::Address;
use crate::id::{AccountId, IdentityId};
use crate::limits::{MESSAGE_BYTES, RECIPIENTS, REFERENCES};
use crate::time::Wall;
use std::collections::BTreeSet;

mod check;
mod encode;
mod write;

pub use check::{Checker, check_bytes};
pub use encode::Base64;

/// What a person wants to send. `B` is how attachments have their bytes: themselves, or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5322 header names")]
pub struct Draft<B = Vec<u8>> {
    pub account: AccountId,
    /// The account's first identity when absent.
    pub identity: Option<IdentityId>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub bcc: Vec<Address>,
    /// The identity's when empty.
    pub reply_to: Vec<Address>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub attachments: Vec<Attachment<B>>,
    /// Message-ID answered, without angle brackets.
    pub in_reply_to: Option<String>,
    /// Threading ids, oldest first, without angle brackets.
    pub references: Vec<String>,
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "self-evident")]
pub struct Attachment<B = Vec<u8>> {
    pub name: String,
    pub content_type: String,
    pub bytes: B,
}

/// What composing asks of bytes that it does not touch.
pub trait Bytes {
    /// How many there are.
    fn size(&self) -> u64;
    /// Whether they are ASCII and pass [`check_bytes`]: a message that may stand in another one.
    fn may_stand(&self) -> bool;
}

impl Bytes for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn may_stand(&self) -> bool {
        self.is_ascii() && check_bytes(self).is_ok()
    }
}

/// What the daemon adds: identity, ids, time, entropy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 5322 header names")]
pub struct Frozen {
    pub from: Address,
    /// Reply-To of the identity, for a draft that has none.
    pub reply_to: Vec<Address>,
    /// Who the identity wants to have a copy of everything; like the draft's own Bcc never in the
    /// bytes.
    pub bcc: Vec<Address>,
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
    BadAddress { field: &'static str, value: String, reason: &'static str },
    #[error("{field} contains {what}, which could forge a header: remove it")]
    ControlCharacter { field: String, what: &'static str },
    #[error("{count} recipients are more than the limit of {limit}: send in parts")]
    TooManyRecipients { count: usize, limit: usize },
    #[error("the message has {size} bytes, more than the limit of {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("the message has neither text, html nor attachment: give one of them")]
    Empty,
    #[error("the finished message cannot be sent: {what}: this is a defect of chapar, report it")]
    Unsendable { what: &'static str },
}

/// A message before the bytes of its attachments are put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// SMTP reverse path.
    pub from: String,
    /// As in [`Composed`].
    pub recipients: Vec<String>,
    /// Bytes of the finished message.
    pub size: u64,
    /// What it consists of, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Those of an attachment, by its place in the draft.
    AsIs(usize),
    /// The same in [`Base64`].
    Base64(usize),
}

/// All of the message but the bytes of its attachments, which may lie elsewhere. Whoever puts them in
/// looks at the whole with a [`Checker`].
pub fn plan<B: Bytes>(draft: &Draft<B>, frozen: &Frozen) -> Result<Plan, DraftError> {
    check_texts(draft, frozen)?;
    let from = as_sent("from", &frozen.from)?;
    let recipients = envelope(draft, frozen)?;
    check_size(draft)?;
    let what = "an attachment has no place in it";
    let pieces = write::pieces(draft, frozen).ok_or(DraftError::Unsendable { what })?;
    let sizes = pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => bytes.len() as u64,
        Piece::AsIs(index) => size_of(draft, *index),
        Piece::Base64(index) => encode::base64_size(size_of(draft, *index)),
    });
    let size = sizes.fold(0, u64::saturating_add);
    within(size)?;
    Ok(Plan { from, recipients, size, pieces })
}

fn size_of<B: Bytes>(draft: &Draft<B>, index: usize) -> u64 {
    draft.attachments.get(index).map_or(0, |attachment| attachment.bytes.size())
}

/// Builds the bytes: a function of its input, so the same draft frozen the same gives the same.
pub fn compose(draft: &Draft, frozen: &Frozen) -> Result<Composed, DraftError> {
    let Plan { from, recipients, pieces, .. } = plan(draft, frozen)?;
    let attached = |index: usize| {
        draft.attachments.get(index).map_or(&[][..], |attachment| attachment.bytes.as_slice())
    };
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(piece) => bytes.extend(piece),
            Piece::AsIs(index) => bytes.extend_from_slice(attached(index)),
            Piece::Base64(index) => bytes.extend(encode::base64(attached(index))),
        }
    }
    check_bytes(&bytes).map_err(|what| DraftError::Unsendable { what })?;
    Ok(Composed { eight_bit: !bytes.is_ascii(), from, recipients, bytes })
}

/// The subject of an answer: `Re: ` once, whatever language said it before.
#[must_use]
pub fn reply_subject(subject: &str) -> String {
    let subject = subject.trim();
    if crate::thread::is_reply(subject) {
        subject.to_owned()
    } else {
        format!("Re: {subject}").trim_end().to_owned()
    }
}

/// Every address list with its field name.
fn lists<'d, B>(draft: &'d Draft<B>, frozen: &'d Frozen) -> [(&'static str, &'d [Address]); 5] {
    [
        ("to", &draft.to),
        ("cc", &draft.cc),
        ("bcc", &draft.bcc),
        ("identity's bcc", &frozen.bcc),
        ("replyTo", reply_to(draft, frozen)),
    ]
}

/// Where answers shall go: as the draft says, else as the identity says.
fn reply_to<'d, B>(draft: &'d Draft<B>, frozen: &'d Frozen) -> &'d [Address] {
    if draft.reply_to.is_empty() { &frozen.reply_to } else { &draft.reply_to }
}

/// Refuses control characters wherever they would reach a header.
fn check_texts<B>(draft: &Draft<B>, frozen: &Frozen) -> Result<(), DraftError> {
    header_text("subject", &draft.subject)?;
    header_text("from", frozen.from.name.as_deref().unwrap_or_default())?;
    for (field, list) in lists(draft, frozen) {
        for address in list {
            header_text(field, address.name.as_deref().unwrap_or_default())?;
        }
    }
    for id in draft.in_reply_to.iter().chain(&draft.references) {
        header_text("inReplyTo or references", id)?;
    }
    header_text("messageId", &frozen.message_id)?;
    for attachment in &draft.attachments {
        header_text("attachment name", &attachment.name)?;
        header_text("attachment type", &attachment.content_type)?;
    }
    for (field, text) in [("text", &draft.text), ("html", &draft.html)] {
        if text.as_ref().is_some_and(|text| text.contains('\0')) {
            let field = field.to_owned();
            return Err(DraftError::ControlCharacter { field, what: "a NUL character" });
        }
    }
    Ok(())
}

/// No control character may stand in `text`.
fn header_text(field: &str, text: &str) -> Result<(), DraftError> {
    let what = match text.chars().find(|c| c.is_control()) {
        None => return Ok(()),
        Some('\r' | '\n') => "a line break",
        Some('\0') => "a NUL character",
        Some(_) => "a control character",
    };
    Err(DraftError::ControlCharacter { field: field.to_owned(), what })
}

/// To, Cc and Bcc, each once, in order. Also checks every other address. The identity's own copy
/// alone is no recipient: a draft without any is a mistake.
fn envelope<B>(draft: &Draft<B>, frozen: &Frozen) -> Result<Vec<String>, DraftError> {
    if draft.to.is_empty() && draft.cc.is_empty() && draft.bcc.is_empty() {
        return Err(DraftError::NoRecipients);
    }
    let mut seen = BTreeSet::new();
    let mut recipients = Vec::new();
    for (field, list) in lists(draft, frozen) {
        for address in list {
            let email = as_sent(field, address)?;
            if field != "replyTo" && seen.insert(same_mailbox(&email)) {
                recipients.push(email);
            }
        }
    }
    match recipients.len() {
        0 => Err(DraftError::NoRecipients),
        count if count > RECIPIENTS => {
            Err(DraftError::TooManyRecipients { count, limit: RECIPIENTS })
        }
        _ => Ok(recipients),
    }
}

/// What two spellings of one mailbox have in common: domains have no case (RFC 5321 §2.4).
fn same_mailbox(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_ascii_lowercase()),
        None => email.to_owned(),
    }
}

/// The address as SMTP takes it.
fn as_sent(field: &'static str, address: &Address) -> Result<String, DraftError> {
    crate::address::as_sent(&address.email).map_err(|reason| DraftError::BadAddress {
        field,
        value: crate::message::one_line(&address.email, 254),
        reason,
    })
}

/// Refuses nothing at all, and too much before it is copied.
fn check_size<B: Bytes>(draft: &Draft<B>) -> Result<(), DraftError> {
    if draft.text.is_none() && draft.html.is_none() && draft.attachments.is_empty() {
        return Err(DraftError::Empty);
    }
    let texts = [&draft.text, &draft.html].into_iter().flatten().map(|text| text.len() as u64);
    let parts = draft.attachments.iter().map(|attachment| attachment.bytes.size());
    within(texts.chain(parts).fold(0, u64::saturating_add))
}

/// Whether `size` is allowed.
fn within(size: u64) -> Result<(), DraftError> {
    if size > MESSAGE_BYTES {
        return Err(DraftError::TooLarge { size, limit: MESSAGE_BYTES });
    }
    Ok(())
}

/// The ids of References: those given and the parent, root and nearest kept when they are too many.
fn references<B>(draft: &Draft<B>) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let parent = draft.in_reply_to.as_deref();
    let earlier = draft.references.iter().map(String::as_str);
    let mut ids: Vec<&str> = earlier
        .filter(|id| Some(bare(id)) != parent.map(bare))
        .chain(parent)
        .map(bare)
        .filter(|id| is_id(id) && seen.insert(*id))
        .collect();
    if ids.len() > REFERENCES {
        ids.drain(1..=ids.len() - REFERENCES);
    }
    ids
}

/// An id without its brackets.
fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Whether an id of somebody's mail can be written into a header; others are left out, because a
/// reply must not fail for what the sender wrote.
fn is_id(id: &str) -> bool {
    /// Room for the brackets and the header name on one line.
    const ID_BYTES: usize = 900;
    !id.is_empty()
        && id.len() <= ID_BYTES
        && id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
}

#[cfg(test)]
mod tests;
