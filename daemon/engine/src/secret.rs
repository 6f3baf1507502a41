//! Secrets that wipe themselves and never print themselves.

use std::fmt;
use zeroize::Zeroizing;

/// A password or token. No `Display`, `Debug` is always redacted, memory is wiped on drop.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `value`; the caller keeps no copy.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself, for the one line that puts it on a verified wire or into the keyring.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// RFC 4648 §4, wiped when dropped.
#[must_use]
pub fn base64(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(3) * 4));
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let digit = (group >> (18 - 6 * place)) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'=');
            out.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

/// RFC 4648 §5 without padding, wiped when dropped: how OAuth writes bytes.
#[must_use]
pub fn base64url(bytes: &[u8]) -> Zeroizing<String> {
    let plain = base64(bytes);
    let digits = plain.trim_end_matches('=').chars().map(|digit| match digit {
        '+' => '-',
        '/' => '_',
        other => other,
    });
    let mut out = Zeroizing::new(String::with_capacity(plain.len()));
    out.extend(digits);
    out
}

/// What [`base64url`] wrote; `None` for anything else. Padding is let through.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut out = Zeroizing::new(Vec::with_capacity(digits.len()));
    for chunk in digits.chunks(4) {
        let mut group = 0_u32;
        for place in 0..4_usize {
            let digit = chunk.get(place).map_or(Some(0), |digit| value(*digit))?;
            group = group << 6 | u32::from(digit);
        }
        let [_, bytes @ ..] = group.to_be_bytes();
        // four digits are three bytes, two are one; one alone is none at all
        let whole = chunk.len().checked_sub(1).filter(|whole| *whole > 0)?;
        out.extend(bytes.iter().take(whole));
    }
    Some(out)
}

/// The six bits of a digit of RFC 4648 §5.
fn value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_goes_there_and_back() {
        assert_eq!(*base64url(&[0xfb, 0xff, 0xfe]), "-__-");
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(*from_base64url(&base64url(&bytes)).unwrap(), bytes);
        }
        assert_eq!(from_base64url("Zg==").as_deref(), Some(&b"f".to_vec()));
        for bad in ["A", "+/", "Zm9v!", "Z m9v", "Zm9vY\u{e9}"] {
            assert!(from_base64url(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn base64_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(*base64(plain.as_bytes()), coded);
        }
        assert_eq!(*base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
