//! Transfer encodings undone, as far as they can be (RFC 2045 §6).
//!
//! Owns the bytes of a part's content. Must never give up on a whole part for one wrong byte: what
//! cannot be decoded stays as it is.

use super::header::lines;
use super::media::{Encoding, hex};

/// The decoded bytes of `content`.
pub(super) fn decode(content: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Identity => content.to_vec(),
        Encoding::QuotedPrintable => quoted_printable(content),
        Encoding::Base64 => base64_lines(content),
        Encoding::Uuencode => uuencode(content),
    }
}

/// Quoted-printable: `=XX` and soft line ends; any other `=` is a character.
pub(super) fn quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len());
    for line in lines(content, 0) {
        let text = line.text();
        let ending = line.bytes.get(text.len()..).unwrap_or_default();
        // blanks at the end were added on the way (RFC 2045 §6.7, rule 3)
        let text = text.trim_ascii_end();
        let soft = text.strip_suffix(b"=");
        escapes(soft.unwrap_or(text), &mut decoded);
        if soft.is_none() {
            decoded.extend_from_slice(ending);
        }
    }
    decoded
}

/// The escapes of one line.
fn escapes(mut rest: &[u8], decoded: &mut Vec<u8>) {
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'='
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(*first);
        }
    }
}

/// Base64 as it stands in a body. Lines that are no base64 end it: what a mailing list wrote below
/// is kept as it is, and so is a text that only says to be base64.
fn base64_lines(content: &[u8]) -> Vec<u8> {
    let mut decoder = Base64::default();
    let mut at = 0;
    for line in lines(content, 0) {
        if !is_base64_line(line.text(), decoder.ended) {
            break;
        }
        decoder.take(line.text());
        // an empty line is as good as padding: what follows has to look like base64 beyond doubt
        decoder.ended |= line.text().trim_ascii().is_empty() && decoder.held == 0;
        at = line.end();
    }
    let mut bytes = decoder.finish();
    let rest = content.get(at..).unwrap_or_default();
    if !rest.trim_ascii().is_empty() {
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(rest);
    }
    bytes
}

/// Whether a line may belong to base64. A few stray characters may stand in it, words may not;
/// behind the padding only another group that is surely base64 follows.
fn is_base64_line(text: &[u8], ended: bool) -> bool {
    let text = text.trim_ascii();
    let usual = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let strays = text.len() - text.iter().filter(usual).count();
    let groups = text.len() / 4 * 4 == text.len();
    if ended {
        return text.is_empty() || (strays == 0 && groups && text.len() >= 8);
    }
    // `-` is met in the alphabet for URLs, a boundary or a rule begins with two
    strays * 8 <= text.len()
        && !text.starts_with(b"--")
        && (!text.contains(&b' ') || is_broken(text))
}

/// Whether a line with blanks is base64 that was broken by them, and no words: each piece has a
/// capital, a figure or a sign within it.
fn is_broken(text: &[u8]) -> bool {
    let pieces = text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|piece| !piece.is_empty());
    pieces.clone().any(|piece| piece.iter().any(u8::is_ascii_digit))
        && pieces.clone().all(|piece| {
            let inner = piece.get(1..).unwrap_or_default();
            let coded = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
            piece.iter().all(|byte| value(*byte).is_some() || *byte == b'=')
                && inner.iter().any(|byte| coded(byte) || matches!(byte, b'+' | b'/'))
        })
}

/// Base64 without lines, as in an encoded word; what is no base64 is passed over.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let mut decoder = Base64::default();
    decoder.take(text);
    decoder.finish()
}

/// The 6-bit value of a character; the alphabet for URLs is met as well.
fn value(character: u8) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Base64 as it comes.
#[derive(Default)]
struct Base64 {
    decoded: Vec<u8>,
    /// Bits of the open group.
    bits: u32,
    /// Characters of the open group.
    held: u32,
    /// The last character was padding, or an empty line.
    ended: bool,
}

impl Base64 {
    fn take(&mut self, text: &[u8]) {
        for character in text {
            if *character == b'=' {
                self.flush();
                self.ended = true;
            }
            let Some(value) = value(*character) else { continue };
            self.ended = false;
            self.bits = self.bits << 6 | u32::from(value);
            self.held += 1;
            if self.held == 4 {
                let [_, bytes @ ..] = self.bits.to_be_bytes();
                self.decoded.extend_from_slice(&bytes);
                (self.bits, self.held) = (0, 0);
            }
        }
    }

    /// Ends the open group: two characters hold one byte, three hold two.
    fn flush(&mut self) {
        let [_, one, two, _] = (self.bits << (6 * (4 - self.held))).to_be_bytes();
        if self.held >= 2 {
            self.decoded.push(one);
        }
        if self.held >= 3 {
            self.decoded.push(two);
        }
        (self.bits, self.held) = (0, 0);
    }

    fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.decoded
    }
}

/// uuencode, from `begin` to `end`; without a `begin` the content stays as it is.
fn uuencode(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len() / 4 * 3);
    let mut begun = false;
    for line in lines(content, 0).map(super::header::Line::text) {
        if !begun {
            begun = line.starts_with(b"begin ");
        } else if line == b"end" {
            break;
        } else {
            uu_line(line, &mut decoded);
        }
    }
    if begun { decoded } else { content.to_vec() }
}

/// One line: its length, then groups of four characters. Blanks lost at the end are zeros.
fn uu_line(line: &[u8], decoded: &mut Vec<u8>) {
    let six = |byte: u8| u32::from(byte.wrapping_sub(b' ') & 0x3f);
    let Some((length, groups)) = line.split_first() else { return };
    let mut left = usize::try_from(six(*length)).unwrap_or(0);
    for group in groups.chunks(4) {
        let mut bits = 0;
        for at in 0..4 {
            bits = bits << 6 | group.get(at).map_or(0, |byte| six(*byte));
        }
        let [_, bytes @ ..] = u32::to_be_bytes(bits);
        decoded.extend(bytes.iter().take(left));
        left = left.saturating_sub(3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content: &str, encoding: Encoding) -> String {
        String::from_utf8(decode(content.as_bytes(), encoding)).unwrap()
    }

    #[test]
    fn one_wrong_escape_is_one_wrong_character() {
        let quoted = |content| text(content, Encoding::QuotedPrintable);
        assert_eq!(quoted("a=C3=B6b=ZZ=\r\nc==\r\nd=3D= \r\ne=4"), "aöb=ZZc=d=e=4");
        assert_eq!(quoted("blanks  \t\r\nnext=20\n"), "blanks\r\nnext \n");
    }

    #[test]
    fn base64_ends_where_words_begin() {
        let base64 = |content| text(content, Encoding::Base64);
        assert_eq!(base64("R3LDvMOf\r\nZQ==\r\n"), "Grüße");
        assert_eq!(base64("R3LD!vMOf\nZQ"), "Grüße");
        assert_eq!(
            base64("R3LDvMOfZQ==\r\n\r\n____\r\nthe list\r\n"),
            "Grüße\r\n____\r\nthe list\r\n"
        );
        assert_eq!(base64("R3LDvMOfZQo=\r\nthe list of all\r\n"), "Grüße\nthe list of all\r\n");
        assert_eq!(base64("Just words here.\r\nAnd there."), "Just words here.\r\nAnd there.");
        assert_eq!(base64("YQ==\r\nYmNkZWZn\r\n"), "abcdefg");
        assert_eq!(
            base64("YmNk\r\n\r\n______\r\nhttp://a.test\r\n"),
            "bcd\r\n______\r\nhttp://a.test\r\n"
        );
    }

    #[test]
    fn uuencode_with_lost_blanks() {
        let coded = "begin 644 a.txt\n#86)C\n!9```\n`\nend\n";
        assert_eq!(text(coded, Encoding::Uuencode), "abcd");
        assert_eq!(text("no begin", Encoding::Uuencode), "no begin");
    }
}
