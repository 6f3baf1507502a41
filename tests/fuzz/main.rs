//! Random input on the stable toolchain: every place that reads what others wrote.
//!
//! The same cases each time unless `CHAPAR_FUZZ_SEED` or `CHAPAR_FUZZ_CASES` say otherwise; a broken
//! case is named so that it can be played again. See [`driver`].

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::format_push_string,
    clippy::print_stdout,
    reason = "tests report by panicking and print their figures"
)]

mod compose;
mod corpora;
mod discover;
mod driver;
// the client has no library; its one sink for text is small enough to be read here as a file
#[path = "../../cli-client/src/hygiene.rs"]
mod hygiene;
mod imap;
mod ipc;
mod mail;
mod mutate;
mod peer;
mod samples;
mod smtp;
mod terminal;
