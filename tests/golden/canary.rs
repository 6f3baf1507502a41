//! The canary scan: with everything logged, the password stands nowhere but in the vault, sealed.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use chapar_tests::remains;
use chapar_tests::rig::audit;
use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Service};
use rustix::process::{Pid, Signal, kill_process};

use super::stage::{PASSWORD, Stage};

/// Two more passwords that are tried.
const WRONG: &str = "spatny-Kanar-5512";
const NEXT: &str = "pristi-Kanar-8843";

fn assert_nowhere(stage: &Stage, pid: Option<u32>, when: &str) {
    let canaries = remains::secrets();
    let found = audit::find(stage.dir(), pid, canaries.iter().map(String::as_str));
    assert!(found.is_empty(), "{when}: a secret lies in {found:?}");
}

#[test]
fn the_password_is_nowhere() {
    let stage = Stage::new();
    let [_, _] = [WRONG, NEXT].map(remains::secret);
    let mut said = Vec::new();
    let mut run = |words: &[&str], input: &str| {
        let words: Vec<&str> = words.iter().copied().chain(["-vv"]).collect();
        let ran = stage.run(&words, input);
        said.extend_from_slice(&ran.stdout);
        said.extend_from_slice(ran.stderr.as_bytes());
        ran.code.unwrap()
    };
    let connect = stage.connect_words();
    watched_from_outside(&stage, &connect);
    let connect: Vec<&str> = connect.iter().map(String::as_str).collect();
    assert_eq!(run(&connect, WRONG), 77);
    stage.provider.faults.add(Service::Imap, Fault::Certificate(CertificateKind::WrongHost), 1);
    assert_eq!(run(&connect, PASSWORD), 77);
    let no = Fault::Reply { command: "AUTH".into(), text: "535 5.7.8 no".into() };
    stage.provider.faults.add(Service::Smtp, no, 1);
    assert_ne!(run(&connect, PASSWORD), 0);
    assert_eq!(run(&connect, PASSWORD), 0);
    assert_eq!(run(&["sync", "--wait"], ""), 0);
    assert_eq!(run(&["send", "--to", "bo@example.test", "-m", "x", "--wait"], ""), 0);
    stage.provider.store.set_password(super::stage::ANA, NEXT);
    assert_eq!(run(&["account", "update", "--password-stdin"], WRONG), 77);
    assert_eq!(run(&["account", "update", "--password-stdin"], NEXT), 0);
    assert_eq!(run(&["status"], ""), 0);
    assert_eq!(run(&["call", "event/get", "{\"limit\":500}"], ""), 0);
    assert_eq!(run(&["logs"], ""), 0);
    fs::write(stage.dir().join("said"), &said).unwrap();
    let pid = stage.pid();
    assert_nowhere(&stage, Some(pid), "while it runs");
    // what it says is really there: trace lines, and the vault
    let log = fs::read(stage.dir().join("state/chapar/log/chapard.log")).unwrap();
    assert!(String::from_utf8_lossy(&log).contains("DEBUG"), "the level was not taken");
    // memory: another process of the same user may not read it, nor may a core be left
    let limits = fs::read_to_string(format!("/proc/{pid}/limits"));
    // unreadable for other processes of the same user is as good
    assert!(
        limits.is_err()
            || limits.unwrap().lines().any(|line| {
                line.starts_with("Max core file size")
                    && line.split_whitespace().nth(4) == Some("0")
            })
    );
    let process = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(process, Signal::ABORT).unwrap();
    wait_for(Duration::from_secs(20), "its end", || {
        (!fs::exists(format!("/proc/{pid}/exe")).unwrap() || zombie(pid)).then_some(())
    });
    let cores: Vec<_> =
        walk(stage.dir()).into_iter().filter(|name| name.starts_with("core")).collect();
    assert!(cores.is_empty(), "{cores:?}");
    assert_nowhere(&stage, None, "after its abort");
    // it comes back, and gives the account away with its secret
    let gone = stage.run(&["account", "remove", "ana", "--confirm", "ana"], "");
    assert_eq!(gone.code, Some(0), "{}", gone.stderr);
    assert_nowhere(&stage, Some(stage.pid()), "after the account is gone");
}

/// While `connect` waits for a server that says nothing, other programs see its words.
fn watched_from_outside(stage: &Stage, words: &[String]) {
    stage.provider.faults.add(Service::Imap, Fault::StallAfter(0), 1);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = stage.command(&words);
    let mut connect = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    connect.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    wait_for(Duration::from_secs(20), "the daemon that proves it", || {
        stage.dir().join("run/chapar/v1.sock").exists().then_some(())
    });
    std::thread::sleep(Duration::from_millis(300));
    assert!(connect.try_wait().unwrap().is_none(), "it has to be waiting");
    assert_nowhere(stage, Some(connect.id()), "in the waiting command");
    assert_nowhere(stage, Some(stage.pid()), "in the daemon that waits");
    connect.kill().unwrap();
    connect.wait().unwrap();
    stage.provider.faults.clear();
}

fn zombie(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    state.lines().any(|line| line.starts_with("State:") && line.contains('Z'))
}

fn walk(dir: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.extend(walk(&entry.path()));
        } else {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names
}
