//! The binary with bad input and no daemon: one clear error, the right exit code, nothing written.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A home of its own without a daemon.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chapar-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_chapar"))
            .args(words)
            .env_clear()
            .env("HOME", &self.0)
            .env("XDG_RUNTIME_DIR", self.0.join("run"))
            .env("CHAPAR_NO_SPAWN", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn exit_codes_and_the_thing_named() {
    let home = Home::new("exits");
    let full = ["--imap", "h", "--smtp", "h", "--password-stdin"];
    let connect = |address: &'static str| [&["connect", address], &full[..]].concat();
    for (words, exit, named) in [
        (vec!["statsu"], 2, "did you mean status?"),
        (vec!["ana@x.example"], 2, "chapar connect ana@x.example"),
        (vec!["connect"], 2, "ADDRESS"),
        (vec!["connect", "ana@x.example"], 69, "chapard is not running"),
        (vec!["connect", "ana@x.example", "--imap", "h"], 2, "--smtp"),
        (connect("ana"), 65, "not a mail address"),
        (connect("a@b@c"), 65, "not a mail address"),
        (vec!["connect", "ana@x.example", "--imap", "h:99999", "--smtp", "h"], 65, "65535"),
        (vec!["connect", "ana@x.example", "--ca-file", "/nonexistent"], 66, "/nonexistent"),
        (connect("ana@x.example"), 69, "chapard is not running"),
        (vec!["send", "--to", "bo@@x", "-m", "x"], 65, "bo@@x"),
        (vec!["send", "--to", "bo@x\r\nBcc: c@y", "-m", "x"], 65, "a line end"),
        (vec!["send", "--to", "b@x", "-s", "a\nb", "-m", "x"], 65, "subject"),
        (vec!["send", "--to", "b@x", "-m", "x", "--attach", "/nonexistent"], 66, "/nonexistent"),
        (vec!["send", "--to", "b@x", "-m", "x", "--at", "tomorrow"], 65, "tomorrow"),
        (vec!["send", "--to", "b@x"], 2, "the text is missing"),
        (vec!["send", "--to", "b@x", "--text", "-"], 65, "the text is empty"),
        (vec!["status"], 69, "chapard is not running"),
        (vec!["status", "--check"], 69, "chapard is not running"),
        (vec!["call", "status", "[]"], 65, "JSON object"),
        (vec!["help", "tls.nonsense"], 2, "tls.expired"),
    ] {
        let output = home.run(&words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {said}");
        assert!(said.contains(named), "{words:?}: {said}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
    assert!(!home.0.join(".local").exists() && !home.0.join(".config").exists());
}

#[test]
fn errors_in_json_are_one_object_on_stdout() {
    let home = Home::new("json");
    for (words, exit, code) in [
        (vec!["--json", "statsu"], 2, "cli.usage"),
        (vec!["status", "--json"], 69, "socket.absent"),
        (vec!["connect", "ana", "--json"], 65, "input.address"),
    ] {
        let output = home.run(&words);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(exit), "{words:?}");
        assert_eq!(value["schema"], "chapar/error/1");
        assert_eq!(value["error"]["data"]["code"], code);
        assert!(output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn a_socket_path_too_long_is_named() {
    let home = Home::new("long");
    let long = format!("/{}", "x".repeat(200));
    let output = home.run(&["status", "--socket", &long]);
    assert_eq!(output.status.code(), Some(78));
}
