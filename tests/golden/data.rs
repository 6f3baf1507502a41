//! `chapar data forget`: what it says, and that nothing of what it forgot is left.

use std::time::Duration;

use chapar_tests::remains::scan;
use chapar_tests::rig::process::wait_for;

use super::stage::Stage;
use super::transcript::Transcript;

const LIMIT: Duration = Duration::from_mins(1);
/// A word of a mail's subject and of its text.
const WORD: &str = "fialkovy-kanarek-2203";

/// Whether the word lies anywhere in the files, packed or not.
fn is_there(stage: &Stage) -> bool {
    let needles = scan::Needles::new([WORD]);
    let state = stage.dir().join("state/chapar");
    let mut files = scan::files(&state).into_iter();
    files.any(|path| needles.are_in_file(&path).is_ok_and(|(found, _)| found))
}

fn mails(stage: &Stage) -> usize {
    let (listed, _) = stage.json(&["mail", "list"], "");
    listed["emails"].as_array().map_or(0, Vec::len)
}

#[test]
fn forgetting() {
    let stage = Stage::new();
    let text = format!("{WORD} is in the text.\n").repeat(40);
    let head = format!("From: Bo <bo@example.test>\nSubject: {WORD}\nMessage-ID: <1@x>");
    stage.deliver(0, &format!("{head}\n\n{text}"));
    stage.connect();
    wait_for(LIMIT, "the mail here", || (mails(&stage) == 1 && is_there(&stage)).then_some(()));
    let mut told = Transcript::new(&stage, "data");
    for (words, code) in [
        (&["data", "forget"][..], 2),
        (&["data", "forget", "ana", "--all"], 2),
        (&["data", "forget", "nobody"], 67),
        (&["data", "forget", "ana", "--dry-run"], 0),
        (&["data", "forget", "ana"], 2),
        (&["data", "forget", "ana", "--confirm", "bo"], 65),
    ] {
        assert_eq!(told.run(words, ""), code, "{words:?}");
    }
    assert!(is_there(&stage) && mails(&stage) == 1, "nothing was forgotten yet");
    assert_eq!(told.run(&["data", "forget", "ana", "--confirm", "ana"], ""), 0);
    assert_eq!(mails(&stage), 0);
    assert!(!is_there(&stage), "of what was forgotten nothing is left");
    let (status, _) = stage.json(&["status"], "");
    assert_eq!(status["accounts"][0]["state"], "paused", "none comes back by itself");

    // the sign-in stayed: the mail comes again when it is asked for
    assert_eq!(stage.run(&["account", "resume", "ana"], "").code, Some(0));
    wait_for(LIMIT, "the mail again", || (mails(&stage) == 1).then_some(()));

    // what was accepted for sending is not let go of without a word
    assert_eq!(stage.run(&["account", "pause", "ana"], "").code, Some(0));
    let send = ["send", "--to", "bo@example.test", "--subject", WORD, "--text", "-"];
    assert_eq!(stage.run(&send, WORD).code, Some(0));
    assert_eq!(told.run(&["data", "forget", "ana", "--yes"], ""), 0);
    let (outbox, _) = stage.json(&["outbox", "list", "--open"], "");
    assert_eq!(outbox["submissions"].as_array().unwrap().len(), 1, "it still waits: {outbox}");
    for (words, code) in [
        (&["data", "forget", "--all", "--dry-run"][..], 0),
        (&["data", "forget", "--all", "--confirm", "everything"], 65),
        (&["data", "forget", "--all", "--discard-outbox", "--confirm", "everything"], 0),
        (&["account", "list"], 0),
        (&["data", "forget", "--all", "--yes"], 0),
    ] {
        assert_eq!(told.run(words, ""), code, "{words:?}");
    }
    told.check();
    assert!(!is_there(&stage), "of what waited nothing is left");
}
