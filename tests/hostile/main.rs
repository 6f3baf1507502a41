//! Servers that mean harm: whatever one says, the daemon lives, its memory and processor time stay
//! bounded, the account says what is wrong, no mail of it is lost, and a second account's push goes
//! on.
//!
//! The real `chapard` with a healthy account at the sandbox and, one after the other, an account at
//! a server of [`server`] for each of [`attack::ATTACKS`] and [`flood::FLOODS`].
//! `CHAPAR_ATTACK=words` plays only those whose name holds the words.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "tests report by panicking and print their figures"
)]

mod attack;
mod daemon;
mod flood;
mod server;

use attack::{ATTACKS, Attack, Outcome, When};
use chapar_tests::rig::process::poll;
use chapar_tests::sandbox::ca::Authority;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use daemon::{Daemon, PASSWORD};
use flood::FLOODS;
use serde_json::{Value, json};
use server::{Hostile, MAILBOXES, MAILS};
use std::time::{Duration, Instant};

/// What one hostile server may cost in memory, and what all of them may leave behind.
const GROWTH_KIB: u64 = 64 << 10;
/// A healthy account's push while the attack goes on: a last resort, on a machine that does much
/// else.
const PUSH: Duration = Duration::from_mins(2);
/// The healthy account's first sync: a last resort.
const SET: Duration = Duration::from_mins(5);
/// Without a command read or a piece of an answer written by the hostile server: what is waited
/// for does not come any more. The daemon gives up on silence after one minute.
const STALLED: Duration = Duration::from_mins(2);
/// The same while it goes on: a last resort.
const LAST: Duration = Duration::from_mins(15);
/// How long the attack goes on while the healthy account is watched and time is measured.
const WATCH: Duration = Duration::from_secs(3);
/// How many more such whiles an account may take until it backs off.
const WINDOWS: u32 = 20;
/// Share of a processor after back-off, with the retries that fall into it: more is a busy loop.
const BACKED_OFF: f64 = 0.3;
/// Share of a processor where the server is believed and there is work: other accounts need the rest.
const AT_WORK: f64 = 1.2;
/// The healthy person.
const ALICE: &str = "alice@sandbox.test";

struct Stage {
    runtime: tokio::runtime::Runtime,
    provider: Provider,
    ports: Listening,
    authority: Authority,
    ca: String,
    daemon: Daemon,
    alice: String,
    /// What the daemon holds with the healthy account alone, in KiB.
    baseline: u64,
}

impl Stage {
    fn set() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let provider = Provider::new(Personality::default());
        provider.store.add_account(ALICE, PASSWORD);
        let ports = runtime.block_on(provider.listen([0; 4])).unwrap();
        let authority = Authority::new("hostile authority");
        let ca = format!("{}{}", provider.ca_pem(), authority.pem());
        let daemon = Daemon::start();
        let alice = daemon.connect(ALICE, ports.imaps, ports.smtps, &ca).unwrap();
        let live = daemon.wait_account(&alice, SET, |account| account["state"] == "live");
        assert!(live.is_some(), "{}", daemon.account(&alice));
        let baseline = daemon.memory().1;
        Self { runtime, provider, ports, authority, ca, daemon, alice, baseline }
    }

    /// Delivers one mail to the healthy account; how long until it is in the journal.
    fn push(&self) -> Option<Duration> {
        let cursor = self.daemon.cursor();
        let begun = Instant::now();
        let mail = "From: x@y.z\r\nSubject: hello\r\nMessage-ID: <1@y.z>\r\n\r\nhello\r\n";
        let now = jiff::Timestamp::now().as_second();
        self.provider.store.deliver(ALICE, "INBOX", mail.as_bytes(), now).unwrap();
        self.daemon.received(&self.alice, &cursor, PUSH).then(|| begun.elapsed())
    }

    /// The account, once it is as `is` wants it.
    fn account(&self, hostile: &Hostile, id: &str, is: impl Fn(&Value) -> bool) -> Option<Value> {
        wait(hostile, || Some(self.daemon.account(id)).filter(|account| is(account)))
    }
}

/// Waits for what the conversation with the hostile server leads to, as long as it goes on.
fn wait<T>(hostile: &Hostile, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let (mut seen, mut since) = (hostile.moves(), Instant::now());
    let mut found = None;
    poll(LAST, || {
        found = ready();
        if hostile.moves() != seen {
            (seen, since) = (hostile.moves(), Instant::now());
        }
        (found.is_some() || since.elapsed() > STALLED).then_some(())
    });
    found
}

/// One line of the table.
struct Figures {
    hits: u32,
    grown: u64,
    cpu: f64,
    push: Option<Duration>,
    shown: String,
    code: String,
    faults: Vec<String>,
}

fn play(stage: &mut Stage, number: usize, attack: &'static Attack) -> Figures {
    let hostile = stage.runtime.block_on(Hostile::listen(attack, &stage.authority));
    let email = format!("bob{number}@hostile.test");
    stage.provider.store.add_account(&email, PASSWORD);
    stage.daemon.reset_peak();
    let before = stage.daemon.memory().1;
    let mut faults = Vec::new();
    let id = match stage.daemon.connect(&email, hostile.port, stage.ports.smtps, &stage.ca) {
        Ok(id) => id,
        Err(status) => panic!("{}: cannot connect: {status}", attack.name),
    };
    let all = u64::from(MAILS) * MAILBOXES.len() as u64;
    if attack.when != When::FirstSync {
        let live = |account: &Value| account["state"] == "live" && account["mails"] == all;
        assert!(stage.account(&hostile, &id, live).is_some(), "{}", stage.daemon.account(&id));
        hostile.arm();
        // the answer comes with the end of the pass, however that is
        let _ = stage.daemon.call("Account/sync", &json!({"accountId": id}));
    }
    if wait(&hostile, || (hostile.hits() > 0).then_some(())).is_none() {
        faults.push(format!("the attack never landed: {}", stage.daemon.account(&id)));
    }
    let said = match attack.outcome {
        Outcome::Fails(_) => {
            stage.account(&hostile, &id, |account| !account["health"][0].is_null())
        }
        Outcome::Lives => stage.account(&hostile, &id, |account| account["state"] == "live"),
        Outcome::Waits | Outcome::Keeps => None,
    };
    let begun = stage.daemon.cpu();
    let push = stage.push();
    std::thread::sleep(WATCH.saturating_sub(push.unwrap_or(WATCH)));
    let mut cpu = (stage.daemon.cpu() - begun) / WATCH.max(push.unwrap_or(PUSH)).as_secs_f64();
    let busy = if matches!(attack.outcome, Outcome::Fails(_)) { BACKED_OFF } else { AT_WORK };
    // the condition is told while the last tries still go on: then it backs off
    for _ in 0..WINDOWS {
        if cpu <= busy {
            break;
        }
        cpu = stage.daemon.share(WATCH);
    }
    let now = stage.daemon.account(&id);
    let account = said.unwrap_or_else(|| now.clone());
    let grown = stage.daemon.memory().0.saturating_sub(before);
    let shown = account["state"].as_str().unwrap_or("?").to_owned();
    let code = account["health"][0]["code"].as_str().unwrap_or("").to_owned();

    match attack.outcome {
        Outcome::Fails(codes) if !codes.contains(&code.as_str()) => {
            faults.push(format!("code {code:?} instead of one of {codes:?}"));
        }
        Outcome::Lives if shown != "live" => faults.push(format!("not live: {account}")),
        _ => {}
    }
    let keeps = attack.outcome == Outcome::Keeps || attack.when == When::Live;
    if keeps && now["mails"] != all && attack.outcome != Outcome::Waits {
        faults.push(format!("mail lost: {now}"));
    }
    if !stage.daemon.is_running() {
        faults.push("the daemon is dead".to_owned());
    }
    if grown > GROWTH_KIB {
        faults.push(format!("{} MiB", grown >> 10));
    }
    if cpu > busy {
        faults.push(format!("{:.0} % of a processor", cpu * 100.0));
    }
    if push.is_none() {
        faults.push("the second account's push stopped".to_owned());
    }
    stage.daemon.ask("Account/set", &json!({"destroy": [id]}));
    Figures { hits: hostile.hits(), grown, cpu, push, shown, code, faults }
}

#[test]
fn hostile_servers() {
    play_all(ATTACKS);
}

#[test]
fn floods() {
    play_all(FLOODS);
}

fn play_all(attacks: &'static [Attack]) {
    let only = std::env::var("CHAPAR_ATTACK").unwrap_or_default();
    let mut stage = Stage::set();
    println!(
        "| attack | hits | MiB more | CPU % | push ms | state | code |\n|---|--:|--:|--:|--:|---|---|"
    );
    let mut broken = Vec::new();
    for (number, attack) in
        attacks.iter().enumerate().filter(|(_, attack)| attack.name.contains(&only))
    {
        let Figures { hits, grown, cpu, push, shown, code, faults } =
            play(&mut stage, number, attack);
        let push = push.map_or("none".to_owned(), |push| push.as_millis().to_string());
        println!(
            "| {} | {hits} | {:.1} | {:.0} | {push} | {shown} | {code} |{}",
            attack.name,
            grown as f64 / 1024.0,
            cpu * 100.0,
            if faults.is_empty() { "" } else { " ✗" },
        );
        broken.extend(faults.iter().map(|fault| format!("{}: {fault}", attack.name)));
    }
    let left = stage.daemon.memory().1.saturating_sub(stage.baseline);
    println!("{:.1} MiB are left", left as f64 / 1024.0);
    assert!(left <= GROWTH_KIB, "{} MiB are left behind", left >> 10);
    let log = stage.daemon.log();
    assert!(!log.contains(PASSWORD), "the password is in the log");
    assert!(!log.contains("panicked"), "{log}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
