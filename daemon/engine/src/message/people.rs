//! Address fields as people and programs write them (RFC 5322 §3.4, and less).
//!
//! Owns what is a name and what an address in them. The address is always the addr-spec: a name
//! that looks like one stays a name. Must never let a decoded word change the structure.

use super::text::one_line;
use super::{charset, words};
use crate::address::Address;
use crate::limits::LINE_CHARS;
use std::iter::Peekable;
use std::str::CharIndices;

/// What a field is made of, outside of comments.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Between quotes, without them.
    Quoted(String),
    /// Encoded words that follow each other.
    Words(String),
    /// Anything else up to a blank or a sign.
    Atom(String),
    /// Between angle brackets.
    Angle(String),
    /// A blank.
    Gap,
}

/// One entry of the list, as it is being read.
#[derive(Debug, Default)]
struct Entry {
    tokens: Vec<Token>,
    comments: Vec<String>,
}

/// The addresses of one field, at most `limit`. `fallback` is the charset of 8-bit characters.
pub(super) fn read(value: &[u8], fallback: Option<&str>, limit: usize) -> Vec<Address> {
    let text = charset::decode_header(value, fallback);
    let mut found: Vec<Address> = Vec::new();
    // names without an address: `Berg, Anna <a@b>` is one person
    let mut waiting: Vec<String> = Vec::new();
    for entry in entries(&text) {
        if found.len().max(waiting.len()) >= limit {
            break;
        }
        let bracketed = entry.tokens.iter().any(|token| matches!(token, Token::Angle(_)));
        let Some(mut address) = entry.address() else { continue };
        if address.email.is_empty() {
            waiting.extend(address.name);
            continue;
        }
        let before = std::mem::take(&mut waiting);
        if bracketed {
            let whole: Vec<String> = before.into_iter().chain(address.name).collect();
            address.name = (!whole.is_empty()).then(|| one_line(&whole.join(", "), LINE_CHARS));
        } else {
            found.extend(before.into_iter().map(alone));
        }
        found.push(address);
    }
    found.extend(waiting.into_iter().map(alone));
    found.truncate(limit);
    found
}

/// Somebody of whom no address is given.
fn alone(name: String) -> Address {
    Address { name: Some(name), email: String::new() }
}

/// The entries of a list; groups are flattened, their names dropped.
fn entries(text: &str) -> Vec<Entry> {
    let group = text.contains(';');
    let mut entries = Vec::new();
    let mut entry = Entry::default();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => entry.tokens.push(Token::Quoted(quoted(&mut rest))),
            '(' => entry.comments.push(comment(&mut rest)),
            '<' => entry.tokens.push(Token::Angle(angle(&mut rest))),
            ',' | ';' => entries.push(std::mem::take(&mut entry)),
            ':' if group && entry.begins_group() => entry = Entry::default(),
            '[' => entry.atom(&literal(&mut rest)),
            '>' => {}
            c if c.is_whitespace() => entry.tokens.push(Token::Gap),
            '=' => match text.get(at..).and_then(|from| words::length(from.as_bytes())) {
                Some(length) => {
                    while rest.next_if(|(next, _)| *next < at + length).is_some() {}
                    entry.word(text.get(at..at + length).unwrap_or_default());
                }
                None => entry.atom("="),
            },
            c => entry.atom(c.encode_utf8(&mut [0; 4])),
        }
    }
    entries.push(entry);
    entries
}

type Chars<'t> = Peekable<CharIndices<'t>>;

/// Up to the closing quote; a backslash is taken out.
fn quoted(rest: &mut Chars<'_>) -> String {
    let mut text = String::new();
    while let Some((_, c)) = rest.next() {
        match c {
            '"' => break,
            '\\' => text.extend(rest.next().map(|(_, escaped)| escaped)),
            c => text.push(c),
        }
    }
    text
}

/// Up to the bracket that closes this comment; those within it are counted.
fn comment(rest: &mut Chars<'_>) -> String {
    let mut text = String::new();
    let mut depth = 1_usize;
    while let Some((_, c)) = rest.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => {
                text.extend(rest.next().map(|(_, escaped)| escaped));
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        text.push(c);
    }
    text
}

/// Up to the closing angle bracket, without comments; quotes hold brackets. A bracket that is never
/// closed ends at a comma.
fn angle(rest: &mut Chars<'_>) -> String {
    let closed = rest.clone().take(LINE_CHARS * 4).any(|(_, c)| c == '>');
    let mut text = String::new();
    while let Some((_, c)) = rest.peek().copied() {
        if !closed && matches!(c, ',' | ';') {
            break;
        }
        rest.next();
        match c {
            '>' => break,
            '<' => text.clear(),
            '"' => {
                let quoted = quoted(rest);
                push_quoted(&mut text, &quoted);
            }
            '(' => drop(comment(rest)),
            c if c.is_whitespace() => {}
            c => text.push(c),
        }
    }
    text
}

/// `[…]` of an address literal, which may hold colons.
fn literal(rest: &mut Chars<'_>) -> String {
    let mut text = String::from("[");
    let end = rest.clone().take(LINE_CHARS).position(|(_, c)| c == ']' || c.is_whitespace());
    let closed = end.and_then(|end| rest.clone().nth(end)).is_some_and(|(_, c)| c == ']');
    if let Some(end) = end.filter(|_| closed) {
        text.extend(rest.by_ref().take(end + 1).map(|(_, c)| c));
    }
    text
}

/// A quoted local part as it has to be written.
fn push_quoted(text: &mut String, quoted: &str) {
    text.push('"');
    for c in quoted.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

impl Entry {
    /// Adds to the atom that is being read.
    fn atom(&mut self, piece: &str) {
        match self.tokens.last_mut() {
            Some(Token::Atom(atom)) => atom.push_str(piece),
            _ => self.tokens.push(Token::Atom(piece.to_owned())),
        }
    }

    /// Adds an encoded word, to those right before it where there are some.
    fn word(&mut self, word: &str) {
        if let [.., Token::Words(_), Token::Gap] = self.tokens.as_slice() {
            self.tokens.pop();
        }
        match self.tokens.last_mut() {
            Some(Token::Words(words)) => {
                words.push(' ');
                words.push_str(word);
            }
            _ => self.tokens.push(Token::Words(word.to_owned())),
        }
    }

    /// Whether a colon here ends the name of a group: nothing before it is an address.
    fn begins_group(&self) -> bool {
        self.tokens.iter().all(|token| match token {
            Token::Atom(atom) => !atom.contains('@'),
            Token::Angle(_) => false,
            _ => true,
        })
    }

    /// The address that the tokens give; `None` for nothing at all.
    fn address(mut self) -> Option<Address> {
        let email = self.bracketed().or_else(|| self.bare());
        let comment =
            one_line(&words::decode(self.comments.join(" ").as_bytes(), None), LINE_CHARS);
        let comment = (!comment.is_empty()).then_some(comment);
        let mut name = self.name();
        let mut email = email.map(|email| one_line(&email, LINE_CHARS)).unwrap_or_default();
        if email.is_empty() && self.is_local_name(comment.is_some()) {
            email = name.take().unwrap_or_default();
        }
        let name = match (name, comment) {
            (Some(name), Some(comment)) => {
                Some(one_line(&format!("{name} ({comment})"), LINE_CHARS))
            }
            (name, comment) => name.or(comment),
        };
        (name.is_some() || !email.is_empty()).then_some(Address { name, email })
    }

    /// `MAILER-DAEMON (Mail Delivery System)`: one atom with a comment names a mailbox here; so does
    /// one that programs write of themselves without anything.
    fn is_local_name(&self, comment: bool) -> bool {
        let mut tokens = self.tokens.iter().filter(|token| **token != Token::Gap);
        comment && matches!(tokens.next(), Some(Token::Atom(_))) && tokens.next().is_none()
    }

    /// The address between the last brackets that hold one; it is taken out.
    fn bracketed(&mut self) -> Option<String> {
        let holds = |token: &Token| matches!(token, Token::Angle(email) if !email.is_empty());
        let at = self.tokens.iter().rposition(holds)?;
        let Token::Angle(email) = self.tokens.remove(at) else { return None };
        let email = email.strip_prefix("mailto:").map(str::to_owned).unwrap_or(email);
        // a source route (RFC 5322 §4.4) names no mailbox
        let routed = email.strip_prefix('@').and_then(|route| route.split_once(':'));
        Some(routed.map_or(email.clone(), |(_, email)| email.to_owned()))
    }

    /// The address without brackets: what touches the last `@`, with blanks around `@` and dots
    /// (RFC 5322 §4.4); it is taken out.
    fn bare(&mut self) -> Option<String> {
        let has_at = |token: &Token| matches!(token, Token::Atom(atom) if atom.contains('@'));
        let at = self.tokens.iter().rposition(has_at)?;
        let (mut from, mut to) = (at, at + 1);
        while from > 0 && self.joins(from - 1, from) {
            from -= 1;
        }
        while to < self.tokens.len() && self.joins(to - 1, to) {
            to += 1;
        }
        let mut email = String::new();
        for token in self.tokens.drain(from..to) {
            match token {
                Token::Atom(atom) | Token::Words(atom) => email.push_str(&atom),
                Token::Quoted(quoted) => push_quoted(&mut email, &quoted),
                Token::Angle(_) | Token::Gap => {}
            }
        }
        let email = email.trim_start_matches("mailto:");
        let whole = email
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        whole.then(|| email.to_owned())
    }

    /// Whether the tokens at `one` and `two` belong to one address.
    fn joins(&self, one: usize, two: usize) -> bool {
        let opens = |token: Option<&Token>| matches!(token, Some(Token::Atom(atom)) if atom.ends_with(['@', '.']));
        let goes_on = |token: Option<&Token>| matches!(token, Some(Token::Atom(atom)) if atom.starts_with(['@', '.']));
        match (self.tokens.get(one), self.tokens.get(two)) {
            (Some(Token::Gap), token) => {
                goes_on(token) || one.checked_sub(1).is_some_and(|at| opens(self.tokens.get(at)))
            }
            (token, Some(Token::Gap)) => opens(token) || goes_on(self.tokens.get(two + 1)),
            (Some(Token::Angle(_)) | None, _) | (_, Some(Token::Angle(_)) | None) => false,
            _ => true,
        }
    }

    /// What is left, decoded, as a name.
    fn name(&self) -> Option<String> {
        let mut name = String::new();
        for token in &self.tokens {
            match token {
                Token::Quoted(text) | Token::Words(text) => {
                    name.push_str(&words::decode(text.as_bytes(), None));
                }
                Token::Atom(atom) => name.push_str(atom),
                Token::Angle(text) if !text.is_empty() => name.push_str(text),
                Token::Angle(_) => {}
                Token::Gap => name.push(' '),
            }
        }
        let name = one_line(&name, LINE_CHARS);
        (!name.is_empty()).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let all = read(value.as_bytes(), None, 100);
        let each = all.iter().map(|a| format!("{}<{}>", a.name.as_deref().unwrap_or(""), a.email));
        each.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn addresses_as_they_are_written() {
        for (value, want) in [
            ("Ana <ana@x.test>", "Ana<ana@x.test>"),
            ("ana@x.test (Ana B)", "Ana B<ana@x.test>"),
            ("\"Berg, Ana\" <a@x>, b@y", "Berg, Ana<a@x> | <b@y>"),
            ("Berg, Ana, PhD <a@x>, Bo <b@y>", "Berg, Ana, PhD<a@x> | Bo<b@y>"),
            ("\"a@b\"@c.test", "<\"a@b\"@c.test>"),
            ("Al <\"a b\"@c.test>", "Al<\"a b\"@c.test>"),
            ("al@[IPv6:2001:db8::7]", "<al@[IPv6:2001:db8::7]>"),
            ("Al <al@[192.0.2.7]>, Bo <b@y>", "Al<al@[192.0.2.7]> | Bo<b@y>"),
            ("Mail Delivery <MAILER-DAEMON>", "Mail Delivery<MAILER-DAEMON>"),
            ("<MAILER-DAEMON>", "<MAILER-DAEMON>"),
            ("MAILER-DAEMON (Mail System)", "Mail System<MAILER-DAEMON>"),
            ("al@(on (the) host)x.test", "on (the) host<al@x.test>"),
            ("Al B al@x.test", "Al B<al@x.test>"),
            ("al @ x . test", "<al@x.test>"),
            ("<@r1.test,@r2.test:al@x.test>", "<al@x.test>"),
            ("team: al@x, Bo <b@y>; c@z", "<al@x> | Bo<b@y> | <c@z>"),
            ("undisclosed-recipients:;", ""),
            ("Re: Al <al@x>", "Re: Al<al@x>"),
            ("=?utf-8?q?Berg=2C_=3Cz=40z=3E?= <a@x>", "Berg, <z@z><a@x>"),
            ("=?utf-8?q?Zo=C3?=\t=?utf-8?q?=AB?= <a@x>", "Zoë<a@x>"),
            ("\"=?utf-8?q?Zo=C3=AB?=\" <a@x>", "Zoë<a@x>"),
            ("Al <al@x.test", "Al<al@x.test>"),
            ("<<al@x>>", "<al@x>"),
            ("<mailto:al@x>", "<al@x>"),
            ("a@x; b@y", "<a@x> | <b@y>"),
            ("\"boss@x.test\" <evil@y.test>", "boss@x.test<evil@y.test>"),
            ("Just A Name", "Just A Name<>"),
            ("", ""),
            (" , ,", ""),
        ] {
            assert_eq!(shown(value), want, "{value}");
        }
    }

    #[test]
    fn hostile_fields_end_soon() {
        for piece in ["(", "<", "\"", "[", "=?a?q?", "a@", ",", "<a@b", ":", "\\", "@ ", ". "] {
            assert!(read(piece.repeat(50_000).as_bytes(), None, 1_000).len() <= 1_000, "{piece}");
        }
    }
}
