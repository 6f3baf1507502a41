//! A header block as fields: where it ends, what stands in it under which name.
//!
//! Owns the reading of lines as fields (RFC 5322 §2.2) and of the places where a block ends without
//! its empty line. Must never look into a value: `media`, `words`, `people` and `date` do.

/// Names that show that a header block goes on behind a line that is no field.
const KNOWN: [&[u8]; 17] = [
    b"bcc",
    b"cc",
    b"content-disposition",
    b"content-transfer-encoding",
    b"content-type",
    b"date",
    b"delivered-to",
    b"from",
    b"in-reply-to",
    b"message-id",
    b"mime-version",
    b"received",
    b"references",
    b"reply-to",
    b"return-path",
    b"subject",
    b"to",
];

/// One line of a message with the place where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'b> {
    /// Its first byte's place.
    pub(super) start: usize,
    /// Its bytes, with the line end.
    pub(super) bytes: &'b [u8],
}

impl<'b> Line<'b> {
    /// The place behind it.
    pub(super) fn end(self) -> usize {
        self.start + self.bytes.len()
    }

    /// Without its line end.
    pub(super) fn text(self) -> &'b [u8] {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes);
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}

/// The lines of `bytes` from `start` on.
pub(super) fn lines(bytes: &[u8], start: usize) -> impl Iterator<Item = Line<'_>> {
    let rest = bytes.get(start..).unwrap_or_default();
    rest.split_inclusive(|byte| *byte == b'\n').scan(start, |at, bytes| {
        let line = Line { start: *at, bytes };
        *at = line.end();
        Some(line)
    })
}

/// A header block: where its fields end and where the text behind it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The end of the last field.
    pub(super) end: usize,
    /// The first byte of the body: behind the empty line, or `end` where that line is absent.
    pub(super) body: usize,
}

/// Finds the end of the header block that begins at `start`, within `limit` bytes.
///
/// The block ends at an empty line; at a line of which `is_boundary` is true; or, where the empty
/// line was forgotten, at the first line that is no field and behind which no known field follows.
pub(super) fn block(
    bytes: &[u8],
    start: usize,
    limit: usize,
    mut is_boundary: impl FnMut(Line<'_>) -> bool,
) -> Block {
    let mut odd = None;
    let mut end = start;
    for line in lines(bytes, start) {
        let text = line.text();
        if text.is_empty() {
            let end = odd.unwrap_or(line.start);
            let body = odd.unwrap_or(line.end());
            return Block { end, body };
        }
        if line.start > start && text.starts_with(b"--") && is_boundary(line) {
            break;
        }
        if line.end() - start >= limit {
            return Block { end: start + limit, body: start + limit };
        }
        end = line.end();
        match name_of(text) {
            Some(name) if is_known(name) => odd = None,
            None if line.start > start && !is_folded(text) && odd.is_none() => {
                odd = Some(line.start);
            }
            _ => {}
        }
    }
    let end = odd.unwrap_or(end);
    Block { end, body: end }
}

/// Whether a line continues the one before it.
fn is_folded(text: &[u8]) -> bool {
    text.starts_with(b" ") || text.starts_with(b"\t")
}

/// The field name that a line begins with.
fn name_of(text: &[u8]) -> Option<&[u8]> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let name = text.get(..colon)?.trim_ascii_end();
    let good = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    good.then_some(name)
}

fn is_known(name: &[u8]) -> bool {
    KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// One field of a header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'b> {
    /// Its name as written.
    pub(super) name: &'b [u8],
    /// What stands behind the colon, with the line ends of folding.
    pub(super) value: &'b [u8],
}

impl Field<'_> {
    /// Whether it has this name, whatever the case of its letters.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value on one line (RFC 5322 §2.2.3): line ends are taken out, blanks stay.
    pub(super) fn unfolded(&self) -> Vec<u8> {
        let value = self.value.trim_ascii();
        value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect()
    }
}

/// The fields of a header block, first to last. A line that is no field is passed over.
pub(super) fn fields(block: &[u8]) -> Vec<Field<'_>> {
    let begin = lines(block, 0).filter(|line| !is_folded(line.text())).map(|line| line.start);
    let begin: Vec<usize> = begin.collect();
    let ends = begin.iter().copied().skip(1).chain([block.len()]);
    begin.iter().zip(ends).filter_map(|(start, end)| field(block.get(*start..end)?)).collect()
}

/// The field that these lines are.
fn field(lines: &[u8]) -> Option<Field<'_>> {
    let first = lines.split(|byte| *byte == b'\n').next()?;
    let name = name_of(first)?;
    let colon = lines.iter().position(|byte| *byte == b':')?;
    Some(Field { name, value: lines.get(colon + 1..)? })
}

/// The first field of that name in which anything stands: where a field that may stand once stands
/// twice, the first is what servers check and what other programs show.
pub(super) fn first<'f, 'b>(fields: &'f [Field<'b>], name: &str) -> Option<&'f Field<'b>> {
    let mut named = fields.iter().filter(|field| field.is(name));
    named.find(|field| !field.value.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(block: &str) -> Vec<String> {
        let fields = fields(block.as_bytes());
        fields.iter().map(|field| String::from_utf8_lossy(field.name).into_owned()).collect()
    }

    #[test]
    fn fields_are_found_with_their_folds() {
        let text =
            b"From x@y Mon Jan 1\nTo : a\r\n\tb\r\nnonsense\r\n c\r\nX-A:\r\nBad name: x\r\n";
        assert_eq!(names(std::str::from_utf8(text).unwrap()), ["To", "X-A"]);
        let fields = fields(text);
        assert_eq!(fields[0].unfolded(), b"a\tb");
        assert_eq!(fields[1].value, b"\r\n");
    }

    #[test]
    fn a_block_ends_where_a_person_would_say() {
        let end = |mail: &str| {
            let block = block(mail.as_bytes(), 0, 1000, |line| line.text() == b"--b");
            (mail.get(..block.end).unwrap().to_owned(), mail.get(block.body..).unwrap().to_owned())
        };
        let pair = |head: &str, body: &str| (head.to_owned(), body.to_owned());
        assert_eq!(end("A: b\r\n\r\ntext"), pair("A: b\r\n", "text"));
        assert_eq!(end("A: b\n--b\nx"), pair("A: b\n", "--b\nx"));
        assert_eq!(
            end("A: b\nHello there.\nNote: x\n\nmore"),
            pair("A: b\n", "Hello there.\nNote: x\n\nmore")
        );
        assert_eq!(
            end("A: b\nbroken fold\nTo: x\n\nmore"),
            pair("A: b\nbroken fold\nTo: x\n", "more")
        );
        assert_eq!(end("\nA: b"), pair("", "A: b"));
        assert_eq!(end("A: b"), pair("A: b", ""));
    }
}
