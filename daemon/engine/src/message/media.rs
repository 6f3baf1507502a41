//! What the fields of a part say about its content: media type, disposition, their parameters, the
//! transfer encoding.
//!
//! Owns RFC 2045 §5 and §6, RFC 2183, RFC 2231 and the habits that break them. Must never decode
//! content; it says how.

use super::charset;
use super::words;

/// Parameters of one field that are looked at.
const PARAMS: usize = 200;

/// The parameters of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params(Vec<Param>);

/// One parameter, or one segment of one (RFC 2231 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Param {
    /// Lower case, without section and asterisk.
    name: String,
    /// Its section; `None` where it has none.
    section: Option<u32>,
    /// Percent-encoded, with a charset in front where it is the first section (RFC 2231 §4).
    extended: bool,
    /// The value without its quotes.
    value: Vec<u8>,
}

impl Params {
    /// Reads what stands behind the type: `; name=value; …`. A missing semicolon is read around.
    fn read(mut rest: &[u8]) -> Self {
        let mut params = Vec::new();
        while let Some(equals) = rest.iter().position(|byte| *byte == b'=') {
            let name = rest.get(..equals).unwrap_or_default().trim_ascii_end();
            let before = name.iter().rposition(|byte| matches!(byte, b';' | b' ' | b'\t' | b')'));
            let name = name.get(before.map_or(0, |at| at + 1)..).unwrap_or_default();
            let value = rest.get(equals + 1..).unwrap_or_default();
            let (value, after) = value_of(value, name);
            rest = after;
            if params.len() < PARAMS && !name.is_empty() {
                params.push(Param::new(name, value));
            }
        }
        Self(params)
    }

    /// The plain value of a parameter as bytes; its segments joined.
    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let plain = self.0.iter().find(|param| param.name == name && param.section.is_none());
        match plain {
            Some(param) => Some(param.value.clone()),
            None => self.joined(name).map(|(_, bytes)| bytes),
        }
    }

    /// The value of a parameter as people read it: the extended form before the plain one (RFC 6266
    /// §4.3 says so of file names), segments joined before they are decoded, encoded words and bare
    /// 8-bit characters as they are met in file names. `fallback` is the charset of the latter.
    pub(super) fn text(&self, name: &str, fallback: Option<&str>) -> Option<String> {
        let extended = self.joined(name).map(|(label, bytes)| match label {
            Some(label) => charset::decode(&bytes, Some(&label)),
            None => words::decode(&bytes, fallback),
        });
        let plain = || {
            let is_plain = |param: &&Param| param.section.is_none() && !param.extended;
            let param = self.0.iter().filter(is_plain).find(|param| param.name == name)?;
            Some(match charset_prefix(&param.value) {
                Some((label, rest)) if rest.contains(&b'%') => {
                    charset::decode(&percent_decoded(rest), Some(&label))
                }
                _ => words::decode(&param.value, fallback),
            })
        };
        extended.filter(|text| !text.trim().is_empty()).or_else(plain)
    }

    /// The segments of an extended parameter, joined, with the charset that the first one names.
    fn joined(&self, name: &str) -> Option<(Option<String>, Vec<u8>)> {
        let ours =
            |param: &&Param| param.name == name && (param.section.is_some() || param.extended);
        let mut segments: Vec<&Param> = self.0.iter().filter(ours).collect();
        segments.sort_by_key(|param| param.section);
        segments.dedup_by_key(|param| param.section);
        let mut label = None;
        let mut joined = Vec::new();
        let mut encoded = Vec::new();
        for (at, param) in segments.iter().enumerate() {
            let mut value = param.value.as_slice();
            if at == 0
                && param.extended
                && let Some((said, rest)) = charset_prefix(value)
            {
                label = Some(said);
                value = rest;
            }
            if param.extended {
                // an escape may be cut between two segments
                encoded.extend_from_slice(value);
            } else {
                joined.extend(percent_decoded(&std::mem::take(&mut encoded)));
                joined.extend_from_slice(value);
            }
        }
        joined.extend(percent_decoded(&encoded));
        (!segments.is_empty()).then_some((label, joined))
    }
}

impl Param {
    fn new(name: &[u8], value: Vec<u8>) -> Self {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let extended = name.ends_with('*');
        let bare = name.trim_end_matches('*');
        let (bare, section) = match bare.split_once('*') {
            Some((bare, section)) => (bare, section.parse().ok()),
            None => (bare, None),
        };
        Self { name: bare.to_owned(), section, extended, value }
    }
}

/// The value that begins here and what follows it. File names are often written without the quotes
/// that their blanks ask for: theirs goes on to the semicolon.
fn value_of<'b>(from: &'b [u8], name: &[u8]) -> (Vec<u8>, &'b [u8]) {
    let from = from.trim_ascii_start();
    if let Some(quoted) = from.strip_prefix(b"\"") {
        return unquoted(quoted);
    }
    let is_name = name.to_ascii_lowercase().ends_with(b"name");
    let ends = |byte: &u8| *byte == b';' || (!is_name && byte.is_ascii_whitespace());
    let mut end = from.iter().position(ends).unwrap_or(from.len());
    if !is_name && let Some(comment) = from.iter().take(end).position(|byte| *byte == b'(') {
        end = comment;
    }
    let (value, after) = from.split_at_checked(end).unwrap_or((from, &[]));
    (value.trim_ascii().to_vec(), after)
}

/// A quoted string after its opening quote, and what follows it. A backslash is taken out only
/// before a quote or another one: file names with Windows paths keep theirs.
fn unquoted(quoted: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            b'\\' => match bytes.next_if(|(_, next)| matches!(next, b'"' | b'\\')) {
                Some((_, escaped)) => value.push(*escaped),
                None => value.push(b'\\'),
            },
            _ => value.push(*byte),
        }
    }
    // the closing quote is absent: the value ends where the next parameter seems to begin
    let end = quoted.iter().position(|byte| *byte == b';').unwrap_or(quoted.len());
    value.truncate(end);
    (value.trim_ascii().to_vec(), quoted.get(end..).unwrap_or_default())
}

/// `charset'language'` in front of a value, and the value.
fn charset_prefix(value: &[u8]) -> Option<(String, &[u8])> {
    let mut pieces = value.splitn(3, |byte| *byte == b'\'');
    let (label, language, rest) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let word = |text: &[u8]| {
        text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+()".contains(byte))
    };
    let fits = label.len() <= 64 && language.len() <= 64 && word(label) && word(language);
    fits.then(|| (String::from_utf8_lossy(label).into_owned(), rest))
}

/// `%XX` decoded; what is no such triple stays.
fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.push(high << 4 | low);
            rest = after;
        } else {
            decoded.push(*first);
        }
    }
    decoded
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A media type with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// The type, lower case.
    pub(super) main: String,
    /// The subtype, lower case.
    pub(super) sub: String,
    /// Not said, or not to be read: `main` and `sub` are what RFC 2045 §5.2 says for that.
    pub(super) assumed: bool,
    /// The boundary, where it is a multipart.
    pub(super) boundary: Option<Vec<u8>>,
    /// All parameters.
    pub(super) params: Params,
}

impl Default for Media {
    fn default() -> Self {
        Self::plain("text", "plain", true)
    }
}

impl Media {
    fn plain(main: &str, sub: &str, assumed: bool) -> Self {
        let (main, sub) = (main.to_owned(), sub.to_owned());
        Self { main, sub, assumed, boundary: None, params: Params::default() }
    }

    /// An embedded message, which the parts of a digest are when they do not say otherwise.
    pub(super) fn message() -> Self {
        Self::plain("message", "rfc822", true)
    }

    /// Reads the value of a Content-Type field.
    pub(super) fn read(value: &[u8]) -> Self {
        let value = without_comments(value);
        let end = value.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t'));
        let (name, rest) = value.split_at_checked(end.unwrap_or(value.len())).unwrap_or_default();
        let (name, rest) = if name.contains(&b'=') { (&[][..], &value[..]) } else { (name, rest) };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let name = name.trim_matches(['"', '\'', ',', '<', '>']);
        let (main, sub) = name.split_once('/').unwrap_or((name, ""));
        let mut media = match (main, sub) {
            ("text" | "plain", "") | ("plain", "text") => Self::plain("text", "plain", true),
            ("html", "" | "text") => Self::plain("text", "html", true),
            ("multipart", "") => Self::plain("multipart", "mixed", true),
            (main, sub) if is_token(main) && is_token(sub) => Self::plain(main, sub, false),
            _ => Self::default(),
        };
        media.params = Params::read(rest);
        if media.main == "multipart" {
            let named = media.params.bytes("boundary");
            media.boundary = named
                .map(|named| named.trim_ascii_end().to_vec())
                .filter(|named| !named.is_empty());
        }
        media
    }

    /// Whether it is this type.
    pub(super) fn is(&self, main: &str, sub: &str) -> bool {
        self.main == main && self.sub == sub
    }

    /// The same as a text, with its charset, for what said to be parts and has none.
    pub(super) fn as_text(&self) -> Self {
        Self { params: self.params.clone(), ..Self::default() }
    }

    /// The charset that is said.
    pub(super) fn charset(&self) -> Option<String> {
        let said = self.params.bytes("charset")?;
        Some(String::from_utf8_lossy(&said).into_owned())
    }
}

/// A token of RFC 2045 §5.1, as far as types have one.
fn is_token(text: &str) -> bool {
    let fits = !text.is_empty() && text.len() <= 127;
    fits && text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}

/// Without the comments (RFC 5322 §3.2.2) that stand outside of quotes.
fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(value.len());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in value {
        let literal = std::mem::take(&mut escaped);
        match byte {
            b'\\' if !literal && (quoted || depth > 0) => escaped = true,
            b'"' if !literal && depth == 0 => quoted = !quoted,
            // a value such as a file name may hold a bracket: a comment follows a blank or a `;`
            b'(' if !literal
                && !quoted
                && (depth > 0 || kept.last().is_none_or(|last: &u8| b" \t;".contains(last))) =>
            {
                depth += 1;
                continue;
            }
            b')' if !literal && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            kept.push(*byte);
        }
    }
    // a bracket that is never closed is no comment
    if depth > 0 { value.to_vec() } else { kept }
}

/// What a Content-Disposition says (RFC 2183).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// Nothing, or nothing known.
    Unsaid,
    /// To be shown within the text.
    Inline,
    /// To be kept apart.
    Attachment,
}

/// Reads the value of a Content-Disposition field.
pub(super) fn disposition(value: &[u8]) -> (Disposition, Params) {
    let end = value.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t'));
    let (word, rest) = value.split_at_checked(end.unwrap_or(value.len())).unwrap_or_default();
    let word = word.to_ascii_lowercase();
    let params = Params::read(if word.contains(&b'=') { value } else { rest });
    let kind = match word.as_slice() {
        b"inline" => Disposition::Inline,
        b"" => Disposition::Unsaid,
        word if word.contains(&b'=') => Disposition::Unsaid,
        // RFC 2183 §2.8: what is not known is an attachment
        _ => Disposition::Attachment,
    };
    (kind, params)
}

/// How content was made fit for the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is.
    Identity,
    /// RFC 2045 §6.7.
    QuotedPrintable,
    /// RFC 2045 §6.8.
    Base64,
    /// `begin 644 name` … `end`.
    Uuencode,
}

/// Reads the value of a Content-Transfer-Encoding field: quotes, comments, a semicolon, an `x-` in
/// front and other spellings are met.
pub(super) fn encoding(value: &[u8]) -> Encoding {
    let value = without_comments(value);
    let word =
        value.split(|byte| matches!(byte, b';' | b',')).find(|word| !word.trim_ascii().is_empty());
    let letters = word.unwrap_or_default().iter().filter(|byte| byte.is_ascii_alphanumeric());
    let word: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
    let word = String::from_utf8_lossy(&word);
    match word.strip_prefix('x').unwrap_or(&word) {
        "qp" | "q" => Encoding::QuotedPrintable,
        word if word.starts_with("quoted") => Encoding::QuotedPrintable,
        "b" | "b64" => Encoding::Base64,
        word if word.starts_with("base64") => Encoding::Base64,
        word if word.starts_with("uu") => Encoding::Uuencode,
        _ => Encoding::Identity,
    }
}
