//! `cargo run --release --bin demo`: builds everything that the tour needs, then plays the tour.
//!
//! This program depends on nothing, so that cargo starts it within a second and the one long build
//! happens here: announced, and with cargo's own progress on the screen. The tour itself is the
//! program `tour` of the package `chapar-tests`. A demo without cargo plays the programs beside it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What the tour consists of: itself, the product, and the person at the browser.
const PROGRAMS: [&str; 4] = ["tour", "chapard", "chapar", "person"];

const HELP: &str = "\
Plays a tour of chapar, offline: the real daemon and the real command line against a mail provider
in a sandbox on this machine. It takes no account, no network, no root and no keyring.

usage: cargo run --release --bin demo [-- --stay]

  --stay   keep everything running after the tour, to look around
  --help   show this text

The first run builds chapar. With two processor cores the build takes about five minutes.
Everything that the tour writes lies in one temporary folder, which the tour removes at its end.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] | ["--stay"] => {}
        ["--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => {
            eprintln!("demo: {:?} is no argument of the demo\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    }
    match programs().and_then(|folder| play(&folder, &arguments)) {
        Ok(code) => code,
        Err(reason) => {
            eprintln!("demo: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The folder with all [`PROGRAMS`], built anew where cargo runs the demo.
fn programs() -> Result<PathBuf, String> {
    let here = std::env::current_exe()
        .map_err(|error| format!("the folder of this program cannot be found: {error}"))?;
    let folder = here.parent().ok_or("this program lies in no folder")?.to_owned();
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(Path::new(&cargo), &folder)?;
    }
    match PROGRAMS.iter().find(|name| !folder.join(name).exists()) {
        None => Ok(folder),
        Some(missing) => Err(format!(
            "the program {missing:?} is not in {}. The demo needs {} beside it. \
             Run `cargo run --release --bin demo` in a checkout of chapar, or copy these programs \
             from its target/release as well.",
            folder.display(),
            PROGRAMS.join(", "),
        )),
    }
}

/// Builds [`PROGRAMS`] into the folder of this program, in the same profile.
fn build(cargo: &Path, folder: &Path) -> Result<(), String> {
    if PROGRAMS.iter().any(|name| !folder.join(name).exists()) {
        println!(
            "demo: building chapar, its sandbox and the tour. The first build takes about five \
             minutes on two cores.\n"
        );
    }
    let mut command = Command::new(cargo);
    // The whole workspace is named, so that other builds of the workspace share the crates.
    command
        .args(["build", "--workspace", "--locked"])
        .args(PROGRAMS.map(|name| format!("--bin={name}")));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    if let Some(profile) = profile(folder) {
        command.args(["--profile", profile]);
    }
    let built = command.status().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if built.success() { Ok(()) } else { Err("cargo could not build the tour; see above".into()) }
}

/// The profile that cargo puts into `folder`.
fn profile(folder: &Path) -> Option<&str> {
    let name = folder.file_name()?.to_str()?;
    Some(if name == "debug" { "dev" } else { name })
}

/// Runs the tour; its exit code is the demo's.
fn play(folder: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let tour = folder.join("tour");
    let ended = Command::new(&tour)
        .args(arguments)
        .status()
        .map_err(|error| format!("{} cannot be run: {error}", tour.display()))?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
