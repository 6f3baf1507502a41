//! A link that a middlebox has forgotten: packets of the established connection vanish in both
//! directions, nobody is told. Done with nftables in a network namespace of the test's own, so the
//! kernel itself is the middlebox and the machine's own rules are never touched.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use chapar_tests::rig::Rig;
use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::process::{run, run_ok};

use crate::SYNC_LIMIT;
use crate::stream::{HALF_OPEN_LIMIT, PUSH_LIMIT, Stream};

/// Set in the process that runs inside the namespace.
const INSIDE: &str = "CHAPAR_RIG_NAMESPACE";
/// Two servers started, two accounts, and twice the patience of the two links.
const WHOLE: Duration = Duration::from_mins(12);
/// Small commands answer at once.
const USUAL: Duration = Duration::from_secs(30);
/// Mails delivered while nothing passes, in each account.
const MEANWHILE: u32 = 20;

#[test]
fn packets_dropped_without_a_word() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let unshare = |program: &str, args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["-n", program]).args(args).env(INSIDE, "1");
        command
    };
    let possible = rustix::process::geteuid().is_root()
        && run(&mut unshare("ip", &["link", "set", "lo", "up"]), b"", USUAL).code == Some(0);
    if !possible {
        println!(
            "SKIPPED packets_dropped_without_a_word: no network namespace of our own; run as root"
        );
        return;
    }
    let executable = std::env::current_exe().unwrap();
    let name = concat!(module_path!(), "::packets_dropped_without_a_word");
    let name = name.split_once("::").unwrap().1;
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    let args = ["-c", script, executable.to_str().unwrap(), "--exact", name, "--nocapture"];
    let ran = run(&mut unshare("sh", &args), b"", WHOLE);
    let said = format!("{}{}", ran.text(), ran.stderr);
    assert_eq!(ran.code, Some(0), "inside the namespace: {said}");
    assert!(said.contains("1 passed"), "the test was found by its name: {said}");
    for line in said.lines().filter(|line| line.starts_with("noticed")) {
        println!("{line}");
    }
}

/// Two links at once: one whose flow alone is forgotten while new connections pass, one whose server
/// cannot be reached at all until it can again.
fn inside() {
    let rig = Rig::shared();
    nft("add table inet rig");
    nft("add chain inet rig out { type filter hook output priority 0; }");
    let (flow_home, mut flow, _) = account(&rig.imaps(), &[]);
    let starttls = format!("localhost:{}", rig.dovecot.ports.imap);
    let (all_home, mut all, unreachable) = account(&starttls, &["--imap-security", "starttls"]);
    for stream in [&mut flow, &mut all] {
        stream.deliver(2);
        stream.settle("before", PUSH_LIMIT);
    }

    let forgotten = client_ports(rig.dovecot.ports.imaps);
    assert!(!forgotten.is_empty(), "no established connection to break");
    for port in &forgotten {
        drop_both_ways(*port);
    }
    drop_both_ways(rig.dovecot.ports.imap);
    let dropped = Instant::now();
    flow.deliver(MEANWHILE);
    all.deliver(MEANWHILE);

    let watcher = thread::spawn(move || {
        let what = "an unreachable server noticed";
        all_home.wait_account(&unreachable, HALF_OPEN_LIMIT, what, |a| a["state"] != "live");
        println!("noticed an unreachable server after {:.0} s", dropped.elapsed().as_secs_f64());
        all_home
    });
    flow.settle("a forgotten flow", HALF_OPEN_LIMIT);
    println!("noticed a forgotten flow after {:.0} s", dropped.elapsed().as_secs_f64());
    let fresh = client_ports(rig.dovecot.ports.imaps);
    assert!(fresh.difference(&forgotten).next().is_some(), "by another connection");
    let all_home = watcher.join().unwrap();

    nft("flush chain inet rig out");
    all.settle("a server that can be reached again", HALF_OPEN_LIMIT);
    for stream in [&mut flow, &mut all] {
        stream.deliver(3);
        stream.settle("after", PUSH_LIMIT);
        assert_eq!(stream.delivered, 5 + MEANWHILE);
    }
    drop((flow_home, all_home));
}

fn account(imap: &str, more: &[&str]) -> (Home, Stream, String) {
    let rig = Rig::shared();
    let user = rig.user();
    let home = Home::new();
    home.start();
    let answer = home.connect(rig, &user, imap, &rig.smtps(), more).ok();
    let account = account_id(&answer);
    home.wait_live(&account, SYNC_LIMIT);
    let stream = Stream::new(&home, user);
    (home, stream, account)
}

/// On loopback every packet passes the output hook once in each direction.
fn drop_both_ways(port: u16) {
    nft(&format!("add rule inet rig out tcp sport {port} drop"));
    nft(&format!("add rule inet rig out tcp dport {port} drop"));
}

fn nft(rule: &str) {
    run_ok(Command::new("nft").arg(rule), USUAL);
}

/// The clients' ports of the connections established to a port of 127.0.0.1.
fn client_ports(server: u16) -> BTreeSet<u16> {
    let port = |address: &str| u16::from_str_radix(address.rsplit_once(':')?.1, 16).ok();
    let established = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
        (state == "01" && port(remote)? == server).then(|| port(local))?
    };
    fs::read_to_string("/proc/net/tcp").unwrap().lines().filter_map(established).collect()
}
