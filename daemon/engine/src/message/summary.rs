//! Header facts and preview.

use super::scan::{Scan, scan};
use super::text::{one_line, preview_of_html, preview_of_text};
use super::{Defect, Summary, body, parser};
use crate::address::Address;
use crate::limits::{ADDRESSES, ID_BYTES, LINE_CHARS, PARSE_BYTES, REFERENCES};
use crate::time::Wall;
use mail_parser::{DateTime, HeaderName, HeaderValue, Message, PartType};
use std::collections::BTreeSet;

/// Reads `bytes`; `whole` as in [`super::summarise`].
pub(super) fn read(bytes: &[u8], whole: bool) -> Summary {
    let mut defects = Vec::new();
    let too_large = bytes.len() > PARSE_BYTES;
    let look = if too_large {
        // the body is not looked at at all
        scan(bytes.get(..crate::limits::HEADER_BYTES).unwrap_or(bytes))
    } else {
        scan(bytes)
    };
    if too_large {
        defects.push(Defect::TooLarge);
    } else if look.too_complex {
        defects.push(Defect::TooComplex);
    }
    let closed = (!whole && !too_large && !look.too_complex).then(|| closed(bytes, &look));
    let bytes = closed.as_deref().unwrap_or(bytes);
    let parsed = parse(bytes, &look, too_large).or_else(|| {
        defects.push(Defect::Unparsable);
        parser::parse_headers(bytes.get(..look.header_end)?)
    });
    let Some(message) = parsed else {
        return Summary { defects, ..Summary::default() };
    };
    let mut summary = headers(&message, &mut defects);
    summary.preview = preview(&message);
    summary.has_attachment = body::has_attachment(&message);
    defects.sort_unstable();
    summary.defects = defects;
    summary
}

/// The parsed message, or its headers alone where more would cost too much.
fn parse<'b>(bytes: &'b [u8], look: &Scan, too_large: bool) -> Option<Message<'b>> {
    if too_large || look.too_complex {
        return parser::parse_headers(bytes.get(..look.header_end)?);
    }
    parser::parse(bytes)
}

/// A cut message with its open parts closed: the parser decodes no part that has no end.
fn closed(bytes: &[u8], look: &Scan) -> Vec<u8> {
    let mut closed = without_cut_line(bytes, look).to_vec();
    for boundary in look.open.iter().rev() {
        closed.extend_from_slice(b"\r\n--");
        closed.extend_from_slice(boundary);
        closed.extend_from_slice(b"--\r\n");
    }
    closed
}

/// A cut text without its last, partial line: half a base64 group or `=C` would show as rubbish.
fn without_cut_line<'b>(bytes: &'b [u8], look: &Scan) -> &'b [u8] {
    /// Longest line of an encoded body (RFC 2045 §6.7, §6.8) with its end.
    const ENCODED_LINE: usize = 78;
    let text = bytes.get(look.header_end..).unwrap_or_default();
    let line_start = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let cut = text.len() - line_start;
    let keep = if line_start > 0 && cut <= ENCODED_LINE { text.len() - cut } else { text.len() };
    bytes.get(..look.header_end + keep).unwrap_or(bytes)
}

/// Everything but preview and attachments.
fn headers(message: &Message<'_>, defects: &mut Vec<Defect>) -> Summary {
    let message_id = message.message_id().and_then(clean_id);
    let from = addresses(message.from());
    let sent_at = message.date().and_then(instant);
    if from.iter().all(|address| address.email.is_empty()) {
        defects.push(Defect::NoFrom);
    }
    if sent_at.is_none() {
        defects.push(Defect::NoDate);
    }
    if message_id.is_none() {
        defects.push(Defect::NoMessageId);
    }
    let own = message_id.as_deref();
    Summary {
        in_reply_to: ids(message, &HeaderName::InReplyTo, own),
        references: ids(message, &HeaderName::References, own),
        message_id,
        sent_at,
        from,
        reply_to: addresses(message.reply_to()),
        to: all_addresses(message.all_to()),
        cc: all_addresses(message.all_cc()),
        bcc: all_addresses(message.all_bcc()),
        subject: one_line(message.subject().unwrap_or_default(), LINE_CHARS),
        ..Summary::default()
    }
}

/// The ids of every header of that name: unique, without `own` (a message is not its own parent),
/// oldest first. Of too many the first and the last are kept: root and nearest parents.
fn ids(message: &Message<'_>, name: &HeaderName<'_>, own: Option<&str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut list: Vec<String> = message
        .headers()
        .iter()
        .filter(|header| &header.name == name)
        .flat_map(|header| match &header.value {
            HeaderValue::Text(id) => vec![id.as_ref()],
            HeaderValue::TextList(ids) => ids.iter().map(AsRef::as_ref).collect(),
            _ => Vec::new(),
        })
        .filter_map(clean_id)
        .filter(|id| Some(id.as_str()) != own && seen.insert(id.clone()))
        .collect();
    if list.len() > REFERENCES {
        list.drain(1..=list.len() - REFERENCES);
    }
    list
}

/// An id without brackets, or `None` for what cannot be one.
fn clean_id(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>');
    let fits = !id.is_empty()
        && id.len() <= ID_BYTES
        && !id.chars().any(|c| c.is_control() || c.is_whitespace() || c == '<' || c == '>');
    fits.then(|| id.to_owned())
}

/// The addresses of several headers of one name.
fn all_addresses<'m>(headers: impl Iterator<Item = &'m mail_parser::Address<'m>>) -> Vec<Address> {
    headers.flat_map(|header| header.iter()).filter_map(address).take(ADDRESSES).collect()
}

/// The addresses of one header; groups are flattened.
fn addresses(header: Option<&mail_parser::Address<'_>>) -> Vec<Address> {
    header
        .into_iter()
        .flat_map(|header| header.iter())
        .filter_map(address)
        .take(ADDRESSES)
        .collect()
}

/// One address; `None` when neither name nor address is there.
fn address(parsed: &mail_parser::Addr<'_>) -> Option<Address> {
    let name = parsed.name().map(|name| one_line(name, LINE_CHARS)).filter(|name| !name.is_empty());
    let email = one_line(parsed.address().unwrap_or_default(), LINE_CHARS);
    // without an @ it is a name somebody forgot to quote
    match (name, email.contains('@')) {
        (name, true) => Some(Address { name, email }),
        (Some(name), false) => Some(Address { name: Some(name), email: String::new() }),
        (None, false) if !email.is_empty() => {
            Some(Address { name: Some(email), email: String::new() })
        }
        (None, false) => None,
    }
}

/// A date between 1970 and 9999, or `None`.
fn instant(date: &DateTime) -> Option<Wall> {
    let possible = date.is_valid() && (1970..=9999).contains(&date.year);
    possible.then(|| Wall(date.to_timestamp().saturating_mul(1000)))
}

/// The first text part that shows anything.
fn preview(message: &Message<'_>) -> String {
    let texts = message.text_bodies().chain(message.html_bodies());
    for part in texts.take(8) {
        let preview = match &part.body {
            PartType::Text(text) => preview_of_text(text),
            PartType::Html(html) => preview_of_html(html),
            _ => continue,
        };
        if !preview.is_empty() {
            return preview;
        }
    }
    String::new()
}
