//! Inside the packages: a library is named in one place only, and modules use only those below them.

use crate::{Source, code, none, read, sources};

/// A crate and the only modules of the daemon that may name it.
const DOORS: [(&str, &[&str]); 7] = [
    ("async_imap", &["daemon/src/imap"]),
    ("lettre", &["daemon/src/smtp"]),
    ("oauth2", &["daemon/src/oauth"]),
    ("redb", &["daemon/src/store"]),
    ("chapar_ipc_protocol", &["daemon/src/ipc"]),
    ("notify_rust", &["daemon/src/world/notify"]),
    ("secret_service", &["daemon/src/world/secrets"]),
];

#[test]
fn a_library_is_named_behind_its_door_only() {
    let mut breaches = Vec::new();
    for source in sources("daemon/src") {
        for (library, doors) in DOORS {
            let inside = doors.iter().any(|door| is_within(&source.path, door));
            if !inside {
                breaches.extend(naming(&source, library));
            }
        }
    }
    none(&breaches, "named outside of its door");
}

#[test]
fn one_file_speaks_interprocess_on_each_side() {
    for folder in ["daemon/src", "ipc-protocol/src"] {
        let all = sources(folder);
        let files = all.iter().filter(|source| !naming(source, "interprocess").is_empty());
        let files: Vec<_> = files.map(|source| source.path.as_str()).collect();
        assert!(files.len() <= 1, "interprocess is named in {files:?}");
    }
}

/// `imap.rs` and everything in `imap/`, for `…/imap`.
fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

fn naming(source: &Source, library: &str) -> Vec<String> {
    let path = format!("{library}::");
    let import = format!("use {library};");
    let lines =
        code(&source.text).filter(|(_, line)| starts_word(line, &path) || line.contains(&import));
    lines.map(|(n, line)| format!("{}:{n}: {}", source.path, line.trim())).collect()
}

/// Whether `needle` stands in `line` where a path begins.
fn starts_word(line: &str, needle: &str) -> bool {
    let before = |at: usize| line.get(..at).and_then(|text| text.chars().next_back());
    line.match_indices(needle).any(|(at, _)| {
        before(at)
            .is_none_or(|character| !character.is_alphanumeric() && !"_:\"".contains(character))
    })
}

#[test]
fn a_module_of_the_daemon_uses_only_modules_above_it() {
    let lib = read("daemon/src/lib.rs");
    let order: Vec<&str> = code(&lib)
        .filter_map(|(_, line)| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert!(order.len() > 5, "the layers are read from daemon/src/lib.rs: {order:?}");
    let mut breaches = Vec::new();
    for source in sources("daemon/src") {
        let inside = source.path.trim_start_matches("daemon/src/");
        let module = inside.split(['/', '.']).next().unwrap_or_default();
        let Some(layer) = order.iter().position(|name| *name == module) else {
            continue;
        };
        for (n, line) in code(&source.text) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next();
                let used = order.iter().position(|name| Some(*name) == used);
                if used.is_some_and(|used| used > layer) {
                    breaches.push(format!("{}:{n}: {}", source.path, line.trim()));
                }
            }
        }
    }
    none(&breaches, "uses a module that daemon/src/lib.rs lists below its own");
}

#[test]
fn the_engine_touches_nothing() {
    let mut breaches = Vec::new();
    for source in sources("daemon/engine/src") {
        for (n, line) in code(&source.text) {
            for door in [
                "std::net",
                "std::fs",
                "std::env",
                "std::thread",
                "SystemTime::now",
                "Instant::now",
            ] {
                if line.contains(door) && !line.contains("Ipv") && !line.contains("IpAddr") {
                    breaches.push(format!("{}:{n}: {}", source.path, line.trim()));
                }
            }
        }
    }
    none(&breaches, "the engine decides and never does");
}
