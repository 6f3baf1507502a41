//! `cargo run --profile dist --bin bench`: chapar beside mbsync, on the same Dovecot, in one run.
//!
//! Prints a page in Markdown; `BENCHMARKS.md` is one. What is counted (round trips, bytes, CPU
//! seconds, memory) can be compared between machines; wall time only as the ratio printed, because
//! both took turns on the same machine. Needs root, like the rig, and the packages of `tests/run`.
//! With `--quick` only the small mailbox.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people; it reports by panicking"
)]

use std::process::Command;

use chapar_tests::bench;

fn main() {
    build();
    let quick = std::env::args().any(|argument| argument == "--quick");
    print!("{}", bench::run(quick));
}

/// Builds `chapard` and `chapar` beside this program, with the cargo that runs it.
fn build() {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return;
    };
    let mut command = Command::new(cargo);
    // the whole workspace, so that the crates compiled for this program serve here too
    command.args(["build", "--quiet", "--workspace", "--bin", "chapard", "--bin", "chapar"]);
    if !cfg!(debug_assertions) {
        command.args(["--profile", "dist"]);
    }
    let built = command.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(built.success(), "chapard and chapar could not be built");
}
