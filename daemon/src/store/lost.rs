//! Bytes of packs that are lost: a mail of the server is planned to be fetched again, a mail that is
//! still to be sent gets its bytes back from the copy.

use super::codec::{BlobRow, PackRow};
use super::copy::Kept;
use super::disk::Disk;
use super::pack::Record;
use super::source::{NEXT, Order, Source};
use super::tables::{Key, Parts, Table};
use super::writer::{Shared, Writer, packs};
use super::{StoreError, Txn, copy, pack, restore};
use chapar_engine::id::BlobId;
use chapar_engine::message::{Message, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Writer {
    /// Takes as lost what of the packs is not there; how many blobs that are.
    pub(super) fn mend(&mut self) -> Result<usize, StoreError> {
        let disk = Arc::clone(&self.shared.disk);
        let wrap = |error: std::io::Error| StoreError::of_io(&disk.name(), &error);
        disk.still_there().map_err(wrap)?;
        let there = lengths(disk.as_ref())?;
        let view = self.shared.read()?;
        let (lost, torn) = view.guarded(|it| Ok((lost(it, &there)?, torn(it, &there)?)))?;
        drop(view);
        if lost.is_empty() && torn.is_empty() {
            return Ok(0);
        }
        tracing::error!(
            blobs = lost.len(),
            "packs are missing or cut; their mail is fetched again"
        );
        let kept = copy::replay(disk.as_ref()).unwrap_or_default();
        let now = self.now();
        // what is open of the newest pack may be a file that was removed
        self.recover()?;
        self.transact(|txn| {
            txn.begin(now);
            txn.forget_blobs(&lost, disk.as_ref(), &kept)?;
            torn.iter().try_for_each(|(number, len)| txn.cut_pack(*number, *len))?;
            txn.end()
        })?;
        Ok(lost.len())
    }

    /// Takes one blob as lost, whose bytes were read and are others than those that were stored. True
    /// when it is there again, or is going to be.
    pub(super) fn lose(&mut self, id: BlobId) -> Result<bool, StoreError> {
        let disk = Arc::clone(&self.shared.disk);
        let kept = copy::replay(disk.as_ref()).unwrap_or_default();
        let now = self.now();
        self.transact(|txn| {
            txn.begin(now);
            let found = txn.forget_blobs(&BTreeSet::from([id]), disk.as_ref(), &kept)?;
            txn.end()?;
            Ok(found)
        })
    }
}

/// Looks whether every pack lies where it is looked for. One that does not is noted as trouble.
pub(super) fn look(shared: &Shared) -> Result<(), StoreError> {
    let wrap = |error: std::io::Error| StoreError::of_io(&shared.path, &error);
    let gone = || -> Result<Option<u32>, StoreError> {
        let known = shared.read()?.guarded(packs)?;
        let there = shared.disk.packs().map_err(wrap)?;
        Ok(known.into_iter().map(|(number, _)| number).find(|number| !there.contains(number)))
    };
    // a pack that is being rewritten goes after the database has let go of it: looked at twice
    let Some(number) = gone()?.and(gone()?) else { return Ok(()) };
    let error = pack::gone(shared.disk.as_ref(), number);
    shared.trouble.note_of_pack(&error);
    Err(error)
}

/// The packs that are there, with their bytes.
fn lengths(disk: &dyn Disk) -> Result<BTreeMap<u32, u64>, StoreError> {
    let wrap = |error: std::io::Error| StoreError::of_io(&disk.name(), &error);
    let mut lengths = BTreeMap::new();
    for number in disk.packs().map_err(wrap)? {
        let len = disk.pack(number, false).and_then(|file| file.len()).map_err(wrap)?;
        lengths.insert(number, len);
    }
    Ok(lengths)
}

/// Blobs that lie where no pack is.
fn lost(source: &impl Source, there: &BTreeMap<u32, u64>) -> Result<BTreeSet<BlobId>, StoreError> {
    let mut lost = BTreeSet::new();
    source.scan_prefix(Table::Blobs, &Key::default(), Order::Up, &mut |key, bytes| {
        let row: BlobRow = source.open(Table::Blobs, key, bytes)?;
        let end = row.offset.saturating_add(u64::from(row.len));
        if there.get(&row.pack).is_none_or(|len| *len < end)
            && let Ok(hash) = <[u8; 32]>::try_from(key)
        {
            lost.insert(BlobId(hash));
        }
        NEXT
    })?;
    Ok(lost)
}

/// Packs that are gone (`None`) or shorter than they were.
fn torn(
    source: &impl Source,
    there: &BTreeMap<u32, u64>,
) -> Result<Vec<(u32, Option<u64>)>, StoreError> {
    let mut torn = Vec::new();
    source.scan_prefix(Table::Packs, &Key::default(), Order::Up, &mut |key, bytes| {
        let row: PackRow = source.open(Table::Packs, key, bytes)?;
        let number = Parts(key).u32().unwrap_or_default();
        match there.get(&number).copied() {
            Some(len) if len >= row.len => {}
            len => torn.push((number, len)),
        }
        NEXT
    })?;
    Ok(torn)
}

impl Txn<'_> {
    /// Takes blobs as lost: messages are to be fetched again, and what is still to be sent gets its
    /// bytes from the copy. True when each blob is one of the two.
    fn forget_blobs(
        &mut self,
        lost: &BTreeSet<BlobId>,
        disk: &dyn Disk,
        kept: &Kept,
    ) -> Result<bool, StoreError> {
        let mut found: BTreeSet<BlobId> = BTreeSet::new();
        for id in restore::wanted(self)?.into_iter().filter(|id| lost.contains(id)) {
            if let Ok(Some(packed)) = kept.frozen(disk, id) {
                self.move_packed(id, &packed)?;
                found.insert(id);
            }
        }
        let restored = found.clone();
        let mut messages: Vec<Message> = Vec::new();
        self.scan_prefix(Table::Messages, &Key::default(), Order::Up, &mut |key, bytes| {
            let message = self.open::<Message>(Table::Messages, key, bytes).ok();
            let is_lost = |message: &Message| {
                message.blob.is_some_and(|id| lost.contains(&id) && !found.contains(&id))
            };
            messages.extend(message.filter(is_lost));
            NEXT
        })?;
        for message in messages {
            found.extend(message.blob);
            self.put_message(&Message { blob: None, stage: Stage::Summary, ..message })?;
        }
        for id in lost.difference(&restored) {
            self.drop_blob(*id)?;
        }
        Ok(found.len() == lost.len())
    }

    /// A pack is gone, or ends here.
    fn cut_pack(&mut self, number: u32, len: Option<u64>) -> Result<(), StoreError> {
        let key = Key::default().u32(number);
        let Some(len) = len else {
            self.lived.remove(&number);
            return self.remove(Table::Packs, key.bytes());
        };
        let row: PackRow = self.record(Table::Packs, &key)?.unwrap_or_default();
        self.put(Table::Packs, &key, &PackRow { len, ..row })
    }

    /// The same bytes in another place, with the references that they had.
    fn move_packed(&mut self, id: BlobId, packed: &Record) -> Result<(), StoreError> {
        let refs = self.blob_row(id)?.map_or(0, |row| row.refs);
        self.drop_blob(id)?;
        self.put_packed(id, packed)?;
        (0..refs).try_for_each(|_| self.refer(id))
    }

    fn drop_blob(&mut self, id: BlobId) -> Result<(), StoreError> {
        let Some(row) = self.blob_row(id)? else { return Ok(()) };
        if row.refs > 0 {
            *self.lived.entry(row.pack).or_default() -= i64::from(row.len);
        }
        self.remove(Table::Blobs, &id.0)
    }
}
