//! What is still missing of known messages: first headers and preview, then all bytes.

use super::{WholeRequest, Worker};
use crate::account::ingest::{self, Arrived};
use crate::account::report::Progress;
use crate::account::{Note, store_failure};
use crate::imap::{Fetched, Hold, Items, Which};
use crate::limits;
use crate::store::UidRow;
use chapar_engine::event::EventKind;
use chapar_engine::id::{BlobId, MessageId};
use chapar_engine::limits::{BATCH_BYTES, BATCH_MESSAGES, MESSAGE_BYTES, WHOLE_BYTES};
use chapar_engine::mailbox::Mailbox;
use chapar_engine::message::Stage;
use chapar_engine::sync::UidSet;
use chapar_engine::verdict::{Failure, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;

/// What one batch brought.
struct Batch {
    arrived: Vec<Arrived>,
    /// More came than may be held at once: smaller batches will bring it.
    dropped: bool,
    /// What they weigh in the session's budget.
    hold: Hold,
}

impl Worker {
    /// Headers and preview of every planned message.
    pub(super) async fn fill_summaries(&mut self, requests: &mut Requests) -> Result<(), Failure> {
        for mailbox in self.mailboxes()? {
            while let Some(rows) = self.next(&mailbox, Stage::Planned, u32::MAX)? {
                self.step(&mailbox, &rows, Items::Summary).await?;
                self.between(requests).await?;
            }
        }
        Ok(())
    }

    /// All bytes of every message within the size policy.
    pub(super) async fn fill_wholes(&mut self, requests: &mut Requests) -> Result<(), Failure> {
        for mailbox in self.mailboxes()? {
            while let Some(rows) = self.next(&mailbox, Stage::Summary, WHOLE_BYTES)? {
                self.step(&mailbox, &rows, Items::Whole).await?;
                self.between(requests).await?;
            }
        }
        Ok(())
    }

    /// The next rows to fetch, newest first, bounded in number and bytes.
    fn next(
        &self,
        mailbox: &Mailbox,
        stage: Stage,
        max: u32,
    ) -> Result<Option<Vec<UidRow>>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let mut rows =
            view.next_at_stage(mailbox.id, stage, max, self.batch).map_err(store_failure)?;
        if stage == Stage::Summary {
            let mut bytes = 0;
            let fits = rows.iter().take_while(|row| {
                bytes += u64::from(row.size);
                bytes <= BATCH_BYTES
            });
            let count = fits.count().max(1);
            rows.truncate(count);
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// One batch: fetch, read, store.
    async fn step(
        &mut self,
        mailbox: &Mailbox,
        rows: &[UidRow],
        items: Items,
    ) -> Result<(), Failure> {
        // Read afresh: what was planned again since the pass began has other numbers.
        let view = self.context.store.read().map_err(store_failure)?;
        let Some(mailbox) = &view.mailbox(mailbox.id).map_err(store_failure)? else {
            return Ok(());
        };
        drop(view);
        let server = self.ensure_selected(mailbox).await?;
        if mailbox.server.is_some_and(|known| known.uidvalidity != server.uidvalidity) {
            return self.replan(mailbox).await;
        }
        let uids: Vec<u32> = rows.iter().map(|row| row.uid).collect();
        let largest = rows.iter().map(|row| row.size).max().unwrap_or_default();
        let Batch { arrived, dropped, hold } = match self.fetch(&uids, items, largest).await {
            Ok(batch) => batch,
            Err(failure) => return Err(self.suspect(rows, failure).await),
        };
        self.batch =
            if dropped { (self.batch / 4).max(1) } else { (self.batch * 2).min(BATCH_MESSAGES) };
        let came: BTreeSet<u32> = arrived.iter().map(|a| a.uid).collect();
        let bytes: u64 =
            arrived.iter().filter_map(|a| a.bytes.as_ref()).map(|b| b.len() as u64).sum();
        let (id, validity) = (mailbox.id, server.uidvalidity);
        self.write(move |tx| ingest::fill(tx, id, validity, &arrived)).await?;
        drop(hold);
        self.tally.bytes += bytes;
        if !dropped {
            self.missed(rows.iter().filter(|row| !came.contains(&row.uid))).await?;
        }
        self.progress(mailbox).await
    }

    pub(super) async fn fetch_summaries(&mut self, uids: &[u32]) -> Result<Vec<Arrived>, Failure> {
        Ok(self.fetch(uids, Items::Summary, 0).await?.arrived)
    }

    /// Fetches what was asked for, each message once. What the server sends beyond that, or beyond
    /// what may be held of one batch, is dropped as it comes. `largest` is the size it announced
    /// for the largest of them.
    async fn fetch(&mut self, uids: &[u32], items: Items, largest: u32) -> Result<Batch, Failure> {
        let mut arrived = BTreeMap::new();
        let (mut held, mut dropped) = (0, false);
        let mut drawn = self.session()?.hold();
        if items == Items::Whole {
            self.session()?.expect_at_most(at_most(largest));
        }
        for set in uids.iter().copied().collect::<UidSet>().commands() {
            let mut each = |fetched: Fetched| {
                if !uids.contains(&fetched.uid) || arrived.contains_key(&fetched.uid) {
                    return;
                }
                let Some(one) = Arrived::read(fetched) else { return };
                let weight = one.weight();
                if !arrived.is_empty() && held + weight > limits::BATCH_HELD_BYTES {
                    dropped = true;
                    return;
                }
                held += weight;
                drawn.set(held);
                arrived.insert(one.uid, one);
            };
            self.session()?.fetch(Which::Uids(set), items, &mut each).await?;
        }
        Ok(Batch { arrived: arrived.into_values().collect(), dropped, hold: drawn })
    }

    /// Messages that the server did not send although it answered OK: gone, or unreadable for it.
    async fn missed(&mut self, rows: impl Iterator<Item = &UidRow>) -> Result<(), Failure> {
        let rows: Vec<UidRow> = rows.cloned().collect();
        if rows.is_empty() {
            return Ok(());
        }
        let mut here = UidSet::default();
        for set in rows.iter().map(|row| row.uid).collect::<UidSet>().commands() {
            here.add(&self.session()?.search(&format!("UID {set}")).await?);
        }
        let (still, gone): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| here.contains(row.uid));
        let gone: Vec<MessageId> = gone.into_iter().map(|row| row.id).collect();
        self.tally.removed += self.write(move |tx| ingest::vanish(tx, &gone)).await?;
        for row in still {
            self.count_try(row.id).await?;
        }
        Ok(())
    }

    /// A batch broke the session: ask for fewer next time, and blame a message only when it was
    /// asked for alone. Returns the failure to end the pass with.
    async fn suspect(&mut self, rows: &[UidRow], failure: Failure) -> Failure {
        if !matches!(failure.code, "imap.protocol" | "imap.too_much") {
            return failure;
        }
        if let [row] = rows {
            if let Err(unstored) = self.count_try(row.id).await {
                return unstored;
            }
        } else {
            self.batch = (self.batch / 4).max(1);
        }
        failure
    }

    async fn count_try(&mut self, id: MessageId) -> Result<(), Failure> {
        let tries = self.tries.entry(id).or_default();
        *tries += 1;
        if *tries >= limits::POISON_TRIES {
            tracing::warn!(account = self.context.id.0, message = id.0, "message set aside");
            self.tries.remove(&id);
            self.write(move |tx| ingest::poison(tx, id)).await?;
        }
        Ok(())
    }

    /// Tells how far the mirror is.
    async fn progress(&self, mailbox: &Mailbox) -> Result<(), Failure> {
        let (done, total) = self.counts()?;
        let progress = Progress {
            done,
            total,
            mailbox: Some(mailbox.name.clone()),
            bytes: self.tally.bytes,
            stalled: None,
        };
        self.context.note_lossy(self.me, Note::Progress(progress));
        if self.account()?.first_synced_at.is_none() {
            let mailbox = Some(mailbox.id);
            self.append(EventKind::SyncProgress { done, total, mailbox }).await;
        }
        Ok(())
    }

    /// Between two batches: clients' requests, and new mail in the INBOX.
    async fn between(&mut self, requests: &mut Requests) -> Result<(), Failure> {
        self.renew().await?;
        while let Ok(request) = requests.try_recv() {
            self.serve(request).await;
        }
        if self.take_hint() {
            self.look_at_inbox().await?;
        }
        Ok(())
    }

    /// Answers one request for a whole message.
    pub(super) async fn serve(&mut self, request: WholeRequest) {
        let answer = self.whole(request.message).await;
        if let Err(failure) = &answer
            && failure.verdict != Verdict::Refused
        {
            self.drop_session(failure);
        }
        // The client may have gone; what was fetched is stored all the same.
        let _: Result<_, _> = request.reply.send(answer);
    }

    async fn whole(&mut self, id: MessageId) -> Result<BlobId, Failure> {
        let (message, mailbox) = self.locate(id)?;
        if let Some(blob) = message.blob {
            return Ok(blob);
        }
        if u64::from(message.size) > MESSAGE_BYTES {
            return Err(refused("imap.too_large", "The message is larger than chapar reads."));
        }
        self.connect().await?;
        let server = self.ensure_selected(&mailbox).await?;
        let arrived = self.fetch(&[message.uid], Items::Whole, message.size).await?.arrived;
        let (mailbox, validity) = (mailbox.id, server.uidvalidity);
        self.write(move |tx| ingest::fill(tx, mailbox, validity, &arrived)).await?;
        let (message, _) = self.locate(id)?;
        message.blob.ok_or_else(|| refused("imap.gone", "The server no longer has this message."))
    }

    fn locate(&self, id: MessageId) -> Result<(chapar_engine::message::Message, Mailbox), Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let message = view.message(id).map_err(store_failure)?;
        let mailbox = match &message {
            Some(message) => view.mailbox(message.mailbox).map_err(store_failure)?,
            None => None,
        };
        message.zip(mailbox).ok_or_else(|| refused("imap.gone", "There is no such message."))
    }
}

type Requests = mpsc::Receiver<WholeRequest>;

/// How large a body may be whose RFC822.SIZE is `size`: some servers announce a size computed from
/// their own form of the message, which is off by a good deal. One that announced none may have
/// what is mirrored by itself.
fn at_most(size: u32) -> u64 {
    let size = u64::from(if size == 0 { WHOLE_BYTES } else { size });
    size.saturating_mul(2).saturating_add(1 << 20)
}

fn refused(code: &'static str, message: &str) -> Failure {
    Failure { code, message: message.into(), detail: None, verdict: Verdict::Refused }
}
