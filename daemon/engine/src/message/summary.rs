//! Header facts and preview.
//!
//! Owns what of a header is kept. Must never fail: what cannot be read is left empty.

use super::body::Reader;
use super::header::{Field, first};
use super::html::Links;
use super::structure::{self, Tree};
use super::text::{one_line, preview_of_text};
use super::{Defect, Summary, date, ids, people, words};
use crate::address::Address;
use crate::limits::{ADDRESSES, HEADER_BYTES, LINE_CHARS, PARSE_BYTES, PREVIEW_HTML_BYTES};

/// Reads `bytes`; `whole` as in [`super::summarise`].
pub(super) fn read(bytes: &[u8], whole: bool) -> Summary {
    let too_large = bytes.len() > PARSE_BYTES;
    // of a message that is too large the body is not looked at at all
    let head = if too_large { bytes.get(..HEADER_BYTES).unwrap_or(bytes) } else { bytes };
    let tree = structure::read(head, too_large);
    let mut defects = Vec::new();
    if too_large {
        defects.push(Defect::TooLarge);
    } else if tree.too_complex {
        defects.push(Defect::TooComplex);
    }
    let reader = Reader::new(&tree);
    let mut summary = headers(&reader, &mut defects);
    let cut = (!whole).then(|| without_cut_line(bytes, &tree));
    if let Some(cut) = cut.filter(|cut| cut.len() < bytes.len()) {
        let tree = structure::read(cut, too_large || tree.too_complex);
        text_of(&Reader::new(&tree), &mut summary);
    } else {
        text_of(&reader, &mut summary);
    }
    if bytes.is_empty() {
        defects = vec![Defect::Unparsable];
    }
    defects.sort_unstable();
    summary.defects = defects;
    summary
}

/// A cut text without its last, partial line: half an escape `=C` would show as rubbish.
fn without_cut_line<'b>(bytes: &'b [u8], tree: &Tree<'_>) -> &'b [u8] {
    /// Longest line of an encoded body (RFC 2045 §6.7, §6.8) with its end.
    const ENCODED_LINE: usize = 78;
    let begin = tree.parts.first().map_or(0, |part| part.body.start);
    let text = bytes.get(begin..).unwrap_or_default();
    let line_start = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let cut = text.len() - line_start;
    let keep = if line_start > 0 && cut <= ENCODED_LINE { line_start } else { text.len() };
    bytes.get(..begin + keep).unwrap_or(bytes)
}

/// Everything but preview and attachments.
fn headers(reader: &Reader<'_>, defects: &mut Vec<Defect>) -> Summary {
    let fields = reader.fields();
    let charset = reader.charset.as_deref();
    let one = |name: &str| -> Vec<Address> {
        first(fields, name)
            .map(|field| people::read(&field.unfolded(), charset, ADDRESSES))
            .unwrap_or_default()
    };
    let subject = first(fields, "subject").map(|field| words::decode(&field.unfolded(), charset));
    let mut summary = Summary {
        message_id: first(fields, "message-id").and_then(ids::own),
        sent_at: first(fields, "date").and_then(|field| date::read(&field.unfolded())),
        from: one("from"),
        reply_to: one("reply-to"),
        to: all(fields, "to", charset),
        cc: all(fields, "cc", charset),
        bcc: all(fields, "bcc", charset),
        subject: one_line(&subject.unwrap_or_default(), LINE_CHARS),
        ..Summary::default()
    };
    let own = summary.message_id.as_deref();
    let named = [&summary.from, &summary.reply_to, &summary.to, &summary.cc];
    let is_person = |id: &str| {
        named.iter().any(|list| list.iter().any(|address| address.email.eq_ignore_ascii_case(id)))
    };
    let in_reply_to = ids::parents(fields, "in-reply-to", own, is_person);
    let references = ids::parents(fields, "references", own, |_| false);
    (summary.in_reply_to, summary.references) = (in_reply_to, references);
    if summary.from.iter().all(|address| address.email.is_empty()) {
        defects.push(Defect::NoFrom);
    }
    if summary.sent_at.is_none() {
        defects.push(Defect::NoDate);
    }
    if summary.message_id.is_none() {
        defects.push(Defect::NoMessageId);
    }
    summary
}

/// The addresses of all fields of one name: recipients are often spread over several.
fn all(fields: &[Field<'_>], name: &str, charset: Option<&str>) -> Vec<Address> {
    let mut found = Vec::new();
    for field in fields.iter().filter(|field| field.is(name)) {
        let room = ADDRESSES - found.len();
        found.extend(people::read(&field.unfolded(), charset, room));
    }
    found
}

/// Preview and attachments, from the same parts as the body.
fn text_of(reader: &Reader<'_>, summary: &mut Summary) {
    /// Parts that are looked at for the first words.
    const LOOKED_AT: usize = 8;
    let chosen = reader.choose();
    summary.has_attachment = reader.has_attachment(&chosen);
    summary.part_names = reader.part_names(&chosen);
    let texts = chosen.text.iter().chain(&chosen.html).take(LOOKED_AT);
    let previews = texts
        .map(|index| preview_of_text(&reader.readable(*index, PREVIEW_HTML_BYTES, Links::Hidden)));
    let own = previews.into_iter().find(|preview| !preview.is_empty());
    let embedded = || reader.embedded_text(&chosen, 0).map(|text| preview_of_text(&text));
    summary.preview = own.or_else(embedded).unwrap_or_default();
}
