//! `cargo run --release --bin bench`: chapar beside mbsync, on the same Dovecot, in one run.
//!
//! Prints a table and writes it to `bench-results.md` in the working directory. What is counted
//! (turns, bytes, CPU seconds, memory) can be compared between machines; wall time only as the ratio
//! printed, because both took turns on the same machine. Needs root, like the rig, and the packages
//! of `tests/run`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people; it reports by panicking"
)]

use chapar_tests::bench;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let report = bench::run(quick);
    print!("{report}");
    std::fs::write("bench-results.md", report).unwrap();
}
