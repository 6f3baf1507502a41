//! `chapar doctor` as people see it, and the set-ups that only the sandbox can make. The others, on
//! real servers and mended by what is printed, are the rig's.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Kick, Service};
use serde_json::Value;

use super::stage::{ANA, PASSWORD, Stage, servers};
use super::transcript::Transcript;

/// The password after it was changed at the provider.
const CHANGED: &str = "zmeneny-Kanar-6617";
const LIMIT: Duration = Duration::from_mins(1);

/// The check called `what` of the only account, or of the machine.
fn check<'c>(found: &'c Value, what: &str) -> &'c Value {
    let checks = found["checks"].as_array().unwrap();
    let mut named = checks.iter().filter(|check| check["what"] == what);
    named.next().unwrap_or_else(|| panic!("no check {what}: {found:#}"))
}

/// Demands that `doctor` finds exactly this at `what`, with a way out.
#[track_caller]
fn finds(stage: &Stage, words: &[&str], what: &str, code: &str, who: &str) -> Value {
    let (found, exit) = stage.json(&[&["doctor"], words].concat(), "");
    let at = check(&found, what);
    assert_eq!(at["code"], code, "{what}: {found:#}");
    assert_eq!(exit, 1, "{code}: {found:#}");
    assert_eq!(found["ok"], false);
    assert!(at["state"] == "error" || at["state"] == "warning", "{at:#}");
    assert_eq!(at["who"], who, "{code}");
    let remedy = at["remedy"].as_array().unwrap();
    assert!(!remedy[0]["title"].as_str().unwrap().is_empty(), "{at:#}");
    for skipped in found["checks"].as_array().unwrap() {
        if skipped["state"] == "skipped" {
            assert!(skipped["dependsOn"].is_string(), "says on what it depends: {skipped}");
        }
    }
    found
}

/// Demands that all is well, at the latest once the account is live again.
#[track_caller]
fn is_well(stage: &Stage, words: &[&str], after: &str) {
    let words = [&["doctor"], words].concat();
    let mut last = Value::Null;
    let well = chapar_tests::rig::process::poll(LIMIT, || {
        let (found, exit) = stage.json(&words, "");
        last = found;
        (exit == 0).then_some(())
    });
    assert!(well.is_some(), "after {after}: {last:#}");
}

/// What is broken at the server, and where it has to be found.
struct Broken {
    service: Service,
    fault: Fault,
    what: &'static str,
    code: &'static str,
    who: &'static str,
}

fn broken(
    service: Service,
    fault: Fault,
    what: &'static str,
    code: &'static str,
    who: &'static str,
) -> Broken {
    Broken { service, fault, what, code, who }
}

fn answers(command: &str, text: &str) -> Fault {
    Fault::Reply { command: command.to_owned(), text: text.to_owned() }
}

/// Servers broken in ways that no real server is made to.
fn servers_broken() -> Vec<Broken> {
    use Service::{Imap, Smtp};
    let greets = |text: &str| Fault::Greeting(text.to_owned());
    let expired = Fault::Certificate(CertificateKind::Expired);
    vec![
        broken(Smtp, expired, "smtp", "tls.expired", "provider"),
        broken(Imap, greets("* BYE too many connections"), "auth", "imap.throttled", "provider"),
        broken(Imap, Fault::DropAfter(0), "greeting", "net.lost", "nobody"),
        broken(Imap, Fault::StallAfter(0), "greeting", "net.timeout", "nobody"),
    ]
}

#[test]
fn servers_that_are_broken_and_mended() {
    let stage = Stage::new();
    stage.connect();
    is_well(&stage, &[], "connecting");
    for Broken { service, fault, what, code, who } in servers_broken() {
        stage.provider.faults.always(service, fault);
        let found = finds(&stage, &["ana"], what, code, who);
        let remedy = &check(&found, what)["remedy"];
        let last = remedy.as_array().unwrap().last().unwrap();
        assert_eq!(last["help"], code, "{remedy:#}");
        // every one of these is for the server to mend
        stage.provider.faults.clear();
        is_well(&stage, &["ana"], code);
    }
    assert!(stage.provider.ledger.leaks().is_empty(), "no password under a bad certificate");
}

#[test]
fn a_refused_password_is_not_shown_again() {
    let stage = Stage::new();
    stage.connect();
    stage.provider.store.set_password(ANA, CHANGED);
    stage.provider.faults.kick(Kick::Drop);
    wait_for(LIMIT, "a refusal", || {
        let (status, _) = stage.json(&["status"], "");
        (status["accounts"][0]["state"] == "authExpired").then_some(())
    });
    let before = stage.provider.ledger.credentials().len();
    let found = finds(&stage, &["ana"], "auth", "imap.auth", "you");
    assert_eq!(stage.provider.ledger.credentials().len(), before, "shown again");
    // what does not need it is looked at all the same
    assert_eq!(check(&found, "tls")["state"], "ok");
    assert_eq!(check(&found, "smtp")["state"], "ok");
    assert_eq!(check(&found, "smtpAuth")["state"], "skipped");
    let command = check(&found, "auth")["remedy"][0]["command"].as_array().unwrap();
    let mut words: Vec<&str> = command.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words, ["chapar", "account", "reconnect", "a1"]);
    words.push("--password-stdin");
    let ran = stage.run(&words[1..], CHANGED);
    assert_eq!(ran.code, Some(0), "{}{}", ran.text(), ran.stderr);
    is_well(&stage, &["ana"], "the new password");
}

#[test]
fn starttls_refused() {
    let stage = Stage::new();
    let ca = stage.path("ca.pem");
    let (imap, smtp) = (
        format!("localhost:{}", stage.ports.imap),
        format!("localhost:{}", stage.ports.submission),
    );
    let words = ["connect", ANA, "--imap", &imap, "--imap-security", "starttls", "--smtp", &smtp];
    let more = ["--smtp-security", "starttls", "--ca-file", &ca, "--password-stdin", "--wait"];
    let ran = stage.run(&[&words[..], &more, &["--notify", "none"]].concat(), PASSWORD);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // it is offered, and refused when it is asked for
    stage.provider.faults.always(Service::Smtp, Fault::NoStartTls);
    finds(&stage, &["ana"], "smtp", "tls.refused", "provider");
    let mut flags = servers(stage.ports.imaps, stage.ports.smtps, &ca);
    flags.splice(0..0, ["account", "update", "ana"].map(str::to_owned));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let ran = stage.run(&flags, "");
    assert_eq!(ran.code, Some(0), "{}{}", ran.text(), ran.stderr);
    is_well(&stage, &["ana"], "the port with TLS from the start");
}

#[test]
fn the_bundle_names_nobody() {
    let stage = Stage::new();
    stage.connect();
    let sent = stage.run(&["send", "--to", "bo@example.test", "-m", "x", "--wait"], "");
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    // the server's own words name the person
    let said = format!("NO [AUTHENTICATIONFAILED] <{ANA}> from {PASSWORD}@home.example: ana");
    stage.provider.faults.always(Service::Imap, answers("AUTHENTICATE", &said));
    let file = stage.path("chapar.json");
    // never written without a word, and nobody can be asked here
    assert_eq!(stage.run(&["doctor", "--bundle", &file, "--no-input"], "").code, Some(2));
    assert!(!std::path::Path::new(&file).exists());
    let ran = stage.run(&["doctor", "--bundle", &file, "--yes"], "");
    assert_eq!(ran.code, Some(1), "{}{}", ran.text(), ran.stderr);
    let bundle = fs::read_to_string(&file).unwrap();
    for line in bundle.lines() {
        assert!(ran.stderr.contains(line.trim()), "shown before: {line}");
    }
    assert!(bundle.contains("\"imap.auth\"") && bundle.contains("chapar/bundle/1"), "{bundle}");
    // what happened is told, and where the outbox stands
    for told in ["first sync ended", "connected: new mail", "recipients: 1, 1 accepted", "\"sent\""]
    {
        assert!(bundle.contains(told), "{told}: {bundle}");
    }
    let lower = bundle.to_lowercase();
    for canary in [ANA, PASSWORD, "@", "example.test", "home.example", "kanarek", "%40"] {
        assert!(!lower.contains(&canary.to_lowercase()), "{canary} in {bundle}");
    }
    assert!(!lower.contains(stage.dir().to_str().unwrap()), "the home in {bundle}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // what is there is not overwritten
    assert_eq!(stage.run(&["doctor", "--bundle", &file, "--yes"], "").code, Some(73));
}

#[test]
fn the_mock_up() {
    let stage = Stage::new();
    let mut told = Transcript::new(&stage, "doctor");
    told.squeezed();
    stage.connect();
    assert_eq!(told.run(&["doctor"], ""), 0);
    stage.provider.faults.always(
        Service::Smtp,
        answers("AUTH", "535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox"),
    );
    stage.provider.faults.always(Service::Imap, Fault::Certificate(CertificateKind::Expired));
    assert_eq!(told.run(&["doctor", "ana"], ""), 1);
    told.run(&["doctor", "ana", "--plain"], "");
    assert_eq!(told.run(&["doctor", "nobody"], ""), 67);
    told.run(&["help", "oauth.no_client"], "");
    told.check();
}
