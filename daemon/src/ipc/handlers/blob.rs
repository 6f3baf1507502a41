//! `Blob/get`, and what `Blob/open` gives out.

use super::{Answer, check_count, email, send};
use crate::ipc::{Services, convert, fault};
use chapar_ipc_protocol::blob as wire;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::standard::GetReply;

/// What of each blob is asked for.
#[derive(Clone, Copy)]
struct Wish {
    text: bool,
    base64: bool,
    either: bool,
    offset: usize,
    length: usize,
}

fn wish(params: &wire::BlobGet) -> Result<Wish, Error> {
    let mut wish = Wish {
        text: false,
        base64: false,
        either: params.properties.is_none(),
        offset: usize::try_from(params.offset.unwrap_or(0)).unwrap_or(usize::MAX),
        length: usize::try_from(params.length.unwrap_or(u64::MAX)).unwrap_or(usize::MAX),
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

pub(in crate::ipc) async fn get(services: &Services, params: wire::BlobGet) -> Answer {
    let wish = wish(&params)?;
    check_count(params.ids.len())?;
    let mut reply = GetReply {
        account_id: params.account_id,
        state: chapar_ipc_protocol::id::State::default(),
        list: Vec::new(),
        not_found: Vec::new(),
    };
    let mut given: u64 = 0;
    for id in params.ids {
        match bytes(services, &id.0).await {
            Ok(bytes) => {
                let blob = shown(id, &bytes, wish)?;
                given += blob.text.as_ref().map_or(0, String::len) as u64;
                given += blob.base64.as_ref().map_or(0, String::len) as u64;
                if given > 2 * wire::INLINE_BYTES {
                    return Err(too_large("These blobs together are"));
                }
                reply.list.push(blob);
            }
            Err(error) if error.data.r#type == ErrorType::BlobNotFound => {
                reply.not_found.push(id.0);
            }
            Err(error) => return Err(error),
        }
    }
    super::answer(&reply)
}

fn shown(
    id: chapar_ipc_protocol::id::BlobId,
    bytes: &[u8],
    wish: Wish,
) -> Result<wire::Blob, Error> {
    let start = wish.offset.min(bytes.len());
    let end = start.saturating_add(wish.length).min(bytes.len());
    let piece = bytes.get(start..end).unwrap_or_default();
    let data_asked = wish.text || wish.base64 || wish.either;
    if data_asked && piece.len() as u64 > wire::INLINE_BYTES {
        return Err(too_large(&format!("Blob `{id}` is")));
    }
    let text = std::str::from_utf8(piece).ok().map(str::to_owned);
    let problem = (wish.text || wish.either) && text.is_none();
    let short = wish.length != usize::MAX && piece.len() < wish.length;
    Ok(wire::Blob {
        id,
        base64: (wish.base64 || (wish.either && problem))
            .then(|| crate::ipc::blob::to_base64(piece)),
        text: text.filter(|_| wish.text || wish.either),
        size: bytes.len() as u64,
        is_encoding_problem: problem,
        is_truncated: short,
    })
}

fn too_large(what: &str) -> Error {
    let limit = wire::INLINE_BYTES;
    Error::new(ErrorType::TooLarge, format!("{what} more than the {limit} bytes given inline."))
        .hint("open it by Blob/open, or ask for a part by offset and length")
}

/// The bytes under a blob id, an upload id or an email id.
pub(in crate::ipc) async fn bytes(services: &Services, id: &str) -> Result<Vec<u8>, Error> {
    if let Some(bytes) = services.spool.read(id) {
        return bytes.map_err(|error| {
            Error::new(ErrorType::ServerFail, format!("The upload `{id}` could not be read."))
                .detail(error.to_string())
        });
    }
    if let Some(email) = convert::to_email_id(id) {
        let view = services.store.read().map_err(fault::store)?;
        let message = view.message(email).map_err(fault::store)?;
        let message = message.ok_or_else(|| send::no_blob(id))?;
        drop(view);
        return email::bytes_of(services, &message).await;
    }
    let blob = convert::to_blob_id(id).ok_or_else(|| send::no_blob(id))?;
    services.store.blob(blob).await.map_err(fault::store)
}
