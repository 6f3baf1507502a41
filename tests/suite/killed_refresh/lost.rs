//! An answer of the issuer that never became durable, at the real daemon: by a lost connection or by
//! a kill. Within an issuer's grace nothing is noticed. Without, the person is told once, nothing
//! but the grant is lost, and a new sign-in mends it.

use super::home::{Home, LIMIT, USER, until};
use chapar_ipc_protocol::client::Client;
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::grant::Death;
use chapar_tests::sandbox::oauth::rules::Rotation;
use chapar_tests::sandbox::provider::Personality;
use serde_json::{Value, json};
use std::process::Child;

const MAILS: usize = 30;

/// The running daemon, seen through its socket; killed when dropped.
struct Daemon<'h> {
    home: &'h Home,
    child: Child,
}

impl<'h> Daemon<'h> {
    fn start(home: &'h Home) -> Self {
        Self { child: home.daemon(), home }
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        let mut client = None;
        until("the daemon does not listen", || {
            client = Client::connect(&self.home.path("run/chapar/v1.sock")).ok();
            client.is_some()
        });
        let mut client = client.unwrap();
        client.set_timeout(Some(LIMIT)).unwrap();
        let reply = client.call_raw(method, params);
        let reply = reply.unwrap_or_else(|error| panic!("{method}: {error}"));
        serde_json::from_str(reply.get()).unwrap()
    }

    fn account(&self) -> Value {
        self.call("Account/get", &json!({}))["list"][0].take()
    }

    fn comes_to(&self, state: &str) -> Value {
        let mut account = Value::Null;
        until(&format!("it does not come to be {state}"), || {
            account = self.account();
            account["state"] == state
        });
        account
    }

    /// How often each health code was said to be bad since `cursor`.
    fn said(&self, cursor: &Value, code: &str) -> usize {
        let ask = json!({"since": cursor, "types": ["health.changed"], "limit": 500});
        let events = self.call("event/get", &ask);
        let events = events["events"].as_array().unwrap().iter();
        events
            .filter(|event| event["data"]["code"] == code && event["data"]["severity"] != "ok")
            .count()
    }

    fn cursor(&self) -> Value {
        self.call("event/get", &json!({}))["cursor"].take()
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The issuer does what is asked once, and its answer is lost on the way.
fn lose_the_answer(home: &Home) {
    let fault = Fault::Hangup { command: "REFRESH".into(), done: true };
    home.provider.faults.add(Service::Issuer, fault, 1);
}

#[test]
fn a_lost_answer_is_asked_for_again_and_grace_forgives_it() {
    for rotation in [Rotation::Strict { grace: 60 }, Rotation::Lenient] {
        let home = Home::new(Personality::default(), rotation);
        lose_the_answer(&home);
        let daemon = Daemon::start(&home);
        daemon.comes_to("live");
        assert_eq!(home.at_issuer("REFRESHED"), 2, "the lost one and the one after it");
        assert_eq!(home.provider.issuer.fates(USER), [None]);
    }
}

#[test]
fn a_grant_that_is_lost_is_said_once_and_a_new_sign_in_mends_it() {
    type Loss = fn(&Home);
    let killed: Loss = |home| {
        let life = home.life(|call| call.name().starts_with("rename"));
        assert!(life.killed.is_some());
    };
    for (name, lose) in [("a lost answer", lose_the_answer as Loss), ("a kill", killed)] {
        let home = Home::new(Personality::default(), Rotation::Strict { grace: 0 });
        let newest = jiff::Timestamp::now().as_second() - 600;
        corpus::fill(&home.provider.store, USER, &["INBOX", "Archive"], MAILS, 3, newest);
        let daemon = Daemon::start(&home);
        daemon.comes_to("live");
        until("it does not mirror the mail", || daemon.account()["mails"] == MAILS);
        let before = daemon.account();
        let cursor = daemon.cursor();
        drop(daemon);
        lose(&home);

        let daemon = Daemon::start(&home);
        let account = daemon.comes_to("authExpired");
        assert_eq!(account["health"][0]["code"], "oauth.expired", "{name}: {account}");
        assert_eq!(account["mails"], before["mails"], "{name}");
        let id = account["id"].clone();
        let mail = json!({
            "accountId": id, "to": [{"email": "friend@far.test"}], "subject": "Kept",
            "text": "A line.\n",
        });
        let sent = daemon.call("Email/send", &mail);
        assert_eq!(daemon.said(&cursor, "oauth.expired"), 1, "{name}: said once");
        drop(daemon);

        let asked = home.at_issuer("REFRESH");
        let daemon = Daemon::start(&home);
        daemon.comes_to("authExpired");
        assert_eq!(home.at_issuer("REFRESH"), asked + 2, "{name}: each slot once a start");
        let ran = home.chapar(&["account", "reconnect", "ada"]);
        assert_eq!(ran.code, Some(0), "{name}: {} {}", ran.text(), ran.stderr);
        let account = daemon.comes_to("live");
        assert_eq!(account["id"], id, "{name}");
        assert!(account["mails"].as_u64() >= before["mails"].as_u64(), "{name}");
        let message = sent["submission"]["messageId"].as_str().unwrap().to_owned();
        until("what waited is not sent", || {
            let all = home.provider.ledger.deliveries();
            all.iter().filter(|one| one.message_id == message).count() == 1
        });
        assert_eq!(home.provider.issuer.fates(USER), [Some(Death::Reused), None], "{name}");
        eprintln!("strict, {name}: said once, mail and outbox kept, mended by one sign-in");
    }
}
