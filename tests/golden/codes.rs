//! The registry of conditions against the sources: every code that product code names has a row, every
//! row is named somewhere, and each is explained by `chapar help CODE`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::stage::Stage;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The part of a file that is not tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

/// String literals that look like `area.reason`.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|word| {
        let part = |part: &str| {
            let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            part.starts_with(|c: char| c.is_ascii_lowercase()) && part.chars().all(letter)
        };
        word.split_once('.').is_some_and(|(area, reason)| part(area) && part(reason))
    })
}

/// Codes that product code names: whatever looks like one and is of an area of the registry, but
/// for events, which are spelt alike.
fn named() -> BTreeSet<String> {
    let areas: BTreeSet<&str> =
        chapar_conditions::all().filter_map(|row| row.code.split('.').next()).collect();
    let mut files = Vec::new();
    for folder in ["daemon/src", "daemon/engine/src", "cli-client/src"] {
        rust_files(&root().join(folder), &mut files);
    }
    let mut found = BTreeSet::new();
    for path in files {
        let name = path.to_str().unwrap();
        let names_events = name.ends_with("event.rs") || name.contains("/watch.rs");
        if names_events || name.contains("/tests") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let codes = literals(product(&text));
        let codes = codes.filter(|code| areas.contains(code.split('.').next().unwrap()));
        found.extend(codes.map(str::to_owned));
    }
    found
}

/// What is spelt like a code and is none: settings, files, the schemas of the command line's JSON.
fn is_no_code(word: &str) -> bool {
    let (area, rest) = word.split_once('.').unwrap();
    let commands = ["account", "config", "mail", "service"];
    // `account.show` is the answer of `chapar account show`
    let is_schema = commands.contains(&area) && !rest.contains('_') && {
        let help =
            fs::read_to_string(root().join(format!("cli-client/golden/help/chapar-{area}.txt")));
        help.is_ok_and(|help| help.lines().any(|line| line.trim_start().starts_with(rest)))
    };
    let is_file = ["toml", "redb", "sealed", "key", "lock", "eml"].contains(&rest);
    // fields of a request that are named in a refusal
    let is_field = ["oauth.provider", "oauth.scopes"].contains(&word);
    let is_host = rest == "ru" || word == "mail.imap";
    is_schema || is_file || is_field || is_host
}

#[test]
fn every_code_has_a_row_and_every_row_is_used() {
    let events = fs::read_to_string(root().join("ipc-protocol/src/event.rs")).unwrap();
    let named = named();
    let is_event = |word: &String| events.contains(&format!("\"{word}\""));
    let missing: Vec<&String> = named
        .iter()
        .filter(|word| chapar_conditions::find(word).is_none())
        .filter(|word| !is_event(word) && !is_no_code(word))
        .collect();
    assert!(missing.is_empty(), "codes without a row in ipc-protocol/conditions: {missing:?}");
    let unused: Vec<&str> = chapar_conditions::all()
        .map(|row| row.code)
        .filter(|code| !named.contains(*code))
        .collect();
    assert!(unused.is_empty(), "rows that nothing can be in: {unused:?}");
}

/// Every check of the doctor.
const CHECKS: [&str; 21] = [
    "daemon",
    "version",
    "socket",
    "service",
    "disk",
    "clock",
    "keyring",
    "notifications",
    "outbox",
    "state",
    "dns",
    "tcp",
    "tls",
    "greeting",
    "signIn",
    "auth",
    "select",
    "idle",
    "mirror",
    "smtp",
    "smtpAuth",
];

#[test]
fn every_row_has_its_page() {
    let stage = Stage::new();
    let ran = stage.run(&["help", "codes", "--json"], "");
    let listed: serde_json::Value = serde_json::from_str(&ran.text()).unwrap();
    let listed = listed["codes"].as_array().unwrap();
    assert_eq!(listed.len(), chapar_conditions::all().count());
    for (row, page) in chapar_conditions::all().zip(listed) {
        assert_eq!(page["code"], row.code);
        assert_eq!(page["who"], row.who.word());
        assert_eq!(page["exit"], row.exit);
        // where the doctor finds it, or why it does not look
        let looked = &page["doctor"];
        let check = looked["check"].as_str();
        assert!(check.is_some() || looked["why"].as_str().is_some(), "{}: {looked}", row.code);
        assert!(check.is_none_or(|check| CHECKS.contains(&check)), "{}: {looked}", row.code);
    }
    // each page in full, from the words of the row
    for row in chapar_conditions::all() {
        let (page, exit) = stage.json(&["help", row.code], "");
        assert_eq!((exit, &page["title"]), (0, &row.title.into()), "{}", row.code);
        assert!(!page["what"].as_array().unwrap().is_empty() && page["why"] == row.cause);
    }
    // as a person reads them: one of each area
    let mut seen = BTreeSet::new();
    for row in chapar_conditions::all() {
        if seen.insert(row.code.split('.').next()) {
            let ran = stage.run(&["help", row.code], "");
            assert_eq!(ran.code, Some(0), "{}", row.code);
            let text = ran.text();
            assert!(text.contains(row.title) && text.contains("What to do:"), "{text}");
        }
    }
}
