//! Bytes that a client names: an upload, a stored blob, an email's, those of a part of it. Sizes are known before anything
//! is read, and what is large is read in pieces.

use super::dispatch::in_turn;
use super::part::{self, Decoded, Held};
use super::session::Caller;
use super::{Services, convert, fault, handlers, limits};
use crate::store::{BlobStream, Store};
use crate::supervisor::Lying;
use chapar_engine::id::BlobId;
use chapar_engine::limits::{HEADER_BYTES, PARSE_BYTES};
use chapar_ipc_protocol::error::{Error, ErrorType};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use tokio::sync::SemaphorePermit;

/// Where the bytes under an id lie.
pub(super) enum Source {
    /// A finished upload, or a decoded part of a mail; its file stays readable when it is forgotten.
    Lying { file: Arc<Lent>, size: u64 },
    /// In the store.
    Stored { blob: BlobId, size: u64 },
}

/// A file in the spool.
pub(super) struct Lent {
    file: File,
    _held: Option<Held>,
}

impl Source {
    /// Finds a blob id, an upload id, an email id or the id of a part; an email's bytes are fetched
    /// when they are not here.
    pub(super) async fn find(
        services: &Arc<Services>,
        caller: &Caller,
        id: &str,
    ) -> Result<Self, Error> {
        if let Some(upload) = services.spool.open(id) {
            let (file, size) = upload.map_err(|error| {
                Error::new(ErrorType::ServerFail, format!("The upload `{id}` could not be read."))
                    .detail(error.to_string())
            })?;
            return Ok(Self::Lying { file: Arc::new(Lent { file, _held: None }), size });
        }
        if let Some(part) = part::parse(id) {
            let Decoded { file, size, held } = part::find(services, caller, id, part).await?;
            return Ok(Self::Lying { file: Arc::new(Lent { file, _held: Some(held) }), size });
        }
        let blob = match convert::to_email_id(id) {
            Some(email) => handlers::email::blob_of(services, email).await?,
            None => convert::to_blob_id(id).ok_or_else(|| no_blob(id))?,
        };
        let size = services.store.blob_size(blob).map_err(fault::store)?;
        Ok(Self::Stored { blob, size: size.ok_or_else(|| no_blob(id))? })
    }

    /// How many bytes there are.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Lying { size, .. } | Self::Stored { size, .. } => *size,
        }
    }

    /// `length` bytes from `offset`, fewer at the end. A stored blob is checked as a whole.
    pub(super) async fn part(
        &self,
        services: &Arc<Services>,
        caller: &Caller,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Error> {
        let start = offset.min(self.size());
        let end = start.saturating_add(length).min(self.size());
        match self {
            Self::Lying { file, .. } => piece(Arc::clone(file), start, end - start).await,
            Self::Stored { blob, .. } => {
                let blob = *blob;
                let job = move |services: Arc<Services>| async move {
                    let mut part = Vec::new();
                    let mut at: u64 = 0;
                    let read = services.store.verify_blob(blob, |bytes| {
                        let skip = clamp(start.saturating_sub(at), bytes);
                        let stop = clamp(end.saturating_sub(at), bytes);
                        part.extend_from_slice(bytes.get(skip..stop).unwrap_or_default());
                        at += bytes.len() as u64;
                    });
                    read.await.map(|()| part).map_err(fault::store)
                };
                in_turn(services, caller, job).await?
            }
        }
    }
}

/// Bytes that are read for a message that is composed.
pub(super) struct Attached {
    pub(super) source: Source,
    pub(super) store: Store,
}

impl Lying for Attached {
    fn size(&self) -> u64 {
        self.source.size()
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.source {
            Source::Lying { file, size } => Box::new(Upload { lying: file, at: 0, size: *size }),
            Source::Stored { blob, .. } => {
                Box::new(self.store.stream_blob(*blob).map_err(io::Error::other)?)
            }
        })
    }
}

/// A file of the spool under way: others may read it at the same time.
struct Upload<'f> {
    lying: &'f Lent,
    at: u64,
    size: u64,
}

impl Read for Upload<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = clamp(self.size - self.at, out);
        let out = out.get_mut(..count).unwrap_or_default();
        self.lying.file.read_exact_at(out, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

fn clamp(count: u64, bytes: &[u8]) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(bytes.len())
}

/// Reads a piece of a file where waiting for a disk holds nobody up.
async fn piece(lying: Arc<Lent>, at: u64, length: u64) -> Result<Vec<u8>, Error> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        lying.file.read_exact_at(&mut bytes, at).map(|()| bytes)
    });
    let read = read.await.map_err(|_| fault::ending())?;
    read.map_err(|error| {
        Error::new(ErrorType::ServerFail, "The bytes could not be read.").detail(error.to_string())
    })
}

/// What can be parsed of a stored mail, checked against its hash, and whether that is only its
/// beginning. For a job.
pub(super) async fn readable(
    services: &Services,
    blob: BlobId,
    size: u64,
) -> Result<(Vec<u8>, bool), Error> {
    let all = usize::try_from(size).unwrap_or(usize::MAX);
    let is_cut = all > PARSE_BYTES;
    let wanted = if is_cut { HEADER_BYTES } else { all };
    let mut bytes = Vec::with_capacity(wanted);
    let read = services.store.verify_blob(blob, |piece| {
        let room = (wanted - bytes.len()).min(piece.len());
        bytes.extend_from_slice(piece.get(..room).unwrap_or_default());
    });
    read.await.map_err(fault::store)?;
    Ok((bytes, is_cut))
}

/// Bytes on their way to a client, piece by piece.
pub(super) struct Flow<'s> {
    kind: FlowKind,
    left: u64,
    /// One of the few streams of stored bytes.
    _seat: Option<SemaphorePermit<'s>>,
}

enum FlowKind {
    Lying { file: Arc<Lent>, at: u64 },
    Stored(Box<BlobStream>),
}

impl<'s> Flow<'s> {
    /// Begins at `offset`. A stored blob is read once and compared with its hash before its first
    /// byte is given.
    pub(super) async fn begin(
        services: &'s Arc<Services>,
        caller: &Caller,
        source: Source,
        offset: u64,
    ) -> Result<Self, Error> {
        let start = offset.min(source.size());
        let left = source.size() - start;
        match source {
            Source::Lying { file, .. } => {
                Ok(Self { kind: FlowKind::Lying { file, at: start }, left, _seat: None })
            }
            Source::Stored { blob, .. } => {
                let seat = services.streams.acquire().await.map_err(|_| fault::ending())?;
                let job = move |services: Arc<Services>| async move {
                    let store = &services.store;
                    store.verify_blob(blob, |_| ()).await.map_err(fault::store)?;
                    let mut stream = store.stream_blob(blob).map_err(fault::store)?;
                    stream.skip(start).map_err(fault::store)?;
                    Ok(Box::new(stream))
                };
                let stream = in_turn(services, caller, job).await??;
                Ok(Self { kind: FlowKind::Stored(stream), left, _seat: Some(seat) })
            }
        }
    }

    /// Bytes still to come.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next piece; empty at the end.
    pub(super) async fn next(
        mut self,
        services: &Arc<Services>,
        caller: &Caller,
    ) -> Result<(Self, Vec<u8>), Error> {
        let length = self.left.min(limits::PIECE_BYTES as u64);
        let bytes;
        (self.kind, bytes) = match self.kind {
            FlowKind::Lying { file, at } => {
                let bytes = piece(Arc::clone(&file), at, length).await?;
                (FlowKind::Lying { file, at: at + length }, bytes)
            }
            FlowKind::Stored(mut stream) => {
                let job = move |_| async move {
                    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
                    let count = stream.next(&mut bytes).map_err(fault::store)?;
                    bytes.truncate(count);
                    Ok::<_, Error>((FlowKind::Stored(stream), bytes))
                };
                in_turn(services, caller, job).await??
            }
        };
        self.left -= bytes.len() as u64;
        Ok((self, bytes))
    }
}

/// No bytes under that id.
pub(super) fn no_blob(id: &str) -> Error {
    Error::new(ErrorType::BlobNotFound, format!("There is no blob `{id}`."))
        .hint("put it again by Blob/put: uploads are kept for 24 hours or until the daemon stops")
}
