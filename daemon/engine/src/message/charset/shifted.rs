//! Charsets of seven bits that shift: UTF-7 (RFC 2152), ISO-2022-KR (RFC 1557), HZ (RFC 1843).
//!
//! Old mail is in them, and the Encoding Standard leaves them out for the web's sake. Must never be
//! used for HTML that a browser shows: a page that is safe in one charset need not be in another.

use super::super::transfer::base64;
use encoding_rs::{EUC_KR, GBK, UTF_16BE};

/// UTF-7: `+…-` holds UTF-16 in base64. Whether all of it could be read.
pub(super) fn utf7(bytes: &[u8]) -> (String, bool) {
    let mut text = String::with_capacity(bytes.len());
    let mut good = bytes.is_ascii();
    let mut rest = bytes;
    while let Some(plus) = rest.iter().position(|byte| *byte == b'+') {
        let (before, tail) = rest.split_at_checked(plus).unwrap_or((rest, &[]));
        text.push_str(&String::from_utf8_lossy(before));
        let coded = tail.get(1..).unwrap_or_default();
        let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let end = coded.iter().position(|byte| !in_alphabet(byte)).unwrap_or(coded.len());
        let (group, after) = coded.split_at_checked(end).unwrap_or((coded, &[]));
        rest = after.strip_prefix(b"-").unwrap_or(after);
        if group.is_empty() {
            text.push('+');
            continue;
        }
        let units = base64(group);
        let even = units.len() & !1;
        let (decoded, wrong) =
            UTF_16BE.decode_without_bom_handling(units.get(..even).unwrap_or_default());
        good &= !wrong;
        text.push_str(&decoded);
    }
    text.push_str(&String::from_utf8_lossy(rest));
    (text, good)
}

/// ISO-2022-KR: between SO and SI stands KS X 1001, which is EUC-KR without the eighth bit.
pub(super) fn iso_2022_kr(bytes: &[u8]) -> (String, bool) {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'\x0e' => shifted = true,
            b'\x0f' => shifted = false,
            b'\x1b' if tail.starts_with(b"$)C") => rest = tail.get(3..).unwrap_or_default(),
            b'!'..=b'~' if shifted => plain.push(first | 0x80),
            byte => {
                shifted &= *byte != b'\n';
                plain.push(*byte);
            }
        }
    }
    let (text, wrong) = EUC_KR.decode_without_bom_handling(&plain);
    (text.into_owned(), !wrong)
}

/// ISO-2022-JP without the escapes that another one follows at once, as when two encoded words are
/// joined: the Encoding Standard makes an error of them.
pub(super) fn without_idle(bytes: &[u8]) -> Vec<u8> {
    /// Bytes of the escapes of ISO-2022-JP.
    const LENGTH: usize = 3;
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let idle = *first == b'\x1b' && rest.get(LENGTH).is_some_and(|next| *next == b'\x1b');
        if idle {
            rest = rest.get(LENGTH..).unwrap_or_default();
        } else {
            kept.push(*first);
            rest = tail;
        }
    }
    kept
}

/// HZ: between `~{` and `~}` stands GB 2312, which is GBK without the eighth bit.
pub(super) fn hz(bytes: &[u8]) -> (String, bool) {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let second = tail.first().copied();
        match (first, second) {
            (b'~', Some(b'{')) => shifted = true,
            (b'~', Some(b'}')) => shifted = false,
            (b'~', Some(b'~')) => plain.push(b'~'),
            (b'~', Some(b'\n')) => {}
            (b'!'..=b'~', _) if shifted => {
                plain.push(first | 0x80);
                continue;
            }
            (byte, _) => {
                shifted &= *byte != b'\n';
                plain.push(*byte);
                continue;
            }
        }
        rest = tail.get(1..).unwrap_or_default();
    }
    let (text, wrong) = GBK.decode_without_bom_handling(&plain);
    (text.into_owned(), !wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_undone() {
        assert_eq!(utf7(b"Gr+APwA3w-e 1 +- 1"), ("Grüße 1 + 1".to_owned(), true));
        assert_eq!(iso_2022_kr(b"\x1b$)C\x0e>H3g\x0f!\n"), ("안녕!\n".to_owned(), true));
        assert_eq!(hz(b"a ~{<:Ky2;~}."), ("a 己所不.".to_owned(), true));
        for noise in [&b"+"[..], b"+A", b"+////-", b"\x0e\xff", b"~", b"~{", b"~{~"] {
            let _ = (utf7(noise), iso_2022_kr(noise), hz(noise));
        }
    }
}
