//! A step of a submission made durable, together with the event that tells it.
//!
//! Must never change a submission but by a transition of the engine.

use crate::account::Context;
use crate::limits;
use crate::store::{StoreError, Txn};
use chapar_engine::event::EventKind;
use chapar_engine::id::SubmissionId;
use chapar_engine::submission::{Phase, Submission, WrongPhase};
use chapar_engine::time::Wall;

/// Applies one transition in a transaction of its own, with the event that tells it. `None` when
/// its state does not allow it (any more), or when it could not be made durable.
pub(in crate::account) async fn change(
    context: &Context,
    id: SubmissionId,
    step: impl FnMut(&mut Submission, Wall, u64) -> Result<(), WrongPhase> + Send + 'static,
) -> Option<Submission> {
    written(context, id, step)
        .await
        .inspect_err(
            |error| tracing::error!(submission = id.0, %error, "a send step was not taken"),
        )
        .ok()
}

/// As [`change`], for what has happened already: while the store fails it is tried again, because
/// nobody but this process knows it. Dropped before, the next start finds the delivery under way and
/// takes its outcome as unknown.
pub(super) async fn settle(
    context: &Context,
    id: SubmissionId,
    step: impl FnMut(&mut Submission, Wall, u64) -> Result<(), WrongPhase> + Clone + Send + 'static,
) {
    loop {
        match written(context, id, step.clone()).await {
            Ok(_) => return,
            Err(error) if error.passes() && error != StoreError::Stopping => {
                tracing::error!(submission = id.0, %error, "an outcome waits to be recorded");
                let again = context.world.clock.boot().after(limits::RECORD_EVERY);
                context.world.clock.sleep_until(again).await;
            }
            Err(error) => {
                return tracing::error!(submission = id.0, %error, "a send step was not taken");
            }
        }
    }
}

async fn written(
    context: &Context,
    id: SubmissionId,
    mut step: impl FnMut(&mut Submission, Wall, u64) -> Result<(), WrongPhase> + Send + 'static,
) -> Result<Submission, StoreError> {
    let entropy = context.world.entropy.number();
    context
        .store
        .write(context.now(), move |tx| {
            let Some(mut submission) = tx.submission(id)? else {
                return Err(StoreError::Missing("submission"));
            };
            let before = submission.clone();
            let step = step(&mut submission, tx.now(), entropy);
            step.map_err(|wrong| StoreError::Conflict(wrong.to_string()))?;
            record(tx, &before, &submission)?;
            Ok(submission)
        })
        .await
}

/// Stores a submission that changed and journals what a person would call its new state.
pub(in crate::account) fn record(
    tx: &mut Txn<'_>,
    before: &Submission,
    after: &Submission,
) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    tx.put_submission(after)?;
    let submission = after.id;
    // Told when somebody becomes unknown, and when nothing else is left to happen by itself.
    let lost = after.losses > before.losses;
    let left = after.phase == Phase::Unknown && before.phase != Phase::Unknown;
    if lost || left {
        tx.append(Some(after.account), EventKind::SubmissionUnknown { submission })?;
    }
    if before.phase == after.phase {
        return Ok(());
    }
    let reply = after.last_reply.clone().unwrap_or_default();
    let kind = match after.phase {
        Phase::Sent => EventKind::SubmissionAccepted { submission, reply },
        Phase::Failed => EventKind::SubmissionFailed { submission, reply },
        Phase::Canceled => EventKind::SubmissionCanceled { submission },
        Phase::Queued { next } => EventKind::SubmissionDeferred { submission, reply, next },
        Phase::Unknown | Phase::Sending | Phase::DotPending => return Ok(()),
    };
    tx.append(Some(after.account), kind).map(drop)
}
