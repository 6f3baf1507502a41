//! A decoded call → its handler. Exhaustive: a method in the table without a line here does not
//! compile.

use super::Services;
use super::handlers::{
    Answer, account, blob, changes, connect, daemon, data, discover, doctor, email, event,
    identity, mailbox, send, submission, thread,
};
use super::session::Caller;
use chapar_engine::event::ObjectKind;
use chapar_ipc_protocol::call::{Request, Scope};
use chapar_ipc_protocol::error::{Error, ErrorType};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs a call that is not about the connection itself.
pub(super) async fn run(
    services: Arc<Services>,
    scopes: Arc<BTreeSet<Scope>>,
    caller: Caller,
    request: Request,
) -> Answer {
    let s = services.as_ref();
    match request {
        Request::Discover(_) => daemon::discover(),
        Request::Status(_) => daemon::status(s).await,
        Request::EventGet(p) => event::get(s, &scopes, p).await,
        Request::AccountGet(p) => account::get(s, &p),
        Request::AccountQuery(p) => account::query(s, p),
        Request::AccountChanges(p) => {
            changes(s, None, ObjectKind::Account, &p.since_state, p.max_changes)
        }
        Request::AccountSet(p) => account::set(s, p).await,
        Request::AccountConnect(p) => connect::connect(s, p).await,
        Request::AccountConnectStatus(p) => connect::status(s, p).await,
        Request::AccountConnectAnswer(p) => connect::answer_pasted(s, p).await,
        Request::AccountConnectCancel(p) => connect::cancel(s, &p),
        Request::AccountDiscover(p) => discover::discover(s, p).await,
        Request::AccountToken(p) => connect::token(s, &caller, &p).await,
        Request::DoctorRun(p) => doctor::run(s, p).await,
        Request::AccountSync(p) => account::sync(s, &p).await,
        Request::IdentityGet(p) => identity::get(s, p),
        Request::IdentitySet(p) => identity::set(s, p).await,
        Request::MailboxGet(p) => mailbox::get(s, p),
        Request::MailboxQuery(p) => mailbox::query(s, p),
        Request::MailboxChanges(p) => {
            let account = Some(&p.account_id);
            changes(s, account, ObjectKind::Mailbox, &p.since_state, p.max_changes)
        }
        Request::EmailGet(p) => email::get(s, p).await,
        Request::EmailQuery(p) => email::query(s, p),
        Request::EmailChanges(p) => {
            let account = Some(&p.account_id);
            changes(s, account, ObjectKind::Email, &p.since_state, p.max_changes)
        }
        Request::EmailSend(p) => send::send(s, p).await,
        Request::ThreadGet(p) => thread::get(s, p),
        Request::SubmissionGet(p) => submission::get(s, p),
        Request::SubmissionQuery(p) => submission::query(s, p),
        Request::SubmissionChanges(p) => {
            let account = Some(&p.account_id);
            changes(s, account, ObjectKind::EmailSubmission, &p.since_state, p.max_changes)
        }
        Request::SubmissionSet(p) => submission::set(s, p).await,
        Request::BlobGet(p) => blob::get(s, p).await,
        Request::DataForget(p) => data::forget(s, p).await,
        Request::DaemonReload(_) => daemon::reload(s).await,
        Request::DaemonStop(_) => daemon::stop(s),
        // The session answers these itself: they are about the connection.
        Request::Hello(_)
        | Request::EventSubscribe(_)
        | Request::EventUnsubscribe(_)
        | Request::CancelRequest(_)
        | Request::BlobOpen(_)
        | Request::BlobPut(_) => {
            Err(Error::new(ErrorType::InvalidRequest, "This method cannot be called in this way."))
        }
    }
}
