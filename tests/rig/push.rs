//! Push: every delivery becomes one `email.received`, whatever happens to the link.

use std::thread;
use std::time::Duration;

use chapar_tests::rig::Rig;
use chapar_tests::rig::home::{Home, account_id};
use chapar_tests::rig::proxy::Proxy;
use rustix::process::Signal;

use crate::SYNC_LIMIT;
use crate::stream::{HALF_OPEN_LIMIT, PUSH_LIMIT, Stream};

/// The stop of five minutes is run as it is when asked for, and shortened otherwise.
const STOPPED: Duration = Duration::from_secs(20);

fn stopped_for() -> Duration {
    match std::env::var_os("CHAPAR_RIG_LONG") {
        Some(_) => Duration::from_mins(5),
        None => STOPPED,
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
