//! What people see: the real `chapar` and `chapard` against the sandbox, word for word.
//!
//! Transcripts are checked in below `transcripts/`; `CHAPAR_BLESS=1` writes them anew. Times, ids,
//! ports and places that differ from run to run are masked, nothing else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod account;
mod bad_input;
mod canary;
mod codes;
mod connect;
mod disk;
mod hygiene;
mod mail;
mod mask;
mod outbox;
mod readme;
mod stage;
mod status;
mod terminal;
mod transcript;
