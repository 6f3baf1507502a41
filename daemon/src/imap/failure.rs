//! The failures of an IMAP session, in the words of the engine's table.

use super::code::Code;
use super::wire::Word;
use chapar_engine::verdict::{
    Failure, ImapStep, Judgement, MechanismRefusal, judge_imap, refuses_mechanism,
};

/// What is being attempted: for the table of verdicts and for people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doing(pub ImapStep, pub &'static str);

/// The link ended or broke.
pub(super) fn lost(host: &str, doing: Doing, detail: &str) -> Failure {
    let message = format!("the connection to {host} was lost while {}", doing.1);
    Failure::of("net.lost", message, Some(detail))
}

/// The server did not answer in time.
pub(super) fn silent(host: &str, doing: Doing, detail: &str) -> Failure {
    let message = format!("{host} did not answer while {}", doing.1);
    Failure::of("net.timeout", message, Some(detail))
}

/// The server broke the protocol or a limit.
pub(super) fn protocol(host: &str, doing: Doing, detail: &str) -> Failure {
    let message = format!("{host} sent what no IMAP server may send, while {}", doing.1);
    Failure::of("imap.protocol", message, Some(detail))
}

/// The server answered with more than may be held or read.
pub(super) fn too_much(host: &str, doing: Doing, detail: &str) -> Failure {
    let message = format!("{host} sent more than chapar takes in, while {}", doing.1);
    Failure::of("imap.too_much", message, Some(detail))
}

/// An earlier command was abandoned midway: what comes next on the wire belongs to it.
pub(super) fn interrupted(host: &str) -> Failure {
    let message = format!("an abandoned command left the session with {host} unusable");
    Failure::of("net.lost", message, None)
}

/// What we were asked to send cannot be said in IMAP.
pub(super) fn unsayable(what: &str) -> Failure {
    let message = format!("{what} holds characters that IMAP cannot carry");
    Failure::of("imap.refused", message, None)
}

/// NO, BAD or BYE: what it means is the engine's to say.
pub(super) fn answered(
    host: &str,
    doing: Doing,
    word: Word,
    code: Option<&Code>,
    text: &str,
) -> Failure {
    let name = code.map(|code| code.name.as_str());
    let detail = name.map_or_else(|| text.to_owned(), |name| format!("[{name}] {text}"));
    let mut judged = judge_imap(name, text, doing.0);
    let of_mechanism = MechanismRefusal { bad: false, code: name, text, challenged: false };
    if word == Word::Bad && judged.code == "imap.auth" && refuses_mechanism(of_mechanism) {
        // what the server does not understand it has not checked
        judged = Judgement::of("imap.no_login");
    }
    let message = match (judged.code, word) {
        ("imap.auth", _) => format!("{host} does not accept this login"),
        ("imap.app_password", _) => format!("{host} wants an app password for this login"),
        ("imap.no_login", _) => format!("{host} does not let this mailbox sign in in this way"),
        ("account.blocked", _) => format!("{host} has blocked this mailbox"),
        (_, Word::Bye) => format!("{host} ended the connection while {}", doing.1),
        _ => format!("{host} said no while {}", doing.1),
    };
    judged.failure(message, Some(&detail))
}
