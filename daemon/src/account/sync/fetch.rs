//! Fetching messages so that one bad message costs only itself: what fails is cut smaller until the
//! message to blame is alone (the rule is the engine's), and what an answer left out is asked after.

use super::Worker;
use super::fill::numbered_anew;
use crate::account::ingest::{self, Arrived};
use crate::account::store_failure;
use crate::imap::{Fetched, Hold, Items, Which};
use crate::limits;
use crate::store::UidRow;
use chapar_engine::id::MessageId;
use chapar_engine::limits::{BATCH_MESSAGES, WHOLE_BYTES};
use chapar_engine::mailbox::{Mailbox, ServerState};
use chapar_engine::sync::{Blame, UidSet};
use chapar_engine::verdict::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The longest pause before the server is dialled again while a message to blame is looked for.
const PAUSE: Duration = Duration::from_secs(2);
/// Failures in a row after which there is a pause at all.
const PAUSE_FROM: u32 = 3;

/// What one command brought; complete messages count although the command failed after them.
struct Batch {
    arrived: Vec<Arrived>,
    /// More came than may be held at once: smaller batches will bring it.
    dropped: bool,
    /// What they weigh in the session's budget.
    hold: Hold,
    end: Result<(), Failure>,
}

impl Worker {
    /// Fetches these messages and stores what comes. What does not come is asked after, and a
    /// message that cannot be fetched is set aside. An error says that the fault is not one of
    /// single messages.
    pub(super) async fn bring(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        rows: &[UidRow],
        items: Items,
    ) -> Result<(), Failure> {
        let by_uid: BTreeMap<u32, &UidRow> = rows.iter().map(|row| (row.uid, row)).collect();
        let mut blame = Blame::among(by_uid.keys().copied().collect());
        let mut failures: BTreeMap<u32, Failure> = BTreeMap::new();
        let mut left_out = BTreeSet::new();
        let mut last = None;
        while let Some(asked) = blame.ask() {
            self.reopen(mailbox, server, blame.failures()).await?;
            let largest = asked.iter().filter_map(|uid| by_uid.get(uid)).map(|row| row.size).max();
            let batch = self.fetch(&asked, items, largest.unwrap_or_default()).await?;
            let came: BTreeSet<u32> = batch.arrived.iter().map(|one| one.uid).collect();
            self.take_in(mailbox, server, batch.arrived).await?;
            drop(batch.hold);
            self.batch = if batch.dropped {
                (self.batch / 4).max(1)
            } else {
                (self.batch * 2).min(BATCH_MESSAGES)
            };
            match batch.end {
                Ok(()) => {
                    blame.answered(&came);
                    // of a cut batch the next step asks again
                    if !batch.dropped {
                        left_out.extend(asked.into_iter().filter(|uid| !came.contains(uid)));
                    }
                }
                Err(failure) if self.is_of_account(&failure) => return Err(failure),
                Err(failure) => {
                    self.note_surprise(mailbox, &failure).await?;
                    if let [alone] = asked[..] {
                        failures.insert(alone, failure.clone());
                    }
                    last = Some(failure.clone());
                    if !blame.failed(asked, &came) {
                        return Err(failure);
                    }
                }
            }
        }
        match (blame.verdict(), last) {
            (None, Some(failure)) => return Err(failure),
            (None, None) => {}
            (Some(blamed), _) => {
                for uid in blamed {
                    if let (Some(row), Some(failure)) = (by_uid.get(&uid), failures.get(&uid)) {
                        self.set_message_aside(mailbox, row, failure).await?;
                    }
                }
            }
        }
        let left_out = left_out.iter().filter_map(|uid| by_uid.get(uid).copied());
        self.ask_after(mailbox, left_out.cloned().collect()).await
    }

    /// The mailbox is open under the same UIDVALIDITY, on a new session when the last one broke.
    async fn reopen(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        failures: u32,
    ) -> Result<(), Failure> {
        if !self.link.is_held() && failures >= PAUSE_FROM {
            let pause = Duration::from_secs(u64::from(failures - PAUSE_FROM + 1)).min(PAUSE);
            let clock = &self.context.world.clock;
            clock.sleep_until(clock.boot().after(pause)).await;
        }
        self.link.connect().await?;
        let now = self.link.ensure_selected(mailbox).await?;
        if now.uidvalidity == server.uidvalidity {
            return Ok(());
        }
        Err(numbered_anew())
    }

    /// Something went wrong while a mailbox was read: a session that broke is given up, and the
    /// counts of the mailbox are not believed until its UIDs were compared.
    async fn note_surprise(&mut self, mailbox: &Mailbox, failure: &Failure) -> Result<(), Failure> {
        if self.link.is_broken() {
            self.link.give_up(failure);
        }
        let id = mailbox.id;
        self.write(move |tx| ingest::doubt(tx, id)).await
    }

    async fn take_in(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        arrived: Vec<Arrived>,
    ) -> Result<(), Failure> {
        if arrived.is_empty() {
            return Ok(());
        }
        let bytes = arrived.iter().filter_map(|one| one.bytes.as_ref());
        let bytes = bytes.map(|bytes| bytes.len() as u64).sum();
        self.round.tally.bytes += bytes;
        let (id, validity) = (mailbox.id, server.uidvalidity);
        self.round.tally.added +=
            self.write(move |tx| ingest::fill(tx, id, validity, &arrived)).await?;
        self.holds_more(0, bytes);
        Ok(())
    }

    /// Fetches what was asked for, each message once. What the server sends beyond that, or beyond
    /// what may be held of one batch, is dropped as it comes. `largest` is the size it announced
    /// for the largest of them.
    async fn fetch(&mut self, uids: &[u32], items: Items, largest: u32) -> Result<Batch, Failure> {
        let mut arrived: BTreeMap<u32, Arrived> = BTreeMap::new();
        let mut facts: BTreeMap<u32, Fetched> = BTreeMap::new();
        let (mut total, mut dropped) = (0, false);
        let mut end = Ok(());
        let mut hold = self.link.session()?.hold();
        if items == Items::Whole {
            self.link.session()?.expect_at_most(at_most(largest));
        }
        for set in uids.iter().copied().collect::<UidSet>().commands() {
            let mut each = |fetched: Fetched| {
                if !uids.contains(&fetched.uid) {
                    return;
                }
                if let Some(known) = arrived.get_mut(&fetched.uid) {
                    return Arrived::add(known, fetched);
                }
                let uid = fetched.uid;
                let has_bytes = fetched.header.is_some() || fetched.body.is_some();
                if !has_bytes {
                    return drop(facts.insert(uid, fetched));
                }
                let Some(mut one) = Arrived::read(fetched) else { return };
                if let Some(facts) = facts.remove(&uid) {
                    one.add(facts);
                }
                let weight = one.weight();
                if !arrived.is_empty() && total + weight > limits::BATCH_HELD_BYTES {
                    dropped = true;
                    return;
                }
                total += weight;
                hold.set(total);
                arrived.insert(one.uid, one);
            };
            end = self.link.session()?.fetch(Which::Uids(set), items, &mut each).await;
            if end.is_err() {
                break;
            }
        }
        let arrived = arrived.into_values().filter(|one| one.answers(items)).collect();
        Ok(Batch { arrived, dropped, hold, end })
    }

    /// Messages that the server did not send although it answered OK: gone, or not ready.
    async fn ask_after(&mut self, mailbox: &Mailbox, rows: Vec<UidRow>) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        self.link.ensure_selected(mailbox).await?;
        let uids: UidSet = rows.iter().map(|row| row.uid).collect();
        let here = self.census(&uids, u32::MAX).await?;
        let (still, gone): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| here.contains(row.uid));
        let gone: Vec<MessageId> = gone.into_iter().map(|row| row.id).collect();
        if !gone.is_empty() {
            self.round.tally.removed += self.write(move |tx| ingest::vanish(tx, &gone)).await?;
        }
        let host = self.context.account().map_err(store_failure)?.imap.host;
        let message = format!("{host} has the message and does not send it");
        let failure = Failure::of("imap.protocol", message, None);
        for row in &still {
            self.set_message_aside(mailbox, row, &failure).await?;
        }
        Ok(())
    }
}

/// How large a body may be whose RFC822.SIZE is `size`: some servers announce a size computed from
/// their own form of the message, which is off by a good deal. One that announced none may have
/// what is mirrored by itself.
fn at_most(size: u32) -> u64 {
    let size = u64::from(if size == 0 { WHOLE_BYTES } else { size });
    size.saturating_mul(2).saturating_add(1 << 20)
}
