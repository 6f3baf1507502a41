//! The real `chapar` on a terminal of 80x24: what is typed after which prompt, and what stands there
//! at the end.

use std::time::Duration;

use chapar_tests::rig::process::run;
use chapar_tests::rig::terminal::Talk;
use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::faults::{Fault, Service};

use super::stage::{ANA, PASSWORD, Stage, THEN};
use super::transcript::Transcript;

/// The program's own limit is 120 s.
const LIMIT: Duration = Duration::from_secs(140);
/// Where a password is asked for.
pub(crate) const HIDDEN: &str = r"\(not shown\): ";

/// Runs `chapar ARGS…` on a terminal, with `variables` over the stage's.
pub(crate) fn on_terminal(
    stage: &Stage,
    args: &[&str],
    talk: &Talk,
    variables: &[(&str, &str)],
) -> (String, i32) {
    let mut command = stage.command(args);
    command.envs(variables.iter().copied());
    let ran = run(&mut talk.on_terminal(&command), b"", LIMIT);
    assert_ne!(ran.code, Some(99), "a prompt did not come: {}{}", ran.text(), ran.stderr);
    assert_ne!(ran.code, Some(98), "the terminal was left without echo: {}", ran.text());
    (ran.text(), ran.code.unwrap())
}

/// The terminal's text as it stands at the end: redrawn lines only in their last form, and without
/// colours.
pub(crate) fn settled(said: &str) -> String {
    stands(said, false)
}

/// The same with its colours.
pub(crate) fn coloured(said: &str) -> String {
    stands(said, true)
}

fn stands(said: &str, colours: bool) -> String {
    let mut plain = String::new();
    let mut rest = said;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        // CSI … letter, OSC … BEL
        let end = if tail.starts_with(']') {
            tail.find('\u{7}')
        } else {
            tail[1..].find(|c: char| c.is_ascii_alphabetic()).map(|n| n + 1)
        };
        let sequence = &tail[..=end.expect("a whole sequence")];
        if sequence == "[2K" {
            plain.push('\u{c}');
        } else if colours && sequence.ends_with('m') {
            plain.push('\u{1b}');
            plain.push_str(sequence);
        }
        rest = &tail[sequence.len()..];
    }
    plain.push_str(rest);
    let line = |line: &str| {
        line.rsplit('\u{c}').next().unwrap_or_default().trim_end_matches('\r').to_owned()
    };
    plain.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn connecting_at_a_terminal() {
    let stage = Stage::new();
    corpus::fill(&stage.provider.store, ANA, &corpus::MAILBOXES, 1_600, 7, THEN);
    let mut transcript = Transcript::new(&stage, "connect_terminal");
    let words = stage.servers();
    let words: Vec<&str> =
        ["connect", ANA].into_iter().chain(words.iter().map(String::as_str)).collect();
    let wrong = Talk::new().hides(HIDDEN, "wrong").hides(HIDDEN, "wrong").hides(HIDDEN, "wrong");
    let (said, code) = on_terminal(&stage, &words, &wrong, &[]);
    assert_eq!(code, 77, "{said}");
    transcript.note(&words, &settled(&said), code);
    let (said, code) = on_terminal(&stage, &words, &Talk::new().hides(HIDDEN, PASSWORD), &[]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(PASSWORD), "the password was shown: {said}");
    assert!(said.contains('\u{2588}') || said.contains('\u{2591}'), "no progress bar: {said}");
    assert!(said.contains("/1,500"), "real counts: {said}");
    transcript.note(&words, &settled(&said), code);
    transcript.check();
    assert!(stage.provider.ledger.leaks().is_empty());
}

#[test]
fn chapar_alone_asks_for_everything() {
    let stage = Stage::new().ask_nobody();
    let (imap, smtp) = (stage.ports.imaps, stage.ports.smtps);
    // the authority cannot be named at a prompt: the refusal is the end of this talk
    let talk = Talk::new()
        .answers("empty = leave", ANA)
        .answers("IMAP server", &format!("localhost:{imap}"))
        .answers("SMTP server", &format!("localhost:{smtp}"));
    let (said, code) = on_terminal(&stage, &[], &talk, &[]);
    let said = settled(&said);
    let mut transcript = Transcript::new(&stage, "welcome_terminal");
    transcript.note(&[], &said, code);
    let (left, code) = on_terminal(&stage, &[], &Talk::new().answers("empty = leave", ""), &[]);
    transcript.note(&[], &settled(&left), code);
    transcript.check();
    assert!(stage.provider.ledger.credentials().is_empty(), "nothing was proved, nothing sent");
}

/// A look that takes a while is seen to go on: by a person at a terminal, and by no program.
#[test]
fn the_doctor_says_how_far_it_is() {
    let stage = Stage::new();
    stage.connect();
    stage.provider.faults.always(Service::Imap, Fault::StallAfter(0));
    let (said, code) = on_terminal(&stage, &["doctor", "ana"], &Talk::new(), &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("/12"), "checks done, of how many: {said}");
    assert!(said.contains('\u{2591}'), "no progress bar: {said}");
    assert!(!settled(&said).contains('\u{2591}'), "it goes when it is over: {said}");
    let ran = stage.run(&["doctor", "ana", "--json"], "");
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(1), ""),
        "a program is told the answer alone"
    );
}
