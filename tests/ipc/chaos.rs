//! Kill -9 of the client or of the daemon at any moment, round after round; whoever comes back with
//! its cursor has missed nothing.

use crate::raw::{Raw, place_of};
use crate::shared;
use crate::world::World;
use chapar_tests::rig::home::binary;
use chapar_tests::sandbox::corpus::Dice;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

/// Rounds of this run: `CHAPAR_ROUNDS`, 50 when absent.
fn rounds() -> usize {
    std::env::var("CHAPAR_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(50)
}

/// What arrived, by place. `state.changed` is merged for readers that lag, so only the others must
/// all be there.
#[derive(Default)]
struct Union {
    heard: BTreeMap<u64, String>,
    cursor: Option<String>,
    twice: usize,
}

impl Union {
    fn take(&mut self, event: &Value) {
        let kind = event["type"].as_str().unwrap();
        let cursor = event["cursor"].as_str().unwrap().to_owned();
        assert_ne!(kind, "stream.resync", "history was lost");
        if !kind.starts_with("stream.") {
            let before = self.heard.insert(place_of(&event["cursor"]), kind.to_owned());
            self.twice += usize::from(before.is_some());
            assert!(before.is_none_or(|before| before == kind), "a place changed its meaning");
        }
        self.cursor = Some(cursor);
    }
}

/// Makes some events, as far as the daemon lives.
fn produce(raw: &mut Raw, account: &str, identity: &str, count: usize) {
    for n in 0..count {
        let patch = json!({identity: {"textSignature": n.to_string()}});
        let params = json!({"accountId": account, "update": patch});
        let call = json!({"jsonrpc": "2.0", "id": n, "method": "Identity/set", "params": params});
        if raw.stream.write_all((call.to_string() + "\n").as_bytes()).is_err() {
            return;
        }
    }
}

/// Everything after `cursor`, which must be numbered without gaps.
fn journal_after(raw: &mut Raw, cursor: &Value) -> BTreeMap<u64, String> {
    let mut journal = BTreeMap::new();
    let mut last = place_of(cursor);
    let mut since = cursor.clone();
    loop {
        let page = raw.call("event/get", &json!({"since": since, "limit": 500}));
        assert_eq!(page["resync"], false);
        for event in page["events"].as_array().unwrap() {
            last += 1;
            assert_eq!(place_of(&event["cursor"]), last, "a gap in the journal");
            journal.insert(last, event["type"].as_str().unwrap().to_owned());
        }
        since = page["cursor"].clone();
        if page["hasMore"] == false {
            return journal;
        }
    }
}

#[test]
fn kills_at_any_moment_leave_no_gap_for_who_resumes() {
    let _shared = shared();
    let rounds = rounds();
    let mut world = World::new(2);
    let identity = world.identity();
    let seed = std::process::id().into();
    println!("{rounds} rounds, seed {seed}");
    let mut dice = Dice::new(seed);
    let mut union = Union::default();
    let hello = world.raw().call("hello", &json!({}));
    union.cursor = hello["cursor"].as_str().map(str::to_owned);
    let out = world.place.dir().join("watch.out");
    let (mut daemons, mut clients) = (0, 0);
    for round in 0..rounds {
        std::fs::write(&out, "").unwrap();
        let file = std::fs::File::options().append(true).open(&out).unwrap();
        let mut watch = world.place.command(binary("chapar"));
        watch.args(["watch", "--no-start", "--json", "--since", union.cursor.as_deref().unwrap()]);
        let mut watch =
            watch.stdin(Stdio::null()).stdout(file).stderr(Stdio::null()).spawn().unwrap();
        let mut raw = world.raw();
        produce(&mut raw, &world.account, &identity, 1 + dice.below(40));
        std::thread::sleep(Duration::from_micros(dice.roll() % 150_000));
        // Every fourth time the daemon, else the client.
        let killed = round % 4 == 3;
        if killed {
            world.place.kill();
            daemons += 1;
        }
        watch.kill().unwrap();
        watch.wait().unwrap();
        clients += 1;
        if !world.place.is_running() {
            world.place.start();
        }
        // What the killed client had written whole; a line cut off never happened.
        let said = std::fs::read_to_string(&out).unwrap();
        for line in said.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let said: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            // When the daemon died first, the client's last word is why it ends.
            if said.get("error").is_some() {
                assert!(killed, "the client gave up by itself: {said}");
                break;
            }
            union.take(&said);
        }
    }
    let journal = journal_after(&mut world.raw(), &hello["cursor"]);
    let wanted: Vec<u64> =
        journal.iter().filter(|(_, kind)| *kind != "state.changed").map(|(at, _)| *at).collect();
    // The last one is not killed; it reads until it is level with the journal.
    let mut raw = world.raw();
    raw.call("event/subscribe", &json!({"since": union.cursor}));
    let (mut live, end) = (false, wanted.last().copied().unwrap());
    while !live || union.heard.last_key_value().is_none_or(|(place, _)| *place < end) {
        let event = raw.event();
        live |= event["type"] == "stream.live";
        union.take(&event);
    }
    for place in &wanted {
        assert_eq!(union.heard.get(place), journal.get(place), "place {place}");
    }
    let expected = wanted.len();
    println!(
        "{clients} clients and {daemons} daemons killed; {expected} events, none missing, {} heard twice",
        union.twice
    );
    assert!(expected > rounds, "too little happened to prove anything");
}
