//! What calls promise beyond one answer: keys that outlive a crash, scopes, filters, waiting,
//! giving up, order.

use crate::raw::{Raw, place_of};
use crate::schema;
use crate::shared;
use crate::world::{PASSWORD, World};
use chapar_tests::sandbox::corpus;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn send(world: &World, key: &str, subject: &str) -> Value {
    json!({
        "accountId": world.account, "to": [{"email": "bob@example.test"}], "subject": subject,
        "text": "once", "idempotencyKey": key,
    })
}

/// The same key before and after a crash is the same submission and one message at the server; the
/// crash comes at once after the answer, while the message is anywhere on its way.
#[test]
fn a_key_means_the_same_submission_across_kills() {
    let _shared = shared();
    let mut world = World::new(2);
    world.provider.store.add_account("bob@example.test", PASSWORD);
    let mut ids = Vec::new();
    for round in 0..4 {
        let (key, subject) = (format!("key-{round}"), format!("round {round}"));
        let first = world.raw().call("Email/send", &send(&world, &key, &subject));
        assert_eq!(first["existing"], false);
        std::thread::sleep(Duration::from_millis(round * 15));
        world.place.kill();
        world.place.start();
        let again = world.raw().call("Email/send", &send(&world, &key, &subject));
        assert_eq!(again["existing"], true);
        for same in ["id", "messageId", "createdAt", "size", "envelope"] {
            assert_eq!(again["submission"][same], first["submission"][same], "{same}");
        }
        let other = world.raw().refuse("Email/send", &send(&world, &key, "something else"));
        assert_eq!(other["data"]["type"], "idempotencyMismatch");
        ids.push(first["submissionId"].clone());
    }
    let mut raw = world.raw();
    let deadline = Instant::now() + Duration::from_secs(30);
    let phases = loop {
        let got = raw.call("EmailSubmission/get", &json!({"ids": ids, "properties": ["phase"]}));
        let list = got["list"].as_array().unwrap().clone();
        assert_eq!(list.len(), ids.len());
        let over = |one: &Value| matches!(one["phase"].as_str(), Some("sent" | "unknown"));
        if list.iter().all(over) || Instant::now() > deadline {
            break list;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let counts = world.provider.ledger.counts();
    assert!(counts.values().all(|count| *count == 1), "delivered twice: {counts:?}");
    for one in &phases {
        assert!(one["phase"] == "sent" || one["phase"] == "unknown", "not settled: {phases:?}");
    }
    println!("phases {phases:?}, deliveries {}", counts.len());
}

/// Every method against every single scope, both read from the document.
#[test]
fn scopes_allow_what_the_table_says_and_nothing_else() {
    let _shared = shared();
    let world = World::new(2);
    let scopes: Vec<&str> = schema::document()["x-scopes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut tried = 0;
    for scope in &scopes {
        let mut raw = world.raw();
        let hello = raw.call("hello", &json!({"scopes": [scope]}));
        let held: Vec<&str> =
            hello["scopes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let expected: &[&str] = if *scope == "read" { &["status", "read"] } else { &[scope] };
        assert_eq!(held, expected);
        for method in schema::methods() {
            let needed = schema::method(method).unwrap()["x-scope"].as_str().unwrap();
            // An unknown parameter: whoever is let in is told of it, and nothing is done.
            let error = raw.refuse(method, &json!({"no such parameter": 1}));
            let allowed = held.contains(&needed);
            let kind = if allowed { "invalidArguments" } else { "forbidden" };
            assert_eq!(error["data"]["type"], kind, "{method} with {scope}: {error}");
            if allowed {
                // A missing or mistyped required parameter may be found first.
                let named = error["data"]["unknown"][0] == "no such parameter";
                let missing = error["message"].as_str().unwrap().contains("missing");
                assert!(named || missing, "{method}: {error}");
            }
            tried += 1;
        }
        let wider = raw.answer("hello", &json!({"scopes": scopes}));
        if held.contains(&"status") {
            assert_eq!(wider["result"]["scopes"], hello["scopes"], "never wider");
        } else {
            assert_eq!(wider["error"]["data"]["type"], "forbidden");
        }
    }
    assert_eq!(tried, scopes.len() * schema::methods().len());
    println!("{tried} pairs of method and scope");
}

/// Which events a connection hears follows from its scopes and its words.
#[test]
fn events_are_filtered_by_type_account_and_scope() {
    let _shared = shared();
    let world = World::new(2);
    let identity = world.identity();
    let all = json!({"since": "<any>", "limit": 500});
    let mut raw = world.raw();
    let start = raw.call("hello", &json!({}))["cursor"].clone();
    let instance = start.as_str().unwrap().split(':').next().unwrap().to_owned();
    let begin = json!(format!("{instance}:0"));
    let update = json!({"accountId": world.account, "update": {identity: {"textSignature": "x"}}});
    raw.call("Identity/set", &update);
    let get = |raw: &mut Raw, more: Value| {
        let mut params = all.clone();
        params["since"] = begin.clone();
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        raw.call("event/get", &params)["events"].as_array().unwrap().clone()
    };
    let types_of = |events: &[Value]| -> std::collections::BTreeSet<String> {
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let everything = get(&mut raw, json!({}));
    let known = types_of(&everything);
    assert!(known.contains("identity.updated") && known.contains("state.changed"), "{known:?}");
    let gaps =
        everything.windows(2).find(|w| place_of(&w[1]["cursor"]) != place_of(&w[0]["cursor"]) + 1);
    assert_eq!(gaps, None, "numbered without gaps");
    assert_eq!(place_of(&everything[0]["cursor"]), 1);
    for kind in &known {
        assert_eq!(types_of(&get(&mut raw, json!({"types": [kind]}))), [kind.clone()].into());
        let prefix = format!("{}.", kind.split('.').next().unwrap());
        let heard = types_of(&get(&mut raw, json!({"types": [prefix]})));
        let meant = known.iter().filter(|one| one.starts_with(&prefix)).cloned().collect();
        assert_eq!(heard, meant, "{prefix}");
    }
    assert_eq!(get(&mut raw, json!({"accountIds": ["a999"]})).len(), 0);
    assert_eq!(get(&mut raw, json!({"accountIds": [world.account]})).len(), everything.len());
    // With `status` alone, types of `read` are not heard, and asking for them by name is refused.
    let mut narrow = world.raw();
    narrow.call("hello", &json!({"scopes": ["status"]}));
    let rows = schema::document()["x-events"].as_array().unwrap();
    let scope = |kind: &str| rows.iter().find(|row| row["type"] == kind).unwrap()["scope"].clone();
    let heard = types_of(&get(&mut narrow, json!({})));
    let meant = known.iter().filter(|kind| scope(kind) == "status").cloned().collect();
    assert_eq!(heard, meant);
    for row in rows {
        let ask = json!({"types": [row["type"]], "limit": 1});
        let answer = narrow.answer("event/get", &ask);
        let stream = narrow.answer("event/subscribe", &json!({"types": [row["type"]]}));
        if row["scope"] == "status" {
            assert!(answer.get("result").is_some(), "{answer}");
            let id = &stream["result"]["subscription"];
            narrow.call("event/unsubscribe", &json!({"subscription": id}));
        } else {
            assert_eq!(answer["error"]["data"]["type"], "forbidden", "{row}");
            assert_eq!(stream["error"]["data"]["type"], "forbidden", "{row}");
        }
    }
}

/// The long-poll form answers at news, at its time, and at once when there is something.
#[test]
fn a_long_poll_ends_at_news_or_at_its_time() {
    let _shared = shared();
    let world = World::new(2);
    let identity = world.identity();
    let mut waiter = world.raw();
    let since = waiter.call("hello", &json!({}))["cursor"].clone();
    let ask = json!({"since": since, "types": ["identity.updated"], "waitMs": 300});
    let begun = Instant::now();
    let empty = waiter.call("event/get", &ask);
    let took = begun.elapsed();
    assert_eq!(empty["events"], json!([]));
    assert!(took.as_millis() >= 250, "{took:?}");
    let ask = json!({"since": empty["cursor"], "types": ["identity.updated"], "waitMs": 60_000});
    let begun = Instant::now();
    let id = waiter.ask("event/get", &ask);
    let update = json!({"accountId": world.account, "update": {identity: {"textSignature": "n"}}});
    // Other calls of the same connection go on meanwhile.
    waiter.call("Identity/set", &update);
    let news = waiter.answer_of(&id);
    assert_eq!(news["result"]["events"][0]["type"], "identity.updated");
    assert!(begun.elapsed() < Duration::from_mins(1), "the news end the wait");
    let page = waiter.call("event/get", &json!({"since": since, "limit": 1}));
    assert_eq!((page["events"].as_array().unwrap().len(), &page["hasMore"]), (1, &json!(true)));
}

/// 64 calls wait, the 65th is not read until one is given up; every one is answered.
#[test]
fn given_up_calls_are_answered_and_make_room() {
    let _shared = shared();
    let world = World::new(2);
    let mut raw = world.raw();
    let wait = json!({"types": ["daemon.stopping"], "waitMs": 60_000});
    let ids: Vec<Value> = (0..64).map(|_| raw.ask("event/get", &wait)).collect();
    let late = raw.ask("status", &json!({}));
    raw.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let silent = std::io::Read::read(&mut raw.stream, &mut [0; 1]);
    assert!(silent.is_err(), "nothing is answered while 64 calls wait");
    raw.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // Nothing more is read here, so only another way in could cancel: closing ends all of them.
    drop(raw);
    let mut raw = world.raw();
    assert!(raw.call("status", &json!({}))["daemon"]["clients"].as_u64().unwrap() <= 4);
    let ids: Vec<Value> = ids[..63].iter().map(|_| raw.ask("event/get", &wait)).collect();
    for id in &ids {
        raw.send(&json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}}));
    }
    for id in &ids {
        assert_eq!(raw.answer_of(id)["error"]["data"]["type"], "canceled", "{late}");
    }
    raw.call("status", &json!({}));
}

/// Changes of one connection run in the order they came, and a read after an answer sees it.
#[test]
fn changes_keep_their_order() {
    let _shared = shared();
    let world = World::new(2);
    let identity = world.identity();
    let mut raw = world.raw();
    let ids: Vec<Value> = (0..50)
        .map(|n| {
            let patch = json!({identity.clone(): {"textSignature": format!("n{n}")}});
            raw.ask("Identity/set", &json!({"accountId": world.account, "update": patch}))
        })
        .collect();
    for id in ids.iter().rev() {
        assert!(raw.answer_of(id).get("result").is_some());
    }
    let got = raw.call("Identity/get", &json!({"ids": [identity]}));
    assert_eq!(got["list"][0]["textSignature"], "n49");
}

/// A first sync that takes a while is told as pictures with the caller's token, then answered.
#[test]
fn a_sync_with_a_token_says_how_far_it_is() {
    let _shared = shared();
    let world = World::new(2);
    let user = "bob@example.test";
    world.provider.store.add_account(user, PASSWORD);
    corpus::fill(&world.provider.store, user, &["INBOX", "Archive"], 1_500, 5, 1_790_000_000);
    let account = world.connect(user);
    let mut raw = world.raw();
    let id = raw.ask("Account/sync", &json!({"accountId": account, "progressToken": "p1"}));
    let mut told = Vec::new();
    let answer = loop {
        let message = raw.read().expect("an answer");
        if message["id"] == id {
            break message;
        }
        assert_eq!(message["method"], "$/progress", "{message}");
        assert_eq!(message["params"]["token"], "p1");
        told.push(message["params"]["value"]["done"].as_u64().unwrap());
    };
    assert!(answer["result"].is_object(), "{answer}");
    assert!(!told.is_empty(), "nothing was told");
    assert!(told.is_sorted() && told.last() <= Some(&1_500), "{told:?}");
    let status = raw.call("status", &json!({}));
    println!("told {told:?}");
    assert_eq!(status["accounts"][1]["mails"], 1_500);
}

/// An attempt that ended holds no place, so whoever sets up many mailboxes, or tries passwords, is
/// never told to wait; the outcome of the last ones is still there for whoever asks.
#[test]
fn attempts_that_ended_hold_no_place() {
    let _shared = shared();
    let world = World::new(2);
    let mut raw = world.raw();
    let mut params = world.connect_params("nobody@example.test");
    params["password"] = json!("wrong");
    let mut begun = Vec::new();
    for _ in 0..40 {
        let id = raw.call("Account/connect", &params)["connectId"].clone();
        let ask = json!({"connectId": id, "seen": 99, "waitMs": 60_000});
        let ended = raw.call("Account/connectStatus", &ask);
        assert_eq!(ended["state"], "failed", "{ended}");
        begun.push(id);
    }
    for id in begun {
        let ask = json!({"connectId": id, "seen": 0, "waitMs": 0});
        assert_eq!(raw.call("Account/connectStatus", &ask)["state"], "failed");
    }
    // those under way do: the server does not answer them
    params["imap"]["port"] = json!(world.silent.local_addr().unwrap().port());
    let busy = (0..40).find_map(|number| {
        let answer = raw.answer("Account/connect", &params);
        answer.get("error").cloned().map(|error| (number, error))
    });
    let (number, error) = busy.expect("no end of attempts under way");
    assert_eq!((number, error["data"]["code"].as_str()), (32, Some("account.busy")), "{error}");
}
