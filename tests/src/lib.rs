//! chapar's proofs: sandbox, harness, suites, benchmark and demo.

pub mod bench;
pub mod rig;
