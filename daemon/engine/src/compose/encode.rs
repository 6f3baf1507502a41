//! Transfer encodings chosen by us, so that every byte of an attachment comes out as it went in.

/// Base64 letters (RFC 4648 §4).
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Bytes that make one line of 76 letters (RFC 2045 §6.8).
const LINE_INPUT: usize = 57;

/// Base64 in lines of 76 letters, each ended by CRLF.
pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(LINE_INPUT) * 78);
    encode(bytes, &mut out);
    out
}

/// How many bytes [`base64`] makes of `size`.
pub(super) fn base64_size(size: u64) -> u64 {
    let input = LINE_INPUT as u64;
    let lines = size.div_ceil(input);
    size.div_ceil(3).saturating_mul(4).saturating_add(lines.saturating_mul(2))
}

/// Bytes that come in pieces, as base64 in lines.
#[derive(Debug, Default)]
pub struct Base64 {
    /// What makes no whole line yet.
    rest: Vec<u8>,
}

impl Base64 {
    /// Takes the next bytes, adds the lines that are whole to `out`.
    pub fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / LINE_INPUT * LINE_INPUT;
        encode(self.rest.get(..whole).unwrap_or_default(), out);
        self.rest.drain(..whole);
    }

    /// Adds the last line.
    pub fn end(self, out: &mut Vec<u8>) {
        encode(&self.rest, out);
    }
}

fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for line in bytes.chunks(LINE_INPUT) {
        for group in line.chunks(3) {
            let at = |n: usize| u32::from(group.get(n).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            for (n, shift) in [18, 12, 6, 0].into_iter().enumerate() {
                out.push(if n <= group.len() { letter(bits >> shift) } else { b'=' });
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The letter of the low six bits.
fn letter(bits: u32) -> u8 {
    let at = usize::try_from(bits & 63).unwrap_or(0);
    LETTERS.get(at).copied().unwrap_or(b'A')
}

/// `text` with every line end as CRLF: a lone CR or LF is one too.
pub(super) fn crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_known_answers() {
        for (bytes, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            let lines = if coded.is_empty() { String::new() } else { format!("{coded}\r\n") };
            assert_eq!(base64(bytes.as_bytes()), lines.as_bytes());
        }
        for size in [0_u8, 1, 2, 3, 56, 57, 58, 113, 114, 115, 255] {
            let (bytes, mut out, mut lines) = (vec![size; size.into()], vec![], Base64::default());
            bytes.chunks(7).for_each(|piece| lines.take(piece, &mut out));
            lines.end(&mut out);
            assert_eq!(out, base64(&bytes));
            assert_eq!(out.len() as u64, base64_size(size.into()));
        }
        assert_eq!(base64(&[0xFF; 58]), [&[b'/'; 76][..], b"\r\n/w==\r\n"].concat());
    }

    #[test]
    fn every_line_end_becomes_crlf() {
        assert_eq!(crlf("a\nb\r\nc\rd\n\r"), "a\r\nb\r\nc\r\nd\r\n\r\n");
    }
}
