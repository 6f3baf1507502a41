//! Reads of a presented certificate what a person needs to understand its refusal: names, issuer,
//! dates. Decides nothing: whether a certificate is valid is rustls's business alone.

use std::fmt;
use std::net::IpAddr;

/// What a certificate says about itself; every part may be missing in a broken one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Presented {
    /// Common name (or organisation) of the subject.
    pub(super) subject: Option<String>,
    /// The same of the issuer.
    pub(super) issuer: Option<String>,
    /// DNS names and addresses it is for.
    pub(super) names: Vec<String>,
    /// First day, `YYYY-MM-DD`.
    pub(super) not_before: Option<String>,
    /// Last day.
    pub(super) not_after: Option<String>,
    /// First and last second it holds, since 1970.
    pub(super) holds: Option<(i64, i64)>,
    /// Issuer and subject are the same name: nobody vouches for it.
    pub(super) self_issued: bool,
    /// What the server sent beside it.
    pub(super) chain: Chain,
}

/// What a server sends beside its certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Chain {
    /// Nothing.
    #[default]
    Alone,
    /// Certificates, none of which vouches for itself.
    Open,
    /// Among them an authority that vouches for itself, by its name where it has one.
    ToRoot(Option<String>),
}

impl Chain {
    /// Reads the certificates beside the server's own.
    pub(super) fn read<'d>(others: impl Iterator<Item = &'d [u8]>) -> Self {
        let mut chain = Self::Alone;
        for other in others {
            let other = Presented::read(other);
            if other.self_issued {
                return Self::ToRoot(other.subject);
            }
            chain = Self::Open;
        }
        chain
    }
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
const IP_ADDRESS: u8 = 0x87;

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
        let (from, until) = (validity.next()?, validity.next()?);
        self.not_before = day(from.0, from.1);
        self.not_after = day(until.0, until.1);
        self.holds = second(from.0, from.1).zip(second(until.0, until.1));
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
            match tag {
                DNS_NAME => found.push(clean(body)),
                IP_ADDRESS => found.extend(address(body)),
                _ => {}
            }
        }
        return Some(found);
    }
    None
}

fn address(octets: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    let any = four.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from));
    any.ok().map(|address| address.to_string())
}

/// `UTCTime` or `GeneralizedTime` in seconds since 1970 (RFC 5280 §4.1.2.5: with seconds, in UTC).
fn second(tag: u8, body: &[u8]) -> Option<i64> {
    let day: jiff::civil::Date = day(tag, body)?.parse().ok()?;
    let clock = body.get(if tag == UTC_TIME { 6.. } else { 8.. })?;
    let [h0, h1, m0, m1, s0, s1, b'Z'] = *clock else { return None };
    let pair = |tens: u8, ones: u8| {
        let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
        is_number.then(|| i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok()).flatten()
    };
    let (hour, minute, second) = (pair(h0, h1)?, pair(m0, m1)?, pair(s0, s1)?);
    let time = jiff::civil::Time::new(hour, minute, second, 0).ok()?;
    let at = day.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().as_second())
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

    #[test]
    fn seconds_of_both_kinds() {
        assert_eq!(second(UTC_TIME, b"700101000001Z"), Some(1));
        assert_eq!(second(0x18, b"20200229120000Z"), Some(1_582_977_600));
        for broken in
            [&b"700101000001"[..], b"700101000001+0100", b"70010100000xZ", b"701301000000Z"]
        {
            assert_eq!(second(UTC_TIME, broken), None);
        }
    }
}
