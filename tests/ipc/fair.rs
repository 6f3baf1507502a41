//! Clients that ask for much: everything is searched, others are served meanwhile, and what a client
//! has in flight is bounded.

use crate::quiet;
use crate::raw::Raw;
use crate::world::{ADA, World};
use chapar_daemon::store::Store;
use chapar_engine::id::{AccountId, MailboxId, MessageId};
use chapar_engine::message::{Message, Stage, Summary};
use chapar_engine::time::Wall;
use chapar_tests::rig::process::wait_for;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// More than any list that was ever cut short.
const MAILS: u64 = 52_000;
/// Searches that each greedy client has in flight.
const FLOOD: usize = 40;
/// What is measured, in calls.
const CALLS: usize = 60;

/// Mails in the store of a daemon that does not run; the account is paused, so that no sync compares
/// them with the server.
fn seed(world: &World) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (state, account) = (world.place.state(), AccountId(number(&world.account)));
    runtime.block_on(async {
        let store = Store::open(&state, Wall(1_795_000_000_000)).unwrap();
        for batch in 0..MAILS / 2_000 {
            let written = store.write(Wall(1_795_000_000_000), move |tx| {
                let mut paused = tx.account(account)?.unwrap();
                paused.paused = true;
                tx.put_account(&paused)?;
                let mailbox = tx.mailboxes(account)?.remove(0).id;
                for n in batch * 2_000..(batch + 1) * 2_000 {
                    let id = tx.new_message_id()?;
                    tx.put_message(&message(id, account, mailbox, n))?;
                }
                Ok(())
            });
            written.await.unwrap();
        }
        store.close().await;
    });
}

fn message(id: MessageId, account: AccountId, mailbox: MailboxId, n: u64) -> Message {
    let rank = i64::try_from(n).unwrap();
    Message {
        id,
        account,
        mailbox,
        uid: 100_000 + u32::try_from(n).unwrap(),
        thread: None,
        stage: Stage::Summary,
        size: 1_000,
        received_at: Wall(1_600_000_000_000 + rank * 1_000),
        flags: std::iter::empty::<&str>().collect(),
        blob: None,
        summary: Summary {
            subject: if n == 0 { "the needle".into() } else { format!("hay {n}") },
            preview: "Please find the minutes of the meeting below.".into(),
            ..Summary::default()
        },
    }
}

fn number(id: &str) -> u64 {
    id.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).parse().unwrap()
}

/// Searches on until all is looked at: what was found, and how many were looked at in all.
fn search(raw: &mut Raw, text: &str, max_ms: Option<u64>) -> (Vec<Value>, u64, usize) {
    let (mut found, mut looked, mut asked) = (Vec::new(), 0, 0);
    let mut filter = json!({"text": text});
    loop {
        let reply = raw.call("Email/query", &json!({"filter": filter, "maxMs": max_ms}));
        asked += 1;
        found.extend(reply["ids"].as_array().unwrap().iter().cloned());
        let searched = &reply["searched"];
        if searched.is_null() {
            assert!(reply["total"].is_u64(), "{reply}");
            return (found, looked, asked);
        }
        assert!(reply["total"].is_null(), "a total that is not known is not told: {reply}");
        let done = searched["done"].as_u64().unwrap();
        assert!(done > 0 && done < searched["of"].as_u64().unwrap(), "{reply}");
        looked += done;
        filter["olderThan"] = searched["until"].clone();
        if max_ms == Some(0) && asked > 20 {
            return (found, looked, asked);
        }
    }
}

/// The sorted times of `CALLS` calls.
fn times(mut call: impl FnMut()) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|_| {
            let at = Instant::now();
            call();
            let took = at.elapsed();
            std::thread::sleep(Duration::from_millis(5));
            took
        })
        .collect();
    times.sort_unstable();
    times
}

#[test]
fn everything_is_searched_and_nobody_waits_for_a_searcher() {
    let _quiet = quiet();
    let mut world = World::new(2);
    world.place.stop();
    seed(&world);
    world.place.start();
    let mut raw = world.raw();
    let all = raw.call("Email/query", &json!({}));
    assert_eq!(all["total"], MAILS + 2);
    let (found, ..) = search(&mut raw, "NEEDLE", None);
    assert_eq!(found.len(), 1, "the oldest of all is found");
    let (_, looked, asked) = search(&mut raw, "needle", Some(0));
    println!("without time: {looked} looked at in {asked} calls");
    let idle = times(|| drop(Raw::lines(&world.place.socket()).call("status", &json!({}))));
    let mut listener = world.raw();
    let identity = world.identity();
    listener.call("event/subscribe", &json!({"types": ["identity."]}));
    assert_eq!(listener.event()["type"], "stream.live");
    let mut change = |raw: &mut Raw, n: usize| {
        let update = json!({&identity: {"textSignature": format!("{n} {:?}", Instant::now())}});
        raw.call("Identity/set", &json!({"accountId": world.account, "update": update}));
        assert_eq!(listener.event()["type"], "identity.updated");
    };
    let mut n = 0;
    let idle_push = times(|| {
        n += 1;
        change(&mut raw, n);
    });

    let mut greedy: Vec<Raw> = (0..4).map(|_| world.raw()).collect();
    for one in &mut greedy {
        (0..FLOOD).for_each(|_| drop(one.ask("Email/query", &json!({"filter": {"text": "zzz"}}))));
    }
    let mail = found[0].clone();
    for _ in 0..CALLS {
        let got = raw.call("Email/get", &json!({"ids": [mail]}));
        assert_eq!(got["list"][0]["subject"], "the needle");
    }
    let busy = times(|| drop(Raw::lines(&world.place.socket()).call("status", &json!({}))));
    let busy_push = times(|| {
        n += 1;
        change(&mut raw, n);
    });
    // all this was answered before the searches, most of which wait for their turn still
    let mut answered = 0;
    for one in &mut greedy {
        one.stream.set_nonblocking(true).unwrap();
        let mut said = Vec::new();
        // the end of what is there is an error that says so
        drop(one.stream.read_to_end(&mut said));
        answered += String::from_utf8_lossy(&said).lines().count();
    }
    let (p50, p99) = (CALLS / 2, CALLS - 1);
    println!(
        "status {:?} {:?}, under load {:?} {:?}; push {:?} {:?}, under load {:?} {:?}; {answered} searches done",
        idle[p50],
        idle[p99],
        busy[p50],
        busy[p99],
        idle_push[p50],
        idle_push[p99],
        busy_push[p50],
        busy_push[p99],
    );
    assert!(answered < greedy.len() * FLOOD / 2, "{answered} searches were answered first");
    // a ratio to the same machine at rest; the floor is what its scheduler does to four busy threads
    let floor = Duration::from_millis(20);
    assert!(busy[p50] <= 5 * idle[p99].max(floor), "{:?} for {:?}", busy[p50], idle[p99]);
    let push = (busy_push[p50], idle_push[p99]);
    assert!(push.0 <= 5 * push.1.max(floor), "{push:?}");
    drop(greedy);
    // what nobody waits for any more is not searched on
    wait_for(Duration::from_mins(1), "the searches given up", || {
        let before = raw.call("status", &json!({}));
        (before["daemon"]["clients"].as_u64() <= Some(2)).then_some(())
    });
    world.place.stop();
}

/// `Blob/put` of `bytes`; the id.
pub(crate) fn put(world: &World, bytes: &[u8]) -> Value {
    let mut raw = world.raw();
    let id = raw.ask("Blob/put", &json!({"size": bytes.len()}));
    raw.bytes(bytes).unwrap();
    raw.answer_of(&id)["result"]["blobId"].clone()
}

/// Kilobytes by which the peak grew while `work` ran.
pub(crate) fn growth(world: &World, what: &str, work: impl FnOnce()) -> u64 {
    let _: Result<(), _> = std::fs::write(format!("/proc/{}/clear_refs", world.place.pid()), "5");
    let before = world.place.memory("VmHWM");
    work();
    let grown = world.place.memory("VmHWM").saturating_sub(before);
    println!("{what}: +{grown} kB");
    grown
}

#[test]
fn what_a_client_has_in_flight_is_bounded() {
    let _quiet = quiet();
    let world = World::new(2);
    let text = format!("{}\r\n", "word ".repeat(15)).repeat(12_000);
    let head = "From: a@x.test\r\nSubject: long\r\nMessage-ID: <l@x>\r\n\r\n";
    let long = format!("{head}{text}");
    world.provider.store.deliver_with(ADA, "INBOX", long.as_bytes(), 1_795_000_000, &[]);
    let mut raw = world.raw();
    let ids = wait_for(Duration::from_mins(1), "the mail here", || {
        raw.call("Account/sync", &json!({"accountId": world.account}));
        let found = raw.call("Email/query", &json!({"filter": {"subject": "long"}}));
        found["ids"].as_array().filter(|ids| !ids.is_empty()).cloned()
    });
    raw.call("Email/get", &json!({"ids": ids, "fetchAllBodyValues": true}));
    // 32 MiB that do not shrink
    let mut dice = chapar_tests::sandbox::corpus::Dice::new(5);
    let noise: Vec<u8> = (0..4 << 20).flat_map(|_| dice.roll().to_le_bytes()).collect();
    let blob = put(&world, &noise);
    drop(noise);

    let attachments: Vec<Value> =
        (0..60).map(|n| json!({"name": format!("a{n}"), "blobId": blob})).collect();
    let send = json!({
        "accountId": world.account, "to": [{"email": ADA}], "subject": "x", "attachments": attachments,
    });
    let grown = growth(&world, "a send of sixty times 32 MiB", || {
        let refused = raw.refuse("Email/send", &send);
        assert_eq!(refused["data"]["type"], "tooLarge", "{refused}");
    });
    assert!(grown < 16 << 10, "+{grown} kB");

    let mut open = Vec::new();
    let grown = growth(&world, "twenty streams that nobody reads", || {
        for _ in 0..20 {
            let mut one = world.raw();
            one.ask("Blob/open", &json!({"blobId": blob}));
            open.push(one);
        }
        // the answer comes, then as many bytes as a socket holds
        for one in &mut open {
            assert_eq!(one.read().unwrap()["result"]["size"], 32 << 20);
        }
        raw.call("status", &json!({}));
    });
    assert!(grown < 32 << 10, "+{grown} kB");
    drop(open);

    let mut greedy: Vec<std::os::unix::net::UnixStream> = Vec::new();
    let grown = growth(&world, "five hundred answers with long texts that nobody reads", || {
        for _ in 0..8 {
            let mut one = std::os::unix::net::UnixStream::connect(world.place.socket()).unwrap();
            for n in 0..64 {
                let params = json!({"ids": ids, "fetchAllBodyValues": true});
                let call =
                    json!({"jsonrpc": "2.0", "id": n, "method": "Email/get", "params": params});
                one.write_all(format!("{call}\n").as_bytes()).unwrap();
            }
            greedy.push(one);
        }
        // others are served meanwhile, and the greedy ones have got what they may have
        for _ in 0..40 {
            raw.call("Email/get", &json!({"ids": ids}));
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    assert!(grown < 96 << 10, "+{grown} kB");
    // who reads again gets every answer
    let mut one = Raw::of(greedy.remove(0));
    for n in 0..64 {
        one.expect_id(&json!(n), "Email/get");
    }
    for n in 0..64 {
        let answer = one.answer_of(&json!(n));
        assert_eq!(answer["result"]["list"][0]["subject"], "long");
    }
}
