//! The account's state machine: what happened in, what to do out.
//!
//! Owns when to dial, when to wait, when to stop. It knows two workers, sync and watch, and one
//! timer. Must never start a worker that runs, never dial while paused or blocked, and never ask
//! for a timer in the past. After every input [`Machine::apply`] puts the workers right whatever
//! happened, so a lost hint costs latency only.

use super::State;
use crate::backoff::{RETRY, THROTTLED};
use crate::time::Boot;
use crate::verdict::{Failure, Verdict};
use std::collections::VecDeque;
use std::time::Duration;

/// All mailboxes are looked at this often although push stands: some servers miss notifications.
const POLL: Duration = Duration::from_mins(5);
/// Two dials of one worker are at least this far apart.
const DIAL_GAP: Duration = Duration::from_secs(2);
/// Dials after failures within [`BREAKER_WINDOW`]; a flapping link must not become a storm.
const BREAKER_DIALS: usize = 10;
/// See [`BREAKER_DIALS`].
const BREAKER_WINDOW: Duration = Duration::from_mins(1);
/// Refused credentials in a row before they are believed: some servers refuse by mistake, more
/// tries could lock the mailbox.
const AUTH_STRIKES: u32 = 2;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The account was loaded.
    Start {
        /// Stopped by the person before.
        paused: bool,
    },
    /// The daemon stops or the account is removed.
    Stop,
    /// Settings, password or pause changed.
    SettingsChanged {
        /// Whether it is paused now.
        paused: bool,
    },
    /// The sync worker is logged in and has something to do.
    SyncStarted {
        /// It is the first sync of the account.
        initial: bool,
    },
    /// The sync worker ended its pass; it does not run any more.
    SyncEnded(Result<(), Failure>),
    /// The push session stands.
    WatchUp,
    /// The watch worker ended; it does not run any more.
    WatchLost(Failure),
    /// The push session saw a change.
    Hint,
    /// Network or machine came back, or the address changed.
    LinkMoved,
    /// The person asks.
    SyncNow,
    /// The armed timer fired.
    Timer,
    /// The issuer ended the grant: no session can be had any more. Those that stand may stand on.
    GrantOver(Failure),
    /// The issuer gives tokens for a grant again that it had called over.
    GrantHolds,
}

/// What to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start the sync worker; it ends with [`Input::SyncEnded`].
    RunSync,
    /// Stop the sync worker, between two passes too; nothing more is heard of it.
    StopSync,
    /// Start the watch worker; it ends with [`Input::WatchLost`].
    RunWatch,
    /// Stop the watch worker; nothing more is heard of it.
    StopWatch,
    /// Ask the standing push session whether it lives.
    Probe,
    /// Replace the timer: [`Input::Timer`] at this instant.
    ArmTimer(Boot),
    /// The state changed.
    Enter(State),
    /// A condition began or changed.
    SetHealth(Failure),
    /// The condition is over.
    ClearHealth,
}

/// One worker as the machine sees it.
#[derive(Clone, Debug, Default)]
struct Worker {
    /// Between Run and its end.
    running: bool,
    /// When it is to be started (again), if at all.
    due: Option<Boot>,
    /// Failures in a row.
    failures: u32,
    /// When it was last started.
    started: Option<Boot>,
}

impl Worker {
    /// Not running, nothing due, no history.
    fn reset(&mut self, due: Boot) {
        *self = Self { due: Some(due), started: self.started, ..Self::default() };
    }

    /// Brings the next start forward to `at`.
    fn hasten(&mut self, at: Boot) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

/// The machine of one account.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts; as one enum they would be their product"
)]
pub struct Machine {
    /// Between Start and Stop.
    started: bool,
    paused: bool,
    /// Waiting for the person.
    blocked: Option<State>,
    /// While blocked: the sessions of a grant that is over still bring mail.
    lingers: bool,
    sync: Worker,
    /// The sync worker was started and not stopped: between two passes it holds its session.
    sync_held: bool,
    watch: Worker,
    /// The push session stands.
    watch_up: bool,
    /// The first sync has begun and not ended.
    initial: bool,
    /// The provider asked to slow down and nothing has worked since.
    throttled: bool,
    /// Something worked since the last failure.
    reachable: bool,
    /// Refused credentials in a row.
    strikes: u32,
    /// The last dials after failures, oldest first.
    dials: VecDeque<Boot>,
    health: Option<Failure>,
    /// What was told last.
    entered: Option<State>,
    armed: Option<Boot>,
}

impl Machine {
    /// A machine that has not been started.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the account stands.
    #[must_use]
    pub fn state(&self) -> State {
        if self.paused {
            return State::Paused;
        }
        if let Some(blocked) = self.blocked {
            return blocked;
        }
        let failing = self.sync.failures + self.watch.failures + self.strikes > 0;
        if failing && !self.watch_up && !self.reachable {
            return if self.throttled { State::Throttled } else { State::Offline };
        }
        match (self.initial, self.watch_up) {
            (true, _) => State::Syncing,
            (false, true) => State::Live,
            (false, false) => State::Connecting,
        }
    }

    /// The condition the account is in, if one.
    #[must_use]
    pub fn health(&self) -> Option<&Failure> {
        self.health.as_ref()
    }

    /// The armed timer.
    #[must_use]
    pub fn timer(&self) -> Option<Boot> {
        self.armed
    }

    /// Takes one input. `entropy` spreads the next wait.
    pub fn apply(&mut self, now: Boot, input: Input, entropy: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Start { paused } => self.begin(now, paused, &mut actions),
            Input::Stop => self.started = false,
            Input::SettingsChanged { paused } if self.started => {
                self.stop_workers(&mut actions);
                self.begin(now, paused, &mut actions);
            }
            Input::SyncStarted { initial } if self.sync.running => self.sync_started(initial),
            Input::SyncEnded(end) if self.sync.running => {
                self.sync_ended(now, end, entropy, &mut actions);
            }
            Input::WatchUp if self.watch.running => self.watch_stands(now),
            Input::WatchLost(failure) if self.watch.running => {
                self.watch.running = false;
                self.watch_up = false;
                self.failed(now, Part::Watch, failure, entropy, &mut actions);
            }
            Input::Hint if !self.throttled => self.hinted(now),
            Input::LinkMoved => self.link_moved(now, &mut actions),
            Input::SyncNow => self.sync_now(now),
            Input::GrantOver(failure) if self.blocked.is_none() && !self.paused => {
                self.grant_over(failure, &mut actions);
            }
            Input::GrantHolds if self.blocked == Some(State::AuthExpired) => self.mended(now),
            // late words of a stopped worker, hints while throttled, and the timer: see `settle`
            _ => {}
        }
        self.settle(now, &mut actions);
        actions
    }

    /// Everything afresh.
    fn begin(&mut self, now: Boot, paused: bool, actions: &mut Vec<Action>) {
        self.stop_workers(actions);
        self.started = true;
        self.paused = paused;
        self.unblock(now);
    }

    /// Forgets failures and wants both workers now.
    fn unblock(&mut self, now: Boot) {
        self.blocked = None;
        self.lingers = false;
        self.throttled = false;
        self.reachable = false;
        self.strikes = 0;
        self.sync.reset(now);
        self.watch.reset(now);
    }

    /// The person is told at once; push goes on until its server ends it, and with it the mail.
    fn grant_over(&mut self, failure: Failure, actions: &mut Vec<Action>) {
        self.blocked = Some(State::AuthExpired);
        self.lingers = self.watch_up;
        self.set_health(failure, actions);
    }

    /// What blocked is over: what stands goes on, else everything begins afresh.
    fn mended(&mut self, now: Boot) {
        if std::mem::take(&mut self.lingers) {
            self.blocked = None;
            self.strikes = 0;
        } else {
            self.unblock(now);
        }
    }

    /// The sync session is proved.
    fn sync_started(&mut self, initial: bool) {
        self.initial |= initial;
        self.worked();
    }

    /// Something worked: the account is reachable and its credential good.
    fn worked(&mut self) {
        self.reachable = true;
        self.throttled = false;
        self.strikes = 0;
    }

    /// The sync pass is over.
    fn sync_ended(
        &mut self,
        now: Boot,
        end: Result<(), Failure>,
        entropy: u64,
        actions: &mut Vec<Action>,
    ) {
        self.sync.running = false;
        match end {
            Ok(()) => {
                self.worked();
                self.initial = false;
                self.sync.failures = 0;
                // a hint that came while it ran is already due
                self.sync.hasten(now.after(POLL));
            }
            Err(failure) => self.failed(now, Part::Sync, failure, entropy, actions),
        }
    }

    /// Something changed on the server. A sync that failed last time (one mailbox refused, say) is
    /// tried again for it, as far as the breaker lets.
    fn hinted(&mut self, now: Boot) {
        let failing = self.sync.failures > 0;
        let at = if failing { self.earliest_dial(now) } else { now };
        self.sync.hasten(at);
    }

    /// What arrived between the last sync and now was not pushed: look once.
    fn watch_stands(&mut self, now: Boot) {
        // beside one of a grant that is over: it stands on the login that came after it
        if self.lingers {
            self.mended(now);
        }
        self.watch_up = true;
        self.watch.failures = 0;
        self.worked();
        if self.sync.failures == 0 {
            self.sync.hasten(now);
        }
    }

    /// Decides what a failure of one worker means.
    fn failed(
        &mut self,
        now: Boot,
        part: Part,
        failure: Failure,
        entropy: u64,
        actions: &mut Vec<Action>,
    ) {
        // without a new session there is no trying again, and why is told already
        if std::mem::take(&mut self.lingers) {
            return;
        }
        let verdict = failure.verdict.clone();
        self.reachable = self.watch_up;
        let worker = match part {
            Part::Sync => &mut self.sync,
            Part::Watch => &mut self.watch,
        };
        worker.failures = worker.failures.saturating_add(1);
        let failures = worker.failures;
        let wait = match verdict {
            Verdict::Throttled(suggested) => {
                self.throttled = true;
                THROTTLED.delay_at_least(failures, suggested, entropy)
            }
            // refused once, refused again a moment later: not worth hurrying
            Verdict::Refused => THROTTLED.delay(failures, entropy),
            Verdict::Retry | Verdict::Unknown => RETRY.delay(failures, entropy),
            Verdict::SignInAgain => {
                // the issuer's own word needs no second hearing, a mail server's does
                let final_word = failure.code == "oauth.expired";
                self.strikes += if final_word { AUTH_STRIKES } else { 1 };
                if self.strikes >= AUTH_STRIKES {
                    self.blocked = Some(State::AuthExpired);
                }
                RETRY.delay(failures + 1, entropy)
            }
            Verdict::FixSettings => {
                self.blocked = Some(State::SettingsWrong);
                RETRY.cap
            }
        };
        worker.due = Some(now.after(wait));
        self.set_health(failure, actions);
    }

    /// Tells a condition that is new.
    fn set_health(&mut self, failure: Failure, actions: &mut Vec<Action>) {
        let same = self.health.as_ref().is_some_and(|old| old.code == failure.code);
        if !same {
            actions.push(Action::SetHealth(failure.clone()));
        }
        self.health = Some(failure);
    }

    /// Waiting for the network is over; a standing session may be dead without knowing it.
    fn link_moved(&mut self, now: Boot, actions: &mut Vec<Action>) {
        if self.watch_up && self.watch.running {
            actions.push(Action::Probe);
        }
        // a provider that asked to slow down is not asked sooner because the network changed
        if !self.throttled {
            self.hasten_failing(now);
        }
    }

    /// The person asks: that also answers "signed in again" and "corrected".
    fn sync_now(&mut self, now: Boot) {
        if self.blocked.is_some() && !self.lingers {
            self.unblock(now);
        }
        if self.sync.failures == 0 {
            self.sync.hasten(now);
        }
        self.hasten_failing(now);
    }

    /// Brings the retries of failing workers forward, as far as the breaker lets.
    fn hasten_failing(&mut self, now: Boot) {
        let at = self.earliest_dial(now);
        for worker in [&mut self.sync, &mut self.watch] {
            if worker.failures > 0 && !worker.running {
                worker.hasten(at);
            }
        }
    }

    /// The next instant at which the breaker allows a dial.
    fn earliest_dial(&self, now: Boot) -> Boot {
        let gap = self.dials.back().map_or(now, |last| last.after(DIAL_GAP));
        let full = self.dials.len() >= BREAKER_DIALS;
        let window =
            self.dials.front().filter(|_| full).map_or(now, |first| first.after(BREAKER_WINDOW));
        now.max(gap).max(window)
    }

    /// Puts everything right: workers that may not run are stopped, due ones started, the timer
    /// armed, state and health told.
    fn settle(&mut self, now: Boot, actions: &mut Vec<Action>) {
        let blocked = self.blocked.is_some() && !self.lingers;
        if !self.started || self.paused || blocked {
            self.stop_workers(actions);
            self.sync.due = None;
            self.watch.due = None;
        } else {
            self.run_due(now, actions);
        }
        self.arm(now, actions);
        self.tell(actions);
    }

    /// Stops what runs.
    fn stop_workers(&mut self, actions: &mut Vec<Action>) {
        self.sync.running = false;
        if std::mem::take(&mut self.sync_held) {
            actions.push(Action::StopSync);
        }
        if std::mem::take(&mut self.watch.running) {
            actions.push(Action::StopWatch);
        }
        self.watch_up = false;
        self.lingers = false;
        self.initial = false;
    }

    /// Starts what is due.
    fn run_due(&mut self, now: Boot, actions: &mut Vec<Action>) {
        let earliest = self.earliest_dial(now);
        let mut dialled = false;
        for (worker, action) in
            [(&mut self.sync, Action::RunSync), (&mut self.watch, Action::RunWatch)]
        {
            if worker.running || worker.due.is_none_or(|due| due > now) {
                continue;
            }
            let retry = worker.failures > 0;
            if retry && earliest > now {
                worker.due = Some(earliest);
                continue;
            }
            dialled |= retry;
            worker.running = true;
            worker.due = None;
            worker.started = Some(now);
            self.sync_held |= action == Action::RunSync;
            actions.push(action);
        }
        if dialled {
            self.dials.push_back(now);
            while self.dials.len() > BREAKER_DIALS {
                self.dials.pop_front();
            }
        }
    }

    /// Arms the timer for the next start of a worker that does not run.
    fn arm(&mut self, now: Boot, actions: &mut Vec<Action>) {
        let next = [&self.sync, &self.watch]
            .into_iter()
            .filter(|worker| !worker.running)
            .filter_map(|worker| worker.due)
            .min();
        // one that fired or passed has to be armed again even for the same instant
        let stands = self.armed == next && next.is_some_and(|at| at > now);
        if let Some(at) = next.filter(|_| !stands) {
            actions.push(Action::ArmTimer(at));
        }
        self.armed = next;
    }

    /// Tells what changed.
    fn tell(&mut self, actions: &mut Vec<Action>) {
        let well = self.blocked.is_none() && self.sync.failures + self.watch.failures == 0;
        if well && self.health.take().is_some() {
            actions.push(Action::ClearHealth);
        }
        if self.started && self.entered != Some(self.state()) {
            self.entered = Some(self.state());
            actions.push(Action::Enter(self.state()));
        }
    }
}

/// Which worker failed.
#[derive(Clone, Copy)]
enum Part {
    Sync,
    Watch,
}

#[cfg(test)]
mod tests;
