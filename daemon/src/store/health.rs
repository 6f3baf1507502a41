//! What is wrong with the files of the store at present: who met a failure notes it here, whoever
//! heals the store says when it is over.
//!
//! Must never open a file; only the writer does.

use super::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// The present failure of the files.
#[derive(Debug)]
pub(super) struct Trouble {
    present: watch::Sender<Option<StoreError>>,
    /// The database must be opened again before it is used again.
    sick: AtomicBool,
    /// The store was closed for good: what fails from then on is no trouble of the files.
    closed: AtomicBool,
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            present: watch::Sender::new(None),
            sick: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }
}

impl Trouble {
    /// Notes a failure of the files; what only one request met is no trouble. The first failure
    /// stays: later ones are often only its echo.
    pub(super) fn note(&self, error: &StoreError) {
        // a damaged record is as damaged when the file is opened again
        let is_sick = error.is_of_file() && !self.is_closed();
        self.sick.fetch_or(is_sick, Ordering::AcqRel);
        self.note_of_pack(error);
    }

    /// As [`Trouble::note`], of a pack: the database is as well as before.
    pub(super) fn note_of_pack(&self, error: &StoreError) {
        let is_of_files = error.is_of_file() || matches!(error, StoreError::Damaged { .. });
        if !is_of_files || self.is_closed() {
            return;
        }
        self.present.send_if_modified(|present| {
            let is_first = present.is_none();
            if is_first {
                tracing::error!(%error, "the store has a failure; it is opened again soon");
                *present = Some(error.clone());
            }
            is_first
        });
    }

    /// The files were opened again: reads and writes go through.
    pub(super) fn reopened(&self) {
        self.sick.store(false, Ordering::Release);
    }

    /// Whether the database must be opened again.
    pub(super) fn is_sick(&self) -> bool {
        self.sick.load(Ordering::Acquire)
    }

    /// The store is closed for good.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the store was closed for good.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The failure has passed.
    pub(super) fn over(&self) {
        self.present.send_if_modified(|present| present.take().is_some());
    }

    /// The present failure, and word of each change.
    pub(super) fn watch(&self) -> watch::Receiver<Option<StoreError>> {
        self.present.subscribe()
    }
}
