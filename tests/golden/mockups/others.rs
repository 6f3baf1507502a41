//! Other providers: found, or not found; a certificate that is none, a wrong password; the first run.

use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::provider::Personality;

use super::{ANA, PASSWORD, accounts, stage, told, vault};
use crate::stage::Stage;
use crate::terminal::HIDDEN;
use crate::transcript::Transcript;

/// The provider is known and has no sign-in.
fn password_stage() -> Stage {
    let stage = stage(Personality::default());
    let text = std::fs::read_to_string(stage.dir().join("config/chapar/config.toml")).unwrap();
    let text: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("issuer") && !line.starts_with("client_id"))
        .collect();
    stage.file("config/chapar/config.toml", &text.join("\n"));
    stage
}

#[test]
fn the_first_run() {
    let stage = password_stage();
    let mut page = Transcript::new(&stage, "first_run");
    let talk =
        Talk::new().answers("empty = leave", ANA).answers("Use these", "").hides(HIDDEN, PASSWORD);
    let (said, code) = told(&mut page, &stage, &[], &talk, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(PASSWORD), "the password was shown: {said}");
    page.check();
}

#[test]
fn found_and_declined_and_a_wrong_password() {
    let stage = password_stage();
    let mut page = Transcript::new(&stage, "connect_found");
    let words = ["connect", ANA];
    let declined = Talk::new().answers("Use these", "n");
    assert_eq!(told(&mut page, &stage, &words, &declined, &[]).1, 75);
    let wrong = Talk::new().answers("Use these", "y").hides(HIDDEN, "wrong");
    let wrong = wrong.hides(HIDDEN, "wrong").hides(HIDDEN, "wrong");
    assert_eq!(told(&mut page, &stage, &words, &wrong, &[]).1, 77);
    assert_eq!(accounts(&stage).len(), 0);
    assert_eq!(vault(&stage), b"");
    let right = Talk::new().answers("Use these", "").hides(HIDDEN, PASSWORD);
    let (said, code) = told(&mut page, &stage, &words, &right, &[("LC_ALL", "C")]);
    assert_eq!(code, 0, "{said}");
    page.check();
}

#[test]
fn not_found_and_a_certificate_that_is_none() {
    let stage = Stage::new().ask_nobody();
    let mut page = Transcript::new(&stage, "connect_not_found");
    let ca = stage.path("ca.pem");
    let words = ["connect", ANA, "--ca-file", &ca];
    let imap = format!("localhost:{}", stage.ports.imaps);
    let smtp = format!("localhost:{}", stage.ports.smtps);
    let talk = || Talk::new().answers("IMAP server", &imap).answers("SMTP server", &smtp);
    stage.provider.faults.add(Service::Imap, Fault::Certificate(CertificateKind::SelfSigned), 1);
    assert_eq!(told(&mut page, &stage, &words, &talk(), &[]).1, 77);
    let nothing = stage.provider.ledger.credentials();
    assert!(nothing.is_empty(), "a password left: {nothing:?}");
    let (said, code) = told(&mut page, &stage, &words, &talk().hides(HIDDEN, PASSWORD), &[]);
    assert_eq!(code, 0, "{said}");
    page.check();
}
