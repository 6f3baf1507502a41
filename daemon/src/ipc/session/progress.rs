//! Progress of calls that asked for it: pictures taken at intervals, never a queue.

use crate::ipc::{Services, convert, limits};
use chapar_engine::id::AccountId;
use chapar_ipc_protocol::account::AccountSync;
use chapar_ipc_protocol::message::RequestId;
use chapar_ipc_protocol::progress::{CallProgress, CallProgressValue};
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
    account: AccountId,
    told: Option<CallProgressValue>,
}

impl Followed {
    /// Follows a sync when it brought a token.
    pub(super) fn begin(&mut self, id: &RequestId, sync: &AccountSync) {
        let account = convert::to_account_id(&sync.account_id.0);
        if let Some((token, account)) = sync.progress_token.clone().zip(account) {
            self.calls.push(Call { id: id.clone(), token, account, told: None });
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
            let report = services.accounts.report(call.account);
            let Some(progress) = report.and_then(|report| report.progress) else { continue };
            let value = CallProgressValue {
                done: progress.done,
                total: progress.total,
                message: progress.stalled.or(progress.mailbox),
            };
            if call.told.as_ref() != Some(&value) {
                call.told = Some(value.clone());
                news.push(CallProgress { token: call.token.clone(), value });
            }
        }
        news
    }
}
