//! Opening the database file: what it is, whether it is whole, and only then for writing.

use super::StoreError;
use super::backend::{Direct, Trial};
use super::disk::Disk;
use super::limits::CACHE_BYTES;
use super::migrate::{SCHEMA, schema};
use super::source::Snapshot;
use super::tables::Table;
use redb::{Builder, Database, ReadableDatabase, StorageBackend, TableHandle};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The first bytes of every redb file.
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// What lies in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing yet.
    Nothing,
    /// A database of this schema.
    Schema(u32),
}

/// Opens the database after a look at it that changes nothing, at every page of one of up to
/// `verify_bytes`. Without `make`, a file that is not
/// there is an error: its directory may be away for a moment.
pub(super) fn open(
    disk: &dyn Disk,
    path: &Arc<str>,
    verify_bytes: u64,
    make: bool,
) -> Result<(Database, Found), StoreError> {
    let found = unpanicked(path, || look(disk, path, verify_bytes, make))?;
    let wrap = |error: std::io::Error| StoreError::of_io(path, &error);
    let backend = Direct(disk.meta(make).map_err(wrap)?);
    let database = unpanicked(path, || create(path, backend, false))?;
    Ok((database, found))
}

/// An empty database in the file that is to replace the present one.
pub(super) fn fresh(disk: &dyn Disk, path: &Arc<str>) -> Result<Database, StoreError> {
    let backend = Direct(disk.fresh().map_err(|error| StoreError::of_io(path, &error))?);
    create(path, backend, false)
}

/// Runs `step`; a panic of redb over damaged pages becomes an error.
pub(super) fn unpanicked<T>(
    path: &str,
    step: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| {
        Err(StoreError::Damaged {
            path: path.into(),
            reason: "its pages contradict each other".into(),
        })
    })
}

pub(super) fn create(
    path: &str,
    backend: impl StorageBackend,
    verify: bool,
) -> Result<Database, StoreError> {
    Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(verify)
        .create_with_backend(backend)
        .map_err(|error| of_opening(path, error))
}

/// A file that has the right first bytes and cannot be opened is damaged, whatever redb calls it.
fn of_opening(path: &str, error: redb::DatabaseError) -> StoreError {
    let damaged = |reason: String| StoreError::Damaged { path: path.into(), reason };
    match error {
        redb::DatabaseError::UpgradeRequired(_) | redb::DatabaseError::RepairAborted => {
            damaged(error.to_string())
        }
        redb::DatabaseError::Storage(redb::StorageError::Io(io))
            if io.kind() == std::io::ErrorKind::InvalidData =>
        {
            damaged(io.to_string())
        }
        error => StoreError::of_redb(path, error),
    }
}

/// What is in the file; fails when it must not be opened. Writes nothing, but for emptying a file
/// that was cut off while it was being made.
fn look(
    disk: &dyn Disk,
    path: &Arc<str>,
    verify_bytes: u64,
    make: bool,
) -> Result<Found, StoreError> {
    let wrap = |error: std::io::Error| StoreError::of_io(path, &error);
    let file = disk.meta(make).map_err(wrap)?;
    let len = file.len().map_err(wrap)?;
    let mut first = [0; MAGIC.len()];
    let there = first.len().min(usize::try_from(len).unwrap_or(usize::MAX));
    if let Some(part) = first.get_mut(..there)
        && there > 0
    {
        file.read(0, part).map_err(wrap)?;
    }
    if first == [0; MAGIC.len()] {
        return look_at_nothing(disk, path, file.as_ref(), len);
    }
    if first != MAGIC {
        return Err(StoreError::Foreign { path: path.to_string() });
    }
    let trial = Trial::new(file).map_err(wrap)?;
    let database = create(path, trial, len <= verify_bytes)?;
    look_inside(&database, path)
}

/// The first bytes are written last, so a file without them holds nothing; but packs are only made
/// after it stood once.
fn look_at_nothing(
    disk: &dyn Disk,
    path: &str,
    file: &dyn StorageBackend,
    len: u64,
) -> Result<Found, StoreError> {
    let wrap = |error: std::io::Error| StoreError::of_io(path, &error);
    if !disk.packs().map_err(wrap)?.is_empty() {
        return Err(StoreError::Damaged {
            path: path.into(),
            reason: "it is empty, yet message packs lie beside it".into(),
        });
    }
    if disk.copy(false).and_then(|copy| copy.len()).is_ok_and(|len| len > 0) {
        return Err(StoreError::Damaged {
            path: path.into(),
            reason: "it is empty, yet its copy is not".into(),
        });
    }
    if len > 0 {
        file.set_len(0).map_err(wrap)?;
    }
    file.close().map_err(wrap)?;
    Ok(Found::Nothing)
}

fn look_inside(database: &Database, path: &Arc<str>) -> Result<Found, StoreError> {
    let wrap = |error: redb::TransactionError| StoreError::of_redb(path, error);
    let reading = database.begin_read().map_err(wrap)?;
    let names: Vec<String> = reading
        .list_tables()
        .map_err(|error| StoreError::of_redb(path, error))?
        .map(|table| table.name().to_owned())
        .collect();
    if names.is_empty() {
        return Ok(Found::Nothing);
    }
    if !names.iter().any(|name| name == Table::Meta.name()) {
        return Err(StoreError::Foreign { path: path.to_string() });
    }
    let snapshot = Snapshot {
        path: Arc::clone(path),
        reading,
        _reader: Arc::default(),
        trouble: Arc::default(),
    };
    match schema(&snapshot)? {
        Some(found) if found > SCHEMA => {
            Err(StoreError::Newer { path: path.to_string(), found, known: SCHEMA })
        }
        Some(found) => Ok(Found::Schema(found)),
        None => Err(StoreError::Foreign { path: path.to_string() }),
    }
}
