//! Starts, restarts and stops account tasks; the one handle through which everything above talks
//! to accounts. Holds no mail.

use crate::store::StoreError;
use chapar_engine::account::{Endpoint, NotifyBy, State};
use chapar_engine::compose::Draft;
use chapar_engine::event::Severity;
use chapar_engine::id::{AccountId, BlobId, MessageId, SubmissionId};
use chapar_engine::secret::Secret;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use std::time::Duration;

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Accounts {}

/// Where an account stands right now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of `chapar status`")]
pub struct Report {
    pub state: State,
    pub last_check: Option<Wall>,
    pub last_new: Option<Wall>,
    /// `IDLE, INBOX`; `None` while no push session stands.
    pub push: Option<String>,
    pub progress: Option<Progress>,
    pub health: Vec<Condition>,
}

/// How far a first sync is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "counts of messages and bytes")]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    pub mailbox: Option<String>,
    pub bytes: u64,
    pub stalled: Option<String>,
}

/// Something a person may have to act on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "ipc.md health objects")]
pub struct Condition {
    pub code: String,
    pub severity: Severity,
    pub since: Wall,
    pub title: String,
    pub detail: Option<String>,
    pub remedy: Vec<Vec<String>>,
}

/// What a person gives to connect a mailbox.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see chapar_engine::account::Account")]
pub struct ConnectRequest {
    pub email: String,
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub imap: Endpoint,
    pub smtp: Endpoint,
    pub user: String,
    pub password: Secret,
    pub ca_pem: Option<String>,
    pub window: Option<u32>,
    pub notify: NotifyBy,
}

/// A connect attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectId(pub u64);

/// How far a connect attempt is.
#[derive(Clone, Debug)]
pub struct ConnectReport {
    /// Steps proved so far, in order.
    pub steps: Vec<ConnectStep>,
    /// The end, once reached.
    pub end: Option<Result<AccountId, Failure>>,
}

/// One proved step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "`what` is imap, smtp or saved; `detail` a phrase such as the server's name or the vault"
)]
pub struct ConnectStep {
    pub what: &'static str,
    pub detail: String,
    pub took: Duration,
}

impl Accounts {
    /// Where it stands.
    pub fn report(&self, id: AccountId) -> Option<Report> {
        let _ = id;
        todo!()
    }
    /// Syncs now; returns when that pass ended.
    pub async fn sync_now(&self, id: AccountId) -> Result<(), Failure> {
        let _ = id;
        todo!()
    }
    /// Something may be due in the outbox.
    pub fn nudge_outbox(&self, id: AccountId) {
        let _ = id;
        todo!()
    }
    /// All bytes of a message, fetched now when they are not mirrored.
    pub async fn whole(&self, id: MessageId) -> Result<BlobId, Failure> {
        let _ = id;
        todo!()
    }
    /// Begins to prove a mailbox; nothing is saved before both protocols are proved.
    pub fn connect(&self, request: ConnectRequest) -> Result<ConnectId, Failure> {
        let _ = request;
        todo!()
    }
    /// Where an attempt stands; waits up to `wait` for news beyond `seen` steps. `None` = no such attempt.
    pub async fn connect_status(
        &self,
        id: ConnectId,
        seen: usize,
        wait: Duration,
    ) -> Option<ConnectReport> {
        let _ = (id, seen, wait);
        todo!()
    }
    /// Gives an attempt up; false when it is unknown or over.
    pub fn connect_cancel(&self, id: ConnectId) -> bool {
        let _ = id;
        todo!()
    }
    /// Settings of the account changed in the store (pause, endpoints, name): act on them.
    pub fn refresh(&self, id: AccountId) {
        let _ = id;
        todo!()
    }
    /// Replaces the stored password after proving it.
    pub async fn set_password(&self, id: AccountId, password: Secret) -> Result<(), Failure> {
        let _ = (id, password);
        todo!()
    }
    /// Stops it, deletes its secrets and everything of it in the store.
    pub async fn remove(&self, id: AccountId) -> Result<(), Failure> {
        let _ = id;
        todo!()
    }
    /// Accepts a message for sending: composes, freezes, makes durable. Same `key` and same draft
    /// return the first submission with `true`; same key, other draft: `Conflict`.
    pub async fn submit(
        &self,
        draft: Draft,
        send_at: Option<Wall>,
        key: Option<String>,
    ) -> Result<(SubmissionId, bool), SubmitError> {
        let _ = (draft, send_at, key);
        todo!()
    }
    /// Cancels a submission of which nothing can have been sent yet.
    pub async fn cancel_submission(&self, id: SubmissionId) -> Result<(), SubmitError> {
        let _ = id;
        todo!()
    }
    /// Tries a waiting submission now.
    pub async fn retry_submission(&self, id: SubmissionId) -> Result<(), SubmitError> {
        let _ = id;
        todo!()
    }
    /// Settles an unknown submission by the person's word: `true` = it was sent, `false` = send again.
    pub async fn resolve_submission(
        &self,
        id: SubmissionId,
        sent: bool,
    ) -> Result<(), SubmitError> {
        let _ = (id, sent);
        todo!()
    }
}

/// Why a message was not accepted for sending.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SubmitError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Draft(#[from] chapar_engine::compose::DraftError),
    #[error("the idempotency key was used for another message")]
    KeyMismatch,
    #[error("{0}")]
    TooLate(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}
