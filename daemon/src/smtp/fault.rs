//! Every failure of a submission session: its code, words and verdict.

use super::{Reply, Unheard};
use chapar_engine::verdict::{Failure, SmtpStep, Verdict, judge_smtp};
use std::time::Duration;

fn fixed(code: &'static str, message: String, detail: Option<String>) -> Failure {
    Failure { code, message, detail, verdict: Verdict::FixSettings }
}

fn passing(code: &'static str, message: String, detail: Option<String>) -> Failure {
    Failure { code, message, detail, verdict: Verdict::Retry }
}

pub(super) fn timeout(host: &str, what: &str, limit: Duration) -> Failure {
    let seconds = limit.as_secs();
    passing("smtp.timeout", format!("{host} did not answer {what} within {seconds} s"), None)
}

pub(super) fn lost(host: &str, what: &str, why: &str) -> Failure {
    passing(
        "smtp.lost",
        format!("the connection to {host} was lost at {what}"),
        Some(why.to_owned()),
    )
}

/// No reply to `what` came.
pub(super) fn unheard(host: &str, what: &str, why: &Unheard) -> Failure {
    match why {
        Unheard::Broken(broken) => bad_reply(host, what, &broken.to_string()),
        Unheard::Ended(_) | Unheard::Endless(_) => lost(host, what, &why.to_string()),
    }
}

/// What greeted is no reply at all: another service. Tried again all the same, because a network's
/// own page speaks so too.
pub(super) fn not_smtp(host: &str, why: &str) -> Failure {
    let message = format!("{host} does not speak SMTP on this port");
    passing("smtp.not_smtp", message, Some(why.to_owned()))
}

pub(super) fn bad_reply(host: &str, what: &str, why: &str) -> Failure {
    passing(
        "smtp.bad_reply",
        format!("{host} answered {what} with something that is not SMTP"),
        Some(why.to_owned()),
    )
}

pub(super) fn injected(host: &str, what: &str) -> Failure {
    fixed(
        "tls.injected",
        format!(
            "{host} sent more than its answer to {what} before TLS: someone may be tampering with \
             the connection \u{2013} not connecting; try port 465"
        ),
        None,
    )
}

pub(super) fn tls_not_offered(host: &str) -> Failure {
    fixed(
        "tls.not_offered",
        format!(
            "{host} does not offer STARTTLS \u{2013} not connecting; try port 465, or another \
             network: this one may be removing it"
        ),
        None,
    )
}

pub(super) fn tls_refused(host: &str, reply: &Reply) -> Failure {
    let message = format!("{host} refused STARTTLS \u{2013} not connecting; try port 465");
    if reply.code < 500 {
        passing("tls.refused", message, Some(reply.to_string()))
    } else {
        fixed("tls.refused", message, Some(reply.to_string()))
    }
}

pub(super) fn greeting(host: &str, reply: &Reply) -> Failure {
    Failure {
        code: "smtp.greeting",
        message: format!("{host} does not take connections now"),
        detail: Some(reply.to_string()),
        verdict: passing_verdict(reply),
    }
}

/// No name that chapar gives in EHLO is taken.
pub(super) fn name(host: &str, reply: &Reply) -> Failure {
    if reply.code < 500 {
        return greeting(host, reply);
    }
    let message = format!("{host} refuses every name that chapar gives in EHLO");
    passing("smtp.name", message, Some(reply.to_string()))
}

/// The server says that it hangs up (RFC 5321 §4.2.3).
pub(super) fn closing(host: &str, reply: &Reply) -> Failure {
    Failure {
        code: "smtp.unavailable",
        message: format!("{host} ends the session"),
        detail: Some(reply.to_string()),
        verdict: passing_verdict(reply),
    }
}

/// `spoken`: the mechanisms that could have been used.
pub(super) fn no_mechanism(host: &str, spoken: &str, offered: &[String]) -> Failure {
    let (message, detail) = if offered.is_empty() {
        (format!("{host} offers no sign-in; use the submission port (465 or 587)"), None)
    } else {
        (
            format!("{host} offers no sign-in that chapar speaks: that is {spoken}, inside TLS"),
            Some(format!("offered: {}", offered.join(" "))),
        )
    };
    fixed("smtp.no_auth", message, detail)
}

/// RFC 4954 §6: 4yz pass, 504 and 538 are the mechanism's fault, other 5yz the credential's.
pub(super) fn sign_in(host: &str, user: &str, what: &str, reply: &Reply) -> Failure {
    if let Some(told) = told(host, user, reply, SmtpStep::Auth) {
        return told;
    }
    let detail = Some(reply.to_string());
    match reply.code {
        500..=504 | 538 => {
            fixed("smtp.no_auth", format!("{host} does not accept sign-in by {what}"), detail)
        }
        500.. => Failure {
            code: "smtp.auth",
            message: format!("{host} does not accept this {what}"),
            detail,
            verdict: Verdict::SignInAgain,
        },
        _ => Failure {
            code: "smtp.auth_later",
            message: format!("{host} cannot check the {what} of {user} at present"),
            detail,
            verdict: passing_verdict(reply),
        },
    }
}

/// An exchange that was given up and yet not refused: nothing is known of the credential.
pub(super) fn sign_in_odd(host: &str, reply: &Reply) -> Failure {
    let message = format!("{host} asks for something that is no part of a sign-in");
    passing("smtp.auth_later", message, Some(reply.to_string()))
}

/// What the server says beyond its code, where no other credential would help.
fn told(host: &str, user: &str, reply: &Reply, during: SmtpStep) -> Option<Failure> {
    let judged = judge_smtp(reply.code, None, &reply.text, during);
    let message = match judged.code {
        "smtp.auth_disabled" => format!("{host} has sending by SMTP switched off for {user}"),
        "smtp.app_password" => format!("{host} asks for an app password of {user}"),
        "smtp.throttled" => format!("{host} asks {user} to slow down"),
        _ => return None,
    };
    Some(judged.failure(message, Some(&reply.to_string())))
}

pub(super) fn sender(host: &str, from: &str, reply: &Reply) -> Failure {
    if let Some(told) = told(host, from, reply, SmtpStep::Mail) {
        return told;
    }
    Failure {
        code: match reply.code {
            // the sign-in does not hold any more (RFC 4954 §6)
            530 | 535 => "smtp.auth",
            500.. => "smtp.sender_refused",
            _ => "smtp.deferred",
        },
        message: format!("{host} does not take mail from {from}"),
        detail: Some(reply.to_string()),
        verdict: match reply.code {
            530 | 535 => Verdict::SignInAgain,
            500.. => Verdict::Refused,
            _ => passing_verdict(reply),
        },
    }
}

pub(super) fn too_large(host: &str, size: u64, limit: u64) -> Failure {
    refused(
        "smtp.too_large",
        format!("the message has {size} bytes, {host} takes at most {limit}; send less at once"),
    )
}

pub(super) fn refused(code: &'static str, message: String) -> Failure {
    Failure { code, message, detail: None, verdict: Verdict::Refused }
}

/// 421 and the policy replies x.7.x ask for a pause, not for another try at once.
fn passing_verdict(reply: &Reply) -> Verdict {
    if reply.code == 421 || reply.text.starts_with("4.7.") {
        Verdict::Throttled(None)
    } else {
        Verdict::Retry
    }
}
