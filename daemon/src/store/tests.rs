//! The store's promises, on simulated and on real files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking; tables are one line a variant"
)]

mod basics;
mod crash;
mod damage;
mod disk;
mod files;
mod golden;
mod heal;
mod journal;
mod make;
mod salvage;
mod submissions;
mod threads;

use super::*;
