//! Reading a blob piece by piece: whatever its size, one piece and a decoder are in memory.

use super::blobs::key_of;
use super::codec::BlobRow;
use super::disk::PackFile;
use super::limits::{BLOB_BYTES, PIECE_BYTES};
use super::pack::HEADER;
use super::source::Source;
use super::tables::Table;
use super::writer::Shared;
use super::{Store, StoreError};
use crate::readers::breathe;
use chapar_engine::id::BlobId;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

/// The compressed bytes of one blob in its pack.
struct Frame {
    file: Box<dyn PackFile>,
    at: u64,
    end: u64,
}

impl Read for Frame {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..left).unwrap_or_default();
        if !out.is_empty() {
            self.file.read_at(self.at, out)?;
            self.at += out.len() as u64;
        }
        Ok(out.len())
    }
}

/// A blob under way. Its file stays open, so that it can be read to its end even when its pack is
/// rewritten meanwhile.
pub struct BlobStream {
    id: BlobId,
    size: u64,
    left: u64,
    decoder: zstd::Decoder<'static, BufReader<Frame>>,
    shared: Arc<Shared>,
}

impl Store {
    /// How many bytes a blob has; `None` when there is none.
    pub fn blob_size(&self, id: BlobId) -> Result<Option<u64>, StoreError> {
        Ok(self.read()?.blob_row(id)?.map(|row| u64::from(row.raw_len)))
    }

    /// Begins to read a blob. What it gives is not checked against the hash: [`Store::verify_blob`]
    /// does that, before anything of it is used.
    pub fn stream_blob(&self, id: BlobId) -> Result<BlobStream, StoreError> {
        let shared = &self.inner.shared;
        match begin(shared, id) {
            // its pack may have been rewritten between the look and the read
            Err(StoreError::Damaged { .. }) => begin(shared, id),
            first => first,
        }
    }

    /// Reads a blob to its end, gives each piece to `take`, and compares all of it with the hash.
    pub async fn verify_blob(
        &self,
        id: BlobId,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        let mut stream = self.stream_blob(id)?;
        let mut hash = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = stream.next(&mut piece)?;
            let bytes = piece.get(..count).unwrap_or_default();
            hash.update(bytes);
            take(bytes);
            if count == 0 {
                break;
            }
            breathe().await;
        }
        if hash.finalize().as_bytes() != &id.0 {
            return Err(damaged(&self.inner.shared, id, "its bytes do not match its hash"));
        }
        Ok(())
    }
}

impl BlobStream {
    /// All its bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `out` as far as there are bytes; 0 at the end.
    pub fn next(&mut self, out: &mut [u8]) -> Result<usize, StoreError> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..wanted).unwrap_or_default();
        self.decoder.read_exact(out).map_err(|error| self.failed(&error))?;
        self.left -= out.len() as u64;
        Ok(out.len())
    }

    /// Passes over bytes; fewer when it ends before.
    pub fn skip(&mut self, bytes: u64) -> Result<(), StoreError> {
        let skipped =
            io::copy(&mut (&mut self.decoder).take(bytes.min(self.left)), &mut io::sink());
        self.left -= skipped.map_err(|error| self.failed(&error))?;
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> StoreError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged(&self.shared, self.id, "its bytes end early"),
            io::ErrorKind::Other | io::ErrorKind::InvalidData => {
                damaged(&self.shared, self.id, "it cannot be decompressed")
            }
            _ => StoreError::of_io(&self.shared.path, error),
        }
    }
}

fn damaged(shared: &Shared, id: BlobId, reason: &str) -> StoreError {
    StoreError::Damaged { path: shared.path.to_string(), reason: format!("blob {id}: {reason}") }
}

fn begin(shared: &Arc<Shared>, id: BlobId) -> Result<BlobStream, StoreError> {
    let view = shared.read()?;
    let row: BlobRow = view
        .guarded(|it| it.record(Table::Blobs, &key_of(id)))?
        .ok_or(StoreError::Missing("blob"))?;
    let impossible = u64::from(row.raw_len) > BLOB_BYTES || (row.len as usize) < HEADER;
    if impossible {
        return Err(damaged(shared, id, "its length is impossible"));
    }
    let wrap = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => damaged(shared, id, "its pack is gone"),
        io::ErrorKind::UnexpectedEof => damaged(shared, id, "its pack is too short"),
        _ => StoreError::of_io(&shared.path, &error),
    };
    let file = shared.disk.pack(row.pack, false).map_err(wrap)?;
    let mut header = [0; HEADER];
    file.read_at(row.offset, &mut header).map_err(wrap)?;
    if header.get(8..) != Some(id.0.as_slice()) {
        return Err(damaged(shared, id, "another blob lies in its place"));
    }
    let at = row.offset + HEADER as u64;
    let frame = Frame { file, at, end: row.offset + u64::from(row.len) };
    let decoder = zstd::Decoder::new(frame).map_err(wrap)?;
    let size = u64::from(row.raw_len);
    Ok(BlobStream { id, size, left: size, decoder, shared: Arc::clone(shared) })
}
