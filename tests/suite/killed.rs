//! The real `chapard` killed with SIGKILL at random moments of sends and of a first sync, against
//! the sandbox: what was accepted arrives once, what was mirrored is fetched once.
//!
//! `CHAPAR_KILLS=n` kills n times while sending, instead of the few of the check; `all` is 200.

use crate::kills::Kills;
use crate::place::{Place, USER};
use chapar_tests::sandbox::corpus::{Dice, MAILBOXES, fill};
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::provider::{Personality, Provider};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Kills of the check.
const KILLS: u64 = 25;
/// Kills of the full proof.
const FULL: u64 = 200;
/// Microseconds after a send was asked for, within which the daemon is killed: a send takes a third
/// of it, so that every phase is hit, and some sends are over.
const SEND_MICROS: usize = 60_000;
/// First looks come after 5 and 35 s; recovered sends go out at once.
const SETTLE: Duration = Duration::from_secs(100);
/// Kills of one first sync.
const SYNC_KILLS: usize = 20;
/// Mails of that sync.
const MAILS: usize = 1_500;
/// The most messages of one batch: what a kill may cost.
const BATCH: u64 = 200;

#[test]
fn killed_while_sending_nothing_is_lost_or_sent_twice() {
    let kills = Kills::asked(KILLS).number(FULL);
    let provider = Provider::new(Personality { files_sent: true, ..Personality::default() });
    let place = Place::new("send", &provider);
    let account = place.connect();
    let mut dice = Dice::new(kills);
    let mut accepted: Vec<String> = Vec::new();
    let mut unanswered = 0;
    for number in 0..kills {
        let pid = place.daemon();
        let params = json!({
            "accountId": account,
            "to": [{ "email": format!("friend{number}@far.test") }],
            "subject": format!("Number {number}"),
            "text": "A line.\n".repeat(1 + dice.below(400)),
        });
        let wait = Duration::from_micros(dice.below(SEND_MICROS) as u64);
        let killer = std::thread::spawn(move || {
            std::thread::sleep(wait);
            Place::kill(pid);
        });
        match place.call("Email/send", &params) {
            Ok(reply) => {
                accepted.push(reply["submission"]["messageId"].as_str().unwrap().to_owned());
            }
            // killed before it answered: the client cannot know, so it does not count
            Err(_) => unanswered += 1,
        }
        killer.join().unwrap();
    }
    let pid = place.daemon();
    let deadline = Instant::now() + SETTLE;
    let phases = loop {
        let all = place.call("EmailSubmission/get", &json!({ "accountId": account })).unwrap();
        let phases: BTreeMap<String, String> = all["list"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (word(&one["messageId"]), word(&one["phase"])))
            .collect();
        // of unknown fate, and taken by the provider: a look will find it
        let ledger = provider.ledger.counts();
        let open = phases.iter().filter(|(id, phase)| match phase.as_str() {
            "queued" | "sending" => true,
            "unknown" => ledger.keys().any(|(taken, _)| taken == *id),
            _ => false,
        });
        if open.count() == 0 || Instant::now() > deadline {
            break phases;
        }
        std::thread::sleep(Duration::from_millis(500));
    };
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for ((id, _), count) in provider.ledger.counts() {
        *taken.entry(id).or_default() += count;
    }
    let twice = taken.values().filter(|count| **count > 1).count();
    let unknown = accepted.iter().filter(|id| phases[*id] == "unknown").count();
    let found = accepted.iter().filter(|id| phases[*id] == "unknown" && taken.contains_key(*id));
    let found = found.count();
    let lost =
        accepted.iter().filter(|id| !taken.contains_key(*id) && phases[*id] != "unknown").count();
    eprintln!(
        "kills={kills} sends={} unanswered={unanswered} taken={} lost={lost} twice={twice} \
         unknown={unknown} (the provider has {found} of them)",
        accepted.len(),
        taken.len(),
    );
    Place::kill(pid);
    assert_eq!((lost, twice, found), (0, 0, 0), "{phases:?}");
    assert!(!accepted.is_empty(), "every send was killed before its answer");
}

#[test]
fn killed_while_syncing_no_mail_is_missing_or_fetched_again() {
    let provider = Provider::new(Personality::default());
    let place = Place::new("sync", &provider);
    fill(&provider.store, USER, &MAILBOXES, MAILS, 5, jiff::Timestamp::now().as_second() - 600);
    let account = place.connect();
    let mut dice = Dice::new(7);
    let mut killed = 0;
    for _ in 0..SYNC_KILLS {
        std::thread::sleep(Duration::from_millis(200 + dice.below(800) as u64));
        killed += usize::from(!place.is_synced(&account));
        Place::kill(place.daemon());
    }
    let pid = place.daemon();
    let deadline = Instant::now() + SETTLE;
    while !place.is_synced(&account) {
        assert!(Instant::now() < deadline, "the first sync does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
    let status = place.status();
    let commands = provider.ledger.commands(Service::Imap);
    let fetched = |what: &str| commands.get(what).copied().unwrap_or(0);
    let [heads, wholes] = ["FETCH part", "FETCH whole"].map(fetched);
    let mails = status["accounts"][0]["mails"].as_u64().unwrap();
    let there: usize =
        provider.store.snapshot(USER).values().map(|folder| folder.messages.len()).sum();
    eprintln!(
        "kills={SYNC_KILLS}, {killed} during the sync; mirrored={mails} of {there}, heads={heads} wholes={wholes}"
    );
    Place::kill(pid);
    assert_eq!(mails, there as u64, "none missing, none twice");
    // by design each message is fetched as a head, then as a whole; a kill costs the batch under way
    let again = (heads + wholes).saturating_sub(2 * there as u64);
    assert!(again <= BATCH * killed as u64, "{again} messages were fetched again");
    assert!(killed > 0, "the sync was over before the first kill");
}

fn word(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
