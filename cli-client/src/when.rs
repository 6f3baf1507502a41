//! Times as people type them: durations, moments to send at, moments to look back to.
//!
//! Pure: the present moment and the time zone are arguments.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Farthest a mail may be scheduled: what is later is a typing error more often than a wish.
const FARTHEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 2);

/// How far in the past a time may lie and still mean "now" (a minute just over while typing).
const GRACE: SignedDuration = SignedDuration::from_secs(60);

/// Why a time could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeError {
    /// Not in any known form.
    #[error("{0:?} is not a time; use {1}")]
    Unreadable(String, &'static str),
    /// In the past.
    #[error("{0} is in the past")]
    Past(String),
    /// Too far ahead.
    #[error("{0} is more than two years ahead")]
    TooFar(String),
}

/// The forms of `--at`, for messages.
const AT_FORMS: &str = "2027-01-31T09:00:00Z, \"2027-01-31 09:00\", 09:00 or +2h";
/// The forms of a duration, for messages.
const DURATION_FORMS: &str = "30s, 5m, 2h, 7d or seconds";
/// The forms of a moment in the past, for messages.
const SINCE_FORMS: &str = "1h, 7d, 2027-01-31 or 2027-01-31T09:00:00Z";

/// Reads `90`, `30s`, `5m`, `2h`, `7d`, `1w` and sums such as `1h30m`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let unreadable = || TimeError::Unreadable(text.to_owned(), DURATION_FORMS);
    let mut total: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(unreadable());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(digits).ok_or_else(unreadable)?;
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters).ok_or_else(unreadable)?;
        let factor = match unit {
            "" if rest == text.trim() => 1,
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(unreadable()),
        };
        let number: u64 = number.parse().map_err(|_| unreadable())?;
        total = number
            .checked_mul(factor)
            .and_then(|seconds| total.checked_add(seconds))
            .ok_or_else(unreadable)?;
        rest = tail;
    }
    Ok(Duration::from_secs(total))
}

/// Reads the moment of `--at`.
///
/// A clock time alone is its next occurrence; a civil time is in the zone of `now`.
pub(crate) fn parse_at(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    let text = text.trim();
    let unreadable = || TimeError::Unreadable(text.to_owned(), AT_FORMS);
    let at = if let Some(after) = text.strip_prefix('+') {
        let after = SignedDuration::try_from(parse_duration(after).map_err(|_| unreadable())?)
            .map_err(|_| unreadable())?;
        now.timestamp().checked_add(after).map_err(|_| unreadable())?
    } else if let Some(time) = clock_time(text) {
        next_occurrence(time, now).ok_or_else(unreadable)?
    } else {
        absolute(text, now.time_zone()).ok_or_else(unreadable)?
    };
    let ahead = at.duration_since(now.timestamp());
    if ahead < -GRACE {
        return Err(TimeError::Past(text.to_owned()));
    }
    if ahead > FARTHEST {
        return Err(TimeError::TooFar(text.to_owned()));
    }
    Ok(at)
}

/// Reads a moment in the past: an age (`1h`) or a time.
pub(crate) fn parse_since(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    let text = text.trim();
    let unreadable = || TimeError::Unreadable(text.to_owned(), SINCE_FORMS);
    if let Some(at) = absolute(text, now.time_zone()) {
        return Ok(at);
    }
    let age = SignedDuration::try_from(parse_duration(text).map_err(|_| unreadable())?)
        .map_err(|_| unreadable())?;
    now.timestamp().checked_sub(age).map_err(|_| unreadable())
}

/// Reads a clock time alone; jiff's own parser takes the time out of whole dates too.
fn clock_time(text: &str) -> Option<Time> {
    let alone = text.chars().all(|c| c.is_ascii_digit() || c == ':') && text.contains(':');
    if alone { text.parse().ok() } else { None }
}

/// Reads a date, a date with a time, or a timestamp with its offset.
fn absolute(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let civil = if text.len() <= "2027-01-31".len() {
        text.parse::<Date>().ok()?.to_datetime(Time::midnight())
    } else {
        text.parse::<DateTime>().ok()?
    };
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp())
}

/// The next moment the clock shows `time`: today, or tomorrow when that is over.
fn next_occurrence(time: Time, now: &Zoned) -> Option<Timestamp> {
    let on = |date: Date| date.to_datetime(time).to_zoned(now.time_zone().clone()).ok();
    let today = on(now.date())?;
    if today.timestamp() > now.timestamp() {
        return Some(today.timestamp());
    }
    Some(on(now.date().tomorrow().ok()?)?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Zoned {
        "2026-11-22T12:00:00+01:00[Europe/Prague]".parse().unwrap()
    }

    fn at(text: &str) -> Result<String, TimeError> {
        parse_at(text, &noon()).map(|t| t.to_string())
    }

    #[test]
    fn durations() {
        for (text, seconds) in
            [("90", 90), ("30s", 30), ("5m", 300), ("2h", 7200), ("1h30m", 5400), ("7d", 604_800)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "h2", "5x", "1.5h", "-3s", "99999999999999999999h", "2h5", "é"] {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn moments_to_send_at() {
        assert_eq!(at("2027-01-31T09:00:00Z").unwrap(), "2027-01-31T09:00:00Z");
        assert_eq!(at("2027-01-31T09:00:00+02:00").unwrap(), "2027-01-31T07:00:00Z");
        assert_eq!(at("2027-01-31 09:00").unwrap(), "2027-01-31T08:00:00Z");
        assert_eq!(at("2027-07-31 09:00").unwrap(), "2027-07-31T07:00:00Z");
        assert_eq!(at("13:30").unwrap(), "2026-11-22T12:30:00Z");
        assert_eq!(at("09:00").unwrap(), "2026-11-23T08:00:00Z");
        assert_eq!(at("+2h").unwrap(), "2026-11-22T13:00:00Z");
    }

    #[test]
    fn moments_that_cannot_be() {
        assert!(matches!(at("2020-01-01 09:00"), Err(TimeError::Past(_))));
        assert!(matches!(at("2126-01-01 09:00"), Err(TimeError::TooFar(_))));
        for text in ["", "tomorrow", "25:00", "+", "+2x", "2027-02-30 09:00", "09:00:00:00"] {
            assert!(matches!(at(text), Err(TimeError::Unreadable(..))), "{text:?}");
        }
    }

    #[test]
    fn moments_to_look_back_to() {
        let since = |text| parse_since(text, &noon()).map(|t| t.to_string());
        assert_eq!(since("1h").unwrap(), "2026-11-22T10:00:00Z");
        assert_eq!(since("2026-11-01").unwrap(), "2026-10-31T23:00:00Z");
        assert!(since("yesterday").is_err());
    }
}
