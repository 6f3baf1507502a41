//! How an account's workers come to their sessions: the credential that fits the account, one new
//! token when a mail server refuses one, and a seat within the provider's budget.
//!
//! Must never try a refused credential over and over: providers lock mailboxes for that.

use super::{Context, password, store_failure};
use crate::imap;
use crate::oauth::Access;
use crate::smtp;
use crate::world::World;
use chapar_engine::account::{Account, Way};
use chapar_engine::backoff::RETRY;
use chapar_engine::credential::{Auth, Credential};
use chapar_engine::provider::provider_of;
use chapar_engine::time::Boot;
use chapar_engine::verdict::{Failure, Verdict};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Tokens of an account that one of its servers may refuse within [`WINDOW`]; what is wrong then is
/// not the token.
const REFUSALS: usize = 3;
/// See [`REFUSALS`].
const WINDOW: Duration = Duration::from_hours(1);

/// A session that ends sooner than this has not ended by its time: else a server that ends each at
/// once would be dialled in a circle.
const LEAST_LIFE: Duration = Duration::from_secs(5);

/// What an account's logins have in common.
pub struct Logins {
    imap: Door,
    smtp: Door,
    seats: Arc<Semaphore>,
    /// Workers that wait for a seat for their push session.
    wanting: AtomicUsize,
    /// "Somebody wants your seat."
    wanted: Notify,
}

/// One server of the account.
struct Door {
    /// Logins by token go one after the other, so that two workers do not both show the same
    /// refused token.
    turn: Semaphore,
    /// A lock, not a task: a short list, never held over an await.
    refusals: Mutex<Refusals>,
}

#[derive(Default)]
struct Refusals {
    at: VecDeque<Boot>,
    last: Option<Failure>,
}

impl Logins {
    /// Nobody has logged in yet.
    #[must_use]
    pub fn new(account: &Account) -> Self {
        let door = || Door { turn: Semaphore::new(1), refusals: Mutex::default() };
        let seats = usize::try_from(provider_of(&account.imap.host).sessions).unwrap_or(2);
        Self {
            imap: door(),
            smtp: door(),
            // push and work are two sessions whatever a provider allows
            seats: Arc::new(Semaphore::new(seats.max(2))),
            wanting: AtomicUsize::new(0),
            wanted: Notify::new(),
        }
    }

    /// The person asks for another try, or changed something: refusals of before do not count.
    pub fn forgive(&self) {
        for door in [&self.imap, &self.smtp] {
            *door.refusals() = Refusals::default();
        }
    }

    /// Waits until somebody wants a seat.
    pub async fn seat_wanted(&self) {
        while !self.is_seat_wanted() {
            self.wanted.notified().await;
        }
    }

    /// Whether somebody waits for a seat.
    #[must_use]
    pub fn is_seat_wanted(&self) -> bool {
        self.wanting.load(Ordering::SeqCst) > 0
    }

    /// A seat, once there is one.
    pub(super) async fn seat(&self) -> Option<Seat> {
        Arc::clone(&self.seats).acquire_owned().await.ok()
    }

    /// The same, and whoever only works is asked to make room.
    pub(super) async fn want_seat(&self) -> Option<Seat> {
        let want = Want::of(self);
        let seat = self.seat().await;
        drop(want);
        seat
    }
}

/// Counted while it lives.
struct Want<'l>(&'l Logins);

impl<'l> Want<'l> {
    fn of(logins: &'l Logins) -> Self {
        logins.wanting.fetch_add(1, Ordering::SeqCst);
        logins.wanted.notify_one();
        Self(logins)
    }
}

impl Drop for Want<'_> {
    fn drop(&mut self) {
        self.0.wanting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Door {
    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last refusal while there were too many.
    fn closed(&self, now: Boot) -> Option<Failure> {
        let mut refusals = self.refusals();
        while refusals.at.front().is_some_and(|at| now >= at.after(WINDOW)) {
            refusals.at.pop_front();
        }
        if refusals.at.len() < REFUSALS { None } else { refusals.last.clone() }
    }

    fn refused(&self, now: Boot, failure: &Failure) {
        let mut refusals = self.refusals();
        refusals.at.push_back(now);
        refusals.last = Some(failure.clone());
    }
}

/// One of the sessions that a provider allows an account.
pub type Seat = OwnedSemaphorePermit;

/// An IMAP session in its seat.
#[derive(Debug)]
pub struct Seated {
    session: imap::Session,
    /// When its token ends.
    pub ends_at: Option<Boot>,
    /// When it is to be replaced by one with the next token.
    swap_at: Option<Boot>,
    /// When it was made.
    since: Boot,
    /// How the account was reached then.
    pub way: Way,
    /// How often in a row the next one could not be had, and when it may be tried again.
    failures: u32,
    not_before: Boot,
    seat: Option<Seat>,
}

impl Deref for Seated {
    type Target = imap::Session;
    fn deref(&self) -> &imap::Session {
        &self.session
    }
}

impl DerefMut for Seated {
    fn deref_mut(&mut self) -> &mut imap::Session {
        &mut self.session
    }
}

impl Seated {
    /// The seat, for the session that follows this one.
    pub fn take_seat(&mut self) -> Option<Seat> {
        self.seat.take()
    }

    /// LOGOUT under a short deadline, then the seat is free; never fails.
    pub async fn logout(self) {
        self.session.logout().await;
        drop(self.seat);
    }

    /// Whether `failure` is only that the time of the session was over: it, or its token, had
    /// stood for a while and ended. Then the next session is a matter of a second, not of waiting.
    #[must_use]
    pub fn ended_in_time(&self, failure: &Failure, now: Boot) -> bool {
        let passing = !matches!(failure.verdict, Verdict::SignInAgain | Verdict::FixSettings);
        let over = passing && self.swap_at.is_some_and(|at| now >= at);
        (over || failure.code == "imap.session_ended") && now >= self.since.after(LEAST_LIFE)
    }

    /// When it is time for the next one.
    #[must_use]
    pub fn due_at(&self) -> Option<Boot> {
        self.swap_at.map(|at| at.max(self.not_before))
    }

    /// Whether it is.
    #[must_use]
    pub fn is_due(&self, now: Boot) -> bool {
        self.due_at().is_some_and(|at| now >= at)
    }

    /// The next one could not be had: this one is kept as long as its server lets it live.
    pub fn put_off(&mut self, now: Boot, entropy: u64) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.after(RETRY.delay(self.failures, entropy));
    }
}

/// A submission session and when it is to be replaced.
pub struct Submitting {
    /// The session.
    pub session: smtp::Session,
    /// When.
    pub swap_at: Option<Boot>,
    access: Option<Access>,
}

/// A protocol to log in by.
trait Protocol {
    type Session: Send;
    fn door(logins: &Logins) -> &Door;
    fn host(account: &Account) -> &str;
    fn login(
        world: &World,
        account: &Account,
        credential: Credential,
    ) -> impl Future<Output = Result<Self::Session, Failure>> + Send;
}

struct Imap;
struct Smtp;

impl Protocol for Imap {
    type Session = imap::Session;

    fn door(logins: &Logins) -> &Door {
        &logins.imap
    }

    fn host(account: &Account) -> &str {
        &account.imap.host
    }

    async fn login(
        world: &World,
        account: &Account,
        credential: Credential,
    ) -> Result<imap::Session, Failure> {
        let login = account.imap_login(credential);
        imap::Session::login(world, &login).await
    }
}

impl Protocol for Smtp {
    type Session = smtp::Session;

    fn door(logins: &Logins) -> &Door {
        &logins.smtp
    }

    fn host(account: &Account) -> &str {
        &account.smtp.host
    }

    async fn login(
        world: &World,
        account: &Account,
        credential: Credential,
    ) -> Result<smtp::Session, Failure> {
        let login = account.smtp_login(credential);
        smtp::Session::login(world, &login).await
    }
}

/// What a login came with.
struct Came<T> {
    session: T,
    access: Option<Access>,
    swap_at: Option<Boot>,
}

impl Context {
    /// An IMAP session for work; waits for a seat.
    pub async fn work_session(&self) -> Result<Seated, Failure> {
        let seat = self.logins.seat().await;
        self.imap_session(seat).await
    }

    /// A second opinion beside the work session, for a moment: in a seat if one is free.
    pub async fn second_session(&self) -> Result<Seated, Failure> {
        let seat = Arc::clone(&self.logins.seats).try_acquire_owned().ok();
        self.imap_session(seat).await
    }

    /// Whether a token is to be had that outlives one that ends then.
    pub async fn has_newer_token(&self, ends_at: Option<Boot>) -> Result<(), Failure> {
        let account = self.account().map_err(store_failure)?;
        if account.auth.grant().is_none() {
            return Ok(());
        }
        let next = self.tokens.access(&account, Duration::ZERO).await?.expires_at;
        if next.is_none() || next > ends_at {
            return Ok(());
        }
        let message = "There is no newer token yet.";
        Err(Failure::of("oauth.unavailable", message, None))
    }

    /// An IMAP session in that seat.
    pub async fn imap_session(&self, seat: Option<Seat>) -> Result<Seated, Failure> {
        let account = self.account().map_err(store_failure)?;
        let came = self.sign_in::<Imap>(&account).await?;
        Ok(Seated {
            session: came.session,
            swap_at: came.swap_at,
            ends_at: came.access.and_then(|access| access.expires_at),
            since: self.world.clock.boot(),
            way: account.way(),
            failures: 0,
            not_before: Boot::default(),
            seat,
        })
    }

    /// A submission session.
    pub async fn submission_session(&self) -> Result<Submitting, Failure> {
        let account = self.account().map_err(store_failure)?;
        let came = self.sign_in::<Smtp>(&account).await?;
        let Came { session, access, swap_at } = came;
        Ok(Submitting { session, swap_at, access })
    }

    /// The submission server took a session's sign-in back (RFC 4954 §6) although its token should
    /// hold: the next login is by another one. False when the session had none.
    #[must_use]
    pub fn distrust(&self, submission: &Submitting) -> bool {
        let access = submission.access.as_ref();
        access.inspect(|access| self.tokens.distrust(self.id, access)).is_some()
    }

    /// One login, when it is the host's turn among all accounts.
    async fn login<P: Protocol>(
        &self,
        account: &Account,
        credential: Credential,
    ) -> Result<P::Session, Failure> {
        let _turn = self.dials.turn(P::host(account)).await;
        P::login(&self.world, account, credential).await
    }

    async fn sign_in<P: Protocol>(&self, account: &Account) -> Result<Came<P::Session>, Failure> {
        match account.auth {
            Auth::Password => {
                let password = password(&self.world, &self.store, account).await?;
                let session = self.login::<P>(account, Credential::Password(password)).await?;
                Ok(Came { session, access: None, swap_at: None })
            }
            Auth::Grant(_) => {
                let _turn = P::door(&self.logins).turn.acquire().await;
                self.sign_in_by_token::<P>(account).await
            }
        }
    }

    /// A refused token is replaced once and the new one shown once; what is refused then is for
    /// the person.
    async fn sign_in_by_token<P: Protocol>(
        &self,
        account: &Account,
    ) -> Result<Came<P::Session>, Failure> {
        let door = P::door(&self.logins);
        let mut refused: Option<(Access, Failure)> = None;
        loop {
            if let Some(refusal) = door.closed(self.world.clock.boot()) {
                return Err(refusal);
            }
            let lease = self.tokens.lease(account, Duration::ZERO).await?;
            let access = lease.access;
            if let Some((old, failure)) = &refused
                // both sides are ours: the comparison guards no secret
                && old.token.expose() == access.token.expose()
            {
                return Err(failure.clone());
            }
            let credential = Credential::Token(access.token.clone());
            let failure = match self.login::<P>(account, credential).await {
                Ok(session) => {
                    *door.refusals() = Refusals::default();
                    return Ok(Came { session, access: Some(access), swap_at: lease.swap_at });
                }
                Err(failure) if failure.verdict == Verdict::SignInAgain => token_refused(failure),
                Err(failure) => return Err(failure),
            };
            door.refused(self.world.clock.boot(), &failure);
            self.tokens.distrust(self.id, &access);
            if refused.replace((access, failure.clone())).is_some() {
                return Err(failure);
            }
        }
    }
}

/// In the mail server's own words, but of the token.
fn token_refused(failure: Failure) -> Failure {
    let Failure { message, detail, .. } = failure;
    let said = detail.map_or(message.clone(), |detail| format!("{message}: {detail}"));
    let message = "The mail server does not take the token that the provider itself gave.";
    Failure::of("oauth.token_refused", message, Some(&said))
}
