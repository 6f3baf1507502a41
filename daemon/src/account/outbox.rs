//! The outbox worker: takes what is due, delivers it step by step, and makes each step durable
//! before the next one. Decides nothing about retries: the submission machine does.
//!
//! Must never send what may already have been accepted, and is never cancelled inside a delivery:
//! stopping waits for the delivery under way.

use super::{Context, Generation, Note, store_failure};
use crate::smtp::{Outcome, Session};
use crate::store::{StoreError, Txn};
use chapar_engine::event::EventKind;
use chapar_engine::id::SubmissionId;
use chapar_engine::submission::{Delivery, Phase, Submission};
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::{Failure, Verdict};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Works until stopped.
pub async fn run(context: Arc<Context>, me: Generation, stop: CancellationToken) {
    let mut outbox = Outbox {
        context: Arc::clone(&context),
        me,
        session: None,
    };
    outbox.recover().await;
    let mut link = context.world.link.0.clone();
    loop {
        outbox.deliver_due(&stop).await;
        let due = outbox.next_due();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = context.outbox.notified() => {}
            Ok(()) = link.changed() => outbox.hurry().await,
            () = super::sleep_until(&context.world, due) => {}
        }
    }
}

struct Outbox {
    context: Arc<Context>,
    me: Generation,
    session: Option<Session>,
}

impl Outbox {
    /// After a start: what was under way when the daemon ended is either certainly not sent, or
    /// unknown.
    async fn recover(&self) {
        for submission in self.open() {
            if matches!(submission.phase, Phase::Sending | Phase::DotPending) {
                self.change(submission.id, |submission, now, _| {
                    submission.recovered(now)
                })
                .await;
            }
        }
        self.context.sync.notify_one();
    }

    /// The network came back: what waits for a retry is tried now.
    async fn hurry(&self) {
        for submission in self.open() {
            if submission.attempts > 0 && matches!(submission.phase, Phase::Queued { .. }) {
                self.change(submission.id, |submission, now, _| {
                    // Refused only when it is no longer waiting, and then there is nothing to do.
                    let _: Result<_, _> = submission.retry_now(now);
                })
                .await;
            }
        }
    }

    fn open(&self) -> Vec<Submission> {
        let read = self.context.store.read();
        let open = read.and_then(|view| view.open_submissions(self.context.id));
        open.unwrap_or_else(|error| {
            tracing::error!(account = self.context.id.0, %error, "the outbox cannot be read");
            vec![]
        })
    }

    fn next_due(&self) -> Option<Boot> {
        let next = self.open().iter().filter_map(queued_until).min()?;
        Some(boot_at(&self.context, next))
    }

    async fn deliver_due(&mut self, stop: &CancellationToken) {
        let now = self.context.now();
        let mut due: Vec<_> = self
            .open()
            .into_iter()
            .filter(|s| queued_until(s).is_some_and(|at| at <= now))
            .collect();
        due.sort_by_key(|submission| (queued_until(submission), submission.id));
        for submission in due {
            if stop.is_cancelled() {
                break;
            }
            self.deliver(submission.id).await;
        }
        if let Some(session) = self.session.take() {
            session.quit().await;
        }
    }

    /// One try of one submission.
    async fn deliver(&mut self, id: SubmissionId) {
        let Some(claimed) = self
            .change(id, |submission, now, _| submission.claim(now))
            .await
        else {
            return;
        };
        let Ok(bytes) = self.context.store.blob(claimed.blob).await else {
            let why = "550 the message cannot be read from this machine's disk";
            self.change(id, |submission, now, _| submission.give_up(now, why))
                .await;
            return;
        };
        if let Err(failure) = self.connect().await {
            self.not_sent(id, &failure).await;
            self.context
                .note(self.me, Note::OutboxTrouble(failure))
                .await;
            return;
        }
        self.context.note(self.me, Note::OutboxFine).await;
        if let Err(failure) = self.transact(&claimed, &bytes).await {
            self.session = None;
            self.not_sent(id, &failure).await;
        }
    }

    async fn connect(&mut self) -> Result<(), Failure> {
        if self.session.is_none() {
            let login = self.context.smtp_login().await?;
            self.session = Some(Session::login(&self.context.world, &login).await?);
        }
        Ok(())
    }

    /// MAIL, RCPT, DATA, the bytes, each outcome durable. `Err` only while nothing can have been
    /// accepted.
    async fn transact(&mut self, claimed: &Submission, bytes: &[u8]) -> Result<(), Failure> {
        let id = claimed.id;
        let waiting = claimed.waiting();
        let Some(session) = self.session.as_mut() else {
            return Ok(());
        };
        if let Some(limit) = session.max_size()
            && claimed.size > limit
        {
            let why = format!("552 5.3.4 the server takes at most {limit} bytes");
            self.change(id, move |submission, now, _| submission.give_up(now, &why))
                .await;
            return Ok(());
        }
        let (replies, ready) = session
            .begin(&claimed.from, &waiting, claimed.size, false)
            .await?;
        let replies: Vec<(u16, String)> = replies
            .into_iter()
            .map(|reply| (reply.code, reply.text))
            .collect();
        let accepted = ready.is_some();
        let context = Arc::clone(&self.context);
        let recorded = change(&context, id, move |submission, now, entropy| {
            submission.rcpt_replies(&replies, now, entropy);
            if accepted {
                submission.dot_pending();
            }
        })
        .await;
        let Some(ready) = ready else { return Ok(()) };
        if recorded.is_none() {
            // Not durable: the final dot must not be sent. Dropping `ready` ends the session.
            drop(ready);
            self.session = None;
            return Ok(());
        }
        match ready.deliver(bytes).await {
            Outcome::Answered(reply) => {
                let (code, text) = (reply.code, reply.text);
                change(&context, id, move |submission, now, entropy| {
                    submission.answered(code, &text, now, entropy);
                })
                .await;
                context.sync.notify_one();
            }
            Outcome::Lost(why) => {
                self.session = None;
                tracing::warn!(
                    account = context.id.0,
                    submission = id.0,
                    why,
                    "outcome unknown"
                );
                change(&context, id, |submission, now, _| submission.lost(now)).await;
                context.sync.notify_one();
            }
            Outcome::NotSent(why) => {
                self.session = None;
                change(&context, id, move |submission, now, entropy| {
                    submission.not_sent(now, &why, entropy);
                })
                .await;
            }
        }
        Ok(())
    }

    async fn not_sent(&self, id: SubmissionId, failure: &Failure) {
        let why = failure
            .detail
            .clone()
            .unwrap_or_else(|| failure.message.clone());
        let refused = failure.verdict == Verdict::Refused;
        self.change(id, move |submission, now, entropy| {
            if refused {
                submission.give_up(now, &why);
            } else {
                submission.not_sent(now, &why, entropy);
            }
        })
        .await;
    }

    async fn change(
        &self,
        id: SubmissionId,
        step: impl FnMut(&mut Submission, Wall, u64) + Send + 'static,
    ) -> Option<Submission> {
        change(&self.context, id, step).await
    }
}

/// Applies one transition in a transaction of its own, with the event that tells it. `None` when
/// it could not be made durable or there is no such submission.
pub(super) async fn change(
    context: &Context,
    id: SubmissionId,
    mut step: impl FnMut(&mut Submission, Wall, u64) + Send + 'static,
) -> Option<Submission> {
    let entropy = context.world.entropy.number();
    let written = context
        .store
        .write(context.now(), move |tx| {
            let Some(mut submission) = tx.submission(id)? else {
                return Err(StoreError::Missing("submission"));
            };
            let before = submission.clone();
            step(&mut submission, tx.now(), entropy);
            record(tx, &before, &submission)?;
            Ok(submission)
        })
        .await;
    match written {
        Ok(submission) => Some(submission),
        Err(error) => {
            let failure = store_failure(error);
            tracing::error!(
                submission = id.0,
                code = failure.code,
                "a send step is not durable"
            );
            None
        }
    }
}

/// Stores a submission that changed and journals what a person would call its new state.
pub(super) fn record(
    tx: &mut Txn<'_>,
    before: &Submission,
    after: &Submission,
) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    tx.put_submission(after)?;
    if before.phase == after.phase {
        return Ok(());
    }
    let submission = after.id;
    let reply = after.last_reply.clone().unwrap_or_default();
    let kind = match after.phase {
        Phase::Sent => EventKind::SubmissionAccepted { submission, reply },
        Phase::Failed => EventKind::SubmissionFailed { submission, reply },
        Phase::Canceled => EventKind::SubmissionCanceled { submission },
        Phase::Queued { next } => EventKind::SubmissionDeferred {
            submission,
            reply,
            next,
        },
        Phase::Unknown { looks: 0, .. } => EventKind::SubmissionUnknown { submission },
        Phase::Unknown { .. } | Phase::Sending | Phase::DotPending => return Ok(()),
    };
    tx.append(Some(after.account), kind).map(drop)
}

fn queued_until(submission: &Submission) -> Option<Wall> {
    match submission.phase {
        Phase::Queued { next } => Some(next.max(submission.send_at)),
        _ => None,
    }
}

/// When `at` comes, on the clock that deadlines are kept on.
pub(super) fn boot_at(context: &Context, at: Wall) -> Boot {
    context
        .world
        .clock
        .boot()
        .after(at.until_from(context.now()))
}

/// Whether any recipient is still to be tried.
#[must_use]
pub fn has_waiting(submission: &Submission) -> bool {
    submission
        .recipients
        .iter()
        .any(|r| matches!(r.delivery, Delivery::Waiting { .. }))
}
