//! Streams of bytes: what follows a `Blob/put`, what follows the answer of a `Blob/open`. Also
//! base64 (RFC 4648 §4) for the inline forms.

use super::session::Caller;
use super::source::{Flow, Source};
use super::{Services, fault, limits};
use chapar_ipc_protocol::blob::{BlobOpen, BlobPut, MAX_BYTES, OpenReply, PutReply};
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::id::BlobId;
use sha2::{Digest as _, Sha256};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Takes the bytes of an upload: first `head`, which came with the request, then from `reader`.
pub(super) async fn put(
    services: &Services,
    params: BlobPut,
    head: Vec<u8>,
    reader: &mut (impl AsyncRead + Unpin),
) -> Result<PutReply, Error> {
    if params.size > MAX_BYTES {
        let size = params.size;
        return Err(Error::new(
            ErrorType::TooLarge,
            format!("{size} bytes are more than the {MAX_BYTES} of a blob."),
        ));
    }
    let wanted = params.sha256.as_deref().map(digest).transpose()?;
    let mut random = [0; 16];
    services.world.entropy.fill(&mut random);
    let now = services.world.clock.boot();
    let mut receiving = services.spool.begin(params.size, random, now)?;
    let mut hash = wanted.map(|_| Sha256::new());
    let announced = usize::try_from(params.size).unwrap_or(usize::MAX);
    let ours = head.get(..announced.min(head.len())).unwrap_or_default();
    if let Some(hash) = &mut hash {
        hash.update(ours);
    }
    receiving.take(&head)?;
    drop(head);
    let mut piece = vec![0; limits::PIECE_BYTES];
    while receiving.left() > 0 {
        let read = timeout(limits::STALL, reader.read(&mut piece)).await;
        let count = read.map_err(|_| cut("stood still", receiving.left()))?;
        let count = count.map_err(|_| cut("broke", receiving.left()))?;
        if count == 0 {
            return Err(cut("ended", receiving.left()));
        }
        let bytes = piece.get(..count).unwrap_or_default();
        let left = usize::try_from(receiving.left()).unwrap_or(usize::MAX);
        let ours = bytes.get(..left.min(count)).unwrap_or_default();
        if let Some(hash) = &mut hash {
            hash.update(ours);
        }
        receiving.take(bytes)?;
    }
    if let (Some(wanted), Some(hash)) = (wanted, hash)
        && hash.finalize() != wanted
    {
        return Err(fault::argument("`sha256` is not that of the bytes that came.")
            .hint("put them again: nothing was kept"));
    }
    let (id, size) = receiving.finish();
    Ok(PutReply { blob_id: BlobId(id), size, r#type: params.r#type })
}

/// The 32 bytes of 64 hexadecimal digits.
fn digest(text: &str) -> Result<[u8; 32], Error> {
    let wrong = || fault::argument("`sha256` must be 64 hexadecimal digits.");
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

fn cut(how: &str, left: u64) -> Error {
    Error::new(
        ErrorType::InvalidRequest,
        format!("The upload {how} {left} bytes before its announced end."),
    )
}

/// The bytes to open and what to answer before them.
pub(super) async fn open<'s>(
    services: &'s Arc<Services>,
    caller: &Caller,
    params: BlobOpen,
) -> Result<(OpenReply, Flow<'s>), Error> {
    let source = Source::find(services, caller, &params.blob_id.0).await?;
    let flow = Flow::begin(services, caller, source, params.offset.unwrap_or(0)).await?;
    Ok((OpenReply { blob_id: params.blob_id, size: flow.left() }, flow))
}

/// Writes all of `flow`, a piece at a time, giving up on a reader that stands still.
pub(super) async fn pour_all(
    services: &Arc<Services>,
    caller: &Caller,
    mut flow: Flow<'_>,
    writer: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    while flow.left() > 0 {
        let bytes;
        // the reader sees that bytes are missing: it was told how many come
        (flow, bytes) = flow.next(services, caller).await.map_err(|error| {
            tracing::warn!(%error, "a stream of stored bytes broke off");
            io::Error::other(error)
        })?;
        pour(writer, &bytes).await?;
    }
    Ok(())
}

/// Writes `bytes`, giving up on a reader that stands still.
pub(super) async fn pour(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(limits::PIECE_BYTES) {
        timeout(limits::STALL, writer.write_all(piece)).await??;
    }
    writer.flush().await
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648 §4, padded.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut group = [0_u8; 4];
        for (to, from) in group.iter_mut().skip(1).zip(three) {
            *to = *from;
        }
        let number = u32::from_be_bytes(group);
        for place in 0..4_usize {
            let sextet = (number >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(sextet as usize).copied().unwrap_or(b'=');
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// RFC 4648 §4, padded; line ends are allowed (MIME wraps), anything else is refused.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !letters.len().is_multiple_of(4) {
        return None;
    }
    let padding = letters.iter().rev().take_while(|byte| **byte == b'=').count();
    let data = letters.get(..letters.len().checked_sub(padding)?)?;
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3);
    for four in data.chunks(4) {
        let mut number = 0_u32;
        for letter in four {
            let sextet = ALPHABET.iter().position(|known| known == letter)?;
            number = (number << 6) | u32::try_from(sextet).ok()?;
        }
        number <<= 6 * (4 - four.len());
        let whole = four.len().checked_sub(1)?;
        bytes.extend(number.to_be_bytes().into_iter().skip(1).take(whole));
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{from_base64, to_base64};

    #[test]
    fn base64_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(from_base64(&to_base64(&all)), Some(all));
        for wrong in ["Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v!m9v", "=Zm9"] {
            assert_eq!(from_base64(wrong), None, "{wrong}");
        }
    }
}
