//! Cuts a server's byte stream into responses (RFC 9051 §4.3, §9): a line and the literals in it.
//!
//! Knows literals and sizes and nothing else. Never allocates what is only announced, never looks
//! at a byte twice.

use super::budget::{Budget, Hold};
use crate::imap::limits;
use std::collections::VecDeque;

/// What a server did that ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Violation {
    #[error("a line longer than {0} bytes")]
    Line(usize),
    #[error("a literal of {announced} bytes where {allowed} are allowed")]
    Literal { announced: u64, allowed: u64 },
    #[error("more than {} literals in one response", limits::LITERALS)]
    Literals,
    #[error("parentheses nested deeper than {}", limits::DEPTH)]
    Depth,
    #[error("more than {} empty lines", limits::EMPTY_LINES)]
    Empty,
    #[error("a response that is none")]
    Unread,
    #[error("more than {0} bytes in answer to one command")]
    Answers(u64),
    #[error("more to be held at one time than {} MiB", .0 >> 20)]
    Held(usize),
}

/// One literal, as far as it was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Literal {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether bytes beyond the kept ones were dropped.
    pub cut: bool,
}

/// One response: its line without the last line end, in which `{n}` CRLF stands for each literal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Everything outside literals.
    pub line: Vec<u8>,
    /// The literals in order.
    pub literals: VecDeque<Literal>,
    /// What both weigh.
    pub hold: Hold,
}

/// What the present command allows.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Bytes of a line.
    pub line: usize,
    /// Literal bytes of one response.
    pub literal: u64,
    /// Bytes kept of each literal.
    pub keep: usize,
    /// Bytes kept of all literals of one response.
    pub keep_all: usize,
    /// Bytes of all responses to one command.
    pub answers: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            line: limits::LINE_BYTES,
            literal: limits::SMALL_LITERAL_BYTES,
            keep: usize::MAX,
            keep_all: usize::MAX,
            answers: limits::ANSWER_BYTES,
        }
    }
}

/// The cutter. Feed it with [`Framer::push`].
#[derive(Debug)]
pub struct Framer {
    /// What is allowed from the next response on.
    pub allowance: Allowance,
    budget: Budget,
    frame: Frame,
    literal_left: u64,
    literal_sum: u64,
    kept: usize,
    answers: u64,
    empty: usize,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(Budget::default())
    }
}

impl Framer {
    /// A cutter that draws on `budget`.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self {
            allowance: Allowance::default(),
            frame: Frame { hold: budget.hold(), ..Frame::default() },
            budget,
            literal_left: 0,
            literal_sum: 0,
            kept: 0,
            answers: 0,
            empty: 0,
        }
    }

    /// A command begins.
    pub fn begin(&mut self) {
        self.answers = 0;
    }

    /// What the session holds.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Takes bytes from `input` up to the end of one response; says how many, and the response
    /// once it is whole.
    pub fn push(&mut self, input: &[u8]) -> Result<(usize, Option<Frame>), Violation> {
        let (used, frame) = self.cut(input)?;
        self.answers = self.answers.saturating_add(used as u64);
        if self.answers > self.allowance.answers {
            return Err(Violation::Answers(self.allowance.answers));
        }
        self.budget.check()?;
        Ok((used, frame))
    }

    fn cut(&mut self, input: &[u8]) -> Result<(usize, Option<Frame>), Violation> {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            if self.literal_left > 0 {
                used += self.take_literal(rest);
                continue;
            }
            let end = rest.iter().position(|&byte| byte == b'\n');
            let piece = rest.get(..end.map_or(rest.len(), |at| at + 1)).unwrap_or(rest);
            if self.frame.line.len() + piece.len() > self.allowance.line {
                return Err(Violation::Line(self.allowance.line));
            }
            self.frame.line.extend_from_slice(piece);
            self.frame.hold.grow(piece.len());
            used += piece.len();
            if end.is_none() {
                continue;
            }
            if let Some(announced) = announced_literal(&self.frame.line) {
                self.begin_literal(announced)?;
            } else if let Some(frame) = self.end_line() {
                self.empty = 0;
                return Ok((used, Some(frame)));
            } else {
                self.empty += 1;
                if self.empty > limits::EMPTY_LINES {
                    return Err(Violation::Empty);
                }
            }
        }
        Ok((used, None))
    }

    /// Whether a response has begun and not ended.
    #[must_use]
    pub fn is_midway(&self) -> bool {
        !self.frame.line.is_empty()
    }

    fn take_literal(&mut self, rest: &[u8]) -> usize {
        let here = usize::try_from(self.literal_left).unwrap_or(usize::MAX).min(rest.len());
        self.literal_left -= here as u64;
        if let Some(literal) = self.frame.literals.back_mut() {
            let of_this = self.allowance.keep.saturating_sub(literal.bytes.len());
            let of_all = self.allowance.keep_all.saturating_sub(self.kept);
            let kept = here.min(of_this).min(of_all);
            literal.cut |= kept < here;
            literal.bytes.extend_from_slice(rest.get(..kept).unwrap_or_default());
            self.kept += kept;
            self.frame.hold.grow(kept);
        }
        here
    }

    fn begin_literal(&mut self, announced: u64) -> Result<(), Violation> {
        self.literal_sum = self.literal_sum.saturating_add(announced);
        if self.literal_sum > self.allowance.literal {
            return Err(Violation::Literal { announced, allowed: self.allowance.literal });
        }
        if self.frame.literals.len() >= limits::LITERALS {
            return Err(Violation::Literals);
        }
        self.frame.literals.push_back(Literal::default());
        self.frame.hold.grow(size_of::<Literal>());
        self.literal_left = announced;
        Ok(())
    }

    /// The whole response; `None` for an empty line, which some servers put after literals.
    fn end_line(&mut self) -> Option<Frame> {
        let next = Frame { hold: self.budget.hold(), ..Frame::default() };
        let mut frame = std::mem::replace(&mut self.frame, next);
        self.literal_sum = 0;
        self.kept = 0;
        // one line end only: the one before it may belong to a literal
        frame.line.pop_if(|byte| *byte == b'\n');
        frame.line.pop_if(|byte| *byte == b'\r');
        (!frame.line.is_empty()).then_some(frame)
    }
}

/// The size at the end of `line` (`{12}`, `{12+}`, `~{12}`), where the response can hold literals:
/// untagged data, not the free text of OK, NO, BAD, BYE and PREAUTH.
fn announced_literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let inner = line.strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").unwrap_or(inner);
    let digits = inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (before, digits) = inner.split_at_checked(inner.len().checked_sub(digits)?)?;
    before.strip_suffix(b"{")?;
    if digits.is_empty() || !super::sort::may_hold_literals(line) {
        return None;
    }
    // more digits than a u64 holds is a size beyond every allowance
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn frames(input: &[u8], step: usize) -> Result<Vec<Frame>, Violation> {
        let mut framer = Framer::default();
        let mut found = Vec::new();
        for mut chunk in input.chunks(step) {
            while !chunk.is_empty() {
                let (used, frame) = framer.push(chunk)?;
                chunk = chunk.get(used..).unwrap();
                found.extend(frame);
            }
        }
        Ok(found)
    }

    #[test]
    fn cuts_alike_whatever_the_chunks() {
        let input = b"* OK hi {3}\r\n* 1 FETCH (BODY[] {6}\r\na)\r\nb( UID 4)\r\n\r\nA1 OK done\r\n* LIST () {1}\r\nx \"y{1}\"\r\n";
        let whole = frames(input, input.len()).unwrap();
        assert_eq!(whole.len(), 4);
        assert_eq!(whole.get(1).unwrap().line, b"* 1 FETCH (BODY[] {6}\r\n UID 4)");
        assert_eq!(whole.get(1).unwrap().literals.front().unwrap().bytes, b"a)\r\nb(");
        for step in 1..20 {
            assert_eq!(frames(input, step).unwrap(), whole);
        }
    }

    #[test]
    fn odd_sizes() {
        assert!(frames(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", 9).is_err());
        assert!(frames(b"* 1 FETCH (BODY[] {99999999999}\r\n", 9).is_err());
        for harmless in ["{-1}", "{}", "{ 3}", "{0x3}"] {
            let line = format!("* 1 FETCH (BODY[] {harmless}\r\n* OK next\r\n");
            assert_eq!(frames(line.as_bytes(), 7).unwrap().len(), 2, "{harmless}");
        }
        assert_eq!(frames(b"* 1 FETCH (X ~{2+}\r\nab)\r\n", 3).unwrap().len(), 1);
        assert_eq!(frames(b"* 1 FETCH (X {0}\r\n)\r\n", 3).unwrap().len(), 1);
    }

    #[test]
    fn endless_line_ends() {
        let mut framer = Framer::default();
        let chunk = [b'x'; 4096];
        let mut pushed = 0;
        while let Ok((used, None)) = framer.push(&chunk) {
            pushed += used;
            assert!(pushed <= limits::LINE_BYTES);
        }
    }

    #[test]
    fn endless_emptiness_ends() {
        let lines = b"\r\n".repeat(limits::EMPTY_LINES);
        assert_eq!(frames(&lines, 7), Ok(vec![]));
        assert_eq!(frames(&[&lines[..], b"\n"].concat(), 7), Err(Violation::Empty));
        let apart = [&lines[..], b"* OK\r\n"].concat().repeat(3);
        assert_eq!(frames(&apart, 9).unwrap().len(), 3);
    }

    #[test]
    fn keeps_only_what_is_wanted() {
        let mut framer = Framer::default();
        framer.allowance.keep = 4;
        let (_, frame) = framer.push(b"* 1 FETCH (BODY[HEADER] {8}\r\nabcdefgh)\r\n").unwrap();
        let literal = frame.unwrap().literals.pop_front().unwrap();
        assert_eq!((literal.bytes.as_slice(), literal.cut), (b"abcd".as_slice(), true));
    }
}
