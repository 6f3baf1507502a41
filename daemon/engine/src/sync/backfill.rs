//! The first sync: exactly the newest messages over all mailboxes, and the order to fetch them in.

use crate::id::MailboxId;
use crate::time::Wall;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A message on the server that could be mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// UID in its mailbox.
    pub uid: u32,
    /// INTERNALDATE, or that of a neighbour where the server gave none that can be read.
    pub received_at: Wall,
    /// RFC822.SIZE.
    pub size: u32,
}

/// A candidate after its rank: newest, then mailbox order, then highest UID.
type Ranked<'a> = (Reverse<Wall>, usize, Reverse<u32>, MailboxId, &'a Candidate);

/// The newest `budget` messages over all mailboxes by INTERNALDATE; of equal ones those of the
/// mailbox that comes first in the list (INBOX), then the higher UID. Every mailbox of the list has
/// an entry, newest first, so that it can be marked as planned.
#[must_use]
pub fn newest(
    per_mailbox: &[(MailboxId, Vec<Candidate>)],
    budget: usize,
) -> BTreeMap<MailboxId, Vec<Candidate>> {
    let mut all: Vec<Ranked<'_>> = per_mailbox
        .iter()
        .enumerate()
        .flat_map(|(order, (mailbox, candidates))| {
            candidates.iter().map(move |candidate| {
                let age = Reverse(candidate.received_at);
                (age, order, Reverse(candidate.uid), *mailbox, candidate)
            })
        })
        .collect();
    all.sort_unstable_by_key(|(age, order, uid, ..)| (*age, *order, *uid));
    // a mailbox or UID listed twice counts once
    let mut chosen: BTreeMap<MailboxId, BTreeMap<u32, usize>> = BTreeMap::new();
    let mut plan: BTreeMap<MailboxId, Vec<Candidate>> =
        per_mailbox.iter().map(|(mailbox, _)| (*mailbox, Vec::new())).collect();
    let mut left = budget;
    for (_, order, _, mailbox, candidate) in all {
        if left == 0 {
            break;
        }
        let fresh = chosen.entry(mailbox).or_default().insert(candidate.uid, order).is_none();
        if fresh && let Some(list) = plan.get_mut(&mailbox) {
            list.push(*candidate);
            left -= 1;
        }
    }
    plan
}

/// What was mirrored of a mailbox before its UIDs lost their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Messages mirrored.
    pub rows: usize,
    /// Whether these were all there were.
    pub complete: bool,
    /// The date above which mail arrived since: that of the newest mirrored message.
    pub newest: Option<Wall>,
    /// Messages for which the account's window still has room.
    pub room: usize,
}

/// The messages to mirror after UIDVALIDITY changed: as many as were mirrored, everything that
/// arrived since, and what the window has room for; of a mailbox that was mirrored whole,
/// everything. `candidates` are newest first, and so is the answer.
#[must_use]
pub fn after_reset(mut candidates: Vec<Candidate>, before: Before) -> Vec<Candidate> {
    if before.complete {
        return candidates;
    }
    let arrived =
        candidates.iter().filter(|one| before.newest.is_some_and(|at| one.received_at > at));
    let count = arrived.count().saturating_add(before.rows).max(before.room);
    candidates.truncate(count);
    candidates
}

/// Splits rows into batches of at most `messages` rows and `bytes` bytes, in order; a row that is
/// larger than `bytes` goes alone.
pub fn batches<T>(
    rows: impl IntoIterator<Item = T>,
    size: impl Fn(&T) -> u64,
    messages: usize,
    bytes: u64,
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut filled = 0_u64;
    for row in rows {
        let next = size(&row);
        filled = filled.saturating_add(next);
        match batches.last_mut() {
            Some(batch) if batch.len() < messages && filled <= bytes => batch.push(row),
            _ => {
                filled = next;
                batches.push(vec![row]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Xorshift;

    fn mail(uid: u32, at: i64) -> Candidate {
        Candidate { uid, received_at: Wall(at), size: 10 }
    }

    #[test]
    fn the_newest_win_and_ties_go_to_the_first_mailbox_and_the_higher_uid() {
        let (inbox, sent) = (MailboxId(1), MailboxId(2));
        let plan = newest(
            &[
                (sent, vec![mail(1, 5), mail(2, 9)]),
                (inbox, vec![mail(7, 5), mail(8, 5), mail(9, 1)]),
                (MailboxId(3), vec![]),
            ],
            3,
        );
        let uids = |id: MailboxId| plan[&id].iter().map(|c| c.uid).collect::<Vec<_>>();
        assert_eq!((uids(sent), uids(inbox), uids(MailboxId(3))), (vec![2, 1], vec![8], vec![]));
    }

    #[test]
    fn exactly_the_newest_are_chosen_whatever_the_mailboxes_hold() {
        let mut random = Xorshift::new(2);
        for _ in 0..200 {
            let mailboxes: Vec<(MailboxId, Vec<Candidate>)> = (0..random.below(6))
                .map(|id| {
                    let count = u32::try_from(random.below(40)).unwrap();
                    let mails = (1..=count)
                        .map(|uid| mail(uid, i64::try_from(random.below(30)).unwrap()))
                        .collect();
                    (MailboxId(id as u64), mails)
                })
                .collect();
            let total: usize = mailboxes.iter().map(|(_, mails)| mails.len()).sum();
            let budget = random.below(60);
            let plan = newest(&mailboxes, budget);
            let chosen: Vec<i64> = plan.values().flatten().map(|c| c.received_at.0).collect();
            assert_eq!(chosen.len(), budget.min(total));
            let mut every: Vec<i64> =
                mailboxes.iter().flat_map(|(_, m)| m).map(|c| c.received_at.0).collect();
            every.sort_unstable_by_key(|at| Reverse(*at));
            let mut sorted = chosen;
            sorted.sort_unstable_by_key(|at| Reverse(*at));
            assert_eq!(sorted, every[..budget.min(total)]);
            for list in plan.values() {
                assert!(list.is_sorted_by_key(|c| Reverse(c.received_at)));
            }
        }
    }

    #[test]
    fn a_mail_listed_twice_counts_once() {
        let one = MailboxId(1);
        let plan = newest(&[(one, vec![mail(1, 1), mail(1, 1), mail(2, 0)])], 2);
        assert_eq!(plan[&one].iter().map(|c| c.uid).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_reset_keeps_what_was_mirrored_and_what_arrived_since() {
        let mails: Vec<Candidate> = (1..=10).rev().map(|n| mail(n, i64::from(n))).collect();
        let before = Before { rows: 3, complete: false, newest: Some(Wall(8)), room: 0 };
        let kept = |before| after_reset(mails.clone(), before).len();
        // three were mirrored (6 to 8), two came since
        assert_eq!(kept(before), 5);
        assert_eq!(kept(Before { room: 7, ..before }), 7);
        assert_eq!(kept(Before { complete: true, ..before }), 10);
        assert_eq!(kept(Before { rows: 0, newest: None, ..before }), 0);
        assert_eq!(kept(Before { rows: 0, newest: Some(Wall(4)), ..before }), 6);
        assert_eq!(kept(Before { rows: 99, ..before }), 10);
        assert_eq!(after_reset(mails.clone(), before).last().map(|one| one.uid), Some(6));
    }

    #[test]
    fn batches_keep_order_and_limits() {
        let cut = |sizes: &[u64]| batches(sizes.to_vec(), |size| *size, 3, 10);
        assert_eq!(cut(&[]), Vec::<Vec<u64>>::new());
        assert_eq!(cut(&[1, 1, 1, 1]), [vec![1, 1, 1], vec![1]]);
        assert_eq!(cut(&[6, 5, 5, 99, 1]), [vec![6], vec![5, 5], vec![99], vec![1]]);
        assert_eq!(cut(&[u64::MAX, u64::MAX]).len(), 2);
    }
}
