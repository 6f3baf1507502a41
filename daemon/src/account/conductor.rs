//! The conductor: one account's task. It owns the account's machine and its report, and starts and
//! stops the three workers. Nothing in its loop waits for the network or for a worker, so it
//! always answers.

use super::report::{self, Area, Aside, Condition, Full, Report};
use super::{Command, Context, Generation, Note, outbox, sleep_until, sync, watch};
use crate::limits;
use chapar_engine::account::{Action, Input, Machine, State};
use chapar_engine::event::{EventKind, Severity};
use chapar_engine::time::Boot;
use chapar_engine::verdict::{Failure, Verdict};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch as channel};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A push session that stood for less was turned away; one that stood longer was cut.
const SETTLED: Duration = Duration::from_secs(30);

pub(super) struct Conductor {
    context: Arc<Context>,
    machine: Machine,
    report: channel::Sender<Report>,
    timer: Option<Boot>,
    /// Since when the present push session stands.
    pushing: Option<Boot>,
    /// Who waits for the end of a sync pass that began after the question.
    waiting: Vec<Waiting>,
    generation: Generation,
    sync: Option<SyncWorker>,
    watch: Option<Running>,
    /// The push worker that takes over from the other one once it stands.
    next_watch: Option<Running>,
    /// Who waits until the account receives on its new login.
    switching: Vec<oneshot::Sender<bool>>,
    outbox: Option<Running>,
    /// Workers and conductor alike: whoever waits for the account waits for all of them.
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Parent of every worker's token; canceled when the conductor goes, even by a panic.
    work: CancellationToken,
    _work: DropGuard,
}

/// Somebody who asked for a sync.
struct Waiting {
    reply: oneshot::Sender<Result<(), Failure>>,
    /// Passes that had begun before the question: they may have looked at a mailbox before it, so
    /// the end of a later one is the answer.
    after: u64,
}

/// A started worker.
struct Running {
    generation: Generation,
    stop: CancellationToken,
}

struct SyncWorker {
    running: Running,
    requests: mpsc::Sender<sync::WholeRequest>,
}

impl Conductor {
    /// A conductor that has not been started; `report` is what others see of it.
    pub(super) fn new(
        context: Arc<Context>,
        report: channel::Sender<Report>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let work = stop.child_token();
        Self {
            context,
            machine: Machine::new(),
            report,
            timer: None,
            pushing: None,
            waiting: vec![],
            generation: 0,
            sync: None,
            watch: None,
            next_watch: None,
            switching: vec![],
            outbox: None,
            tasks,
            stop,
            _work: work.clone().drop_guard(),
            work,
        }
    }

    /// Runs until stopped; the workers are told to stop and end by themselves.
    pub(super) async fn run(
        mut self,
        paused: bool,
        mut notes: mpsc::Receiver<(Generation, Note)>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        let context = Arc::clone(&self.context);
        let mut link = context.world.link.0.clone();
        let mut grant = context.tokens.word(context.id);
        self.apply(Input::Start { paused }).await;
        loop {
            let timer = self.timer;
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = context.refresh.notified() => self.refresh().await,
                Some(command) = commands.recv() => self.command(command).await,
                Some((from, note)) = notes.recv() => self.note(from, note).await,
                Ok(()) = grant.changed() => {
                    let word = grant.borrow_and_update().clone();
                    // a late one may be about a grant that the account has left
                    let is_ours = context.account().is_ok_and(|it| it.auth.grant().is_some());
                    if is_ours {
                        self.apply(word.map_or(Input::GrantHolds, Input::GrantOver)).await;
                    }
                }
                Ok(()) = link.changed() => self.apply(Input::LinkMoved).await,
                () = sleep_until(&context.world, timer) => {
                    self.timer = None;
                    self.apply(Input::Timer).await;
                }
            }
        }
    }

    /// The old sessions may stand on old settings; both workers start afresh.
    async fn refresh(&mut self) {
        self.context.logins.forgive();
        let paused = self.context.account().is_ok_and(|account| account.paused);
        self.apply(Input::SettingsChanged { paused }).await;
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::SyncNow(reply) => {
                let after = self.context.passes.load(Ordering::SeqCst);
                self.waiting.push(Waiting { reply, after });
                self.context.insist.notify_one();
                self.context.logins.forgive();
                self.apply(Input::SyncNow).await;
            }
            Command::Whole(request) => match &self.sync {
                Some(worker) => {
                    if let Err(refused) = worker.requests.try_send(request) {
                        let request = refused.into_inner();
                        let _: Result<_, _> = request.reply.send(Err(self.not_running()));
                    }
                }
                None => {
                    let _: Result<_, _> = request.reply.send(Err(self.not_running()));
                }
            },
            // whoever asks may have gone
            Command::Turn(reply) => drop(reply.send(())),
            Command::GoOn => {
                self.context.outbox.notify_one();
                self.apply(Input::LinkMoved).await;
            }
            Command::Switch(done) => {
                self.switching.push(done);
                self.switch().await;
            }
        }
    }

    /// The account has another login: a standing push session is replaced by one on it, anything
    /// else starts afresh. The work session changes at its next pass, the outbox at its next login.
    async fn switch(&mut self) {
        if self.watch.is_some() && self.report.borrow().push.is_some() {
            if let Some(stale) = self.next_watch.take() {
                stale.stop.cancel();
            }
            self.next_watch = Some(self.start_watch());
            self.context.sync.notify_one();
            return;
        }
        self.refresh().await;
        let state = self.report.borrow().state;
        if matches!(state, State::Paused | State::AuthExpired | State::SettingsWrong) {
            self.answer_switching(false);
        }
    }

    fn answer_switching(&mut self, receives: bool) {
        for waiting in self.switching.drain(..) {
            let _: Result<_, _> = waiting.send(receives);
        }
    }

    /// The new push session stands: the old one may go.
    fn take_over(&mut self, next: Running) {
        if let Some(old) = self.watch.replace(next) {
            old.stop.cancel();
        }
    }

    async fn note(&mut self, from: Generation, note: Note) {
        let sync = self.sync.as_ref().map(|worker| worker.running.generation);
        let live = [
            sync,
            self.watch.as_ref().map(|w| w.generation),
            self.next_watch.as_ref().map(|w| w.generation),
            self.outbox.as_ref().map(|w| w.generation),
        ];
        if !live.contains(&Some(from)) {
            return;
        }
        match note {
            Note::SyncStarted { initial } => self.apply(Input::SyncStarted { initial }).await,
            Note::Progress(progress) => {
                self.report.send_modify(|report| report.progress = progress.unless_whole());
            }
            Note::Checked(at) => self.report.send_modify(|report| report.last_check = Some(at)),
            Note::New(at) => self.report.send_modify(|report| report.last_new = Some(at)),
            Note::Aside(aside) => self.set_aside(aside).await,
            Note::SyncEnded(pass, end) => {
                self.report.send_modify(|report| report.progress = None);
                self.answer_waiting(&end, pass);
                self.apply(Input::SyncEnded(end)).await;
                if !self.waiting.is_empty() {
                    // whoever asked meanwhile asked for a pass of their own
                    self.apply(Input::SyncNow).await;
                }
            }
            Note::WatchUp(what) => {
                if let Some(next) = self.next_watch.take_if(|next| next.generation == from) {
                    self.take_over(next);
                }
                self.answer_switching(true);
                self.pushing.get_or_insert_with(|| now_of(&self.context));
                self.report.send_modify(|report| report.push = Some(what));
                self.apply(Input::WatchUp).await;
            }
            Note::WatchLost(failure) => self.watch_lost(from, failure).await,
            Note::Hint => self.apply(Input::Hint).await,
            Note::OutboxTrouble(failure) => self.set_health(&failure, Area::Outbox).await,
            Note::OutboxFine => self.clear_health(Area::Outbox).await,
        }
    }

    /// What is set aside is a condition of its own beside that of the mail.
    async fn set_aside(&mut self, aside: Aside) {
        if self.report.borrow().aside == aside {
            return;
        }
        let parts = [
            (Area::Mailboxes, aside.of_mailboxes()),
            (Area::Messages, aside.of_messages()),
            (Area::Budget, aside.full.as_ref().map(Full::failure)),
        ];
        self.report.send_modify(|report| report.aside = aside);
        for (area, met) in parts {
            match met {
                Some(failure) => self.set_health(&failure, area).await,
                None => self.clear_health(area).await,
            }
        }
    }

    async fn watch_lost(&mut self, from: Generation, failure: Failure) {
        match &self.next_watch {
            Some(next) if next.generation == from => {
                // the old session may still stand, but its login is no longer the account's
                self.next_watch = None;
                self.answer_switching(false);
                return self.refresh().await;
            }
            Some(_) => {
                // the old login ended before the new session stood: that one is already on its way
                self.watch = self.next_watch.take();
                return self.report.send_modify(|report| report.push = None);
            }
            None => self.watch = None,
        }
        self.answer_switching(false);
        let stood = self.pushing.take().map(|at| now_of(&self.context).until_from(at));
        // what ends sooner was turned away, not cut in its silence
        let cut = stood.filter(|stood| failure.code == "net.lost" && *stood >= SETTLED);
        self.report.send_modify(|report| {
            report.push = None;
            report.cuts = cut.map_or(report.cuts, |stood| report.cuts.and(stood));
        });
        self.apply(Input::WatchLost(failure)).await;
    }

    /// One step of the machine and everything it asks for.
    async fn apply(&mut self, input: Input) {
        let now = self.context.world.clock.boot();
        let entropy = self.context.world.entropy.number();
        for action in self.machine.apply(now, input, entropy) {
            self.perform(action).await;
        }
        // a pass that was stopped and has no successor ends for whoever waits for it
        if self.sync.is_none() && !self.waiting.is_empty() {
            self.answer_waiting(&Err(self.not_running()), u64::MAX);
        }
    }

    async fn perform(&mut self, action: Action) {
        match action {
            Action::RunSync => self.run_sync(),
            Action::StopSync => self.stop_sync(),
            Action::RunWatch => self.run_watch(),
            // The push worker hears of a moved link by itself.
            Action::Probe => {}
            Action::StopWatch => self.stop_watch(),
            Action::ArmTimer(at) => self.timer = Some(at),
            Action::Enter(state) => self.enter(state).await,
            Action::SetHealth(failure) => self.set_health(&failure, Area::Mail).await,
            Action::ClearHealth => self.clear_health(Area::Mail).await,
        }
    }

    fn next(&mut self) -> Running {
        self.generation += 1;
        Running { generation: self.generation, stop: self.work.child_token() }
    }

    fn run_sync(&mut self) {
        if self.sync.is_none() {
            let running = self.next();
            let (requests, requests_out) = mpsc::channel(limits::WHOLE_REQUESTS);
            let context = Arc::clone(&self.context);
            let worker = sync::Worker::new(context, running.generation, running.stop.clone());
            self.tasks.spawn(worker.run(requests_out));
            self.sync = Some(SyncWorker { running, requests });
        }
        self.context.sync.notify_one();
    }

    fn stop_sync(&mut self) {
        if let Some(worker) = self.sync.take() {
            worker.running.stop.cancel();
            self.report.send_modify(|report| report.progress = None);
        }
    }

    fn run_watch(&mut self) {
        if self.watch.is_none() {
            self.watch = Some(self.start_watch());
        }
    }

    fn start_watch(&mut self) -> Running {
        let running = self.next();
        let context = Arc::clone(&self.context);
        self.tasks.spawn(watch::run(context, running.generation, running.stop.clone()));
        running
    }

    fn stop_watch(&mut self) {
        if let Some(next) = self.next_watch.take() {
            next.stop.cancel();
        }
        if let Some(running) = self.watch.take() {
            running.stop.cancel();
            self.pushing = None;
            self.report.send_modify(|report| report.push = None);
        }
    }

    /// The outbox works unless the person has to do something first: a submission has retries of
    /// its own, and a refused credential must not be tried over and over.
    fn set_outbox(&mut self, works: bool) {
        match (&self.outbox, works) {
            (None, true) => {
                let running = self.next();
                let context = Arc::clone(&self.context);
                self.tasks.spawn(outbox::run(context, running.generation, running.stop.clone()));
                self.outbox = Some(running);
            }
            (Some(running), false) => {
                running.stop.cancel();
                self.outbox = None;
            }
            _ => {}
        }
    }

    async fn enter(&mut self, state: State) {
        let blocked = matches!(state, State::Paused | State::AuthExpired | State::SettingsWrong);
        self.set_outbox(!blocked);
        let before = self.report.borrow().state;
        self.report.send_modify(|report| report.state = state);
        if before == state {
            return;
        }
        let detail = self.why().unwrap_or_default();
        let kind = match state {
            State::Live => EventKind::AccountConnected,
            State::Offline | State::Throttled => EventKind::AccountOffline { detail },
            State::AuthExpired => EventKind::AccountAuthExpired { detail },
            State::Connecting | State::Syncing | State::SettingsWrong | State::Paused => return,
        };
        self.append(vec![kind]).await;
    }

    async fn set_health(&mut self, failure: &Failure, area: Area) {
        let account = self.context.account().ok();
        let met = Condition::of(failure, area, account.as_ref(), self.context.now());
        let mut told = (false, vec![]);
        self.report.send_modify(|report| told = report.meets(met.clone()));
        let (is_new, over) = told;
        let begins = is_new.then_some(EventKind::HealthChanged {
            code: met.code,
            severity: met.severity,
            title: met.title,
        });
        self.append(over.into_iter().map(ends).chain(begins).collect()).await;
    }

    async fn clear_health(&mut self, area: Area) {
        let mut over = vec![];
        self.report.send_if_modified(|report| {
            over = report.recovers(area);
            !over.is_empty()
        });
        self.append(over.into_iter().map(ends).collect()).await;
    }

    /// Journals what happened. A store that cannot be written is said in the log; the state itself
    /// is shown by `status` all the same.
    async fn append(&self, kinds: Vec<EventKind>) {
        if kinds.is_empty() {
            return;
        }
        let id = self.context.id;
        let written = self
            .context
            .store
            .write(self.context.now(), move |tx| {
                // The account may have been removed meanwhile.
                if tx.account(id)?.is_none() {
                    return Ok(());
                }
                kinds.iter().try_for_each(|kind| tx.append(Some(id), kind.clone()).map(drop))
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(account = id.0, %error, "an event could not be journalled");
        }
    }

    /// Answers those who asked before this pass began.
    fn answer_waiting(&mut self, end: &Result<(), Failure>, pass: u64) {
        for waiting in self.waiting.extract_if(.., |waiting| waiting.after < pass) {
            let _: Result<_, _> = waiting.reply.send(end.clone());
        }
    }

    fn not_running(&self) -> Failure {
        let state = self.report.borrow().state;
        Failure {
            code: "account.not_running",
            message: format!("The account is {} and holds no connection now.", report::word(state)),
            detail: self.why(),
            verdict: Verdict::Retry,
        }
    }

    /// What the mail is in, in words for people.
    fn why(&self) -> Option<String> {
        self.report.borrow().of_mail().map(|condition| condition.title.clone())
    }
}

/// The event of a condition that is over.
fn ends(condition: Condition) -> EventKind {
    EventKind::HealthChanged {
        code: condition.code,
        severity: Severity::Ok,
        title: condition.title,
    }
}

fn now_of(context: &Context) -> Boot {
    context.world.clock.boot()
}
