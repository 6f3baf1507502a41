//! What `chapar logs` says of a day: connections, syncs, sends and refusals, and nobody's name.

use chapar_tests::rig::process::wait_for;
use chapar_tests::sandbox::faults::{Fault, Service};

use super::stage::{ANA, PASSWORD, Stage};

const LONG: std::time::Duration = std::time::Duration::from_mins(2);

#[test]
fn the_log_says_what_happened_and_names_nobody() {
    let stage = Stage::new();
    stage.connect();
    let send = |to: &str| stage.run(&["send", "--to", to, "-m", "x", "--wait"], "");
    assert_eq!(send("bo@example.test").code, Some(0));
    let refusal = "550 5.1.1 <eve@example.test> is nobody here".to_owned();
    let fault = Fault::Reply { command: "RCPT".to_owned(), text: refusal };
    stage.provider.faults.add(Service::Smtp, fault, 1);
    assert_ne!(send("eve@example.test").code, Some(0));
    stage.deliver(1, "From: zlatka@tajna.example\nTo: ana@example.test\nSubject: Tajna\n\nx\n");
    // by its name, which the log has not
    let log = || stage.run(&["logs", "-a", "ana", "--level", "info", "--lines", "5000"], "").text();
    let tells = |words: &[&str]| {
        wait_for(LONG, &format!("{words:?} in the log"), || {
            words.iter().all(|word| log().contains(word)).then_some(())
        });
    };
    tells(&["received 1 mail"]);
    // the server refuses the sign-in from now on
    stage.provider.store.set_password(ANA, "kanarek-Modry-5520");
    assert_eq!(stage.run(&["account", "pause", "ana"], "").code, Some(0));
    assert_eq!(stage.run(&["account", "resume", "ana"], "").code, Some(0));
    let words = [
        "connected anew and saved",
        "first sync ended: ",
        "connected: new mail comes by push",
        "sent, the server said 250",
        "refused for good, the server said 550 5.1.1; recipients: 1, 1 refused",
        "disconnected: the server refuses the sign-in",
        "imap.auth began",
    ];
    for word in words {
        tells(&[word]);
    }
    let told: String =
        log().lines().filter(|line| line.contains("chronicle")).collect::<Vec<_>>().join("\n");
    assert!(told.lines().all(|line| line.contains(" account=1")), "{told}");
    for name in [ANA, "bo@", "eve", "zlatka", "Tajna", "tajna", PASSWORD, "localhost"] {
        assert!(!told.contains(name), "{name} in {told}");
    }
    let nobody = stage.run(&["logs", "-a", "nobody"], "");
    assert_eq!(nobody.code, Some(67), "{}", nobody.stderr);
}

/// A machine where nobody could see a notification is not ill.
#[test]
fn without_a_desktop_nothing_is_wrong_with_notifications() {
    let stage = Stage::new();
    stage.connect();
    let wants = stage.run(&["account", "update", "ana", "--notify", "desktop"], "");
    assert_eq!(wants.code, Some(0), "{}", wants.stderr);
    let look = |display: &[(&str, &str)]| {
        let (said, code) = stage.both(&["doctor"], "", display);
        (String::from_utf8(said).unwrap(), code)
    };
    // where this machine itself has a display, nobody can tell
    if !std::path::Path::new("/tmp/.X11-unix").exists() {
        let (said, code) = look(&[]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("no desktop on this machine"), "{said}");
    }
    let (said, code) = look(&[("DISPLAY", ":4711")]);
    assert!(code == 1 && said.contains("desktop.absent"), "{said}");
}
