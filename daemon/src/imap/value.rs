//! Reads the data of untagged responses: words, strings, numbers, lists (RFC 9051 §4).
//!
//! Takes what servers really send, not only the grammar: any spacing, odd words, stray brackets.
//! Never fails harder than `None`, never goes deeper than [`limits::DEPTH`], never keeps more than
//! [`limits::VALUES`]. Values borrow from the line, so that they cost little beside it.

use super::guard::frame::Literal;
use super::limits;
use std::borrow::Cow;
use std::collections::VecDeque;

/// One datum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Nil,
    /// An atom, flag or number.
    Word(&'a [u8]),
    /// A quoted string or a literal.
    Text(Cow<'a, [u8]>),
    List(Vec<Self>),
}

impl Value<'_> {
    /// The bytes of a word or text.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Word(bytes) => Some(bytes),
            Self::Text(bytes) => Some(bytes),
            Self::Nil | Self::List(_) => None,
        }
    }

    /// The bytes of a word or text; those of a literal without a copy.
    pub(super) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Word(bytes) => Some(bytes.to_vec()),
            Self::Text(bytes) => Some(bytes.into_owned()),
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
    /// Members of lists that may still be kept.
    left: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(line: &'a [u8], literals: &'a mut VecDeque<Literal>) -> Self {
        Self { rest: line, literals, left: limits::VALUES }
    }

    /// Everything that was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
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
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
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

    fn value_at(&mut self, depth: usize) -> Option<Value<'a>> {
        match self.peek()? {
            b')' => None,
            b'(' if depth >= limits::DEPTH => None,
            b'(' => {
                self.skip(1);
                let mut members = Vec::new();
                while let Some(member) = self.value_at(depth + 1) {
                    if let Some(left) = self.left.checked_sub(1) {
                        self.left = left;
                        members.push(member);
                    }
                }
                self.eat(b')').then_some(Value::List(members))
            }
            b'"' => self.quoted(),
            b'{' | b'~' if self.at_literal() => self.literal(),
            _ => {
                let word = self.word()?;
                Some(if word.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Word(word) })
            }
        }
    }

    /// A quoted string. A backslash before anything but a quote or a backslash stands for itself:
    /// some servers quote `A\B` without doubling it.
    fn quoted(&mut self) -> Option<Value<'a>> {
        let inside = self.rest.get(1..)?;
        let plain = inside.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if inside.get(plain) == Some(&b'"') {
            self.skip(plain + 2);
            return Some(Value::Text(Cow::Borrowed(inside.get(..plain)?)));
        }
        let mut text = Vec::new();
        let mut bytes = inside.iter().enumerate().peekable();
        while let Some((at, &byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.skip(at + 2);
                    return Some(Value::Text(Cow::Owned(text)));
                }
                b'\\' => match bytes.next_if(|(_, next)| matches!(next, b'"' | b'\\')) {
                    Some((_, &escaped)) => text.push(escaped),
                    None => text.push(byte),
                },
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

    fn literal(&mut self) -> Option<Value<'a>> {
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        self.skip(end + 1);
        Some(Value::Text(Cow::Owned(self.literals.pop_front()?.bytes)))
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn literals(texts: &[&str]) -> VecDeque<Literal> {
        let literal = |text: &&str| Literal { bytes: text.as_bytes().to_vec(), cut: false };
        texts.iter().map(literal).collect()
    }

    #[test]
    fn values() {
        let word = |text: &'static str| Value::Word(text.as_bytes());
        let text = |text: &'static str| Value::Text(text.as_bytes().into());
        for (line, value) in [
            ("NIL", Value::Nil),
            ("  12 ", word("12")),
            (r#""a \"b\" \\""#, text(r#"a "b" \"#)),
            (r#""A\B \"c""#, text(r#"A\B "c"#)),
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
            let mut literals = literals(&["abc", "abc"]);
            assert_eq!(Reader::new(line.as_bytes(), &mut literals).value(), Some(value), "{line}");
        }
        for nonsense in ["", ")", "(a", "\"open", "\"open\\"] {
            let mut none = VecDeque::new();
            assert_eq!(Reader::new(nonsense.as_bytes(), &mut none).value(), None, "{nonsense}");
        }
    }

    #[test]
    fn numbers() {
        for (line, number) in [
            ("(42)", Some(42)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("0x1", None),
            ("()", None),
            ("NIL", None),
        ] {
            let mut none = VecDeque::new();
            let value = Reader::new(line.as_bytes(), &mut none).value().unwrap();
            assert_eq!(value.number(), number, "{line}");
        }
    }

    #[test]
    fn depth_ends() {
        let mut none = VecDeque::new();
        assert_eq!(Reader::new("(".repeat(1_000_000).as_bytes(), &mut none).value(), None);
    }

    #[test]
    fn what_is_kept_of_a_response_has_an_end() {
        let line = format!("({} (c d) e) after", "a ".repeat(limits::VALUES - 1));
        let mut none = VecDeque::new();
        let mut reader = Reader::new(line.as_bytes(), &mut none);
        assert_eq!(reader.value().unwrap().list().unwrap().len(), limits::VALUES - 1);
        assert_eq!(reader.value(), Some(Value::Word(b"after")));
    }
}
