//! Reply lines of a server (RFC 5321 §4.2): bounded, and read as generously as their meaning stays
//! certain. The code of a reply is what it says last; its form alone never makes an answer none.

use super::Reply;
use chapar_engine::said;
use std::fmt;

/// Bytes of one line that are kept. RFC 5321 §4.5.3.1.5 allows 512 with the CRLF; servers that
/// quote addresses and ids in their replies send more, which is read and not kept.
const KEPT_BYTES: usize = 4 * 1024;
/// The same of a challenge (RFC 4954 §4): a report of why a token is refused may be long.
const CHALLENGE_BYTES: usize = 12_288;
/// Bytes of one line at most, kept or not.
pub(super) const LINE_BYTES: usize = 64 * 1024;
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
}

impl std::error::Error for Broken {}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongLine => write!(f, "a reply line is longer than {LINE_BYTES} bytes"),
            Self::ManyLines => write!(f, "a reply has more than {LINES} lines"),
            Self::NoCode => f.write_str("a line does not begin with a reply code"),
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

/// Bytes of a line that has not ended yet, as many as are kept of it.
#[derive(Debug, Default)]
pub(super) struct Line {
    kept: Vec<u8>,
    bytes: usize,
}

impl Line {
    /// Takes what belongs to this line; `Ok(true)` when it ended with it.
    pub(super) fn take(&mut self, part: &[u8]) -> Result<bool, Broken> {
        self.bytes += part.len();
        if self.bytes > LINE_BYTES {
            return Err(Broken::LongLine);
        }
        let limit = if self.kept.starts_with(b"334") { CHALLENGE_BYTES } else { KEPT_BYTES };
        let room = limit.saturating_sub(self.kept.len());
        self.kept.extend(part.iter().take(room));
        Ok(part.ends_with(b"\n"))
    }

    /// What is kept; the next line begins.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.bytes = 0;
        std::mem::take(&mut self.kept)
    }
}

/// Takes lines until a reply is whole.
#[derive(Debug, Default)]
pub(super) struct Listener {
    /// The last code of a reply that has further lines.
    code: Option<u16>,
    lines: Vec<String>,
    /// Lines that said nothing, while no reply is begun.
    empty: usize,
    /// A line without a code before a reply is passed over: the message was handed over, and its
    /// answer must not be lost for a line that a filter on the way put before it.
    pub(super) is_patient: bool,
}

impl Listener {
    /// Takes one line, with or without its end; returns the reply that it completed.
    pub(super) fn line(&mut self, raw: &[u8]) -> Result<Option<Heard>, Broken> {
        let raw = raw.trim_ascii();
        let Some((code, more, text)) = parts(raw) else {
            return self.other(raw).map(|()| None);
        };
        if self.lines.len() >= LINES {
            return Err(Broken::ManyLines);
        }
        self.lines.push(said::words(text, CHALLENGE_BYTES));
        // where the code changes within one reply, the last one is what became of the command
        self.code = Some(code);
        Ok(if more { None } else { self.cut() })
    }

    /// What of a reply was heard when no more can come: its last code counts.
    pub(super) fn cut(&mut self) -> Option<Heard> {
        self.empty = 0;
        let code = self.code.take()?;
        Some(Heard { code, lines: std::mem::take(&mut self.lines) })
    }

    /// A line without a code: more text of a reply that was begun, else nothing or a fault.
    fn other(&mut self, raw: &[u8]) -> Result<(), Broken> {
        if self.code.is_some() && self.lines.len() < LINES {
            self.lines.push(said::words(raw, CHALLENGE_BYTES));
            return Ok(());
        }
        self.empty += 1;
        if self.empty > LINES || self.code.is_some() {
            return Err(Broken::ManyLines);
        }
        if raw.is_empty() || self.is_patient { Ok(()) } else { Err(Broken::NoCode) }
    }
}

/// Code, whether further lines follow, text. The code is any three digits: what its first digit
/// means decides (RFC 5321 §4.3.2), and what none of them means is a fault of the command (§4.2).
fn parts(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let mut code = 0;
    for digit in digits {
        code = code * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    match rest.split_first() {
        Some((b'-', text)) => Some((code, true, text)),
        Some((b'0'..=b'9', _)) => None,
        _ => Some((code, false, rest)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn hear(lines: &[&[u8]]) -> Result<Option<Heard>, Broken> {
        let mut listener = Listener::default();
        let mut last = None;
        for line in lines {
            last = listener.line(line)?;
        }
        Ok(last)
    }

    fn text(lines: &[&[u8]]) -> (u16, String) {
        let reply = hear(lines).unwrap().unwrap().reply();
        (reply.code, reply.text)
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
    fn odd_forms_keep_their_meaning() {
        assert_eq!(text(&[b"571 5.7.1 spam\r\n"]), (571, "5.7.1 spam".into()));
        assert_eq!(text(&[b"299 ok\n"]), (299, "ok".into()));
        assert_eq!(text(&[b"690 what\r\n"]), (690, "what".into()));
        assert_eq!(text(&[b"250\tok"]), (250, "ok".into()));
        assert_eq!(text(&[b"250OK queued\r\n"]), (250, "OK queued".into()));
        assert_eq!(text(&[b"  250 ok\r\n"]), (250, "ok".into()));
        assert_eq!(text(&[b"\r\n", b"250 ok\r\n"]), (250, "ok".into()));
        assert_eq!(text(&[b"220-mx\r\n", b"521 no\r\n"]), (521, "mx no".into()));
        assert_eq!(text(&[b"250-a\r\n", b"queued as 7\r\n", b"250 b"]).1, "a queued as 7 b");
        assert_eq!(hear(&[b"* OK\r\n"]), Err(Broken::NoCode));
        assert_eq!(hear(&[b"2500 x\r\n"]), Err(Broken::NoCode));
        assert_eq!(hear(&[b"HTTP/1.1 200 OK\r\n"]), Err(Broken::NoCode));
    }

    #[test]
    fn a_reply_that_ends_early_counts_as_far_as_it_came() {
        let mut listener = Listener { is_patient: true, ..Listener::default() };
        assert_eq!(listener.line(b"X-Filter: seen\r\n"), Ok(None));
        assert_eq!(listener.line(b"250-queued\r\n"), Ok(None));
        assert_eq!(listener.cut().unwrap().code, 250);
        assert_eq!(listener.cut(), None);
    }

    #[test]
    fn everything_is_bounded() {
        let many: Vec<&[u8]> = vec![b"250-x\r\n"; LINES + 1];
        assert_eq!(hear(&many), Err(Broken::ManyLines));
        let empty: Vec<&[u8]> = vec![b"\r\n"; LINES + 1];
        assert_eq!(hear(&empty), Err(Broken::ManyLines));
        let mut line = Line::default();
        assert_eq!(line.take(b"250 ok "), Ok(false));
        assert_eq!(line.take(&b"x".repeat(60_000)), Ok(false));
        assert_eq!(line.take(b"\r\n"), Ok(true));
        assert_eq!(line.end().len(), KEPT_BYTES);
        assert_eq!(line.take(b"334 "), Ok(false));
        assert_eq!(line.take(&[b'A'; 12_000]), Ok(false));
        assert_eq!(line.end().len(), 12_004);
        assert_eq!(line.take(&b"x".repeat(LINE_BYTES + 1)), Err(Broken::LongLine));
    }

    #[test]
    fn text_is_cleaned_and_bounded() {
        let long = [b"550 \xc3\xa9\x1b[2J\x00x ".as_slice(), &[b'y'; 900]].concat();
        let (_, shown) = text(&[&long]);
        assert!(shown.starts_with("\u{e9}[2Jx yyy"), "{shown}");
        assert_eq!(shown.chars().count(), TEXT_CHARS);
    }
}
