//! Leaving nothing of what was deleted. redb keeps the bytes of a free page until it uses the page
//! again, so a database without them is one that was written anew: everything that lives is copied
//! to a file of its own, which then takes the place of the old one.
//!
//! Killed before the swap, the old file stands and still says what it wants.

use super::source::Source;
use super::tables::{Key, Table};
use super::txn::Number;
use super::writer::Writer;
use super::{StoreError, Txn, open};
use redb::{Database, ReadableDatabase, ReadableTable, TableError};

/// Key, in the meta table, of the wish to be written anew.
const WANTED: &str = "scrub";

fn wanted_key() -> Key {
    Key::default().name(WANTED)
}

impl Txn<'_> {
    /// What this transaction deletes must not be found in the file either.
    pub(super) fn want_scrub(&mut self) -> Result<(), StoreError> {
        self.put(Table::Meta, &wanted_key(), &Number(1))
    }
}

impl Writer {
    /// Overwrites what was deleted, when that was asked for.
    pub(super) fn scrub(&mut self) -> Result<(), StoreError> {
        let path = self.shared.path.clone();
        let wanted = self.shared.read()?.record::<Number>(Table::Meta, &wanted_key())?;
        if wanted.is_none() {
            return Ok(());
        }
        self.empty_packs(true)?;
        let wrap = |error: std::io::Error| StoreError::of_io(&path, &error);
        let old = self.database()?;
        self.shared.disk.still_there().map_err(wrap)?;
        let fresh = open::fresh(self.shared.disk.as_ref(), &path)?;
        copy(&old, &fresh, &path)?;
        self.shared.disk.swap().map_err(wrap)?;
        drop(old);
        self.replace(fresh);
        self.shared.disk.remove_aside().map_err(wrap)?;
        self.scrub_copy()
    }
}

/// Everything but the wish itself, in one durable transaction.
fn copy(old: &Database, fresh: &Database, path: &str) -> Result<(), StoreError> {
    let reading = old.begin_read().map_err(|error| StoreError::of_redb(path, error))?;
    let mut writing = fresh.begin_write().map_err(|error| StoreError::of_redb(path, error))?;
    writing.set_quick_repair(true);
    for table in Table::ALL {
        let source = match reading.open_table(table.definition()) {
            Ok(source) => source,
            Err(TableError::TableDoesNotExist(_)) => continue,
            Err(error) => return Err(StoreError::of_redb(path, error)),
        };
        let wrap = |error: redb::StorageError| StoreError::of_redb(path, error);
        let mut target = writing
            .open_table(table.definition())
            .map_err(|error| StoreError::of_redb(path, error))?;
        for entry in source.iter().map_err(wrap)? {
            let (key, value) = entry.map_err(wrap)?;
            let is_wish = *table == Table::Meta && key.value() == wanted_key().bytes();
            if !is_wish {
                target.insert(key.value(), value.value()).map_err(wrap)?;
            }
        }
    }
    writing.commit().map_err(|error| StoreError::of_redb(path, error))
}
