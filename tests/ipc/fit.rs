//! What does not fit into one message: mail of thousands of people, texts of nothing but control
//! characters, long conversations, ten thousand of anything. Each is shown, cut with a mark or in parts.

use crate::raw::Raw;
use crate::world::{ADA, World};
use crate::{quiet, shared};
use chapar_daemon::store::Store;
use chapar_engine::address::Address;
use chapar_engine::event::EventKind;
use chapar_engine::id::{AccountId, MailboxId, MessageId, ThreadId};
use chapar_engine::time::Wall;
use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(2);
const MESSAGE: usize = 1 << 20;

/// A mail with these header lines and this text.
fn mail(id: &str, headers: &str, body: &str) -> Vec<u8> {
    let head = format!("Message-ID: <{id}@x.test>\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\n");
    format!("{head}{headers}\r\n{body}\r\n").into_bytes()
}

/// Many addresses whose names need escapes in JSON.
fn people(count: usize) -> String {
    let mut list = String::new();
    for n in 0..count {
        let name = "\\\\".repeat(110);
        write!(
            list,
            "{}\"{name}{n}\" <person.number.{n}@x.test>",
            if n > 0 { ",\r\n " } else { "" }
        )
        .unwrap();
    }
    list
}

impl World {
    fn deliver(&self, number: i64, bytes: &[u8]) {
        self.provider.store.deliver_with(ADA, "INBOX", bytes, 1_795_000_000 + number, &[]);
    }

    /// Syncs, and waits until so many mails are here.
    fn has(&self, mails: usize) -> Vec<Value> {
        let mut raw = self.raw();
        wait_for(LIMIT, "all mails here", || {
            raw.call("Account/sync", &json!({"accountId": self.account}));
            let found = raw.call("Email/query", &json!({"limit": 500}));
            (found["total"].as_u64() >= Some(mails as u64)).then(|| found["ids"].clone())
        })
        .as_array()
        .unwrap()
        .clone()
    }

    fn cli(&self, words: &[&str]) -> Ran {
        let mut command = self.place.command(binary("chapar"));
        command.args(words).env("CHAPAR_NO_SPAWN", "1");
        let ran = run(&mut command, b"", LIMIT);
        assert_eq!(ran.code, Some(0), "chapar {words:?}: {}", ran.stderr);
        ran
    }
}

impl Raw {
    /// Every email of `ids`, asked for again as long as some are left; and how many answers it took.
    fn every(&mut self, ids: &[Value], more: &Value) -> (Vec<Value>, usize) {
        let (mut found, mut asked) = (Vec::new(), 0);
        let mut rest = ids.to_vec();
        while !rest.is_empty() {
            let mut params = more.clone();
            params["ids"] = json!(rest);
            let reply = self.call("Email/get", &params);
            assert!(reply.to_string().len() < MESSAGE);
            assert_eq!(reply["notFound"], json!([]));
            let list = reply["list"].as_array().unwrap();
            assert!(!list.is_empty(), "an answer with nothing in it: {}", reply["notFetched"]);
            found.extend(list.iter().cloned());
            rest = reply["notFetched"].as_array().cloned().unwrap_or_default();
            asked += 1;
        }
        (found, asked)
    }
}

#[test]
fn a_mail_from_thousands_stops_no_list_and_no_cursor() {
    let _shared = shared();
    let world = World::new(2);
    let mut raw = world.raw();
    let since = raw.call("hello", &json!({}))["cursor"].clone();
    let mut stream = world.raw();
    stream.call("event/subscribe", &json!({"since": since, "types": ["email."]}));
    let everybody = people(1_000);
    world.deliver(1, &mail("m1", &format!("From: {everybody}\r\nSubject: of all\r\n"), "hi"));
    let to = format!("From: a@x.test\r\nTo: {everybody}\r\nCc: {everybody}\r\nSubject: to all\r\n");
    world.deliver(2, &mail("m2", &to, "hi"));
    let mut references = String::from("From: a@x.test\r\nSubject: of many ids\r\nReferences:");
    (0..100).for_each(|n| write!(references, "\r\n <{}{n}@x.test>", "\"".repeat(800)).unwrap());
    world.deliver(3, &mail("m3", &(references + "\r\n"), "hi"));
    world.deliver(4, &mail("m4", "From: b@x.test\r\nSubject: plain\r\n", "hi"));
    let ids = world.has(6);
    let (emails, _) = raw.every(&ids, &json!({}));
    assert_eq!(emails.len(), 6);
    let of = |subject: &str| emails.iter().find(|one| one["subject"] == subject).unwrap();
    assert_eq!(of("of all")["truncated"], json!({"from": 1_000}));
    assert_eq!(of("to all")["truncated"], json!({"to": 1_000, "cc": 1_000}));
    assert!(of("to all")["to"].as_array().unwrap().len() > 50);
    assert_eq!(of("plain").get("truncated"), None);
    let few = raw.every(&ids, &json!({"properties": ["subject", "to"]})).0;
    assert!(few.iter().any(|one| one["truncated"]["to"] == 1_000), "the mark comes with any part");
    // the same news by both ways, and the cursor goes on behind them
    let page = raw.call("event/get", &json!({"since": since, "types": ["email."], "limit": 500}));
    let got: Vec<Value> = page["events"].as_array().unwrap().clone();
    assert_eq!(got.len(), 4);
    let subjects = |events: &[Value]| -> BTreeSet<String> {
        events.iter().map(|one| one["data"]["subject"].to_string()).collect()
    };
    let large = got.iter().find(|one| one["data"]["subject"] == "of all").unwrap();
    assert_eq!(large["truncated"], json!({"from": 1_000}));
    assert!(large.to_string().len() < 64 << 10 && large["data"]["from"][0]["email"].is_string());
    let heard: Vec<Value> = std::iter::repeat_with(|| stream.event())
        .filter(|one| one["type"] == "email.received")
        .take(4)
        .collect();
    assert_eq!(subjects(&heard), subjects(&got));
    assert_eq!(world.cli(&["--plain", "mail", "list", "--all"]).text().lines().count(), 6);
    let since = since.as_str().unwrap();
    world.cli(&["watch", "--since", since, "--count", "5", "--json"]);
}

/// A journal written before events were cut: they are cut when they are read.
#[test]
fn an_old_event_that_is_too_large_is_cut_when_it_is_read() {
    let _shared = shared();
    let mut world = World::new(2);
    let since = world.raw().call("hello", &json!({}))["cursor"].clone();
    world.place.stop();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let state = world.place.state();
    runtime.block_on(async {
        let store = Store::open(&state, Wall(1_795_000_000_000)).unwrap();
        let written = store.write(Wall(1_795_000_000_000), |tx| {
            for n in 0..40 {
                let from = (0..1_000)
                    .map(|_| Address { name: Some("\\".repeat(256)), email: "\"".repeat(256) });
                let kind = EventKind::EmailReceived {
                    email: MessageId(n),
                    thread: ThreadId(1),
                    mailbox: MailboxId(1),
                    from: from.collect(),
                    subject: "\"".repeat(256),
                    preview: String::new(),
                };
                tx.append(Some(AccountId(1)), kind)?;
            }
            let told = EventKind::SyncFailed { detail: "\u{1}".repeat(400_000) };
            tx.append(Some(AccountId(1)), told).map(drop)
        });
        written.await.unwrap();
        store.close().await;
    });
    world.place.start();
    let mut raw = world.raw();
    let before = world.place.memory("VmHWM");
    let (mut places, mut at) = (0, since.clone());
    loop {
        let params = json!({"since": at, "types": ["email.", "sync.failed"], "limit": 500});
        let page = raw.call("event/get", &params);
        assert!(page.to_string().len() < MESSAGE);
        for event in page["events"].as_array().unwrap() {
            let cut = if event["type"] == "sync.failed" { "detail" } else { "from" };
            assert!(event["truncated"][cut].as_u64() >= Some(1_000), "{}", event["truncated"]);
            places += 1;
        }
        at = page["cursor"].clone();
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(places, 41);
    let mut stream = world.raw();
    stream.call("event/subscribe", &json!({"since": since, "types": ["email."]}));
    for _ in 0..40 {
        assert_eq!(stream.event()["truncated"]["from"], 1_000);
    }
    let grown = world.place.memory("VmHWM").saturating_sub(before);
    println!("41 events of half a megabyte: +{grown} kB");
    assert!(grown < 32 << 10, "+{grown} kB");
}

#[test]
fn five_hundred_mails_to_many_people_come_in_parts() {
    let _shared = shared();
    let world = World::new(2);
    let mut to = String::new();
    for n in 0..60 {
        write!(
            to,
            "{}Firstname Lastname{n} <firstname.lastname{n}@company.test>",
            if n > 0 { ",\r\n " } else { "" }
        )
        .unwrap();
    }
    for n in 0..498 {
        let head = format!("From: news@x.test\r\nTo: {to}\r\nSubject: minutes {n}\r\n");
        world.deliver(n, &mail(&format!("n{n}"), &head, "Please find them below."));
    }
    let ids = world.has(500);
    assert_eq!(ids.len(), 500);
    let mut raw = world.raw();
    let (emails, asked) = raw.every(&ids, &json!({}));
    let known: BTreeSet<&str> = emails.iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!((emails.len(), known.len()), (500, 500), "each once");
    assert!((2..20).contains(&asked), "{asked} answers");
    let lines = |words: &[&str]| world.cli(words).text().lines().count();
    assert_eq!(lines(&["--plain", "mail", "list", "--all", "--limit", "500"]), 500);
    let json = world.cli(&["--json", "mail", "list", "--all", "--limit", "500"]);
    let json: Value = serde_json::from_str(&json.text()).unwrap();
    assert_eq!(json["emails"].as_array().unwrap().len(), 500);
    // an id asked for twice is one; what is missing is said beside what is left
    let twice = json!({"ids": [ids[0], ids[0], "M999999"]});
    let reply = raw.call("Email/get", &twice);
    assert_eq!(
        (reply["list"].as_array().unwrap().len(), &reply["notFound"]),
        (1, &json!(["M999999"]))
    );
    let long = raw.refuse("Email/get", &json!({"ids": ["x".repeat(256)]}));
    assert_eq!(long["data"]["type"], "invalidArguments");
}

#[test]
fn long_texts_are_shown_whatever_is_in_them() {
    let _shared = shared();
    let world = World::new(2);
    let html =
        "<td class=\"x\" style=\"padding:0\">Lorem ipsum dolor sit amet</td>\r\n".repeat(1_800);
    for n in 0..10 {
        let before: Vec<String> = (0..n).map(|n| format!("<t{n}@x.test>")).collect();
        let before = before.join(" ");
        let head = format!(
            "From: a@x.test\r\nSubject: Re: plan\r\nContent-Type: text/html\r\nReferences: {before}\r\n"
        );
        world.deliver(n, &mail(&format!("t{n}"), &head, &html));
    }
    let nuls = "\0".repeat(300_000);
    world.deliver(20, &mail("nul", "From: a@x.test\r\nSubject: nothing\r\n", &nuls));
    let quotes = "\"\\\t".repeat(200_000);
    world.deliver(21, &mail("quo", "From: a@x.test\r\nSubject: quotes\r\n", &quotes));
    let mut parts = String::new();
    for n in 0..3_000 {
        let name = "n".repeat(200);
        write!(
            parts,
            "--b\r\nContent-Disposition: attachment; filename=\"{name}{n}\"\r\n\r\nx\r\n"
        )
        .unwrap();
    }
    let head = "From: a@x.test\r\nSubject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    world.deliver(22, &mail("many", head, &(parts + "--b--\r\n")));
    let ids = world.has(15);
    let mut raw = world.raw();
    let wish = json!({"fetchAllBodyValues": true});
    let (emails, asked) = raw.every(&ids, &wish);
    assert_eq!(emails.len(), ids.len());
    assert!(asked > 1, "they were to be more than a message");
    let of = |subject: &str| emails.iter().find(|one| one["subject"] == subject).unwrap();
    assert_eq!(of("nothing")["bodyValues"]["text"]["isTruncated"], true);
    assert_eq!(of("files")["truncated"]["attachments"], 3_000);
    let thread = of("Re: plan")["id"].as_str().unwrap();
    assert!(world.cli(&["mail", "thread", thread]).text().len() > 100_000);
    for subject in ["nothing", "quotes", "files"] {
        world.cli(&["mail", "show", of(subject)["id"].as_str().unwrap()]);
    }
    // the bytes themselves, in every form: what JSON would make too long comes as base64
    let id = of("nothing")["id"].clone();
    let part = json!({"ids": [id], "offset": 200, "length": 262_144});
    let got = &raw.call("Blob/get", &part)["list"][0];
    assert!(
        got["data:asBase64"].as_str().unwrap().len() > 300_000 && got.get("data:asText").is_none()
    );
    let as_text =
        json!({"ids": [id], "offset": 200, "length": 262_144, "properties": ["data:asText"]});
    assert_eq!(raw.call("Blob/get", &as_text)["list"][0]["isTruncated"], true);
    let three = json!({"ids": [of("quotes")["id"], id, of("files")["id"]], "length": 250_000});
    let got = raw.call("Blob/get", &three);
    let given = got["list"].as_array().unwrap().len();
    assert_eq!(given + got["notFetched"].as_array().map_or(0, Vec::len), 3);
    assert!(given >= 1);
}

/// Ten thousand mailboxes: kept counts, and a list that comes in parts.
#[test]
fn ten_thousand_mailboxes_are_listed_in_parts() {
    let _quiet = quiet();
    let mut world = World::new(2);
    world.place.stop();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let state = world.place.state();
    let account = world.account.trim_start_matches('a').parse().unwrap();
    runtime.block_on(async {
        let store = Store::open(&state, Wall(1_795_000_000_000)).unwrap();
        let written = store.write(Wall(1_795_000_000_000), move |tx| {
            let mut paused = tx.account(AccountId(account))?.unwrap();
            paused.paused = true;
            tx.put_account(&paused)?;
            let model = tx.mailboxes(AccountId(account))?.remove(0);
            for n in 0..10_000 {
                let name = format!("Lists/number {n}/{}", "long name ".repeat(8));
                let mailbox = chapar_engine::mailbox::Mailbox {
                    id: tx.new_mailbox_id()?,
                    wire_name: name.clone(),
                    name,
                    role: None,
                    ..model.clone()
                };
                tx.put_mailbox(&mailbox)?;
            }
            Ok(())
        });
        written.await.unwrap();
        store.close().await;
    });
    world.place.start();
    let mut raw = world.raw();
    let status = raw.call("status", &json!({}));
    let count = status["accounts"][0]["mailboxes"].as_u64().unwrap();
    assert!(count >= 10_002, "{count}");
    assert_eq!(status["accounts"][0]["mails"], 2);
    let mut seen = BTreeSet::new();
    let mut reply = raw.call("Mailbox/get", &json!({}));
    let mut rest = Vec::new();
    loop {
        let list = reply["list"].as_array().unwrap();
        assert!(!list.is_empty(), "an answer with nothing in it");
        for one in list {
            assert!(seen.insert(one["id"].as_str().unwrap().to_owned()), "{one}");
        }
        rest.extend(reply["notFetched"].as_array().cloned().unwrap_or_default());
        if rest.is_empty() {
            break;
        }
        let some: Vec<Value> = rest.drain(..rest.len().min(500)).collect();
        reply = raw.call("Mailbox/get", &json!({"ids": some}));
    }
    assert_eq!(seen.len() as u64, count);
    assert!(
        world.cli(&["--json", "account", "show"]).text().matches("\"path\"").count() as u64
            == count
    );
}
