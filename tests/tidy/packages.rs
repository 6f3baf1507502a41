//! Between the packages: the directions of dependency, from cargo itself.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{none, read, root};

const MANIFESTS: [&str; 7] = [
    "daemon/Cargo.toml",
    "daemon/engine/Cargo.toml",
    "ipc-protocol/Cargo.toml",
    "ipc-protocol/conditions/Cargo.toml",
    "cli-client/Cargo.toml",
    "tests/Cargo.toml",
    "tests/demo/Cargo.toml",
];

/// The names of all packages that end up in `package`, built with these extra arguments.
fn tree(package: &str, extra: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "-f", "{p}"])
        .args(["-p", package])
        .args(extra)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[track_caller]
fn assert_free_of(package: &str, extra: &[&str], banned: &[&str]) {
    let all = tree(package, extra);
    let found: Vec<_> = banned.iter().filter(|name| all.contains(**name)).collect();
    assert!(found.is_empty(), "{package} must not link {found:?}");
}

#[test]
fn the_engine_is_pure() {
    let banned =
        ["tokio", "mio", "rustls", "redb", "interprocess", "serde", "async-imap", "lettre"];
    assert_free_of("chapar-engine", &[], &banned);
    assert_free_of("chapar-engine", &[], &["chapar-daemon", "chapar-ipc-protocol", "getrandom"]);
}

#[test]
fn the_registry_is_data() {
    let all = tree("chapar-conditions", &[]);
    assert_eq!(all, BTreeSet::from(["chapar-conditions".to_owned()]), "it depends on nothing");
    let all = crate::sources("ipc-protocol/conditions/src");
    for source in all.iter().filter(|source| !source.path.ends_with("tests.rs")) {
        for (n, line) in crate::code(&source.text) {
            assert!(!line.contains("std::"), "{}:{n} does something: {line}", source.path);
        }
    }
}

#[test]
fn the_protocol_is_thin() {
    let manifest = read("ipc-protocol/Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let always = dependencies
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('=') && !line.contains("optional = true"))
        .filter_map(|line| line.split(['.', ' ', '=']).next());
    let always: BTreeSet<_> = always.collect();
    assert_eq!(always, BTreeSet::from(["serde", "serde_json", "thiserror"]));
    assert_free_of(
        "chapar-ipc-protocol",
        &["--features", "client,schema"],
        &["chapar-engine", "chapar-daemon", "tokio"],
    );
}

#[test]
fn the_client_never_links_the_daemon() {
    let banned = ["chapar-daemon", "chapar-engine", "chapar-tests", "tokio", "rustls", "redb"];
    assert_free_of("chapar-cli-client", &[], &banned);
}

#[test]
fn the_daemon_knows_no_test() {
    assert_free_of("chapar-daemon", &[], &["chapar-tests", "chapar-cli-client", "rcgen"]);
}

/// The demo announces the long build before that build begins, so cargo must have nothing to
/// compile for the demo itself.
#[test]
fn the_demo_depends_on_nothing() {
    assert_eq!(tree("chapar-demo", &[]), BTreeSet::from(["chapar-demo".to_owned()]));
}

#[test]
fn versions_are_written_once() {
    let mut breaches = Vec::new();
    for manifest in MANIFESTS {
        let mut section = String::new();
        for line in read(manifest).lines() {
            if line.starts_with('[') {
                section = line.to_owned();
            } else if section.contains("dependencies")
                && line.contains('=')
                && !line.starts_with('#')
            {
                let shared = line.contains("workspace = true") || line.contains(".workspace");
                if !shared {
                    breaches.push(format!("{manifest}: {line}"));
                }
            }
        }
    }
    none(&breaches, "a version belongs into the root manifest");
}
