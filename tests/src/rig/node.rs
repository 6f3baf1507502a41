//! Node programs of the rig and what they need from npm: installed once below cargo's target
//! directory, exactly as the lock file says, and found again by its hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::home::binary;
use super::process::run;

/// About a hundred small packages; the limit is for a slow line.
const INSTALL_LIMIT: Duration = Duration::from_mins(5);

/// `tests/rig/NAME`.
pub fn sources(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rig").join(name)
}

/// A directory with the programs of `tests/rig/oidc` and their packages.
///
/// Node looks for packages beside the program, so the programs are copied to where those are.
///
/// # Panics
/// When npm is missing or cannot install.
pub fn programs(into: &Path) -> PathBuf {
    let packages = installed("oidc");
    fs::create_dir_all(into).unwrap();
    for entry in fs::read_dir(sources("oidc")).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "mjs") {
            fs::copy(&path, into.join(entry.file_name())).unwrap();
        }
    }
    let link = into.join("node_modules");
    if !link.exists() {
        std::os::unix::fs::symlink(packages.join("node_modules"), link).unwrap();
    }
    into.to_owned()
}

/// The packages of the lock file in `tests/rig/NAME`, which the first call fetches.
///
/// # Panics
/// When npm is missing or cannot install.
pub fn installed(name: &str) -> PathBuf {
    let lock = fs::read(sources(name).join("package-lock.json")).unwrap();
    let hash = blake3::hash(&lock).to_hex();
    let target = binary("chapard").parent().unwrap().to_owned();
    let dir = target.join(format!("rig-node-{}", &hash[..16]));
    if dir.join("node_modules").exists() {
        return dir;
    }
    // renamed when whole: an interrupted installation is never taken for one
    let part = target.join(format!("rig-{name}-part-{}", std::process::id()));
    let _ = fs::remove_dir_all(&part);
    fs::create_dir_all(&part).unwrap();
    for file in ["package.json", "package-lock.json"] {
        fs::copy(sources(name).join(file), part.join(file)).unwrap();
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--omit=optional", "--ignore-scripts"]);
    npm.args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    let ran = run(npm.current_dir(&part), b"", INSTALL_LIMIT);
    assert_eq!(ran.code, Some(0), "npm ci: {} {}", ran.text(), ran.stderr);
    let renamed = fs::rename(&part, &dir);
    assert!(renamed.is_ok() || dir.join("node_modules").exists(), "{renamed:?}");
    let _ = fs::remove_dir_all(&part);
    dir
}
