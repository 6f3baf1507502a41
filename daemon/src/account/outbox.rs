//! The outbox worker: takes what is due, delivers it step by step, and makes each step durable
//! before the next one. Decides nothing about retries: the submission machine does.
//!
//! Must never send what may already have been accepted, and is never canceled inside a delivery:
//! stopping waits for the delivery under way.

mod record;

use record::settle;
pub(super) use record::{change, record};

use super::logins::Submitting;
use super::pace::Pace;
use super::{Context, Generation, Note, submit};
use crate::limits;
use crate::smtp::{Begun, Outcome};
use crate::store::StoreError;
use chapar_engine::id::SubmissionId;
use chapar_engine::submission::{Due, Phase, RcptReply, Submission, WrongPhase};
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::{Failure, Verdict};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the clocks are compared while something waits for its time.
const CLOCK_LOOK: Duration = Duration::from_mins(1);

/// Transactions of one try at most: each leaves out at least one recipient over whom the server hung
/// up. What is left then waits for the next try.
const ROUNDS: usize = 10;

/// Works until stopped.
pub async fn run(context: Arc<Context>, me: Generation, stop: CancellationToken) {
    let _turn = tokio::select! {
        biased;
        () = stop.cancelled() => return,
        turn = context.outbox_turn.acquire() => turn,
    };
    let clock = &context.world.clock;
    let pace = Pace::new(clock.boot(), clock.wall());
    let mut outbox = Outbox {
        context: Arc::clone(&context),
        me,
        session: None,
        pace,
        unsure: true,
        disk: false,
    };
    let mut link = context.world.link.0.clone();
    loop {
        outbox.recover().await;
        outbox.follow_clock().await;
        outbox.go_on().await;
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
    session: Option<Submitting>,
    pace: Pace,
    /// Whether the store may hold a delivery under way although there is none: after a start, and
    /// after a step whose commit failed.
    unsure: bool,
    /// Whether a try ended at this machine's disk, which says nothing of the server: it is made again
    /// as soon as the disk works, not when a server would be asked again.
    disk: bool,
}

impl Outbox {
    /// Between two deliveries: what the store has as under way is either certainly not sent, or
    /// unknown.
    async fn recover(&mut self) {
        if !self.unsure {
            return;
        }
        let Ok(open) = self.read_open() else { return };
        self.unsure = false;
        for submission in open {
            if matches!(submission.phase, Phase::Sending | Phase::DotPending) {
                let recovered = |submission: &mut Submission, now, entropy| {
                    submission.recovered(now, entropy);
                    Ok(())
                };
                self.change(submission.id, recovered).await;
            }
        }
        self.context.sync.notify_one();
    }

    /// The network came back: what waits for a retry is tried now.
    async fn hurry(&self) {
        let Context { world, store, id, .. } = &*self.context;
        if let Err(error) = submit::hurry(world, store, *id).await {
            tracing::error!(account = id.0, %error, "the outbox waits on");
        }
    }

    /// The wall clock was set: what waits for a length of time does not wait for the old hour.
    async fn follow_clock(&mut self) {
        let clock = &self.context.world.clock;
        let Some(by) = self.pace.jump(clock.boot(), clock.wall()) else { return };
        let open: Vec<SubmissionId> = self.open().iter().map(|submission| submission.id).collect();
        if open.is_empty() {
            return;
        }
        tracing::info!(account = self.context.id.0, by, "the clock was set: the outbox follows");
        let moved = self.context.store.write(self.context.now(), move |tx| {
            for id in &open {
                if let Some(mut submission) = tx.submission(*id)? {
                    submission.clock_set(by);
                    tx.put_submission(&submission)?;
                }
            }
            Ok(())
        });
        if let Err(error) = moved.await {
            tracing::error!(account = self.context.id.0, %error, "the outbox could not follow");
        }
        self.context.sync.notify_one();
    }

    /// What waits because of the disk is tried now that the disk works.
    async fn go_on(&mut self) {
        if self.disk && self.context.store.trouble().borrow().is_none() {
            self.disk = false;
            self.hurry().await;
        }
    }

    fn read_open(&self) -> Result<Vec<Submission>, StoreError> {
        self.context.store.read()?.open_submissions(self.context.id)
    }

    fn open(&self) -> Vec<Submission> {
        self.read_open().unwrap_or_else(|error| {
            tracing::error!(account = self.context.id.0, %error, "the outbox cannot be read");
            vec![]
        })
    }

    /// When something is due, or the clocks are compared; `None` when nothing waits.
    fn next_due(&self) -> Option<Boot> {
        let now = self.context.now();
        let again = self.context.world.clock.boot().after(limits::READ_AGAIN);
        let Ok(open) = self.read_open() else { return Some(again) };
        // what is due cannot be claimed while nothing can be written
        if self.unsure || self.disk || self.context.store.trouble().borrow().is_some() {
            return Some(again);
        }
        open.first()?;
        let look = self.context.world.clock.boot().after(CLOCK_LOOK);
        let next = open.iter().filter_map(|it| it.when(Due::Send, now)).min();
        Some(next.map_or(look, |next| boot_at(&self.context, next).min(look)))
    }

    async fn deliver_due(&mut self, stop: &CancellationToken) {
        let now = self.context.now();
        let mut due = self.open();
        due.retain(|submission| submission.is_due(Due::Send, now));
        due.sort_by_key(|submission| (submission.when(Due::Send, now), submission.id));
        for submission in due {
            if stop.is_cancelled() {
                break;
            }
            self.deliver(submission.id).await;
        }
        self.leave().await;
        if self.is_unhindered() {
            self.context.note(self.me, Note::OutboxFine).await;
        }
    }

    /// Whether nothing waits for another try: what stood in the way of one that is gone stands in
    /// nobody's way now. What cannot be read may wait.
    fn is_unhindered(&self) -> bool {
        self.read_open().is_ok_and(|open| !open.iter().any(Submission::awaits_retry))
    }

    async fn leave(&mut self) {
        if let Some(standing) = self.session.take() {
            standing.session.quit().await;
        }
    }

    /// One try of one submission.
    async fn deliver(&mut self, id: SubmissionId) {
        let claim = |submission: &mut Submission, now, _| submission.claim(now).map(drop);
        let Some(claimed) = self.change(id, claim).await else { return };
        match self.context.store.verify_blob(claimed.blob, |_| ()).await {
            Ok(()) => {}
            Err(error) if error.passes() => return self.unread(id, error).await,
            Err(error) => {
                let why = format!("the message cannot be read from this machine's disk: {error}");
                return self.declined(id, why).await;
            }
        }
        if let Err(failure) = self.connect().await {
            self.unreached(id, &failure).await;
            self.context.note(self.me, Note::OutboxTrouble(failure)).await;
            return;
        }
        self.context.note(self.me, Note::OutboxFine).await;
        let mut left: Vec<String> = claimed.waiting().map(str::to_owned).collect();
        let mut end = self.rounds(&claimed, &mut left).await;
        if let Err(failure) = &end
            && self.token_ended(failure)
        {
            self.session = None;
            end = match self.connect().await {
                Ok(()) => self.rounds(&claimed, &mut left).await,
                Err(failure) => Err(failure),
            };
        }
        if let Err(failure) = end {
            self.session = None;
            self.not_sent(id, &failure).await;
        }
    }

    /// The bytes could not be read, which says nothing about the bytes: it is tried again.
    async fn unread(&mut self, id: SubmissionId, error: StoreError) {
        self.disk = true;
        let why = format!("the message cannot be read from this machine's disk now: {error}");
        let unread = move |submission: &mut Submission, now, entropy| {
            submission.unreached(now, entropy, &why)
        };
        settle(&self.context, id, unread).await;
        let failure = super::store_failure(error);
        self.context.note(self.me, Note::OutboxTrouble(failure)).await;
    }

    /// One transaction; where the server hangs up over a recipient, another one without that one,
    /// so that one refusal does not hold up everybody else.
    async fn rounds(
        &mut self,
        claimed: &Submission,
        left: &mut Vec<String>,
    ) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            let Some(Cut { failure, blamed }) = self.transact(claimed, left).await? else {
                return Ok(());
            };
            self.session = None;
            left.retain(|email| !blamed.contains(email));
            if blamed.is_empty() {
                return Err(failure);
            }
            if left.is_empty() {
                break;
            }
            self.connect().await?;
        }
        settle(&self.context, claimed.id, Submission::not_accepted).await;
        Ok(())
    }

    /// Whether a transaction was refused because the session's token is not taken any more, when
    /// nothing was sent yet: then it is tried once more with the next one.
    fn token_ended(&self, failure: &Failure) -> bool {
        let refused = failure.verdict == Verdict::SignInAgain;
        self.session.as_ref().is_some_and(|standing| refused && self.context.distrust(standing))
    }

    /// A session is there whose token holds.
    async fn connect(&mut self) -> Result<(), Failure> {
        let now = self.context.world.clock.boot();
        let due = self.session.as_ref().and_then(|standing| standing.swap_at);
        if due.is_some_and(|at| now >= at) {
            self.leave().await;
        }
        if self.session.is_none() {
            self.session = Some(self.context.submission_session().await?);
        }
        Ok(())
    }

    /// MAIL, RCPT for each of `to`, DATA, the bytes, each outcome durable. `Err` only while nothing
    /// can have been accepted; [`Cut`] when the server hung up within the recipients.
    async fn transact(
        &mut self,
        claimed: &Submission,
        to: &[String],
    ) -> Result<Option<Cut>, Failure> {
        let id = claimed.id;
        let Some(Submitting { session, .. }) = self.session.as_mut() else { return Ok(None) };
        if let Some(limit) = session.max_size()
            && claimed.size > limit
        {
            let size = claimed.size;
            let why = format!("the server takes at most {limit} bytes, this mail has {size}");
            self.declined(id, why).await;
            return Ok(None);
        }
        let bytes = match self.context.store.stream_blob(claimed.blob) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unread(id, error).await;
                return Ok(None);
            }
        };
        let begun = session.begin(&claimed.from, to, claimed.size, false).await?;
        let replies = replies_of(to, &begun);
        let context = Arc::clone(&self.context);
        if let Some(failure) = begun.cut {
            let blamed = blamed(to, &replies);
            let why = words_of(&failure);
            let cut = move |submission: &mut Submission, _, _| submission.cut_off(&replies, &why);
            settle(&context, id, cut).await;
            return Ok(Some(Cut { failure, blamed }));
        }
        let Some(ready) = begun.ready else {
            let refused = move |submission: &mut Submission, now, entropy| {
                submission.rcpt_replies(&replies)?;
                submission.not_accepted(now, entropy)
            };
            settle(&context, id, refused).await;
            return Ok(None);
        };
        let pending = move |submission: &mut Submission, _, _| {
            submission.rcpt_replies(&replies)?;
            submission.dot_pending()
        };
        if change(&context, id, pending).await.is_none() {
            // Not durable: the final dot must not be sent. Dropping `ready` ends the session.
            drop(ready);
            self.session = None;
            self.disk = true;
            let why = "this machine's disk could not be written, so the message was not sent";
            let not_sent =
                |submission: &mut Submission, now, entropy| submission.not_sent(now, entropy, why);
            settle(&context, id, not_sent).await;
            return Ok(None);
        }
        match ready.deliver(bytes).await {
            Outcome::Answered(reply) => {
                let answered = move |submission: &mut Submission, now, entropy| {
                    submission.answered((reply.code, &reply.text), now, entropy)
                };
                settle(&context, id, answered).await;
            }
            Outcome::Lost(why) => {
                self.session = None;
                tracing::warn!(account = context.id.0, submission = id.0, why, "outcome unknown");
                settle(&context, id, Submission::lost).await;
            }
            Outcome::NotSent(why) => {
                self.session = None;
                let not_sent = move |submission: &mut Submission, now, entropy| {
                    submission.not_sent(now, entropy, &why)
                };
                settle(&context, id, not_sent).await;
            }
        }
        context.sync.notify_one();
        Ok(None)
    }

    /// There is no session: the server cannot be reached, or does not take us now.
    async fn unreached(&self, id: SubmissionId, failure: &Failure) {
        if !is_silence(failure) {
            return self.not_sent(id, failure).await;
        }
        let why = words_of(failure);
        let unreached = move |submission: &mut Submission, now, entropy| {
            submission.unreached(now, entropy, &why)
        };
        settle(&self.context, id, unreached).await;
    }

    async fn not_sent(&self, id: SubmissionId, failure: &Failure) {
        let why = words_of(failure);
        if failure.verdict == Verdict::Refused {
            return self.declined(id, why).await;
        }
        let not_sent = move |submission: &mut Submission, now, entropy| {
            submission.not_sent(now, entropy, &why)
        };
        settle(&self.context, id, not_sent).await;
    }

    async fn declined(&self, id: SubmissionId, words: String) {
        let declined = move |submission: &mut Submission, now, entropy| {
            submission.declined(&words, now, entropy)
        };
        settle(&self.context, id, declined).await;
    }

    /// One step of which nothing was done yet: when it could not be made durable, it is not known
    /// whether the store has it.
    async fn change(
        &mut self,
        id: SubmissionId,
        step: impl FnMut(&mut Submission, Wall, u64) -> Result<(), WrongPhase> + Send + 'static,
    ) -> Option<Submission> {
        let changed = change(&self.context, id, step).await;
        self.unsure |= changed.is_none();
        changed
    }
}

/// The server hung up before each recipient had an outcome.
struct Cut {
    failure: Failure,
    /// Over whom it may have hung up; they are left out until the next try.
    blamed: Vec<String>,
}

/// Whom each reply is about.
fn replies_of(to: &[String], begun: &Begun<'_>) -> Vec<RcptReply> {
    let each = to.iter().zip(&begun.replies);
    each.map(|(email, reply)| RcptReply {
        email: email.clone(),
        code: reply.code,
        text: reply.text.clone(),
    })
    .collect()
}

/// Over whom a server hung up: those it did not accept, else the first it said nothing of.
fn blamed(to: &[String], replies: &[RcptReply]) -> Vec<String> {
    let declined = replies.iter().filter(|reply| !(200..300).contains(&reply.code));
    let declined: Vec<String> = declined.map(|reply| reply.email.clone()).collect();
    match to.get(replies.len()).filter(|_| declined.is_empty()) {
        Some(unheard) => vec![unheard.clone()],
        None => declined,
    }
}

/// Whether nothing was heard from the server about us or the message: no network, no vault, no
/// answer.
fn is_silence(failure: &Failure) -> bool {
    let heard = failure.code.starts_with("smtp.");
    failure.verdict == Verdict::Retry
        && (!heard || matches!(failure.code, "smtp.lost" | "smtp.timeout"))
}

/// What a person is told of it.
/// The server's reply where there is one, else our own sentence: what a library says of a connection
/// is for the log.
fn words_of(failure: &Failure) -> String {
    let is_reply = |words: &&String| {
        words.get(..3).is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
    };
    failure.detail.as_ref().filter(is_reply).unwrap_or(&failure.message).clone()
}

/// When `at` comes, on the clock that deadlines are kept on.
pub(super) fn boot_at(context: &Context, at: Wall) -> Boot {
    context.world.clock.boot().after(at.until_from(context.now()))
}
