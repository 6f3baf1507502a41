//! What Postfix puts off is tried again unchanged and ends; what was lost after the final dot is never
//! sent again by itself, and is settled by looking where the server files sent mail.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::policy::Stage;
use chapar_tests::rig::process::poll;
use chapar_tests::rig::proxy::Proxy;
use chapar_tests::rig::{Rig, User, python};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{SYNC_LIMIT, live};

/// The first retry comes after a minute and a fifth; the rest is patience.
const RETRY_LIMIT: Duration = Duration::from_mins(4);
/// The first looks for an unknown one come after 5 s and 30 s.
const LOOK_LIMIT: Duration = Duration::from_mins(3);
/// One try: login, envelope, bytes.
const TRY_LIMIT: Duration = Duration::from_mins(1);

/// Sends without waiting for the outcome; the submission's id.
fn send(home: &Home, account: &str, to: &[&str], subject: &str) -> String {
    let mut args = vec!["send", "-a", account, "--no-input", "--subject", subject, "--text", "-"];
    for person in to {
        args.extend(["--to", person]);
    }
    let answer = home.json(&args, b"as it is\n").ok();
    let id = answer["submissionId"].as_str().or_else(|| answer["submission"]["id"].as_str());
    id.unwrap_or_else(|| panic!("no submission in {answer}")).to_owned()
}

fn submission(home: &Home, account: &str, id: &str) -> Value {
    let got = home.call("EmailSubmission/get", &json!({"accountId": account, "ids": [id]}));
    got["list"][0].clone()
}

fn wait_until(
    home: &Home,
    account: &str,
    id: &str,
    limit: Duration,
    what: &str,
    ready: impl Fn(&Value) -> bool,
) -> Value {
    let mut last = Value::Null;
    let found = poll(limit, || {
        last = submission(home, account, id);
        ready(&last).then(|| last.clone())
    });
    found.unwrap_or_else(|| {
        panic!("{what}: not within {limit:?}: {last}\n{}", Rig::shared().postfix.log())
    })
}

/// The Message-IDs of the mails with this subject in a mailbox, once there are any.
fn copies(user: &User, mailbox: &str, subject: &str) -> Vec<String> {
    let found = poll(TRY_LIMIT, || {
        let mut facts = python::mailbox_facts(Rig::shared(), user, mailbox);
        facts.retain(|fact| fact["subject"] == subject);
        (!facts.is_empty()).then_some(facts)
    });
    let id = |fact: Value| {
        let id = fact["headers"]["message-id"].as_str().or_else(|| fact["messageId"].as_str());
        id.unwrap_or_else(|| panic!("no Message-ID in {fact}")).trim_matches(['<', '>']).to_owned()
    };
    found.unwrap_or_default().into_iter().map(id).collect()
}

fn assert_one_copy(person: &User, mailbox: &str, one: &Value) {
    let subject = one["subject"].as_str().unwrap();
    let id = one["messageId"].as_str().unwrap();
    let found = copies(person, mailbox, subject);
    assert_eq!(found, [id.trim_matches(['<', '>'])], "{subject:?} in {mailbox} of {}", person.name);
}

/// How often Postfix has read a message with this Message-ID up to its final dot.
fn times_at_the_dot(message_id: &str) -> usize {
    let needle = format!("message-id=<{}>", message_id.trim_matches(['<', '>']));
    Rig::shared().postfix.log().matches(&needle).count()
}

#[test]
fn what_is_put_off_is_tried_again_unchanged_and_ends() {
    let rig = Rig::shared();
    let policy = &rig.postfix.policy;
    let (home, sender, account) = live();
    let [plain, grey, late, refused] = [(); 4].map(|()| rig.user());
    let put_off = |reply: &'static str, then: &'static str| {
        move |n: u32| if n == 0 { reply } else { then }.to_owned()
    };
    policy.on(Stage::Recipient, &grey.address, put_off("450 4.2.0 Greylisted", "DUNNO"));
    policy.on(Stage::Message, &late.address, put_off("451 4.3.0 Not now", "DUNNO"));
    policy.on(
        Stage::Recipient,
        &refused.address,
        put_off("450 4.2.0 Greylisted", "550 5.7.1 Not you"),
    );

    let half = send(&home, &account, &[&plain.address, &grey.address], "half put off");
    let dot = send(&home, &account, &[&late.address], "put off at the dot");
    let no = send(&home, &account, &[&refused.address], "put off, then refused");
    let never = send(&home, &account, &["tempfail@example.test"], "put off for ever");

    let waits = |id: &str, what: &str| {
        wait_until(&home, &account, id, TRY_LIMIT, what, |one| {
            one["attempts"].as_u64() >= Some(1) && one["phase"] == "queued"
        })
    };
    let first = [
        waits(&half, "one recipient put off"),
        waits(&dot, "put off after the dot"),
        waits(&no, "put off"),
        waits(&never, "put off for ever"),
    ];
    let status = |one: &Value, user: &User| {
        one["deliveryStatus"][&user.address]["delivered"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&first[0], &plain), "yes", "who was accepted is not kept waiting");
    assert_eq!(status(&first[0], &grey), "queued");
    assert!(first[1]["lastReply"].as_str().unwrap().starts_with("451"), "{}", first[1]);

    let ended = |id: &str, phase: &str| {
        let what = format!("the retry to end as {phase}");
        wait_until(&home, &account, id, RETRY_LIMIT, &what, |one| one["phase"] == phase)
    };
    let done = [ended(&half, "sent"), ended(&dot, "sent"), ended(&no, "failed")];
    for (before, after) in first.iter().zip(&done) {
        assert_eq!(before["messageId"], after["messageId"], "a retry is the same message");
        assert_eq!(after["attempts"], 2, "{after}");
    }
    assert_eq!(status(&done[0], &grey), "yes");
    assert_eq!(status(&done[2], &refused), "no");
    assert_eq!(policy.asked(Stage::Recipient, &grey.address), 2);
    assert_eq!(policy.asked(Stage::Recipient, &refused.address), 2);
    assert_eq!(policy.asked(Stage::Message, &late.address), 2);
    assert_eq!(times_at_the_dot(done[1]["messageId"].as_str().unwrap()), 2, "the same Message-ID");
    for (person, one) in [(&plain, &done[0]), (&grey, &done[0]), (&late, &done[1])] {
        assert_one_copy(person, "INBOX", one);
    }
    for one in &done[..2] {
        wait_until(&home, &account, one["id"].as_str().unwrap(), TRY_LIMIT, "filed", |one| {
            one["filed"] == "filed"
        });
        assert_one_copy(&sender, "Sent", one);
    }

    let still = wait_until(&home, &account, &never, RETRY_LIMIT, "a second try", |one| {
        one["attempts"].as_u64() >= Some(2) && one["phase"] == "queued"
    });
    assert_eq!(still["messageId"], first[3]["messageId"]);
    home.json(&["outbox", "cancel", &never, "-y"], b"").ok();
    ended(&never, "canceled");
    assert_eq!(home.status()["outbox"]["waiting"], 0);
}

/// A sender whose server files sent mail, live, with submission through a proxy that can be cut.
fn filed_sender() -> (Home, User, String, Arc<Proxy>) {
    let rig = Rig::shared();
    let proxy = Arc::new(Proxy::start(rig.postfix.ports.smtps, Duration::ZERO));
    let user = rig.filed_user();
    let home = Home::new();
    home.start();
    let answer = home.connect(rig, &user, &rig.imaps(), &proxy.address(), &[]).ok();
    let account = account_id(&answer);
    home.wait_live(&account, SYNC_LIMIT);
    (home, user, account, proxy)
}

#[test]
fn lost_after_the_dot_it_is_found_where_the_server_filed_it() {
    let rig = Rig::shared();
    let (home, sender, account, proxy) = filed_sender();
    let (cut, killed) = (rig.user(), rig.user());

    // the dot is with Postfix, the link dies before its reply
    let policy = &rig.postfix.policy;
    policy.on(Stage::Message, &cut.address, move |_| {
        proxy.reset();
        "DUNNO".to_owned()
    });
    let id = send(&home, &account, &[&cut.address], "cut after the dot");
    let unknown = |one: &Value| one["phase"] == "unknown";
    wait_until(&home, &account, &id, TRY_LIMIT, "unknown after the cut", unknown);
    let sent = |one: &Value| one["phase"] == "sent" && one["filed"] == "filed";
    let one = wait_until(&home, &account, &id, LOOK_LIMIT, "found in Sent", sent);
    assert_one_copy(&cut, "INBOX", &one);
    assert_one_copy(&sender, "Sent", &one);

    // the same moment, and the daemon itself is gone
    let daemon = Pid::from_raw(i32::try_from(home.daemon_pid()).unwrap()).unwrap();
    policy.on(Stage::Message, &killed.address, move |n| {
        if n == 0 {
            kill_process(daemon, Signal::KILL).unwrap();
        }
        "DUNNO".to_owned()
    });
    let id = send(&home, &account, &[&killed.address], "killed after the dot");
    assert!(poll(TRY_LIMIT, || (!home.is_running()).then_some(())).is_some(), "killed at the dot");
    home.kill();
    home.start();
    let one = wait_until(&home, &account, &id, LOOK_LIMIT, "found after the kill", sent);
    assert_one_copy(&killed, "INBOX", &one);
    assert_one_copy(&sender, "Sent", &one);
    for person in [&cut, &killed] {
        assert_eq!(policy.asked(Stage::Message, &person.address), 1, "never sent again");
    }
}

#[test]
fn lost_after_the_dot_and_found_nowhere_it_stays_unknown_until_a_person_decides() {
    let rig = Rig::shared();
    let policy = &rig.postfix.policy;
    let (home, sender, account, proxy) = filed_sender();
    let other = rig.user();
    // Postfix refuses it, but the link dies before it can say so
    policy.on(Stage::Message, &other.address, move |n| {
        if n > 0 {
            return "DUNNO".to_owned();
        }
        proxy.reset();
        "550 5.7.1 Never said".to_owned()
    });
    let id = send(&home, &account, &[&other.address], "refused unheard");
    let unknown = |one: &Value| one["phase"] == "unknown";
    wait_until(&home, &account, &id, TRY_LIMIT, "unknown after the cut", unknown);
    assert_eq!(home.status()["outbox"]["unknown"], 1);
    // longer than the first looks, and over a restart
    thread::sleep(Duration::from_secs(8));
    home.stop();
    home.start();
    thread::sleep(Duration::from_secs(40));
    let one = submission(&home, &account, &id);
    assert_eq!(one["phase"], "unknown", "{one}");
    assert_eq!(policy.asked(Stage::Message, &other.address), 1, "never sent again by itself");
    assert_eq!(python::mailbox_facts(rig, &other, "INBOX").len(), 0);

    home.json(&["outbox", "resolve", &id, "--resend", "-y"], b"").ok();
    let sent = |one: &Value| one["phase"] == "sent";
    let one = wait_until(&home, &account, &id, TRY_LIMIT, "sent when told to", sent);
    assert_one_copy(&other, "INBOX", &one);
    assert!(
        copies(&sender, "Sent", "refused unheard")
            .contains(&one["messageId"].as_str().unwrap().trim_matches(['<', '>']).to_owned())
    );
}
