//! Reads the data of untagged responses: words, strings, numbers, lists (RFC 9051 §4).
//!
//! Takes what servers really send, not only the grammar: any spacing, odd words, stray brackets.
//! Never fails harder than `None`, never goes deeper than [`limits::DEPTH`].

use super::guard::frame::Literal;
use super::limits;
use std::collections::VecDeque;

/// One datum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Nil,
    /// An atom, flag or number.
    Word(Vec<u8>),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    List(Vec<Self>),
}

impl Value {
    /// The bytes of a word or text.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Word(bytes) | Self::Text(bytes) => Some(bytes),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// The bytes of a word or text, without a copy.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Word(bytes) | Self::Text(bytes) => Some(bytes),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// A word or text that is UTF-8.
    pub(super) fn str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A decimal number; one in parentheses (`MODSEQ (5)`) too.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::List(inside) => inside.first()?.number(),
            _ => self.str()?.parse().ok(),
        }
    }

    /// The members of a list.
    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(members) => Some(members),
            _ => None,
        }
    }
}

/// A place in a response.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    literals: &'a mut VecDeque<Literal>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(line: &'a [u8], literals: &'a mut VecDeque<Literal>) -> Self {
        Self { rest: line, literals }
    }

    /// The next byte after blanks, left where it is.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_ascii_start();
        self.rest.first().copied()
    }

    /// Passes over the next byte after blanks if it is `byte`.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.skip(1);
        }
        found
    }

    /// The next value; `None` at the end of the response or of the list, or when it makes no sense.
    pub(super) fn value(&mut self) -> Option<Value> {
        self.value_at(0)
    }

    /// The next word as it stands: an atom with its bracketed section, if any (`BODY[HEADER]<0>`).
    pub(super) fn word(&mut self) -> Option<&'a [u8]> {
        self.peek()?;
        let mut end = self.word_end(0);
        if self.rest.get(end) == Some(&b'[') {
            let section = self.rest.get(end..)?.iter().position(|&byte| byte == b']');
            end = section.map_or_else(|| end + 1, |length| end + length + 1);
            end = self.word_end(end);
        }
        if end == 0 {
            return None;
        }
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(word)
    }

    fn word_end(&self, from: usize) -> usize {
        let tail = self.rest.get(from..).unwrap_or_default();
        let length = tail.iter().position(|&byte| {
            matches!(byte, b'(' | b')' | b'"' | b'[') || byte.is_ascii_whitespace()
        });
        from + length.unwrap_or(tail.len())
    }

    fn value_at(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            b')' => None,
            b'(' if depth >= limits::DEPTH => None,
            b'(' => {
                self.skip(1);
                let mut members = Vec::new();
                while let Some(member) = self.value_at(depth + 1) {
                    members.push(member);
                }
                self.eat(b')').then_some(Value::List(members))
            }
            b'"' => self.quoted(),
            b'{' | b'~' if self.at_literal() => self.literal(),
            _ => {
                let word = self.word()?;
                Some(if word.eq_ignore_ascii_case(b"NIL") {
                    Value::Nil
                } else {
                    Value::Word(word.to_vec())
                })
            }
        }
    }

    fn quoted(&mut self) -> Option<Value> {
        let mut text = Vec::new();
        let mut bytes = self.rest.iter().enumerate().skip(1);
        while let Some((at, &byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.skip(at + 1);
                    return Some(Value::Text(text));
                }
                b'\\' => text.push(*bytes.next()?.1),
                _ => text.push(byte),
            }
        }
        None
    }

    fn at_literal(&self) -> bool {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        end.and_then(|end| self.rest.get(..end))
            .is_some_and(|mark| mark.trim_ascii_end().ends_with(b"}") && !mark.contains(&b' '))
    }

    fn literal(&mut self) -> Option<Value> {
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        self.skip(end + 1);
        Some(Value::Text(self.literals.pop_front()?.bytes))
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(line: &str, literals: &[&str]) -> Option<Value> {
        let mut literals = literals
            .iter()
            .map(|text| Literal { bytes: text.as_bytes().to_vec(), cut: false })
            .collect();
        Reader::new(line.as_bytes(), &mut literals).value()
    }

    #[test]
    fn values() {
        let word = |text: &str| Value::Word(text.as_bytes().to_vec());
        let text = |text: &str| Value::Text(text.as_bytes().to_vec());
        for (line, value) in [
            ("NIL", Value::Nil),
            ("  12 ", word("12")),
            (r#""a \"b\" \\""#, text(r#"a "b" \"#)),
            ("{3}\r\n", text("abc")),
            ("~{3+}\r\n", text("abc")),
            ("BODY[HEADER.FIELDS (DATE FROM)]<0> x", word("BODY[HEADER.FIELDS (DATE FROM)]<0>")),
            ("[open x", word("[open")),
            (
                "(a (b) \"c\"{3}\r\n)",
                Value::List(vec![word("a"), Value::List(vec![word("b")]), text("c"), text("abc")]),
            ),
            ("()", Value::List(vec![])),
        ] {
            assert_eq!(read(line, &["abc"]), Some(value), "{line}");
        }
        for nonsense in ["", ")", "(a", "\"open", "\"open\\"] {
            assert_eq!(read(nonsense, &[]), None, "{nonsense}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(read("(42)", &[]).unwrap().number(), Some(42));
        assert_eq!(read("18446744073709551615", &[]).unwrap().number(), Some(u64::MAX));
        for no_number in ["18446744073709551616", "-1", "0x1", "()", "NIL"] {
            assert_eq!(read(no_number, &[]).unwrap().number(), None, "{no_number}");
        }
    }

    #[test]
    fn depth_ends() {
        assert_eq!(read(&"(".repeat(1_000_000), &[]), None);
    }
}
