//! 1,000 clients, 100 of them subscribed and never reading, 100,000 events: nothing is lost for
//! those who read, any cursor is a place to go on from, and the daemon stays small.
//!
//! Where the events come from: most are appended to the journal through `Store` while no daemon
//! runs (a day of syncs and edits in a second), the rest happen live, by `Identity/set` on several
//! connections, while everybody is connected and the readers read.

use crate::quiet;
use crate::raw::{Raw, place_of};
use crate::world::World;
use chapar_daemon::store::Store;
use chapar_engine::event::EventKind;
use chapar_engine::id::{AccountId, IdentityId};
use chapar_engine::time::Wall;
use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::corpus::Dice;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 1_000;
const SILENT: usize = 100;
/// Clients that read everything from the beginning while it grows.
const READERS: usize = 6;
const EVENTS: u64 = 100_000;
const SEEDED: u64 = 95_000;
/// Connections that make events happen.
const PRODUCERS: usize = 4;
/// Cursors at which somebody goes on.
const RESUMES: usize = 8;
/// Status calls measured while all this goes on.
const CALLS: usize = 400;
const MEMORY_KB: u64 = 64 << 10;

/// Place → what was said there, without what differs between subscribers.
type Heard = BTreeMap<u64, u64>;

fn seed(state: &Path, account: u64, identity: u64, until: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let now = Wall(jiff::Timestamp::now().as_millisecond());
        let store = Store::open(state, now).unwrap();
        while store.head().borrow().0 < until {
            let step = (until - store.head().borrow().0).min(5_000);
            let written = store.write(now, move |tx| {
                for n in 0..step {
                    let kind = if n % 2 == 0 {
                        EventKind::IdentityUpdated { identity: IdentityId(identity) }
                    } else {
                        EventKind::SyncProgress { done: n, total: step, mailbox: None }
                    };
                    tx.append(Some(AccountId(account)), kind)?;
                }
                Ok(())
            });
            written.await.unwrap();
        }
        store.close().await;
    });
}

fn number(id: &str) -> u64 {
    id.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).parse().unwrap()
}

/// Takes one streamed event in, as text: parsing a million of them is not what is measured.
fn take(line: &str, heard: &mut Heard) -> Option<u64> {
    let (_, tail) = line.split_once("\"cursor\":\"")?;
    let (_, kind) = tail.split_once("\"type\":\"")?;
    if kind.starts_with("stream.") {
        return None;
    }
    let (_, place) = tail.split_once(':')?;
    let (place, _) = place.split_once('"')?;
    let place: u64 = place.parse().unwrap();
    // Merged for a reader that lags: which ones come depends on the reader.
    if !kind.starts_with("state.changed") {
        let mut hash = DefaultHasher::new();
        tail.hash(&mut hash);
        let before = heard.insert(place, hash.finish());
        assert_eq!(before, None, "one subscription says nothing twice");
    }
    Some(place)
}

/// Reads on until the event at `until`.
fn listen(stream: UnixStream, until: u64) -> Heard {
    let mut heard = Heard::new();
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut line = String::new();
    let mut last = 0;
    while last < until {
        line.clear();
        let count = reader.read_line(&mut line).unwrap_or_else(|e| panic!("at {last}: {e}"));
        assert!(count > 0, "the end at {last}, before {until}");
        if let Some(place) = take(&line, &mut heard) {
            assert!(place > last, "{place} after {last}");
            last = place;
        }
    }
    heard
}

fn subscribe(socket: &Path, since: &str) -> UnixStream {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "event/subscribe", "params": {"since": since}});
    stream.write_all((call.to_string() + "\n").as_bytes()).unwrap();
    stream
}

/// The journal by the other form, page by page: numbered without gaps. The places that every
/// subscriber must hear of, and the newest of all.
fn journal(world: &World, instance: &str) -> (BTreeSet<u64>, u64) {
    let mut raw = world.raw();
    let mut places = BTreeSet::new();
    let mut since = json!(format!("{instance}:0"));
    let mut last = 0;
    loop {
        let page = raw.call("event/get", &json!({"since": since, "limit": 500}));
        assert_eq!(page["resync"], false);
        for event in page["events"].as_array().unwrap() {
            last += 1;
            assert_eq!(place_of(&event["cursor"]), last, "a gap in the journal");
            if event["type"] != "state.changed" {
                places.insert(last);
            }
        }
        since = page["cursor"].clone();
        if page["hasMore"] == false {
            return (places, last);
        }
    }
}

fn produce(world: &World, identity: &str, calls: usize) {
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            scope.spawn(move || {
                let mut raw = world.raw();
                let mut waiting = std::collections::VecDeque::new();
                for n in 0..calls / PRODUCERS {
                    let patch = json!({identity: {"textSignature": format!("{producer} {n}")}});
                    let params = json!({"accountId": world.account, "update": patch});
                    waiting.push_back(raw.ask("Identity/set", &params));
                    if waiting.len() > 32 {
                        let id = waiting.pop_front().unwrap();
                        assert!(raw.answer_of(&id).get("result").is_some());
                    }
                }
                for id in waiting {
                    assert!(raw.answer_of(&id).get("result").is_some());
                }
            });
        }
    });
}

#[test]
fn a_thousand_clients_and_a_hundred_thousand_events() {
    let _quiet = quiet();
    let begun = Instant::now();
    let mut world = World::new(2);
    let identity = world.identity();
    world.place.stop();
    seed(&world.place.state(), number(&world.account), number(&identity), SEEDED);
    world.place.start();
    world.live();
    println!("{:5.1} s  {SEEDED} events seeded", begun.elapsed().as_secs_f32());
    let socket = world.place.socket();
    let mut raw = world.raw();
    let hello = raw.call("hello", &json!({}));
    let instance = hello["instance"].as_str().unwrap().to_owned();
    let origin = format!("{instance}:0");

    let silent: Vec<UnixStream> = (0..SILENT).map(|_| subscribe(&socket, &origin)).collect();
    let mut crowd: Vec<Raw> = (0..CLIENTS - SILENT - READERS).map(|_| world.raw()).collect();
    let clients = crowd.iter_mut().map(|one| one.call("hello", &json!({}))).count();
    let newest = place_of(&hello["cursor"]);
    let edits = usize::try_from(EVENTS.saturating_sub(newest) / 2).unwrap() + 500;
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let stream = subscribe(&socket, &origin);
            thread::spawn(move || listen(stream, EVENTS))
        })
        .collect();
    assert_eq!(clients, CLIENTS - SILENT - READERS);
    // The last of them may still be on their way in.
    let count = wait_for(Duration::from_mins(1), "a thousand clients", || {
        let count = raw.call("status", &json!({}))["daemon"]["clients"].as_u64();
        count.filter(|count| *count > CLIENTS as u64)
    });
    println!("{:5.1} s  {count} clients", begun.elapsed().as_secs_f32());

    let mut waits = thread::scope(|scope| {
        let measured = scope.spawn(|| {
            let turns = (0..CALLS).map(|n| {
                let place = n % crowd.len();
                let at = Instant::now();
                crowd[place].call("status", &json!({}));
                let took = at.elapsed();
                thread::sleep(Duration::from_millis(5));
                took
            });
            turns.collect::<Vec<Duration>>()
        });
        produce(&world, &identity, edits);
        measured.join().unwrap()
    });
    println!("{:5.1} s  {edits} edits made the rest", begun.elapsed().as_secs_f32());
    waits.sort_unstable();
    let (p50, p99) = (waits[CALLS / 2], waits[CALLS * 99 / 100]);
    let heard: Vec<Heard> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    println!(
        "{:5.1} s  {READERS} readers have {EVENTS} events each",
        begun.elapsed().as_secs_f32()
    );

    let (places, last) = journal(&world, &instance);
    assert!(last >= EVENTS, "{last} events");
    let full = &heard[0];
    for one in &heard {
        assert!(one == full, "all readers heard the same");
    }
    assert!(
        places.range(..=EVENTS).eq(full.keys()),
        "the stream and the journal name the same places"
    );
    println!("{:5.1} s  the journal has {last}, without a gap", begun.elapsed().as_secs_f32());

    // From anywhere: exactly what comes after, byte for byte.
    let mut dice = Dice::new(17);
    let mut starts: Vec<u64> = (0..RESUMES - 3).map(|_| dice.roll() % EVENTS).collect();
    starts.extend([0, EVENTS - 1, SEEDED]);
    thread::scope(|scope| {
        for half in starts.chunks(RESUMES / 2) {
            let (socket, instance) = (&socket, &instance);
            scope.spawn(move || {
                for start in half {
                    let stream = subscribe(socket, &format!("{instance}:{start}"));
                    let after = listen(stream, EVENTS);
                    assert!(after.iter().eq(full.range(start + 1..)), "resumed at {start}");
                }
            });
        }
    });
    println!("{:5.1} s  resumed at {starts:?}", begun.elapsed().as_secs_f32());

    // One of those that never read begins now: it was waited for.
    let late = listen(silent[SILENT / 2].try_clone().unwrap(), EVENTS);
    assert!(&late == full, "the silent one lost something");
    let (peak, now) = (world.place.memory("VmHWM"), world.place.memory("VmRSS"));
    println!(
        "{:5.1} s  VmHWM {peak} kB, VmRSS {now} kB, status p50 {p50:?}, p99 {p99:?}",
        begun.elapsed().as_secs_f32()
    );
    assert!(peak < MEMORY_KB, "VmHWM {peak} kB");
    assert!(world.place.is_running());
}
