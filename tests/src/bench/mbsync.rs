//! mbsync (isync): the fastest established mirror, with pipelining on; once with its writes synced to
//! disk as the daemon's are, once without.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::Figures;
use super::chapar::difference;
use crate::rig::process::run;
use crate::rig::proxy::Proxy;
use crate::rig::scratch::Scratch;
use crate::rig::{Rig, User};

/// 20,000 mails on a loaded machine.
const LIMIT: Duration = Duration::from_mins(10);

/// One pull into an empty maildir, then one that finds nothing.
pub(super) fn sync(rig: &Rig, proxy: &Proxy, user: &User, fsync: bool) -> (Figures, Figures) {
    let scratch = Scratch::new("mbsync");
    let configuration = scratch.path().join("mbsyncrc");
    fs::create_dir(scratch.path().join("mail")).unwrap();
    fs::write(&configuration, text(scratch.path(), rig, proxy, user, fsync)).unwrap();
    let first = measured(proxy, &configuration);
    // it pauses for a second when a maildir has changed within the last one
    thread::sleep(Duration::from_secs(2));
    (first, measured(proxy, &configuration))
}

fn measured(proxy: &Proxy, configuration: &Path) -> Figures {
    let before = proxy.counts();
    let started = Instant::now();
    let mut command = Command::new("/usr/bin/python3");
    // Python's wait4 tells the CPU time and peak memory of exactly this child
    command.args(["-c", WAIT, "mbsync", "-q", "-a", "-c"]).arg(configuration);
    let ran = run(&mut command, b"", LIMIT);
    let wall = started.elapsed();
    assert_eq!(ran.code, Some(0), "mbsync: {}", ran.stderr);
    let text = ran.text();
    let mut figures = text.split_whitespace().map(|field| field.parse::<u64>().unwrap());
    Figures {
        wall,
        cpu: Duration::from_millis(figures.next().unwrap()),
        peak: figures.next().unwrap() * 1_024,
        counts: difference(proxy.counts(), before),
    }
}

const WAIT: &str = "\
import os, sys
pid = os.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, used = os.wait4(pid, 0)
print(int((used.ru_utime + used.ru_stime) * 1000), used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
";

fn text(dir: &Path, rig: &Rig, proxy: &Proxy, user: &User, fsync: bool) -> String {
    let fsync = if fsync { "yes" } else { "no" };
    let (dir, port, ca) = (dir.display(), proxy.port, rig.ca_file().display());
    let (address, password) = (&user.address, &user.password);
    format!(
        "FSync {fsync}

IMAPAccount rig
Host localhost
Port {port}
User {address}
Pass {password}
SSLType IMAPS
# a plugin for tokens may be installed, and would be tried with the password
AuthMechs LOGIN
CertificateFile {ca}
PipelineDepth 50

IMAPStore far
Account rig

MaildirStore near
Path {dir}/mail/
Inbox {dir}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Sync Pull
Create Near
SyncState *
"
    )
}
