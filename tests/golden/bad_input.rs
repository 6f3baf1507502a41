//! What people get wrong: one clear error that names the thing, the reason and a remedy; the right
//! exit code; nothing half-saved; the daemon up.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run};
use chapar_tests::sandbox::provider::Personality;

use super::stage::{ANA, PASSWORD, Stage};

/// Demands one clear error: code, thing named, three parts, no flood.
#[track_caller]
fn refused(ran: &Ran, code: i32, named: &str) {
    let said = &ran.stderr;
    assert_eq!(ran.code, Some(code), "{said}{}", ran.text());
    assert!(said.contains(named), "{named} is not named: {said}");
    assert!(said.starts_with('✗') && said.contains(&format!("  exit {code} · ")), "{said}");
    assert_eq!(said.matches('✗').count(), 1, "one error: {said}");
    assert!(said.lines().count() <= 12, "a flood: {said}");
    assert!(!said.contains("panicked") && !said.contains("{ "), "insides: {said}");
}

fn shell(stage: &Stage, script: &str) -> Ran {
    let mut command = stage.program(Path::new("/bin/sh"));
    run(command.args(["-c", script]), b"", Duration::from_mins(1))
}

#[test]
fn what_cannot_be_sent() {
    let stage = Stage::with(Personality { size: 1 << 20, ..Personality::default() });
    stage.connect();
    let pid = stage.pid();
    let send = |more: &[&str]| stage.run(&[&["send", "-m", "x"], more].concat(), "");
    for address in [
        "bo",
        "@example.test",
        "bo@",
        "bo@@x",
        "bo@x..y",
        "a b@x",
        "<bo@x",
        "bo@x>",
        "bo@x, ,",
        "bo@-",
        "\"bo@x",
        "bo@x\r\nBcc: eve@x",
        "bo@x\nDATA",
        "Bo\r\n <bo@x>",
        "\u{1b}[2J@x",
    ] {
        for field in ["--to", "--cc", "--bcc"] {
            let more = if field == "--to" { vec![] } else { vec!["--to", "bo@example.test"] };
            let ran = send(&[&more[..], &[field, address]].concat());
            assert_eq!(ran.code, Some(65), "{field} {address:?}: {}", ran.stderr);
            assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\r'), "{}", ran.stderr);
            assert!(ran.stderr.contains("exit 65"), "{}", ran.stderr);
        }
    }
    let to = ["--to", "bo@example.test"];
    refused(&send(&[&to[..], &["--subject", "a\r\nBcc: eve@x"]].concat()), 65, "subject");
    refused(
        &send(&[&to[..], &["--attach", "/nonexistent/offer.pdf"]].concat()),
        66,
        "/nonexistent/offer.pdf",
    );
    refused(&send(&[&to[..], &["--attach", "/"]].concat()), 66, "/ is not a file");
    refused(&send(&[&to[..], &["--at", "yesterday"]].concat()), 65, "yesterday");
    refused(&send(&[&to[..], &["--reply-to", "M77"]].concat()), 66, "M77");
    refused(&send(&[]), 2, "--to");
    let odd = stage.file("two\nlines.txt", "x");
    let ran = send(&[&to[..], &["--attach", &odd, "--wait"]].concat());
    assert!(ran.code == Some(0) || ran.code == Some(65), "{}", ran.stderr);
    let nul = stage.run(&["send", "--to", "bo@example.test", "--text", "-"], "a\0b");
    refused(&nul, 65, "NUL");
    let binary = stage.file("binary", "");
    fs::write(&binary, [0xff, 0xfe, 0x41]).unwrap();
    refused(&stage.run(&["send", "--to", "bo@example.test", "--text", &binary], ""), 65, "UTF-8");
    for (field, value) in
        [("subject", "a\\u0000b"), ("subject", "a\\nb"), ("inReplyTo", "<a>\\r\\nX: y")]
    {
        let params = format!(
            "{{\"accountId\":\"a1\",\"to\":[{{\"email\":\"bo@example.test\"}}],\"text\":\"x\",\"{field}\":\"{value}\"}}"
        );
        let ran = stage.run(&["call", "Email/send", &params], "");
        assert!(
            [65, 66].contains(&ran.code.unwrap()),
            "{field}={value}: {:?} {}",
            ran.code,
            ran.stderr
        );
    }
    // sparse: 100 MB to read, nothing on the disk; this server takes one, and its word is final
    let huge = stage.dir().join("huge.bin");
    fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
    let ran = send(&[&to[..], &["--attach", huge.to_str().unwrap(), "--wait"]].concat());
    assert_eq!(ran.code, Some(65), "{}{}", ran.text(), ran.stderr);
    assert!(
        ran.text().contains("\u{2717} refused") && ran.text().contains("1048576"),
        "{}",
        ran.text()
    );
    // more than chapar itself takes
    fs::File::options().write(true).open(&huge).unwrap().set_len(200 << 20).unwrap();
    refused(&send(&[&to[..], &["--attach", huge.to_str().unwrap()]].concat()), 65, "huge.bin");
    let (list, _) = stage.json(&["outbox", "list", "--open"], "");
    assert_eq!(list["total"], 0, "nothing half-sent: {list}");
    assert_eq!(stage.pid(), pid, "the daemon is up");
    let sent = stage.provider.ledger.deliveries();
    assert!(sent.len() <= 1, "only the odd name may have gone out: {}", sent.len());
}

#[test]
fn what_cannot_be_connected() {
    let stage = Stage::new();
    let good = stage.connect_words();
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    let with = |more: &[&str]| stage.run(&[&good[..], more].concat(), PASSWORD);
    for (field, value) in
        [("--name", "a\nb"), ("--user", "ana\r\nX"), ("--display-name", "A\r\nBcc: x")]
    {
        let ran = with(&[field, value]);
        assert_eq!(ran.code, Some(65), "{field}: {}", ran.stderr);
    }
    for (words, code, named) in [
        (vec!["connect", "ana"], 65, "\"ana\" is not a mail address"),
        (vec!["connect", ANA, "--imap", "host:0", "--smtp", "h"], 65, "host:0"),
        (vec!["connect", ANA, "--imap", "host:x", "--smtp", "h"], 65, "host:x"),
        (vec!["connect", ANA, "--imap", "", "--smtp", "h"], 65, ""),
        (vec!["connect", ANA, "--imap", "http://h", "--smtp", "h"], 65, "http://h"),
        (vec!["connect", ANA, "--ca-file", "/nonexistent"], 66, "/nonexistent"),
        (vec!["connect", ANA, "--ca-file", "/etc/passwd"], 65, "no certificate in PEM"),
    ] {
        refused(&stage.run(&words, ""), code, named);
    }
    for (input, named) in [("", "empty"), ("a\0b", "NUL"), ("a\nb", "line end")] {
        refused(&stage.run(&good, input), 65, named);
    }
    let (status, _) = stage.json(&["status"], "");
    assert_eq!(status["accounts"], serde_json::json!([]), "nothing half-saved");
    assert!(stage.provider.ledger.credentials().is_empty());
}

#[test]
fn streams_that_are_closed_or_full() {
    let stage = Stage::new();
    stage.connect();
    let words = stage.connect_words().join(" ");
    for (script, code) in [
        (format!("chapar {words} <&-"), 65),
        ("chapar send --to bo@example.test --text - <&-".to_owned(), 65),
        ("chapar status > /dev/full".to_owned(), 73),
        ("chapar --json status > /dev/full".to_owned(), 73),
        ("chapar account remove ana <&-".to_owned(), 2),
    ] {
        let ran = shell(&stage, &script);
        assert_eq!(ran.code, Some(code), "{script}: {}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
    let piped = shell(&stage, "chapar account list | head -0; chapar help | head -1; echo done");
    assert!(piped.text().ends_with("done\n") && piped.stderr.is_empty(), "{}", piped.stderr);
    assert_eq!(stage.json(&["status"], "").0["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_house_that_is_not_in_order() {
    let second = Stage::new();
    second.run(&["status"], "");
    let pid = second.pid();
    let ran = run(&mut second.program(&binary("chapard")), b"", Duration::from_secs(30));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("already") || ran.stderr.contains("runs"), "{}", ran.stderr);
    assert_eq!(second.pid(), pid);
    let foreign = Stage::new();
    let home = foreign.dir().join("state/chapar");
    fs::DirBuilder::new().mode(0o700).create(&home).unwrap();
    let database = home.join("meta.redb");
    fs::write(&database, "a diary, not a database\n".repeat(500)).unwrap();
    refused(&foreign.run(&["status"], ""), 69, "meta.redb");
    assert!(fs::read_to_string(&database).unwrap().starts_with("a diary"), "left as it was");
    let blocked = Stage::new().variable("XDG_STATE_HOME", "/dev/null");
    refused(&blocked.run(&["status"], ""), 69, "/dev/null");
    let long = format!("/tmp/{}", "x".repeat(120));
    let deep = Stage::new().variable("XDG_RUNTIME_DIR", &long);
    refused(&deep.run(&["status"], ""), 78, "the socket path");
}
