//! `Blob/get`.

use super::{Answer, keep};
use crate::ipc::blob::to_base64;
use crate::ipc::fit::{Page, end_within};
use crate::ipc::session::Caller;
use crate::ipc::source::Source;
use crate::ipc::{Services, fault, limits};
use chapar_ipc_protocol::blob as wire;
use chapar_ipc_protocol::error::{Error, ErrorType};
use std::sync::Arc;

/// What of each blob is asked for.
#[derive(Clone, Copy)]
struct Wish {
    text: bool,
    base64: bool,
    either: bool,
    offset: u64,
    length: u64,
}

fn wish(params: &wire::BlobGet) -> Result<Wish, Error> {
    let mut wish = Wish {
        text: false,
        base64: false,
        either: params.properties.is_none(),
        offset: params.offset.unwrap_or(0),
        length: params.length.unwrap_or(u64::MAX),
    };
    for name in params.properties.as_deref().unwrap_or_default() {
        match name.as_str() {
            "data" => wish.either = true,
            "data:asText" => wish.text = true,
            "data:asBase64" => wish.base64 = true,
            "size" | "id" => {}
            other => {
                let mut error = fault::argument(format!("Blob has no property `{other}`."));
                error.data.unknown = vec![other.to_owned()];
                return Err(error);
            }
        }
    }
    Ok(wish)
}

pub(in crate::ipc) async fn get(
    services: &Arc<Services>,
    caller: &Caller,
    params: wire::BlobGet,
) -> Answer {
    let wish = wish(&params)?;
    let ids = super::unique(params.ids.into_iter().map(|id| id.0))?;
    let mut room = caller.purse.take(limits::ANSWER_BYTES).await.ok_or_else(fault::ending)?;
    let mut page = Page::new(None, ids.iter().map(String::as_str))?;
    for id in ids {
        if page.is_full() {
            page.leave(id);
            continue;
        }
        // an email's bytes may have to be fetched
        room.step_aside();
        let found = Source::find(services, caller, &id).await;
        caller.purse.come_back(&mut room).await.ok_or_else(fault::ending)?;
        match found {
            Ok(source) => {
                let blob = shown(services, caller, &id, &source, wish).await?;
                page.push(&id, &blob)?;
            }
            Err(error) if error.data.r#type == ErrorType::BlobNotFound => page.miss(id),
            Err(error) => return Err(error),
        }
    }
    keep(room, page.answer(params.account_id, chapar_ipc_protocol::id::State::default()))
}

async fn shown(
    services: &Arc<Services>,
    caller: &Caller,
    id: &str,
    source: &Source,
    wish: Wish,
) -> Result<wire::Blob, Error> {
    let size = source.size();
    let there = size.saturating_sub(wish.offset).min(wish.length);
    let is_short = wish.length != u64::MAX && there < wish.length;
    let mut blob =
        wire::Blob { id: id.into(), size, is_truncated: is_short, ..wire::Blob::default() };
    if !(wish.text || wish.base64 || wish.either) {
        return Ok(blob);
    }
    // before anything of it is read
    if there > wire::INLINE_BYTES {
        return Err(too_large(id));
    }
    let part = source.part(services, caller, wish.offset, there).await?;
    let text = std::str::from_utf8(&part).ok();
    blob.is_encoding_problem = (wish.text || wish.either) && text.is_none();
    let room = if wish.base64 { limits::OBJECT_BYTES / 2 } else { limits::OBJECT_BYTES };
    let whole = text.filter(|text| end_within(text, room) == text.len());
    if wish.base64 || wish.either && whole.is_none() {
        blob.base64 = Some(to_base64(&part));
    }
    if wish.either {
        blob.text = whole.map(str::to_owned);
    }
    if wish.text {
        let end = text.map_or(0, |text| end_within(text, room));
        blob.text = text.and_then(|text| text.get(..end)).map(str::to_owned);
        blob.is_truncated |= text.is_some_and(|text| end < text.len());
    }
    Ok(blob)
}

fn too_large(id: &str) -> Error {
    let limit = wire::INLINE_BYTES;
    let message = format!("Blob `{id}` has more than the {limit} bytes given inline.");
    Error::new(ErrorType::TooLarge, message)
        .hint("open it by Blob/open, or ask for a part by offset and length")
}
