//! The last stage of `tests/run`: looks for every canary in all that the run has left behind, and
//! ends well only where a planted one is found and no other.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people and tests")]

use chapar_tests::remains::{self, DIRECTORY, cores, scan};
use chapar_tests::sim::player;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(dir) = remains::directory() else {
        eprintln!("canary: {DIRECTORY} names no directory; tests/run sets it");
        return ExitCode::from(2);
    };
    // simulated worlds lie in memory and are searched there; what they print is searched here
    remains::secret(player::PASSWORD);
    let report = match scan::remains(&dir) {
        Ok(report) => report,
        Err(reason) => {
            eprintln!("canary: {reason}; name stages before it: tests/run golden canary");
            return ExitCode::from(2);
        }
    };
    println!("core pattern: {}", cores::pattern());
    for (what, paths) in [
        ("a secret lies in", &report.hits),
        ("not to be read:", &report.unread),
        ("the memory of a dead process:", &report.cores),
    ] {
        for path in paths {
            println!("{what} {}", path.display());
        }
    }
    if report.is_blind {
        println!("the scan is blind: it did not find what was planted");
    }
    println!(
        "canary: {} files, {} MB, {} processes, {} secrets in {} forms, {} hits",
        report.files,
        report.bytes >> 20,
        report.processes,
        report.secrets,
        report.forms,
        report.hits.len()
    );
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
