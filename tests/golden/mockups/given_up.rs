//! Ctrl-C at every prompt: nothing is written, the exit code says so, the terminal is as it was.

use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::provider::Personality;
use rustix::process::Signal;

use super::{ADDRESS, ANA, PASSWORD, REMOTE, accounts, stage, vault};
use crate::stage::Stage;
use crate::terminal::{HIDDEN, on_terminal, settled};

/// What `cli.canceled` and `account.canceled` exit with.
const CANCELED: i32 = 75;
/// What a second Ctrl-C may do.
const ENDED_BY_INTERRUPT: i32 = 130;

fn gives_up(stage: &Stage, args: &[&str], talk: &Talk) {
    let (said, code) = on_terminal(stage, args, talk, &[REMOTE]);
    let said = settled(&said);
    assert_eq!(code, CANCELED, "{args:?}: {said}");
    assert!(said.contains("nothing was changed"), "{args:?}: {said}");
}

#[test]
fn of_connect() {
    let by_password = Stage::new().ask_nobody();
    let by_sign_in = stage(Personality::default());
    let ca = by_password.path("ca.pem");
    let imap = format!("localhost:{}", by_password.ports.imaps);
    let smtp = format!("localhost:{}", by_password.ports.smtps);
    let server = |talk: Talk| talk.answers("IMAP server", &imap);
    let cases: [(&Stage, &[&str], Talk); 6] = [
        (&by_password, &[], Talk::new().interrupts("empty = leave")),
        (&by_password, &["connect", ANA], Talk::new().interrupts("IMAP server")),
        (&by_password, &["connect", ANA], server(Talk::new()).interrupts("SMTP server")),
        (
            &by_password,
            &["connect", ANA, "--ca-file", &ca],
            server(Talk::new()).answers("SMTP server", &smtp).interrupts(HIDDEN),
        ),
        (
            &by_sign_in,
            &["connect", ANA, "--password-command", "true"],
            Talk::new().interrupts("Use these"),
        ),
        (&by_sign_in, &["connect", ANA], Talk::new().interrupts(ADDRESS)),
    ];
    for (stage, args, talk) in &cases {
        gives_up(stage, args, talk);
        assert_eq!(accounts(stage).len(), 0, "{args:?}");
        assert_eq!(vault(stage), b"", "{args:?}");
    }
}

/// Whatever ends the command while nothing is shown, the terminal shows what is typed afterwards:
/// `on_terminal` looks.
#[test]
fn in_the_dark() {
    let stage = Stage::new().ask_nobody();
    let args: Vec<String> =
        ["connect", ANA].map(String::from).into_iter().chain(stage.servers()).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    for signal in [Signal::TERM, Signal::HUP, Signal::QUIT] {
        let talk = Talk::new().hidden_signal(HIDDEN, signal);
        let (said, code) = on_terminal(&stage, &args, &talk, &[]);
        assert_eq!(code, 128 + signal.as_raw(), "{said}");
    }
    // the second one comes at another moment each time
    for _ in 0..20 {
        let talk = Talk::new().holds_interrupt(HIDDEN);
        let (said, code) = on_terminal(&stage, &args, &talk, &[]);
        assert!(matches!(code, CANCELED | ENDED_BY_INTERRUPT), "{code}: {said}");
    }
    assert_eq!(accounts(&stage).len(), 0);
}

/// Nothing is told behind a prompt, whatever took the daemon away.
#[test]
fn by_the_daemon() {
    let stage = stage(Personality::default());
    accounts(&stage);
    let pid = stage.pid().to_string();
    let talk = Talk::new().runs(ADDRESS, &["/bin/kill", "-9", &pid]);
    let (said, code) = on_terminal(&stage, &["connect", ANA], &talk, &[REMOTE]);
    let said = settled(&said);
    assert_ne!(code, 0, "{said}");
    assert!(said.lines().any(|line| line.starts_with('✗')), "{said}");
    assert!(!said.contains("address>"), "{said}");
}

#[test]
fn of_reconnect() {
    let stage = stage(Personality::default());
    let ran = stage.run(&["connect", ANA, "--password-stdin", "--yes", "--wait"], PASSWORD);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    stage.wait_live();
    let (before, secrets) = (accounts(&stage), vault(&stage));
    let words = ["account", "reconnect", "ana"];
    for (args, talk) in [
        (&words[..], Talk::new().interrupts(ADDRESS)),
        (&[&words[..], &["--password"]].concat(), Talk::new().interrupts(HIDDEN)),
    ] {
        gives_up(&stage, args, &talk);
        let now = accounts(&stage);
        for setting in ["id", "auth", "imap", "smtp", "user", "state"] {
            assert_eq!(now[0][setting], before[0][setting], "{args:?}: {setting}");
        }
        assert_eq!(vault(&stage), secrets, "{args:?}");
    }
}
