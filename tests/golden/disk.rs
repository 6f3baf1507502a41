//! A disk that is full or cannot be written: said so, nothing lost, and it goes on by itself.
//!
//! The disk is a small tmpfs in a mount namespace of its own (root, or a user namespace), so it is
//! gone with the daemon.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chapar_tests::rig::process::{run, wait_for};

use super::stage::Stage;

/// The daemon starts within a second on an idle machine.
const LIMIT: Duration = Duration::from_secs(30);

/// `sh -c SCRIPT` where the state directory is a tmpfs with `options`.
fn boxed(stage: &Stage, options: &str, script: &str) -> Command {
    let mut command = stage.program(Path::new("/usr/bin/unshare"));
    let root = rustix::process::geteuid().is_root();
    command.args(if root { ["-m", "-f"] } else { ["-Urm", "-f"] });
    let mount = format!("mount -t tmpfs -o {options},mode=700 none \"$XDG_STATE_HOME\"");
    command.args(["sh", "-c", &format!("{mount} && {script}")]);
    command
}

/// Says whether this machine lets a test mount anything; told aloud where not.
fn may_mount(stage: &Stage) -> bool {
    let ran = run(&mut boxed(stage, "size=1m", "true"), b"", LIMIT);
    if ran.code != Some(0) {
        eprintln!("skipped: no mount namespace here: {}", ran.stderr.trim());
    }
    ran.code == Some(0)
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.wait();
    }
}

#[test]
fn a_full_disk() {
    let stage = Stage::new();
    if !may_mount(&stage) {
        return;
    }
    let mut command = boxed(&stage, "size=6m", "exec chapard");
    let daemon = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // after the stage has stopped the daemon, which is what ends it
    let _running = Running(daemon);
    wait_for(LIMIT, "the daemon", || stage.dir().join("run/chapar/v1.sock").exists().then_some(()));
    let stage = stage;
    stage.connect();
    let pid = stage.pid();
    let state = stage.dir().join("state");
    let inside = PathBuf::from(format!("/proc/{pid}/root{}/filler", state.display()));
    let mut filler = fs::File::create(&inside).unwrap();
    while filler.write_all(&[b'x'; 4096]).is_ok() {}
    drop(filler);
    let text: String = (0..60_000).map(|n| format!("{} ", n * 7919 % 99_991)).collect();
    let words = ["send", "--to", "bo@example.test", "-s", "Big", "--text", "-", "--wait"];
    let ran = stage.run(&words, &text);
    assert_eq!(ran.code, Some(73), "{}", ran.stderr);
    assert!(ran.stderr.contains("store.full"), "{}", ran.stderr);
    let (list, code) = stage.json(&["outbox", "list"], "");
    assert_eq!((code, &list["total"]), (0, &serde_json::json!(0)), "not half-saved: {list}");
    assert_eq!(stage.pid(), pid, "the daemon is up");
    fs::remove_file(&inside).unwrap();
    let ran = stage.run(&words, &text);
    assert_eq!(ran.code, Some(0), "{}{}", ran.text(), ran.stderr);
    drop(stage);
}

#[test]
fn a_disk_that_cannot_be_written() {
    let stage = Stage::new();
    if !may_mount(&stage) {
        return;
    }
    let ran = run(&mut boxed(&stage, "ro", "chapar status"), b"", LIMIT);
    assert_eq!(ran.code, Some(69), "{}{}", ran.text(), ran.stderr);
    let said = ran.stderr.replace("\n    ", " ");
    assert!(said.contains("state/chapar") && said.contains("Read-only file system"), "{said}");
    assert!(said.contains("exit 69") && said.lines().count() <= 10, "{said}");
}
