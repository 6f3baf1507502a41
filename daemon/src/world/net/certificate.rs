//! Reads of a presented certificate what a person needs to understand its refusal: names, issuer,
//! dates. Decides nothing: whether a certificate is valid is rustls's business alone.

use std::fmt;

/// What a certificate says about itself; every part may be missing in a broken one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Presented {
    /// Common name (or organisation) of the subject.
    pub(super) subject: Option<String>,
    /// The same of the issuer.
    pub(super) issuer: Option<String>,
    /// DNS names it is for.
    pub(super) names: Vec<String>,
    /// First day, `YYYY-MM-DD`.
    pub(super) not_before: Option<String>,
    /// Last day.
    pub(super) not_after: Option<String>,
    /// Issuer and subject are the same name: nobody vouches for it.
    pub(super) self_issued: bool,
}

/// Names shown at most: a certificate may carry thousands.
const NAMES_SHOWN: usize = 5;
/// Longest name shown, in characters.
const NAME_SHOWN: usize = 100;
/// `id-at-commonName`, `id-at-organizationName`, `id-ce-subjectAltName` as DER bodies.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const OCTETS: u8 = 0x04;
const DNS_NAME: u8 = 0x82;

impl Presented {
    /// Reads `der` as far as it can be read.
    #[must_use]
    pub(super) fn read(der: &[u8]) -> Self {
        let mut read = Self::default();
        let _ = read.fill(der);
        read
    }

    fn fill(&mut self, der: &[u8]) -> Option<()> {
        let mut fields = Der(Der(Der(der).expect(SEQUENCE)?).expect(SEQUENCE)?);
        if fields.next()?.0 == VERSION {
            fields.next()?; // serial number
        }
        fields.expect(SEQUENCE)?; // signature algorithm
        let issuer = fields.expect(SEQUENCE)?;
        let mut validity = Der(fields.expect(SEQUENCE)?);
        let subject = fields.expect(SEQUENCE)?;
        self.issuer = name(issuer);
        self.subject = name(subject);
        self.self_issued = issuer == subject;
        self.not_before = validity.next().and_then(|(tag, body)| day(tag, body));
        self.not_after = validity.next().and_then(|(tag, body)| day(tag, body));
        while let Some((tag, body)) = fields.next() {
            if tag == EXTENSIONS {
                self.names = alternative_names(body).unwrap_or_default();
            }
        }
        Some(())
    }
}

impl fmt::Display for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CN={}", self.subject.as_deref().unwrap_or("(none)"))?;
        if !self.names.is_empty() {
            let shown = self.names.iter().take(NAMES_SHOWN);
            write!(f, ", for {}", shown.cloned().collect::<Vec<_>>().join(" "))?;
            if self.names.len() > NAMES_SHOWN {
                write!(f, " and {} more", self.names.len() - NAMES_SHOWN)?;
            }
        }
        if self.self_issued {
            f.write_str(", self-signed")?;
        } else if let Some(issuer) = &self.issuer {
            write!(f, ", issued by {issuer}")?;
        }
        if let (Some(from), Some(until)) = (&self.not_before, &self.not_after) {
            write!(f, ", valid {from} to {until}")?;
        }
        Ok(())
    }
}

/// Common name of a `Name`, else its organisation.
fn name(rdns: &[u8]) -> Option<String> {
    let mut organisation = None;
    let mut rdns = Der(rdns);
    while let Some(set) = rdns.expect(SET) {
        let mut pair = Der(Der(set).expect(SEQUENCE)?);
        let kind = pair.expect(OID)?;
        let (_, value) = pair.next()?;
        if kind == COMMON_NAME {
            return Some(clean(value));
        }
        if kind == ORGANISATION {
            organisation = Some(clean(value));
        }
    }
    organisation
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut list = Der(Der(extensions).expect(SEQUENCE)?);
    while let Some(extension) = list.expect(SEQUENCE) {
        let mut extension = Der(extension);
        if extension.expect(OID)? != ALT_NAME {
            continue;
        }
        let mut value = extension.next()?;
        if value.0 != OCTETS {
            value = extension.next()?; // after the critical flag
        }
        let mut names = Der(Der(value.1).expect(SEQUENCE)?);
        let mut found = Vec::new();
        while let Some((tag, body)) = names.next() {
            if tag == DNS_NAME {
                found.push(clean(body));
            }
        }
        return Some(found);
    }
    None
}

/// `UTCTime` or `GeneralizedTime` as a day (RFC 5280 §4.1.2.5).
fn day(tag: u8, body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (year, rest) = if tag == UTC_TIME {
        let year: u16 = text.get(..2)?.parse().ok()?;
        (if year >= 50 { 1900 } else { 2000 } + year, text.get(2..)?)
    } else {
        (text.get(..4)?.parse().ok()?, text.get(4..)?)
    };
    let month: u8 = rest.get(..2)?.parse().ok()?;
    let day: u8 = rest.get(2..4)?.parse().ok()?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// Text for a person: no control characters, no more than fits a line.
fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(NAME_SHOWN)
        .collect()
}

/// A cursor over DER elements (X.690 §8.1), one level deep at a time; never recursive.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The body of the next element, when it has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (found, body) = self.next()?;
        (found == tag).then_some(body)
    }

    /// Tag and body of the next element; `None` at the end or when the length lies.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let count = usize::from(first & 0x7f);
            // four length bytes are 4 GB; a certificate is far below
            if count == 0 || count > 4 {
                return None;
            }
            let (bytes, after) = rest.split_at_checked(count)?;
            length = bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
            rest = after;
        }
        let (body, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_der_is_an_empty_answer() {
        for length in 0..64 {
            assert_eq!(Presented::read(&vec![0x30; length]).subject, None);
            assert_eq!(Presented::read(&vec![0xff; length]).subject, None);
        }
        assert_eq!(Presented::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Presented::default());
    }

    #[test]
    fn days_of_both_kinds() {
        assert_eq!(day(UTC_TIME, b"491231235959Z").as_deref(), Some("2049-12-31"));
        assert_eq!(day(UTC_TIME, b"500101000000Z").as_deref(), Some("1950-01-01"));
        assert_eq!(day(0x18, b"20500101000000Z").as_deref(), Some("2050-01-01"));
        assert_eq!(day(UTC_TIME, b"4"), None);
    }
}
