//! A mailbox whose UIDs lost their meaning (UIDVALIDITY changed) is planned again: messages that are
//! the same mail keep their id, bytes and history and are not told as new; mail that arrived since
//! is.

use super::Worker;
use super::list::Listing;
use super::window::{Scanned, Scope};
use crate::account::{ingest, store_failure};
use crate::imap::{Fetched, Items, Which};
use crate::limits;
use chapar_engine::id::MessageId;
use chapar_engine::limits::BATCH_MESSAGES;
use chapar_engine::mailbox::Mailbox;
use chapar_engine::sync::{Before, Candidate, Rematch, UidSet, after_reset, rematch};
use chapar_engine::verdict::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// What the mirrored messages of a mailbox are recognised by.
type Marks = Vec<(MessageId, Rematch)>;

impl Worker {
    /// Plans a mailbox again.
    pub(super) async fn replan(&mut self, mailbox: &Mailbox) -> Result<(), Failure> {
        let old = self.marks(mailbox)?;
        let before = self.before(mailbox, &old)?;
        let window = usize::try_from(self.account()?.window).unwrap_or(usize::MAX);
        // as many as there were and what arrived since, which is bounded by no number of ours
        let keep = old.len().max(window).saturating_add(limits::NEW_AT_RESET);
        let scope = Scope { last: u32::MAX, keep };
        let Scanned { server, candidates, hold, .. } =
            self.scan(mailbox, scope, &Listing::default()).await?;
        let candidates = after_reset(candidates, before);
        self.link.connect().await?;
        self.link.ensure_selected(mailbox).await?;
        let new = self.message_ids(&candidates).await?;
        drop(hold);
        let known: BTreeSet<&str> =
            old.iter().filter_map(|(_, mark)| mark.message_id.as_deref()).collect();
        // A restored mailbox may date everything anew: only an unknown Message-ID is news.
        let is_news = |mark: &Rematch| {
            before.newest.is_some_and(|at| mark.received_at > at)
                && mark.message_id.as_deref().is_some_and(|id| !known.contains(id))
        };
        let late: BTreeSet<u32> =
            new.iter().filter(|(_, mark)| is_news(mark)).map(|(uid, _)| *uid).collect();
        let same = rematch(&old, &new);
        let id = mailbox.id;
        let ids: Vec<MessageId> = old.into_iter().map(|(id, _)| id).collect();
        self.round.tally.removed += self
            .write(move |tx| ingest::replan(tx, id, server, &candidates, &ids, &same, &late))
            .await?;
        match self.known(mailbox)? {
            Some(mailbox) => self.fill_arrivals(&mailbox).await,
            None => Ok(()),
        }
    }

    /// What the messages found are recognised by. One that does not say its Message-ID is not
    /// recognised, and fetched as any other.
    async fn message_ids(
        &mut self,
        candidates: &[Candidate],
    ) -> Result<Vec<(u32, Rematch)>, Failure> {
        let mut new = vec![];
        for batch in candidates.chunks(BATCH_MESSAGES) {
            let mut ids: BTreeMap<u32, String> = BTreeMap::new();
            for set in batch.iter().map(|it| it.uid).collect::<UidSet>().commands() {
                let mut each = |fetched: Fetched| {
                    let asked = batch.iter().any(|it| it.uid == fetched.uid);
                    if let Some(id) = fetched.message_id.filter(|_| asked) {
                        ids.insert(fetched.uid, bare(&id).to_owned());
                    }
                };
                self.link.session()?.fetch(Which::Uids(set), Items::MessageId, &mut each).await?;
            }
            new.extend(batch.iter().map(|it| {
                let message_id = ids.remove(&it.uid).filter(|id| !id.is_empty());
                let (size, received_at) = (it.size, it.received_at);
                (it.uid, Rematch { message_id, size, received_at })
            }));
        }
        Ok(new)
    }

    /// What was mirrored of a mailbox, so that as much is mirrored again.
    fn before(&self, mailbox: &Mailbox, old: &Marks) -> Result<Before, Failure> {
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

    fn marks(&self, mailbox: &Mailbox) -> Result<Marks, Failure> {
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

/// A Message-ID without its angle brackets.
fn bare(message_id: &str) -> &str {
    message_id.trim().trim_start_matches('<').trim_end_matches('>').trim()
}
