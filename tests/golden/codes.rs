//! Every error code that the product uses is explained by `chapar help CODE`.

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
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        word.split_once('.').is_some_and(|(area, reason)| part(area) && part(reason))
    })
}

#[test]
fn every_code_has_a_page() {
    let mut files = Vec::new();
    for folder in ["daemon/src", "daemon/engine/src", "ipc-protocol/src", "cli-client/src"] {
        rust_files(&root().join(folder), &mut files);
    }
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let mut areas = BTreeSet::new();
    for path in files.iter().filter(|path| path.to_str().unwrap().contains("cli-client/src/pages"))
    {
        let text = read(path);
        let codes = literals(product(&text)).map(|code| code.split('.').next().unwrap().to_owned());
        areas.extend(codes);
    }
    assert!(areas.contains("tls") && areas.contains("submission"), "{areas:?}");
    let mut used = BTreeSet::new();
    for path in &files {
        let name = path.to_str().unwrap();
        // names of events are no codes; names of commands and settings neither
        let names_events = name.ends_with("event.rs") || name.contains("/watch.rs");
        if names_events || name.contains("/tests") {
            continue;
        }
        let text = read(path);
        if name.contains("cli-client") {
            // there the names of commands look the same: only what becomes a fault counts
            let dense: String = product(&text).split_whitespace().collect();
            let codes =
                dense.split("Fault::new(\"").skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(codes.map(str::to_owned));
            continue;
        }
        let codes = literals(product(&text));
        let codes = codes.filter(|code| areas.contains(code.split('.').next().unwrap()));
        used.extend(codes.map(str::to_owned));
    }
    assert!(used.len() > 50, "the scan finds them: {used:?}");
    // file names and host names of the areas, none of them codes
    let events = fs::read_to_string(root().join("ipc-protocol/src/event.rs")).unwrap();
    used.retain(|code| !events.contains(&format!("\"{code}\"")));
    let stage = Stage::new();
    let missing: Vec<&String> = used
        .iter()
        .filter(|code| {
            let ran = stage.run(&["help", code], "");
            ran.code != Some(0) || !ran.text().contains(code.as_str())
        })
        .collect();
    assert!(missing.is_empty(), "no `chapar help` for {missing:?}");
}
