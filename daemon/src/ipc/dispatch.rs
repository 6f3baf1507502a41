//! A decoded call → its handler. Exhaustive: a method in the table without a line here does not
//! compile.

use super::handlers::{
    Answer, account, address, blob, changes, connect, daemon, data, discover, doctor, email, event,
    identity, keep, mailbox, send, submission, thread,
};
use super::session::Caller;
use super::{Services, fault, limits};
use chapar_engine::event::ObjectKind;
use chapar_ipc_protocol::call::{Request, Scope};
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::id::{AccountId, State};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reads the store on the threads that do, in the turn of whoever calls.
pub(super) async fn in_turn<R, T>(
    services: &Arc<Services>,
    caller: &Caller,
    job: impl FnOnce(Arc<Services>) -> R,
) -> Result<T, Error>
where
    R: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let job = job(Arc::clone(services));
    services.readers.run(caller.client, job).await.map_err(|_| fault::broken())
}

/// Answers a call that only reads, once there is room for its answer.
async fn read<R>(
    services: &Arc<Services>,
    caller: &Caller,
    job: impl FnOnce(Arc<Services>) -> R,
) -> Answer
where
    R: Future<Output = Answer> + Send + 'static,
{
    let room = caller.purse.take(limits::ANSWER_BYTES).await.ok_or_else(fault::ending)?;
    keep(room, in_turn(services, caller, job).await?)
}

/// The changes of one type.
async fn changed(
    services: &Arc<Services>,
    caller: &Caller,
    account: Option<AccountId>,
    kind: ObjectKind,
    (since, max): (State, Option<u64>),
) -> Answer {
    let job = move |services: Arc<Services>| async move {
        changes(&services, account.as_ref(), kind, &since, max)
    };
    read(services, caller, job).await
}

/// Runs a call that is not about the connection itself.
pub(super) async fn run(
    services: Arc<Services>,
    scopes: Arc<BTreeSet<Scope>>,
    caller: Caller,
    request: Request,
) -> Answer {
    let (all, s) = (&services, services.as_ref());
    match request {
        Request::Discover(_) => read(all, &caller, |_| async { daemon::discover() }).await,
        Request::Status(_) => daemon::status(s).await,
        Request::EventGet(p) => event::get(all, &caller, &scopes, p).await,
        Request::AccountGet(p) => account::get(s, &p),
        Request::AccountQuery(p) => account::query(s, p),
        Request::AccountChanges(p) => {
            let asked = (p.since_state, p.max_changes);
            changed(all, &caller, None, ObjectKind::Account, asked).await
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
        Request::AddressCheck(p) => address::check(p),
        Request::IdentityGet(p) => {
            read(all, &caller, |s| async move { identity::get(&s, p) }).await
        }
        Request::IdentitySet(p) => identity::set(s, p).await,
        Request::MailboxGet(p) => {
            read(all, &caller, |s| async move { mailbox::get(&s, p).await }).await
        }
        Request::MailboxQuery(p) => {
            read(all, &caller, |s| async move { mailbox::query(&s, p).await }).await
        }
        Request::MailboxChanges(p) => {
            let asked = (p.since_state, p.max_changes);
            changed(all, &caller, Some(p.account_id), ObjectKind::Mailbox, asked).await
        }
        Request::EmailGet(p) => email::get(all, &caller, p).await,
        Request::EmailQuery(p) => {
            read(all, &caller, |s| async move { email::query(&s, p).await }).await
        }
        Request::EmailChanges(p) => {
            let asked = (p.since_state, p.max_changes);
            changed(all, &caller, Some(p.account_id), ObjectKind::Email, asked).await
        }
        Request::EmailSend(p) => send::send(all, &caller, p).await,
        Request::ThreadGet(p) => {
            read(all, &caller, |s| async move { thread::get(&s, p).await }).await
        }
        Request::SubmissionGet(p) => {
            read(all, &caller, |s| async move { submission::get(&s, p).await }).await
        }
        Request::SubmissionQuery(p) => {
            read(all, &caller, |s| async move { submission::query(&s, p) }).await
        }
        Request::SubmissionChanges(p) => {
            let (account, asked) = (Some(p.account_id), (p.since_state, p.max_changes));
            changed(all, &caller, account, ObjectKind::EmailSubmission, asked).await
        }
        Request::SubmissionSet(p) => submission::set(s, p).await,
        Request::BlobGet(p) => blob::get(all, &caller, p).await,
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
