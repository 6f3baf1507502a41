//! What a server says it can do (RFC 5321 §4.1.1.1); keywords in any case.

use super::reply::Heard;

/// The extensions this client uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one keyword of the reply")]
pub(super) struct Extensions {
    pub(super) starttls: bool,
    pub(super) pipelining: bool,
    pub(super) eight_bit: bool,
    pub(super) utf8: bool,
    /// SIZE was offered at all, so that the parameter may be given (RFC 1870).
    pub(super) size: bool,
    pub(super) max_size: Option<u64>,
    pub(super) plain: bool,
    pub(super) login: bool,
    /// Every mechanism, for the message when none is ours.
    pub(super) mechanisms: Vec<String>,
}

/// Mechanisms listed in a message.
const MECHANISMS: usize = 20;

impl Extensions {
    /// Reads an EHLO reply; its first line is the server's name.
    pub(super) fn read(ehlo: &Heard) -> Self {
        let mut found = Self::default();
        for line in ehlo.lines.iter().skip(1) {
            // "AUTH=PLAIN" is how servers of before RFC 2554 wrote it, and some still do
            let line = line.replace('=', " ").to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => found.starttls = true,
                Some("PIPELINING") => found.pipelining = true,
                Some("8BITMIME") => found.eight_bit = true,
                Some("SMTPUTF8") => found.utf8 = true,
                Some("SIZE") => {
                    found.size = true;
                    // 0 means "no fixed limit" (RFC 1870 §4)
                    let announced = words.next().and_then(|word| word.parse().ok());
                    found.max_size = announced.filter(|size| *size > 0);
                }
                Some("AUTH") => {
                    for mechanism in words.take(MECHANISMS) {
                        found.plain |= mechanism == "PLAIN";
                        found.login |= mechanism == "LOGIN";
                        found.mechanisms.push(mechanism.to_owned());
                    }
                }
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Extensions {
        Extensions::read(&Heard {
            code: 250,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        })
    }

    #[test]
    fn keywords_in_any_case_and_the_old_auth_form() {
        let found =
            read(&["mx", "size 1000", "Pipelining", "AUTH=LOGIN", "auth plain", "8bitmime"]);
        assert_eq!(found.max_size, Some(1000));
        assert!(found.pipelining && found.login && found.plain && found.eight_bit);
        assert!(!found.starttls);
    }

    #[test]
    fn the_name_is_no_keyword_and_zero_no_limit() {
        assert!(!read(&["STARTTLS"]).starttls);
        assert_eq!(read(&["mx", "SIZE 0"]).max_size, None);
        assert_eq!(read(&["mx", "SIZE x"]).max_size, None);
    }
}
