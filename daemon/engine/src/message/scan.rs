//! A cheap look at untrusted bytes before a real parser may have them.
//!
//! The parser's time and memory grow with parts and nesting (a million empty parts in 7 MB took
//! it 3 s). This counts both in one pass over the lines, remembering only the open boundaries.

use crate::limits::{HEADER_BYTES, NESTING, PARTS};

/// Bytes of one Content-Type header that are looked at for its boundary.
const CONTENT_TYPE_BYTES: usize = 4 << 10;

/// What the look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Where the header block ends, at most [`HEADER_BYTES`].
    pub(super) header_end: usize,
    /// More header bytes, parts or nesting than the limits allow.
    pub(super) too_complex: bool,
    /// Boundaries still open at the end of the bytes, outermost first.
    pub(super) open: Vec<Vec<u8>>,
}

/// Looks at `bytes`.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let header_end = header_end(bytes);
    let headers_cut = header_end >= HEADER_BYTES && header_end < bytes.len();
    let mut walk = Walk::default();
    let fits = walk.fits(bytes);
    walk.open.retain(|boundary| !boundary.is_empty());
    Scan { header_end, too_complex: headers_cut || !fits, open: walk.open }
}

/// The byte after the empty line, or the end, or the limit.
fn header_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if at >= HEADER_BYTES {
            return HEADER_BYTES;
        }
        if is_empty_line(line) {
            break;
        }
    }
    at
}

/// Whether nothing but the line end stands in it.
fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// The walk over all lines.
struct Walk {
    /// Open boundaries, outermost first; an embedded message is an empty one.
    open: Vec<Vec<u8>>,
    /// Parts begun.
    parts: usize,
    /// Within a header block.
    headers: bool,
    /// The Content-Type of this header block, lower case, as far as it was read.
    content_type: Option<Vec<u8>>,
    /// The last header line was the Content-Type, so a folded line belongs to it.
    in_content_type: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            parts: 1,
            headers: true,
            content_type: None,
            in_content_type: false,
        }
    }
}

impl Walk {
    /// Whether parts and nesting stay within the limits.
    fn fits(&mut self, bytes: &[u8]) -> bool {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if let Some(rest) = line.strip_prefix(b"--") {
                self.boundary(rest);
            }
            if self.headers {
                self.header(line);
            }
            if self.parts > PARTS || self.open.len() > NESTING {
                return false;
            }
        }
        true
    }

    /// A line that starts with `--`: closes and begins parts when its boundary is open.
    fn boundary(&mut self, rest: &[u8]) {
        // by prefix, as lenient parsers do: counting too many parts is the safe mistake
        let found = self.open.iter().rposition(|open| !open.is_empty() && rest.starts_with(open));
        let Some(depth) = found else { return };
        let length = self.open.get(depth).map_or(0, Vec::len);
        if rest.get(length..).is_some_and(|end| end.starts_with(b"--")) {
            self.open.truncate(depth);
            self.headers = false;
        } else {
            self.open.truncate(depth + 1);
            self.parts += 1;
            self.headers = true;
            self.content_type = None;
            self.in_content_type = false;
        }
    }

    /// A line of a header block, or the empty line that ends it.
    fn header(&mut self, line: &[u8]) {
        const NAME: &[u8] = b"content-type:";
        if is_empty_line(line) {
            self.end_of_headers();
            return;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if self.in_content_type
                && let Some(value) = &mut self.content_type
            {
                let room = CONTENT_TYPE_BYTES.saturating_sub(value.len());
                value.extend(line.iter().take(room));
            }
            return;
        }
        self.in_content_type =
            line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME));
        if self.in_content_type {
            let value = line.get(NAME.len()..).unwrap_or_default();
            self.content_type = Some(value.iter().take(CONTENT_TYPE_BYTES).copied().collect());
        }
    }

    /// Opens what the Content-Type announces.
    fn end_of_headers(&mut self) {
        self.headers = false;
        self.in_content_type = false;
        let Some(value) = self.content_type.take() else {
            return;
        };
        let lower = value.to_ascii_lowercase();
        let kind = lower.trim_ascii_start();
        if kind.starts_with(b"multipart/") {
            if let Some(boundary) = boundary_of(&value, &lower) {
                self.open.push(boundary);
            }
        } else if kind.starts_with(b"message/") {
            self.open.push(Vec::new());
            self.parts += 1;
            self.headers = true;
        }
    }
}

/// The boundary parameter of a Content-Type value.
fn boundary_of(value: &[u8], lower: &[u8]) -> Option<Vec<u8>> {
    const KEY: &[u8] = b"boundary";
    let at = lower.windows(KEY.len()).position(|window| window == KEY)?;
    let rest = value.get(at + KEY.len()..)?;
    let equals = rest.iter().position(|byte| *byte == b'=')?;
    let raw = rest.get(equals + 1..)?.trim_ascii_start();
    let boundary = match raw.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|byte| *byte == b'"').next(),
        None => raw.split(|byte| byte.is_ascii_whitespace() || *byte == b';').next(),
    }?;
    (!boundary.is_empty()).then(|| boundary.to_vec())
}
