//! What the daemon knows is not read out of its process: neither by other users nor by other
//! programs of the same one.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use chapar_tests::rig::home::Home;
use chapar_tests::rig::oidc::Persona;
use chapar_tests::rig::process::{Server, run};

use crate::SYNC_LIMIT;
use crate::signin::Town;

/// Two people of this machine; they need no names.
const OWNER: u32 = 64_201;
const OTHER: u32 = 64_202;
const LIMIT: Duration = Duration::from_secs(20);

/// Whether `uid` can read this file of a process.
fn reads(uid: u32, pid: u32, part: &str) -> bool {
    let path = format!("/proc/{pid}/{part}");
    // the beginning of the memory is no page of any process: what counts is that it may be opened
    let mut command = Command::new("sh");
    command.args(["-c", "exec 3<\"$0\""]).arg(path).uid(uid).gid(uid);
    run(&mut command, b"", LIMIT).code == Some(0)
}

#[test]
fn neither_others_nor_ourselves_read_the_daemon() {
    let town = Town::in_home(Persona::Generic, Home::new().of_user(OWNER));
    let user = town.rig.user();
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    town.rig.issuer(Persona::Generic).grants(&user);
    let pid = town.home.daemon_pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains(&format!("Uid:\t{OWNER}\t")), "it runs without rights: {status}");

    // what the same looks like where nothing is denied
    let mut open = Command::new("sleep");
    open.arg("600").uid(OWNER).gid(OWNER).stdout(Stdio::null());
    let open = Server::spawn("sleep", &mut open);
    for part in ["environ", "mem", "maps"] {
        assert!(reads(OWNER, open.pid(), part), "{part} of a plain process");
        assert!(!reads(OTHER, open.pid(), part), "{part} of a plain process, by others");
        assert!(!reads(OWNER, pid, part), "{part} of chapard, by its own user");
        assert!(!reads(OTHER, pid, part), "{part} of chapard, by another user");
    }
    let mut trace = Command::new("strace");
    trace.args(["-qq", "-o", "/dev/null", "-p", &pid.to_string()]).uid(OWNER).gid(OWNER);
    let traced = run(trace.stdin(Stdio::null()), b"", LIMIT);
    assert_ne!(traced.code, Some(0), "chapard was traced by its own user");
    assert!(traced.stderr.contains("not permitted"), "{}", traced.stderr);
}
