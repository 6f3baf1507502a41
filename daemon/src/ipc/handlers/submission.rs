//! `EmailSubmission/get`, `/query`, `/set`.

use super::{Answer, account_of, answer, check_count, check_properties, check_state, page};
use crate::ipc::fit::Page;
use crate::ipc::{Services, convert, fault};
use crate::readers::breathe;
use crate::store::{Snapshot, StoreError};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::mailbox::Role;
use chapar_engine::message::Message;
use chapar_engine::submission::{Filing, Submission};
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::standard::SetReply;
use chapar_ipc_protocol::submission as wire;

/// A submission with its copy in Sent, where that is mirrored.
pub(super) fn picture(
    view: &Snapshot,
    submission: &Submission,
) -> Result<wire::EmailSubmission, Error> {
    let copy = match submission.filing {
        Filing::Filed => copy_of(view, submission).map_err(fault::store)?,
        _ => None,
    };
    Ok(convert::submission(submission, copy.as_ref()))
}

/// The copy in Sent; where there is none, another one.
fn copy_of(view: &Snapshot, submission: &Submission) -> Result<Option<Message>, StoreError> {
    let mut found = None;
    for id in view.by_message_id(submission.account, &submission.message_id)? {
        let Some(message) = view.message(id)? else { continue };
        let mailbox = view.mailbox(message.mailbox)?;
        if mailbox.is_some_and(|mailbox| mailbox.role == Some(Role::Sent)) {
            return Ok(Some(message));
        }
        found.get_or_insert(message);
    }
    Ok(found)
}

pub(in crate::ipc) async fn get(services: &Services, params: wire::SubmissionGet) -> Answer {
    check_properties::<wire::EmailSubmission>(params.properties.as_deref())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let ids: Vec<String> = if let Some(ids) = params.ids {
        super::unique(ids.into_iter().map(|id| id.0))?
    } else {
        let all = view.submissions(account).map_err(fault::store)?;
        super::unique(all.iter().map(|one| convert::submission_id(one.id).0))?
    };
    let mut page = Page::new(params.properties, ids.iter().map(String::as_str))?;
    for id in ids {
        if page.is_full() {
            page.leave(id);
            continue;
        }
        breathe().await;
        match one(&view, account, &id)? {
            Some(submission) => page.add(&id, picture(&view, &submission)?)?,
            None => page.miss(id),
        }
    }
    let state = super::state_of(&view, account, ObjectKind::EmailSubmission)?;
    page.answer(params.account_id, convert::state(state))
}

fn one(view: &Snapshot, account: Option<AccountId>, id: &str) -> Result<Option<Submission>, Error> {
    let Some(id) = convert::to_submission_id(id) else { return Ok(None) };
    let found = view.submission(id).map_err(fault::store)?;
    Ok(found.filter(|found| account.is_none_or(|account| found.account == account)))
}

pub(in crate::ipc) fn query(services: &Services, params: wire::SubmissionQuery) -> Answer {
    let filter = params.filter.unwrap_or_default();
    let date = |field: &str, text: Option<&String>| {
        let at = text.map(|text| {
            convert::to_date(text).ok_or_else(|| {
                fault::argument(format!("`filter.{field}`: `{text}` is not a UTC date."))
            })
        });
        at.transpose()
    };
    let before = date("before", filter.before.as_ref())?;
    let after = date("after", filter.after.as_ref())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let fits = |submission: &Submission| {
        let identity = convert::identity_id(submission.identity);
        let phase = convert::phase(submission.phase);
        filter.identity_ids.as_ref().is_none_or(|ids| ids.contains(&identity))
            && filter.phases.as_ref().is_none_or(|phases| phases.contains(&phase))
            && filter.undo_status.is_none_or(|undo| convert::undo_status(submission.phase) == undo)
            && before.is_none_or(|before| submission.send_at < before)
            && after.is_none_or(|after| submission.send_at >= after)
    };
    let all = view.submissions(account).map_err(fault::store)?;
    let ids = all.iter().filter(|submission| fits(submission));
    let ids = ids.map(|submission| convert::submission_id(submission.id).0).collect();
    let state = super::state_of(&view, account, ObjectKind::EmailSubmission)?;
    page(params.account_id, state, ids, params.position, params.limit)
}

pub(in crate::ipc) async fn set(services: &Services, params: wire::SubmissionSet) -> Answer {
    let update = params.update.unwrap_or_default();
    check_count(update.len())?;
    if params.if_in_state.is_some() && params.account_id.is_none() {
        return Err(fault::argument("`ifInState` needs `accountId`."));
    }
    let (account, old) = state(services, params.account_id.as_ref())?;
    check_state(params.if_in_state.as_ref(), old)?;
    let mut reply = SetReply {
        account_id: params.account_id.clone(),
        old_state: convert::state(old),
        ..SetReply::default()
    };
    for (id, patch) in update {
        match change(services, account, &id.0, &patch).await {
            Ok(()) => drop(reply.updated.insert(id.0, ())),
            Err(error) => drop(reply.not_updated.insert(id.0, error.into())),
        }
    }
    reply.new_state = convert::state(state(services, params.account_id.as_ref())?.1);
    answer(&reply)
}

fn state(
    services: &Services,
    account: Option<&chapar_ipc_protocol::id::AccountId>,
) -> Result<(Option<AccountId>, chapar_engine::id::Seq), Error> {
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, account)?;
    Ok((account, super::state_of(&view, account, ObjectKind::EmailSubmission)?))
}

async fn change(
    services: &Services,
    account: Option<AccountId>,
    id: &str,
    patch: &wire::SubmissionPatch,
) -> Result<(), Error> {
    let found = {
        let view = services.store.read().map_err(fault::store)?;
        one(&view, account, id)?.ok_or_else(|| super::not_found("submission", id))?
    };
    let done = act(services, found.id, patch).await?;
    done.map_err(fault::submit)
}

async fn act(
    services: &Services,
    id: SubmissionId,
    patch: &wire::SubmissionPatch,
) -> Result<Result<(), crate::supervisor::SubmitError>, Error> {
    let accounts = &services.accounts;
    match (patch.undo_status, patch.retry, patch.resolve) {
        (Some(wire::UndoStatus::Canceled), None, None) => Ok(accounts.cancel_submission(id).await),
        (None, Some(true), None) => Ok(accounts.retry_submission(id).await),
        (None, None, Some(wire::Resolution::Sent)) => {
            Ok(accounts.resolve_submission(id, true).await)
        }
        (None, None, Some(wire::Resolution::Resend)) => {
            Ok(accounts.resolve_submission(id, false).await)
        }
        _ => Err(fault::argument(
            "Exactly one of `undoStatus`: \"canceled\", `retry`: true and `resolve`: \"sent\" or \
             \"resend\" must be given.",
        )),
    }
}
