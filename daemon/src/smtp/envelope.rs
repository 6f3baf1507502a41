//! The commands of one transaction, made only of addresses that cannot end a command.

use super::extensions::Extensions;
use super::fault;
use chapar_engine::verdict::Failure;
use std::fmt::Write as _;

/// Bytes of an address: local part 64, `@`, domain 255 (RFC 5321 §4.5.3.1).
const ADDRESS_BYTES: usize = 320;

/// The MAIL command.
pub(super) fn mail(
    from: &str,
    size: u64,
    eight_bit: bool,
    utf8: bool,
    extensions: &Extensions,
) -> String {
    let mut line = format!("MAIL FROM:<{from}>");
    if extensions.size {
        // writing to a String cannot fail
        let _ = write!(line, " SIZE={size}");
    }
    if eight_bit {
        line.push_str(" BODY=8BITMIME");
    }
    if utf8 {
        line.push_str(" SMTPUTF8");
    }
    line.push_str("\r\n");
    line
}

/// The RCPT command.
pub(super) fn rcpt(to: &str) -> String {
    format!("RCPT TO:<{to}>\r\n")
}

/// Refuses what could not be meant as one address, and what the server cannot take.
pub(super) fn check(
    from: &str,
    recipients: &[String],
    extensions: &Extensions,
    eight_bit: bool,
    host: &str,
) -> Result<bool, Failure> {
    if recipients.is_empty() {
        return Err(fault::refused(
            "smtp.no_recipients",
            "the message has no recipient".to_owned(),
        ));
    }
    // the empty path is the sender of notifications (RFC 5321 §4.5.5), never a recipient
    for address in recipients.iter().map(String::as_str).chain((!from.is_empty()).then_some(from)) {
        let quoted = address.starts_with('"');
        let bad = |c: char| c.is_control() || matches!(c, '<' | '>') || (c == ' ' && !quoted);
        if address.is_empty() || address.len() > ADDRESS_BYTES || address.contains(bad) {
            let shown: String = address.escape_debug().take(ADDRESS_BYTES).collect();
            return Err(fault::refused(
                "smtp.bad_address",
                format!("\u{201c}{shown}\u{201d} is not a mail address"),
            ));
        }
    }
    let utf8 = !from.is_ascii() || recipients.iter().any(|to| !to.is_ascii());
    if utf8 && !extensions.utf8 {
        return Err(fault::refused(
            "smtp.ascii_only",
            format!("{host} takes no addresses with other than ASCII letters"),
        ));
    }
    if eight_bit && !extensions.eight_bit {
        return Err(fault::refused(
            "smtp.no_eight_bit",
            format!("{host} takes no 8-bit messages; compose it in 7 bits"),
        ));
    }
    Ok(utf8)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn nothing_can_end_a_command() {
        let all = Extensions { utf8: true, ..Extensions::default() };
        for bad in ["a@x\r\nRCPT TO:<b@x", "a@x\n", "a\0@x", "a@x> SIZE=1", "a b@x", ""] {
            let refused = check("me@x", &[bad.to_owned()], &all, false, "h").unwrap_err();
            assert_eq!(refused.code, "smtp.bad_address", "{bad:?}");
        }
        assert!(check("a@x\r\n", &["b@x".to_owned()], &all, false, "h").is_err());
        assert!(!check("", &["b@x".to_owned()], &all, false, "h").unwrap());
        assert!(check("é@x", &["b@x".to_owned()], &all, false, "h").unwrap());
    }
}
