//! The desktop around the daemon: what a person is shown, and a machine that wakes up.

use std::time::Duration;

use chapar_tests::rig::Rig;
use chapar_tests::rig::home::account_id;
use chapar_tests::rig::keyring::Desktop;
use chapar_tests::rig::logind::Logind;
use chapar_tests::rig::notifier::{Notifier, Shown};
use chapar_tests::rig::oidc::Persona;
use chapar_tests::rig::process::wait_for;
use chapar_tests::rig::proxy::Proxy;
use serde_json::json;

use crate::SYNC_LIMIT;
use crate::signin::Town;
use crate::stream::{PUSH_LIMIT, Stream};

/// Waits until somebody is shown that.
fn told(notifier: &Notifier, summary: &str) -> Shown {
    let mut last = vec![];
    let found = chapar_tests::rig::process::poll(PUSH_LIMIT, || {
        last = notifier.shown();
        last.iter().find(|shown| shown.summary.starts_with(summary)).cloned()
    });
    found.unwrap_or_else(|| panic!("{summary}: only {last:?} was shown"))
}

#[test]
fn dunst_shows_the_three_things_a_person_should_hear_of() {
    let desktop = Desktop::new();
    let notifier = Notifier::start(&desktop);
    let town = Town::in_home(Persona::Generic, desktop.home());
    // the person signs in: the inbox is ready
    let user = town.rig.user();
    let account = town.connect(&user);
    town.home.wait_live(&account, SYNC_LIMIT);
    let ready = told(&notifier, "Inbox ready");
    assert!(ready.summary.contains(" mails in "), "{ready:?}");

    // another account, which has not spoken within the last minute: a mail that nobody takes
    let sender = town.rig.user();
    let quiet = ["--notify", "none"];
    let (imaps, smtps) = (town.rig.imaps(), town.rig.smtps());
    let answer = town.home.connect(town.rig, &sender, &imaps, &smtps, &quiet);
    let sending = account_id(&answer.ok());
    town.home.wait_live(&sending, SYNC_LIMIT);
    town.home.json(&["account", "update", &sending, "--notify", "desktop"], b"").ok();
    let words = ["send", "-a", &sending, "--to", "reject@remote.test", "--text", "-"];
    let subject = ["--subject", "<b>Offer</b> & more"];
    let ran = town.home.chapar(&[&words[..], &subject].concat(), b"x\n");
    assert_eq!(ran.code, Some(0), "{} {}", ran.text(), ran.stderr);
    let unsent = told(&notifier, "Not sent: ");
    assert_eq!(unsent.summary, "Not sent: <b>Offer</b> & more");
    assert!(unsent.body.contains("550 5.1.1"), "the server's own words: {unsent:?}");

    // and one whose sign-in is taken back
    let issuer = town.rig.issuer(Persona::Generic);
    issuer.set(&json!({"accessTtl": 8}));
    let revoked = town.rig.user();
    // an account speaks once a minute: it has said nothing when its sign-in ends
    let account = town.connect_quietly(&revoked);
    town.home.wait_live(&account, SYNC_LIMIT);
    town.home.json(&["account", "update", &account, "--notify", "desktop"], b"").ok();
    assert_eq!(issuer.revoke(&revoked), 1);
    town.rig.dovecot.kick(&revoked);
    let again = told(&notifier, "Sign in again: ");
    issuer.set(&json!({"accessTtl": 3600}));
    assert!(!again.body.is_empty(), "says why: {again:?}");
    for user in [&user, &revoked] {
        issuer.grants(user);
    }
    let shown = notifier.shown();
    println!("rig: dunst showed {:?}", shown.iter().map(|one| &one.summary).collect::<Vec<_>>());
}

#[test]
fn a_dead_link_is_found_dead_when_logind_says_that_the_machine_slept() {
    let rig = Rig::shared();
    let logind = Logind::start();
    let proxy = Proxy::start(rig.dovecot.ports.imaps, Duration::ZERO);
    let user = rig.user();
    let home = logind.home();
    home.start();
    let answer = home.connect(rig, &user, &proxy.address(), &rig.smtps(), &["--notify", "none"]);
    let account = account_id(&answer.ok());
    home.wait_live(&account, SYNC_LIMIT);
    wait_for(PUSH_LIMIT, "push", || {
        home.account_status(&account)["push"].is_string().then_some(())
    });
    let mut stream = Stream::new(&home, user);
    logind.prepare_for_sleep(true);
    proxy.stall();
    stream.deliver(3);
    logind.prepare_for_sleep(false);
    // without the word of logind the silence is believed for 100 s
    stream.settle("a link that died in its sleep", PUSH_LIMIT);
    let log = home.chapar(&["logs"], b"").text();
    assert!(log.contains("resumed from sleep (logind)"), "{log}");
}
