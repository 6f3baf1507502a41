//! The first look at a mailbox: which of its messages belong to the newest that are mirrored.

use super::Worker;
use super::list::Listing;
use crate::account::ingest;
use crate::imap::{Fetched, Hold, Items, Which};
use crate::limits;
use chapar_engine::id::MailboxId;
use chapar_engine::limits::{BATCH_MESSAGES, SCAN_MESSAGES};
use chapar_engine::mailbox::{Mailbox, ServerState};
use chapar_engine::sync::{Blame, Candidate, UidGatherer, UidSet, newest};
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// A mailbox looked at for the first time.
pub(super) struct Scanned {
    mailbox: MailboxId,
    pub(super) server: ServerState,
    pub(super) candidates: Vec<Candidate>,
    /// What they weigh in the session's budget.
    pub(super) hold: Hold,
}

/// Which messages of a mailbox are looked at, and how many of them are kept.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    /// Messages looked at, the last ones by sequence number.
    pub(super) last: u32,
    /// The newest of them that are kept.
    pub(super) keep: usize,
}

/// What the messages of a mailbox say of themselves, as it comes in.
struct Scan {
    keep: usize,
    candidates: Vec<Candidate>,
    seen: UidGatherer,
    hold: Hold,
    /// The date of a message that has none that can be read is that of the one before it: mail is
    /// numbered in the order in which it comes.
    date: Wall,
}

impl Worker {
    /// Plans every mailbox that has not been: all of them share one budget, so that what is
    /// mirrored is the newest over all mailboxes. Returns whether anything was planned.
    pub(super) async fn plan_windows(&mut self, listed: &Listing) -> Result<bool, Failure> {
        let account = self.account()?;
        let budget = usize::try_from(account.window).unwrap_or(usize::MAX);
        let last = u32::try_from(budget).unwrap_or(u32::MAX).max(SCAN_MESSAGES);
        let scope = Scope { last, keep: budget };
        let mut scanned = vec![];
        for mailbox in self.mailboxes()? {
            if mailbox.planned || self.rests(&mailbox)? {
                continue;
            }
            match self.scan(&mailbox, scope, listed).await {
                Ok(one) => {
                    self.round.well.insert(mailbox.id);
                    scanned.push(one);
                }
                Err(failure) => {
                    self.attended(&mailbox, Err(failure)).await?;
                    continue;
                }
            }
            // what is not among the newest so far will not be among the newest of all
            let held: usize = scanned.iter().map(|s| s.candidates.len()).sum();
            if held > budget.saturating_mul(2) {
                keep_newest(&mut scanned, budget);
            }
        }
        if scanned.is_empty() {
            return Ok(false);
        }
        let mut windows = choose(&mut scanned, budget);
        let states: Vec<_> = scanned.iter().map(|s| (s.mailbox, s.server)).collect();
        self.write(move |tx| {
            for (mailbox, server) in &states {
                let window = windows.entry(*mailbox).or_default();
                ingest::plan(tx, *mailbox, *server, window)?;
            }
            Ok(())
        })
        .await?;
        Ok(true)
    }

    /// Looks through the newest messages of a mailbox.
    pub(super) async fn scan(
        &mut self,
        mailbox: &Mailbox,
        Scope { last, keep }: Scope,
        listed: &Listing,
    ) -> Result<Scanned, Failure> {
        if let Some(server) = listed.status(mailbox).filter(|server| server.exists == 0) {
            let hold = Hold::default();
            return Ok(Scanned { mailbox: mailbox.id, server, candidates: vec![], hold });
        }
        let server = self.link.select(mailbox).await?;
        let reach = last.min(server.exists);
        let session = self.link.session()?;
        session.expect_rows(keep);
        let mut scan = Scan::new(keep, session.hold(), self.context.now());
        if reach > 0 {
            let which = Which::Seqs(format!("{}:*", server.exists - (reach - 1)));
            let end = session.fetch(which, Items::Facts, &mut |it| scan.take(&it)).await;
            match end {
                Err(failure) if self.is_of_account(&failure) => return Err(failure),
                Err(failure) if self.link.is_broken() => self.link.give_up(&failure),
                _ => {}
            }
            if scan.seen().len() < u64::from(reach) {
                self.scan_rest(mailbox, server, reach, &mut scan).await?;
            }
        }
        let Scan { candidates, hold, .. } = scan.pruned();
        Ok(Scanned { mailbox: mailbox.id, server, candidates, hold })
    }

    /// Asks for the facts that did not come, message by message if need be. A message that is there
    /// and says nothing of itself is mirrored all the same.
    async fn scan_rest(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        reach: u32,
        scan: &mut Scan,
    ) -> Result<(), Failure> {
        self.link.connect().await?;
        self.link.ensure_selected(mailbox).await?;
        let session = self.link.session()?;
        session.expect_rows(scan.keep);
        scan.drawn_on(session.hold());
        let all = UidSet::range(1, server.uidnext.saturating_sub(1));
        let here = self.census(&all, server.exists).await?;
        let before = usize::try_from(here.len().saturating_sub(u64::from(reach)));
        let seen = scan.seen();
        let missing: Vec<u32> = here
            .iter()
            .skip(before.unwrap_or(usize::MAX))
            .filter(|uid| !seen.contains(*uid))
            .take(limits::NEW_UIDS)
            .collect();
        for batch in missing.chunks(BATCH_MESSAGES) {
            self.scan_batch(mailbox, batch, scan).await?;
        }
        let seen = scan.seen();
        for uid in missing.into_iter().filter(|uid| !seen.contains(*uid)) {
            scan.take(&Fetched { uid, ..Fetched::default() });
        }
        Ok(())
    }

    /// The facts of some messages, those aside that fail.
    async fn scan_batch(
        &mut self,
        mailbox: &Mailbox,
        batch: &[u32],
        scan: &mut Scan,
    ) -> Result<(), Failure> {
        let mut blame = Blame::among(batch.to_vec());
        while let Some(asked) = blame.ask() {
            self.link.connect().await?;
            self.link.ensure_selected(mailbox).await?;
            let mut came = BTreeSet::new();
            let set = asked.iter().copied().collect::<UidSet>().to_string();
            let mut each = |fetched: Fetched| {
                if asked.contains(&fetched.uid) && came.insert(fetched.uid) {
                    scan.take(&fetched);
                }
            };
            let end = self.link.session()?.fetch(Which::Uids(set), Items::Facts, &mut each).await;
            match end {
                Ok(()) => blame.answered(&came),
                Err(failure) if self.is_of_account(&failure) => return Err(failure),
                Err(failure) => {
                    if self.link.is_broken() {
                        self.link.give_up(&failure);
                    }
                    if !blame.failed(asked, &came) {
                        return Err(failure);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Scan {
    fn new(keep: usize, hold: Hold, now: Wall) -> Self {
        Self { keep, candidates: vec![], seen: UidGatherer::default(), hold, date: now }
    }

    fn take(&mut self, fetched: &Fetched) {
        if !self.seen.add(fetched.uid, fetched.uid) {
            return;
        }
        self.date = fetched.internal_date.unwrap_or(self.date);
        self.candidates.push(Candidate {
            uid: fetched.uid,
            received_at: self.date,
            size: fetched.size.unwrap_or(0),
        });
        if self.candidates.len() >= self.keep.saturating_mul(2).max(BATCH_MESSAGES) {
            prune(&mut self.candidates, self.keep);
        }
        self.hold.set(weight(&self.candidates) + self.seen.weight());
    }

    /// What is kept counts in the budget of another session from here on.
    fn drawn_on(&mut self, hold: Hold) {
        self.hold = hold;
        self.hold.set(weight(&self.candidates) + self.seen.weight());
    }

    fn seen(&self) -> UidSet {
        self.seen.clone().into_set()
    }

    fn pruned(mut self) -> Self {
        prune(&mut self.candidates, self.keep);
        self.hold.set(weight(&self.candidates));
        self
    }
}

fn weight(candidates: &[Candidate]) -> usize {
    size_of_val(candidates)
}

/// Only the newest of each mailbox can be among the newest of all.
fn prune(candidates: &mut Vec<Candidate>, budget: usize) {
    candidates.sort_by_key(|c| std::cmp::Reverse((c.received_at, c.uid)));
    candidates.dedup_by_key(|candidate| candidate.uid);
    candidates.truncate(budget);
}

/// The same over several mailboxes; the mailboxes themselves stay.
fn keep_newest(scanned: &mut [Scanned], budget: usize) {
    let mut kept = choose(scanned, budget);
    for one in scanned {
        one.candidates = kept.remove(&one.mailbox).unwrap_or_default();
        one.hold.set(weight(&one.candidates));
    }
}

fn choose(scanned: &mut [Scanned], budget: usize) -> BTreeMap<MailboxId, Vec<Candidate>> {
    let all: Vec<_> =
        scanned.iter_mut().map(|s| (s.mailbox, std::mem::take(&mut s.candidates))).collect();
    newest(&all, budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_a_date_stands_beside_its_neighbour() {
        let mut scan = Scan::new(10, Hold::default(), Wall(900));
        for (uid, date) in [(1, None), (2, Some(5)), (3, None), (4, Some(7)), (0, Some(9))] {
            let internal_date = date.map(Wall);
            scan.take(&Fetched { uid, internal_date, ..Fetched::default() });
        }
        assert_eq!(scan.seen().to_string(), "1:4");
        let dates = scan.pruned().candidates.into_iter().map(|it| (it.uid, it.received_at.0));
        assert_eq!(dates.collect::<Vec<_>>(), [(1, 900), (4, 7), (3, 5), (2, 5)]);
    }

    #[test]
    fn a_scan_counts_each_message_once() {
        let mut scan = Scan::new(3, Hold::default(), Wall(0));
        for uid in [7, 7, 7, 8].into_iter().cycle().take(5_000) {
            scan.take(&Fetched { uid, ..Fetched::default() });
        }
        assert_eq!((scan.seen().len(), scan.candidates.len() <= BATCH_MESSAGES), (2, true));
        assert_eq!(scan.pruned().candidates.len(), 2);
    }
}
