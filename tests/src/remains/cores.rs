//! Memory images that the kernel writes outside of a world: where `core_pattern` names a directory
//! or a program that collects them. Those with a relative pattern lie in the world itself.

use super::SECRETS;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where systemd-coredump and apport put them.
const COLLECTED: [&str; 3] =
    ["/var/lib/systemd/coredump", "/var/lib/apport/coredump", "/var/crash"];

/// What the kernel was told to do with them (core(5)).
pub fn pattern() -> String {
    fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default().trim().to_owned()
}

/// Images of the product's processes outside of the remains in `dir`, written since the run began.
pub fn outside(dir: &Path) -> Vec<PathBuf> {
    let begun = |path: &Path| fs::metadata(path).and_then(|facts| facts.created());
    let begun = begun(&dir.join(SECRETS)).unwrap_or(SystemTime::UNIX_EPOCH);
    let pattern = pattern();
    let named = Path::new(&pattern).parent().filter(|place| place.is_absolute());
    let places = COLLECTED.iter().map(Path::new).chain(named);
    places.flat_map(|place| of_ours(place, begun)).collect()
}

/// Files in `place`, named after one of the product's programs, that are younger than `begun`.
fn of_ours(place: &Path, begun: SystemTime) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_young = entry
            .metadata()
            .and_then(|facts| facts.modified())
            .is_ok_and(|written| written >= begun);
        if is_young && entry.file_name().to_string_lossy().contains("chapar") {
            found.push(entry.path());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::scratch::Scratch;

    #[test]
    fn only_ours_and_only_of_this_run() {
        let dir = Scratch::new("cores");
        let begun = SystemTime::now() - std::time::Duration::from_secs(5);
        fs::write(dir.path().join("core.sshd.17"), "").unwrap();
        assert!(of_ours(dir.path(), begun).is_empty());
        let ours = dir.path().join("core.chapard.1000.17.zst");
        fs::write(&ours, "").unwrap();
        assert_eq!(of_ours(dir.path(), begun), [ours]);
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        assert!(of_ours(dir.path(), later).is_empty());
    }
}
