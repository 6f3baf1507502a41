//! Time: suspend-aware and wall.

use super::BoxFuture;
use chapar_engine::time::{Boot, Wall};

/// The door to time.
pub trait Clock: Send + Sync {
    /// Suspend-aware time since boot (`CLOCK_BOOTTIME`).
    fn boot(&self) -> Boot;
    /// Wall-clock time.
    fn wall(&self) -> Wall;
    /// Sleeps until `deadline`, waking in slices so that time spent suspended counts.
    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()>;
}
