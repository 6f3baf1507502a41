//! The sync worker: one IMAP session for work. Each pass takes what is due from the store, in
//! bounded steps, one commit a step; killing it anywhere loses only the step under way.
//!
//! A pass: the INBOX first, then the list of mailboxes, the window of those never seen, changes in
//! the others, then what is still missing of each message: headers and preview, newest first, then
//! whole messages; at the end the mirror is proved. A mailbox or a message that fails is set aside
//! (`aside`) and the pass goes on. Must never act on a sequence number after the answer that it came
//! with, and never move a mailbox's UIDNEXT past a message that has no row and is not known to be
//! gone.

mod aside;
mod changes;
mod fetch;
mod fill;
mod filing;
mod link;
mod list;
mod prove;
mod replan;
mod room;
mod round;
mod window;

pub use fill::WholeRequest;

use super::{Context, Generation, Note, announce, store_failure};
use crate::store::StoreError;
use chapar_engine::event::EventKind;
use chapar_engine::mailbox::Role;
use chapar_engine::sync::Held;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use filing::Filing;
use futures_util::FutureExt;
use link::Link;
use round::{Round, Tally};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The worker and its session.
pub struct Worker {
    context: Arc<Context>,
    me: Generation,
    stop: CancellationToken,
    link: Link,
    filing: Filing,
    /// Messages asked for at once; shrinks while what comes is more than may be held.
    batch: usize,
    /// What the present pass has met.
    round: Round,
    /// Messages that differed from the server's and were mended, since this worker began.
    mended: u64,
    /// What is stored of the account, once it was counted.
    held: Option<Held>,
    /// Whether something called during the pass for another one.
    again: bool,
    /// When something that is set aside is due before the next usual pass.
    wake: Option<Boot>,
}

impl Worker {
    /// A worker without a session yet.
    #[must_use]
    pub fn new(context: Arc<Context>, me: Generation, stop: CancellationToken) -> Self {
        Self {
            link: Link::new(Arc::clone(&context)),
            context,
            me,
            stop,
            filing: Filing::default(),
            batch: chapar_engine::limits::BATCH_MESSAGES,
            round: Round::default(),
            mended: 0,
            held: None,
            again: false,
            wake: None,
        }
    }

    /// Works until stopped.
    pub async fn run(mut self, mut requests: mpsc::Receiver<WholeRequest>) {
        let stop = self.stop.clone();
        let context = Arc::clone(&self.context);
        loop {
            let filing = self.filing.due(&context);
            let wake = self.wake;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(request) = requests.recv() => self.serve(request).await,
                () = context.logins.seat_wanted(), if self.link.is_held() => {
                    self.link.leave().await;
                }
                () = context.sync.notified() => {
                    let end = tokio::select! {
                        biased;
                        () = stop.cancelled() => break,
                        end = self.whole_pass(&mut requests) => end,
                    };
                    self.ended(end).await;
                }
                () = super::sleep_until(&context.world, wake) => {
                    // once: the pass that it calls for sets the next one
                    self.wake = None;
                    context.note(self.me, Note::Hint).await;
                }
                () = super::sleep_until(&context.world, filing) => {
                    if let Err(failure) = self.file_sent().await {
                        self.filing_failed(&failure);
                    }
                }
            }
        }
        self.link.leave().await;
    }

    async fn ended(&mut self, end: Result<(), Failure>) {
        if let Err(failure) = &end {
            self.link.give_up(failure);
            let detail = failure.message.clone();
            self.append(EventKind::SyncFailed { detail }).await;
        }
        self.tell_aside().await;
        let pass = self.context.passes.load(Ordering::SeqCst);
        self.context.note(self.me, Note::SyncEnded(pass, end)).await;
        if std::mem::take(&mut self.again) {
            self.context.sync.notify_one();
        }
    }

    /// Whether something called for a look since last asked.
    fn take_hint(&mut self) -> bool {
        let hinted = self.context.sync.notified().now_or_never().is_some();
        self.again |= hinted;
        hinted
    }

    /// A pass; begun again when the session's own time ended it.
    async fn whole_pass(
        &mut self,
        requests: &mut mpsc::Receiver<WholeRequest>,
    ) -> Result<(), Failure> {
        self.context.passes.fetch_add(1, Ordering::SeqCst);
        let end = self.pass(requests).await;
        match &end {
            Err(failure) if self.link.ended_in_time(failure) => {
                self.link.give_up(failure);
                self.pass(requests).await
            }
            _ => end,
        }
    }

    /// One pass over everything that may be due.
    async fn pass(&mut self, requests: &mut mpsc::Receiver<WholeRequest>) -> Result<(), Failure> {
        self.round = Round::default();
        let initial = self.account()?.first_synced_at.is_none();
        self.context.note(self.me, Note::SyncStarted { initial }).await;
        self.take_up().await?;
        self.link.connect().await?;
        if !initial {
            self.look_at_inbox().await?;
        }
        let listed = self.listing(initial).await?;
        if self.plan_windows(&listed).await? && initial {
            let total = self.counts()?.1;
            self.append(EventKind::SyncStarted { initial, total }).await;
        }
        for mailbox in self.mailboxes()? {
            self.look_unless_same(&mailbox, &listed).await?;
        }
        self.look_again().await?;
        self.context.note(self.me, Note::Checked(self.context.now())).await;
        self.fill(requests).await?;
        let before = self.mended;
        self.prove().await?;
        if self.mended > before {
            self.fill(requests).await?;
        }
        self.file_sent().await?;
        self.settle_aside().await?;
        self.close_pass(initial).await?;
        self.round.unlisted.take().map_or(Ok(()), Err)
    }

    async fn fill(&mut self, requests: &mut mpsc::Receiver<WholeRequest>) -> Result<(), Failure> {
        self.fill_summaries(requests).await?;
        self.fill_wholes(requests).await
    }

    async fn look_at_inbox(&mut self) -> Result<(), Failure> {
        let inbox =
            self.mailboxes()?.into_iter().find(|m| m.role == Some(Role::Inbox) && m.planned);
        if let Some(inbox) = inbox {
            let end = self.look(&inbox).await;
            self.attended(&inbox, end).await?;
            self.round.inbox_looked = true;
        }
        Ok(())
    }

    fn account(&self) -> Result<chapar_engine::account::Account, Failure> {
        self.context.account().map_err(store_failure)
    }

    /// Messages done and messages wanted, over all mailboxes.
    fn counts(&self) -> Result<(u64, u64), Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        // asked after each batch: never a walk over ten thousand mailboxes
        let counts = view.account_counts(self.context.id).map_err(store_failure)?;
        Ok((counts.whole, counts.whole + counts.summary + counts.planned))
    }

    async fn close_pass(&mut self, initial: bool) -> Result<(), Failure> {
        let Tally { added, removed, flagged, .. } = self.round.tally;
        if !initial {
            announce::first_sync(&self.context).await;
        }
        if !initial && added + removed + flagged == 0 {
            return Ok(());
        }
        let emails = self.counts()?.1;
        let id = self.context.id;
        self.write(move |tx| {
            if let Some(mut account) = tx.account(id)?
                && account.first_synced_at.is_none()
            {
                account.first_synced_at = Some(tx.now());
                tx.put_account(&account)?;
            }
            let kind = EventKind::SyncCompleted { initial, emails, added, removed, flagged };
            tx.append(Some(id), kind).map(drop)
        })
        .await?;
        if initial {
            announce::first_sync(&self.context).await;
        }
        if added > 0 {
            self.context.note(self.me, Note::New(self.context.now())).await;
        }
        Ok(())
    }

    async fn append(&self, kind: EventKind) {
        let id = self.context.id;
        let written = self.write(move |tx| tx.append(Some(id), kind.clone()).map(drop)).await;
        if let Err(failure) = written {
            tracing::warn!(account = id.0, code = failure.code, "an event could not be journalled");
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut crate::store::Txn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.context.store.write(self.context.now(), change).await.map_err(store_failure)
    }
}
