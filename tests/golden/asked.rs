//! What is told before a person is asked for a password, and what they may type again.

use std::net::TcpListener;
use std::time::Duration;

use chapar_tests::rig::alone::alone;
use chapar_tests::rig::process::wait_for;
use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Service};

use super::stage::{ANA, PASSWORD, Stage, servers};
use super::terminal::{HIDDEN, on_terminal, settled};

/// Some twenty commands, on a loaded machine.
const WHOLE: Duration = Duration::from_mins(5);

fn words<'w>(first: &[&'w str], servers: &'w [String]) -> Vec<&'w str> {
    first.iter().copied().chain(servers.iter().map(String::as_str)).collect()
}

/// Nobody types a password for a server that is no good.
#[test]
fn a_server_is_looked_at_before_the_password_is_asked_for() {
    let stage = Stage::new().ask_nobody();
    let ca = stage.path("ca.pem");
    let good = stage.servers();
    let [imaps, imap, smtps] = [stage.ports.imaps, stage.ports.imap, stage.ports.smtps];
    let closed = servers(1, smtps, &ca);
    let closed_smtp = servers(imaps, 1, &ca);
    let swapped = servers(smtps, imaps, &ca);
    let plain = servers(imap, smtps, &ca);
    let unknown: Vec<String> =
        ["--imap", "nowhere.invalid", "--smtp", "nowhere.invalid"].map(String::from).to_vec();
    let expired = Some(CertificateKind::Expired);
    let cases = [
        (&closed, None, 69, "net.refused", "localhost:1 refuses connections"),
        (&closed_smtp, None, 69, "net.refused", "localhost:1 refuses connections"),
        (&swapped, None, 65, "imap.not_imap", "is not an IMAP server"),
        (&plain, None, 77, "tls.not_tls", "--imap localhost:993"),
        (&unknown, None, 69, "net.", "nowhere.invalid"),
        (&good, expired, 77, "tls.expired", "another name of the server"),
    ];
    for (servers, certificate, exit, code, said) in cases {
        if let Some(kind) = certificate {
            stage.provider.faults.add(Service::Imap, Fault::Certificate(kind), 1);
        }
        let (text, got) =
            on_terminal(&stage, &words(&["connect", ANA], servers), &Talk::new(), &[]);
        let text = settled(&text);
        let plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(got, exit, "{text}");
        assert!(text.contains(code) && plain.contains(said), "{said}: {text}");
        assert!(!text.contains("Password"), "asked for a password first: {text}");
    }
    // a command that prints it is not run either
    let asked = stage.path("asked");
    let command = format!("touch {asked}; echo x");
    let ran = stage.run(&words(&["connect", ANA, "--password-command", &command], &closed), "");
    assert_eq!(ran.code, Some(69), "{}", ran.stderr);
    assert!(!std::path::Path::new(&asked).exists(), "the password command was run");
    assert!(stage.provider.ledger.credentials().is_empty());
    // and of an account that is there already
    stage.connect();
    let (text, got) = on_terminal(&stage, &words(&["connect", ANA], &good), &Talk::new(), &[]);
    assert_eq!(got, 65, "{text}");
    assert!(!text.contains("Password") && text.contains("account reconnect ana"), "{text}");
    let (text, got) = on_terminal(&stage, &["connect", "ANA@Example.test"], &Talk::new(), &[]);
    assert!(got == 65 && text.contains("account reconnect ana"), "{text}");
}

/// A slip of the finger costs one more line, not the whole command.
#[test]
fn a_wrong_password_is_typed_again_with_everything_kept() {
    let stage = Stage::new().ask_nobody();
    let ca = stage.path("ca.pem");
    let imap = format!("localhost:{}", stage.ports.imaps);
    let smtp = format!("localhost:{}", stage.ports.smtps);
    let talk = |passwords: &[&str]| {
        let asked = Talk::new().answers("IMAP server", &imap).answers("SMTP server", &smtp);
        passwords.iter().fold(asked, |talk, password| talk.hides(HIDDEN, password))
    };
    let args = ["connect", ANA, "--ca-file", &ca, "--name", "kept", "--window", "7"];
    let (text, got) = on_terminal(&stage, &args, &talk(&["no", "nor this", "never"]), &[]);
    assert_eq!(got, 77, "{text}");
    assert_eq!(settled(&text).matches("does not accept this login").count(), 3, "{text}");
    assert_eq!(stage.json(&["account", "list"], "").0["accounts"], serde_json::json!([]));
    // one that is empty is a slip too
    let (text, got) = on_terminal(&stage, &args, &talk(&["", "wrong", PASSWORD]), &[]);
    assert_eq!(got, 0, "{text}");
    assert!(!text.contains(PASSWORD) && text.contains("the password is empty"), "{text}");
    let (list, _) = stage.json(&["account", "list"], "");
    let account = &list["accounts"][0];
    assert_eq!((&account["name"], &account["window"]), (&"kept".into(), &7.into()));
    // given up at the second prompt: as at the first
    let talk = Talk::new().hides(HIDDEN, "wrong").interrupts(HIDDEN);
    for words in
        [&["account", "reconnect", "kept", "--password"][..], &["account", "update", "--password"]]
    {
        let (text, got) = on_terminal(&stage, words, &talk, &[]);
        assert_eq!(got, 75, "{words:?}: {text}");
        let right = Talk::new().hides(HIDDEN, "wrong").hides(HIDDEN, PASSWORD);
        let (text, got) = on_terminal(&stage, words, &right, &[]);
        assert_eq!(got, 0, "{words:?}: {text}");
    }
    // out of a pipe it is what it is: one login is refused, and no more
    let logins = stage.provider.ledger.credentials().len();
    let ran = stage.run(&["account", "reconnect", "kept", "--password-stdin"], "wrong");
    assert_eq!(ran.code, Some(77), "{}", ran.stderr);
    assert_eq!(stage.provider.ledger.credentials().len(), logins + 1);
}

/// What takes longer than a person waits without wondering is seen to go on.
#[test]
fn a_slow_server_is_seen_to_be_waited_for() {
    let stage = Stage::new().ask_nobody();
    // takes connections and says nothing
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mute = servers(port, port, &stage.path("ca.pem"));
    let talk = Talk::new().interrupts(r"Looking at localhost …");
    let (text, got) = on_terminal(&stage, &words(&["connect", ANA], &mute), &talk, &[]);
    assert!(got == 75 || got == 130, "{got}: {text}");
    stage.connect();
    // what is connected goes on: the next connection is the slow one
    assert_eq!(stage.run(&["account", "pause", "ana"], "").code, Some(0));
    stage.provider.faults.always(Service::Imap, Fault::StallAfter(0));
    assert_eq!(stage.run(&["account", "resume", "ana"], "").code, Some(0));
    for (args, shown) in [
        (&["sync", "--wait", "ana"][..], "Syncing ana …"),
        (&["account", "reconnect", "ana"], "Signing in at localhost …"),
        (&["account", "update", "ana", "--password"], "Signing in at localhost …"),
    ] {
        let talk =
            if args[0] == "sync" { Talk::new() } else { Talk::new().hides(HIDDEN, PASSWORD) };
        let talk = talk.interrupts(shown);
        let (text, got) = on_terminal(&stage, args, &talk, &[]);
        assert_ne!(got, 0, "{args:?}: {text}");
    }
}

/// Without a network that is what is said, whatever is asked for and however well it is known.
#[test]
fn no_network_is_told_as_that() {
    if alone(module_path!(), "no_network_is_told_as_that", &[], WHOLE).is_none() {
        return;
    }
    let stage = Stage::new();
    let firm = servers(993, 465, &stage.path("ca.pem"));
    let house = servers(993, 465, &stage.path("ca.pem"));
    let firm: Vec<String> =
        firm.iter().map(|word| word.replace("localhost", "mail.firm.example")).collect();
    for args in [
        &["connect", "ana@gmail.com"][..],
        &["connect", "ana@posteo.de"],
        &["connect", "ana@firm.example"],
        &["connect", "ana@firm.example", "--provider", "google", "--client-id", "x"],
        // its own servers are found without a network, the issuer is not
        &words(
            &["connect", "ana@firm.example", "--provider", "google", "--client-id", "x"],
            &house,
        ),
        &words(&["connect", "ana@firm.example"], &firm),
    ] {
        let (text, got) = on_terminal(&stage, args, &Talk::new(), &[]);
        assert_eq!(got, 69, "{args:?}: {text}");
        assert!(text.contains("net.offline"), "{args:?}: {text}");
        assert!(!text.contains("IMAP server") && !text.contains("Password"), "{args:?}: {text}");
        let given = [args, &["--password-stdin"][..]].concat();
        let given = if args.contains(&"--provider") { args } else { &given[..] };
        let (error, got) = stage.json(given, "x");
        assert_eq!((got, &error["error"]["data"]["code"]), (69, &"net.offline".into()), "{error}");
    }
}

/// A browser that should be there and is not is named; the address can be used all the same.
#[test]
fn a_missing_browser_is_said() {
    let stage = super::mockups::stage_with_browser("netscape -remote 'openURL(%s)':mosaic");
    let talk = Talk::new().interrupts("address>");
    let (text, got) = on_terminal(&stage, &["connect", ANA], &talk, &[]);
    let text = settled(&text);
    assert_eq!(got, 75, "{text}");
    for name in ["netscape", "mosaic"] {
        let said = format!("$BROWSER names \"{name}\", which is not installed.");
        assert!(text.contains(&said), "{text}");
    }
}

/// A list, arguments and `%s`, as other programs take them.
#[test]
fn the_browser_is_taken_as_other_programs_take_it() {
    let person = chapar_tests::rig::home::binary("person");
    let person = person.display();
    for browser in [
        format!("netscape:{person}"),
        format!("w3m:{person} %s"),
        format!("/usr/bin/env A=b {person} %s &"),
    ] {
        let stage = super::mockups::stage_with_browser(&browser);
        let (text, got) = on_terminal(&stage, &["connect", ANA], &Talk::new(), &[]);
        assert_eq!(got, 0, "{browser}: {text}");
        wait_for(WHOLE, "the account", || {
            let (list, _) = stage.json(&["account", "list"], "");
            (list["accounts"][0]["auth"] == "oauth2").then_some(())
        });
    }
}
