//! What one session holds in memory of what its server said: the one place where it is counted.
//!
//! Whoever keeps something draws on the [`Budget`] through a [`Hold`]: the framer for the response
//! that it cuts out, the readers for what they gather, the account's worker for what it has not
//! stored yet. A hold gives back what it drew when it is dropped. The guard looks at the sum before
//! it reads on, so that nothing has to be refused in the middle of being read: what is held beyond
//! the limit is at most one response. Must never wait: a budget that is spent ends the session.

use super::frame::Violation;
use crate::imap::limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that one session holds, and how many it may.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Count>);

#[derive(Debug)]
struct Count {
    held: AtomicUsize,
    limit: AtomicUsize,
}

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Count {
            held: AtomicUsize::new(0),
            limit: AtomicUsize::new(limits::HELD_BYTES),
        }))
    }
}

impl Budget {
    /// A hold on this budget that holds nothing yet.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold { budget: Some(self.clone()), bytes: 0 }
    }

    /// Bytes held by all holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// Lets `bytes` be held beyond [`limits::HELD_BYTES`]: for a message that a person asked for
    /// although it is larger than what is mirrored by itself. Zero takes it back.
    pub fn lend(&self, bytes: usize) {
        self.0.limit.store(limits::HELD_BYTES.saturating_add(bytes), Ordering::Relaxed);
    }

    /// An error once more is held than may be.
    pub fn check(&self) -> Result<(), Violation> {
        let limit = self.0.limit.load(Ordering::Relaxed);
        if self.held() > limit { Err(Violation::Held(limit)) } else { Ok(()) }
    }
}

/// Bytes drawn on a budget; given back when it is dropped. The default draws on none.
#[derive(Debug, Default)]
pub struct Hold {
    budget: Option<Budget>,
    bytes: usize,
}

impl Hold {
    /// Holds `bytes` more.
    pub fn grow(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_add(bytes));
    }

    /// Holds `bytes` less.
    pub fn shrink(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_sub(bytes));
    }

    /// Holds `bytes` in all.
    pub fn set(&mut self, bytes: usize) {
        if let Some(budget) = &self.budget {
            let held = &budget.0.held;
            if bytes > self.bytes {
                held.fetch_add(bytes - self.bytes, Ordering::Relaxed);
            } else {
                held.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
            }
        }
        self.bytes = bytes;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// A copy holds as much again.
impl Clone for Hold {
    fn clone(&self) -> Self {
        let mut copy = Self { budget: self.budget.clone(), bytes: 0 };
        copy.set(self.bytes);
        copy
    }
}

/// Two responses are equal when they say the same, whoever pays for them.
impl PartialEq for Hold {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Hold {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_comes_back() {
        let budget = Budget::default();
        let mut one = budget.hold();
        one.grow(limits::HELD_BYTES);
        assert_eq!(budget.check(), Ok(()));
        let mut two = budget.hold();
        two.set(3);
        two.set(1);
        assert_eq!(budget.check(), Err(Violation::Held(limits::HELD_BYTES)));
        budget.lend(1);
        assert_eq!(budget.check(), Ok(()));
        let copy = two.clone();
        assert_eq!(budget.held(), limits::HELD_BYTES + 2);
        drop((one, copy));
        assert_eq!(budget.held(), 1);
        drop(two);
        assert_eq!(budget.held(), 0);
        let mut nobodys = Hold::default();
        nobodys.grow(usize::MAX);
        nobodys.grow(usize::MAX);
    }
}
