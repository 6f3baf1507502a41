//! The demo, where it explains itself: its help, a wrong argument, and a copy without its programs.
//!
//! The tour itself is played by people and by the release checks; here it would build everything.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run};

const USUAL: Duration = Duration::from_mins(1);

/// Runs `demo` as a person does who has no cargo around it.
fn demo(program: &Path, arguments: &[&str]) -> Ran {
    run(Command::new(program).env_clear().args(arguments), b"", USUAL)
}

#[test]
fn help_tells_what_comes() {
    for flag in ["--help", "-h"] {
        let ran = demo(&binary("demo"), &[flag]);
        assert_eq!(ran.code, Some(0));
        for told in ["usage: cargo run --release --bin demo", "--stay", "five minutes"] {
            assert!(ran.text().contains(told), "{flag}: {told}: {}", ran.text());
        }
    }
}

#[test]
fn a_wrong_argument_is_named() {
    let ran = demo(&binary("demo"), &["--fast"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("\"--fast\" is no argument of the demo"), "{}", ran.stderr);
    assert!(ran.stderr.contains("usage:"), "{}", ran.stderr);
}

#[test]
fn a_copied_demo_says_what_it_needs() {
    let folder = std::env::temp_dir().join(format!("chapar-demo-copied-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let copy = folder.join("demo");
    fs::copy(binary("demo"), &copy).unwrap();
    let ran = demo(&copy, &[]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(ran.code, Some(1));
    for told in ["tour", "chapard", "chapar", "person", "target/release"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
}
