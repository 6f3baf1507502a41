//! `chapar connect`: success, and every refusal with its reason and remedy.

use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::faults::{Fault, Service};

use super::stage::{ANA, PASSWORD, Stage, THEN, servers};
use super::transcript::Transcript;

fn as_strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn the_first_minutes() {
    let stage = Stage::new().ask_nobody();
    corpus::fill(&stage.provider.store, ANA, &corpus::MAILBOXES, 60, 7, THEN);
    let mut told = Transcript::new(&stage, "connect");
    assert_eq!(told.run(&[], ""), 0);
    assert_eq!(told.run(&["connect", ANA, "--no-input"], ""), 2);
    assert_eq!(told.run(&["connect", ANA, "--imap", "imap.example.test"], ""), 2);
    let words = stage.connect_words();
    let words = as_strs(&words);
    assert_eq!(told.run(&words[..words.len() - 1], ""), 2);
    assert_eq!(told.run(&words, "wrong"), 77);
    assert_eq!(told.run(&[&words[..], &["--dry-run"]].concat(), ""), 0);
    assert_eq!(told.run(&words, PASSWORD), 0);
    assert_eq!(told.run(&words, PASSWORD), 65);
    told.check();
}

#[test]
fn every_refusal() {
    let stage = Stage::new();
    let mut told = Transcript::new(&stage, "connect_refused");
    let words = stage.connect_words();
    let words = as_strs(&words);
    for kind in CertificateKind::ALL.into_iter().filter(|kind| *kind != CertificateKind::Good) {
        stage.provider.faults.add(Service::Imap, Fault::Certificate(kind), 1);
        assert_eq!(told.run(&words, PASSWORD), 77, "{kind:?}");
    }
    stage.provider.faults.add(Service::Smtp, Fault::Certificate(CertificateKind::Expired), 1);
    assert_eq!(told.run(&words, PASSWORD), 77);
    stage.provider.faults.clear();
    let refused = |told: &mut Transcript<'_>, imap: &str, smtp: &str, security: &str| {
        let ca = stage.path("ca.pem");
        let mut words = vec!["connect", ANA, "--imap", imap, "--imap-security", security];
        words.extend(["--smtp", smtp, "--smtp-security", "tls", "--ca-file", &ca]);
        words.push("--password-stdin");
        told.run(&words, PASSWORD)
    };
    let [imaps, imap, smtps] = [stage.ports.imaps, stage.ports.imap, stage.ports.smtps]
        .map(|port| format!("localhost:{port}"));
    assert_eq!(refused(&mut told, "nowhere.invalid", &smtps, "tls"), 69);
    // nobody listens on port 1
    assert_eq!(refused(&mut told, "localhost:1", &smtps, "tls"), 69);
    assert_eq!(refused(&mut told, &imaps, "localhost:1", "tls"), 69);
    assert_eq!(refused(&mut told, &smtps, &smtps, "tls"), 65);
    assert_eq!(refused(&mut told, &imap, &smtps, "tls"), 77);
    stage.provider.faults.add(Service::Imap, Fault::NoStartTls, 2);
    assert_eq!(refused(&mut told, &imap, &smtps, "starttls"), 77);
    told.check();
    // the account of a password that never left, and of an account that never was
    let right = stage.provider.ledger.credentials();
    assert!(right.iter().all(|it| it.under == Some(CertificateKind::Good)), "{right:?}");
    assert!(stage.provider.ledger.leaks().is_empty());
    let (status, _) = stage.json(&["status"], "");
    assert_eq!(status["accounts"].as_array().unwrap().len(), 0, "half-saved: {status}");
}

/// What passes is tried again for what is saved; an attempt that ended has saved nothing.
#[test]
fn an_attempt_that_failed_promises_nothing() {
    let stage = Stage::new();
    let words = stage.connect_words();
    let words = as_strs(&words);
    for (service, fault, code) in [
        (Service::Smtp, Fault::DropAfter(0), "smtp.lost"),
        (Service::Smtp, Fault::DropAfter(60), "smtp.lost"),
        (Service::Smtp, Fault::Greeting("421 4.3.2 busy".into()), "smtp.greeting"),
        (Service::Imap, Fault::DropAfter(0), "net.lost"),
    ] {
        stage.provider.faults.always(service, fault);
        let ran = stage.run(&words, PASSWORD);
        let said = ran.stderr.clone();
        assert!(said.contains(&format!("chapar help {code}")), "{code}: {said}");
        assert!(!said.contains("by itself") && !said.contains("docs.rs"), "{said}");
        assert!(said.contains("Nothing was saved"), "{said}");
        let (error, _) = stage.json(&words, PASSWORD);
        let remedy = error["error"]["data"]["remedy"].to_string();
        assert!(!remedy.contains("by itself") && remedy.contains("Nothing was saved"), "{remedy}");
        stage.provider.faults.clear();
    }
    let (status, _) = stage.json(&["status"], "");
    assert_eq!(status["accounts"].as_array().unwrap().len(), 0, "{status}");
}

/// A port that begins with TLS is named together with the option that is right for it.
#[test]
fn starttls_said_of_a_tls_port_is_told_with_port_and_option() {
    let stage = Stage::new();
    let [imaps, smtps] =
        [stage.ports.imaps, stage.ports.smtps].map(|port| format!("localhost:{port}"));
    let ca = stage.path("ca.pem");
    for (flag, place, kinds) in
        [("--imap", &imaps, ["starttls", "tls"]), ("--smtp", &smtps, ["tls", "starttls"])]
    {
        let mut words = vec!["connect", ANA, "--imap", &imaps, "--imap-security", kinds[0]];
        words.extend(["--smtp", &smtps, "--smtp-security", kinds[1], "--ca-file", &ca]);
        words.push("--password-stdin");
        let ran = stage.run(&words, PASSWORD);
        assert!(ran.stderr.contains("tls.at_once"), "{}", ran.stderr);
        let told = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("try {flag} {place} {flag}-security tls")), "{told}");
    }
    assert!(stage.provider.ledger.leaks().is_empty());
}

#[test]
fn in_json_a_refusal_is_one_object() {
    let stage = Stage::new();
    let good = stage.connect_words();
    let good = as_strs(&good);
    let closed = servers(1, stage.ports.smtps, &stage.path("ca.pem"));
    let closed: Vec<&str> = ["connect", ANA, "--password-stdin"]
        .into_iter()
        .chain(closed.iter().map(String::as_str))
        .collect();
    let refuse = |words: &[&str], password: &str, exit: i32, code: &str| {
        let (error, got) = stage.json(words, password);
        assert_eq!((got, error["schema"].as_str()), (exit, Some("chapar/error/1")), "{error}");
        assert_eq!(error["error"]["data"]["code"], code, "{error}");
        assert_eq!(error["error"]["exit"], exit);
        assert!(error["error"]["message"].as_str().is_some_and(|it| !it.is_empty()));
        assert!(
            error["error"]["data"]["type"].is_string()
                && error["error"]["data"]["remedy"].is_array()
        );
    };
    refuse(&good, "wrong", 77, "imap.auth");
    refuse(&good, "", 65, "input.password");
    refuse(&closed, PASSWORD, 69, "net.refused");
    refuse(&["connect", ANA], "", 2, "cli.missing");
    stage.provider.faults.add(Service::Imap, Fault::Certificate(CertificateKind::SelfSigned), 1);
    refuse(&good, PASSWORD, 77, "tls.self_signed");
    let (done, code) = stage.json(&good, PASSWORD);
    assert_eq!((code, done["schema"].as_str()), (0, Some("chapar/connect/1")), "{done}");
    assert_eq!((done["id"].as_str(), done["email"].as_str()), (Some("a1"), Some(ANA)));
    refuse(&good, PASSWORD, 65, "account.exists");
}
