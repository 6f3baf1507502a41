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
use super::limits::{BLOB_BYTES, COPY_SLACK};
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
    pub(super) frozen: BTreeMap<BlobId, (u64, usize)>,
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

fn checksum(kind: u8, payload: &[u8]) -> [u8; 8] {
    let mut short = [0; 8];
    blake3::Hasher::new().update(&[kind]).update(payload).finalize_xof().fill(&mut short);
    short
}

fn record(kind: u8, payload: &[u8]) -> io::Result<Vec<u8>> {
    let len = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut record = Vec::with_capacity(HEAD + payload.len());
    record.push(kind);
    record.extend(len.to_be_bytes());
    record.extend(checksum(kind, payload));
    record.extend(payload);
    Ok(record)
}

fn of_batch(batch: &Batch) -> io::Result<Vec<u8>> {
    record(BATCH, &postcard::to_allocvec(batch).map_err(io::Error::other)?)
}

fn of_frozen(id: BlobId, packed: &[u8]) -> io::Result<Vec<u8>> {
    record(FROZEN, &[id.0.as_slice(), packed].concat())
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
    while let Some((kind, payload)) = next(file.as_ref(), kept.len, end)? {
        let at = kept.len + HEAD as u64;
        match kind {
            BATCH => {
                let Ok(batch) = postcard::from_bytes::<Batch>(&payload) else { break };
                kept.take(batch);
            }
            FROZEN => {
                let Some((id, packed)) = payload.split_first_chunk::<32>() else { break };
                kept.frozen.insert(BlobId(*id), (at + 32, packed.len()));
            }
            OPENED => boot.clone_from(&payload),
            _ => {}
        }
        kept.len = at + payload.len() as u64;
        last = kind;
    }
    let same_boot = disk.boot().is_some_and(|now| now.as_slice() == boot);
    kept.is_complete = kept.len == end && (last == CLOSED || same_boot);
    Ok(kept)
}

/// The record at `at`; `None` at the end and where no whole record lies.
fn next(file: &dyn PackFile, at: u64, end: u64) -> io::Result<Option<(u8, Vec<u8>)>> {
    if at + HEAD as u64 > end {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    file.read_at(at, &mut head)?;
    let [kind, a, b, c, d, sum @ ..] = head;
    let len = u64::from(u32::from_be_bytes([a, b, c, d]));
    if len > BLOB_BYTES + (1 << 20) || at + HEAD as u64 + len > end {
        return Ok(None);
    }
    let mut payload = vec![0; usize::try_from(len).unwrap_or_default()];
    file.read_at(at + HEAD as u64, &mut payload)?;
    Ok((checksum(kind, &payload) == sum).then_some((kind, payload)))
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

    /// The pack record of a frozen message, out of the file.
    pub(super) fn frozen(&self, disk: &dyn Disk, id: BlobId) -> io::Result<Option<Vec<u8>>> {
        let Some((at, len)) = self.frozen.get(&id) else { return Ok(None) };
        let mut packed = vec![0; *len];
        disk.copy(false)?.read_at(*at, &mut packed)?;
        Ok(Some(packed))
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
    pub(super) fn append(&mut self, batch: &Batch, frozen: &[(BlobId, Vec<u8>)]) -> io::Result<()> {
        let appended = self.try_append(batch, frozen);
        if appended.is_err() {
            self.file = None;
            self.stale = true;
        }
        appended
    }

    fn try_append(&mut self, batch: &Batch, frozen: &[(BlobId, Vec<u8>)]) -> io::Result<()> {
        if self.stale {
            return Err(io::Error::other("the copy has to be written anew"));
        }
        let file = self.file.as_deref().ok_or(io::ErrorKind::NotFound)?;
        let mut records = Vec::new();
        for (id, packed) in frozen {
            records.extend(of_frozen(*id, packed)?);
        }
        records.extend(of_batch(batch)?);
        file.append(&records)?;
        self.len += records.len() as u64;
        if frozen.is_empty() { Ok(()) } else { file.sync() }
    }

    /// Writes it anew and puts it in the place of the old one. `frozen` gives the pack record of each
    /// message that is still to be sent.
    pub(super) fn rewrite(
        &mut self,
        batch: &Batch,
        frozen: &[BlobId],
        mut packed: impl FnMut(BlobId) -> io::Result<Option<Vec<u8>>>,
    ) -> io::Result<()> {
        let file = self.disk.fresh_copy()?;
        file.append(&MAGIC)?;
        file.append(&record(OPENED, &self.disk.boot().unwrap_or_default())?)?;
        for id in frozen {
            if let Some(packed) = packed(*id)? {
                file.append(&of_frozen(*id, &packed)?)?;
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
