//! Reading, the same from a snapshot and from inside a write.

use super::StoreError;
use super::codec::{Stored, UNKNOWN_VERSION, name_of, newer, unseal};
use super::tables::{Key, Table};
use redb::{ReadableTable, TableError};
use std::ops::{Bound, ControlFlow};

/// The direction of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Lowest key first.
    Up,
    /// Highest key first.
    Down,
}

/// What a scan does after a row.
pub(super) type Flow = Result<ControlFlow<()>, StoreError>;

/// Goes on to the next row.
pub(super) const NEXT: Flow = Ok(ControlFlow::Continue(()));
/// Ends the scan.
pub(super) const STOP: Flow = Ok(ControlFlow::Break(()));

/// Anything the tables can be read from.
pub(super) trait Source {
    /// The database, for messages.
    fn path(&self) -> &str;

    /// The bytes under a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Calls `row` for each key of `range`: from the first up to but without the second (empty =
    /// no bound).
    fn scan(
        &self,
        table: Table,
        range: (&[u8], &[u8]),
        order: Order,
        row: &mut dyn FnMut(&[u8], &[u8]) -> Flow,
    ) -> Result<(), StoreError>;

    /// [`Source::scan`] over all keys that begin with `prefix`.
    fn scan_prefix(
        &self,
        table: Table,
        prefix: &Key,
        order: Order,
        row: &mut dyn FnMut(&[u8], &[u8]) -> Flow,
    ) -> Result<(), StoreError> {
        self.scan(table, (prefix.bytes(), &prefix.end()), order, row)
    }

    /// A damaged record, by name.
    fn damaged(&self, table: Table, key: &[u8], reason: &str) -> StoreError {
        StoreError::Damaged {
            path: self.path().to_owned(),
            reason: format!("record {}: {reason}", name_of(table, key)),
        }
    }

    /// Reads bytes as the record under `key`.
    fn open<T: Stored>(&self, table: Table, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
        unseal(table, key, bytes).map_err(|reason| match newer::<T>(bytes) {
            Some(found) if reason == UNKNOWN_VERSION => StoreError::Newer {
                path: format!("{}, record {}", self.path(), name_of(table, key)),
                found: u32::from(found),
                known: u32::from(T::VERSION),
            },
            _ => self.damaged(table, key, reason),
        })
    }

    /// The record under a key; damage is an error that names it.
    fn record<T: Stored>(&self, table: Table, key: &Key) -> Result<Option<T>, StoreError> {
        let bytes = self.get(table, key.bytes())?;
        bytes.map(|bytes| self.open(table, key.bytes(), &bytes)).transpose()
    }

    /// The record under a key of what can be fetched again; damage is reported and reads as absent.
    fn cached<T: Stored>(&self, table: Table, key: &Key) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.get(table, key.bytes())? else {
            return Ok(None);
        };
        Ok(lenient(table, key.bytes(), &bytes))
    }

    /// All records of a table whose keys begin with `prefix`, by key.
    fn records<T: Stored>(&self, table: Table, prefix: &Key) -> Result<Vec<T>, StoreError> {
        let mut records = Vec::new();
        self.scan_prefix(table, prefix, Order::Up, &mut |key, bytes| {
            records.push(self.open(table, key, bytes)?);
            NEXT
        })?;
        Ok(records)
    }

    /// All keys that begin with `prefix`.
    fn keys(&self, table: Table, prefix: &Key) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys = Vec::new();
        self.scan_prefix(table, prefix, Order::Up, &mut |key, _| {
            keys.push(key.to_vec());
            NEXT
        })?;
        Ok(keys)
    }
}

/// Reads a record of what can be fetched again; damage is reported without content.
pub(super) fn lenient<T: Stored>(table: Table, key: &[u8], bytes: &[u8]) -> Option<T> {
    match unseal(table, key, bytes) {
        Ok(value) => Some(value),
        Err(reason) => {
            tracing::warn!(record = name_of(table, key), reason, "damaged; taken as missing");
            None
        }
    }
}

/// Reads one key of any redb table.
pub(super) fn get_from(
    path: &str,
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let guard = table.get(key).map_err(|error| StoreError::of_redb(path, error))?;
    Ok(guard.map(|guard| guard.value().to_vec()))
}

/// Scans any redb table.
pub(super) fn scan_from(
    path: &str,
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    (from, to): (&[u8], &[u8]),
    order: Order,
    row: &mut dyn FnMut(&[u8], &[u8]) -> Flow,
) -> Result<(), StoreError> {
    let wrap = |error| StoreError::of_redb(path, error);
    let end = if to.is_empty() { Bound::Unbounded } else { Bound::Excluded(to) };
    let mut range = table.range::<&[u8]>((Bound::Included(from), end)).map_err(wrap)?;
    while let Some(entry) = match order {
        Order::Up => range.next(),
        Order::Down => range.next_back(),
    } {
        let (key, value) = entry.map_err(wrap)?;
        if row(key.value(), value.value())?.is_break() {
            break;
        }
    }
    Ok(())
}

/// A consistent read view.
pub struct Snapshot {
    pub(super) path: std::sync::Arc<str>,
    pub(super) reading: redb::ReadTransaction,
    /// Says that somebody reads this database: closing it would break the view off.
    pub(super) _reader: std::sync::Arc<()>,
    /// Hears of every read that the files failed.
    pub(super) trouble: std::sync::Arc<super::health::Trouble>,
}

impl Snapshot {
    pub(super) fn table(
        &self,
        table: Table,
    ) -> Result<redb::ReadOnlyTable<&'static [u8], &'static [u8]>, StoreError> {
        self.reading
            .open_table(table.definition())
            .map_err(|error: TableError| StoreError::of_redb(&self.path, error))
    }

    /// The bytes under a key of an open table.
    pub(super) fn get_in(
        &self,
        table: &redb::ReadOnlyTable<&'static [u8], &'static [u8]>,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        get_from(&self.path, table, key)
    }

    /// Runs a read; a panic of redb over damaged pages becomes an error.
    pub(super) fn guarded<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(self)));
        let answer = caught.unwrap_or_else(|_| {
            Err(StoreError::Damaged {
                path: self.path.to_string(),
                reason: "its pages contradict each other".into(),
            })
        });
        if let Err(error) = &answer {
            self.trouble.note(error);
        }
        answer
    }
}

impl Source for Snapshot {
    fn path(&self) -> &str {
        &self.path
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get_from(&self.path, &self.table(table)?, key)
    }

    fn scan(
        &self,
        table: Table,
        range: (&[u8], &[u8]),
        order: Order,
        row: &mut dyn FnMut(&[u8], &[u8]) -> Flow,
    ) -> Result<(), StoreError> {
        scan_from(&self.path, &self.table(table)?, range, order, row)
    }
}
