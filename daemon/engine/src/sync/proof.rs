//! How a mirror proves itself: what the server counts is held against the rows, and sometimes its
//! UIDs are held against theirs.
//!
//! A mirror need not hold old mail below the first window, so the counts differ by a gap. As long as
//! the gap stays the same, nothing was lost and nothing is too much.

use super::UidSet;
use crate::mailbox::ServerState;
use crate::time::Wall;
use std::time::Duration;

/// A mailbox is looked at as a whole at least this often.
const EVERY: Duration = Duration::from_hours(24);

/// What is known of how a mirrored mailbox compares with the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// UIDNEXT when the window was chosen: everything from here on arrived since.
    pub since: u32,
    /// Whether the window was all there was, so that every message has to have a row.
    pub complete: bool,
    /// EXISTS less the number of rows.
    pub gap: i64,
    /// When it was last looked at as a whole.
    pub at: Wall,
    /// Whether something happened after which the counts alone are not believed.
    pub doubted: bool,
}

impl Proof {
    /// What holds right after the window was chosen.
    #[must_use]
    pub fn of_window(server: ServerState, rows: usize, now: Wall) -> Self {
        let gap = gap(server.exists, rows as u64);
        Self { since: server.uidnext, complete: gap <= 0, gap, at: now, doubted: gap < 0 }
    }

    /// What is assumed of a mailbox that was mirrored before there were proofs: `lowest` is its
    /// lowest mirrored UID, `all` says that the window has room for every message.
    #[must_use]
    pub fn assumed(server: ServerState, rows: u64, lowest: Option<u32>, all: bool) -> Self {
        let gap = gap(server.exists, rows);
        let complete = all || gap <= 0;
        let gap = if complete { 0 } else { gap };
        Self { since: lowest.unwrap_or(server.uidnext), complete, gap, at: Wall(0), doubted: true }
    }

    /// The UID from which on every message has to have a row.
    #[must_use]
    pub fn horizon(&self) -> u32 {
        if self.complete { 1 } else { self.since }
    }

    /// Whether the server's count and the number of rows fit what was proved.
    #[must_use]
    pub fn adds_up(&self, exists: u32, rows: u64) -> bool {
        gap(exists, rows) == self.gap
    }

    /// Whether the mailbox is to be looked at as a whole, UIDs and flags, whatever it counts.
    #[must_use]
    pub fn is_due(&self, now: Wall) -> bool {
        // one of the future is of a clock that was set back
        self.doubted || self.at > now || now.until_from(self.at) >= EVERY
    }

    /// What holds after the UIDs were compared, as part of a look at everything (`whole`, and when)
    /// or not. A gap that grew stays in doubt, because no message gets a UID below the horizon any
    /// more.
    #[must_use]
    pub fn renewed(&self, exists: u32, rows: u64, whole: Option<Wall>) -> Self {
        let gap = gap(exists, rows);
        let doubted = gap > self.gap || gap < 0 || self.doubted && whole.is_none();
        Self { gap, at: whole.unwrap_or(self.at), doubted, ..*self }
    }
}

fn gap(exists: u32, rows: u64) -> i64 {
    i64::from(exists) - i64::try_from(rows).unwrap_or(i64::MAX)
}

/// How the rows of a mailbox differ from the server's UIDs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// UIDs from the horizon on that the server has and that have no row, ascending.
    pub missing: Vec<u32>,
    /// UIDs of rows that the server does not have, ascending.
    pub gone: Vec<u32>,
}

/// Compares rows, by ascending UID, with the UIDs that the server named. At most `most` missing ones
/// are given, the lowest first: what a server says of itself may be of any size.
#[must_use]
pub fn difference(rows: &[u32], here: &UidSet, horizon: u32, most: usize) -> Difference {
    let known = |uid: &u32| rows.binary_search(uid).is_ok();
    let above = here.ranges().iter().filter(|(_, last)| *last >= horizon);
    let missing = above.flat_map(|(first, last)| (*first).max(horizon)..=*last);
    Difference {
        missing: missing.filter(|uid| !known(uid)).take(most).collect(),
        gone: rows.iter().filter(|uid| !here.contains(**uid)).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn server(exists: u32) -> ServerState {
        ServerState { uidvalidity: 1, uidnext: 100, modseq: None, exists, unseen: None }
    }

    #[test]
    fn when_the_uids_are_compared() {
        let now = Wall(DAY * 100);
        let whole = Proof::of_window(server(5), 5, now);
        let part = Proof::of_window(server(50), 5, now);
        assert_eq!((whole.horizon(), part.horizon(), part.gap), (1, 100, 45));
        for (proof, exists, rows, later, wanted) in [
            (whole, 5, 5, 0, false),
            (whole, 7, 7, 0, false),
            (whole, 6, 5, 0, true),
            (whole, 5, 6, 0, true),
            (whole, 5, 5, DAY - 1, false),
            (whole, 5, 5, DAY, true),
            (whole, 5, 5, -1, true),
            (part, 51, 6, 0, false),
            (part, 51, 5, 0, true),
            (part, 49, 5, 0, true),
            (Proof { doubted: true, ..part }, 50, 5, 0, true),
            // the server said that it has less than it showed
            (Proof::of_window(server(4), 5, now), 4, 5, 0, true),
        ] {
            let at = now.moved(later);
            let asked = proof.is_due(at) || !proof.adds_up(exists, rows);
            assert_eq!(asked, wanted, "{proof:?} {exists} {rows}");
        }
    }

    #[test]
    fn a_gap_may_shrink_and_not_grow() {
        let part = Proof::of_window(server(50), 5, Wall(7));
        for (exists, rows, gap, doubted) in
            [(50, 5, 45, false), (40, 5, 35, false), (51, 5, 46, true), (4, 5, -1, true)]
        {
            let next = part.renewed(exists, rows, Some(Wall(9)));
            assert_eq!((next.gap, next.doubted, next.at), (gap, doubted, Wall(9)));
        }
        let doubtful = Proof { doubted: true, ..part };
        let next = doubtful.renewed(50, 5, None);
        assert_eq!((next.doubted, next.at), (true, part.at), "only a whole look ends a doubt");
        assert!(!doubtful.renewed(50, 5, Some(Wall(9))).doubted);
    }

    #[test]
    fn what_was_mirrored_before_there_were_proofs() {
        for (exists, rows, all, complete, horizon) in [
            (5, 5, false, true, 1),
            (5, 3, true, true, 1),
            (5, 3, false, false, 40),
            (0, 0, false, true, 1),
        ] {
            let proof = Proof::assumed(server(exists), rows, Some(40), all);
            assert_eq!((proof.complete, proof.horizon(), proof.doubted), (complete, horizon, true));
            assert!(!complete || proof.gap == 0);
        }
        assert_eq!(Proof::assumed(server(9), 0, None, false).horizon(), 100);
    }

    #[test]
    fn differences() {
        let here: UidSet = [3, 5, 8, 9].into_iter().collect();
        for (rows, horizon, missing, gone) in [
            (&[3_u32, 5, 8, 9][..], 1, &[][..], &[][..]),
            (&[3, 4, 9], 1, &[5, 8], &[4]),
            (&[3, 4, 9], 8, &[8], &[4]),
            (&[], 9, &[9], &[]),
            (&[1, 2], 100, &[], &[1, 2]),
        ] {
            let found = difference(rows, &here, horizon, 9);
            assert_eq!((&found.missing[..], &found.gone[..]), (missing, gone), "{rows:?}");
        }
        let all = UidSet::range(1, u32::MAX);
        assert_eq!(difference(&[2], &all, 1, 3).missing, [1, 3, 4]);
    }
}
