//! The store's promises, on simulated and on real files.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "tests fail by panicking; tables are one line a variant"
)]

mod basics;
mod crash;
mod damage;
mod disk;
mod files;
mod golden;
mod make;

use super::*;
