//! Encoded words (RFC 2047) and the bare 8-bit characters that stand beside them.
//!
//! Owns the text of a header value. Words that follow each other in one charset are joined before
//! they are decoded: characters and base64 groups are cut between two of them in real mail. Must
//! never read structure (addresses, parameters) out of what it decoded.

use super::charset;
use super::transfer::{base64, quoted_printable};

/// Bytes of a charset's name in a word.
const LABEL_BYTES: usize = 64;

/// One encoded word.
#[derive(Clone, Copy, Debug)]
struct Word<'b> {
    /// Its charset, without the language of RFC 2231 §5.
    label: &'b [u8],
    /// Whether it is base64; else it is a kind of quoted-printable.
    base64: bool,
    /// The coded text.
    text: &'b [u8],
}

/// A header value as text. `fallback` is the charset of bare 8-bit characters that are not UTF-8.
pub(super) fn decode(value: &[u8], fallback: Option<&str>) -> String {
    let ends = places(value, *b"?=");
    let mut text = String::with_capacity(value.len());
    let mut run: Vec<Word<'_>> = Vec::new();
    let mut done = 0;
    for start in places(value, *b"=?") {
        let found = (start >= done).then(|| word(value, start, &ends)).flatten();
        let Some((word, end)) = found else { continue };
        let before = value.get(done..start).unwrap_or_default();
        let follows = !run.is_empty() && before.trim_ascii().is_empty();
        let same = run.last().is_some_and(|last| last.label.eq_ignore_ascii_case(word.label));
        if !(follows && same) {
            text.push_str(&joined(&std::mem::take(&mut run)));
        }
        if !follows {
            text.push_str(&charset::decode_header(before, fallback));
        }
        run.push(word);
        done = end;
    }
    text.push_str(&joined(&run));
    text.push_str(&charset::decode_header(value.get(done..).unwrap_or_default(), fallback));
    text
}

/// Every place of a pair of bytes.
fn places(bytes: &[u8], pair: [u8; 2]) -> Vec<usize> {
    let pairs = bytes.windows(2).enumerate();
    pairs.filter(|(_, window)| *window == pair).map(|(at, _)| at).collect()
}

/// How many bytes the encoded word takes that `bytes` begin with; `None` when none begins.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    /// Bytes of a word among addresses: RFC 2047 §2 allows 75.
    const LONGEST: usize = 1 << 10;
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    word(bytes, 0, &places(bytes, *b"?=")).map(|(_, end)| end)
}

/// The word that begins at `start` and the place behind it; `ends` are the places of all `?=`.
fn word<'b>(value: &'b [u8], start: usize, ends: &[usize]) -> Option<(Word<'b>, usize)> {
    let inner = value.get(start..)?.strip_prefix(b"=?")?;
    let label_end = inner.iter().take(LABEL_BYTES).position(|byte| *byte == b'?')?;
    let label = inner.get(..label_end)?;
    let good =
        !label.is_empty() && label.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'=');
    let [b'?', kind, b'?', ..] = inner.get(label_end..)? else { return None };
    let base64 = match kind {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    let begin = start + "=?".len() + label_end + "?Q?".len();
    let end = text_end(value, begin, ends, base64)?;
    let label = label.split(|byte| *byte == b'*').next().unwrap_or_default();
    good.then_some((Word { label, base64, text: value.get(begin..end)? }, end + "?=".len()))
}

/// Where a word's text ends: at `?=`. A question mark that should have been coded may stand before
/// an escape (`what?=20else`), and then the word goes on.
fn text_end(value: &[u8], begin: usize, ends: &[usize], base64: bool) -> Option<usize> {
    /// Such question marks in one word.
    const LENIENCE: usize = 16;
    let first = ends.partition_point(|end| *end < begin);
    let candidates = ends.get(first..)?.iter().copied();
    let goes_on = |end: &usize| {
        let after = value.get(end + 2..).unwrap_or_default();
        !base64 && matches!(after, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    };
    let last = candidates.clone().take(LENIENCE).find(|end| !goes_on(end));
    // a word holds no other word
    let whole =
        |end: &usize| value.get(begin..*end).is_some_and(|text| places(text, *b"=?").is_empty());
    last.filter(|end| end - begin < LENIENCE * 75 && whole(end)).or(candidates.clone().next())
}

/// The text of words in one charset that follow each other.
fn joined(words: &[Word<'_>]) -> String {
    let Some(first) = words.first() else { return String::new() };
    let label = String::from_utf8_lossy(first.label);
    let each: Vec<u8> = words.iter().flat_map(|word| coded_bytes(word.text, word.base64)).collect();
    let text = charset::decode(&each, Some(&label));
    let all_base64 = words.iter().all(|word| word.base64);
    if all_base64 && words.len() > 1 && words.iter().any(|word| word.text.len() % 4 != 0) {
        // a group of base64 cut in two is read only together, missing padding only apart
        let together: Vec<u8> = words.iter().flat_map(|word| word.text).copied().collect();
        let together = charset::decode(&base64(&together), Some(&label));
        if wrong(&together) <= wrong(&text) {
            return together;
        }
    }
    text
}

/// Characters that could not be read.
fn wrong(text: &str) -> usize {
    text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER || c.is_control()).count()
}

/// The bytes that a word's text codes.
fn coded_bytes(text: &[u8], is_base64: bool) -> Vec<u8> {
    if is_base64 {
        return base64(text);
    }
    let spaced: Vec<u8> =
        text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
    // blanks at the end are text here
    let kept = spaced.trim_ascii_end().len();
    let mut bytes = quoted_printable(spaced.get(..kept).unwrap_or_default());
    bytes.extend_from_slice(spaced.get(kept..).unwrap_or_default());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_what_stands_between_them() {
        for (value, want) in [
            ("=?utf-8?q?caf=C3=A9?=", "café"),
            ("a =?utf-8?q?=C3=A9?= b", "a é b"),
            ("=?utf-8?q?=C3=A9?=. End", "é. End"),
            ("=?utf-8?q?a?=\t =?utf-8?q?_b?=", "a b"),
            ("=?utf-8?q?a_?= =?iso-8859-1?q?=E9?=", "a é"),
            ("=?utf-8?Q?z=C3?= =?UTF-8?Q?=A9ro?=", "zéro"),
            ("=?utf-8?B?esO?= =?utf-8?B?pcm8=?=", "zéro"),
            ("=?utf-8?B?YQ?= =?utf-8?B?Yg?=", "ab"),
            ("=?utf-8*en?q?x?=", "x"),
            ("=?utf-8?q?what?=20else??=", "what? else?"),
            ("=?utf-8?q?with blanks =C3=A9?=", "with blanks é"),
            ("=?utf-8?q?never ends", "=?utf-8?q?never ends"),
            ("=?utf-8?x?a?= =??q?a?=", "=?utf-8?x?a?= =??q?a?="),
            ("=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=", "=?utf-8?q?a?="),
            ("=?gbk?B?u+HS6c0=?= =?gbk?B?qNaq?=", "会议通知"),
            ("plain", "plain"),
        ] {
            assert_eq!(decode(value.as_bytes(), None), want, "{value}");
        }
        assert_eq!(decode(b"Fr\xfchling in K\xf6ln", Some("iso-8859-1")), "Frühling in Köln");
    }

    #[test]
    fn many_beginnings_without_an_end_cost_little() {
        for piece in ["=?a?Q?x", "=?a?Q?=", "=?a?Q?x?=AB", "?=AB", "=?"] {
            let flood = piece.repeat(100_000) + "?=";
            assert!(decode(flood.as_bytes(), None).len() <= flood.len(), "{piece}");
        }
    }
}
