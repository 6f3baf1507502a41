//! What async-imap is shown of each response.
//!
//! Its parser closes the stream for good on what it does not know, panics on two lines and ends
//! the process on a third. It reads status words, tags and counts faithfully: it is shown those,
//! in a plain form, and a harmless line in place of everything else, which our own readers get.

use super::frame::{Frame, Violation};
use crate::imap::limits;

/// Shown in place of a response that is not for the parser.
const TAKEN: &[u8] = b"* OK -\r\n";

/// The line shown to the parser for `frame`: one response for one response, always readable.
pub(super) fn shown(frame: &Frame) -> Result<Vec<u8>, Violation> {
    let line = &frame.line;
    if line.first() == Some(&b'+') {
        return Ok(b"+ -\r\n".to_vec());
    }
    let (first, rest) = split_word(line);
    let (second, rest) = split_word(rest);
    if first != b"*" {
        return Ok(match tagged_status(first, second) {
            Some(status) => [first, b" ", status, b" -\r\n"].concat(),
            None => TAKEN.to_vec(),
        });
    }
    if let Some(status) = status_word(second) {
        return Ok([b"* ".as_slice(), status, b" -\r\n"].concat());
    }
    if depth(line) > limits::DEPTH {
        return Err(Violation::Depth);
    }
    let count = std::str::from_utf8(second).ok().and_then(|text| text.parse::<u32>().ok());
    let word = split_word(rest).0.to_ascii_uppercase();
    Ok(match (count, word.as_slice()) {
        (Some(count), b"EXISTS" | b"EXPUNGE" | b"RECENT") => {
            [format!("* {count} ").as_bytes(), &word, b"\r\n"].concat()
        }
        _ => TAKEN.to_vec(),
    })
}

/// Whether literals can be in a response that begins like `line`.
pub(super) fn may_hold_literals(line: &[u8]) -> bool {
    let (first, rest) = split_word(line);
    first == b"*" && status_word(split_word(rest).0).is_none()
}

fn tagged_status<'a>(tag: &[u8], word: &'a [u8]) -> Option<&'a [u8]> {
    let is_tag = !tag.is_empty() && tag.len() <= 16 && tag.iter().all(u8::is_ascii_alphanumeric);
    status_word(word).filter(|word| is_tag && matches!(*word, b"OK" | b"NO" | b"BAD"))
}

/// Whether `word` is a status word.
pub(crate) fn is_status(word: &[u8]) -> bool {
    status_word(word).is_some()
}

/// The canonical status word, or `None`.
fn status_word(word: &[u8]) -> Option<&'static [u8]> {
    const WORDS: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
    WORDS.into_iter().find(|known| word.eq_ignore_ascii_case(known))
}

/// The first word and what follows the blanks after it.
pub(crate) fn split_word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|&byte| byte == b' ').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, b""));
    (word, rest.trim_ascii_start())
}

/// The deepest nesting of parentheses outside quoted strings.
fn depth(line: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for &byte in line {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'(' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn shown_of(line: &str) -> String {
        let frame = Frame { line: line.as_bytes().to_vec(), ..Frame::default() };
        String::from_utf8(shown(&frame).unwrap()).unwrap()
    }

    #[test]
    fn table() {
        for (line, expected) in [
            ("* OK [ALERT]\u{e9}t\u{e9}", "* OK -\r\n"),
            ("* bye gone", "* BYE -\r\n"),
            ("A0003 ok [UIDVALIDITY x", "A0003 OK -\r\n"),
            ("A0003 PREAUTH x", "* OK -\r\n"),
            ("+ bm9uc2Vuc2U=", "+ -\r\n"),
            ("+", "+ -\r\n"),
            ("* 3 exists", "* 3 EXISTS\r\n"),
            ("* 4294967296 EXISTS", "* OK -\r\n"),
            ("* 1 FETCH (INTERNALDATE NIL)", "* OK -\r\n"),
            ("* ESEARCH (TAG \"x\") ALL 1", "* OK -\r\n"),
            ("[COPYUID 55 31 6]", "* OK -\r\n"),
        ] {
            assert_eq!(shown_of(line), expected, "{line}");
        }
    }

    #[test]
    fn everything_shown_is_read() {
        for line in ["* NO x", "* PREAUTH", "B1 BAD", "+", "* 0 EXPUNGE", "* 9 RECENT", "?"] {
            let text = shown_of(line);
            let (rest, _) = async_imap::imap_proto::Response::parse(text.as_bytes()).unwrap();
            assert!(rest.is_empty(), "{line}");
        }
    }

    #[test]
    fn nesting() {
        let line = |depth: usize| Frame {
            line: format!("* 1 FETCH (BODY {}{})", "(".repeat(depth), ")".repeat(depth))
                .into_bytes(),
            ..Frame::default()
        };
        assert!(shown(&line(limits::DEPTH - 1)).is_ok());
        assert_eq!(shown(&line(500)), Err(Violation::Depth));
        assert_eq!(depth(br#"(("((\"((" ()))"#), 3);
    }
}
