//! `Email/send`.

use super::{Answer, answer, submission};
use crate::ipc::fit::Fit;
use crate::ipc::session::Caller;
use crate::ipc::source::{Attached, Source};
use crate::ipc::{Services, convert, fault, limits};
use crate::store::Snapshot;
use crate::supervisor::Content;
use crate::supervisor::SubmitError;
use chapar_engine::compose::{Attachment, Bytes as _, Draft, DraftError};
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::limits::MESSAGE_BYTES;
use chapar_engine::message::Message;
use chapar_ipc_protocol::email as wire;
use chapar_ipc_protocol::error::Error;
use std::sync::Arc;
use tokio::sync::SemaphorePermit;

/// The media type of bytes of which nothing is known.
const UNKNOWN_TYPE: &str = "application/octet-stream";

pub(in crate::ipc) async fn send(
    services: &Arc<Services>,
    caller: &Caller,
    params: wire::EmailSend,
) -> Answer {
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
    let mut params = params;
    let wanted = params.attachments.take().unwrap_or_default();
    let blobs: Vec<String> =
        wanted.iter().filter_map(|one| one.blob_id.as_ref()).map(|id| id.0.clone()).collect();
    let mut draft = draft(services, params)?;
    let account = draft.account;
    let room;
    (draft.attachments, room) = attachments(services, caller, wanted).await?;
    let accepted = services.accounts.submit(draft, send_at, key).await;
    if let Err(SubmitError::Store(_)) = &accepted {
        // where the disk is full, what was uploaded for this mail is in its own way
        services.spool.forget(&blobs);
    }
    let (id, existing) =
        accepted.map_err(|error| fault::submit(error).account(convert::account_id(account)))?;
    drop(room);
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
    let mut picture = submission::picture(&view, &stored)?;
    picture.fit();
    Ok(picture)
}

fn draft(services: &Services, params: wire::EmailSend) -> Result<Draft<Content>, Error> {
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
        attachments: Vec::new(),
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

/// The bytes of an attachment, which stay where they are.
async fn given(
    services: &Arc<Services>,
    caller: &Caller,
    attachment: &mut wire::SendAttachment,
) -> Result<Content, Error> {
    let name = &attachment.name;
    let content = (attachment.blob_id.take(), attachment.text.take(), attachment.base64.take());
    Ok(Content::new(match content {
        (Some(id), None, None) => {
            let source = Source::find(services, caller, &id.0).await?;
            Arc::new(Attached { source, store: services.store.clone() })
        }
        (None, Some(text), None) => Arc::new(text.into_bytes()),
        (None, None, Some(base64)) => {
            let bytes = crate::ipc::blob::from_base64(&base64).ok_or_else(|| {
                let reason = "`base64` is not RFC 4648 base64";
                fault::argument(format!("attachment `{name}`: {reason}."))
            })?;
            Arc::new(bytes)
        }
        _ => {
            let rule = "exactly one of `blobId`, `text` and `base64` must be given";
            return Err(fault::argument(format!("attachment `{name}`: {rule}.")));
        }
    }))
}

/// The attachments, when all of them fit into a message; and the room that they take among all that
/// are composed.
async fn attachments<'s>(
    services: &'s Arc<Services>,
    caller: &Caller,
    wanted: Vec<wire::SendAttachment>,
) -> Result<(Vec<Attachment<Content>>, SemaphorePermit<'s>), Error> {
    let mut attachments = Vec::new();
    let mut size: u64 = 0;
    for mut attachment in wanted {
        let bytes = given(services, caller, &mut attachment).await?;
        size = size.saturating_add(encoded(bytes.size()));
        if size > MESSAGE_BYTES {
            let limit = MESSAGE_BYTES;
            return Err(fault::submit(DraftError::TooLarge { size, limit }.into()));
        }
        attachments.push(Attachment {
            name: attachment.name,
            content_type: attachment.r#type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
            bytes,
        });
    }
    let room = u32::try_from(size.min(limits::COMPOSING_BYTES)).unwrap_or(u32::MAX);
    let room = services.composing.acquire_many(room).await.map_err(|_| fault::ending())?;
    Ok((attachments, room))
}

/// Bytes of an attachment in the message: base64 in lines (RFC 2045 §6.8).
fn encoded(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}
