//! The doctor: looks at everything a mailbox depends on, each thing after what it depends on, and
//! says what is the case in the words of the registry of conditions.
//!
//! Must never change a setting, never show a refused password to a server again, and never take
//! longer than [`ACCOUNT`] for an account. Of what is stored, only what differs from the server is
//! changed, by the account's own task.

mod machine;
mod mailbox;
mod mirror;
mod noted;
mod progress;

pub use progress::Progress;

use crate::store::{Store, StoreError};
use crate::supervisor::Accounts;
use crate::world::{BoxFuture, World};
use chapar_engine::id::AccountId;
use chapar_engine::verdict::{Condition, Failure, condition};
use futures_util::StreamExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// Accounts looked at side by side: enough to be quick, few enough that ten accounts at one provider
/// do not look like an attack.
const SIDE_BY_SIDE: usize = 4;
/// All steps of one account together; each has its part of it.
pub const ACCOUNT: Duration = Duration::from_secs(30);

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Fine.
    Ok,
    /// Works, but not as it should.
    Warning,
    /// Does not work.
    Error,
    /// Not made, because what it depends on failed.
    Skipped,
}

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at; the words are those of the wire.
    pub what: &'static str,
    /// Of which account; `None` = the machine.
    pub account: Option<AccountId>,
    /// How it ended.
    pub outcome: Outcome,
    /// One line.
    pub title: String,
    /// The other side's own words.
    pub detail: Option<String>,
    /// The condition, when it is one.
    pub code: Option<&'static str>,
    /// What it waits for, when skipped.
    pub depends_on: Option<&'static str>,
    /// How long it took.
    pub took: Option<Duration>,
}

impl Check {
    fn new(what: &'static str, outcome: Outcome, title: impl Into<String>) -> Self {
        Self {
            what,
            account: None,
            outcome,
            title: title.into(),
            detail: None,
            code: None,
            depends_on: None,
            took: None,
        }
    }

    fn good(what: &'static str, title: impl Into<String>) -> Self {
        Self::new(what, Outcome::Ok, title)
    }

    /// A condition that has no failure behind it.
    fn found(what: &'static str, code: &'static str, title: impl Into<String>) -> Self {
        let outcome = condition(code).map_or(Outcome::Warning, outcome);
        Self { code: Some(code), ..Self::new(what, outcome, title) }
    }

    fn failed(what: &'static str, failure: &Failure) -> Self {
        let outcome = condition(failure.code).map_or(Outcome::Error, outcome);
        Self {
            code: Some(failure.code),
            detail: failure.detail.clone(),
            // a step that failed does not work, however soon it may work again
            ..Self::new(what, outcome.max(Outcome::Warning), failure.message.clone())
        }
    }

    fn skipped(what: &'static str, on: &'static str) -> Self {
        let title = format!("not looked at: it depends on {on}");
        Self { depends_on: Some(on), ..Self::new(what, Outcome::Skipped, title) }
    }

    fn of(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }

    fn took(self, took: Option<Duration>) -> Self {
        Self { took, ..self }
    }
}

fn outcome(row: &Condition) -> Outcome {
    use chapar_engine::event::Severity;
    match Severity::from(row.severity) {
        Severity::Ok | Severity::Info => Outcome::Ok,
        Severity::Warning => Outcome::Warning,
        Severity::Error => Outcome::Error,
    }
}

/// What the doctor works with.
#[derive(Clone)]
pub struct Bench {
    /// The doors.
    pub world: World,
    /// What is stored.
    pub store: Store,
    /// The accounts at work.
    pub accounts: Accounts,
    /// The directory of the store.
    pub state: PathBuf,
    /// The socket, where there is one.
    pub socket: PathBuf,
    /// The program file of this process, when it was replaced since the start.
    pub replaced: Option<PathBuf>,
}

/// Makes anew what of the store can be made anew, and says what.
pub async fn fix(bench: &Bench) -> Vec<String> {
    let mut fixed = Vec::new();
    if let Ok(lost @ 1..) = bench.store.mend().await {
        fixed.push(format!("mails whose stored bytes were lost are fetched again: {lost}"));
    }
    let is_damaged = matches!(bench.store.verify().await, Err(StoreError::Damaged { .. }));
    if is_damaged && bench.store.heal().await.is_ok() {
        fixed.extend(bench.store.restored().map(|restored| restored.to_string()));
        bench.accounts.store_works();
    }
    fixed
}

/// Looks at `wanted` only, or at the machine and every account. The machine's checks come first,
/// then the accounts' by id, each in the order of what depends on what.
pub async fn run(
    bench: &Bench,
    wanted: Option<AccountId>,
    progress: &Progress,
) -> Result<Vec<Check>, StoreError> {
    let mut accounts = bench.store.read()?.accounts()?;
    if let Some(wanted) = wanted {
        accounts.retain(|account| account.id == wanted);
    }
    progress.expect(mailbox::CHECKS * accounts.len());
    let mut checks = Vec::new();
    if wanted.is_none() {
        progress.expect(machine::CHECKS);
        checks = machine::look(bench, &accounts, progress).await;
    }
    let mut looks: Vec<BoxFuture<'_, _>> = Vec::with_capacity(accounts.len());
    for account in &accounts {
        looks.push(Box::pin(mailbox::look(bench, account, progress)));
    }
    let mut found: Vec<(AccountId, Vec<Check>)> =
        futures_util::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE).collect().await;
    found.sort_by_key(|(id, _)| *id);
    checks.extend(found.into_iter().flat_map(|(_, checks)| checks));
    Ok(checks)
}
