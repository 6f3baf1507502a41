//! What a whole run leaves behind, kept for the canary scan that ends it.
//!
//! `tests/run` names one directory in `CHAPAR_REMAINS`. Every private world that a test made (home,
//! state, logs, what was written for it) moves there when it is dropped instead of being deleted,
//! beside what the kernel showed of the processes that ran in it, the output of every stage, and
//! the list of secrets. [`scan`] then looks for each of them. Without the variable nothing is kept.
//! Nothing of a server's own files belongs here: servers may know passwords.
//!
//! A test that gives the product something secret says so with [`secret`], and is done.

pub mod cores;
pub mod forms;
pub mod processes;
pub mod scan;

use crate::rig::scratch::random_hex;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The variable that names the directory.
pub const DIRECTORY: &str = "CHAPAR_REMAINS";
/// The list of secrets in it, a JSON string a line; the only file that is not scanned.
pub const SECRETS: &str = "secrets.jsonl";
/// Shorter ones would be found where they are not.
pub const SHORTEST_SECRET: usize = forms::SHORTEST;

/// Every secret of this process so far.
static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Declares `value` (a password, a token, a verifier) a canary: from now on it may be found nowhere,
/// neither in a world of this process nor in anything the whole run leaves. Hands it back.
pub fn secret(value: &str) -> &str {
    assert!(
        value.len() >= SHORTEST_SECRET,
        "a canary has at least {SHORTEST_SECRET} bytes, or chance finds it; this one has {}",
        value.len()
    );
    if KNOWN.lock().unwrap().insert(value.to_owned())
        && let Some(dir) = directory()
    {
        let line = serde_json::to_string(value).unwrap() + "\n";
        let list = fs::File::options().create(true).append(true).open(dir.join(SECRETS));
        // one write each: several processes append
        list.and_then(|mut list| list.write_all(line.as_bytes())).unwrap();
    }
    value
}

/// All secrets that this process declared.
pub fn secrets() -> Vec<String> {
    KNOWN.lock().unwrap().iter().cloned().collect()
}

/// Where the remains of this run lie, if they are kept.
pub fn directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

/// Moves a world whose test is over to the remains; `false` when none are kept.
///
/// A world that cannot be moved is a failure: it would not be scanned.
pub fn keep(world: &Path) -> bool {
    let Some(dir) = directory() else { return false };
    let worlds = dir.join("worlds");
    fs::create_dir_all(&worlds).unwrap();
    let name = world.file_name().unwrap().to_string_lossy().into_owned();
    let target = worlds.join(format!("{name}-{}", random_hex(4)));
    let moved = fs::rename(world, &target);
    let kept = moved.is_ok() || std::thread::panicking();
    assert!(kept, "{} is not kept for the scan: {moved:?}", world.display());
    true
}
