//! HTML as a stream of tags and text (HTML §13.2.5, as far as mail needs it).
//!
//! Owns where a tag begins and ends. Must never look back: each byte is read once.

use quick_xml::escape::resolve_html5_entity;

/// Elements whose content is no markup and is never text for a person.
const RAW: [&str; 9] =
    ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "template"];
/// Attributes of one tag that are looked at.
const ATTRIBUTES: usize = 64;
/// Longest name of an entity (`&CounterClockwiseContourIntegral;`).
const ENTITY: usize = 33;

/// One piece of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'h> {
    /// Characters, entities decoded.
    Text(String),
    /// A start tag.
    Open(Tag<'h>),
    /// An end tag, lower case.
    Close(String),
}

/// A start tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag<'h> {
    /// Its name, lower case.
    pub(super) name: String,
    /// Its attributes as written.
    attributes: &'h str,
}

impl Tag<'_> {
    /// The attributes: name in lower case, value decoded; the first of a name counts.
    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut rest = self.attributes;
        while found.len() < ATTRIBUTES {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                break;
            }
            let (name, value, after) = attribute(rest);
            rest = after;
            let name = name.to_ascii_lowercase();
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, decode(value)));
            }
        }
        found
    }

    /// The value of one attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// The attribute that begins here, and what follows it.
fn attribute(text: &str) -> (&str, &str, &str) {
    // a name may begin with `=` (HTML §13.2.5.32), so that something is always taken
    let first = text.chars().next().map_or(0, char::len_utf8);
    let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/');
    let end =
        text.get(first..).and_then(|tail| tail.find(ends)).map_or(text.len(), |at| at + first);
    let (name, after) = text.split_at_checked(end).unwrap_or((text, ""));
    let Some(value) = after.trim_ascii_start().strip_prefix('=') else { return (name, "", after) };
    let value = value.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (inner, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return (name, inner, after);
        }
    }
    let end = value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len());
    let (value, after) = value.split_at_checked(end).unwrap_or((value, ""));
    (name, value, after)
}

/// The tokens of a text.
pub(super) struct Lexer<'h> {
    rest: &'h str,
    /// A raw element was opened: its content is passed over.
    raw: Option<String>,
    /// A comment was met that never ends.
    endless: bool,
}

impl<'h> Lexer<'h> {
    pub(super) fn new(html: &'h str) -> Self {
        Self { rest: html, raw: None, endless: false }
    }

    /// Takes what begins with `<`; `None` when it is no markup that anybody sees.
    fn markup(&mut self) -> Option<Token<'h>> {
        let inner = self.rest.get(1..).unwrap_or_default();
        if let Some(comment) = inner.strip_prefix("!--") {
            // `<!-->` and `<!--->` are whole comments
            let short = ["->", ">"].iter().find_map(|end| comment.strip_prefix(*end));
            self.rest = short.unwrap_or_else(|| self.after_comment(comment));
            return None;
        }
        if inner.starts_with(['!', '?'])
            || (inner.starts_with('/') && !starts_name(inner.get(1..).unwrap_or_default()))
        {
            self.rest = inner.split_once('>').map_or("", |(_, after)| after);
            return None;
        }
        let closes = inner.starts_with('/');
        let named = inner.strip_prefix('/').unwrap_or(inner);
        let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/');
        let (name, tail) =
            named.split_at_checked(named.find(ends).unwrap_or(named.len())).unwrap_or((named, ""));
        let end = tag_end(tail);
        let attributes = tail.get(..end).unwrap_or_default();
        self.rest = tail.get(end + 1..).unwrap_or_default();
        let name = name.to_ascii_lowercase();
        if closes {
            return Some(Token::Close(name));
        }
        if RAW.contains(&name.as_str()) {
            self.raw = Some(name.clone());
        }
        Some(Token::Open(Tag { name, attributes }))
    }

    /// What follows a comment. One that never ends is ended by the next `>`, as older programs read
    /// it: else all words behind it were hidden.
    fn after_comment(&mut self, comment: &'h str) -> &'h str {
        if !self.endless {
            if let Some((_, after)) = comment.split_once("-->") {
                return after;
            }
            self.endless = true;
        }
        comment.split_once('>').map_or("", |(_, after)| after)
    }

    /// Passes over the content of a raw element up to its end tag, or to the end of everything.
    fn skip_raw(&mut self, name: &str) {
        let mut search = self.rest;
        while let Some((_, tail)) = search.split_once("</") {
            let found =
                tail.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            let whole = tail
                .get(name.len()..)
                .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()));
            if found && whole {
                self.rest = tail.split_once('>').map_or("", |(_, after)| after);
                return;
            }
            search = tail;
        }
        self.rest = "";
    }
}

impl<'h> Iterator for Lexer<'h> {
    type Item = Token<'h>;

    fn next(&mut self) -> Option<Token<'h>> {
        loop {
            if let Some(name) = self.raw.take() {
                self.skip_raw(&name);
                return Some(Token::Close(name));
            }
            if self.rest.is_empty() {
                return None;
            }
            let end = text_end(self.rest);
            if end > 0 {
                let (text, rest) = self.rest.split_at_checked(end)?;
                self.rest = rest;
                return Some(Token::Text(decode(text)));
            }
            if let Some(token) = self.markup() {
                return Some(token);
            }
        }
    }
}

/// Where text ends and markup begins: at a `<` that a name, `/`, `!` or `?` follows.
fn text_end(text: &str) -> usize {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find('<')) {
        let at = from + found;
        let after = text.get(at + 1..).unwrap_or_default();
        if starts_name(after) || after.starts_with(['/', '!', '?']) {
            return at;
        }
        from = at + 1;
    }
    text.len()
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The place of the `>` that ends a tag; quotes of attribute values may hold some.
fn tag_end(tail: &str) -> usize {
    let mut quote = None;
    let mut value = false;
    for (at, c) in tail.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '>') => return at,
            // only behind `=` does a quote open a value
            (None, '"' | '\'') if value => quote = Some(c),
            _ => {}
        }
        value = c == '=' || (value && c.is_ascii_whitespace());
    }
    tail.len()
}

/// Entities decoded; what is none stays as it is.
pub(super) fn decode(raw: &str) -> String {
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let taken = entity(after, &mut decoded);
        if taken == 0 {
            decoded.push('&');
        }
        rest = after.get(taken..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

/// Decodes the entity that begins behind a `&`; how many bytes it took.
fn entity(text: &str, decoded: &mut String) -> usize {
    if let Some(number) = text.strip_prefix('#') {
        let (digits, radix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16),
            None => (number, 10),
        };
        let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let Some(value) = digits.get(..end).filter(|digits| !digits.is_empty()) else { return 0 };
        let code = u32::from_str_radix(value, radix).unwrap_or(u32::MAX);
        decoded.push(character(code));
        let closed = digits.get(end..).is_some_and(|after| after.starts_with(';'));
        return text.len() - digits.len() + end + usize::from(closed);
    }
    let end = text.char_indices().take(ENTITY).find(|(_, c)| !c.is_ascii_alphanumeric());
    let (end, closed) = end.map_or((text.len().min(ENTITY), false), |(at, c)| (at, c == ';'));
    let name = text.get(..end).unwrap_or_default();
    if let Some(value) = resolve_html5_entity(name).filter(|_| closed || OPEN.contains(&name)) {
        decoded.push_str(value);
        return end + usize::from(closed);
    }
    0
}

/// Entities that are met without their semicolon.
const OPEN: [&str; 12] =
    ["amp", "lt", "gt", "quot", "nbsp", "copy", "reg", "auml", "ouml", "uuml", "szlig", "eacute"];

/// The character of a number: what Windows has between 128 and 159 is meant there (HTML §13.2.5.80).
fn character(code: u32) -> char {
    match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9f) => {
            let text =
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.into_owned();
            text.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Ok(0) => char::REPLACEMENT_CHARACTER,
        _ => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}
