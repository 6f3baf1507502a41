//! `connect`: what is proved is saved, what is not proved is refused with a reason and saves nothing.

use chapar_tests::rig::Rig;
use chapar_tests::rig::home::{Answer, Home, account_id};
use chapar_tests::rig::scratch::free_ports;

/// A refusal: this exit code, this stable code, a remedy, nothing saved, the daemon up.
fn assert_refused(home: &Home, answer: &Answer, exit: i32, codes: &[&str]) {
    let said = answer.json.to_string();
    assert_eq!(answer.code, exit, "{said} {}", answer.ran.stderr);
    assert!(codes.iter().any(|code| said.contains(&format!("\"{code}\""))), "{codes:?}: {said}");
    assert!(said.contains("\"remedy\""), "an error says what to do: {said}");
    assert_eq!(home.status()["accounts"].as_array().unwrap().len(), 0, "nothing is saved");
}

#[test]
fn by_implicit_tls_and_by_starttls() {
    let rig = Rig::shared();
    let home = Home::new();
    home.start();
    let first = rig.user();
    home.connect_ok(rig, &first);
    let second = rig.user();
    let imap = format!("localhost:{}", rig.dovecot.ports.imap);
    let smtp = format!("localhost:{}", rig.postfix.ports.submission);
    let more = ["--imap-security", "starttls", "--smtp-security", "starttls", "--name", "second"];
    let answer = home.connect(rig, &second, &imap, &smtp, &more).ok();
    let account = home.account_status(&account_id(&answer));
    assert_eq!(account["name"], "second");
    assert_eq!(account["email"], second.address.as_str());
    assert_eq!(home.status()["accounts"].as_array().unwrap().len(), 2);
    let logs = home.chapar(&["logs", "--lines", "5"], b"");
    assert_eq!(logs.code, Some(0), "{}", logs.stderr);
    assert!(!logs.stdout.is_empty(), "a daemon at work writes a log");
}

#[test]
fn the_client_starts_the_daemon_when_none_runs() {
    let rig = Rig::shared();
    let home = Home::new();
    let user = rig.user();
    home.connect_ok(rig, &user);
    let pid = home.status()["daemon"]["pid"].as_u64().unwrap();
    chapar_tests::rig::janitor::process(u32::try_from(pid).unwrap());
    home.call("Daemon/stop", &serde_json::json!({}));
}

#[test]
fn a_wrong_password_is_refused() {
    let rig = Rig::shared();
    let home = Home::new();
    home.start();
    let mut user = rig.user();
    user.password = chapar_tests::remains::secret("not-this-one").to_owned();
    let answer = home.connect(rig, &user, &rig.imaps(), &rig.smtps(), &[]);
    assert_refused(&home, &answer, 77, &["imap.auth"]);
}

#[test]
fn wrong_addresses_are_told_apart() {
    let rig = Rig::shared();
    let home = Home::new();
    home.start();
    let user = rig.user();
    let [closed] = free_ports();
    let closed = format!("localhost:{closed}");
    let nowhere = "no-such-host.invalid:993".to_owned();
    let imap_on_smtp = home.connect(rig, &user, &rig.smtps(), &rig.smtps(), &[]);
    assert!([65, 69, 75, 77, 78].contains(&imap_on_smtp.code), "{}", imap_on_smtp.json);
    assert_refused(&home, &imap_on_smtp, imap_on_smtp.code, &["imap.not_imap"]);
    let refused = home.connect(rig, &user, &closed, &rig.smtps(), &[]);
    assert!([69, 75].contains(&refused.code), "{}", refused.json);
    assert_refused(&home, &refused, refused.code, &["net.refused"]);
    let unknown = home.connect(rig, &user, &nowhere, &rig.smtps(), &[]);
    assert!([69, 75].contains(&unknown.code), "{}", unknown.json);
    assert_refused(&home, &unknown, unknown.code, &["net.unknown_host"]);
    let smtp_closed = home.connect(rig, &user, &rig.imaps(), &closed, &[]);
    assert!([69, 75].contains(&smtp_closed.code), "{}", smtp_closed.json);
    assert_refused(&home, &smtp_closed, smtp_closed.code, &["net.refused"]);
}

#[test]
fn without_its_authority_a_server_is_unknown() {
    let rig = Rig::shared();
    let home = Home::new();
    home.start();
    let user = rig.user();
    let (imap, smtp) = (rig.imaps(), rig.smtps());
    let mut args = vec!["connect", &user.address, "--imap", &imap, "--smtp", &smtp];
    args.extend(["--password-stdin", "--no-input"]);
    let answer = home.json(&args, user.password.as_bytes());
    assert_refused(&home, &answer, 77, &["tls.unknown_issuer", "tls.self_signed"]);
}

#[test]
fn what_is_missing_is_named() {
    let home = Home::new();
    home.start();
    for (args, flag) in [
        (&["connect", "a@example.test", "--no-input"][..], "--imap"),
        (&["connect", "a@example.test", "--no-input", "--imap", "h"], "--smtp"),
        (&["connect", "a@example.test", "--no-input", "--imap", "h", "--smtp", "h"], "--password"),
    ] {
        let answer = home.json(args, b"");
        assert_eq!(answer.code, 2, "{args:?}: {}", answer.json);
        let said = answer.json.to_string() + &answer.ran.stderr;
        assert!(said.contains(flag), "{args:?} must name {flag}: {said}");
    }
}
