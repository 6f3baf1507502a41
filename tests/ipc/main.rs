//! The socket, proved from outside: the real `chapard` as a process, raw sockets without a client
//! library, the checked-in `openrpc.json` as the judge of every message.
//!
//! Every test has a private home; accounts live on the sandbox provider. What one test may not
//! disturb in another (figures of memory and time) is measured under [`quiet`].
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests report by panicking"
)]

mod calls;
mod chaos;
mod fair;
mod fit;
mod hostile;
mod interop;
mod large;
mod load;
mod loiter;
mod manners;
mod place;
mod raw;
mod schema;
mod start;
mod transcript;
mod world;

use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

static MACHINE: RwLock<()> = RwLock::new(());

/// The machine together with the other tests.
fn shared() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The machine alone: for figures.
fn quiet() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}
