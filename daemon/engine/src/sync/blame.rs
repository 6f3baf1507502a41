//! Which messages are to blame for a FETCH that failed: what failed is cut smaller until one
//! message is left. The way in which the FETCH failed does not matter.
//!
//! A message is blamed only when the server showed that it delivers other mail, so that a server
//! that is out of order never makes all mail suspect.

use std::collections::BTreeSet;

/// Failures in a row without any message between them after which the fault is not one of single
/// messages: a batch of 200 is cut down to its first message in eight steps.
const FAILURES: u32 = 12;
/// Messages that may be blamed although no other message came: with so few, all of them may be bad.
const FEW: usize = 3;

/// The search for the messages to blame among those that are fetched.
#[derive(Clone, Debug)]
pub struct Blame {
    /// Sets of UIDs to be asked for, the next one last.
    waiting: Vec<Vec<u32>>,
    /// Failures since a message last came.
    failures: u32,
    /// Whether any message came.
    came: bool,
    blamed: Vec<u32>,
}

impl Blame {
    /// A search among these UIDs; all of them are asked for at once first.
    #[must_use]
    pub fn among(uids: Vec<u32>) -> Self {
        let waiting = if uids.is_empty() { vec![] } else { vec![uids] };
        Self { waiting, failures: 0, came: false, blamed: vec![] }
    }

    /// The UIDs to ask for next; `None` when nothing is left.
    pub fn ask(&mut self) -> Option<Vec<u32>> {
        self.waiting.pop()
    }

    /// The server answered in order, with these messages.
    pub fn answered(&mut self, came: &BTreeSet<u32>) {
        // an answer without a message is an answer all the same
        self.failures = 0;
        self.came |= !came.is_empty();
    }

    /// Asking for `asked` failed after these messages had come. False when the search is over
    /// because the fault is not one of single messages.
    pub fn failed(&mut self, mut asked: Vec<u32>, came: &BTreeSet<u32>) -> bool {
        asked.retain(|uid| !came.contains(uid));
        asked.sort_unstable();
        if !came.is_empty() {
            self.failures = 0;
            self.came = true;
        }
        self.failures += 1;
        match asked.len() {
            0 => {}
            1 if came.is_empty() => self.blamed.append(&mut asked),
            // servers answer in order: what follows the last one that came is the likeliest
            _ if !came.is_empty() => {
                let rest = asked.split_off(1);
                self.waiting.extend([rest, asked].into_iter().filter(|part| !part.is_empty()));
            }
            count => {
                let second = asked.split_off(count / 2);
                self.waiting.extend([second, asked]);
            }
        }
        self.failures < FAILURES
    }

    /// Failures since a message last came: how long to wait before the server is asked again.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The messages to blame; `None` when what failed is not their fault, because nothing else came
    /// either.
    #[must_use]
    pub fn verdict(self) -> Option<Vec<u32>> {
        (self.came || self.blamed.len() <= FEW).then_some(self.blamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a server of the test answers: all before the first bad one and then a failure, or
    /// nothing at all.
    #[derive(Clone, Copy)]
    enum Manner {
        Streams,
        Refuses,
    }

    /// Asks until the search ends: the verdict, what came, how often it was asked.
    fn search(count: u32, bad: &[u32], manner: Manner) -> (Option<Vec<u32>>, BTreeSet<u32>, u32) {
        let mut blame = Blame::among((1..=count).rev().collect());
        let (mut all, mut asked) = (BTreeSet::new(), 0);
        let mut goes_on = true;
        while goes_on && let Some(mut batch) = blame.ask() {
            asked += 1;
            batch.sort_unstable();
            let first = batch.iter().position(|uid| bad.contains(uid));
            let came: BTreeSet<u32> = match (first, manner) {
                (None, _) => batch.iter().copied().collect(),
                (Some(at), Manner::Streams) => batch.iter().take(at).copied().collect(),
                (Some(_), Manner::Refuses) => BTreeSet::new(),
            };
            all.extend(&came);
            match first {
                None => blame.answered(&came),
                Some(_) => goes_on = blame.failed(batch, &came),
            }
        }
        (if goes_on { blame.verdict() } else { None }, all, asked)
    }

    #[test]
    fn the_bad_ones_are_found_and_the_rest_comes() {
        for manner in [Manner::Streams, Manner::Refuses] {
            for (count, bad, most) in [
                (1, &[1_u32][..], 1),
                (2, &[2], 4),
                (4, &[2], 8),
                (200, &[1], 20),
                (200, &[200], 20),
                (200, &[57, 58, 59, 133], 70),
                (40, &[1, 3, 5, 7, 9, 11, 13, 15, 17, 19], 90),
                (3, &[1, 2, 3], 6),
            ] {
                let (verdict, came, asked) = search(count, bad, manner);
                let mut verdict = verdict.unwrap_or_else(|| panic!("{count} {bad:?}"));
                verdict.sort_unstable();
                assert_eq!(verdict, bad, "of {count}");
                assert_eq!(came.len(), count as usize - bad.len());
                assert!(asked <= most, "{asked} questions for {bad:?} of {count}");
            }
        }
    }

    #[test]
    fn a_server_that_delivers_nothing_blames_nobody() {
        let all: Vec<u32> = (1..=200).collect();
        let (verdict, came, asked) = search(200, &all, Manner::Refuses);
        assert_eq!((verdict, came.len()), (None, 0));
        assert!(asked <= FAILURES, "{asked}");
        let four: Vec<u32> = (1..=4).collect();
        assert_eq!(search(4, &four, Manner::Refuses).0, None);
    }

    #[test]
    fn nothing_wanted_is_nothing_asked() {
        let mut blame = Blame::among(vec![]);
        assert_eq!(blame.ask(), None);
        assert_eq!(blame.verdict(), Some(vec![]));
    }
}
