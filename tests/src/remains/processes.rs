//! What the kernel shows of the product's processes while they run: words and environment.

use super::directory;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, Once};
use std::time::Duration;

/// How often all processes are looked at; the shortest `chapar` lives longer.
const EVERY: Duration = Duration::from_millis(10);
/// The product's programs.
const PROGRAMS: [&str; 2] = ["chapar", "chapard"];
/// What is read of each: all that another process may see.
const PARTS: [&str; 4] = ["cmdline", "environ", "comm", "status"];

/// What was noted already, by hash.
static NOTED: Mutex<BTreeSet<[u8; 32]>> = Mutex::new(BTreeSet::new());

/// From now on, and as long as this process lives, notes what the kernel shows of every running
/// `chapar` and `chapard`; does nothing when remains are not kept.
pub fn watch() {
    static STARTED: Once = Once::new();
    if directory().is_none() {
        return;
    }
    STARTED.call_once(|| {
        std::thread::spawn(|| {
            let mut others = BTreeSet::new();
            loop {
                sweep(&mut others);
                std::thread::sleep(EVERY);
            }
        });
    });
}

/// Looks at all processes once; `others` are those known to be something else.
fn sweep(others: &mut BTreeSet<u32>) {
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if others.contains(&pid) {
            seen.insert(pid);
        } else if is_ours(pid) {
            note(pid);
        } else if !is_young(pid) {
            seen.insert(pid);
        }
    }
    *others = seen;
}

fn is_ours(pid: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    PROGRAMS.contains(&name.trim())
}

/// Whether it may still become another program: a fork before its exec has its parent's name.
fn is_young(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok_and(|facts| {
        facts.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age < 100 * EVERY))
    })
}

/// Notes what the kernel shows of one process of the product, once for each difference.
pub fn note(pid: u32) {
    let Some(dir) = directory().filter(|_| is_ours(pid)) else { return };
    for part in PARTS {
        let Ok(bytes) = fs::read(format!("/proc/{pid}/{part}")) else { continue };
        if bytes.is_empty() || part == "status" && !is_new(pid.to_string().as_bytes()) {
            continue;
        }
        if is_new(&bytes) {
            let name = format!("{part}-{pid}-{}", blake3::hash(&bytes).to_hex().split_at(8).0);
            write(&dir.join("processes"), &name, &bytes);
        }
    }
}

fn is_new(bytes: &[u8]) -> bool {
    NOTED.lock().unwrap().insert(*blake3::hash(bytes).as_bytes())
}

fn write(dir: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(dir).and_then(|()| fs::write(dir.join(name), bytes)).unwrap();
}
