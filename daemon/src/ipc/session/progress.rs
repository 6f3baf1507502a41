//! Progress of calls that asked for it: pictures taken at intervals, never a queue.

use crate::ipc::{Services, convert, limits};
use chapar_engine::id::AccountId;
use chapar_ipc_protocol::call::Request;
use chapar_ipc_protocol::message::RequestId;
use chapar_ipc_protocol::progress::{CallProgress, CallProgressValue};
use std::sync::PoisonError;
use tokio::time::Instant;

/// The calls of one client that are told how far they are.
#[derive(Default)]
pub(super) struct Followed {
    calls: Vec<Call>,
    due: Option<Instant>,
}

struct Call {
    id: RequestId,
    token: String,
    subject: Subject,
    told: Option<CallProgressValue>,
}

/// What is looked at.
enum Subject {
    /// The sync of an account.
    Sync(AccountId),
    /// The discovery for an address.
    Discover(String),
    /// A look of the doctor, by its token.
    Doctor(String),
}

impl Followed {
    /// Follows a call when it is of a kind that can be followed and brought a token.
    pub(super) fn begin(&mut self, id: &RequestId, request: &Request) {
        let (token, subject) = match request {
            Request::AccountSync(sync) => {
                let account = convert::to_account_id(&sync.account_id.0);
                (&sync.progress_token, account.map(Subject::Sync))
            }
            Request::AccountDiscover(discover) => {
                (&discover.progress_token, Some(Subject::Discover(discover.email.clone())))
            }
            Request::DoctorRun(run) => {
                (&run.progress_token, run.progress_token.clone().map(Subject::Doctor))
            }
            _ => return,
        };
        if let Some((token, subject)) = token.clone().zip(subject) {
            self.calls.push(Call { id: id.clone(), token, subject, told: None });
            self.due.get_or_insert_with(|| Instant::now() + limits::PROGRESS);
        }
    }

    /// The call ended; nothing more is told of it.
    pub(super) fn end(&mut self, id: &RequestId) {
        self.calls.retain(|call| call.id != *id);
        if self.calls.is_empty() {
            self.due = None;
        }
    }

    /// When the next pictures are due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What changed since the last pictures.
    pub(super) fn look(&mut self, services: &Services) -> Vec<CallProgress> {
        self.due = (!self.calls.is_empty()).then(|| Instant::now() + limits::PROGRESS);
        let mut news = vec![];
        for call in &mut self.calls {
            let Some(value) = call.subject.picture(services) else { continue };
            if call.told.as_ref() != Some(&value) {
                call.told = Some(value.clone());
                news.push(CallProgress { token: call.token.clone(), value });
            }
        }
        news
    }
}

impl Subject {
    /// How far it is, while it is under way.
    fn picture(&self, services: &Services) -> Option<CallProgressValue> {
        match self {
            Self::Sync(account) => {
                let progress = services.accounts.report(*account)?.progress?;
                Some(CallProgressValue {
                    done: progress.done,
                    total: progress.total,
                    message: progress.stalled.or(progress.mailbox),
                })
            }
            Self::Doctor(token) => {
                let open = services.looks.lock().unwrap_or_else(PoisonError::into_inner);
                let step = open.get(token)?.now();
                Some(CallProgressValue {
                    done: step.done,
                    total: step.total,
                    message: step.message,
                })
            }
            Self::Discover(email) => {
                let open = services.discoveries.lock().unwrap_or_else(PoisonError::into_inner);
                let step = open.get(email)?.now();
                Some(CallProgressValue {
                    done: step.done,
                    total: step.total,
                    message: step.message,
                })
            }
        }
    }
}
