//! The tour: the real daemon and the real command line against the embedded mail provider, in a
//! private temporary home. Prints each command and its real output; exits 0 only if every step held.
//!
//! Needs the programs of the product beside it, nothing else: no root, network, keyring or D-Bus.
//! The program `demo` builds them and starts this one.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "the tour is what it prints; an absent member of a JSON answer reads as null"
)]

mod signin;
mod stage;
mod tour;

use stage::Stage;
use std::process::ExitCode;

fn main() -> ExitCode {
    let stay = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--stay") => true,
        Some(other) => {
            println!("tour: unknown argument {other}\nusage: tour [--stay]");
            return ExitCode::from(2);
        }
    };
    match run(stay) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("\n✗ {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(stay: bool) -> Result<(), String> {
    let stage = Stage::set()?;
    let held = tour::play(&stage);
    if held.is_ok() && stay {
        stage.stay();
    }
    stage.strike();
    held
}
