//! The rules of the tree that no compiler checks.
#![expect(clippy::unwrap_used, reason = "tests report by panicking")]
