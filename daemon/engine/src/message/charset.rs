//! Bytes as text, whatever charset they are in or say to be in.
//!
//! Owns which charset is believed. What is said counts while the bytes agree; else the bytes speak:
//! UTF-8 and the escapes of ISO-2022 are known without doubt, the rest is guessed. Must never fail.

mod dos;
mod shifted;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, ISO_2022_JP, ISO_8859_15, SHIFT_JIS, UTF_8, UTF_16BE,
    UTF_16LE, WINDOWS_1252,
};

/// Bytes that are looked at for a guess: more would not change it.
const GUESSED_BYTES: usize = 64 << 10;
/// Bytes of HTML that are looked at for what it says of itself (HTML §13.2.3.2 says 1024).
const META_BYTES: usize = 4 << 10;

/// Names in use that the Encoding Standard does not list, without punctuation.
const ALIASES: [(&str, &Encoding); 22] = [
    ("cp932", SHIFT_JIS),
    ("ms932", SHIFT_JIS),
    ("windows932", SHIFT_JIS),
    ("cp949", EUC_KR),
    ("ms949", EUC_KR),
    ("uhc", EUC_KR),
    ("ksc56011987", EUC_KR),
    ("ksx1001", EUC_KR),
    ("cp936", GB18030),
    ("ms936", GB18030),
    ("windows936", GB18030),
    ("gb2312", GB18030),
    ("gbk", GB18030),
    ("cp950", BIG5),
    ("ms950", BIG5),
    ("windows950", BIG5),
    ("cp1252", WINDOWS_1252),
    ("iso885915", ISO_8859_15),
    ("latin9", ISO_8859_15),
    ("utf8mb4", UTF_8),
    ("cp65001", UTF_8),
    ("iso2022jpms", ISO_2022_JP),
];

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// One of the Encoding Standard.
    Standard(&'static Encoding),
    /// RFC 2152.
    Utf7,
    /// RFC 1557.
    Iso2022Kr,
    /// RFC 1843.
    Hz,
    /// A code page of DOS, and whether it has a euro sign.
    Dos(dos::Page, bool),
    /// ASCII, nothing, or a name that nobody knows: the bytes have to say it.
    Unsaid,
}

/// `bytes` as text; `label` is the charset that is said.
pub(super) fn decode(bytes: &[u8], label: Option<&str>) -> String {
    read(bytes, label.map_or(Named::Unsaid, named), None)
}

/// `bytes` of HTML as text. Its own word (`<meta charset>`) counts where the mail says nothing.
pub(super) fn decode_html(bytes: &[u8], label: Option<&str>) -> String {
    let said = label.map_or(Named::Unsaid, named);
    read(bytes, said, meta_label(bytes).map(|label| named(&label)))
}

/// Text of a header field outside of encoded words: UTF-8 (RFC 6532), else `label`, else a guess.
pub(super) fn decode_header(bytes: &[u8], label: Option<&str>) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !has_escapes(bytes) => text.to_owned(),
        _ => decode(bytes, label),
    }
}

/// The text by what is said, what it says itself, or a guess.
fn read(bytes: &[u8], said: Named, own: Option<Named>) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    let ascii = bytes.is_ascii();
    if ascii && has_escapes(bytes) && !matches!(said, Named::Hz | Named::Utf7) {
        return shifted_text(bytes);
    }
    if said != Named::Unsaid && !overruled(bytes, said) {
        let (text, good) = by_name(bytes, said);
        if good {
            return text;
        }
    }
    if let Some(own) = own.filter(|own| *own != Named::Unsaid) {
        let (text, good) = by_name(bytes, own);
        if good {
            return text;
        }
    }
    if ascii && said == Named::Unsaid {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match said {
        // a damaged text in the charset that is said is still more readable than a guess
        Named::Standard(encoding) if mostly(bytes, encoding) => by_name(bytes, said).0,
        _ => guess(bytes),
    }
}

/// Whether the bytes are UTF-8 beyond doubt although another charset is said: a text in a charset
/// of one byte a character hardly ever makes such pairs. A few pairs may be chance in charsets
/// whose letters lie there, none in those of western Europe.
fn overruled(bytes: &[u8], said: Named) -> bool {
    let Named::Standard(encoding) = said else { return false };
    if encoding == UTF_8 || !encoding.is_single_byte() {
        return false;
    }
    let western = encoding == WINDOWS_1252 || encoding == ISO_8859_15;
    let needed = if western { 1 } else { 4 };
    let (valid, _) = utf8_pairs(bytes);
    valid >= needed && is_utf8(bytes)
}

/// Whether `bytes` are UTF-8; a character that is cut at the end does not count against it, if there
/// is another one.
fn is_utf8(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            error.error_len().is_none() && !before.is_ascii()
        }
    }
}

/// How many characters of several bytes are valid UTF-8, and how many bytes are not.
fn utf8_pairs(bytes: &[u8]) -> (usize, usize) {
    bytes.utf8_chunks().fold((0, 0), |(valid, wrong), chunk| {
        let many = chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        (valid + many, wrong + usize::from(!chunk.invalid().is_empty()))
    })
}

/// Whether a text with errors is in this charset all the same: at most one in ten of its characters
/// beyond ASCII is wrong.
fn mostly(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let (valid, wrong) = if encoding == UTF_8 {
        utf8_pairs(bytes)
    } else {
        if is_utf8(bytes) {
            return false;
        }
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let wrong = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        (text.chars().filter(|c| !c.is_ascii()).count() - wrong, wrong)
    };
    valid >= wrong * 10 || (encoding == UTF_8 && valid > 0 && wrong == 1)
}

/// The text in a named charset, and whether all bytes were characters of it.
fn by_name(bytes: &[u8], name: Named) -> (String, bool) {
    match name {
        Named::Standard(encoding) => {
            let bytes = if encoding == ISO_2022_JP { &shifted::without_idle(bytes) } else { bytes };
            let mut decoder = encoding.new_decoder_without_bom_handling();
            let room = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len());
            let mut text = String::with_capacity(room);
            // a character that is cut at the end is none that is wrong: `last` comes by itself
            let (_, _, wrong) = decoder.decode_to_string(bytes, &mut text, false);
            let (_, _, _) = decoder.decode_to_string(&[], &mut text, true);
            (text, !wrong && (encoding != UTF_8 || is_utf8(bytes)))
        }
        Named::Utf7 => shifted::utf7(bytes),
        Named::Iso2022Kr => shifted::iso_2022_kr(bytes),
        Named::Hz => shifted::hz(bytes),
        Named::Dos(page, euro) => (dos::decode(bytes, (page, euro)), true),
        Named::Unsaid => (String::new(), false),
    }
}

/// The escapes that ISO-2022-JP (RFC 1468) and ISO-2022-KR begin their characters with.
fn has_escapes(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|window| {
        matches!(window, b"\x1b$B" | b"\x1b$@" | b"\x1b$(" | b"\x1b$)" | b"\x1b(J" | b"\x1b(I")
    })
}

/// A text with such escapes.
fn shifted_text(bytes: &[u8]) -> String {
    let korean = bytes.windows(4).any(|window| window == b"\x1b$)C");
    by_name(bytes, if korean { Named::Iso2022Kr } else { Named::Standard(ISO_2022_JP) }).0
}

/// The text in the charset that its bytes look like.
fn guess(bytes: &[u8]) -> String {
    if is_utf8(bytes) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let (valid, wrong) = utf8_pairs(bytes);
    if valid >= 3 && valid >= wrong * 3 {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    if let Some(encoding) = without_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    if is_signs(bytes) {
        return WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned();
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let sample = bytes.get(..GUESSED_BYTES).unwrap_or(bytes);
    detector.feed(sample, sample.len() == bytes.len());
    let encoding = detector.guess(None, Utf8Detection::Deny);
    // of a few bytes a guess may be one that does not even fit them
    let encoding = if mostly(sample, encoding) { encoding } else { WINDOWS_1252 };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// Whether all that is not ASCII are signs of western Europe beside figures, such as `£80`: too little
/// for a guess, which takes them for letters (`Ł80`).
fn is_signs(bytes: &[u8]) -> bool {
    /// More of them are a text.
    const MOST: usize = 8;
    let sign =
        |byte: u8| matches!(byte, 0x80 | 0xa2 | 0xa3 | 0xa5 | 0xa7 | 0xb0 | 0xb1 | 0xbc..=0xbe);
    let figure =
        |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let others = || bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
    others().take(MOST + 1).count() <= MOST
        && others()
            .all(|(at, byte)| sign(*byte) && (figure(at.checked_sub(1)) || figure(Some(at + 1))))
}

/// UTF-16 without its mark: every other byte of Latin text is zero.
fn without_bom(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..512).unwrap_or(bytes);
    let zeros =
        |from: usize| sample.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let half = sample.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    match half {
        8.. if odd * 4 > half * 3 && even == 0 => Some(UTF_16LE),
        8.. if even * 4 > half * 3 && odd == 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// What a name stands for. Case and punctuation make no difference; where rubbish follows a name,
/// the longest known beginning counts (`windows-1252http-equivContent-Type` is met).
fn named(label: &str) -> Named {
    /// Longest name that is looked at.
    const LONGEST: usize = 64;
    let label = label.get(..label.floor_char_boundary(LONGEST)).unwrap_or_default();
    let label = label.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    let label = label.strip_prefix("charset=").unwrap_or(&label);
    let mut ends = (2..=label.len()).rev().filter(|end| label.is_char_boundary(*end));
    ends.find_map(|end| exactly(label.get(..end)?)).unwrap_or(Named::Unsaid)
}

/// What this very name stands for.
fn exactly(label: &str) -> Option<Named> {
    let bare: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    match bare.as_str() {
        "ascii" | "usascii" | "ansix341968" | "xunknown" | "unknown8bit" | "unknown" => {
            return Some(Named::Unsaid);
        }
        "utf7" | "unicode11utf7" | "csunicode11utf7" | "xunicode20utf7" => {
            return Some(Named::Utf7);
        }
        "iso2022kr" | "csiso2022kr" => return Some(Named::Iso2022Kr),
        "hz" | "hzgb2312" => return Some(Named::Hz),
        _ => {}
    }
    if let Some((page, euro)) = dos::named(&bare) {
        return Some(Named::Dos(page, euro));
    }
    if let Some((_, encoding)) = ALIASES.iter().find(|(name, _)| *name == bare) {
        return Some(Named::Standard(encoding));
    }
    standard(label).or_else(|| spelled(&bare)).map(Named::Standard)
}

/// A name of the Encoding Standard. Those that it refuses for the web's sake stand for nothing.
fn standard(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes())
        .filter(|known| *known != encoding_rs::X_USER_DEFINED)
}

/// A name with other punctuation than the standard's: `cp-1250`, `iso8859_2`, `utf_8`, `koi8r`.
fn spelled(bare: &str) -> Option<&'static Encoding> {
    let (family, number) = bare.split_at_checked(bare.find(|c: char| c.is_ascii_digit())?)?;
    match family {
        "cp" | "win" | "windows" | "ms" | "xcp" => standard(&format!("windows-{number}")),
        "iso" => standard(&format!("iso-8859-{}", number.strip_prefix("8859")?)),
        "utf" | "unicode" => standard(&format!("utf-{number}")),
        "koi" => standard(&format!("koi8-{}", number.strip_prefix('8')?)),
        "big" if number.starts_with('5') => Some(BIG5),
        "latin" => standard(&format!("latin{number}")),
        _ => standard(bare),
    }
}

/// The charset that HTML names in its head.
fn meta_label(bytes: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"charset=";
    let head = bytes.get(..META_BYTES).unwrap_or(bytes).to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = find(head.get(from..)?, b"<meta") {
        let tag = head.get(from + found..)?;
        let end = tag.iter().position(|byte| *byte == b'>').unwrap_or(tag.len());
        let tag = tag.get(..end)?;
        if let Some(at) = find(tag, KEY) {
            let value = tag.get(at + KEY.len()..)?.trim_ascii_start();
            let label = value.iter().skip_while(|byte| matches!(byte, b'"' | b'\''));
            let label: Vec<u8> = label
                .take_while(|byte| byte.is_ascii_graphic() && !b"\"';>/".contains(byte))
                .copied()
                .collect();
            return Some(String::from_utf8_lossy(&label).into_owned());
        }
        from += found + end.max(1);
    }
    None
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_they_are_met() {
        for (label, want) in [
            ("CP932", SHIFT_JIS),
            ("x-sjis", SHIFT_JIS),
            ("ks_c_5601-1987", EUC_KR),
            ("ms949", EUC_KR),
            ("GB2312", GB18030),
            ("\"iso8859_2\"", encoding_rs::ISO_8859_2),
            ("windows1251", encoding_rs::WINDOWS_1251),
            ("cp-1250", encoding_rs::WINDOWS_1250),
            ("UTF8", UTF_8),
            ("utf_8", UTF_8),
            ("windows-1252http-equivContent-Type", WINDOWS_1252),
            ("iso-8859-1; format=flowed", WINDOWS_1252),
            ("KOI8R", encoding_rs::KOI8_R),
            ("charset=big5", BIG5),
        ] {
            assert_eq!(named(label), Named::Standard(want), "{label}");
        }
        for label in ["us-ascii", "", "x-unknown", "unknown-8bit", "nonsense", "é"] {
            assert_eq!(named(label), Named::Unsaid, "{label}");
        }
    }

    #[test]
    fn what_is_said_counts_while_the_bytes_agree() {
        assert_eq!(decode(b"Stra\xdfe", Some("iso-8859-1")), "Straße");
        assert_eq!(decode("Straße".as_bytes(), Some("iso-8859-1")), "Straße");
        assert_eq!(decode("Straße".as_bytes(), Some("us-ascii")), "Straße");
        assert_eq!(decode(b"Stra\xdfe im Fr\xfchling", Some("utf-8")), "Straße im Frühling");
        assert_eq!(decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("cp1251")), "Привет");
        assert_eq!(decode("ほげ".as_bytes(), Some("iso-2022-jp")), "ほげ");
        assert_eq!(decode(b"\x1b$B$[$2\x1b(B", Some("utf-8")), "ほげ");
        assert_eq!(decode(b"\x1b$B$[$2\x1b(B", None), "ほげ");
        assert_eq!(
            decode("ñandú café niño señor año \u{1F600}".as_bytes(), None),
            "ñandú café niño señor año 😀"
        );
        assert_eq!(decode(b"damaged \xff but caf\xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9 \xc3\xa9", Some("utf-8")).matches('é').count(), 10);
        assert_eq!(decode(b"\xff\xfea\0b\0", Some("utf-8")), "ab");
        assert_eq!(decode(b"c\0a\0f\0\xe9\0s\0 \0a\0b\0c\0d\0", None), "cafés abcd");
    }

    #[test]
    fn html_says_it_itself() {
        let html = b"<html><META http-equiv=x content='text/html; charset=windows-1251'>\xcf\xf0";
        assert!(decode_html(html, None).ends_with("Пр"));
        assert!(decode_html(html, Some("us-ascii")).ends_with("Пр"));
        assert!(decode_html(html, Some("iso-8859-1")).ends_with("Ïð"));
    }

    #[test]
    fn a_cut_character_at_the_end_changes_nothing() {
        let text = "für müde".as_bytes();
        assert_eq!(decode(&text[..7], Some("utf-8")), "für m\u{FFFD}");
        assert_eq!(decode(&text[..7], None), "für m\u{FFFD}");
    }
}
