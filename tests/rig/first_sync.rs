//! The first sync: exactly the newest, equal to what an independent client sees, usable before its
//! end, and whole again after any kill.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use chapar_tests::rig::home::Home;
use chapar_tests::rig::mirror::{self, Mirrored, keywords_of};
use chapar_tests::rig::{Rig, User, maildir, python};
use serde_json::{Value, json};

use crate::SYNC_LIMIT;

/// Mails of the large account and the number that is mirrored of it unless told otherwise.
const PLANTED: u64 = 3_000;
const WINDOW: usize = 1_500;
/// What a kill may cost: one batch fetched again (the engine's `BATCH_MESSAGES`).
const BATCH: u64 = 200;
const KILLS: u64 = 20;
/// Bodies compared byte by byte.
const SAMPLED: usize = 200;

/// The newest `count` messages by INTERNALDATE as `imaplib` sees them, by Message-ID.
fn newest(rig: &Rig, user: &User, count: usize) -> BTreeMap<String, Value> {
    let mut all = python::imap_view(rig, user);
    all.sort_by_key(|message| std::cmp::Reverse(message["internalDate"].as_u64()));
    all.truncate(count);
    let named = |message: Value| (message["messageId"].as_str().unwrap().to_owned(), message);
    all.into_iter().map(named).collect()
}

fn assert_equal(mirror: &BTreeMap<String, Mirrored>, server: &BTreeMap<String, Value>) {
    let missing: Vec<_> = server.keys().filter(|id| !mirror.contains_key(*id)).take(5).collect();
    let extra: Vec<_> = mirror.keys().filter(|id| !server.contains_key(*id)).take(5).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{} mirrored, {} wanted; missing {missing:?}, not wanted {extra:?}",
        mirror.len(),
        server.len()
    );
    for (id, message) in server {
        let mirrored = &mirror[id];
        assert_eq!(mirrored.mailbox, message["mailbox"].as_str().unwrap(), "mailbox of {id}");
        assert_eq!(mirrored.keywords, keywords_of(&message["flags"]), "flags of {id}");
        assert_eq!(Some(mirrored.size), message["size"].as_u64(), "size of {id}");
        assert_eq!(Some(mirrored.received_at), message["internalDate"].as_i64(), "date of {id}");
    }
}

/// Every n-th body, exported over the command line, against the bytes on the server.
fn assert_bodies(home: &Home, mirror: &BTreeMap<String, Mirrored>, planted: &[maildir::Planted]) {
    let bytes: BTreeMap<&str, &[u8]> = planted
        .iter()
        .map(|planted| (planted.message_id.as_str(), planted.bytes.as_slice()))
        .collect();
    for (message_id, mirrored) in mirror.iter().step_by(mirror.len().div_ceil(SAMPLED)) {
        let export = home.chapar(&["mail", "export", &mirrored.id], b"");
        assert_eq!(export.code, Some(0), "{}", export.stderr);
        assert!(export.stdout == bytes[message_id.as_str()], "the bytes of {message_id} differ");
    }
}

#[test]
fn three_accounts_and_exactly_the_newest_of_the_large_one() {
    let rig = Rig::shared();
    let (large, small, empty) = (rig.user(), rig.user(), rig.user());
    let planted = maildir::plant_tree(&large, PLANTED);
    maildir::plant_folder(&small, "INBOX", 40);
    let home = Home::new();
    home.start();
    let others = [home.connect_ok(rig, &small), home.connect_ok(rig, &empty)];
    let account = home.connect_ok(rig, &large);

    // usable before the end: the newest 50 can be listed at a time that lies before the last event
    let list = |_: u32| {
        let answer = home.json(&["mail", "list", "--limit", "50", "-a", &account], b"");
        let now = jiff::Timestamp::now();
        (mirror_count(&answer.json) == 50).then_some(now)
    };
    let listed = (0..2_000).find_map(list).expect("50 mails listed");
    home.wait_live(&account, SYNC_LIMIT);
    let ended = completed_at(&home, &account);
    assert!(listed < ended, "listed at {listed}, the sync ended at {ended}");

    let status = home.account_status(&account);
    assert_eq!(status["mails"], WINDOW);
    let server = newest(rig, &large, WINDOW);
    let mirror = mirror::read(&home, &account);
    assert_equal(&mirror, &server);
    assert_bodies(&home, &mirror, &planted);
    for (id, count) in others.iter().zip([40, 0]) {
        home.wait_live(id, SYNC_LIMIT);
        assert_eq!(home.account_status(id)["mails"], count);
    }
    home.stop();
}

/// How many mails a `mail list` shows, whatever its array is called.
fn mirror_count(list: &Value) -> usize {
    let arrays = list.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    arrays.map(Vec::len).max().unwrap_or(0)
}

/// When the first sync of an account ended, from the journal.
fn completed_at(home: &Home, account: &str) -> jiff::Timestamp {
    let start = home.first_cursor();
    let question = json!({"since": start, "types": ["sync.completed"], "limit": 500});
    let page = home.call("event/get", &question);
    let events = page["events"].as_array().unwrap_or_else(|| panic!("no events in {page}"));
    let of = |event: &&Value| event["accountId"] == account && event["data"]["initial"] == true;
    let event = events.iter().find(of).unwrap_or_else(|| panic!("no end of {account}: {page}"));
    event["at"].as_str().unwrap().parse().unwrap()
}

#[test]
fn killed_twenty_times_it_loses_and_doubles_nothing() {
    let rig = Rig::shared();
    let user = rig.user();
    let planted = maildir::plant_tree(&user, PLANTED);
    let home = Home::new();
    home.start();
    let all = PLANTED.to_string();
    let more = ["--window", &all];
    let answer = home.connect(rig, &user, &rig.imaps(), &rig.smtps(), &more).ok();
    let account = chapar_tests::rig::home::account_id(&answer);
    let mut under_way = 0;
    for n in 0..KILLS {
        // points spread over what a restart does: login, headers, bodies
        thread::sleep(Duration::from_millis(15 + 23 * (n * 7 % 11)));
        let before = home.account_status(&account);
        under_way += u64::from(before["state"] != "live");
        home.kill();
        home.start();
    }
    home.wait_live(&account, SYNC_LIMIT);
    let mirror = mirror::read(&home, &account);
    assert_equal(&mirror, &newest(rig, &user, planted.len()));
    assert_bodies(&home, &mirror, &planted);
    home.stop();
    let fetched = rig.dovecot.bodies_fetched(&user);
    println!("{under_way} of {KILLS} kills during the sync; {fetched} fetches for {PLANTED} mails");
    assert!(under_way >= KILLS / 4, "only {under_way} kills met the sync: it was over too early");
    // Dovecot counts a header fetch and a whole fetch as one body each
    let limit = 2 * PLANTED + 2 * BATCH * (KILLS + 1);
    assert!(fetched <= limit, "{fetched} bodies fetched for {PLANTED} mails and {KILLS} kills");
}

#[test]
fn flags_deletions_and_a_new_uid_validity_are_followed() {
    let rig = Rig::shared();
    let user = rig.user();
    maildir::plant_folder(&user, "INBOX", 60);
    maildir::plant_folder(&user, "Clients/Acme", 30);
    let home = Home::new();
    home.start();
    let account = home.connect_ok(rig, &user);
    home.wait_live(&account, SYNC_LIMIT);
    let follow = |what: &str| {
        // a session ended by the server at this moment is "try again" (75), never anything worse
        let asked = home.json(&["sync", &account, "--wait"], b"");
        assert!([0, 75].contains(&asked.code), "{what}: {}", asked.json);
        let server = newest(rig, &user, WINDOW);
        let same = |mirror: &BTreeMap<String, Mirrored>| {
            mirror.keys().eq(server.keys())
                && mirror
                    .iter()
                    .all(|(id, mail)| mail.keywords == keywords_of(&server[id]["flags"]))
        };
        let found = chapar_tests::rig::process::poll(Duration::from_secs(30), || {
            let mirror = mirror::read(&home, &account);
            same(&mirror).then_some(())
        });
        if found.is_none() {
            assert_equal(&mirror::read(&home, &account), &server);
            panic!("{what}");
        }
    };
    let address = user.address.as_str();
    rig.dovecot.doveadm(&[
        "flags",
        "add",
        "-u",
        address,
        "\\Flagged $Work",
        "mailbox",
        "INBOX",
        "uid",
        "5:9",
    ]);
    rig.dovecot.doveadm(&["flags", "remove", "-u", address, "\\Seen", "mailbox", "INBOX", "1:60"]);
    follow("changed flags");
    rig.dovecot.doveadm(&["expunge", "-u", address, "mailbox", "INBOX", "uid", "10:29"]);
    rig.dovecot.doveadm(&["expunge", "-u", address, "mailbox", "Clients/Acme", "uid", "1:3"]);
    follow("mail gone");
    rig.dovecot.change_uid_validity(&user, "Clients/Acme", 4_242);
    follow("a new UIDVALIDITY");
    rig.dovecot.change_uid_validity(&user, "INBOX", 4_243);
    rig.dovecot.kick(&user);
    follow("a new UIDVALIDITY of INBOX");
}
