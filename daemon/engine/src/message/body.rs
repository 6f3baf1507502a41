//! Text and parts of a whole message.

use super::scan::scan;
use super::text::{one_line, text_of_html};
use super::{Body, Part, parser};
use crate::limits::{LINE_CHARS, PARSE_BYTES};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

/// Bytes of HTML that are turned into plain text: more is not read by anyone.
const HTML_TEXT_BYTES: usize = 2 << 20;

/// Reads text and attachments.
pub(super) fn read(bytes: &[u8]) -> Body {
    let Some(message) = parse(bytes) else {
        return Body::default();
    };
    let plain = joined(message.text_bodies(), |part| match &part.body {
        PartType::Text(text) => Some(text.as_ref()),
        _ => None,
    });
    let html = joined(message.html_bodies(), |part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    let text = plain.or_else(|| {
        let html = html.as_deref()?;
        Some(text_of_html(super::text::start_of(html, HTML_TEXT_BYTES)))
    });
    Body { text, html, attachments: listed(&message) }
}

/// The decoded content of part `index`, if it is one that [`read`] lists.
pub(super) fn content(bytes: &[u8], index: u32) -> Option<Vec<u8>> {
    let message = parse(bytes)?;
    if !message.attachments.contains(&index) {
        return None;
    }
    let part = message.part(index)?;
    Some(match &part.body {
        PartType::Message(nested) => nested_bytes(&message, part, nested).to_vec(),
        _ => part.contents().to_vec(),
    })
}

/// Whether a part is an attachment in a person's eyes.
pub(super) fn has_attachment(message: &Message<'_>) -> bool {
    message.attachments().any(|part| !is_inline(part) && !is_signature(part))
}

/// The parsed message, unless parsing it would cost too much.
fn parse(bytes: &[u8]) -> Option<Message<'_>> {
    let fits = bytes.len() <= PARSE_BYTES && !scan(bytes).too_complex;
    fits.then(|| parser::parse(bytes)).flatten()
}

/// The chosen texts of the parts, one after the other; `None` when there is none.
fn joined<'m>(
    parts: impl Iterator<Item = &'m MessagePart<'m>>,
    choose: impl Fn(&'m MessagePart<'m>) -> Option<&'m str>,
) -> Option<String> {
    let mut texts = parts.filter_map(choose);
    let mut all = texts.next()?.to_owned();
    for text in texts {
        if !all.ends_with('\n') {
            all.push('\n');
        }
        all.push_str(text);
    }
    Some(all)
}

/// The list of parts beside the text.
fn listed(message: &Message<'_>) -> Vec<Part> {
    message
        .attachments
        .iter()
        .filter_map(|index| Some((*index, message.part(*index)?)))
        .map(|(index, part)| Part {
            index,
            name: name_of(part),
            content_type: content_type(part),
            size: size_of(message, part),
            inline: is_inline(part),
            content_id: part.content_id().map(|id| one_line(id, LINE_CHARS)),
        })
        .collect()
}

/// The sender's name for it; an embedded message is named by its subject.
fn name_of(part: &MessagePart<'_>) -> Option<String> {
    let given = part.attachment_name().map(|name| one_line(name, LINE_CHARS));
    let subject = || {
        let subject = one_line(part.message()?.subject()?, LINE_CHARS);
        (!subject.is_empty()).then(|| format!("{subject}.eml"))
    };
    given.filter(|name| !name.is_empty()).or_else(subject)
}

/// Media type, lower case; what is not said is what the parser took it for.
fn content_type(part: &MessagePart<'_>) -> String {
    let said = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()),
        None => kind.ctype().to_owned(),
    });
    let kind = said.unwrap_or_else(|| {
        match &part.body {
            PartType::Text(_) => "text/plain",
            PartType::Html(_) => "text/html",
            PartType::Message(_) => "message/rfc822",
            _ => "application/octet-stream",
        }
        .to_owned()
    });
    one_line(&kind.to_ascii_lowercase(), LINE_CHARS)
}

/// Length of the decoded content.
fn size_of(message: &Message<'_>, part: &MessagePart<'_>) -> u64 {
    let length = match &part.body {
        PartType::Message(nested) => nested_bytes(message, part, nested).len(),
        _ => part.contents().len(),
    };
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The bytes of an embedded message: its own when it was decoded, else its range of the outer one.
fn nested_bytes<'m>(
    message: &'m Message<'_>,
    part: &MessagePart<'_>,
    nested: &'m Message<'_>,
) -> &'m [u8] {
    let own = nested.raw_message();
    if !own.is_empty() {
        return own;
    }
    let bound = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    message
        .raw_message()
        .get(bound(part.raw_body_offset())..bound(part.raw_end_offset()))
        .unwrap_or_default()
}

/// Meant to be shown within the text: said so, or referred to by Content-ID and not said otherwise.
fn is_inline(part: &MessagePart<'_>) -> bool {
    match part.content_disposition() {
        Some(disposition) if disposition.is_attachment() => false,
        Some(disposition) if disposition.is_inline() => {
            part.content_id().is_some() || part.attachment_name().is_none()
        }
        _ => part.content_id().is_some(),
    }
}

/// A detached signature, which nobody means by "attachment".
fn is_signature(part: &MessagePart<'_>) -> bool {
    part.is_content_type("application", "pgp-signature")
        || part.is_content_type("application", "pkcs7-signature")
        || part.is_content_type("application", "x-pkcs7-signature")
}
