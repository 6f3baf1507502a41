//! The last look at the finished bytes, against mistakes of ours and of the libraries.

/// Longest line without its CRLF (RFC 5322 §2.1.1).
const LINE_BYTES: usize = 998;

/// Whether `bytes` may be handed to SMTP: line ends are CRLF pairs only (SMTP smuggling lives on
/// anything else), no NUL, lines of at most 998 bytes, no Bcc header, an empty line after the
/// headers.
pub fn check_bytes(bytes: &[u8]) -> Result<(), &'static str> {
    let mut checker = Checker::default();
    checker.take(bytes);
    checker.end()
}

/// [`check_bytes`] for bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    /// The line under way.
    line: Vec<u8>,
    is_body: bool,
    has_eight_bit: bool,
    wrong: Option<&'static str>,
}

impl Checker {
    /// Takes the next bytes.
    pub fn take(&mut self, piece: &[u8]) {
        self.has_eight_bit = self.has_eight_bit || !piece.is_ascii();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.wrong.is_some() {
                return;
            }
            self.wrong = self.part(part).err();
        }
    }

    /// Whether every byte until now is below 128.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        !self.has_eight_bit
    }

    /// What is wrong with all that was taken.
    pub fn end(&self) -> Result<(), &'static str> {
        match self.wrong {
            Some(wrong) => Err(wrong),
            None if !self.line.is_empty() => Err("its last line has no end"),
            None if !self.is_body => Err("its headers do not end"),
            None => Ok(()),
        }
    }

    /// A line, or a piece of one.
    fn part(&mut self, part: &[u8]) -> Result<(), &'static str> {
        if self.line.is_empty() && part.ends_with(b"\n") {
            return self.whole(part);
        }
        if self.line.len() + part.len() > LINE_BYTES + 2 {
            return Err("it has a line of more than 998 bytes");
        }
        self.line.extend_from_slice(part);
        if !part.ends_with(b"\n") {
            return Ok(());
        }
        let line = std::mem::take(&mut self.line);
        self.whole(&line)
    }

    fn whole(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err("it has a line feed without a carriage return");
        };
        check_line(line)?;
        if !self.is_body {
            self.is_body = line.is_empty();
            check_header(line)?;
        }
        Ok(())
    }
}

/// One line without its CRLF.
fn check_line(line: &[u8]) -> Result<(), &'static str> {
    if line.len() > LINE_BYTES {
        return Err("it has a line of more than 998 bytes");
    }
    if line.contains(&0) {
        return Err("it has a NUL byte");
    }
    if line.contains(&b'\r') {
        return Err("it has a carriage return without a line feed");
    }
    Ok(())
}

/// One header line: no Bcc, and not one of them without a name.
fn check_header(line: &[u8]) -> Result<(), &'static str> {
    if line.is_empty() || line.starts_with(b" ") || line.starts_with(b"\t") {
        return Ok(());
    }
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    if name.trim_ascii().eq_ignore_ascii_case(b"bcc") {
        return Err("it has a Bcc header");
    }
    let named = name.len() < line.len() && name.iter().all(u8::is_ascii_graphic);
    if named { Ok(()) } else { Err("it has a header line without a name") }
}

#[cfg(test)]
mod tests {
    use super::{Checker, check_bytes};

    /// Byte by byte.
    fn in_pieces(bytes: &[u8]) -> Result<(), &'static str> {
        let mut checker = Checker::default();
        bytes.chunks(1).for_each(|byte| checker.take(byte));
        checker.end()
    }

    #[test]
    fn every_way_to_smuggle_is_seen() {
        assert_eq!(check_bytes(b"A: b\r\n c\r\n\r\n.\r\nBcc: x\r\n"), Ok(()));
        for bytes in [
            &b""[..],
            b"A: b",
            b"A: b\r\n",
            b"A: b\n\r\n",
            b"A: b\r\n\r\nx\n.\n",
            b"A: b\r\n\r\nx\r.\r\n",
            b"A: b\r\n\r\nx\0\r\n",
            b"bCC: x\r\n\r\n",
            b"A: b\r\nBcc : x\r\n\r\n",
            b"A\r\n\r\n",
            b"A: b\r\n\r\nx\n\r\n",
            b"A: b\r\n\r\nx\r\r\n",
            b"A: b\r\n\r\nx",
            b": b\r\r\n\r\n",
        ] {
            assert!(check_bytes(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
            assert_eq!(in_pieces(bytes), check_bytes(bytes));
        }
        let line = |n| [b"A: b\r\n\r\n", "x".repeat(n).as_bytes(), b"\r\n"].concat();
        assert_eq!(check_bytes(&line(998)), Ok(()));
        assert_eq!(in_pieces(&line(998)), Ok(()));
        assert!(in_pieces(&line(999)).is_err());
        assert!(check_bytes(&line(999)).is_err());
    }
}
