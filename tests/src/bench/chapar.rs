//! The daemon under measurement: everything it does is its own process.

use std::thread;
use std::time::{Duration, Instant};

use super::Figures;
use super::usage::{cpu, memory};
use crate::rig::home::{Home, account_id};
use crate::rig::proxy::{Counts, Proxy};
use crate::rig::{Rig, User, maildir};

/// A first sync of 20,000 mails on a loaded machine.
const LIMIT: Duration = Duration::from_mins(10);
/// What is idle has had this long to become it.
const SETTLE: Duration = Duration::from_secs(10);

/// One first sync of all mails into an empty home, then one check that finds nothing.
pub(super) fn sync(rig: &Rig, proxy: &Proxy, user: &User, size: u64) -> (Figures, Figures) {
    let home = quiet_home();
    home.start();
    let pid = home.daemon_pid();
    let window = size.to_string();
    let more = ["--window", &window, "--notify", "none"];
    let first = measured(pid, proxy, || {
        let answer = home.connect(rig, user, &proxy.address(), &rig.smtps(), &more).ok();
        home.wait_live(&account_id(&answer), LIMIT);
    });
    thread::sleep(Duration::from_secs(1));
    let check = measured(pid, proxy, || {
        home.json(&["sync", "--wait"], b"").ok();
    });
    (first, check)
}

/// Resident and anonymous bytes with this many accounts of 100 mails, all live and idle.
pub(super) fn idle_memory(rig: &Rig, accounts: usize) -> (u64, u64) {
    let home = quiet_home();
    home.start();
    for _ in 0..accounts {
        let user = rig.user();
        maildir::plant_folder(&user, "INBOX", 100);
        let answer = home.connect(rig, &user, &rig.imaps(), &rig.smtps(), &["--notify", "none"]);
        home.wait_live(&account_id(&answer.ok()), LIMIT);
    }
    thread::sleep(SETTLE);
    let pid = home.daemon_pid();
    (memory(pid, "VmRSS"), memory(pid, "RssAnon"))
}

/// Logs as a person's daemon does, not as the canary scan wants it.
fn quiet_home() -> Home {
    Home::new().with("CHAPAR_LOG", "info")
}

fn measured(pid: u32, proxy: &Proxy, work: impl FnOnce()) -> Figures {
    let (before, used, started) = (proxy.counts(), cpu(pid), Instant::now());
    work();
    let wall = started.elapsed();
    Figures {
        wall,
        cpu: cpu(pid).saturating_sub(used),
        peak: memory(pid, "VmHWM"),
        counts: difference(proxy.counts(), before),
    }
}

/// What came in between.
pub(super) fn difference(after: Counts, before: Counts) -> Counts {
    Counts {
        connections: after.connections - before.connections,
        up: after.up - before.up,
        down: after.down - before.down,
        turns: after.turns - before.turns,
    }
}
