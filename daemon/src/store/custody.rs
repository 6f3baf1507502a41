//! The writer's care for its files: opening them, again after a failure too, making a damaged database
//! anew, and keeping the copy that this is done from.
//!
//! Must never make a new store in the place of one that is away.

use super::copy::{self, Kept};
use super::migrate::SCHEMA;
use super::open::{self, Found};
use super::writer::{Shared, Writer, packs, replaced};
use super::{StoreError, pack, restore};
use std::io;
use std::sync::Arc;

impl Writer {
    /// Opens the database; one that is damaged is made anew from the copy first.
    pub(super) fn open_or_restore(&mut self, make: bool) -> Result<Found, StoreError> {
        let why = match self.open_checked(make) {
            Err(why @ (StoreError::Damaged { .. } | StoreError::Foreign { .. })) => why,
            opened => return opened,
        };
        drop(self.shared.set_handle(None));
        let restored = restore::restore(&self.shared, &why, self.now())?;
        self.copy.outdate();
        self.shared.restored.send_replace(Some(restored));
        self.open_checked(false)
    }

    fn open_checked(&mut self, make: bool) -> Result<Found, StoreError> {
        let Shared { disk, path, verify_bytes, .. } = self.shared.as_ref();
        let (database, found) = open::open(disk.as_ref(), path, *verify_bytes, make)?;
        drop(self.shared.set_handle(Some(database)));
        // the records of an older schema are read by the migration
        if found == Found::Schema(SCHEMA) {
            self.shared.read()?.guarded(restore::own_records)?;
        }
        Ok(found)
    }

    /// Goes on with the copy that is there when it says what the database says, else writes it anew.
    pub(super) fn mind_copy(&mut self) {
        let disk = Arc::clone(&self.shared.disk);
        let same = copy::replay(disk.as_ref()).ok().filter(|kept| self.is_copied(kept));
        let gone_on = same.is_some_and(|kept| self.copy.go_on(&kept).is_ok());
        if !gone_on {
            self.copy.outdate();
        }
        self.keep_copy();
    }

    fn is_copied(&self, kept: &Kept) -> bool {
        let same = self.shared.read().and_then(|view| {
            view.guarded(|it| {
                let batch = restore::batch(it)?;
                let wanted = restore::wanted(it)?;
                Ok(kept.is_same(&batch) && wanted.iter().all(|id| kept.frozen.contains_key(id)))
            })
        });
        same.unwrap_or(false)
    }

    /// Writes the copy anew when that is due. Where it cannot be written the database goes on alone.
    pub(super) fn keep_copy(&mut self) {
        if !self.copy.wants_rewrite() {
            return;
        }
        if let Err(error) = self.rewrite_copy() {
            tracing::warn!(%error, "the copy of what no server can give again is not up to date");
        }
    }

    fn rewrite_copy(&mut self) -> Result<(), StoreError> {
        let view = self.shared.read()?;
        let (batch, wanted) = view.guarded(|it| Ok((restore::batch(it)?, restore::wanted(it)?)))?;
        let disk = Arc::clone(&self.shared.disk);
        let old = copy::replay(disk.as_ref()).unwrap_or_default();
        let wrap = |error: io::Error| StoreError::of_io(&self.shared.path, &error);
        // what the old copy alone made durable has to be durable in the pack before it goes
        self.tail.settle().map_err(wrap)?;
        let packed = |id| restore::packed(disk.as_ref(), &view, &old, id);
        self.copy.rewrite(&batch, &wanted, packed).map_err(wrap)
    }

    /// Opens the files again after one of them failed. Never makes a new store. While the files are
    /// not there, what is open of them stays open: it can be read meanwhile.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        if self.shared.trouble.is_closed() {
            return Err(StoreError::Stopping);
        }
        self.is_reachable()?;
        self.retired.clear();
        drop(self.shared.set_handle(None));
        if self.open_or_restore(false)? == Found::Nothing {
            drop(self.shared.set_handle(None));
            return Err(replaced(&self.shared.path));
        }
        self.copy.outdate();
        match self.recover() {
            Err(why @ StoreError::Damaged { .. }) => return self.make_anew(&why),
            Err(error) => {
                drop(self.shared.set_handle(None));
                return Err(error);
            }
            Ok(()) => self.mind_copy(),
        }
        Ok(())
    }

    /// Whether database and packs lie where they are looked for. Another database in the place of
    /// the open one is there too.
    fn is_reachable(&self) -> Result<(), StoreError> {
        let wrap = |error: io::Error| StoreError::of_io(&self.shared.path, &error);
        match self.shared.disk.still_there() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(wrap(error)),
            _ => {}
        }
        self.shared.disk.packs().map(drop).map_err(wrap)
    }

    /// Ends the present trouble of the files when they work again: opens them, and proves that they
    /// are complete and can be written.
    pub(super) fn heal(&mut self) -> Result<(), StoreError> {
        let trouble = Arc::clone(&self.shared.trouble);
        if !trouble.is_sick() && trouble.watch().borrow().is_none() {
            return Ok(());
        }
        let is_damaged = matches!(*trouble.watch().borrow(), Some(StoreError::Damaged { .. }));
        let healed = self.healed(is_damaged);
        match &healed {
            Ok(()) => trouble.over(),
            Err(error) => trouble.note(error),
        }
        healed
    }

    fn healed(&mut self, afresh: bool) -> Result<(), StoreError> {
        if afresh || self.shared.trouble.is_sick() {
            self.reopen()?;
        }
        if afresh && let Err(why @ StoreError::Damaged { .. }) = self.shared.read()?.verify() {
            self.make_anew(&why)?;
        }
        let disk = &self.shared.disk;
        let wrap = |error: io::Error| StoreError::of_io(&self.shared.path, &error);
        disk.still_there().and_then(|()| disk.room()).map_err(wrap)?;
        let there = disk.packs().map_err(wrap)?;
        let known = self.shared.read()?.guarded(packs)?;
        match known.iter().find(|(number, _)| !there.contains(number)) {
            Some((number, _)) => Err(pack::gone(disk.as_ref(), *number)),
            None => Ok(()),
        }
    }

    /// Replaces a database that contradicts itself.
    pub(super) fn make_anew(&mut self, why: &StoreError) -> Result<(), StoreError> {
        self.retired.clear();
        drop(self.shared.set_handle(None));
        let restored = restore::restore(&self.shared, why, self.now());
        // with or without a copy, what can be read goes on being read
        let opened = self.open_checked(false).and_then(|_| self.recover());
        self.copy.outdate();
        self.shared.restored.send_replace(Some(restored?));
        opened?;
        self.mind_copy();
        Ok(())
    }

    /// Writes the copy anew, so that nothing that was deleted is left in it.
    pub(super) fn scrub_copy(&mut self) -> Result<(), StoreError> {
        self.copy.outdate();
        self.rewrite_copy()
    }
}
