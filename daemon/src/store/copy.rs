//! The copy: a second, small file with what no server can give again. That is accounts, identities,
//! submissions with their frozen bytes, idempotency keys, strays, the last drawn numbers and the head
//! of the journal. A database that is damaged is made anew from it.
//!
//! It is a log. After a header come records of `kind (1), length (4, big-endian), checksum (8),
//! payload`. A batch holds the rows of one commit, a frozen record the bytes of one message to be
//! sent. A batch is appended before the commit that it belongs to, so that what was acknowledged is in
//! both files; only a batch with frozen bytes is synced, in the place of their pack. What the kernel
//! has taken outlives this process; whether it outlived the machine is told by the boot that a log
//! was written in.
//!
//! Must never be read for anything but making a database anew.

use super::disk::{Disk, PackFile};
use super::limits::{BLOB_BYTES, COPY_SLACK, PACK_BUFFER};
use super::pack::Record;
use super::tables::Table;
use chapar_engine::id::BlobId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// The first bytes of the file: what it is, and the version of the layout.
const MAGIC: [u8; 16] = *b"chapar copy 1\n\0\0";
/// Bytes before a payload.
const HEAD: usize = 13;
const BATCH: u8 = 0;
const FROZEN: u8 = 1;
/// Begins the records of one process: its payload is the boot of the machine.
const OPENED: u8 = 2;
/// The process ended in order, and everything before was synced.
const CLOSED: u8 = 3;

/// Rows by table and key; `None` = the row was removed.
pub(super) type Rows = BTreeMap<(u8, Vec<u8>), Option<Vec<u8>>>;

/// What one commit changes of what is copied.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Batch {
    /// The newest place of the journal.
    pub(super) head: u64,
    pub(super) rows: Rows,
}

/// All that a copy holds.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The newest place of the journal.
    pub(super) head: u64,
    pub(super) rows: BTreeMap<(u8, Vec<u8>), Vec<u8>>,
    /// Where the pack records of frozen messages lie in the file.
    pub(super) frozen: BTreeMap<BlobId, (u64, u64)>,
    /// Whether nothing that was appended can be missing.
    pub(super) is_complete: bool,
    /// Bytes of the file that are whole records.
    len: u64,
}

impl Table {
    /// Whether its rows are copied.
    pub(super) const fn is_copied(self) -> bool {
        matches!(
            self,
            Self::Meta
                | Self::Counters
                | Self::Accounts
                | Self::Identities
                | Self::Submissions
                | Self::Keys
                | Self::Strays
        )
    }

    /// Its number in the copy; part of the file, so never changed.
    pub(super) const fn copied_as(self) -> Option<u8> {
        Some(match self {
            Self::Meta => 1,
            Self::Counters => 2,
            Self::Accounts => 3,
            Self::Identities => 4,
            Self::Submissions => 5,
            Self::Keys => 6,
            Self::Strays => 7,
            _ => return None,
        })
    }
}

/// The checksum of a record's kind and payload.
struct Checksum(blake3::Hasher);

impl Checksum {
    fn of(kind: u8) -> Self {
        let mut hash = blake3::Hasher::new();
        hash.update(&[kind]);
        Self(hash)
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn end(self) -> [u8; 8] {
        let mut short = [0; 8];
        self.0.finalize_xof().fill(&mut short);
        short
    }
}

fn record(kind: u8, payload: &[u8]) -> io::Result<Vec<u8>> {
    let len = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut record = Vec::with_capacity(HEAD + payload.len());
    record.push(kind);
    record.extend(len.to_be_bytes());
    let mut sum = Checksum::of(kind);
    sum.add(payload);
    record.extend(sum.end());
    record.extend(payload);
    Ok(record)
}

fn of_batch(batch: &Batch) -> io::Result<Vec<u8>> {
    record(BATCH, &postcard::to_allocvec(batch).map_err(io::Error::other)?)
}

/// Appends records to `file`, gathered in pieces; returns how many bytes.
fn append_all(file: &dyn PackFile, frozen: &[(BlobId, Record)], last: &[u8]) -> io::Result<u64> {
    let (mut gathered, mut count) = (Vec::new(), 0);
    let mut add = |bytes: &[u8]| {
        gathered.extend_from_slice(bytes);
        count += bytes.len() as u64;
        if gathered.len() < PACK_BUFFER {
            return Ok(());
        }
        file.append(&std::mem::take(&mut gathered))
    };
    for (id, packed) in frozen {
        add(&frozen_head(*id, packed)?)?;
        packed.each(&mut add)?;
    }
    add(last)?;
    if !gathered.is_empty() {
        file.append(&gathered)?;
    }
    Ok(count)
}

/// What stands before the pack record of a frozen message.
fn frozen_head(id: BlobId, packed: &Record) -> io::Result<Vec<u8>> {
    let len = u32::try_from(packed.len() + 32).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut sum = Checksum::of(FROZEN);
    sum.add(&id.0);
    packed.each(|piece| {
        sum.add(piece);
        Ok(())
    })?;
    let mut head = Vec::with_capacity(HEAD + 32);
    head.push(FROZEN);
    head.extend(len.to_be_bytes());
    head.extend(sum.end());
    head.extend(id.0);
    Ok(head)
}

/// Reads a copy up to its end, or up to the first record that is not whole.
pub(super) fn replay(disk: &dyn Disk) -> io::Result<Kept> {
    let file = disk.copy(false)?;
    let end = file.len()?;
    let mut first = [0; MAGIC.len()];
    let mut kept = Kept::default();
    if end < MAGIC.len() as u64 {
        return Ok(kept);
    }
    file.read_at(0, &mut first)?;
    if first != MAGIC {
        return Ok(kept);
    }
    kept.len = MAGIC.len() as u64;
    let (mut boot, mut last) = (Vec::new(), CLOSED);
    while let Some((kind, payload, len)) = next(file.as_ref(), kept.len, end)? {
        let at = kept.len + HEAD as u64;
        match kind {
            BATCH => {
                let Ok(batch) = postcard::from_bytes::<Batch>(&payload) else { break };
                kept.take(batch);
            }
            FROZEN => {
                let Some(id) = payload.first_chunk::<32>() else { break };
                kept.frozen.insert(BlobId(*id), (at + 32, len - 32));
            }
            OPENED => boot.clone_from(&payload),
            _ => {}
        }
        kept.len = at + len;
        last = kind;
    }
    let same_boot = disk.boot().is_some_and(|now| now.as_slice() == boot);
    kept.is_complete = kept.len == end && (last == CLOSED || same_boot);
    Ok(kept)
}

/// Kind, payload and the payload's length of the record at `at`; `None` at the end and where no whole
/// record lies. Of a frozen message the payload is only its id.
fn next(file: &dyn PackFile, at: u64, end: u64) -> io::Result<Option<(u8, Vec<u8>, u64)>> {
    if at + HEAD as u64 > end {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    file.read_at(at, &mut head)?;
    let [kind, a, b, c, d, wanted @ ..] = head;
    let len = u64::from(u32::from_be_bytes([a, b, c, d]));
    if len > BLOB_BYTES + (1 << 20) || at + HEAD as u64 + len > end {
        return Ok(None);
    }
    let (mut payload, mut sum, mut done) = (Vec::new(), Checksum::of(kind), 0);
    while done < len {
        let count = usize::try_from(len - done).unwrap_or(usize::MAX).min(PACK_BUFFER);
        let mut piece = vec![0; count];
        file.read_at(at + HEAD as u64 + done, &mut piece)?;
        sum.add(&piece);
        done += count as u64;
        if kind == FROZEN {
            piece.truncate(32_usize.saturating_sub(payload.len()));
        }
        payload.extend(piece);
    }
    Ok((sum.end() == wanted).then_some((kind, payload, len)))
}

impl Kept {
    fn take(&mut self, batch: Batch) {
        self.head = self.head.max(batch.head);
        for (at, value) in batch.rows {
            match value {
                Some(value) => drop(self.rows.insert(at, value)),
                None => drop(self.rows.remove(&at)),
            }
        }
    }

    /// Whether it says what a batch of everything says.
    pub(super) fn is_same(&self, all: &Batch) -> bool {
        self.head == all.head
            && self.rows.len() == all.rows.len()
            && all.rows.iter().all(|(at, value)| self.rows.get(at) == value.as_ref())
    }

    /// The rows of one table.
    pub(super) fn of(&self, table: Table) -> impl Iterator<Item = (&[u8], &[u8])> {
        let number = table.copied_as();
        let rows = self.rows.iter().filter(move |((at, _), _)| Some(*at) == number);
        rows.map(|((_, key), value)| (key.as_slice(), value.as_slice()))
    }

    /// The pack record of a frozen message, in the file.
    pub(super) fn frozen(&self, disk: &dyn Disk, id: BlobId) -> io::Result<Option<Record>> {
        let Some((at, len)) = self.frozen.get(&id) else { return Ok(None) };
        Ok(Some(Record::there(disk.copy(false)?, *at, *len)))
    }
}

/// The end of the copy, where the writer appends.
#[derive(Debug)]
pub(super) struct Copy {
    disk: Arc<dyn Disk>,
    file: Option<Box<dyn PackFile>>,
    /// Bytes of it, and what they were when it was last written anew.
    len: u64,
    base: u64,
    /// It does not say what the database says: it is to be written anew.
    stale: bool,
}

impl Copy {
    /// A copy of which nothing is known yet.
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, file: None, len: 0, base: 0, stale: true }
    }

    /// Goes on behind what was read and found equal to the database.
    pub(super) fn go_on(&mut self, kept: &Kept) -> io::Result<()> {
        let file = self.disk.copy(false)?;
        file.truncate(kept.len)?;
        let opened = record(OPENED, &self.disk.boot().unwrap_or_default())?;
        file.append(&opened)?;
        self.len = kept.len + opened.len() as u64;
        self.base = self.len;
        self.file = Some(file);
        self.stale = false;
        Ok(())
    }

    /// Says that a commit failed behind an append, or that the database is another one.
    pub(super) fn outdate(&mut self) {
        self.stale = true;
    }

    /// Whether it is to be written anew: it is outdated, or most of it says what is over.
    pub(super) fn wants_rewrite(&self) -> bool {
        self.stale || self.len > self.base.saturating_mul(2).saturating_add(COPY_SLACK)
    }

    /// Appends what one commit changes, durably when frozen bytes are among it.
    pub(super) fn append(&mut self, batch: &Batch, frozen: &[(BlobId, Record)]) -> io::Result<()> {
        let appended = self.try_append(batch, frozen);
        if appended.is_err() {
            self.file = None;
            self.stale = true;
        }
        appended
    }

    fn try_append(&mut self, batch: &Batch, frozen: &[(BlobId, Record)]) -> io::Result<()> {
        if self.stale {
            return Err(io::Error::other("the copy has to be written anew"));
        }
        let file = self.file.as_deref().ok_or(io::ErrorKind::NotFound)?;
        self.len += append_all(file, frozen, &of_batch(batch)?)?;
        if frozen.is_empty() { Ok(()) } else { file.sync() }
    }

    /// Writes it anew and puts it in the place of the old one. `frozen` gives the pack record of each
    /// message that is still to be sent.
    pub(super) fn rewrite(
        &mut self,
        batch: &Batch,
        frozen: &[BlobId],
        mut packed: impl FnMut(BlobId) -> io::Result<Option<Record>>,
    ) -> io::Result<()> {
        let file = self.disk.fresh_copy()?;
        file.append(&MAGIC)?;
        file.append(&record(OPENED, &self.disk.boot().unwrap_or_default())?)?;
        for id in frozen {
            if let Some(packed) = packed(*id)? {
                append_all(file.as_ref(), &[(*id, packed)], &[])?;
            }
        }
        file.append(&of_batch(batch)?)?;
        file.sync()?;
        self.len = file.len()?;
        self.disk.swap_copy()?;
        self.base = self.len;
        self.file = Some(self.disk.copy(false)?);
        self.stale = false;
        Ok(())
    }

    /// The process ends in order: what was appended is made durable.
    pub(super) fn close(&mut self) -> io::Result<()> {
        let Some(file) = self.file.take().filter(|_| !self.stale) else { return Ok(()) };
        file.append(&record(CLOSED, &[])?)?;
        file.sync()
    }
}
