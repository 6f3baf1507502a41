//! Untrusted text made fit for one line of a list.

use crate::limits::LINE_CHARS;

/// `text` as one line: white space folded to single spaces, control, direction and invisible
/// characters removed, at most `limit` characters.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = count > 0;
            continue;
        }
        if c.is_control() || is_invisible(c) {
            continue;
        }
        let room = usize::from(gap) + 1;
        if count + room > limit {
            break;
        }
        if gap {
            out.push(' ');
        }
        gap = false;
        out.push(c);
        count += room;
    }
    out
}

/// Direction overrides, which forge what is read, and the padding that newsletters put into
/// previews. The joiner U+200D stays: it holds emoji together.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{200E}'
            | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
    )
}

/// The first readable words of a plain text: quoted lines only when there is nothing else.
pub(super) fn preview_of_text(text: &str) -> String {
    let own: String = text
        .lines()
        .filter(|line| !line.starts_with('>'))
        .take_while(|line| *line != "-- ")
        .fold(String::new(), |mut own, line| {
            if own.len() < LINE_CHARS * 16 {
                own.push_str(line);
                own.push('\n');
            }
            own
        });
    let preview = one_line(&own, LINE_CHARS);
    let preview = if preview.is_empty() { one_line(text, LINE_CHARS) } else { preview };
    without_cut_char(preview)
}

/// Whether nothing that a person could read stands in a text.
pub(super) fn blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_invisible(c))
}

/// At most `limit` bytes of `text`, cut between characters.
pub(super) fn start_of(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// Without the replacement characters that a cut in the middle of a character leaves at the end.
fn without_cut_char(text: String) -> String {
    match text.strip_suffix('\u{FFFD}') {
        Some(rest) => rest.trim_end_matches(['\u{FFFD}', ' ']).to_owned(),
        None => text,
    }
}
