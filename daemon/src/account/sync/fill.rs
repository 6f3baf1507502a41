//! What is still missing of known messages: first headers and preview, then all bytes.

use super::Worker;
use crate::account::report::Progress;
use crate::account::{Note, store_failure};
use crate::imap::Items;
use crate::store::UidRow;
use chapar_engine::event::EventKind;
use chapar_engine::id::{BlobId, MessageId};
use chapar_engine::limits::{BATCH_BYTES, MESSAGE_BYTES, WHOLE_BYTES};
use chapar_engine::mailbox::Mailbox;
use chapar_engine::message::{Message, Stage};
use chapar_engine::sync::{Kind, Room, Trouble};
use chapar_engine::verdict::{Failure, Verdict};
use std::collections::BTreeSet;
use tokio::sync::{mpsc, oneshot};

/// A client wants all bytes of a message that is not mirrored whole.
#[derive(Debug)]
pub struct WholeRequest {
    /// Which message.
    pub message: MessageId,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<BlobId, Failure>>,
}

type Requests = mpsc::Receiver<WholeRequest>;

impl Worker {
    /// Headers and preview of every message that has only its row.
    pub(super) async fn fill_summaries(&mut self, requests: &mut Requests) -> Result<(), Failure> {
        for mailbox in self.mailboxes()? {
            if self.is_open(&mailbox)? {
                let end = self.fill_summaries_of(&mailbox, requests).await;
                self.attended(&mailbox, end).await?;
            }
        }
        Ok(())
    }

    async fn fill_summaries_of(
        &mut self,
        mailbox: &Mailbox,
        requests: &mut Requests,
    ) -> Result<(), Failure> {
        self.renumber(mailbox, [Stage::Arriving, Stage::Planned], u32::MAX).await?;
        for stage in [Stage::Arriving, Stage::Planned] {
            while let Some(rows) = self.next(mailbox, stage, u32::MAX)? {
                if self.lacks_room(Room::Headers)? {
                    return Ok(());
                }
                self.step(mailbox, &rows, Items::Summary).await?;
                self.between(requests).await?;
            }
        }
        Ok(())
    }

    /// Headers and preview of what has just arrived.
    pub(super) async fn fill_arrivals(&mut self, mailbox: &Mailbox) -> Result<(), Failure> {
        while let Some(rows) = self.next(mailbox, Stage::Arriving, u32::MAX)? {
            if self.lacks_room(Room::Headers)? {
                break;
            }
            self.step(mailbox, &rows, Items::Summary).await?;
        }
        Ok(())
    }

    /// All bytes of every message within the size policy.
    pub(super) async fn fill_wholes(&mut self, requests: &mut Requests) -> Result<(), Failure> {
        for mailbox in self.mailboxes()? {
            if self.is_open(&mailbox)? {
                let end = self.fill_wholes_of(&mailbox, requests).await;
                self.attended(&mailbox, end).await?;
            }
        }
        Ok(())
    }

    async fn fill_wholes_of(
        &mut self,
        mailbox: &Mailbox,
        requests: &mut Requests,
    ) -> Result<(), Failure> {
        self.renumber(mailbox, [Stage::Summary], WHOLE_BYTES).await?;
        while let Some(rows) = self.next(mailbox, Stage::Summary, WHOLE_BYTES)? {
            if self.lacks_room(Room::All)? {
                break;
            }
            self.step(mailbox, &rows, Items::Whole).await?;
            self.between(requests).await?;
        }
        Ok(())
    }

    /// A mailbox in which something is to be filled is open, and planned again when it has got
    /// another UIDVALIDITY since it was looked at.
    async fn renumber(
        &mut self,
        mailbox: &Mailbox,
        stages: impl IntoIterator<Item = Stage>,
        max: u32,
    ) -> Result<(), Failure> {
        for stage in stages {
            if self.next(mailbox, stage, max)?.is_some() {
                let Some(known) = self.known(mailbox)? else { return Ok(()) };
                let server = self.link.ensure_selected(&known).await?;
                let is_same = known.server.is_some_and(|it| it.uidvalidity == server.uidvalidity);
                return if is_same { Ok(()) } else { self.replan(&known).await };
            }
        }
        Ok(())
    }

    /// Whether there is something to be filled in a mailbox that has not failed in this pass.
    fn is_open(&self, mailbox: &Mailbox) -> Result<bool, Failure> {
        Ok(mailbox.planned && !self.round.failed.contains(&mailbox.id) && !self.rests(mailbox)?)
    }

    /// The next rows to fetch, newest first, bounded in number and bytes; what is set aside waits.
    fn next(
        &self,
        mailbox: &Mailbox,
        stage: Stage,
        max: u32,
    ) -> Result<Option<Vec<UidRow>>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let troubles = view.troubles_in(mailbox.account, mailbox.id).map_err(store_failure)?;
        let now = self.context.now();
        let waits = |trouble: &Trouble| !trouble.is_due(Kind::Message, now);
        let resting: BTreeSet<u32> = troubles
            .messages
            .iter()
            .filter(|(_, trouble)| waits(trouble))
            .map(|((_, uid), _)| *uid)
            .collect();
        let rests = |uid| resting.contains(&uid);
        let mut rows = view
            .next_at_stage(mailbox.id, stage, max, self.batch, &rests)
            .map_err(store_failure)?;
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
        let Some(mailbox) = &self.known(mailbox)? else { return Ok(()) };
        let server = self.link.ensure_selected(mailbox).await?;
        if mailbox.server.is_some_and(|known| known.uidvalidity != server.uidvalidity) {
            return Err(numbered_anew());
        }
        self.bring(mailbox, server, rows, items).await?;
        self.progress(mailbox).await
    }

    /// Tells how far the mirror is.
    async fn progress(&self, mailbox: &Mailbox) -> Result<(), Failure> {
        let (done, total) = self.counts()?;
        let progress = Progress {
            done,
            total,
            mailbox: Some(mailbox.name.clone()),
            bytes: self.round.tally.bytes,
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
        self.link.renew().await?;
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
            && self.link.is_broken()
        {
            self.link.give_up(failure);
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
        self.link.connect().await?;
        let server = self.link.ensure_selected(&mailbox).await?;
        let row = UidRow {
            uid: message.uid,
            id,
            stage: message.stage,
            size: message.size,
            received_at: message.received_at,
            flags: message.flags,
        };
        // once more, because a link may break at any message
        for _ in 0..2 {
            self.bring(&mailbox, server, std::slice::from_ref(&row), Items::Whole).await?;
            if let Some(blob) = self.locate(id)?.0.blob {
                return Ok(blob);
            }
        }
        Err(self.why_not(&mailbox, row.uid)?)
    }

    /// Why a message that is there was not brought.
    fn why_not(&self, mailbox: &Mailbox, uid: u32) -> Result<Failure, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let troubles = view.troubles_in(mailbox.account, mailbox.id).map_err(store_failure)?;
        let reason = troubles.messages.get(&(mailbox.id, uid)).map(|it| it.reason.as_str());
        let message = "The server does not hand the message out.";
        Ok(Failure::of("mail.aside", message, reason))
    }

    fn locate(&self, id: MessageId) -> Result<(Message, Mailbox), Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let message = view.message(id).map_err(store_failure)?;
        let mailbox = match &message {
            Some(message) => view.mailbox(message.mailbox).map_err(store_failure)?,
            None => None,
        };
        message
            .zip(mailbox)
            .ok_or_else(|| refused("imap.gone", "The server no longer has this message."))
    }
}

/// The next look at the mailbox plans it again.
pub(super) fn numbered_anew() -> Failure {
    Failure::of("imap.protocol", "The mailbox was numbered anew while it was read.", None)
}

fn refused(code: &'static str, message: &str) -> Failure {
    Failure { code, message: message.into(), detail: None, verdict: Verdict::Refused }
}
