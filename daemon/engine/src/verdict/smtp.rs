//! What a reply of a submission server means (RFC 5321 §4.2, RFC 4954 §4 and §6, RFC 3463).

use super::{Judgement, Verdict, says, suggested_wait, words};

/// What was being attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SmtpStep {
    /// The greeting.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before a byte of the message.
    Data,
    /// The final dot.
    Dot,
}

/// Judges a reply that is not the one hoped for. `enhanced` is the status code of RFC 3463; when
/// it is not given it is looked for at the start of `text`.
#[must_use]
pub fn judge_smtp(code: u16, enhanced: Option<&str>, text: &str, during: SmtpStep) -> Judgement {
    let lower = text.to_lowercase();
    let status = enhanced.or_else(|| status_in(text)).unwrap_or_default();
    if is_throttle(code, status, &lower) {
        return Judgement::throttled("smtp.throttled", suggested_wait(&lower));
    }
    Judgement::of(match during {
        SmtpStep::Greeting if code >= 400 => "smtp.greeting",
        SmtpStep::StartTls if code >= 500 => "tls.not_offered",
        SmtpStep::Auth => auth(code, status, &lower),
        _ => transaction(code, status, &lower, during),
    })
}

/// Whether the same bytes may be offered again later: the answer was no acceptance and not final.
#[must_use]
pub fn is_temporary(code: u16, text: &str, during: SmtpStep) -> bool {
    let refused = judge_smtp(code, None, text, during).verdict == Verdict::Refused;
    !(200..300).contains(&code) && !refused
}

/// Whether a refusal of AUTH may be about the mechanism and not about the credential: then another
/// one is worth a try. A server that names the credential (RFC 3463 §3.8: 5.7.8, 5.7.3 …) is not
/// shown it twice, because providers lock mailboxes for that.
#[must_use]
pub fn is_of_mechanism(code: u16, text: &str) -> bool {
    let lower = text.to_lowercase();
    let status = status_in(text).unwrap_or_default();
    let named = matches!(status, "5.5.4" | "5.7.4") || says(&lower, &["mechanism", "auth type"]);
    let judged = judge_smtp(code, None, text, SmtpStep::Auth).code;
    let plain = matches!(judged, "smtp.auth" | "smtp.no_auth");
    code >= 500 && plain && (named || !status.starts_with("5.7."))
}

/// The status code at the start of a reply's text, `5.7.8`.
fn status_in(text: &str) -> Option<&str> {
    let word = text.split_whitespace().next()?;
    let mut numbers = word.split('.');
    let class = matches!(numbers.next()?, "2" | "4" | "5");
    let number = |part: Option<&str>| {
        part.is_some_and(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let good =
        class && number(numbers.next()) && number(numbers.next()) && numbers.next().is_none();
    good.then_some(word)
}

/// A limit of the provider on how fast or how much may be sent.
fn is_throttle(code: u16, status: &str, lower: &str) -> bool {
    // Microsoft: three sessions at once
    (code == 432 && status != "4.7.12")
        || status == "5.4.5"
        || lower.contains("submissionquotaexceeded")
        || says(lower, &["sending limit", "sending quota", "daily user sending", "rate limit"])
        || says(lower, &["too many messages", "too many connections", "throttl"])
        || says(lower, &["too many login", "too many concurrent", "try again in"])
}

/// SMTP AUTH is off for the mailbox, the company, or (5.7.30) passwords in general: what is shown
/// does not matter.
fn is_switched_off(status: &str, lower: &str) -> bool {
    matches!(status, "5.7.139" | "5.7.30")
        || words::takes_no_password(lower)
        || says(lower, &["smtpclientauthentication is disabled", "smtp auth is disabled"])
}

/// An answer to AUTH (RFC 4954 §6).
fn auth(code: u16, status: &str, lower: &str) -> &'static str {
    match code {
        // switched off for the mailbox or the whole company: no password helps
        _ if is_switched_off(status, lower) => "smtp.auth_disabled",
        530..=535 if words::is_blocked(lower) => "account.blocked",
        534 | 535 if words::wants_app_password(lower) || lower.contains("web browser") => {
            "smtp.app_password"
        }
        534 if status == "5.7.9" => "smtp.app_password",
        538 => "tls.not_offered",
        530 if lower.contains("starttls") => "tls.not_offered",
        // 432 4.7.12: the password has to be changed first
        432 | 505.. => "smtp.auth",
        500..=504 => "smtp.no_auth",
        400..=499 => "smtp.unavailable",
        _ => "smtp.protocol",
    }
}

/// An answer within or before a mail transaction.
fn transaction(code: u16, status: &str, lower: &str, during: SmtpStep) -> &'static str {
    match code {
        530 if lower.contains("starttls") => "tls.not_offered",
        538 => "tls.not_offered",
        _ if is_switched_off(status, lower) => "smtp.auth_disabled",
        530 | 535 => "smtp.auth",
        534 => "smtp.app_password",
        421 | 454 => "smtp.unavailable",
        400..=499 => "smtp.deferred",
        _ if matches!(status, "5.3.4" | "5.2.3") => "smtp.too_large",
        // without a status 552 is about size for the message, about the mailbox for a recipient
        552 if status.is_empty() && during != SmtpStep::Rcpt => "smtp.too_large",
        500..=599 if during == SmtpStep::Ehlo => "smtp.not_smtp",
        // a first digit that RFC 5321 does not know is taken for a refusal (§4.2)
        500.. => "smtp.refused",
        _ => "smtp.protocol",
    }
}
