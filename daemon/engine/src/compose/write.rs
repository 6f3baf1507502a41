//! The checked draft as bytes.

use super::encode::{base64, crlf};
use super::{Attachment, Bytes, Draft, Frozen, Piece, bare, is_id, references, reply_to};
use crate::address::{Address, as_sent};
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Written;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use std::borrow::Cow;

/// The whole message, the bytes of attachments left out; `None` when one lost its place. Everything
/// in `draft` was checked.
pub(super) fn pieces(draft: &Draft<impl Bytes>, frozen: &Frozen) -> Option<Vec<Piece>> {
    let message = message(draft, frozen);
    let (mut pieces, mut rest) = (Vec::new(), message.as_slice());
    for (index, attachment) in draft.attachments.iter().enumerate() {
        let mark = mark(frozen, index);
        let at = rest.windows(mark.len()).position(|window| window == mark.as_bytes())?;
        pieces.push(Piece::Bytes(rest.get(..at)?.to_vec()));
        pieces.push(if stands(attachment) { Piece::AsIs(index) } else { Piece::Base64(index) });
        rest = rest.get(at + mark.len()..)?;
    }
    pieces.push(Piece::Bytes(rest.to_vec()));
    Some(pieces)
}

/// The line in the place of an attachment's bytes. As a boundary it stands nowhere else.
fn mark(frozen: &Frozen, index: usize) -> String {
    format!("=_{:016x}_attachment_{index}\r\n", frozen.seed)
}

fn message(draft: &Draft<impl Bytes>, frozen: &Frozen) -> Vec<u8> {
    let builder = MessageBuilder::new()
        .header("Date", Date::new(frozen.date.seconds()))
        .header("From", addresses(std::slice::from_ref(&frozen.from)))
        .header("Message-ID", MessageId::new(bare(&frozen.message_id)))
        .header("Subject", Text::new(draft.subject.as_str()))
        .header("MIME-Version", Raw::new("1.0"));
    let builder = recipients(builder, draft, frozen);
    let builder = threading(builder, draft);
    let mut bytes = Vec::new();
    builder.body(body(draft, frozen)).serialize(&mut bytes);
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Reply-To, To and Cc; never Bcc.
fn recipients<'x>(
    mut builder: MessageBuilder<'x>,
    draft: &'x Draft<impl Bytes>,
    frozen: &'x Frozen,
) -> MessageBuilder<'x> {
    if draft.to.is_empty() && draft.cc.is_empty() {
        // the group syntax for "nobody you may know of" (RFC 5322 §A.1.3)
        builder = builder.header("To", Raw::new("undisclosed-recipients:;"));
    }
    let answers = reply_to(draft, frozen);
    for (name, list) in
        [("To", draft.to.as_slice()), ("Cc", draft.cc.as_slice()), ("Reply-To", answers)]
    {
        if !list.is_empty() {
            builder = builder.header(name, addresses(list));
        }
    }
    builder
}

/// In-Reply-To and References.
fn threading<'x>(
    mut builder: MessageBuilder<'x>,
    draft: &'x Draft<impl Bytes>,
) -> MessageBuilder<'x> {
    if let Some(parent) = draft.in_reply_to.as_deref().map(bare)
        && is_id(parent)
    {
        builder = builder.header("In-Reply-To", MessageId::new(parent));
    }
    let ids = references(draft);
    if !ids.is_empty() {
        builder = builder.header("References", MessageId::new_list(ids.into_iter()));
    }
    builder
}

/// An address list; an empty name is no name.
fn addresses(list: &[Address]) -> HeaderType<'_> {
    let each = list.iter().map(|address| {
        let name = address.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        Written::new_address(name, as_sent(&address.email).unwrap_or_default())
    });
    Written::new_list(each.collect()).into()
}

/// Text, HTML, both as alternatives; with attachments all in a multipart/mixed.
fn body<'x>(draft: &'x Draft<impl Bytes>, frozen: &Frozen) -> MimePart<'x> {
    let text = draft.text.as_deref().map(|text| readable("text/plain", text));
    let html = draft.html.as_deref().map(|html| readable("text/html", html));
    let shown = match (text, html) {
        (Some(text), Some(html)) => Some(multipart("alternative", 1, frozen, vec![text, html])),
        (text, html) => text.or(html),
    };
    let attached = draft.attachments.iter().enumerate();
    let attached = attached.map(|(index, one)| attachment(one, mark(frozen, index)));
    match shown {
        Some(shown) if draft.attachments.is_empty() => shown,
        shown => multipart("mixed", 0, frozen, shown.into_iter().chain(attached).collect()),
    }
}

/// A multipart with a boundary of our own. `=_` never stands in quoted-printable or base64
/// (RFC 2045 §6.7), and the seed is not known to whoever wrote the parts.
fn multipart<'x>(
    subtype: &str,
    number: u8,
    frozen: &Frozen,
    parts: Vec<MimePart<'x>>,
) -> MimePart<'x> {
    let kind = ContentType::new(format!("multipart/{subtype}"))
        .attribute("boundary", format!("=_{:016x}_{number}", frozen.seed));
    MimePart::new(kind, parts)
}

/// A text part in 7-bit form.
fn readable<'x>(kind: &'static str, text: &str) -> MimePart<'x> {
    let mut text = crlf(text);
    if !text.ends_with("\r\n") {
        text.push_str("\r\n");
    }
    let unusual = |c: char| c.is_ascii_control() && !matches!(c, '\r' | '\n' | '\t');
    if text.contains(unusual) {
        return coded(ContentType::new(kind).attribute("charset", "utf-8"), text.as_bytes());
    }
    MimePart::new(kind, text)
}

/// A part in base64.
fn coded<'x>(kind: ContentType<'x>, bytes: &[u8]) -> MimePart<'x> {
    verbatim(kind, base64(bytes), "base64")
}

/// A part whose encoding is done.
fn verbatim<'x>(kind: ContentType<'x>, bytes: Vec<u8>, encoding: &'static str) -> MimePart<'x> {
    MimePart::new(kind, BodyPart::Binary(Cow::Owned(bytes))).transfer_encoding(encoding)
}

/// One attachment, with a mark in the place of its bytes.
fn attachment(attachment: &Attachment<impl Bytes>, mark: String) -> MimePart<'_> {
    let (kind, mark) = (media_type(&attachment.content_type), mark.into_bytes());
    let part = if stands(attachment) {
        verbatim(ContentType::new(kind), mark, "7bit")
    } else if is_message(&kind) {
        verbatim(ContentType::new("application/octet-stream"), mark, "base64")
    } else {
        verbatim(ContentType::new(kind), mark, "base64")
    };
    let name = attachment.name.trim();
    if name.is_empty() {
        return part.header("Content-Disposition", ContentType::new("attachment"));
    }
    part.attachment(name)
}

fn is_message(kind: &str) -> bool {
    kind.starts_with("message/")
}

/// Whether it is a message within the message. RFC 2046 §5.2.1 forbids base64 for it: where its
/// bytes may not stand as they are, it goes as a plain file.
fn stands(attachment: &Attachment<impl Bytes>) -> bool {
    is_message(&media_type(&attachment.content_type)) && attachment.bytes.may_stand()
}

/// `type/subtype` in lower case; what is none, or would need a structure, is a plain file.
fn media_type(given: &str) -> String {
    let kind = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |part: &str| {
        !part.is_empty()
            && part.len() <= 127
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match kind.split_once('/') {
        Some((main, sub)) if token(main) && token(sub) && main != "multipart" => kind,
        _ => "application/octet-stream".to_owned(),
    }
}
