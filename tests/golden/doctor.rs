//! `chapar doctor` on set-ups that are broken in one way each: it names the cause at the step where
//! it is, says whose job it is, and what it says to do mends it.

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

/// Twenty-three servers, each broken in one way.
fn servers_broken() -> Vec<Broken> {
    use CertificateKind::{Expired, NotYetValid, SelfSigned, UnknownRoot, WrongHost};
    use Service::{Imap, Smtp};
    let login = |text| answers("AUTHENTICATE", text);
    let auth = |text| answers("AUTH", text);
    let greets = |text: &str| Fault::Greeting(text.to_owned());
    let mut all: Vec<Broken> = [
        (Expired, "tls.expired", "provider"),
        (NotYetValid, "tls.not_yet_valid", "provider"),
        (WrongHost, "tls.wrong_host", "you"),
        (SelfSigned, "tls.self_signed", "you"),
        (UnknownRoot, "tls.unknown_issuer", "you"),
    ]
    .into_iter()
    .map(|(kind, code, who)| broken(Imap, Fault::Certificate(kind), "tls", code, who))
    .collect();
    all.extend([
        broken(Smtp, Fault::Certificate(Expired), "smtp", "tls.expired", "provider"),
        broken(Imap, greets("* BYE too many connections"), "auth", "imap.throttled", "provider"),
        broken(Imap, greets("* BYE going down"), "greeting", "imap.greeting", "provider"),
        broken(Imap, greets("220 mail ESMTP"), "greeting", "imap.not_imap", "you"),
        broken(Imap, login("NO [AUTHENTICATIONFAILED] wrong"), "auth", "imap.auth", "you"),
        broken(
            Imap,
            login("NO [ALERT] Application-specific password required"),
            "auth",
            "imap.app_password",
            "you",
        ),
        broken(Imap, login("NO IMAP access is disabled"), "auth", "imap.disabled", "you"),
        broken(
            Imap,
            login("BAD User is authenticated but not connected."),
            "auth",
            "imap.not_connected",
            "provider",
        ),
        broken(Imap, login("NO [UNAVAILABLE] later"), "auth", "imap.unavailable", "provider"),
        broken(
            Imap,
            login("NO [LIMIT] too many connections"),
            "auth",
            "imap.throttled",
            "provider",
        ),
        broken(
            Imap,
            answers("EXAMINE", "NO [NONEXISTENT] no such mailbox"),
            "select",
            "imap.no_mailbox",
            "nobody",
        ),
        broken(Imap, Fault::DropAfter(0), "greeting", "net.lost", "nobody"),
        broken(Imap, Fault::StallAfter(0), "greeting", "net.timeout", "nobody"),
        broken(Smtp, auth("535 5.7.8 wrong"), "smtpAuth", "smtp.auth", "you"),
        broken(
            Smtp,
            auth("535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox"),
            "smtpAuth",
            "smtp.auth_disabled",
            "admin",
        ),
        broken(
            Smtp,
            auth("534 5.7.9 Application-specific password required"),
            "smtpAuth",
            "smtp.app_password",
            "you",
        ),
        broken(Smtp, auth("454 4.7.0 cannot check now"), "smtpAuth", "smtp.auth_later", "provider"),
        broken(Smtp, greets("554 no service here"), "smtp", "smtp.greeting", "provider"),
    ]);
    all
}

#[test]
fn servers_that_are_broken_and_mended() {
    let stage = Stage::new();
    stage.connect();
    is_well(&stage, &[], "connecting");
    let all = servers_broken();
    assert_eq!(all.len(), 23);
    for Broken { service, fault, what, code, who } in all {
        stage.provider.faults.always(service, fault);
        let found = finds(&stage, &["ana"], what, code, who);
        let remedy = &check(&found, what)["remedy"];
        let last = remedy.as_array().unwrap().last().unwrap();
        assert_eq!(last["help"], code, "{remedy:#}");
        // every one of these is for the server to mend, or for the person at the server
        stage.provider.faults.clear();
        if who == "you" {
            // what a command can do about it: prove the login anew, in place
            follow(&stage, &check(&found, what)["remedy"]);
        }
        is_well(&stage, &["ana"], code);
    }
    assert!(stage.provider.ledger.leaks().is_empty(), "no password under a bad certificate");
}

/// Runs the first command of a remedy that signs in or syncs, as it stands there.
fn follow(stage: &Stage, remedy: &Value) {
    let commands = remedy.as_array().unwrap().iter().filter_map(|one| one["command"].as_array());
    for command in commands {
        let mut words: Vec<&str> = command.iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(words.remove(0), "chapar");
        let input = if words.starts_with(&["account", "reconnect"]) {
            words.push("--password-stdin");
            PASSWORD
        } else if words.first() == Some(&"sync") {
            ""
        } else {
            continue;
        };
        let ran = stage.run(&words, input);
        assert_eq!(ran.code, Some(0), "{words:?}: {}{}", ran.text(), ran.stderr);
        return;
    }
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
fn this_machine_broken_and_mended() {
    let stage = Stage::new();
    fs::create_dir_all(stage.dir().join("config/chapar")).unwrap();
    // with a keyring in play, what is not in the file may be there
    stage.file("config/chapar/config.toml", "[secrets]\nvault = \"file\"\n");
    stage.connect();
    let run_dir = stage.dir().join("run/chapar");
    let mode = |path: &std::path::Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // 24, 25: who may reach the socket
    mode(&run_dir, 0o755);
    let (found, exit) = stage.json(&["doctor"], "");
    assert_eq!((exit, &check(&found, "socket")["code"]), (1, &Value::from("socket.mode")));
    assert_eq!(stage.run(&["doctor", "--fix", "--dry-run"], "").code, Some(1));
    is_well(&stage, &["--fix"], "--fix");
    assert_eq!(fs::metadata(&run_dir).unwrap().permissions().mode() & 0o777, 0o700);
    mode(&run_dir.join("v1.sock"), 0o666);
    finds(&stage, &[], "daemon", "socket.mode", "you");
    is_well(&stage, &["--fix"], "--fix");
    // 26: nobody shows the notifications that an account wants
    let notify = |how| stage.run(&["account", "update", "ana", "--notify", how], "");
    assert_eq!(notify("desktop").code, Some(0));
    let found = finds(&stage, &[], "notifications", "desktop.absent", "you");
    let command = &check(&found, "notifications")["remedy"][0]["command"];
    assert_eq!(
        command,
        &serde_json::json!(["chapar", "account", "update", "a1", "--notify", "none"])
    );
    assert_eq!(stage.run(&["account", "update", "a1", "--notify", "none"], "").code, Some(0));
    is_well(&stage, &[], "no notifications");
    // 27: the place for passwords is damaged
    let sealed = stage.dir().join("state/chapar/secrets.sealed");
    let bytes = fs::read(&sealed).unwrap();
    fs::write(&sealed, &bytes[..bytes.len() / 2]).unwrap();
    finds(&stage, &["ana"], "signIn", "secrets.corrupt", "you");
    finds(&stage, &[], "keyring", "secrets.corrupt", "you");
    // 28: and then gone
    fs::remove_file(&sealed).unwrap();
    let found = finds(&stage, &["ana"], "signIn", "secrets.missing", "you");
    assert_eq!(check(&found, "auth")["dependsOn"], "signIn");
    follow(&stage, &check(&found, "signIn")["remedy"]);
    is_well(&stage, &[], "signing in again");
    // 29: no daemon
    assert_eq!(stage.run(&["service", "stop"], "").code, Some(0));
    let found = finds(&stage, &["--no-start"], "daemon", "socket.absent", "you");
    let command = &check(&found, "daemon")["remedy"][0]["command"];
    assert_eq!(command, &serde_json::json!(["chapar", "service", "start"]));
    assert_eq!(stage.run(&["service", "start"], "").code, Some(0));
    is_well(&stage, &[], "chapar service start");
}

#[test]
fn servers_that_moved() {
    let mut stage = Stage::new();
    stage.connect();
    // 30: the provider takes its servers elsewhere
    let elsewhere = stage.move_servers();
    let found = finds(&stage, &["ana"], "tcp", "net.refused", "provider");
    assert_eq!(check(&found, "dns")["state"], "ok");
    assert_eq!(check(&found, "tls")["dependsOn"], "tcp");
    assert_eq!(check(&found, "smtp")["code"], "net.refused");
    let help = stage.run(&["help", "net.refused"], "").text();
    assert!(help.contains("chapar account update ACCOUNT --imap HOST --smtp HOST"), "{help}");
    let [imap, smtp] = elsewhere.map(|port| format!("localhost:{port}"));
    let moved = ["account", "update", "ana", "--imap", &imap, "--smtp", &smtp];
    let ran = stage.run(&moved, "");
    assert_eq!(ran.code, Some(0), "{}{}", ran.text(), ran.stderr);
    is_well(&stage, &["ana"], "naming the new servers");
}

#[test]
fn starttls_taken_away() {
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
    // 31, 32: somebody on the way, or the server, takes the offer out; or offers and refuses
    for (service, what, code, who) in [
        (Service::Imap, "tls", "tls.not_offered", "you"),
        (Service::Smtp, "smtp", "tls.refused", "provider"),
    ] {
        stage.provider.faults.always(service, Fault::NoStartTls);
        finds(&stage, &["ana"], what, code, who);
        let mut flags = servers(stage.ports.imaps, stage.ports.smtps, &ca);
        flags.splice(0..0, ["account", "update", "ana"].map(str::to_owned));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let ran = stage.run(&flags, "");
        assert_eq!(ran.code, Some(0), "{}{}", ran.text(), ran.stderr);
        is_well(&stage, &["ana"], "the port with TLS from the start");
        stage.provider.faults.clear();
        let back = ["--imap-security", "starttls", "--smtp", &smtp, "--smtp-security", "starttls"];
        let ran =
            stage.run(&[&["account", "update", "ana", "--imap", &imap], &back[..]].concat(), "");
        assert_eq!(ran.code, Some(0), "{}{}", ran.text(), ran.stderr);
    }
}

#[test]
fn the_bundle_names_nobody() {
    let stage = Stage::new();
    stage.connect();
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
