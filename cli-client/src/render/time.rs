//! Times and sizes as people read them. The present moment is an argument.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// How long ago, in the coarsest fitting unit: `12 s ago`, `4 min ago`, `yesterday`, a date.
pub(crate) fn ago(at: Timestamp, now: &Zoned) -> String {
    let seconds = now.timestamp().duration_since(at).as_secs();
    match seconds {
        ..=0 => "now".to_owned(),
        1..=59 => format!("{seconds} s ago"),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        86_400..=172_799 => "yesterday".to_owned(),
        172_800..=1_209_599 => format!("{} days ago", seconds / 86_400),
        _ => at.to_zoned(now.time_zone().clone()).strftime("%Y-%m-%d").to_string(),
    }
}

/// A moment in a list: the clock today, the day this year, else the date.
pub(crate) fn short(at: Timestamp, now: &Zoned) -> String {
    let at = at.to_zoned(now.time_zone().clone());
    let form = if at.date() == now.date() {
        "%H:%M"
    } else if at.year() == now.year() {
        "%b %d %H:%M"
    } else {
        "%Y-%m-%d"
    };
    at.strftime(form).to_string()
}

/// A moment in full, in the zone of the reader.
pub(crate) fn full(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}

/// The clock of a moment, for streams.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// A span: `3.9 s`, `12 min`, `6 days`.
pub(crate) fn span(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        0..=9 => format!("{:.1} s", span.as_secs_f64().max(0.0)),
        10..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A number of bytes: `812 B`, `9.2 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut value = count as f64 / 1000.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// A count with separators: `23,410`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Zoned {
        "2026-11-22T12:00:00+01:00[Europe/Prague]".parse().unwrap()
    }

    #[test]
    fn how_long_ago() {
        for (seconds, shown) in [
            (-5, "now"),
            (12, "12 s ago"),
            (240, "4 min ago"),
            (7_200, "2 h ago"),
            (90_000, "yesterday"),
            (300_000, "3 days ago"),
            (3_000_000, "2026-10-18"),
        ] {
            let at = noon().timestamp() - SignedDuration::from_secs(seconds);
            assert_eq!(ago(at, &noon()), shown);
        }
    }

    #[test]
    fn moments_in_lists() {
        let at = |text: &str| short(text.parse().unwrap(), &noon());
        assert_eq!(at("2026-11-22T09:31:07Z"), "10:31");
        assert_eq!(at("2026-03-01T09:31:07Z"), "Mar 01 10:31");
        assert_eq!(at("2024-03-01T09:31:07Z"), "2024-03-01");
    }

    #[test]
    fn sizes_and_counts() {
        for (size, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (9_200_000, "9.2 MB"),
            (999_600, "1.0 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes(size), shown);
        }
        for (number, shown) in [(0, "0"), (999, "999"), (1500, "1,500"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn spans() {
        assert_eq!(span(SignedDuration::from_millis(3_900)), "3.9 s");
        assert_eq!(span(SignedDuration::from_secs(59)), "59 s");
        assert_eq!(span(SignedDuration::from_hours(144)), "6 days");
        assert_eq!(span(SignedDuration::from_secs(-4)), "0.0 s");
    }
}
