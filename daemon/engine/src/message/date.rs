//! Dates as mail programs of fifty years write them (RFC 5322 §3.3, RFC 822, ctime, RFC 3339).
//!
//! Owns what instant a Date field names. A time that would be wrong by hours is worse than none:
//! what cannot be read for sure is `None`. A date without a zone is taken as UTC (RFC 5322 §4.3).

use crate::time::Wall;

/// Bytes of a field that are looked at.
const LONGEST: usize = 256;

/// Zone names with their minutes east of UTC. The one-letter zones of RFC 822 but `Z` were defined
/// the wrong way round and mean nothing (RFC 5322 §4.3).
const ZONES: [(&str, i64); 47] = [
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("sast", 120),
    ("eest", 180),
    ("msk", 180),
    ("msd", 240),
    ("pkt", 300),
    ("ist", 330),
    ("ict", 420),
    ("wib", 420),
    ("hkt", 480),
    ("sgt", 480),
    ("awst", 480),
    ("jst", 540),
    ("kst", 540),
    ("acst", 570),
    ("aest", 600),
    ("acdt", 630),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("ndt", -150),
    ("brt", -180),
    ("art", -180),
    ("nst", -210),
    ("adt", -180),
    ("ast", -240),
    ("edt", -240),
    ("est", -300),
    ("cdt", -300),
    ("cst", -360),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What has been read so far.
#[derive(Debug, Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    /// Seconds since midnight.
    time: Option<i64>,
    /// Afternoon or not, where it is said.
    afternoon: Option<bool>,
    /// Minutes east of UTC from a number; it counts more than a name.
    offset: Option<i64>,
    /// Minutes east of UTC from a name.
    zone: Option<i64>,
}

/// The instant that a Date field names, between 1970 and 9999.
pub(super) fn read(value: &[u8]) -> Option<Wall> {
    let text = String::from_utf8_lossy(value.get(..LONGEST).unwrap_or(value)).to_ascii_lowercase();
    let mut parts = Parts::default();
    let plain = short_zones(without_comments(&text));
    for word in
        without_day(&plain).split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"'))
    {
        if !word.is_empty() {
            parts.take(word)?;
        }
    }
    parts.instant()
}

/// Without the day of the week in front, which says nothing and is in the language of its program.
fn without_day(text: &str) -> &str {
    let (first, rest) = text.split_once(',').unwrap_or(("", text));
    if first.trim().chars().all(|c| c.is_alphabetic() || c == '.') { rest } else { text }
}

/// With the short names of zones in the place of the long ones that Windows gives to programs; those
/// of other parts of the world begin with a word that is no zone.
fn short_zones(mut text: String) -> String {
    const LONG: [(&str, &str); 10] = [
        ("us eastern standard time", "est"),
        ("us mountain standard time", "mst"),
        ("eastern standard time", "est"),
        ("eastern daylight time", "edt"),
        ("central standard time", "cst"),
        ("central daylight time", "cdt"),
        ("mountain standard time", "mst"),
        ("mountain daylight time", "mdt"),
        ("pacific standard time", "pst"),
        ("pacific daylight time", "pdt"),
    ];
    for (long, short) in LONG {
        if text.contains(long) {
            text = text.replace(long, short);
        }
    }
    for greenwich in ["greenwich mean time", "greenwich standard time"] {
        text = text.replace(greenwich, "gmt");
    }
    text
}

/// Without what stands in brackets.
fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
        if matches!(c, '(' | ')') {
            plain.push(' ');
        }
    }
    plain
}

impl Parts {
    /// Takes one word; `None` when it makes the date unreadable.
    fn take(&mut self, word: &str) -> Option<()> {
        let first = word.chars().next()?;
        if first.is_ascii_digit() {
            return self.take_number(word);
        }
        if matches!(first, '+' | '-' | '\u{2212}') {
            return self.take_offset(word);
        }
        let letters = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        if letters == 0 {
            return None;
        }
        let (name, rest) = word.split_at_checked(letters)?;
        self.take_name(name)?;
        match rest.trim_start_matches('.') {
            "" => Some(()),
            // `GMT+0200`, `July-4`, `May/2020`
            rest if rest.starts_with(['+', '-']) && self.time.is_some() => self.take_offset(rest),
            rest => self.take(rest.trim_start_matches(['-', '/'])),
        }
    }

    /// A month, a day of the week, half of the day or a zone.
    fn take_name(&mut self, name: &str) -> Option<()> {
        let short = name.get(..3).unwrap_or(name);
        let month = MONTHS.iter().position(|month| *month == short);
        if let Some(month) = month.filter(|_| self.month.is_none() && is_month(name)) {
            self.month = Some(i64::try_from(month).ok()? + 1);
            return Some(());
        }
        match name {
            "am" => self.afternoon = Some(false),
            "pm" => self.afternoon = Some(true),
            "" | "at" | "th" | "st" | "nd" | "rd" | "t" | "of" | "den" => {}
            // a wrong day of the week changes nothing
            _ if self.time.is_none() => return DAYS.contains(&short).then_some(()),
            _ => {
                let zone = ZONES.iter().find(|(known, _)| *known == name).map(|(_, zone)| *zone);
                // a name that is not known stands beside an offset or makes the time unknown
                let day = DAYS.contains(&short) && name != "sast";
                let letter = name.len() == 1;
                let zone = zone.or(letter.then_some(0));
                if !day && self.zone.is_none() {
                    self.zone = Some(zone.unwrap_or(UNKNOWN));
                }
            }
        }
        Some(())
    }

    /// A word that begins with a digit: a time, a date, a year or a day.
    fn take_number(&mut self, word: &str) -> Option<()> {
        if let Some((date, time)) = word.split_once('t')
            && date.contains('-')
        {
            self.take_date(date)?;
            return self.take_time(time);
        }
        if word.contains(':') {
            return self.take_time(word);
        }
        if word.contains(['-', '/']) {
            return self.take_date(word);
        }
        if word.contains('.') {
            let year = word.rsplit('.').next().is_some_and(|last| last.len() == 4);
            return if year { self.take_date(word) } else { self.take_time(word) };
        }
        let digits = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (number, rest) = word.split_at_checked(digits)?;
        self.take_bare(number)?;
        if rest.is_empty() { Some(()) } else { self.take(rest) }
    }

    /// Digits alone: a day, then a year, then a time without colons.
    fn take_bare(&mut self, number: &str) -> Option<()> {
        if number.len() <= 2 && self.day.is_none() {
            self.day = Some(number.parse().ok()?);
        } else if self.year.is_none() {
            self.year = Some(year(number)?);
        } else if self.time.is_none() && number.len() == 4 {
            let (hours, minutes) = number.split_at_checked(2)?;
            self.time = clock(&[hours, minutes]);
            self.time?;
        } else {
            return None;
        }
        Some(())
    }

    /// `10:00`, `10:00:00.5`, `16.03.09`, with a zone or half of the day right behind it.
    fn take_time(&mut self, word: &str) -> Option<()> {
        let of_time = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.');
        let end = word.find(|c| !of_time(c)).unwrap_or(word.len());
        let (time, rest) = word.split_at_checked(end)?;
        let sign = if time.contains(':') { ':' } else { '.' };
        let pieces = time.split(sign).map(|piece| piece.split('.').next().unwrap_or_default());
        let pieces: Vec<&str> = pieces.collect();
        if self.time.is_some() {
            return None;
        }
        self.time = Some(clock(&pieces)?);
        if rest.is_empty() { Some(()) } else { self.take(rest) }
    }

    /// `2025-07-01`, `1-Jul-25`, `25/12/2020`, `1.7.2025`. Which of two small numbers is the month
    /// is known only where dots part them.
    fn take_date(&mut self, word: &str) -> Option<()> {
        let pieces: Vec<&str> = word.split(['-', '/', '.']).collect();
        let [first, second, third] = pieces.as_slice() else { return None };
        let number = |text: &str| text.parse::<i64>().ok();
        if first.len() == 4 {
            (self.year, self.month, self.day) = (year(first), number(second), number(third));
            return Some(());
        }
        if second.starts_with(|c: char| c.is_ascii_alphabetic()) {
            (self.day, self.year) = (number(first), year(third));
            return self.take_name(second);
        }
        let (one, two) = (number(first)?, number(second)?);
        let day_first = word.contains('.') || one > 12 || one == two;
        if !day_first && two <= 12 {
            return None;
        }
        self.year = year(third);
        (self.day, self.month) =
            if day_first { (Some(one), Some(two)) } else { (Some(two), Some(one)) };
        Some(())
    }

    /// `+0200`, `-05:30`, `+2`.
    fn take_offset(&mut self, word: &str) -> Option<()> {
        /// Hours of the widest zone, with one to spare.
        const WIDEST: i64 = 15;
        let west = !word.starts_with('+');
        let after = word.trim_start_matches(['+', '-', '\u{2212}']);
        let digits: String = after.chars().filter(char::is_ascii_digit).collect();
        if digits.is_empty() || self.offset.is_some() {
            return Some(());
        }
        let (hours, minutes) =
            digits.split_at_checked(digits.len().min(2)).unwrap_or((&digits, ""));
        let (hours, minutes) =
            (hours.parse::<i64>().ok()?, minutes.get(..2).unwrap_or("0").parse::<i64>().ok()?);
        if hours > WIDEST || minutes > 59 || self.time.is_none() {
            return None;
        }
        let east = hours * 60 + minutes;
        self.offset = Some(if west { -east } else { east });
        Some(())
    }

    /// The instant, when everything that it needs has been read.
    fn instant(&self) -> Option<Wall> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let longest = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1970..=9999).contains(&year) || !(1..=longest).contains(&day) {
            return None;
        }
        let time = match (self.afternoon, self.time?) {
            (Some(false), time) if time >= 12 * HOUR => time - 12 * HOUR,
            (Some(true), time) if time < 12 * HOUR => time + 12 * HOUR,
            (_, time) => time,
        };
        let zone = self.offset.or(self.zone).unwrap_or(0);
        if zone == UNKNOWN {
            return None;
        }
        let seconds = days_since_1970(year, month, day) * 24 * HOUR + time - zone * 60;
        Some(Wall(seconds * 1000))
    }
}

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// The zone of a name that nobody knows.
const UNKNOWN: i64 = i64::MAX;

/// Whether a word is a month's name, whole or cut after three letters or more.
fn is_month(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    NAMES.iter().any(|month| month.starts_with(name)) || name == "sept"
}

/// A year of two, three or four digits (RFC 5322 §4.3).
fn year(number: &str) -> Option<i64> {
    let value: i64 = number.parse().ok()?;
    match number.len() {
        1 | 2 if value < 50 => Some(value + 2000),
        1..=3 => Some(value + 1900),
        // years since 1900, filled up with a zero
        4 if (100..200).contains(&value) => Some(value + 1900),
        4 => Some(value),
        _ => None,
    }
}

/// Seconds since midnight of hours, minutes and maybe seconds; a leap second is the one before it.
fn clock(pieces: &[&str]) -> Option<i64> {
    let number = |at: usize| match pieces.get(at) {
        Some(piece) if piece.len() <= 2 => piece.parse::<i64>().ok(),
        Some(_) => None,
        None => Some(0),
    };
    let (hours, minutes, seconds) = (number(0)?, number(1)?, number(2)?);
    let good = (2..=3).contains(&pieces.len()) && hours < 24 && minutes < 60 && seconds <= 60;
    good.then(|| hours * HOUR + minutes * 60 + seconds.min(59))
}

/// Days between 1970-01-01 and a date of the Gregorian calendar, from 1970 on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // the year begins in March, so that its leap day is its last
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a date is, as seconds since 1970.
    fn seconds(value: &str) -> Option<i64> {
        read(value.as_bytes()).map(Wall::seconds)
    }

    #[test]
    fn one_instant_in_many_forms() {
        // 2024-02-29T18:05:00Z
        const WANT: Option<i64> = Some(1_709_229_900);
        for value in [
            "Thu, 29 Feb 2024 18:05:00 +0000",
            "Mon, 29 Feb 2024 18:05:00 GMT",
            "Do, 29 Feb 2024 18:05:00 GMT",
            "jeu., 29 Feb 2024 19:05:00 +0100",
            "Чт, 29 Feb 2024 21:05:00 MSK",
            "29 Feb 2024 18:05",
            "Thu, 29 Feb 24 13:05 EST",
            "Thu, 29 Feb 24 13:05 est",
            "Thu, 29 Feb 124 19:05 Cet",
            "Thu Feb 29 18:05:00 2024",
            "Thu Feb 29 19:05:00 CET 2024",
            "Thu, 29 February 2024 20.05.00 +0200",
            "Thu, 29 Feb 2024 20:05:00 GMT+0200",
            "Thu, 29 Feb 2024 20:05:00 +02:00 (EET)",
            "29-Feb-2024 18:05:00 UTC",
            "Thu, 29 Feb 0124 18:05:00 +0000",
            "Thu, 29 Feb 24 13:05:00 Eastern Standard Time",
            "Thu, 29 Feb 2024 11:05:00 Pacific Daylight Time",
            "Thu, 29 Feb 2024 18:05:00 Greenwich Mean Time",
            "29-Feb-24 18:05:00 +0000",
            "2024-02-29T18:05:00Z",
            "2024-02-29T23:35:00.25+05:30",
            "2024-02-29 18:05:00",
            "2024/02/29 18:05:00 -0000",
            "29.2.2024 19:05 MEZ",
            "February 29, 2024 6:05 PM",
            "Thu, 29 Feb 2024 06:05:00PM +0000",
            "Thursday, February 29th, 2024 18:05:00 UT",
            "(c) 29 (d (e)) Feb 2024 18:05:00 +0000",
            "Thu, 29 Feb 2024 18:05:00 +0000GMT",
            "Thu, 29 Feb 2024 1805 Z",
            "02/29/2024 18:05",
        ] {
            assert_eq!(seconds(value), WANT, "{value}");
        }
        assert_eq!(seconds("Thu, 1 Jan 70 00:00:00 +0000"), Some(0));
        assert_eq!(seconds("Fri, 31 Dec 99 12:00 AM PST"), Some(946_627_200));
    }

    #[test]
    fn what_is_not_sure_is_none() {
        for value in [
            "",
            "yesterday",
            "30 Feb 2024 10:00:00 +0000",
            "1 Jul 2025",
            "1 Jul 2025 25:00:00 +0000",
            "1 Jul 2025 10:00:00 XQZT",
            "1 Jul 2025 10:00:00 Arabian Standard Time",
            "1 Jul 2025 10:00:00 China Standard Time",
            "1 Jul 2025 10:00:00 -1600",
            "1 Jul 2025 10:00:00 +9900",
            "03/04/2025 10:00",
            "1 Foo 2025 10:00",
            "July, 2025 10:00",
            "1 Jul 0000 10:00",
            "Tue, 99 Foo 0000 99:99:99",
            "\u{661}\u{662} 10:00",
            "1é Jul 2025 10:00",
        ] {
            assert_eq!(seconds(value), None, "{value}");
        }
        for noise in ["(", "1(", "+", "-", "t", "1t", "1-", "::", "..", "1.1.1.1", "a1a1a1"] {
            seconds(&noise.repeat(40));
        }
    }
}
