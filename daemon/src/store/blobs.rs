//! Blobs: equal bytes once, counted references, rewriting of packs that are mostly dead.

use super::codec::{BlobRow, PackRow};
use super::limits::BLOB_BYTES;
use super::pack::Record;
use super::packing::Packed;
use super::source::{NEXT, Order, Source};
use super::tables::{Key, Parts, Table};
use super::txn::Number;
use super::writer::Shared;
use super::{Snapshot, StoreError, Txn, pack};
use chapar_engine::id::BlobId;
use chapar_engine::time::Wall;
use std::io;

pub(super) fn key_of(id: BlobId) -> Key {
    let mut key = Key::default();
    for byte in id.0 {
        key = key.u8(byte);
    }
    key
}

/// Key, in the meta table, of when packs were last rewritten.
const COLLECTED: &str = "collected";

impl Snapshot {
    /// When packs were last rewritten, and the bytes of packs that nothing refers to.
    pub fn dead_bytes(&self) -> Result<(Option<Wall>, u64), StoreError> {
        self.guarded(|it| {
            let at: Option<Number> = it.record(Table::Meta, &Key::default().name(COLLECTED))?;
            let mut dead = 0;
            it.scan_prefix(Table::Packs, &Key::default(), Order::Up, &mut |key, bytes| {
                let row: PackRow = it.open(Table::Packs, key, bytes)?;
                dead += row.len.saturating_sub(row.live);
                NEXT
            })?;
            Ok((at.map(|at| Wall(at.0.cast_signed())), dead))
        })
    }

    /// Where a blob lies.
    pub(super) fn blob_row(&self, id: BlobId) -> Result<Option<BlobRow>, StoreError> {
        self.guarded(|it| it.record(Table::Blobs, &key_of(id)))
    }
}

/// The bytes of a blob. Tried twice: its pack may be rewritten between the look and the read. Only
/// bytes that were read and are others than those that were stored are damaged; a pack that cannot be
/// read, or is not there, may be there again in a moment.
pub(super) fn read(shared: &Shared, id: BlobId) -> Result<Vec<u8>, StoreError> {
    let damaged = |reason: &str| StoreError::Damaged {
        path: shared.path.to_string(),
        reason: format!("blob {id}: {reason}"),
    };
    let once = || -> Result<Vec<u8>, StoreError> {
        let row = shared.read()?.blob_row(id)?.ok_or(StoreError::Missing("blob"))?;
        let record =
            pack::read(shared.disk.as_ref(), &row).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => {
                    pack::gone(shared.disk.as_ref(), row.pack)
                }
                io::ErrorKind::InvalidData => damaged("its length is impossible"),
                _ => StoreError::of_io(&shared.path, &error),
            })?;
        pack::raw(id, &row, &record).map_err(damaged)
    };
    let read = match once() {
        Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => once(),
        first => first,
    };
    // a damaged blob is one mail's loss, a pack that cannot be read is the store's
    if let Err(error) = &read
        && error.is_of_file()
    {
        shared.trouble.note_of_pack(error);
    }
    read
}

impl Txn<'_> {
    /// Where a blob lies.
    pub(super) fn blob_row(&self, id: BlobId) -> Result<Option<BlobRow>, StoreError> {
        self.record(Table::Blobs, &key_of(id))
    }

    /// Takes over a pack record that came from elsewhere.
    pub(super) fn put_packed(&mut self, id: BlobId, packed: &Record) -> Result<(), StoreError> {
        let added = packed.raw_len().and_then(|raw| Ok((raw, self.tail.add_record(packed)?)));
        let (raw_len, offset) = added.map_err(|error| self.pack_failed(&error))?;
        let len = u32::try_from(packed.len()).unwrap_or(u32::MAX);
        let row = BlobRow { pack: self.tail.number(), offset, len, raw_len, refs: 0 };
        self.put(Table::Blobs, &key_of(id), &row)
    }

    /// Takes over where a blob lies in a pack that is there already.
    pub(super) fn put_found(&mut self, id: BlobId, row: &BlobRow) -> Result<(), StoreError> {
        self.put(Table::Blobs, &key_of(id), row)
    }

    fn pack_failed(&self, error: &io::Error) -> StoreError {
        StoreError::of_io(&format!("{} (pack {})", self.path(), self.tail.number()), error)
    }

    /// Stores bytes; equal bytes are stored once. They stay only when a message or submission
    /// refers to them by the time packs are next rewritten.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        if bytes.len() as u64 > BLOB_BYTES {
            return Err(StoreError::Conflict(format!(
                "{} bytes are more than the {BLOB_BYTES} a blob may have",
                bytes.len()
            )));
        }
        let id = BlobId(*blake3::hash(bytes).as_bytes());
        if self.record::<BlobRow>(Table::Blobs, &key_of(id)).is_ok_and(|row| row.is_some()) {
            return Ok(id);
        }
        let record = pack::record(id, bytes).map_err(|error| self.pack_failed(&error))?;
        let offset = self.tail.add(&record).map_err(|error| self.pack_failed(&error))?;
        let row = BlobRow {
            pack: self.tail.number(),
            offset,
            len: u32::try_from(record.len()).unwrap_or(u32::MAX),
            raw_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            refs: 0,
        };
        self.put(Table::Blobs, &key_of(id), &row)?;
        Ok(id)
    }

    /// Stores what was packed before, as [`Txn::put_blob`] does.
    pub fn put_packed_blob(&mut self, packed: &Packed) -> Result<BlobId, StoreError> {
        let id = packed.id;
        if !self.record::<BlobRow>(Table::Blobs, &key_of(id)).is_ok_and(|row| row.is_some()) {
            self.put_packed(id, &packed.record)?;
        }
        Ok(id)
    }

    /// One more record refers to a blob.
    pub(super) fn refer(&mut self, id: BlobId) -> Result<(), StoreError> {
        let mut row: BlobRow =
            self.record(Table::Blobs, &key_of(id))?.ok_or(StoreError::Missing("blob"))?;
        if row.refs == 0 {
            *self.lived.entry(row.pack).or_default() += i64::from(row.len);
        }
        row.refs = row.refs.saturating_add(1);
        self.put(Table::Blobs, &key_of(id), &row)
    }

    /// One record less refers to a blob. What is missing or damaged is gone already.
    pub(super) fn release(&mut self, id: BlobId) -> Result<(), StoreError> {
        let Some(mut row) = self.cached::<BlobRow>(Table::Blobs, &key_of(id))? else {
            return Ok(());
        };
        if row.refs == 1 {
            *self.lived.entry(row.pack).or_default() -= i64::from(row.len);
        }
        row.refs = row.refs.saturating_sub(1);
        self.put(Table::Blobs, &key_of(id), &row)
    }

    /// Notes when packs were last rewritten.
    pub(super) fn collected(&mut self, at: Wall) -> Result<(), StoreError> {
        let at = Number(at.0.cast_unsigned());
        self.put(Table::Meta, &Key::default().name(COLLECTED), &at)
    }

    /// Packs of which more than half is dead, or anything at all.
    pub(super) fn dead_packs(&self, anything: bool) -> Result<Vec<u32>, StoreError> {
        let mut dead = Vec::new();
        self.scan_prefix(Table::Packs, &Key::default(), Order::Up, &mut |key, bytes| {
            let row: PackRow = self.open(Table::Packs, key, bytes)?;
            let weight = if anything { 1 } else { 2 };
            if row.live.saturating_mul(weight) < row.len {
                dead.extend(Parts(key).u32());
            }
            NEXT
        })?;
        Ok(dead)
    }

    /// Moves what lives in a pack to the newest one and forgets the pack; returns the bytes won.
    /// The file itself is removed after the commit.
    pub(super) fn empty_pack(&mut self, number: u32) -> Result<u64, StoreError> {
        let old: PackRow =
            self.record(Table::Packs, &Key::default().u32(number))?.unwrap_or_default();
        if self.tail.number() == number {
            self.tail
                .sync()
                .and_then(|()| self.tail.settle())
                .map_err(|error| self.pack_failed(&error))?;
            self.tail.next();
        }
        let mut rows: Vec<(BlobId, BlobRow)> = Vec::new();
        self.scan_prefix(Table::Blobs, &Key::default(), Order::Up, &mut |key, bytes| {
            let row: BlobRow = self.open(Table::Blobs, key, bytes)?;
            if row.pack == number
                && let Ok(hash) = <[u8; 32]>::try_from(key)
            {
                rows.push((BlobId(hash), row));
            }
            NEXT
        })?;
        rows.sort_by_key(|(_, row)| row.offset);
        let mut kept = 0;
        for (id, row) in rows {
            kept += self.move_blob(id, row)?;
        }
        self.lived.remove(&number);
        self.remove(Table::Packs, Key::default().u32(number).bytes())?;
        Ok(old.len.saturating_sub(kept))
    }

    fn move_blob(&mut self, id: BlobId, row: BlobRow) -> Result<u64, StoreError> {
        if row.refs == 0 {
            self.remove(Table::Blobs, key_of(id).bytes())?;
            return Ok(0);
        }
        let record = self.tail.old_record(&row).map_err(|error| self.pack_failed(&error))?;
        let offset = self.tail.add_record(&record).map_err(|error| self.pack_failed(&error))?;
        let moved = BlobRow { pack: self.tail.number(), offset, ..row };
        *self.lived.entry(moved.pack).or_default() += i64::from(moved.len);
        self.put(Table::Blobs, &key_of(id), &moved)?;
        Ok(u64::from(row.len))
    }
}
