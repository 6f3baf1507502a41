//! The failures of an IMAP session, in the words of the engine.

use super::code::Code;
use super::wire::Word;
use chapar_engine::verdict::{Failure, Verdict};

/// The link ended or an answer did not come.
pub(super) fn lost(host: &str, doing: &str, detail: impl Into<String>) -> Failure {
    Failure {
        code: "net.lost",
        message: format!("the connection to {host} was lost while {doing}"),
        detail: Some(detail.into()),
        verdict: Verdict::Retry,
    }
}

/// The server did not answer in time.
pub(super) fn silent(host: &str, doing: &str, detail: impl Into<String>) -> Failure {
    Failure {
        code: "net.timeout",
        message: format!("{host} did not answer while {doing}"),
        detail: Some(detail.into()),
        verdict: Verdict::Retry,
    }
}

/// The server broke the protocol or a limit.
pub(super) fn protocol(host: &str, doing: &str, detail: impl Into<String>) -> Failure {
    Failure {
        code: "imap.protocol",
        message: format!("{host} sent something that is not IMAP while {doing}"),
        detail: Some(detail.into()),
        verdict: Verdict::Retry,
    }
}

/// An earlier command was abandoned midway: what comes next on the wire belongs to it.
pub(super) fn interrupted(host: &str) -> Failure {
    Failure {
        code: "imap.interrupted",
        message: format!("an unfinished command left the session with {host} unusable"),
        detail: None,
        verdict: Verdict::Retry,
    }
}

/// What we were asked to send cannot be said in IMAP.
pub(super) fn unsayable(what: &str) -> Failure {
    Failure {
        code: "imap.input",
        message: format!("{what} holds characters that IMAP cannot carry"),
        detail: None,
        verdict: Verdict::Refused,
    }
}

/// The settings and the server do not fit.
pub(super) fn settings(code: &'static str, message: String, detail: Option<String>) -> Failure {
    Failure {
        code,
        message,
        detail,
        verdict: Verdict::FixSettings,
    }
}

/// NO, BAD or BYE: what it means is the engine's to say.
pub(super) fn answered(
    host: &str,
    doing: &str,
    status: Word,
    code: Option<&Code>,
    text: &str,
) -> Failure {
    let name = code.map(|code| code.name.as_str());
    let (verdict, key) = judge(&status.to_string(), name, text, doing);
    let code = code.map_or_else(String::new, |code| format!("[{}] ", code.name));
    Failure {
        code: key,
        message: format!("{host} answered {status} while {doing}"),
        detail: Some(format!("{code}{text}")),
        verdict,
    }
}

fn judge(status: &str, code: Option<&str>, text: &str, doing: &str) -> (Verdict, &'static str) {
    let _ = (status, code, text, doing);
    (Verdict::Refused, "imap.refused")
}
