//! The forms in which a secret may lie somewhere: as it is, and as usual encodings write it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The shortest secret that is looked for: every form of it is then long enough for the search.
pub const SHORTEST: usize = 11;

/// The base64 alphabets of RFC 4648: ordinary, and for URLs.
const ALPHABETS: [&[u8; 64]; 2] = [
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
];

/// Plain, base64 in each alignment and alphabet, UTF-16 in both byte orders, hexadecimal in both
/// cases, percent-encoded (only what must be, or all), as a form field, as a JSON string, and as a
/// list of byte values as `Debug` prints them. Equal ones are named once.
pub fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = BTreeSet::from([bytes.to_vec()]);
    for alphabet in ALPHABETS {
        forms.extend((0..3).map(|shift| base64_inside(bytes, shift, alphabet)));
    }
    forms.insert(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.insert(secret.encode_utf16().flat_map(u16::to_be_bytes).collect());
    let texts = [
        each(bytes, |text, byte| write!(text, "{byte:02x}")),
        each(bytes, |text, byte| write!(text, "{byte:02X}")),
        each(bytes, |text, byte| write!(text, "%{byte:02X}")),
        each(bytes, |text, byte| write!(text, "%{byte:02x}")),
        percent(bytes, "%20", |byte| format!("%{byte:02X}")),
        percent(bytes, "%20", |byte| format!("%{byte:02x}")),
        percent(bytes, "+", |byte| format!("%{byte:02X}")),
        percent(bytes, "+", |byte| format!("%{byte:02x}")),
        serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
        each(bytes, |text, byte| write!(text, "{byte}, ")).trim_end_matches(", ").to_owned(),
        each(bytes, |text, byte| write!(text, "{byte},")).trim_end_matches(',').to_owned(),
    ];
    forms.extend(texts.map(String::into_bytes));
    forms
}

fn each(bytes: &[u8], one: impl Fn(&mut String, u8) -> std::fmt::Result) -> String {
    let mut text = String::new();
    for byte in bytes {
        one(&mut text, *byte).unwrap();
    }
    text
}

/// All but RFC 3986's unreserved characters escaped, a space and any other byte as given.
fn percent(bytes: &[u8], space: &str, other: fn(u8) -> String) -> String {
    each(bytes, |text, byte| match byte {
        b' ' => text.write_str(space),
        b'-' | b'.' | b'_' | b'~' => text.write_char(char::from(byte)),
        byte if byte.is_ascii_alphanumeric() => text.write_char(char::from(byte)),
        byte => text.write_str(&other(byte)),
    })
}

/// Base64 of `bytes` as it stands inside a longer text after `shift` bytes, without the edge
/// characters that depend on neighbours.
fn base64_inside(bytes: &[u8], shift: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let text = base64(&padded, alphabet);
    text[[0, 2, 3][shift]..padded.len() * 8 / 6].to_vec()
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let mut text = Vec::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, i| word << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for sextet in 0..4 {
            let index = usize::try_from(word >> (18 - 6 * sextet) & 63).unwrap();
            text.push(alphabet[index]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_as_others_write_it() {
        let forms = forms("Aa 1/\u{e9}?>-\"~");
        for form in [
            &b"Aa 1/\xc3\xa9?>-\"~"[..],
            // base64 of it alone, then after one and after two bytes
            b"QWEgMS/DqT8+LSJ+",
            b"FhIDEvw6k/Pi0if",
            b"BYSAxL8OpPz4tIn",
            b"QWEgMS_DqT8-LSJ-",
            b"A\0a\0 \x001\0/\0\xe9\0?\0>\0-\0\"\0~\0",
            b"\0A\0a\0 \x001\0/\0\xe9\0?\0>\0-\0\"\0~",
            b"416120312fc3a93f3e2d227e",
            b"416120312FC3A93F3E2D227E",
            b"%41%61%20%31%2F%C3%A9%3F%3E%2D%22%7E",
            b"Aa%201%2F%C3%A9%3F%3E-%22~",
            b"Aa+1%2F%C3%A9%3F%3E-%22~",
            b"Aa%201%2f%c3%a9%3f%3e-%22~",
            "Aa 1/\u{e9}?>-\\\"~".as_bytes(),
            b"65, 97, 32, 49, 47, 195, 169, 63, 62, 45, 34, 126",
        ] {
            assert!(forms.contains(form), "{}", String::from_utf8_lossy(form));
        }
    }

    #[test]
    fn the_shortest_secret_has_only_forms_that_the_search_takes() {
        let shortest = "x".repeat(SHORTEST);
        assert!(forms(&shortest).iter().all(|form| form.len() >= SHORTEST));
    }
}
