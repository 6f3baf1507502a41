//! INTERNALDATE (RFC 9051 §2.3.3): `17-Jul-1996 02:44:25 -0700`.

use chapar_engine::time::Wall;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads one; `None` for what is no date.
pub(super) fn read(text: &str) -> Option<Wall> {
    let mut words = text.split_ascii_whitespace();
    let (date, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut date = date.split('-');
    let day: i8 = date.next()?.parse().ok()?;
    let month = date.next()?;
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))?;
    let year: i16 = date.next()?.parse().ok()?;
    let mut time = time.split(':').map(str::parse::<i8>);
    let (hour, minute, second) = (time.next()?.ok()?, time.next()?.ok()?, time.next()?.ok()?);
    // a leap second is the second before it
    let local = jiff::civil::DateTime::new(
        year,
        i8::try_from(month + 1).ok()?,
        day,
        hour,
        minute,
        second.min(59),
        0,
    )
    .ok()?;
    let utc = jiff::tz::TimeZone::UTC.to_timestamp(local).ok()?.as_second() - offset(zone)?;
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
    fn nonsense_is_none() {
        for text in [
            "",
            "NIL",
            "31-Feb-2020 00:00:00 +0000",
            "1-Jan-99999 00:00:00 +0000",
            "1-Jan-2020 00:00:00",
            "1-Jan-2020 00:00:00 UTC",
            "1-Jan-2020 25:00:00 +0000",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
