//! UID sets (RFC 9051 §9 sequence-set), compact in memory and on the wire.

use crate::limits::COMMAND_BYTES;
use std::fmt;
use std::str::FromStr;

/// Bytes left in a command line for the tag, the verb and what is asked for.
const SET_BYTES: usize = COMMAND_BYTES - 512;
/// Ranges a set from outside may have: a mailbox of 5 million with every second one gone.
const RANGES: usize = 2_500_000;

/// A set of UIDs as sorted, disjoint, non-touching ranges.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UidSet(Vec<(u32, u32)>);

/// The text is no UID set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no set of UIDs such as `1:5,9`")]
pub struct BadUidSet(String);

impl UidSet {
    /// The range from `first` to `last`, empty when it runs backwards; 0 is no UID.
    #[must_use]
    pub fn range(first: u32, last: u32) -> Self {
        let first = first.max(1);
        Self(if first <= last { vec![(first, last)] } else { Vec::new() })
    }

    /// How many UIDs.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `uid` is in it.
    #[must_use]
    pub fn contains(&self, uid: u32) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= uid);
        after > 0 && self.0.get(after - 1).is_some_and(|(_, last)| uid <= *last)
    }

    /// What is in both sets.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.0.as_slice(), other.0.as_slice());
        let mut both = Vec::new();
        while let ([(a, b), my_rest @ ..], [(c, d), their_rest @ ..]) = (mine, theirs) {
            let (first, last) = (*a.max(c), *b.min(d));
            if first <= last {
                both.push((first, last));
            }
            if b <= d {
                mine = my_rest;
            } else {
                theirs = their_rest;
            }
        }
        Self::from_ranges(both)
    }

    /// Every UID, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Wire forms that together are this set, each short enough for one command line (Microsoft
    /// refuses lines of more than 4,096 bytes).
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        for range in &self.0 {
            let piece = wire(*range);
            match commands.last_mut() {
                Some(line) if line.len() + 1 + piece.len() <= SET_BYTES => {
                    line.push(',');
                    line.push_str(&piece);
                }
                _ => commands.push(piece),
            }
        }
        commands
    }

    /// Adds every UID of `other`.
    pub fn add(&mut self, other: &Self) {
        let mut ranges = std::mem::take(&mut self.0);
        ranges.extend_from_slice(&other.0);
        *self = Self::from_ranges(ranges);
    }

    /// Sorts and joins, in place.
    fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        ranges.dedup_by(|next, kept| {
            let touches = next.0 <= kept.1.saturating_add(1);
            if touches {
                kept.1 = kept.1.max(next.1);
            }
            touches
        });
        Self(ranges)
    }
}

/// Ranges that a [`UidGatherer`] holds before it sorts and joins them for the first time.
const UNSORTED_RANGES: usize = 1 << 10;

/// Gathers a set from numbers and ranges in any order, as a server names them: the memory is that
/// of the ranges of the set, the work is that of sorting them, whatever is named twice.
#[derive(Clone, Debug, Default)]
pub struct UidGatherer {
    ranges: Vec<(u32, u32)>,
    /// Ranges that were left when they were last sorted and joined.
    joined: usize,
}

impl UidGatherer {
    /// Adds a range, which may run backwards (RFC 9051 §9); false when it names 0, which is no UID.
    pub fn add(&mut self, one: u32, other: u32) -> bool {
        let (first, last) = (one.min(other), one.max(other));
        if first == 0 {
            return false;
        }
        match self.ranges.last_mut() {
            // ascending input stays compact while it is read
            Some((start, end)) if *start <= first && first <= end.saturating_add(1) => {
                *end = last.max(*end);
            }
            _ => self.ranges.push((first, last)),
        }
        if self.ranges.len() >= (self.joined * 2).max(UNSORTED_RANGES) {
            self.ranges = UidSet::from_ranges(std::mem::take(&mut self.ranges)).0;
            self.joined = self.ranges.len();
        }
        true
    }

    /// About how many bytes it holds in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.ranges.capacity() * size_of::<(u32, u32)>()
    }

    /// The set.
    #[must_use]
    pub fn into_set(self) -> UidSet {
        UidSet::from_ranges(self.ranges)
    }
}

/// One range on the wire.
fn wire((first, last): (u32, u32)) -> String {
    if first == last { first.to_string() } else { format!("{first}:{last}") }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        let mut gathered = UidGatherer::default();
        for uid in uids {
            gathered.add(uid, uid);
        }
        gathered.into_set()
    }
}

impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, range) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            write!(f, "{comma}{}", wire(*range))?;
        }
        Ok(())
    }
}

impl FromStr for UidSet {
    type Err = BadUidSet;

    /// Reads `1:5,9`; ranges may run backwards (RFC 9051 §9), 0 and `*` are refused. The empty text
    /// is the empty set.
    fn from_str(text: &str) -> Result<Self, BadUidSet> {
        let bad = || BadUidSet(crate::message::one_line(text, 80));
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut gathered = UidGatherer::default();
        for piece in text.split(',') {
            let (first, last) = piece.split_once(':').unwrap_or((piece, piece));
            let (first, last) = (uid(first).ok_or_else(bad)?, uid(last).ok_or_else(bad)?);
            gathered.add(first, last);
            if gathered.ranges.len() > RANGES {
                return Err(bad());
            }
        }
        Ok(gathered.into_set())
    }
}

/// nz-number of RFC 9051 §9.
fn uid(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|uid| digits && *uid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Xorshift;
    use std::collections::BTreeSet;

    #[test]
    fn wire_forms() {
        for (text, canonical) in [
            ("", ""),
            ("1", "1"),
            ("1:5,9", "1:5,9"),
            ("9,5:1,6", "1:6,9"),
            ("4294967295,4294967294", "4294967294:4294967295"),
            ("1:4294967295,7", "1:4294967295"),
        ] {
            assert_eq!(text.parse::<UidSet>().unwrap().to_string(), canonical);
        }
        for bad in
            ["0", "*", "1:*", "1,", ",1", "a", "+1", "-1", "1:2:3", "4294967296", " 1", "1:0"]
        {
            assert!(bad.parse::<UidSet>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_set_is_a_set_and_survives_the_wire() {
        let mut random = Xorshift::new(11);
        for _ in 0..500 {
            let span = 1 + random.below(400);
            let uids: Vec<u32> = (0..random.below(300))
                .map(|_| u32::try_from(random.below(span)).unwrap())
                .collect();
            let expected: BTreeSet<u32> = uids.iter().copied().filter(|uid| *uid > 0).collect();
            let set: UidSet = uids.into_iter().collect();
            assert_eq!(
                set.iter().collect::<Vec<_>>(),
                expected.iter().copied().collect::<Vec<_>>()
            );
            assert_eq!(set.len(), expected.len() as u64);
            assert_eq!(set.to_string().parse::<UidSet>().unwrap(), set);
            for uid in 0..u32::try_from(span).unwrap() + 2 {
                assert_eq!(set.contains(uid), expected.contains(&uid));
            }
        }
    }

    #[test]
    fn gathering_costs_what_the_set_costs() {
        // the same few numbers said without end, from above, and ranges within each other
        let mut gathered = UidGatherer::default();
        for round in 0..200_000_u32 {
            assert!(gathered.add(7 + 2 * (round % 5_000), 7));
            assert!(gathered.add(1 + 2 * (round % 5_000), 1 + 2 * (round % 5_000)));
            assert!(gathered.weight() <= 8 * 4 * 5_000);
        }
        assert_eq!(gathered.into_set().to_string(), "1,3,5,7:10005");
        let mut gathered = UidGatherer::default();
        assert!(!gathered.add(0, 9) && gathered.add(u32::MAX, 1) && gathered.add(4, 2));
        assert_eq!(gathered.into_set().len(), u64::from(u32::MAX));
    }

    #[test]
    fn sets_join() {
        for (one, other, both) in
            [("", "", ""), ("1:3", "", "1:3"), ("1:3,9", "4,8:12", "1:4,8:12"), ("5", "1:9", "1:9")]
        {
            let mut set: UidSet = one.parse().unwrap();
            set.add(&other.parse().unwrap());
            assert_eq!(set.to_string(), both);
        }
    }

    #[test]
    fn what_two_sets_have_in_common() {
        for (one, other, both) in [
            ("", "1:5", ""),
            ("1:5,9,20:30", "4:9,22,25:40", "4:5,9,22,25:30"),
            ("1:4294967295", "7,9:10", "7,9:10"),
            ("1,3,5", "2,4", ""),
        ] {
            let (one, other): (UidSet, UidSet) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.common(&other).to_string(), both);
            assert_eq!(other.common(&one), one.common(&other));
        }
    }

    #[test]
    fn commands_stay_short_and_lose_nothing() {
        let set: UidSet = (0..20_000).map(|n| 4_000_000_000 + n * 3).collect();
        let commands = set.commands();
        assert!(commands.len() > 10 && commands.iter().all(|line| line.len() <= SET_BYTES));
        assert_eq!(commands.join(",").parse::<UidSet>().unwrap(), set);
        assert!(UidSet::default().commands().is_empty());
    }
}
