//! Where a failure belongs, and when a certificate is worth a word.

use super::{Seen, certificate, step_of};
use crate::doctor::Outcome;
use chapar_engine::time::Wall;
use chapar_engine::verdict::{Failure, Step};
use std::time::Duration;

fn step(code: &'static str, tcp: bool, tls: bool) -> Step {
    let stood = |stood: bool| stood.then_some(Duration::from_millis(1));
    let seen = Seen { tcp: stood(tcp), tls: stood(tls), until: None };
    step_of(&seen, &Failure::of(code, "m", None))
}

#[test]
fn a_failure_is_never_at_a_step_that_stood() {
    assert_eq!(step("net.unknown_host", false, false), Step::Dns);
    assert_eq!(step("net.refused", false, false), Step::Tcp);
    assert_eq!(step("tls.expired", true, false), Step::Tls);
    // the connection stood, then nothing came
    assert_eq!(step("net.timeout", true, false), Step::Tls);
    assert_eq!(step("net.timeout", true, true), Step::Greeting);
    assert_eq!(step("net.lost", true, true), Step::Greeting);
    assert_eq!(step("imap.auth", true, true), Step::Auth);
    assert_eq!(step("imap.no_mailbox", true, true), Step::Select);
    assert_eq!(step("smtp.auth_disabled", true, true), Step::Auth);
    // before STARTTLS the server greets first
    assert_eq!(step("imap.preauth", true, false), Step::Greeting);
}

#[test]
fn a_certificate_is_worth_a_word_two_weeks_before_its_end() {
    // 2026-11-22T00:00:00Z
    let now = Wall(1_795_305_600_000);
    let outcome = |until| certificate("tls", Some(until), now).outcome;
    assert_eq!(outcome("2027-03-02"), Outcome::Ok);
    assert_eq!(outcome("2026-12-06"), Outcome::Ok);
    let soon = certificate("tls", Some("2026-12-05"), now);
    assert_eq!((soon.outcome, soon.code), (Outcome::Warning, Some("tls.ends_soon")));
    assert!(soon.title.contains("13 days left"), "{}", soon.title);
    assert_eq!(outcome("4096-01-01"), Outcome::Ok);
    assert_eq!(outcome("no day"), Outcome::Ok);
}
