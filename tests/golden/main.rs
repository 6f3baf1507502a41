//! What people see: the real `chapar` and `chapard` against the sandbox, word for word.
//!
//! Transcripts are checked in below `transcripts/`; `CHAPAR_BLESS=1` writes them anew. Times, ids,
//! ports and places that differ from run to run are masked, nothing else.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::similar_names,
    clippy::format_collect,
    clippy::print_stderr,
    reason = "a test fails by panicking, says what it skips, and is read more than it is run"
)]

mod account;
mod attachments;
mod asked;
mod bad_input;
mod canary;
mod chronicle;
mod codes;
mod completions;
mod configuration;
mod connect;
mod damaged;
mod data;
mod demo;
mod disk;
mod doctor;
mod hygiene;
mod lists;
mod mail;
mod mask;
mod mockups;
mod outbox;
mod page;
mod readme;
mod replaced;
mod stage;
mod status;
mod terminal;
mod transcript;
mod watch;
