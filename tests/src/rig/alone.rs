//! A test in a network and mount namespace of its own: addresses that look public, a `resolv.conf`
//! and a name server that are its own, and nothing of the machine's that is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::process::{Server, run, wait_for_port};
use super::scratch::Scratch;

/// Set in the process inside; names its directory.
const INSIDE: &str = "CHAPAR_ALONE";
const USUAL: Duration = Duration::from_secs(30);

#[expect(clippy::print_stdout, reason = "says what it skips and what the run inside measured")]
/// Runs the calling test once more with nobody else on its network. `Some` is that second run, with
/// its directory (`resolv.conf` in it is in force); `None` is the first one, when the second has
/// passed, or when this machine has no namespaces to give (which is said).
pub fn alone(module: &str, test: &str, addresses: &[&str], limit: Duration) -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os(INSIDE) {
        return Some(PathBuf::from(dir));
    }
    let scratch = Scratch::new("alone");
    let resolv = scratch.path().join("resolv.conf");
    fs::write(&resolv, "nameserver 127.0.0.1\n").unwrap();
    let adds = addresses.iter().map(|address| format!(" && ip addr add {address}/32 dev lo"));
    let prepare = "mount --bind \"$0\" /etc/resolv.conf && ip link set lo up".to_owned()
        + &adds.collect::<String>();
    let unshare = |script: &str, args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["-n", "-m", "sh", "-c", script]).arg(&resolv).args(args);
        command.env(INSIDE, scratch.path());
        command
    };
    let possible = rustix::process::geteuid().is_root()
        && run(&mut unshare(&prepare, &[]), b"", USUAL).code == Some(0);
    if !possible {
        println!("SKIPPED {test}: no namespaces of our own; run as root");
        return None;
    }
    let executable = std::env::current_exe().unwrap();
    let (_, module) = module.split_once("::").expect("a module of a test crate");
    let name = format!("{module}::{test}");
    let script = format!("{prepare} && exec \"$@\"");
    let args = [executable.to_str().unwrap(), "--exact", &name, "--nocapture"];
    let ran = run(&mut unshare(&script, &args), b"", limit);
    let said = format!("{}{}", ran.text(), ran.stderr);
    assert_eq!(ran.code, Some(0), "inside the namespaces: {said}");
    assert!(said.contains("1 passed"), "the test was found by its name: {said}");
    // not what the harness says: the run outside is one test, and counted as one
    for line in ran.text().lines().filter(|line| !line.starts_with("test ")) {
        println!("{line}");
    }
    None
}

/// A name server on `address` that knows these records of dnsmasq and nothing else.
pub fn name_server(dir: &Path, address: &str, records: &str) -> Server {
    let file = dir.join(format!("dnsmasq-{address}.conf"));
    let usual = format!(
        "port=53\nlisten-address={address}\nbind-interfaces\nno-resolv\nno-hosts\nuser=root\n\
         pid-file\nlocal=/#/\n"
    );
    fs::write(&file, usual + records).unwrap();
    let mut command = Command::new("dnsmasq");
    command.args(["-k", "-C"]).arg(&file).stdout(Stdio::null());
    let server = Server::spawn("dnsmasq", &mut command);
    if address == "127.0.0.1" {
        wait_for_port(53, USUAL, "dnsmasq");
    }
    server
}
