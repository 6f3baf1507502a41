//! The proofs of chapar: sandbox, harness, simulated world, suites.
//!
//! Nothing here is part of the product, and the product never depends on it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::assigning_clones,
    clippy::unnecessary_wraps,
    reason = "a test that panics has found something; the product denies these"
)]

pub mod bench;
pub mod remains;
pub mod rig;
pub mod sandbox;
pub mod sim;
