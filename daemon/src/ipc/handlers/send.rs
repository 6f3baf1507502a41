//! `Email/send`.

use super::{Answer, answer, submission};
use crate::ipc::{Services, convert, fault, limits};
use crate::store::Snapshot;
use chapar_engine::compose::{Attachment, Draft};
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::message::Message;
use chapar_ipc_protocol::email as wire;
use chapar_ipc_protocol::error::{Error, ErrorType};

/// The media type of bytes of which nothing is known.
const UNKNOWN_TYPE: &str = "application/octet-stream";

pub(in crate::ipc) async fn send(services: &Services, params: wire::EmailSend) -> Answer {
    let send_at = params.send_at.as_deref().map(|text| {
        convert::to_date(text)
            .ok_or_else(|| fault::argument(format!("`sendAt`: `{text}` is not a UTC date.")))
    });
    let send_at = send_at.transpose()?;
    let key = params.idempotency_key.clone();
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > limits::KEY_BYTES) {
        let limit = limits::KEY_BYTES;
        return Err(fault::argument(format!("`idempotencyKey` must have 1 to {limit} bytes.")));
    }
    let account_id = params.account_id.clone();
    let draft = draft(services, params).await?;
    let account = draft.account;
    let accepted = services.accounts.submit(draft, send_at, key).await;
    let (id, existing) =
        accepted.map_err(|error| fault::submit(error).account(convert::account_id(account)))?;
    answer(&wire::SendReply {
        account_id,
        submission_id: convert::submission_id(id),
        existing,
        submission: shown(services, id)?,
    })
}

fn shown(
    services: &Services,
    id: SubmissionId,
) -> Result<chapar_ipc_protocol::submission::EmailSubmission, Error> {
    let view = services.store.read().map_err(fault::store)?;
    let stored = view.submission(id).map_err(fault::store)?;
    let stored = stored.ok_or_else(|| super::not_found("submission", &id.0.to_string()))?;
    submission::picture(&view, &stored)
}

async fn draft(services: &Services, params: wire::EmailSend) -> Result<Draft, Error> {
    let (account, identity, in_reply_to, references) = {
        let view = services.store.read().map_err(fault::store)?;
        let account = super::one_account(&view, &params.account_id)?;
        let identity = match &params.identity_id {
            Some(id) => {
                let known = view.identities(Some(account)).map_err(fault::store)?;
                let known = known.into_iter().find(|one| convert::identity_id(one.id) == *id);
                Some(known.ok_or_else(|| super::not_found("identity", &id.0))?.id)
            }
            None => None,
        };
        let (answered, references) = threading(&view, account, params.in_reply_to.as_deref())?;
        (account, identity, answered, references)
    };
    let people = |list: Option<Vec<wire::EmailAddress>>| {
        list.unwrap_or_default().into_iter().map(convert::to_address).collect()
    };
    let mut attachments = Vec::new();
    for given in params.attachments.unwrap_or_default() {
        attachments.push(attachment(services, given).await?);
    }
    Ok(Draft {
        account,
        identity,
        to: people(params.to),
        cc: people(params.cc),
        bcc: people(params.bcc),
        reply_to: people(params.reply_to),
        subject: params.subject.unwrap_or_default(),
        text: params.text,
        html: params.html,
        attachments,
        in_reply_to,
        references,
    })
}

/// In-Reply-To and References (RFC 5322 §3.6.4) of an answer to an email id or a Message-ID.
fn threading(
    view: &Snapshot,
    account: AccountId,
    answered: Option<&str>,
) -> Result<(Option<String>, Vec<String>), Error> {
    let Some(answered) = answered else { return Ok((None, Vec::new())) };
    let message = if let Some(id) = convert::to_email_id(answered) {
        let found = view.message(id).map_err(fault::store)?;
        let ours = found.filter(|message| message.account == account);
        Some(ours.ok_or_else(|| super::not_found("email", answered))?)
    } else {
        let bare = answered.trim_start_matches('<').trim_end_matches('>');
        if !bare.contains('@') {
            let reason = "is neither an email id nor a Message-ID";
            return Err(fault::argument(format!("`inReplyTo`: `{answered}` {reason}.")));
        }
        let known = view.by_message_id(account, bare).map_err(fault::store)?;
        let Some(first) = known.first() else {
            return Ok((Some(bare.to_owned()), vec![bare.to_owned()]));
        };
        view.message(*first).map_err(fault::store)?
    };
    Ok(message.map(|message| chain(&message)).unwrap_or_default())
}

fn chain(message: &Message) -> (Option<String>, Vec<String>) {
    let summary = &message.summary;
    // RFC 5322 §3.6.4: without References, a single In-Reply-To stands for them.
    let mut references = match summary.in_reply_to.as_slice() {
        [only] if summary.references.is_empty() => vec![only.clone()],
        _ => summary.references.clone(),
    };
    references.extend(summary.message_id.clone());
    (summary.message_id.clone(), references)
}

async fn attachment(services: &Services, given: wire::SendAttachment) -> Result<Attachment, Error> {
    let name = given.name;
    let bytes = match (given.blob_id, given.text, given.base64) {
        (Some(id), None, None) => blob_bytes(services, &id.0).await?,
        (None, Some(text), None) => text.into_bytes(),
        (None, None, Some(base64)) => crate::ipc::blob::from_base64(&base64).ok_or_else(|| {
            fault::argument(format!("attachment `{name}`: `base64` is not RFC 4648 base64."))
        })?,
        _ => {
            let rule = "exactly one of `blobId`, `text` and `base64` must be given";
            return Err(fault::argument(format!("attachment `{name}`: {rule}.")));
        }
    };
    Ok(Attachment {
        name,
        content_type: given.r#type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
        bytes,
    })
}

async fn blob_bytes(services: &Services, id: &str) -> Result<Vec<u8>, Error> {
    if let Some(bytes) = services.spool.read(id) {
        return bytes.map_err(|error| {
            Error::new(ErrorType::ServerFail, format!("The upload `{id}` could not be read."))
                .detail(error.to_string())
        });
    }
    let blob = convert::to_blob_id(id).ok_or_else(|| no_blob(id))?;
    services.store.blob(blob).await.map_err(fault::store)
}

/// No bytes under that id.
pub(super) fn no_blob(id: &str) -> Error {
    Error::new(ErrorType::BlobNotFound, format!("There is no blob `{id}`."))
        .hint("put it again by Blob/put: uploads are kept for 24 hours or until the daemon stops")
}
