//! What is set aside: a mailbox that does not open and a message that cannot be fetched stop
//! nothing but themselves. Owns who is blamed and what is told of it; the waits are the engine's.

use super::{Round, Worker};
use crate::account::report::Aside;
use crate::account::{Note, ingest, store_failure};
use crate::store::UidRow;
use chapar_engine::id::MailboxId;
use chapar_engine::mailbox::{Mailbox, Role};
use chapar_engine::sync::{Kind, Trouble, concerns_account};
use chapar_engine::verdict::Failure;
use futures_util::FutureExt;
use std::collections::BTreeMap;
use std::time::Duration;

/// Mailboxes in a row at which the session may break before the pass ends: then it is the server.
const BREAKS: u32 = 3;
/// What is set aside is tried again by a pass of its own when that is due before the usual one.
const WAKE_WITHIN: Duration = Duration::from_mins(5);

impl Worker {
    /// Begins a pass: who asked for it wants everything tried now, and what an earlier version set
    /// aside for ever is tried again.
    pub(super) async fn take_up(&mut self) -> Result<(), Failure> {
        let id = self.context.id;
        if self.context.insist.notified().now_or_never().is_some() {
            self.write(move |tx| ingest::hurry(tx, id)).await?;
        }
        let view = self.context.store.read().map_err(store_failure)?;
        let mut old = vec![];
        for mailbox in view.mailboxes(id).map_err(store_failure)? {
            let rows = view.next_at_stage(
                mailbox.id,
                chapar_engine::message::Stage::Poison,
                u32::MAX,
                chapar_engine::limits::BATCH_MESSAGES,
                &|_| false,
            );
            old.extend(rows.map_err(store_failure)?.into_iter().map(|row| row.id));
        }
        drop(view);
        if old.is_empty() {
            return Ok(());
        }
        self.write(move |tx| ingest::revive(tx, &old)).await
    }

    /// Whether a mailbox is set aside and not due.
    pub(super) fn rests(&self, mailbox: &Mailbox) -> Result<bool, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let troubles = view.troubles_in(mailbox.account, mailbox.id).map_err(store_failure)?;
        let now = self.context.now();
        let trouble = troubles.mailboxes.get(&mailbox.id);
        Ok(trouble.is_some_and(|trouble| !trouble.is_due(Kind::Mailbox, now)))
    }

    /// How work at one mailbox ended: an error of the whole account goes on up, any other one sets
    /// the mailbox aside.
    pub(super) async fn attended(
        &mut self,
        mailbox: &Mailbox,
        end: Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Err(failure) = end else {
            if self.link.has_selected(mailbox.id) {
                self.round.well.insert(mailbox.id);
                self.round.breaks = 0;
            }
            return Ok(());
        };
        if self.is_of_account(&failure) {
            return Err(failure);
        }
        // given up already where the step itself tried to go on
        let broke = self.link.is_broken() || !self.link.is_held();
        self.round.failed.insert(mailbox.id);
        self.round.last = Some(failure.clone());
        self.set_mailbox_aside(mailbox, &failure).await?;
        if broke {
            self.link.give_up(&failure);
            let id = mailbox.id;
            self.write(move |tx| ingest::doubt(tx, id)).await?;
            self.round.breaks += 1;
            if self.round.breaks >= BREAKS {
                return Err(failure);
            }
            // only a server that lets us in again shows that it was this mailbox
            self.link.connect().await?;
        }
        Ok(())
    }

    /// Whether no mailbox and no message is to blame for a failure.
    pub(super) fn is_of_account(&self, failure: &Failure) -> bool {
        concerns_account(failure) || self.link.is_unreachable() || self.link.ended_in_time(failure)
    }

    async fn set_mailbox_aside(
        &mut self,
        mailbox: &Mailbox,
        failure: &Failure,
    ) -> Result<(), Failure> {
        tracing::warn!(
            account = self.context.id.0,
            mailbox = mailbox.id.0,
            code = failure.code,
            "a mailbox failed; the others go on"
        );
        let (mailbox, failure) = (mailbox.id, failure.clone());
        self.write(move |tx| ingest::set_aside(tx, mailbox, None, &failure)).await
    }

    /// Sets a message aside.
    pub(super) async fn set_message_aside(
        &mut self,
        mailbox: &Mailbox,
        row: &UidRow,
        failure: &Failure,
    ) -> Result<(), Failure> {
        tracing::warn!(
            account = self.context.id.0,
            message = row.id.0,
            code = failure.code,
            "a message cannot be fetched; the others go on"
        );
        let (mailbox, uid, failure) = (mailbox.id, row.uid, failure.clone());
        self.write(move |tx| ingest::set_aside(tx, mailbox, Some(uid), &failure)).await
    }

    /// Mailboxes that failed in this pass are tried once more, now that the others are done.
    pub(super) async fn look_again(&mut self) -> Result<(), Failure> {
        for mailbox in self.mailboxes()? {
            if mailbox.planned
                && self.round.failed.contains(&mailbox.id)
                && !self.rests(&mailbox)?
            {
                let end = self.look(&mailbox).await;
                if end.is_ok() {
                    self.round.failed.remove(&mailbox.id);
                }
                self.attended(&mailbox, end).await?;
            }
        }
        Ok(())
    }

    /// At the end of a pass: what opened without a failure is well again. A pass in which nothing
    /// opened has failed.
    pub(super) async fn settle_aside(&mut self) -> Result<(), Failure> {
        let Round { well, failed, last, .. } = &self.round;
        if let (true, Some(last)) = (well.is_empty(), last) {
            return Err(last.clone());
        }
        let id = self.context.id;
        let view = self.context.store.read().map_err(store_failure)?;
        let troubles = view.troubles(id).map_err(store_failure)?;
        drop(view);
        let over: Vec<_> = troubles
            .mailboxes
            .into_keys()
            .filter(|mailbox| well.contains(mailbox) && !failed.contains(mailbox))
            .collect();
        if over.is_empty() {
            return Ok(());
        }
        self.write(move |tx| over.iter().try_for_each(|it| tx.clear_trouble(id, *it, None))).await
    }

    /// Tells what is set aside, and when the next of it is due.
    pub(super) async fn tell_aside(&mut self) {
        let Ok(view) = self.context.store.read() else { return };
        let (Ok(troubles), Ok(mailboxes)) =
            (view.troubles(self.context.id), view.mailboxes(self.context.id))
        else {
            return;
        };
        drop(view);
        let messages = troubles.messages.values();
        self.wake = self.next_due(troubles.mailboxes.values().chain(messages));
        let by_id: BTreeMap<MailboxId, &Mailbox> =
            mailboxes.iter().map(|mailbox| (mailbox.id, mailbox)).collect();
        let mut aside = Aside { mended: self.mended, full: self.full(), ..Aside::default() };
        let mut closed: Vec<_> = troubles
            .mailboxes
            .iter()
            .filter(|(_, trouble)| trouble.is_aside(Kind::Mailbox))
            .filter_map(|(id, trouble)| Some((*by_id.get(id)?, trouble)))
            .collect();
        closed.sort_by_key(|(mailbox, _)| mailbox.role != Some(Role::Inbox));
        for (mailbox, trouble) in closed {
            aside.mailboxes.add(|| mailbox.name.clone(), &trouble.reason);
        }
        for ((mailbox, uid), trouble) in &troubles.messages {
            if let Some(mailbox) = by_id.get(mailbox)
                && trouble.is_aside(Kind::Message)
            {
                aside.messages.add(|| format!("{} UID {uid}", mailbox.name), &trouble.reason);
            }
        }
        self.context.note(self.me, Note::Aside(aside)).await;
    }

    fn next_due<'t>(
        &self,
        troubles: impl Iterator<Item = &'t Trouble>,
    ) -> Option<chapar_engine::time::Boot> {
        let now = self.context.now();
        // what was due already had its turn in the pass that ended
        let next = troubles.map(|trouble| trouble.next).filter(|next| *next > now).min()?;
        let wait = next.until_from(now);
        (wait < WAKE_WITHIN).then(|| self.context.world.clock.boot().after(wait))
    }
}
