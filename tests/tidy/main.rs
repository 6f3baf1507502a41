//! The rules of the tree that no compiler checks: who may depend on whom, where a library may be
//! named, how files look, and that nothing written to be run is forgotten.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report by panicking")]

mod commands;
mod files;
mod layers;
mod packages;

use std::fs;
use std::path::{Path, PathBuf};

/// The packages of the product, by folder.
const PRODUCT: [&str; 5] = [
    "daemon/src",
    "daemon/engine/src",
    "ipc-protocol/src",
    "ipc-protocol/conditions/src",
    "cli-client/src",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A Rust file, by its path from the root.
struct Source {
    path: String,
    text: String,
}

/// Every Rust file below a folder of the tree, sorted.
fn sources(folder: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
        })
        .collect()
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Fails with every breach, not only the first.
#[track_caller]
fn none(breaches: &[String], rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}

/// The lines of code: comments do not count when a name is looked for.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(n, line)| (n + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}
