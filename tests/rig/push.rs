//! Push: every delivery becomes one `email.received`, whatever happens to the link.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::proxy::Proxy;
use chapar_tests::rig::watch::Watch;
use chapar_tests::rig::{Rig, User};
use rustix::process::Signal;

use crate::SYNC_LIMIT;

/// A dead link is noticed in at most two minutes; then comes a reconnect.
const HALF_OPEN_LIMIT: Duration = Duration::from_secs(150);
/// Dovecot itself waits half a second; backoff after a lost link is seconds.
const PUSH_LIMIT: Duration = Duration::from_mins(1);
/// The stop of five minutes is run as it is when asked for, and shortened otherwise.
const STOPPED: Duration = Duration::from_secs(20);

fn stopped_for() -> Duration {
    match std::env::var_os("CHAPAR_RIG_LONG") {
        Some(_) => Duration::from_mins(5),
        None => STOPPED,
    }
}

/// Delivers and counts what comes out of `chapar watch`.
struct Stream {
    user: User,
    watch: Watch,
    delivered: u32,
    seen: BTreeMap<String, u32>,
}

impl Stream {
    fn new(home: &Home, user: User) -> Self {
        let watch = home.watch(&["--type", "email.received"]);
        // the stream says when it is live: what is delivered from now on must come out of it
        thread::sleep(Duration::from_millis(500));
        Self { user, watch, delivered: 0, seen: BTreeMap::new() }
    }

    fn deliver(&mut self, count: u32) {
        for _ in 0..count {
            let n = self.delivered;
            let message = format!(
                "From: sender@remote.test\nTo: {0}\nSubject: push {n}\n\
                 Message-ID: <push{n}.{1}@gen.test>\n\nbody {n}\n",
                self.user.address, self.user.name
            );
            Rig::shared().dovecot.deliver(&self.user, &message);
            self.delivered += 1;
        }
    }

    /// Waits until everything delivered was announced, each once.
    fn settle(&mut self, what: &str, limit: Duration) {
        while self.seen.len() < self.delivered as usize {
            let event = self.watch.next(limit, |event| event["type"] == "email.received");
            let Some(event) = event else {
                let lost: Vec<_> = (0..self.delivered)
                    .filter(|n| !self.seen.contains_key(&format!("push {n}")))
                    .collect();
                panic!("{what}: {lost:?} of {} not announced within {limit:?}", self.delivered);
            };
            let subject = event["data"]["subject"].as_str().unwrap().to_owned();
            *self.seen.entry(subject).or_default() += 1;
        }
        let twice: Vec<_> = self.seen.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{what}: announced twice {twice:?}");
    }
}

/// A live account whose IMAP goes through a proxy that can be broken.
fn behind_proxy() -> (Home, Stream, Proxy, String) {
    let rig = Rig::shared();
    let proxy = Proxy::start(rig.dovecot.ports.imaps, Duration::ZERO);
    let user = rig.user();
    let home = Home::new();
    home.start();
    let answer = home.connect(rig, &user, &proxy.address(), &rig.smtps(), &[]).ok();
    let account = account_id(&answer);
    home.wait_live(&account, SYNC_LIMIT);
    let stream = Stream::new(&home, user);
    (home, stream, proxy, account)
}

#[test]
fn two_hundred_deliveries_through_every_fault() {
    let rig = Rig::shared();
    let (home, mut stream, proxy, account) = behind_proxy();
    stream.deliver(60);
    stream.settle("a quiet link", PUSH_LIMIT);

    for _ in 0..3 {
        stream.deliver(5);
        rig.dovecot.kick(&stream.user);
        stream.deliver(10);
    }
    stream.settle("sessions ended by the server", PUSH_LIMIT);

    for _ in 0..3 {
        stream.deliver(5);
        proxy.reset();
        stream.deliver(10);
    }
    stream.settle("reset connections", PUSH_LIMIT);

    home.signal(Signal::STOP);
    stream.deliver(20);
    thread::sleep(stopped_for());
    home.signal(Signal::CONT);
    stream.settle("a stopped daemon", PUSH_LIMIT);

    stream.deliver(5);
    home.kill();
    stream.deliver(5);
    home.start();
    home.wait_live(&account, SYNC_LIMIT);
    stream.watch = home.watch(&["--type", "email.received", "--since", &home.first_cursor()]);
    stream.seen.clear();
    stream.settle("a killed daemon, read again from the start", PUSH_LIMIT);

    stream.watch = home.watch(&["--type", "email.received"]);
    thread::sleep(Duration::from_millis(500));
    let announced = stream.seen.clone();
    proxy.stall();
    stream.deliver(20);
    stream.settle("a half-open link", HALF_OPEN_LIMIT);
    assert!(stream.seen.len() >= announced.len() + 20);
    assert_eq!(stream.delivered, 200);
}

#[test]
fn a_restarted_server() {
    let rig = Rig::start();
    let user = rig.user();
    let home = Home::new();
    home.start();
    let account = home.connect_ok(&rig, &user);
    home.wait_live(&account, SYNC_LIMIT);
    let watch = home.watch(&["--type", "email.received"]);
    thread::sleep(Duration::from_millis(500));
    rig.dovecot.stop();
    home.wait_account(&account, Duration::from_secs(30), "the loss noticed", |account| {
        account["state"] != "live"
    });
    rig.dovecot.start_again();
    rig.dovecot.deliver(&user, "Subject: after the restart\n\nx\n");
    let event = watch.next(PUSH_LIMIT, |event| event["data"]["subject"] == "after the restart");
    assert!(event.is_some(), "not announced; {}", home.account_status(&account));
}
