//! Transfer encodings chosen by us, so that every byte of an attachment comes out as it went in.

/// Base64 letters (RFC 4648 §4).
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Bytes that make one line of 76 letters (RFC 2045 §6.8).
const LINE_INPUT: usize = 57;

/// Base64 in lines of 76 letters, each ended by CRLF.
pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(LINE_INPUT) * 78);
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
    out
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
        assert_eq!(base64(&[0xFF; 58]), [&[b'/'; 76][..], b"\r\n/w==\r\n"].concat());
    }

    #[test]
    fn every_line_end_becomes_crlf() {
        assert_eq!(crlf("a\nb\r\nc\rd\n\r"), "a\r\nb\r\nc\r\nd\r\n\r\n");
    }
}
