//! Packs: append-only files of compressed blobs, and the end of the newest one.
//!
//! Record: frame length (4, big-endian), raw length (4), BLAKE3 of the raw bytes (32), zstd frame.
//! Must never sync the database; must be synced before a commit that refers to it.

use super::StoreError;
use super::codec::BlobRow;
use super::disk::{Disk, PackFile};
use super::limits::{BLOB_BYTES, PACK_BUFFER, PACK_BYTES, PIECE_BYTES, ZSTD_LEVEL};
use chapar_engine::id::BlobId;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

/// Bytes before the frame.
pub(super) const HEADER: usize = 40;

/// The record of one blob.
pub(super) fn record(id: BlobId, raw: &[u8]) -> io::Result<Vec<u8>> {
    let frame = zstd::bulk::compress(raw, ZSTD_LEVEL)?;
    let mut record = Vec::with_capacity(HEADER + frame.len());
    record.extend(length(frame.len())?.to_be_bytes());
    record.extend(length(raw.len())?.to_be_bytes());
    record.extend(id.0);
    record.extend(frame);
    Ok(record)
}

fn length(bytes: usize) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))
}

/// The raw bytes of a record, checked against `id`; or what is wrong with it.
pub(super) fn raw(id: BlobId, row: &BlobRow, record: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (header, frame) = record.split_first_chunk::<HEADER>().ok_or("its record is too short")?;
    let hash = header.get(8..).ok_or("its record is too short")?;
    if hash != id.0 {
        return Err("another blob lies in its place");
    }
    if u64::from(row.raw_len) > BLOB_BYTES {
        return Err("its length is impossible");
    }
    let capacity = usize::try_from(row.raw_len).map_err(|_| "its length is impossible")?;
    let raw = zstd::bulk::decompress(frame, capacity).map_err(|_| "it cannot be decompressed")?;
    if blake3::hash(&raw).as_bytes() != &id.0 {
        return Err("its bytes do not match its hash");
    }
    Ok(raw)
}

/// A record, wherever it lies: first the bytes that are here, then those of a file.
#[derive(Debug)]
pub(super) struct Record {
    here: Vec<u8>,
    there: Option<Stretch>,
}

/// A stretch of a file.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) file: Box<dyn PackFile>,
    pub(super) at: u64,
    pub(super) len: u64,
}

impl Record {
    /// All of it is here.
    pub(super) fn here(bytes: Vec<u8>) -> Self {
        Self { here: bytes, there: None }
    }

    /// All of it lies in a file.
    pub(super) fn there(file: Box<dyn PackFile>, at: u64, len: u64) -> Self {
        Self { here: Vec::new(), there: Some(Stretch { file, at, len }) }
    }

    /// The record of a frame that is here or in a file.
    pub(super) fn of_frame(
        id: BlobId,
        raw_len: u64,
        frame: Vec<u8>,
        rest: Option<Stretch>,
    ) -> io::Result<Self> {
        let rest_len = rest.as_ref().map_or(0, |rest| rest.len);
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let len = u32::try_from(frame.len() as u64 + rest_len).map_err(too_large)?;
        let mut here = Vec::with_capacity(HEADER + frame.len());
        here.extend(len.to_be_bytes());
        here.extend(u32::try_from(raw_len).map_err(too_large)?.to_be_bytes());
        here.extend(id.0);
        here.extend(frame);
        Ok(Self { here, there: rest })
    }

    /// Its bytes.
    pub(super) fn len(&self) -> u64 {
        self.here.len() as u64 + self.there.as_ref().map_or(0, |there| there.len)
    }

    /// Gives it piece by piece.
    pub(super) fn each(&self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if !self.here.is_empty() {
            take(&self.here)?;
        }
        let Some(Stretch { file, at, len }) = &self.there else { return Ok(()) };
        let mut piece = vec![0; PIECE_BYTES];
        let mut done = 0;
        while done < *len {
            let count = usize::try_from(len - done).unwrap_or(usize::MAX).min(PIECE_BYTES);
            let piece = piece.get_mut(..count).unwrap_or_default();
            file.read_at(at + done, piece)?;
            take(piece)?;
            done += count as u64;
        }
        Ok(())
    }

    /// The raw length that it says.
    pub(super) fn raw_len(&self) -> io::Result<u32> {
        let mut head = [0; 8];
        match &self.there {
            Some(Stretch { file, at, .. }) if self.here.is_empty() => {
                file.read_at(*at, &mut head)?;
            }
            _ => {
                let here = self.here.first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
                head = *here;
            }
        }
        let [_, _, _, _, a, b, c, d] = head;
        Ok(u32::from_be_bytes([a, b, c, d]))
    }
}

/// The compressed bytes of one blob in its pack. A file that ends before them is reported as
/// [`io::ErrorKind::NotFound`].
#[derive(Debug)]
pub(super) struct Frame {
    from: Stretch,
    /// Whether the file could not be read, which says nothing of what is in it.
    has_failed: bool,
}

impl Read for Frame {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Stretch { file, at, len } = &mut self.from;
        let count = usize::try_from(*len).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..count).unwrap_or_default();
        if !out.is_empty() {
            file.read_at(*at, out)
                .map_err(gone_when_short)
                .inspect_err(|_| self.has_failed = true)?;
            *at += count as u64;
            *len -= count as u64;
        }
        Ok(count)
    }
}

fn gone_when_short(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::ErrorKind::NotFound.into(),
        _ => error,
    }
}

/// Reads the raw bytes of one blob in order.
pub(super) type Decoder = zstd::Decoder<'static, BufReader<Frame>>;

/// Begins to read the raw bytes of a blob; or what is wrong with its record. A file that is not
/// there, or ends before the record does, is [`io::ErrorKind::NotFound`].
pub(super) fn decoder(
    disk: &dyn Disk,
    id: BlobId,
    row: &BlobRow,
) -> io::Result<Result<Decoder, &'static str>> {
    let Some(len) = u64::from(row.len).checked_sub(HEADER as u64) else {
        return Ok(Err("its length is impossible"));
    };
    if u64::from(row.raw_len) > BLOB_BYTES || u64::from(row.len) > BLOB_BYTES {
        return Ok(Err("its length is impossible"));
    }
    let file = disk.pack(row.pack, false)?;
    let mut header = [0; HEADER];
    file.read_at(row.offset, &mut header).map_err(gone_when_short)?;
    if header.get(8..) != Some(id.0.as_slice()) {
        return Ok(Err("another blob lies in its place"));
    }
    let from = Stretch { file, at: row.offset + HEADER as u64, len };
    zstd::Decoder::new(Frame { from, has_failed: false }).map(Ok)
}

/// Whether the record that `row` points to holds the blob `id`, every byte of it.
pub(super) fn is_whole(disk: &dyn Disk, id: BlobId, row: &BlobRow) -> io::Result<bool> {
    let Ok(mut decoder) = decoder(disk, id, row)? else { return Ok(false) };
    let (mut hash, mut left) = (blake3::Hasher::new(), u64::from(row.raw_len));
    let mut piece = vec![0; PIECE_BYTES];
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let piece = piece.get_mut(..count).unwrap_or_default();
        match decoder.read_exact(piece) {
            Ok(()) => {
                hash.update(piece);
            }
            Err(_) if is_of_content(&decoder) => return Ok(false),
            Err(error) => return Err(error),
        }
        left -= count as u64;
    }
    Ok(hash.finalize().as_bytes() == &id.0)
}

/// Whether a read that failed proves that the bytes are others than those that were stored.
pub(super) fn is_of_content(decoder: &Decoder) -> bool {
    !decoder.get_ref().get_ref().has_failed
}

/// The record that `row` points to.
pub(super) fn lying(disk: &dyn Disk, row: &BlobRow) -> io::Result<Record> {
    if u64::from(row.len) > BLOB_BYTES {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    Ok(Record::there(disk.pack(row.pack, false)?, row.offset, row.len.into()))
}

/// The blob whose record begins at `at`; `None` where no record that ends before `end` begins.
pub(super) fn header_at(
    file: &dyn PackFile,
    pack: u32,
    at: u64,
    end: u64,
) -> Option<(BlobId, BlobRow)> {
    let mut header = [0; HEADER];
    if at + HEADER as u64 > end {
        return None;
    }
    file.read_at(at, &mut header).ok()?;
    let (frame, rest) = header.split_first_chunk::<4>()?;
    let (raw, id) = rest.split_first_chunk::<4>()?;
    let len = u32::from_be_bytes(*frame).checked_add(u32::try_from(HEADER).ok()?)?;
    let raw_len = u32::from_be_bytes(*raw);
    let fits = at + u64::from(len) <= end && u64::from(raw_len) <= BLOB_BYTES;
    let id = BlobId(id.try_into().ok()?);
    fits.then_some((id, BlobRow { pack, offset: at, len, raw_len, refs: 0 }))
}

/// Reads the record that `row` points to.
pub(super) fn read(disk: &dyn Disk, row: &BlobRow) -> io::Result<Vec<u8>> {
    if u64::from(row.len) > BLOB_BYTES {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let file = disk.pack(row.pack, false)?;
    let mut record = vec![0; usize::try_from(row.len).unwrap_or_default()];
    file.read_at(row.offset, &mut record)?;
    Ok(record)
}

/// The end of the newest pack: the only place where blobs are added.
#[derive(Debug)]
pub(super) struct Tail {
    disk: Arc<dyn Disk>,
    number: u32,
    file: Option<Box<dyn PackFile>>,
    /// Bytes that are committed.
    base: u64,
    /// Bytes added since, given to the file.
    written: u64,
    /// Bytes added since, still here.
    buffer: Vec<u8>,
    /// Whether committed bytes were not made durable yet.
    unsynced: bool,
}

impl Tail {
    /// Goes on at `base` in pack `number`.
    pub(super) fn new(disk: Arc<dyn Disk>, number: u32, base: u64) -> Self {
        Self { disk, number, file: None, base, written: 0, buffer: Vec::new(), unsynced: false }
    }

    /// The pack that is added to.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Its length with all that was added.
    pub(super) fn len(&self) -> u64 {
        self.base + self.pending()
    }

    /// Bytes added and not committed.
    pub(super) fn pending(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    fn file(&mut self) -> io::Result<&dyn PackFile> {
        if self.file.is_none() {
            let file = self.disk.pack(self.number, self.base == 0)?;
            let len = file.len()?;
            if len > self.base {
                file.truncate(self.base)?;
            } else if len < self.base {
                // bytes would be added at another place than the database is told
                return Err(io::Error::other("the pack is shorter than what was written to it"));
            }
            self.file = Some(file);
        }
        self.file.as_deref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Adds a record; returns its offset.
    pub(super) fn add(&mut self, record: &[u8]) -> io::Result<u64> {
        let offset = self.len();
        self.buffer.extend_from_slice(record);
        if self.buffer.len() >= PACK_BUFFER {
            self.flush()?;
        }
        Ok(offset)
    }

    /// Adds a record piece by piece; returns its offset.
    pub(super) fn add_record(&mut self, record: &Record) -> io::Result<u64> {
        let offset = self.len();
        record.each(|piece| self.add(piece).map(drop))?;
        if offset < self.base + self.written {
            // its beginning is in the file: so is all of it
            self.flush()?;
        }
        Ok(offset)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let file = self.file()?;
        file.append(&buffer)?;
        self.written += buffer.len() as u64;
        Ok(())
    }

    /// Whether a record was added since the last commit.
    pub(super) fn is_pending(&self, row: &BlobRow) -> bool {
        row.pack == self.number && row.offset >= self.base
    }

    /// A record that may not be in the file yet.
    pub(super) fn read_back(&self, row: &BlobRow) -> io::Result<Record> {
        let written = self.base + self.written;
        if row.pack != self.number || row.offset < written {
            return lying(self.disk.as_ref(), row);
        }
        let from = usize::try_from(row.offset - written).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(row.len).unwrap_or(usize::MAX));
        let record = self.buffer.get(from..to).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Record::here(record.to_vec()))
    }

    /// A record of another pack.
    pub(super) fn old_record(&self, row: &BlobRow) -> io::Result<Record> {
        lying(self.disk.as_ref(), row)
    }

    /// Gives all that was added to the file. Durable it is after the next [`Tail::settle`]; until
    /// then another file must have it.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        self.flush()?;
        self.unsynced = true;
        Ok(())
    }

    /// Makes all that was added durable.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.pending() == 0 {
            return Ok(());
        }
        self.flush()?;
        self.file()?.sync()?;
        self.unsynced = false;
        Ok(())
    }

    /// Makes durable what was handed over only.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.unsynced) {
            return Ok(());
        }
        self.file()?.sync()
    }

    /// What was added is committed now.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        self.base = self.len();
        self.written = 0;
        if self.base < PACK_BYTES {
            return Ok(());
        }
        self.settle()?;
        self.next();
        Ok(())
    }

    /// Forgets what was added.
    pub(super) fn forget(&mut self) {
        self.buffer.clear();
        if self.written > 0 {
            self.written = 0;
            // cut when it is next opened
            self.file = None;
        }
    }

    /// Goes on in a new pack.
    pub(super) fn next(&mut self) {
        self.number += 1;
        self.base = 0;
        self.file = None;
        self.unsynced = false;
    }
}

/// A pack that the database knows is not there.
pub(super) fn gone(disk: &dyn Disk, number: u32) -> StoreError {
    let reason = "it is not there, or not all of it".into();
    StoreError::Io { path: format!("pack {number} beside {}", disk.name()), reason }
}

/// What is committed of each pack, and where to go on; foreign and forgotten bytes are cut off.
pub(super) fn recover(
    disk: &Arc<dyn Disk>,
    known: &[(u32, u64)],
    next: u32,
) -> Result<Tail, StoreError> {
    let wrap = |error: io::Error| StoreError::of_io(&disk.name(), &error);
    let there = disk.packs().map_err(wrap)?;
    for number in &there {
        if !known.iter().any(|(pack, _)| pack == number) {
            disk.remove_pack(*number).map_err(wrap)?;
        }
    }
    for (number, len) in known {
        if !there.contains(number) {
            tracing::error!(pack = number, "a pack is missing");
        } else if disk.pack(*number, false).and_then(|pack| pack.len()).map_err(wrap)? < *len {
            tracing::error!(pack = number, "a pack is too short");
        }
    }
    let fresh = Tail::new(Arc::clone(disk), next, 0);
    let Some((number, len)) = known.iter().max() else {
        return Ok(fresh);
    };
    if *len >= PACK_BYTES || number + 1 != next || !there.contains(number) {
        return Ok(fresh);
    }
    let file = disk.pack(*number, false).map_err(wrap)?;
    if file.len().map_err(wrap)? < *len {
        return Ok(fresh);
    }
    file.truncate(*len).map_err(wrap)?;
    // the process before may have handed bytes over that it did not sync
    Ok(Tail { unsynced: true, ..Tail::new(Arc::clone(disk), *number, *len) })
}
