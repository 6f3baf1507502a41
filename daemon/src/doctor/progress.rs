//! How far a look is, for whoever waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared between the look and who shows it; a picture, never a fact.
#[derive(Clone, Default)]
pub struct Progress {
    /// A lock, not a task: two numbers and a line, never held over an await.
    now: Arc<Mutex<Now>>,
}

/// How far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Checks made.
    pub done: u64,
    /// Checks to make.
    pub total: u64,
    /// The last one, in words.
    pub message: Option<String>,
}

impl Progress {
    /// The picture.
    #[must_use]
    pub fn now(&self) -> Now {
        self.lock().clone()
    }

    pub(super) fn expect(&self, checks: usize) {
        self.lock().total += checks as u64;
    }

    pub(super) fn done(&self, checks: usize, message: String) {
        let mut now = self.lock();
        now.done = (now.done + checks as u64).min(now.total);
        now.message = Some(message);
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
