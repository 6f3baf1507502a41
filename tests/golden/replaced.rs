//! A program file that was replaced while `chapard` runs: `status` and `doctor` say so, and
//! `doctor --fix` goes on with the new one.

use std::fs;
use std::path::{Path, PathBuf};

use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run};
use serde_json::Value;

use super::stage::Stage;

/// Both programs in a directory of their own, which a package manager may write to.
fn install(stage: &Stage) -> PathBuf {
    let bin = stage.dir().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["chapar", "chapard"] {
        fs::copy(binary(name), bin.join(name)).unwrap();
    }
    bin
}

/// As package managers do it: a new file is renamed over the old one.
fn upgrade(bin: &Path) {
    let (new, old) = (bin.join("chapard.new"), bin.join("chapard"));
    fs::copy(binary("chapard"), &new).unwrap();
    fs::rename(new, old).unwrap();
}

fn chapar(stage: &Stage, bin: &Path, args: &[&str]) -> Ran {
    run(stage.program(&bin.join("chapar")).args(args), b"", super::stage::LIMIT)
}

fn json(stage: &Stage, bin: &Path, args: &[&str]) -> Value {
    let args = [args, &["--json"]].concat();
    let ran = chapar(stage, bin, &args);
    let text = ran.text();
    assert_eq!(text.lines().count(), 1, "{args:?}: one object: {text}{}", ran.stderr);
    serde_json::from_str(&text).unwrap()
}

fn codes(found: &Value) -> Vec<&str> {
    let checks = found["checks"].as_array().unwrap();
    checks.iter().filter_map(|check| check["code"].as_str()).collect()
}

fn pid(stage: &Stage, bin: &Path) -> u64 {
    json(stage, bin, &["status"])["daemon"]["pid"].as_u64().unwrap()
}

#[test]
fn a_replaced_program_is_told_and_restarted() {
    let stage = Stage::new();
    let bin = install(&stage);
    let old = pid(&stage, &bin);
    assert!(!codes(&json(&stage, &bin, &["doctor"])).contains(&"daemon.replaced"));
    upgrade(&bin);

    let ran = chapar(&stage, &bin, &["status"]);
    assert!(ran.text().contains("The program of the running chapard was replaced"), "{ran:?}");
    assert!(ran.text().contains("chapar service restart"), "{ran:?}");
    let found = json(&stage, &bin, &["doctor"]);
    assert!(codes(&found).contains(&"daemon.replaced"), "{found:#}");
    let checks = found["checks"].as_array().unwrap();
    let versions = checks.iter().filter(|check| check["what"] == "version");
    assert_eq!(versions.count(), 1, "no line says that the version is fine: {found:#}");

    let planned = json(&stage, &bin, &["doctor", "--fix", "--dry-run"]);
    assert_eq!(planned["fixed"], serde_json::json!(["chapard restarted"]));
    assert_eq!(pid(&stage, &bin), old, "a dry run restarts nothing");
    let fixed = json(&stage, &bin, &["doctor", "--fix"]);
    assert_eq!(fixed["fixed"], serde_json::json!(["chapard restarted"]));
    assert!(!codes(&fixed).contains(&"daemon.replaced"), "it looked again: {fixed:#}");
    assert_ne!(pid(&stage, &bin), old);
    let ran = chapar(&stage, &bin, &["status"]);
    assert!(!ran.text().contains("was replaced"), "{ran:?}");
}

#[test]
fn a_removed_program_is_told_and_not_stopped() {
    let stage = Stage::new();
    let bin = install(&stage);
    let old = pid(&stage, &bin);
    // `chapar` alone is left, so a daemon that is stopped now could not come back
    fs::remove_file(bin.join("chapard")).unwrap();
    let alone = |args: &[&str]| {
        let mut command = stage.program(&bin.join("chapar"));
        run(command.args(args).env("PATH", "/usr/bin:/bin"), b"", super::stage::LIMIT)
    };
    assert!(alone(&["status"]).text().contains("was replaced"));
    let ran = alone(&["doctor", "--fix"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("chapard is neither beside chapar nor on PATH"), "{ran:?}");
    assert_eq!(pid(&stage, &bin), old, "it goes on");
}
