//! Bytes ↔ messages, without IO: push bytes, pull frames.
//!
//! The first byte of a connection that is no line end fixes its framing for good: `{` = one message a
//! line, `C` or `c` = `Content-Length` headers. Anything else is not a client of ours (a browser, a TLS handshake) and
//! ends the connection. After an error the decoder stays in it: a stream out of step is never
//! trusted again.

use std::fmt;

/// Bytes of one message, both ways: bounds what one client can make the other side hold.
pub const MAX_MESSAGE: usize = 1 << 20;
/// Nesting of one message: well above any shape of the protocol, well below any stack.
pub const MAX_DEPTH: usize = 128;
/// Bytes of the header block before a message in `Content-Length` framing.
pub const MAX_HEADER: usize = 1 << 10;

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One message a line.
    Lines,
    /// `Content-Length: N`, an empty line, N bytes.
    Headers,
}

/// Why the stream cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte is neither `{` nor `C`.
    #[error("a connection begins with `{{` or `Content-Length`, not with byte 0x{0:02x}")]
    NotAClient(u8),
    /// A message above the limit.
    #[error("a message may have at most {MAX_MESSAGE} bytes")]
    TooLarge,
    /// A header block above the limit, or as many empty lines.
    #[error("the headers and empty lines before a message may have at most {MAX_HEADER} bytes")]
    HeaderTooLarge,
    /// A header block that is not one.
    #[error("bad header before a message: {0}")]
    BadHeader(&'static str),
    /// Nesting above the limit.
    #[error("a message may be nested at most {MAX_DEPTH} deep")]
    TooDeep,
}

/// Bytes in, messages out.
#[derive(Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` already given out.
    taken: usize,
    /// Bytes after `taken` already looked at for a line end.
    looked: usize,
    /// Bytes of empty lines passed over before the first message.
    skipped: usize,
    framing: Option<Framing>,
    failed: Option<FrameError>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bytes may hold a password.
        f.debug_struct("Decoder")
            .field("framing", &self.framing)
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder at the beginning of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes. Pull until `None` before pushing again: then no more than one message and one
    /// read are held.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.compact();
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next whole message, `None` when more bytes are needed.
    pub fn pull(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.step().inspect_err(|error| {
            self.failed = Some(error.clone());
            self.buffer = Vec::new();
            self.taken = 0;
        })
    }

    /// The framing, once the first byte told it.
    #[must_use]
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Bytes held that are not a whole message yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len().saturating_sub(self.taken)
    }

    /// Gives up the rest as raw bytes: what follows a message that opens a stream.
    #[must_use]
    pub fn into_rest(mut self) -> Vec<u8> {
        self.buffer.drain(..self.taken.min(self.buffer.len()));
        self.buffer
    }

    fn step(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        if self.framing.is_none() {
            self.skip_blank_lines()?;
        }
        let framing = match (self.framing, self.rest().first()) {
            (Some(framing), _) => framing,
            (None, None) => return Ok(None),
            (None, Some(b'{')) => Framing::Lines,
            (None, Some(b'C' | b'c')) => Framing::Headers,
            (None, Some(byte)) => return Err(FrameError::NotAClient(*byte)),
        };
        self.framing = Some(framing);
        match framing {
            Framing::Lines => self.line(),
            Framing::Headers => self.headed(),
        }
    }

    /// Empty lines before the first message say nothing: here-documents begin with them.
    fn skip_blank_lines(&mut self) -> Result<(), FrameError> {
        let blank = self.rest().iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.skipped += blank;
        self.advance(blank);
        if self.skipped > MAX_HEADER { Err(FrameError::HeaderTooLarge) } else { Ok(()) }
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        loop {
            let rest = self.rest();
            let found = rest
                .get(self.looked..)
                .and_then(|fresh| fresh.iter().position(|byte| *byte == b'\n'));
            let Some(end) = found.map(|at| at + self.looked) else {
                let held = rest.len();
                self.looked = held;
                // One byte more for the `\r` of a line that is exactly at the limit.
                return if held > MAX_MESSAGE + 1 { Err(FrameError::TooLarge) } else { Ok(None) };
            };
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > MAX_MESSAGE {
                return Err(FrameError::TooLarge);
            }
            let frame = line.to_vec();
            self.advance(end + 1);
            // An empty line is what `echo` and here-documents leave behind.
            if !frame.is_empty() {
                return Ok(Some(frame));
            }
        }
    }

    fn headed(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let rest = self.rest();
        let window = rest.get(..rest.len().min(MAX_HEADER)).unwrap_or_default();
        let Some(end) = window.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if rest.len() >= MAX_HEADER {
                Err(FrameError::HeaderTooLarge)
            } else {
                Ok(None)
            };
        };
        let length = content_length(window.get(..end).unwrap_or_default())?;
        if length > MAX_MESSAGE {
            return Err(FrameError::TooLarge);
        }
        let body = end + 4;
        let Some(frame) = rest.get(body..body + length).map(<[u8]>::to_vec) else {
            return Ok(None);
        };
        self.advance(body + length);
        Ok(Some(frame))
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }

    fn advance(&mut self, by: usize) {
        // What was given out may hold a password: it does not stay in a buffer that lives on.
        let until = self.taken.saturating_add(by);
        if let Some(given) = self.buffer.get_mut(self.taken..until) {
            given.fill(0);
        }
        self.taken = until;
        self.looked = 0;
    }

    fn compact(&mut self) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken.min(self.buffer.len()));
            self.taken = 0;
        }
        // A connection that once carried a large message does not keep its memory.
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_CAPACITY {
            self.buffer = Vec::new();
        }
    }
}

/// Bytes of buffer an idle connection keeps: an ordinary call, and far below 12 kB.
const KEPT_CAPACITY: usize = 4 << 10;

fn content_length(block: &[u8]) -> Result<usize, FrameError> {
    let text = std::str::from_utf8(block).map_err(|_| FrameError::BadHeader("not ASCII"))?;
    let mut length = None;
    for line in text.split("\r\n") {
        let (name, value) =
            line.split_once(':').ok_or(FrameError::BadHeader("a line without a colon"))?;
        if name.eq_ignore_ascii_case("content-length") {
            let value = value.trim_matches([' ', '\t']);
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse().ok().filter(|_| digits);
            let number = number.ok_or(FrameError::BadHeader("Content-Length is not a number"))?;
            if length.replace(number).is_some() {
                return Err(FrameError::BadHeader("Content-Length is given twice"));
            }
        } else if !name.eq_ignore_ascii_case("content-type") {
            return Err(FrameError::BadHeader("only Content-Length and Content-Type are known"));
        }
    }
    length.ok_or(FrameError::BadHeader("Content-Length is missing"))
}

/// Appends `message` to `out` in `framing`. `message` is minified JSON: it holds no line end.
pub fn encode(framing: Framing, message: &[u8], out: &mut Vec<u8>) {
    match framing {
        Framing::Lines => {
            out.extend_from_slice(message);
            out.push(b'\n');
        }
        Framing::Headers => {
            out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", message.len()).as_bytes());
            out.extend_from_slice(message);
        }
    }
}

/// Refuses nesting above [`MAX_DEPTH`] by looking at brackets outside strings only; whether it is
/// JSON at all is the parser's to say.
pub fn check_depth(bytes: &[u8]) -> Result<(), FrameError> {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(FrameError::TooDeep);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
