//! The benchmark: one Dovecot, one counting proxy, chapar and mbsync in turns.
//!
//! Counts and ratios only; nothing here judges. The binaries measured are those beside the
//! benchmark's own, so run it in the profile `dist`.

mod chapar;
mod mbsync;
mod usage;

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::rig::home::binary;
use crate::rig::process::run_ok;
use crate::rig::proxy::{Counts, Proxy};
use crate::rig::{Rig, maildir};

/// Pairs of runs per size; medians of few runs are enough for counted figures.
const PAIRS: usize = 3;
/// Mailbox sizes, in mails.
const SIZES: [u64; 2] = [1_500, 20_000];
const QUICK_SIZES: [u64; 1] = [1_500];
/// Accounts in the memory figures.
const ACCOUNTS: [usize; 2] = [1, 20];

/// What is compared; ratios are to the second, which makes the same promise to the disk.
const PROGRAMS: [&str; 3] = ["chapar", "mbsync", "mbsync without fsync"];
type Runs = [Vec<Figures>; PROGRAMS.len()];

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Wall time.
    pub wall: Duration,
    /// CPU time, user and system.
    pub cpu: Duration,
    /// Peak resident memory in bytes.
    pub peak: u64,
    /// What went over the link.
    pub counts: Counts,
}

/// Runs everything and returns the report as Markdown.
#[must_use]
pub fn run(quick: bool) -> String {
    let rig = Rig::shared();
    let proxy = Proxy::start(rig.dovecot.ports.imaps, Duration::ZERO);
    let mut report = heading();
    let sizes: &[u64] = if quick { &QUICK_SIZES } else { &SIZES };
    for size in sizes {
        mails(&mut report, rig, &proxy, *size);
    }
    memory(&mut report, rig);
    binaries(&mut report);
    report
}

fn heading() -> String {
    let load = read("/proc/loadavg").split(' ').take(1).collect::<String>();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let profile = if cfg!(debug_assertions) { "debug (figures mean nothing)" } else { "dist" };
    let memory = value(&read("/proc/meminfo"), "MemTotal");
    let memory = memory.split(' ').next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0);
    let versions = [
        run_ok(Command::new("mbsync").arg("--version"), USUAL),
        format!("dovecot {}", run_ok(Command::new("dovecot").arg("--version"), USUAL)),
        run_ok(Command::new(binary("chapard")).arg("--version"), USUAL),
    ];
    let versions: Vec<_> = versions.iter().map(|text| text.trim()).collect();
    format!(
        "# Benchmark\n\n\
         `cargo run --profile dist --bin bench` prints this page; `> BENCHMARKS.md` keeps it. It needs Linux, \
         root and the packages of `tests/run`.\n\n\
         - machine: {processors} × {}, {} MiB, Linux {}, load {load} at the start\n\
         - versions: {}\n\
         - profile: {profile}\n\
         - day: {}\n\n\
         Medians of {PAIRS} runs each, taken in turns on one Dovecot behind one counting proxy on \
         loopback. A round trip is a change of direction from client to server. chapar parses, threads \
         and indexes what it fetches, syncs it to disk, proves SMTP as well and keeps its connections \
         open for the check; mbsync stores files and logs in each time. Wall time counts only as the \
         ratio to mbsync with its writes synced to disk, which makes the same promise.\n\n",
        value(&read("/proc/cpuinfo"), "model name"),
        memory >> 10,
        read("/proc/sys/kernel/osrelease").trim(),
        versions.join(", "),
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The value of the first `NAME : value` line.
fn value(text: &str, name: &str) -> String {
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    found.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}

/// Small commands answer at once.
const USUAL: Duration = Duration::from_secs(30);

/// First sync and no-change check of one mailbox size, chapar and mbsync in turns.
fn mails(report: &mut String, rig: &Rig, proxy: &Proxy, size: u64) {
    let user = rig.user();
    maildir::plant_tree(&user, size);
    // the first client pays for Dovecot's index; nobody measured should
    crate::rig::python::imap_view(rig, &user);
    let mut first: Runs = Default::default();
    let mut again: Runs = Default::default();
    for _ in 0..PAIRS {
        let (sync, check) = chapar::sync(rig, proxy, &user, size);
        first[0].push(sync);
        again[0].push(check);
        for (n, fsync) in [(1, true), (2, false)] {
            let (sync, check) = mbsync::sync(rig, proxy, &user, fsync);
            first[n].push(sync);
            again[n].push(check);
        }
    }
    table(report, &format!("First sync, {size} mails"), &first);
    table(report, &format!("Nothing changed, {size} mails"), &again);
}

fn table(report: &mut String, title: &str, runs: &Runs) {
    let _ = writeln!(report, "## {title}\n");
    let head = "| | round trips | connections | MB down | kB up | CPU s | peak MiB | wall s | wall / mbsync |";
    let _ = writeln!(report, "{head}\n|---|---|---|---|---|---|---|---|---|");
    let medians = runs.each_ref().map(|runs| median(runs));
    for (name, figures) in PROGRAMS.iter().zip(medians) {
        let ratio = figures.wall.as_secs_f64() / medians[1].wall.as_secs_f64();
        let Counts { connections, up, down, turns } = figures.counts;
        let _ = writeln!(
            report,
            "| {name} | {turns} | {connections} | {} | {} | {:.2} | {} | {:.2} | {ratio:.2} |",
            tenths(down, 1 << 20),
            tenths(up, 1 << 10),
            figures.cpu.as_secs_f64(),
            tenths(figures.peak, 1 << 20),
            figures.wall.as_secs_f64(),
        );
    }
    report.push('\n');
}

/// `n / unit` with one decimal place, in whole numbers.
fn tenths(n: u64, unit: u64) -> String {
    let tenths = n * 10 / unit;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The run with the median wall time.
fn median(runs: &[Figures]) -> Figures {
    let mut sorted = runs.to_vec();
    sorted.sort_by_key(|figures| figures.wall);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn memory(report: &mut String, rig: &Rig) {
    report.push_str("## Idle memory of chapard\n\n| accounts | resident MiB | of it anonymous MiB |\n|---|---|---|\n");
    for accounts in ACCOUNTS {
        let (resident, anonymous) = chapar::idle_memory(rig, accounts);
        let _ = writeln!(
            report,
            "| {accounts} | {} | {} |",
            tenths(resident, 1 << 20),
            tenths(anonymous, 1 << 20)
        );
    }
    report.push('\n');
}

fn binaries(report: &mut String) {
    report.push_str("## Binaries\n\n| | MiB |\n|---|---|\n");
    let mbsync = std::path::PathBuf::from("/usr/bin/mbsync");
    for (name, path) in
        [("chapard", binary("chapard")), ("chapar", binary("chapar")), ("mbsync", mbsync)]
    {
        let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
        let _ = writeln!(report, "| {name} | {} |", tenths(size, 1 << 20));
    }
}
