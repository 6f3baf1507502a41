//! A blob that is put together piece by piece: compressed as it comes, so that neither it nor its pack
//! record is ever whole in memory. What is larger than a buffer waits in a file without a name until a
//! transaction takes it over.

use super::disk::{Disk, PackFile};
use super::limits::{BLOB_BYTES, PACK_BUFFER, ZSTD_LEVEL};
use super::pack::{Record, Stretch};
use super::{Store, StoreError};
use chapar_engine::id::BlobId;
use std::io::{self, Write};
use std::sync::Arc;

/// A blob on its way in.
pub struct Packing {
    encoder: zstd::Encoder<'static, Loose>,
    hash: blake3::Hasher,
    size: u64,
    name: Arc<str>,
}

/// A blob that is ready to be stored.
#[derive(Debug)]
pub struct Packed {
    pub(super) id: BlobId,
    pub(super) record: Record,
    size: u64,
}

/// Bytes that are in memory as long as they are few.
struct Loose {
    disk: Arc<dyn Disk>,
    here: Vec<u8>,
    there: Option<Box<dyn PackFile>>,
    written: u64,
}

impl Store {
    /// Begins a blob.
    pub fn pack(&self) -> Result<Packing, StoreError> {
        let shared = &self.inner.shared;
        let disk = Arc::clone(&shared.disk);
        let loose = Loose { disk, here: Vec::new(), there: None, written: 0 };
        let name = Arc::clone(&shared.path);
        let encoder = zstd::Encoder::new(loose, ZSTD_LEVEL);
        let encoder = encoder.map_err(|error| StoreError::of_io(&name, &error))?;
        Ok(Packing { encoder, hash: blake3::Hasher::new(), size: 0, name })
    }
}

impl Packing {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.size += bytes.len() as u64;
        if self.size > BLOB_BYTES {
            return Err(StoreError::Conflict(format!(
                "more than the {BLOB_BYTES} bytes a blob may have"
            )));
        }
        self.hash.update(bytes);
        self.encoder.write_all(bytes).map_err(|error| StoreError::of_io(&self.name, &error))
    }

    /// All of it was added.
    pub fn finish(self) -> Result<Packed, StoreError> {
        let Self { encoder, hash, size, name } = self;
        let id = BlobId(*hash.finalize().as_bytes());
        let record = encoder.finish().and_then(|loose| loose.record(id, size));
        Ok(Packed { id, record: record.map_err(|error| StoreError::of_io(&name, &error))?, size })
    }
}

impl Packed {
    /// How many bytes the blob has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Loose {
    fn spill(&mut self) -> io::Result<()> {
        let file = match &self.there {
            Some(file) => file,
            None => self.there.insert(self.disk.loose()?),
        };
        file.append(&self.here)?;
        self.written += self.here.len() as u64;
        self.here.clear();
        Ok(())
    }

    fn record(mut self, id: BlobId, size: u64) -> io::Result<Record> {
        if self.there.is_some() {
            self.spill()?;
        }
        let rest = self.there.map(|file| Stretch { file, at: 0, len: self.written });
        Record::of_frame(id, size, self.here, rest)
    }
}

impl Write for Loose {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.here.extend_from_slice(bytes);
        if self.here.len() >= PACK_BUFFER {
            self.spill()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
