//! Attempts to connect or to move an account: begun, watched, answered, given up.
//!
//! An attempt is a task of its own that outlives the client who asked for it. Must never be given
//! up between the vault and the store: see [`Attempts::commit`].

use super::{Accounts, busy, failure, lock};
use crate::account::connect::{
    self, By, ConnectReport, ConnectRequest, Inbox, Proved, Saved, Seat, Teller, locked,
};
use crate::account::{Command, store_failure};
use crate::limits;
use crate::oauth::signin::{Pasted, Prompt};
use crate::world::BoxFuture;
use crate::world::clock::within;
use chapar_engine::account::Account;
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

/// A connect attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectId(pub u64);

/// The attempts under way or not long over.
#[derive(Default)]
pub(super) struct Attempts {
    last: u64,
    open: BTreeMap<ConnectId, Attempt>,
}

struct Attempt {
    report: watch::Receiver<ConnectReport>,
    inbox: Inbox,
    stop: CancellationToken,
    signs_in: bool,
    /// Past the point at which it can be given up.
    committed: bool,
    ended: Option<Boot>,
}

impl Attempts {
    /// Forgets what ended long ago; whether there is room for another. An attempt that ended holds
    /// no place: only its outcome is kept, and the oldest outcomes go first.
    fn has_room(&mut self, now: Boot, signs_in: bool) -> bool {
        self.open.retain(|_, attempt| {
            attempt.ended.is_none_or(|ended| now < ended.after(limits::CONNECT_KEPT))
        });
        let ended = self.open.iter().filter(|(_, attempt)| attempt.ended.is_some());
        let mut ended: Vec<ConnectId> = ended.map(|(id, _)| *id).collect();
        ended.truncate(ended.len().saturating_sub(limits::CONNECT_OUTCOMES));
        for id in ended {
            self.open.remove(&id);
        }
        let under_way = || self.open.values().filter(|open| open.ended.is_none());
        let signing = under_way().filter(|open| open.signs_in).count();
        under_way().count() < limits::CONNECT_ATTEMPTS && !(signs_in && signing >= limits::SIGN_INS)
    }

    /// From here on it cannot be given up; false when it was.
    fn commit(&mut self, id: ConnectId) -> bool {
        match self.open.get_mut(&id).filter(|attempt| !attempt.stop.is_cancelled()) {
            Some(attempt) => {
                attempt.committed = true;
                true
            }
            None => false,
        }
    }
}

impl Accounts {
    /// Begins to prove a mailbox; nothing is saved before both protocols are proved. With a sign-in
    /// this returns once it is known what the person has to do, or why there is nothing to do.
    pub async fn connect(
        &self,
        request: ConnectRequest,
    ) -> Result<(ConnectId, Option<Prompt>), Failure> {
        let signs_in = matches!(request.by, By::Oauth(_));
        let (id, mut report) = self.begin(request, signs_in)?;
        if !signs_in {
            return Ok((id, None));
        }
        let shown = report.wait_for(|report| report.prompt.is_some() || report.end.is_some());
        let clock = Arc::clone(&self.inner.parts.world.clock);
        if within(clock.as_ref(), limits::SIGN_IN_BEGINS, shown).await.is_none() {
            tracing::debug!("the sign-in takes long to begin; its status will tell");
        }
        let now = report.borrow().clone();
        match now.end {
            Some(Err(failure)) => {
                // nobody knows its id
                lock(&self.inner.attempts).open.remove(&id);
                Err(failure)
            }
            _ => Ok((id, now.prompt)),
        }
    }

    fn begin(
        &self,
        request: ConnectRequest,
        signs_in: bool,
    ) -> Result<(ConnectId, watch::Receiver<ConnectReport>), Failure> {
        let world = &self.inner.parts.world;
        let mut attempts = lock(&self.inner.attempts);
        if !attempts.has_room(world.clock.boot(), signs_in) {
            return Err(busy());
        }
        attempts.last += 1;
        let id = ConnectId(attempts.last);
        let stop = self.inner.stop.child_token();
        let (tell, report) = watch::channel(ConnectReport::default());
        let inbox = Inbox::default();
        let teller = Teller::new(world.clone(), tell, Arc::clone(&inbox));
        let attempt = Attempt {
            report: report.clone(),
            inbox,
            stop: stop.clone(),
            signs_in,
            committed: false,
            ended: None,
        };
        attempts.open.insert(id, attempt);
        self.inner.tasks.spawn(self.clone().attempt(id, request, teller, stop));
        Ok((id, report))
    }

    async fn attempt(
        self,
        id: ConnectId,
        request: ConnectRequest,
        mut teller: Teller,
        stop: CancellationToken,
    ) {
        let seating = |account| self.seat(account);
        let proved = tokio::select! {
            biased;
            () = stop.cancelled() => Err(canceled()),
            proved = connect::prove(&self.inner.parts, request, &seating, &mut teller) => proved,
        };
        let end = match proved {
            Ok(_) if !lock(&self.inner.attempts).commit(id) => Err(canceled()),
            Ok(proved) => self.finish(proved, &mut teller).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &end {
            tracing::info!(code = failure.code, "an attempt to connect ended");
        }
        let now = self.inner.parts.world.clock.boot();
        if let Some(attempt) = lock(&self.inner.attempts).open.get_mut(&id) {
            attempt.ended = Some(now);
        }
        teller.end(end);
    }

    /// Room for one more session of a running account.
    fn seat(&self, account: AccountId) -> BoxFuture<'static, Seat> {
        let handle = self.handle(account);
        Box::pin(async move {
            match handle {
                Some(handle) => handle.seat().await,
                None => None,
            }
        })
    }

    /// Saves what was proved and puts it to work.
    async fn finish(&self, proved: Proved, teller: &mut Teller) -> Result<AccountId, Failure> {
        teller.mark();
        let saved = connect::save(&self.inner.parts, proved).await?;
        let place = saved.place.clone().unwrap_or_else(|| "settings".to_owned());
        teller.step("saved", place);
        match &saved.old {
            None => self.start(&saved.account),
            Some(old) => self.switch(&saved, old, teller).await,
        }
        Ok(saved.account.id)
    }

    /// The account's sessions move to the new login; the old secret goes when they have.
    async fn switch(&self, saved: &Saved, old: &Account, teller: &mut Teller) {
        let Saved { account, again, .. } = saved;
        if self.receives(account.id).await {
            let detail = format!(
                "the new connection receives, the old one is closed; {again} mails fetched again"
            );
            teller.step("switched", detail);
        }
        // what could not be sent with the old login is tried with the new one, whatever its pause
        self.hurry_outbox(account.id).await;
        if saved.place.is_some() && connect::forget_old(&self.inner.parts, old, account).await {
            let what = if old.auth.grant().is_some() { "old sign-in" } else { "old password" };
            teller.step("forgotten", format!("{what} removed from the vault"));
        }
    }

    /// Moves the sessions of an account to its present login; true once one receives. An account
    /// that is paused moves when it goes on.
    async fn receives(&self, id: AccountId) -> bool {
        let (reply, answer) = oneshot::channel();
        let asked = self.handle(id).is_some_and(|handle| handle.command(Command::Switch(reply)));
        if !asked {
            self.refresh(id);
            return false;
        }
        let clock = Arc::clone(&self.inner.parts.world.clock);
        matches!(within(clock.as_ref(), limits::SWITCH, answer).await, Some(Ok(true)))
    }

    /// Where an attempt stands; waits up to `wait` for news beyond `seen` steps. `None`: there is
    /// no such attempt.
    pub async fn connect_status(
        &self,
        id: ConnectId,
        seen: usize,
        wait: Duration,
    ) -> Option<ConnectReport> {
        let mut report = lock(&self.inner.attempts).open.get(&id)?.report.clone();
        let known = report.borrow().prompt.clone();
        // a client cannot say whether it has seen a notice: it may be told twice, but not late
        let again = report.borrow().notice.is_some();
        let wait = if again { wait.min(limits::NOTICE_AGAIN) } else { wait };
        let news = report.wait_for(|report| {
            let asks = report.prompt.is_some() && report.prompt != known;
            report.end.is_some() || report.steps.len() > seen || asks
        });
        // Both a timeout and a closed channel leave the last report, which is the answer.
        let _: Result<_, _> = tokio::time::timeout(wait, news).await.map(drop);
        let now = report.borrow().clone();
        Some(now)
    }

    /// Hands a pasted address to an attempt that waits for the person; `None`: none such waits.
    pub async fn connect_answer(
        &self,
        id: ConnectId,
        address: Secret,
    ) -> Option<Result<(), Failure>> {
        let inbox = Arc::clone(&lock(&self.inner.attempts).open.get(&id)?.inbox);
        let paste = locked(&inbox).clone()?;
        let (answer, answered) = oneshot::channel();
        if paste.try_send(Pasted { address, answer }).is_err() {
            return Some(Err(busy()));
        }
        let clock = Arc::clone(&self.inner.parts.world.clock);
        match within(clock.as_ref(), limits::PASTED, answered).await {
            Some(Ok(answer)) => Some(answer),
            // the attempt went on or ended by another way: its status tells
            Some(Err(_)) | None => Some(Ok(())),
        }
    }

    /// Gives an attempt up; false when it is unknown, over, or already being saved.
    #[must_use]
    pub fn connect_cancel(&self, id: ConnectId) -> bool {
        let attempts = lock(&self.inner.attempts);
        let open = attempts.open.get(&id);
        let open = open.filter(|attempt| attempt.ended.is_none() && !attempt.committed);
        open.inspect(|attempt| attempt.stop.cancel()).is_some()
    }

    /// Other servers, login name, authority or password for an account: proved with the same care
    /// as a new one, on the same mailbox, then moved to.
    pub async fn change(&self, wanted: Account, password: Option<Secret>) -> Result<(), Failure> {
        let parts = &self.inner.parts;
        let stored = parts.store.read().and_then(|view| view.account(wanted.id));
        let old = stored.map_err(store_failure)?.ok_or_else(super::missing)?;
        let (tell, _) = watch::channel(ConnectReport::default());
        let mut teller = Teller::new(parts.world.clone(), tell, Inbox::default());
        let seating = |account| self.seat(account);
        let proved =
            connect::prove_change(parts, old, wanted, password, &seating, &mut teller).await?;
        self.finish(proved, &mut teller).await.map(drop)
    }
}

fn canceled() -> Failure {
    failure("account.canceled", "Connecting was canceled.")
}
