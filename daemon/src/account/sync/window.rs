//! The first look at a mailbox: which of its messages belong to the newest that are mirrored.

use super::Worker;
use crate::account::{ingest, store_failure};
use crate::imap::{Hold, Items, Listed, Which};
use crate::limits;
use chapar_engine::id::{MailboxId, MessageId};
use chapar_engine::limits::{BATCH_MESSAGES, SCAN_MESSAGES};
use chapar_engine::mailbox::{Mailbox, ServerState};
use chapar_engine::sync::{Before, Candidate, Rematch, after_reset, newest, rematch};
use chapar_engine::verdict::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// A mailbox looked at for the first time.
struct Scanned {
    mailbox: MailboxId,
    server: ServerState,
    candidates: Vec<Candidate>,
    /// What they weigh in the session's budget.
    hold: Hold,
}

/// Which messages of a mailbox are looked at, and how many of them are kept.
#[derive(Clone, Copy)]
struct Scope {
    /// Messages looked at, the last ones by sequence number.
    last: u32,
    /// The newest of them that are kept.
    keep: usize,
}

impl Worker {
    /// Plans every mailbox that has not been: all of them share one budget, so that what is
    /// mirrored is the newest over all mailboxes. Returns whether anything was planned.
    pub(super) async fn plan_windows(&mut self, listed: &[Listed]) -> Result<bool, Failure> {
        let account = self.account()?;
        let budget = usize::try_from(account.window).unwrap_or(usize::MAX);
        let last = u32::try_from(budget).unwrap_or(u32::MAX).max(SCAN_MESSAGES);
        let scope = Scope { last, keep: budget };
        let mut scanned = vec![];
        for mailbox in self.mailboxes()? {
            if !mailbox.planned {
                scanned.push(self.scan(&mailbox, scope, listed).await?);
                // what is not among the newest so far will not be among the newest of all
                let held: usize = scanned.iter().map(|s| s.candidates.len()).sum();
                if held > budget.saturating_mul(2) {
                    keep_newest(&mut scanned, budget);
                }
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

    async fn scan(
        &mut self,
        mailbox: &Mailbox,
        Scope { last, keep }: Scope,
        listed: &[Listed],
    ) -> Result<Scanned, Failure> {
        let known = listed.iter().find(|l| l.wire_name == mailbox.wire_name).and_then(|l| l.status);
        if let Some(server) = known.filter(|server| server.exists == 0) {
            let hold = Hold::default();
            return Ok(Scanned { mailbox: mailbox.id, server, candidates: vec![], hold });
        }
        let server = self.select(mailbox).await?;
        let session = self.session()?;
        session.expect_rows(keep);
        let mut hold = session.hold();
        let mut candidates = vec![];
        if server.exists > 0 {
            let first = server.exists.saturating_sub(last.saturating_sub(1)).max(1);
            let mut each = |fetched: crate::imap::Fetched| {
                if let (Some(received_at), true) = (fetched.internal_date, fetched.uid > 0) {
                    let candidate = Candidate {
                        uid: fetched.uid,
                        received_at,
                        size: fetched.size.unwrap_or(0),
                        flags: fetched.flags.unwrap_or_default(),
                    };
                    hold.grow(candidate.weight());
                    candidates.push(candidate);
                    if candidates.len() >= keep.saturating_mul(2).max(BATCH_MESSAGES) {
                        prune(&mut candidates, keep);
                        hold.set(weight(&candidates));
                    }
                }
            };
            let which = Which::Seqs(format!("{first}:*"));
            self.session()?.fetch(which, Items::Facts, &mut each).await?;
        }
        prune(&mut candidates, keep);
        hold.set(weight(&candidates));
        Ok(Scanned { mailbox: mailbox.id, server, candidates, hold })
    }

    /// Plans one mailbox again after its UIDs lost their meaning (UIDVALIDITY changed): messages
    /// that are the same mail keep their id, bytes and history and are not told as new; mail that
    /// arrived since is.
    pub(super) async fn replan(&mut self, mailbox: &Mailbox) -> Result<(), Failure> {
        let old = self.marks(mailbox)?;
        let before = self.before(mailbox, &old)?;
        let window = usize::try_from(self.account()?.window).unwrap_or(usize::MAX);
        // as many as there were and what arrived since, which is bounded by no number of ours
        let keep = old.len().max(window).saturating_add(limits::NEW_AT_RESET);
        let scope = Scope { last: u32::MAX, keep };
        let Scanned { server, candidates, hold, .. } = self.scan(mailbox, scope, &[]).await?;
        let candidates = after_reset(candidates, before);
        let (mut new, mut late) = (vec![], vec![]);
        let mut held = self.session()?.hold();
        let known: BTreeSet<&str> =
            old.iter().filter_map(|(_, mark)| mark.message_id.as_deref()).collect();
        let uids: Vec<u32> = candidates.iter().map(|candidate| candidate.uid).collect();
        for batch in uids.chunks(BATCH_MESSAGES) {
            for arrived in self.fetch_summaries(batch).await? {
                let Some(received_at) = arrived.received_at else { continue };
                let message_id = arrived.summary.message_id.clone();
                // A restored mailbox may date everything anew: only an unknown Message-ID is news.
                if before.newest.is_some_and(|at| received_at > at)
                    && message_id.as_deref().is_some_and(|id| !known.contains(id))
                {
                    held.grow(arrived.weight());
                    late.push(arrived.clone());
                }
                new.push((arrived.uid, Rematch { message_id, size: arrived.size, received_at }));
            }
        }
        drop(hold);
        let same = rematch(&old, &new);
        let id = mailbox.id;
        let ids: Vec<MessageId> = old.into_iter().map(|(id, _)| id).collect();
        let (removed, added) = self
            .write(move |tx| {
                let removed = ingest::replan(tx, id, server, &candidates, &ids, &same, &late)?;
                let added = ingest::receive(tx, id, server.uidvalidity, &late, server.uidnext)?;
                Ok((removed, added))
            })
            .await?;
        self.tally.removed += removed;
        self.tally.added += added;
        Ok(())
    }

    /// What was mirrored of a mailbox, so that as much is mirrored again.
    fn before(&self, mailbox: &Mailbox, old: &[(MessageId, Rematch)]) -> Result<Before, Failure> {
        let rows = old.len();
        let exists = mailbox.server.map_or(u32::MAX, |server| server.exists);
        let complete = usize::try_from(exists).is_ok_and(|exists| rows >= exists);
        let mut newest = old.iter().map(|(_, mark)| mark.received_at).max();
        let mut elsewhere = 0;
        for other in self.mailboxes()?.iter().filter(|other| other.id != mailbox.id) {
            let marks = self.marks(other)?;
            elsewhere += marks.len();
            if rows == 0 {
                // Nothing of it was new enough for the window: what is, arrived since.
                let oldest = marks.iter().map(|(_, mark)| mark.received_at);
                newest = newest.into_iter().chain(oldest).min();
            }
        }
        let window = usize::try_from(self.account()?.window).unwrap_or(usize::MAX);
        Ok(Before { rows, complete, newest, room: window.saturating_sub(elsewhere) })
    }

    /// What the mirrored messages of a mailbox are recognised by.
    fn marks(&self, mailbox: &Mailbox) -> Result<Vec<(MessageId, Rematch)>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let mut marks = vec![];
        for row in view.uids(mailbox.id).map_err(store_failure)? {
            if let Some(message) = view.message(row.id).map_err(store_failure)? {
                let message_id = message.summary.message_id;
                let (size, received_at) = (message.size, message.received_at);
                marks.push((row.id, Rematch { message_id, size, received_at }));
            }
        }
        Ok(marks)
    }
}

fn weight(candidates: &[Candidate]) -> usize {
    candidates.iter().map(Candidate::weight).sum()
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
