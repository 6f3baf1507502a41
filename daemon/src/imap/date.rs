//! INTERNALDATE (RFC 9051 §2.3.3): `17-Jul-1996 02:44:25 -0700`; also the forms that servers send in
//! its place: that of a Date header, and ISO 8601.

use chapar_engine::time::Wall;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Years that a message may have been received in: IMAP is of 1986, and a date far in the future
/// would stand above all mail for ever.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// Reads one; `None` for what is no date.
pub(super) fn read(text: &str) -> Option<Wall> {
    let text = text.trim();
    of_imap(text).or_else(|| of_header(text)).or_else(|| of_iso(text))
}

/// The form of RFC 9051; the zone may be missing or a name, which then counts as UTC.
fn of_imap(text: &str) -> Option<Wall> {
    let mut words = text.split_ascii_whitespace();
    let (date, time) = (words.next()?, words.next()?);
    let mut date = date.split('-');
    let day = date.next()?.parse().ok()?;
    at(day, month(date.next()?)?, date.next()?, time, words.next())
}

/// `Mon, 9 Feb 2026 10:00:00 +0000`, with or without the day of the week (RFC 5322 §3.3).
fn of_header(text: &str) -> Option<Wall> {
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day = words.next()?.parse().ok()?;
    let month = month(words.next()?)?;
    let year = words.next()?;
    at(day, month, year, words.next()?, words.next())
}

/// `2026-02-09T10:00:00Z`, with a blank or without a zone too.
fn of_iso(text: &str) -> Option<Wall> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?);
    let end = rest.find(['Z', 'z', '+', '-', ' ']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(end)?;
    let zone = zone.trim().replace(':', "");
    at(
        day,
        month,
        year,
        time.split('.').next()?,
        Some(&zone).filter(|zone| !zone.is_empty()).map(String::as_str),
    )
}

fn month(name: &str) -> Option<i8> {
    let short = name.get(..3)?;
    let at = MONTHS.iter().position(|known| short.eq_ignore_ascii_case(known))?;
    i8::try_from(at + 1).ok()
}

/// The instant; without a zone that can be read it is UTC, hours off at most.
fn at(day: i8, month: i8, year: &str, time: &str, zone: Option<&str>) -> Option<Wall> {
    let year: i16 = year.parse().ok().filter(|year| YEARS.contains(year))?;
    let mut time = time.split(':').map(str::parse::<i8>);
    let (hour, minute) = (time.next()?.ok()?, time.next()?.ok()?);
    // a leap second is the second before it
    let second = time.next().transpose().ok()?.unwrap_or(0).min(59);
    let local = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let zone = zone.and_then(offset).unwrap_or(0);
    let utc = jiff::tz::TimeZone::UTC.to_timestamp(local).ok()?.as_second() - zone;
    Some(Wall(utc.checked_mul(1000)?))
}

/// Seconds east of Greenwich in `+hhmm`.
fn offset(zone: &str) -> Option<i64> {
    let digits = zone.strip_prefix(['+', '-'])?;
    let value: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    let seconds = (value / 100 * 60 + value % 100) * 60;
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

/// Writes one, in UTC; a time that has no such form becomes 1970.
pub(super) fn write(at: Wall) -> String {
    let time = jiff::Timestamp::from_second(at.seconds())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC);
    let month = usize::try_from(time.month() - 1).ok().and_then(|month| MONTHS.get(month));
    format!(
        "{:02}-{}-{:04} {:02}:{:02}:{:02} +0000",
        time.day(),
        month.unwrap_or(&"Jan"),
        time.year(),
        time.hour(),
        time.minute(),
        time.second(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let at = Wall(837_596_665_000);
        assert_eq!(read("17-Jul-1996 02:44:25 -0700"), Some(at));
        assert_eq!(write(at), "17-Jul-1996 09:44:25 +0000");
        assert_eq!(read(&write(at)), Some(at));
        assert_eq!(read(" 1-jan-1970 00:00:60 +0000"), Some(Wall(59_000)));
    }

    #[test]
    fn forms_that_servers_send_instead() {
        let at = Some(Wall(837_596_665_000));
        for text in [
            "Wed, 17 Jul 1996 02:44:25 -0700",
            "17 Jul 1996 09:44:25 GMT",
            "17-July-1996 09:44:25",
            "17-jul-1996 09:44:25 UTC",
            "1996-07-17T09:44:25Z",
            "1996-07-17 11:44:25+02:00",
            "1996-07-17T02:44:25.250 -0700",
        ] {
            assert_eq!(read(text), at, "{text}");
        }
        assert_eq!(read("1-Jan-2020 07:05 +0000"), read("1-Jan-2020 07:05:00 +0000"));
    }

    #[test]
    fn nonsense_is_none() {
        for text in [
            "",
            "NIL",
            "00-Jan-0000 00:00:00 +0000",
            "31-Feb-2020 00:00:00 +0000",
            "1-Jan-99999 00:00:00 +0000",
            "1-Jan-9999 00:00:00 +0000",
            "1-Jan-2020",
            "1-Jan-2020 25:00:00 +0000",
            "2020-13-01T00:00:00Z",
            "yesterday at noon",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
