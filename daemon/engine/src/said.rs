//! What a server says, as text a person can read: its bytes in whatever character set it writes.
//!
//! Must never show a guess that is not one: bytes that no character set explains are left out, and
//! what stands around them (a code, a link) stays.

use crate::message::one_line;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

/// The words of a server on one line, at most `limit` characters. UTF-8 (RFC 6531 §3.7.4.2) is
/// taken as it is; other bytes beyond ASCII are read by a guess of their character set.
#[must_use]
pub fn words(bytes: &[u8], limit: usize) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if is_cut_utf8(bytes) => String::from_utf8_lossy(bytes).replace('\u{fffd}', ""),
        Err(_) => guessed(bytes).unwrap_or_else(|| ascii_of(bytes)),
    };
    one_line(&text, limit)
}

/// Whether all but the last character is UTF-8: a limit cut the bytes within that one.
fn is_cut_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// `bytes` by the character set that their statistics name, when every byte has a meaning there.
fn guessed(bytes: &[u8]) -> Option<String> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    decoded(detector.guess(None, Utf8Detection::Deny), bytes)
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let is_text = !text.chars().any(|c| ('\u{80}'..'\u{a0}').contains(&c));
    is_text.then(|| text.into_owned())
}

/// The ASCII among `bytes`; a run of others becomes one blank.
fn ascii_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_set_is_read() {
        let gb = encoding_rs::GB18030.encode("Error: 请使用授权码登录: http://x.test/help").0;
        let big5 = encoding_rs::BIG5.encode("密碼錯誤，請重新輸入。詳情請見 http://x.test/").0;
        let cyrillic =
            encoding_rs::WINDOWS_1251.encode("5.7.1 Сообщение отклонено как спам http://x.test").0;
        let japanese = encoding_rs::SHIFT_JIS.encode("認証に失敗しました http://x.test/").0;
        let latin =
            encoding_rs::WINDOWS_1252.encode("Boîte aux lettres désactivée http://x.test").0;
        for (bytes, part) in [
            (&gb, "请使用授权码登录"),
            (&big5, "密碼錯誤"),
            (&cyrillic, "Сообщение отклонено"),
            (&japanese, "認証に失敗しました"),
            (&latin, "Boîte aux lettres désactivée"),
        ] {
            let shown = words(bytes, 512);
            assert!(shown.contains(part), "{shown}");
            assert!(shown.contains("http://x.test"), "{shown}");
        }
    }

    #[test]
    fn utf_8_stays_and_nonsense_goes() {
        assert_eq!(words("550 über\u{1b}[2J \u{202e}x".as_bytes(), 512), "550 über[2J x");
        assert_eq!(ascii_of(b"see \xff\x81 http://x.test/1"), "see    http://x.test/1");
        assert_eq!(words("aé".as_bytes().get(..2).unwrap(), 512), "a");
        assert_eq!(words(b"a\x00b\r\n", 512), "ab");
        assert_eq!(words("é".repeat(900).as_bytes(), 512).chars().count(), 512);
    }
}
