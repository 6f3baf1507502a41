//! The MIME tree of untrusted bytes (RFC 2046 §5.1), as ranges of them.
//!
//! Owns where each part begins and ends. One pass over the lines that remembers only the open
//! multiparts; a multipart whose boundary is not found is walked a second time with the boundary
//! that its lines show. Must never decode anything, and never let parts or nesting grow its cost.

use super::header::{Block, Field, block, fields, first, lines};
use super::media::{self, Encoding, Media};
use crate::limits::{HEADER_BYTES, NESTING, PARTS};
use std::ops::Range;

/// Multiparts of one message whose boundary is looked for: each costs one more pass at most.
const RECOVERIES: usize = 8;

/// What stands in a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Other parts, by their index.
    Multipart(Vec<usize>),
    /// Content. An embedded message is content too.
    Leaf,
}

/// One part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Its header block.
    pub(super) head: Range<usize>,
    /// What follows the header block, without the line end before the next boundary.
    pub(super) body: Range<usize>,
    /// Content-Type, or what RFC 2045 §5.2 and RFC 2046 §5.1.5 say for none.
    pub(super) media: Media,
    /// Parts or content.
    pub(super) kind: Kind,
}

/// A message as parts, each before those within it; the first is the message itself.
#[derive(Debug)]
pub(super) struct Tree<'b> {
    bytes: &'b [u8],
    /// The parts by index.
    pub(super) parts: Vec<Part>,
    /// More header bytes, parts or nesting than the limits allow: only the first part was read.
    pub(super) too_complex: bool,
}

impl<'b> Tree<'b> {
    /// The fields of a part's header block.
    pub(super) fn fields(&self, part: &Part) -> Vec<Field<'b>> {
        fields(self.bytes.get(part.head.clone()).unwrap_or_default())
    }

    /// The bytes of a part's content.
    pub(super) fn content(&self, part: &Part) -> &'b [u8] {
        self.bytes.get(part.body.clone()).unwrap_or_default()
    }
}

/// Reads the structure of `bytes`; of the header block alone when `headers_only`.
pub(super) fn read(bytes: &[u8], headers_only: bool) -> Tree<'_> {
    let mut walk =
        Walk { bytes, parts: Vec::new(), open: Vec::new(), recoveries: RECOVERIES, blocks: 0 };
    let begin = walk.begin(0, None);
    let cut = begin >= HEADER_BYTES && begin < bytes.len();
    let fits = !cut && (headers_only || walk.run(begin));
    if !fits {
        walk.parts.truncate(1);
    }
    if headers_only || !fits {
        for part in &mut walk.parts {
            part.kind = Kind::Leaf;
            part.body = part.body.start..part.body.start;
        }
    }
    Tree { bytes, parts: walk.parts, too_complex: !fits }
}

/// A multipart whose end has not been seen.
struct Open {
    /// Its part.
    index: usize,
    /// Its boundary; none where the Content-Type names none.
    boundary: Option<Vec<u8>>,
    /// It stands within an embedded message, which is the part: nothing is kept of it, but its
    /// boundaries are its own.
    embedded: bool,
}

/// The walk over all lines.
struct Walk<'b> {
    bytes: &'b [u8],
    parts: Vec<Part>,
    /// Open multiparts, outermost first.
    open: Vec<Open>,
    /// How many boundaries may still be looked for.
    recoveries: usize,
    /// Header blocks read, those of embedded messages too.
    blocks: usize,
}

/// A line that is a boundary of an open multipart.
struct Hit {
    depth: usize,
    closes: bool,
}

impl Walk<'_> {
    /// Walks the body of the first part; whether the limits allow it.
    fn run(&mut self, begin: usize) -> bool {
        let mut at = begin;
        if self.open.len() > NESTING {
            return false;
        }
        while !self.open.is_empty() && at < self.bytes.len() {
            let next = lines(self.bytes, at).find_map(|line| Some((line, self.hit(line.text())?)));
            let Some((line, hit)) = next else { break };
            // a multipart further in that never showed its boundary may be walked again
            if let Some(again) = self.close(hit.depth + 1, line.start) {
                at = again;
                continue;
            }
            at = line.end();
            self.end_leaf(hit.depth, line.start);
            if hit.closes {
                self.open.truncate(hit.depth);
                continue;
            }
            at = match self.open.get(hit.depth) {
                Some(Open { index, embedded: true, .. }) => self.embed(at, *index),
                open => self.begin(at, open.map(|open| open.index)),
            };
            if self.blocks > PARTS || self.open.len() > NESTING {
                return false;
            }
        }
        while let Some(again) = self.close(0, self.bytes.len()) {
            if !self.run(again) {
                return false;
            }
        }
        true
    }

    /// The open multipart that a line is a boundary of, innermost first. Words may follow the
    /// boundary (RFC 2046 §5.1.2), but not right behind it: `--b` is no boundary of `--bar`.
    fn hit(&self, text: &[u8]) -> Option<Hit> {
        let rest = text.strip_prefix(b"--")?.trim_ascii_end();
        self.open.iter().enumerate().rev().find_map(|(depth, open)| {
            let after = rest.strip_prefix(open.boundary.as_deref()?)?;
            // a closing line that lost a sign closes too
            let closes = after.starts_with(b"--") || after == b"-";
            let ends = after.first().is_none_or(u8::is_ascii_whitespace);
            (closes || ends).then_some(Hit { depth, closes })
        })
    }

    /// Begins the part whose header block stands at `start`; returns where its body begins.
    fn begin(&mut self, start: usize, parent: Option<usize>) -> usize {
        let found = self.block(start);
        let head = start..found.end;
        let parent = parent.and_then(|index| Some((index, self.parts.get(index)?)));
        let digest = parent.is_some_and(|(_, part)| part.media.is("multipart", "digest"));
        let media = self.media(head.clone(), digest);
        let index = self.parts.len();
        if let Some((parent, _)) = parent
            && let Some(Part { kind: Kind::Multipart(children), .. }) = self.parts.get_mut(parent)
        {
            children.push(index);
        }
        let multipart = media.main == "multipart";
        let embeds = is_embedded(&media) && self.is_plain(head.clone());
        if multipart {
            let boundary = media.boundary.clone();
            self.open.push(Open { index, boundary, embedded: false });
        }
        let kind = if multipart { Kind::Multipart(Vec::new()) } else { Kind::Leaf };
        let body = found.body..self.bytes.len();
        self.parts.push(Part { head, body, media, kind });
        if embeds { self.embed(found.body, index) } else { found.body }
    }

    /// Reads a header block within the embedded message that is part `index`; returns where what
    /// follows it begins.
    fn embed(&mut self, start: usize, index: usize) -> usize {
        let mut at = start;
        loop {
            let found = self.block(at);
            let media = self.media(at..found.end, false);
            let embeds = is_embedded(&media) && self.is_plain(at..found.end);
            if embeds || media.boundary.is_some() {
                self.open.push(Open { index, boundary: media.boundary, embedded: true });
            }
            let moved = found.body > at;
            at = found.body;
            if !embeds || !moved || self.open.len() > NESTING {
                return at;
            }
        }
    }

    /// The header block at `start`.
    fn block(&mut self, start: usize) -> Block {
        self.blocks += 1;
        let mut own: Option<Vec<u8>> = None;
        block(self.bytes, start, HEADER_BYTES, |line| {
            // the boundary that this block itself names is read once, when a line looks like one
            let own = own.get_or_insert_with(|| self.named_boundary(start..line.start));
            let rest = line.text().strip_prefix(b"--").unwrap_or_default().trim_ascii_end();
            self.hit(line.text()).is_some() || (!own.is_empty() && rest == own.as_slice())
        })
    }

    /// Whether a part with this header block stands there as it is.
    fn is_plain(&self, head: Range<usize>) -> bool {
        let fields = fields(self.bytes.get(head).unwrap_or_default());
        let said = first(&fields, "content-transfer-encoding").map(Field::unfolded);
        said.is_none_or(|value| media::encoding(&value) == Encoding::Identity)
    }

    /// The media type that a header block gives.
    fn media(&self, head: Range<usize>, in_digest: bool) -> Media {
        let fields = fields(self.bytes.get(head).unwrap_or_default());
        match first(&fields, "content-type") {
            Some(field) => Media::read(&field.unfolded()),
            None if in_digest => Media::message(),
            None => Media::default(),
        }
    }

    /// The boundary that the Content-Type in these header lines names; empty for none.
    fn named_boundary(&self, head: Range<usize>) -> Vec<u8> {
        self.media(head, false).boundary.unwrap_or_default()
    }

    /// Ends the part that was begun last, if it is within the multipart at `depth`, before `end`.
    fn end_leaf(&mut self, depth: usize, end: usize) {
        let owner = self.open.get(depth).filter(|open| !open.embedded).map(|open| open.index);
        let end = before_line_end(self.bytes, end);
        if let Some(last) = self.parts.len().checked_sub(1)
            && owner.is_some_and(|owner| last > owner)
            && let Some(part) = self.parts.get_mut(last)
            && part.kind == Kind::Leaf
            && part.body.end > end
        {
            part.body.end = end.max(part.body.start);
        }
    }

    /// Closes the multiparts from `depth` on, which end at `end`. Returns where the walk has to go
    /// on when one of them never showed its boundary and another one was found in it.
    fn close(&mut self, depth: usize, end: usize) -> Option<usize> {
        while self.open.len() > depth {
            let Some(open) = self.open.last() else { break };
            if open.embedded {
                self.open.pop();
                continue;
            }
            let index = open.index;
            let boundary = open.boundary.clone();
            let within = self.parts.get(index)?.body.start..before_line_end(self.bytes, end);
            let childless = self.parts.len() == index + 1;
            if childless && self.recoveries > 0 {
                self.recoveries -= 1;
                let shown = self.shown_boundary(within.clone());
                if let Some(shown) = shown.filter(|shown| boundary.as_ref() != Some(shown)) {
                    self.open.last_mut()?.boundary = Some(shown);
                    return Some(within.start);
                }
            }
            self.end_leaf(self.open.len() - 1, end);
            if childless && let Some(part) = self.parts.get_mut(index) {
                // no parts: it is read as the text that it seems to be
                part.kind = Kind::Leaf;
                part.media = part.media.as_text();
                part.body.end = within.end.max(within.start);
            }
            self.open.pop();
        }
        None
    }

    /// The boundary that the lines of a multipart show: the first that a header field follows, or
    /// that a closing one answers.
    fn shown_boundary(&self, within: Range<usize>) -> Option<Vec<u8>> {
        /// Lines that may look like a boundary and are none (`-- ` of a signature, a diff).
        const CANDIDATES: usize = 64;
        /// Bytes of a boundary (RFC 2046 §5.1.1 allows 70).
        const LONGEST: usize = 200;
        let bytes = self.bytes.get(..within.end)?;
        let mut candidates: Vec<&[u8]> = Vec::new();
        let mut previous: Option<&[u8]> = None;
        for line in lines(bytes, within.start) {
            let text = line.text();
            if let Some(candidate) = previous.take()
                && is_part_field(text)
            {
                return Some(candidate.to_vec());
            }
            let Some(rest) = text.strip_prefix(b"--").map(<[u8]>::trim_ascii_end) else { continue };
            if let Some(open) = rest.strip_suffix(b"--")
                && candidates.contains(&open)
            {
                return Some(open.to_vec());
            }
            let good = (1..LONGEST).contains(&rest.len()) && !rest.contains(&b' ');
            if good && candidates.len() < CANDIDATES {
                candidates.push(rest);
                previous = Some(rest);
            }
        }
        None
    }
}

/// Whether a part is a message.
pub(super) fn is_embedded(media: &Media) -> bool {
    media.main == "message" && matches!(media.sub.as_str(), "rfc822" | "global" | "news")
}

/// Whether a line is a field of a part's header block.
fn is_part_field(text: &[u8]) -> bool {
    const NAME: &[u8] = b"content-";
    text.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME))
        && text.contains(&b':')
}

/// The place before the line end that stands before `at`: it belongs to the boundary.
fn before_line_end(bytes: &[u8], at: usize) -> usize {
    let before = bytes.get(..at).unwrap_or_default();
    if at == bytes.len() && !before.ends_with(b"\n") {
        return at;
    }
    let text = before.strip_suffix(b"\n").unwrap_or(before);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}
