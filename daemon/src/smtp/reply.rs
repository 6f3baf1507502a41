//! Reply lines of a server (RFC 5321 §4.2): checked, limited, cleaned, before anything believes
//! them.

use super::Reply;
use std::fmt;

/// Bytes of one reply line with its CRLF (RFC 5321 §4.5.3.1.5).
pub(super) const LINE_BYTES: usize = 512;
/// The same of a challenge (RFC 4954 §4): a report of why a token is refused may be long.
pub(super) const CHALLENGE_BYTES: usize = 12_288;
/// Lines of one reply: EHLO of a rich server has twenty.
const LINES: usize = 100;
/// Characters of a reply's text that are kept: an explanation with its link.
pub(super) const TEXT_CHARS: usize = 512;

/// Why what came is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    LongLine,
    ManyLines,
    NoCode,
    CodeChanged,
}

impl std::error::Error for Broken {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongLine => write!(f, "a reply line is longer than {LINE_BYTES} bytes"),
            Self::ManyLines => write!(f, "a reply has more than {LINES} lines"),
            Self::NoCode => f.write_str("a line does not begin with a reply code"),
            Self::CodeChanged => f.write_str("the code changes within one reply"),
        }
    }
}

/// A whole reply with its lines' texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Heard {
    /// The reply in one line, as it is shown and stored.
    pub(super) fn reply(&self) -> Reply {
        Reply { code: self.code, text: self.lines.join(" ").chars().take(TEXT_CHARS).collect() }
    }
}

/// Takes lines until a reply is whole.
#[derive(Debug, Default)]
pub(super) struct Listener {
    code: Option<u16>,
    lines: Vec<String>,
}

/// One accepted line in canonical form, and the reply it completed.
pub(super) struct Accepted {
    pub(super) line: String,
    pub(super) whole: Option<Heard>,
}

impl Listener {
    /// Takes one line with its line end.
    pub(super) fn line(&mut self, raw: &[u8]) -> Result<Accepted, Broken> {
        if raw.len() > line_limit(raw) {
            return Err(Broken::LongLine);
        }
        let (code, rest) = code(raw).ok_or(Broken::NoCode)?;
        let (more, text) = match rest.split_first() {
            Some((b'-', text)) => (true, text),
            Some((b' ', text)) => (false, text),
            Some((b'\r' | b'\n', _)) | None => (false, &[][..]),
            Some(_) => return Err(Broken::NoCode),
        };
        if self.code.is_some_and(|first| first != code) {
            return Err(Broken::CodeChanged);
        }
        if self.lines.len() >= LINES {
            return Err(Broken::ManyLines);
        }
        let text = clean(text);
        // lettre refuses longer ones; it only looks at the code
        let short = text.get(..TEXT_CHARS - 16).unwrap_or(&text);
        let line = format!("{code}{}{short}\r\n", if more { '-' } else { ' ' });
        self.lines.push(text);
        self.code = more.then_some(code);
        let whole = (!more).then(|| Heard { code, lines: std::mem::take(&mut self.lines) });
        Ok(Accepted { line, whole })
    }
}

/// Bytes that a line beginning so may have.
pub(super) fn line_limit(line: &[u8]) -> usize {
    if line.starts_with(b"334") { CHALLENGE_BYTES } else { LINE_BYTES }
}

/// Three digits, the first 2–5 (RFC 5321 §4.2: no server may send another).
fn code(raw: &[u8]) -> Option<(u16, &[u8])> {
    let (&[first, second, third], rest) = raw.split_first_chunk::<3>()?;
    let allowed =
        matches!(first, b'2'..=b'5') && matches!(second, b'0'..=b'5') && third.is_ascii_digit();
    let digit = |byte: u8| u16::from(byte.wrapping_sub(b'0'));
    allowed.then(|| (digit(first) * 100 + digit(second) * 10 + digit(third), rest))
}

/// Printable ASCII without spaces at the ends; the rest becomes `?`.
fn clean(text: &[u8]) -> String {
    let text = text.trim_ascii();
    text.iter()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(*byte),
            b'\t' => ' ',
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn hear(lines: &[&[u8]]) -> Result<Option<Heard>, Broken> {
        let mut listener = Listener::default();
        let mut last = None;
        for line in lines {
            last = listener.line(line)?.whole;
        }
        Ok(last)
    }

    #[test]
    fn lines_become_one_reply() {
        let heard = hear(&[b"250-a \r\n", b"250- \r\n", b"250\r\n"]).unwrap().unwrap();
        assert_eq!(
            (heard.code, heard.lines),
            (250, vec!["a".into(), String::new(), String::new()])
        );
    }

    #[test]
    fn everything_else_is_refused() {
        assert_eq!(hear(&[b"250-a\r\n", b"251 b\r\n"]), Err(Broken::CodeChanged));
        assert_eq!(hear(&[b"* OK\r\n"]), Err(Broken::NoCode));
        assert_eq!(hear(&[b"199 x\r\n"]), Err(Broken::NoCode));
        assert_eq!(hear(&[b"2500 x\r\n"]), Err(Broken::NoCode));
        assert_eq!(hear(&[&[b'2'; 513]]), Err(Broken::LongLine));
        assert!(hear(&[&[b"334 ", &[b'A'; 4_000][..], b"\r\n"].concat()]).is_ok());
        assert_eq!(hear(&[&[b"334 ", &[b'A'; 13_000][..]].concat()]), Err(Broken::LongLine));
        let many: Vec<&[u8]> = vec![b"250-x\r\n"; LINES + 1];
        assert_eq!(hear(&many), Err(Broken::ManyLines));
    }

    #[test]
    fn text_is_cleaned_and_bounded() {
        let heard = hear(&[b"550 \xc3\xa9\x1b[2J\x00x\r\n"]).unwrap().unwrap();
        assert_eq!(heard.reply().text, "???[2J?x");
    }
}
