//! The last look at the finished bytes, against mistakes of ours and of the libraries.

/// Longest line without its CRLF (RFC 5322 §2.1.1).
const LINE_BYTES: usize = 998;

/// Whether `bytes` may be handed to SMTP: line ends are CRLF pairs only (SMTP smuggling lives on
/// anything else), no NUL, lines of at most 998 bytes, no Bcc header, an empty line after the
/// headers.
pub fn check_bytes(bytes: &[u8]) -> Result<(), &'static str> {
    if !bytes.ends_with(b"\r\n") {
        return Err("its last line has no end");
    }
    let mut in_headers = true;
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        if lines.peek().is_none() {
            break;
        }
        let Some(line) = line.strip_suffix(b"\r") else {
            return Err("it has a line feed without a carriage return");
        };
        check_line(line)?;
        if in_headers {
            in_headers = !line.is_empty();
            check_header(line)?;
        }
    }
    if in_headers { Err("its headers do not end") } else { Ok(()) }
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
    use super::check_bytes;

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
        }
        let line = |n| [b"A: b\r\n\r\n", "x".repeat(n).as_bytes(), b"\r\n"].concat();
        assert_eq!(check_bytes(&line(998)), Ok(()));
        assert!(check_bytes(&line(999)).is_err());
    }
}
