//! One line of a LIST or LSUB answer, in the grammar and as servers really write it.
//!
//! Must never guess a mailbox: a line whose name cannot be said in a command is left out.

use crate::imap::guard::frame::Frame;
use crate::imap::value::{Reader, Value};
use crate::imap::{limits, name, role};
use chapar_engine::mailbox::Role;

/// What one LIST or LSUB response said.
#[derive(Debug)]
pub(super) struct Line {
    pub role: Option<Role>,
    pub selectable: bool,
    pub subscribed: bool,
    pub separator: Option<char>,
    pub wire_name: String,
}

impl Line {
    /// The INBOX, of which a server said nothing.
    pub(super) fn inbox() -> Self {
        let (wire_name, separator) = (super::INBOX.to_owned(), None);
        Self { role: None, selectable: true, subscribed: true, separator, wire_name }
    }
}

/// `(attributes) separator name`; what LIST-EXTENDED puts after them is passed over.
pub(super) fn read(mut frame: Frame) -> Option<Line> {
    let text = std::mem::take(&mut frame.line);
    let mut reader = Reader::new(&text, &mut frame.literals);
    reader.word()?;
    reader.word()?;
    let value = reader.value()?;
    let attributes = value.list()?;
    let named = || attributes.iter().filter_map(Value::str);
    let has = |wanted: &str| named().any(|own| own.eq_ignore_ascii_case(wanted));
    let role = named().find_map(role::of_attribute);
    let selectable = !has("\\Noselect") && !has("\\NonExistent");
    let subscribed = has("\\Subscribed");
    let separator = reader.value()?.str().and_then(|text| text.chars().next());
    let wire_name = name::of_wire(&read_name(&mut reader)?);
    let sayable = !wire_name.is_empty()
        && wire_name.len() <= limits::MAILBOX_NAME_BYTES
        && !wire_name.contains(['\r', '\n', '\0']);
    sayable.then_some(Line { role, selectable, subscribed, separator, wire_name })
}

/// The name: a literal or a quoted string; without quotes everything up to the end of the line, for
/// servers that do not quote blanks.
fn read_name(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let first = reader.peek()?;
    let rest = reader.rest();
    match reader.value() {
        Some(Value::Text(_)) if first == b'"' && !ends(reader) => {
            Some(inner_quotes(rest)?.to_vec())
        }
        Some(value @ Value::Text(_)) => value.into_bytes(),
        // a quote that is never closed, or parentheses
        _ if first == b'"' || first == b'(' => None,
        _ => Some(without_extension(rest).trim_ascii_end().to_vec()),
    }
}

/// Whether nothing, or only what LIST-EXTENDED adds, follows.
fn ends(reader: &mut Reader<'_>) -> bool {
    matches!(reader.peek(), None | Some(b'('))
}

/// A name with quotes in it that the server did not escape: all between the first and the last.
fn inner_quotes(rest: &[u8]) -> Option<&[u8]> {
    let inside = without_extension(rest).trim_ascii_end().strip_prefix(b"\"")?;
    inside.strip_suffix(b"\"").or(Some(inside))
}

/// `text` without the extended data that may stand after a name (RFC 5258 §6): a list in
/// parentheses that begins with the name of its kind.
fn without_extension(text: &[u8]) -> &[u8] {
    const KINDS: [&[u8]; 4] = [b" (\"", b" (CHILDINFO", b" (OLDNAME", b" (TAG "];
    let begins = |at: &usize| {
        let here = text.get(*at..).unwrap_or_default();
        let is_kind = |kind: &&[u8]| {
            here.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind))
        };
        KINDS.iter().any(is_kind)
    };
    if !text.trim_ascii_end().ends_with(b")") {
        return text;
    }
    let at = (0..text.len()).find(begins);
    at.and_then(|at| text.get(..at)).unwrap_or(text)
}
