//! How files look: they open with what they own, stay readable, and have a name that says something.

use crate::{PRODUCT, code, none, sources};

/// Longer files hide things.
const LINES: usize = 550;
/// A test may tell a longer story.
const TEST_LINES: usize = 600;
/// Tests that lie beside their package.
const BESIDE: [&str; 4] =
    ["daemon/tests", "daemon/engine/tests", "cli-client/tests", "ipc-protocol/tests"];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] =
    ["util", "utils", "helper", "helpers", "manager", "common", "misc", "stuff"];

#[test]
fn every_file_opens_with_its_purpose() {
    let mut breaches = Vec::new();
    for source in PRODUCT.iter().chain(&["tests"]).flat_map(|folder| sources(folder)) {
        // the tests of a module, kept beside it: the module says what it is about
        let beside = source.path.ends_with("tests.rs");
        if !beside && !source.text.starts_with("//! ") {
            breaches.push(source.path);
        }
    }
    none(&breaches, "opens without a `//!` line");
}

#[test]
fn no_file_is_too_long() {
    let long = |folder: &&str, limit: usize| {
        let all = sources(folder).into_iter();
        let all = all.map(|source| (source.text.lines().count(), source.path));
        let long = all.filter(|(lines, _)| *lines > limit);
        long.map(|(lines, path)| format!("{path} has {lines} lines")).collect::<Vec<_>>()
    };
    let product = PRODUCT.iter().flat_map(|folder| long(folder, LINES));
    let tests = BESIDE.iter().chain(&["tests"]).flat_map(|folder| long(folder, TEST_LINES));
    none(&product.chain(tests).collect::<Vec<_>>(), "longer than 550 lines, a test than 600");
}

#[test]
fn names_say_something() {
    let empty = PRODUCT.iter().chain(&["tests"]).flat_map(|folder| sources(folder));
    let empty = empty
        .map(|source| source.path)
        .filter(|path| path.split(['/', '.']).any(|part| EMPTY_NAMES.contains(&part)));
    none(&empty.collect::<Vec<_>>(), "a name that says nothing");
}

#[test]
fn the_product_is_finished_and_knows_no_test() {
    let mut breaches = Vec::new();
    for source in PRODUCT.iter().flat_map(|folder| sources(folder)) {
        for (n, line) in code(&source.text) {
            let unfinished = ["todo!(", "unimplemented!(", "FIXME", "XXX"];
            let peeking = ["cfg!(test)", "/shared/", "example.test"];
            let words = unfinished.iter().chain(&peeking);
            if words.clone().any(|word| line.contains(word)) && !in_tests(&source.text, n) {
                breaches.push(format!("{}:{n}: {}", source.path, line.trim()));
            }
        }
    }
    none(&breaches, "unfinished, or bound to a test");
}

/// What people and clients read is spelt as the wire's words are: `canceled`. Doc comments of the
/// wire types are read too, in the schema. Tokio's method is spelt otherwise and is no word of ours.
#[test]
fn one_spelling_of_canceled() {
    let mut breaches = Vec::new();
    for source in PRODUCT.iter().flat_map(|folder| sources(folder)) {
        for (n, line) in source.text.lines().enumerate() {
            let words = line.replace(".cancelled()", "").replace("is_cancelled()", "");
            if words.to_lowercase().contains("cancelled") {
                breaches.push(format!("{}:{}: {}", source.path, n + 1, line.trim()));
            }
        }
    }
    none(&breaches, "spelt otherwise than the wire's `canceled`");
}

/// Whether a line stands below the `#[cfg(test)]` of its file, or the file is all tests.
fn in_tests(text: &str, line: usize) -> bool {
    let start = text.lines().position(|line| line.trim() == "#[cfg(test)]");
    start.is_some_and(|start| line > start + 1) || text.contains("clippy::unwrap_used")
}
