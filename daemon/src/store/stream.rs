//! Reading a blob piece by piece: whatever its size, one piece and a decoder are in memory.

use super::codec::BlobRow;
use super::limits::PIECE_BYTES;
use super::pack::{self, Decoder};
use super::writer::Shared;
use super::{Store, StoreError};
use crate::readers::breathe;
use chapar_engine::id::BlobId;
use std::io::{self, Read};
use std::sync::Arc;

/// A blob under way. Its file stays open, so that it can be read to its end even when its pack is
/// rewritten meanwhile.
pub struct BlobStream {
    id: BlobId,
    row: BlobRow,
    left: u64,
    decoder: Decoder,
    /// Of what was read, from the first byte on.
    hash: blake3::Hasher,
    shared: Arc<Shared>,
}

impl Store {
    /// How many bytes a blob has; `None` when there is none.
    pub fn blob_size(&self, id: BlobId) -> Result<Option<u64>, StoreError> {
        Ok(self.read()?.blob_row(id)?.map(|row| u64::from(row.raw_len)))
    }

    /// Begins to read a blob. Its last piece is only given when all of it matches its hash; who uses
    /// the first one before knows that by [`Store::verify_blob`].
    pub fn stream_blob(&self, id: BlobId) -> Result<BlobStream, StoreError> {
        let shared = &self.inner.shared;
        let begun = match begin(shared, id) {
            // its pack may have been rewritten between the look and the read
            Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => begin(shared, id),
            first => first,
        };
        begun.inspect_err(|error| note(shared, error))
    }

    /// Reads a blob to its end, gives each piece to `take`, and compares all of it with the hash.
    pub async fn verify_blob(
        &self,
        id: BlobId,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        let mut stream = self.stream_blob(id)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = stream.next(&mut piece)?;
            take(piece.get(..count).unwrap_or_default());
            if count == 0 {
                return Ok(());
            }
            breathe().await;
        }
    }
}

impl BlobStream {
    /// All its bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::from(self.row.raw_len)
    }

    /// Fills `out` as far as there are bytes; 0 at the end.
    pub fn next(&mut self, out: &mut [u8]) -> Result<usize, StoreError> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..wanted).unwrap_or_default();
        self.decoder.read_exact(out).map_err(|error| self.failed(&error))?;
        self.hash.update(out);
        let last = wanted > 0 && self.left == wanted as u64;
        if last && self.hash.finalize().as_bytes() != &self.id.0 {
            return Err(damaged(&self.shared, self.id, "its bytes do not match its hash"));
        }
        self.left -= wanted as u64;
        Ok(wanted)
    }

    /// Passes over bytes; fewer when it ends before.
    pub fn skip(&mut self, bytes: u64) -> Result<(), StoreError> {
        let mut left = bytes.min(self.left);
        let mut piece = vec![0; PIECE_BYTES];
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
            left -= self.next(piece.get_mut(..wanted).unwrap_or_default())? as u64;
        }
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        if pack::is_of_content(&self.decoder) {
            let early = error.kind() == io::ErrorKind::UnexpectedEof;
            let reason = if early { "its bytes end early" } else { "it cannot be decompressed" };
            return damaged(&self.shared, self.id, reason);
        }
        let error = unread(&self.shared, self.row.pack, error);
        note(&self.shared, &error);
        error
    }
}

/// The error of a failed piece is a [`StoreError`] inside an [`io::Error`].
impl Read for BlobStream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.next(out).map_err(io::Error::other)
    }
}

fn damaged(shared: &Shared, id: BlobId, reason: &str) -> StoreError {
    StoreError::Damaged { path: shared.path.to_string(), reason: format!("blob {id}: {reason}") }
}

/// A pack that cannot be read, or is not there, may be there again in a moment.
fn unread(shared: &Shared, pack: u32, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => pack::gone(shared.disk.as_ref(), pack),
        _ => StoreError::of_io(&shared.path, error),
    }
}

/// A damaged blob is one mail's loss, a pack that cannot be read is the store's.
fn note(shared: &Shared, error: &StoreError) {
    if error.is_of_file() {
        shared.trouble.note_of_pack(error);
    }
}

fn begin(shared: &Arc<Shared>, id: BlobId) -> Result<BlobStream, StoreError> {
    let row = shared.read()?.blob_row(id)?.ok_or(StoreError::Missing("blob"))?;
    let begun = pack::decoder(shared.disk.as_ref(), id, &row);
    let decoder = begun.map_err(|error| unread(shared, row.pack, &error))?;
    let decoder = decoder.map_err(|reason| damaged(shared, id, reason))?;
    let (left, hash) = (u64::from(row.raw_len), blake3::Hasher::new());
    Ok(BlobStream { id, row, left, decoder, hash, shared: Arc::clone(shared) })
}
