//! What a NO, BAD or BYE of an IMAP server means (RFC 9051 §7.1, RFC 5530).

use super::{Judgement, says, suggested_wait, words};

/// What was being attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImapStep {
    /// Before the greeting was read.
    Greeting,
    /// CAPABILITY, ID, ENABLE.
    Capability,
    /// STARTTLS.
    StartTls,
    /// LOGIN or AUTHENTICATE.
    Login,
    /// LIST or STATUS.
    List,
    /// SELECT or EXAMINE.
    Select,
    /// FETCH.
    Fetch,
    /// SEARCH.
    Search,
    /// IDLE.
    Idle,
    /// APPEND.
    Append,
    /// STORE, COPY, MOVE, EXPUNGE.
    Store,
    /// Anything else, NOOP among it.
    Other,
}

/// Judges an answer: `code` is the response code without brackets and arguments, `text` what
/// stands after it.
#[must_use]
pub fn judge_imap(code: Option<&str>, text: &str, during: ImapStep) -> Judgement {
    let lower = text.to_lowercase();
    if let Some(wait) = suggested_wait(&lower) {
        return Judgement::throttled("imap.throttled", Some(wait));
    }
    let word = code.and_then(|code| code.split_whitespace().next());
    let by_code = word.and_then(|word| by_code(&word.to_ascii_uppercase(), &lower, during));
    Judgement::of(
        by_code.or_else(|| by_text(&lower, during)).unwrap_or_else(|| by_step(&lower, during)),
    )
}

/// A NO or BAD to one mechanism of signing in.
#[derive(Clone, Copy, Debug)]
pub struct MechanismRefusal<'a> {
    /// BAD, not NO.
    pub bad: bool,
    /// The response code without brackets and arguments.
    pub code: Option<&'a str>,
    /// What stands after it.
    pub text: &'a str,
    /// Whether the server went on with the mechanism before it refused.
    pub challenged: bool,
}

/// Whether a refusal may be meant for the mechanism and not for the credential, so that the next
/// mechanism may be tried: BAD, or a NO that neither a code (RFC 5530) nor its words explain and that
/// came without a challenge.
#[must_use]
pub fn refuses_mechanism(refusal: MechanismRefusal<'_>) -> bool {
    let MechanismRefusal { bad, code, text, challenged } = refusal;
    let lower = text.to_lowercase();
    if words::takes_no_password(&lower) {
        return false;
    }
    match judge_imap(code, text, ImapStep::Login).code {
        "imap.no_login" => code.is_none_or(|code| !code.eq_ignore_ascii_case("CONTACTADMIN")),
        "imap.auth"
            if code.is_some_and(|code| by_code(code, &lower, ImapStep::Login).is_some()) =>
        {
            false
        }
        "imap.auth" => {
            words::is_about_mechanism(&lower)
                || bad
                || !challenged && !words::is_about_credential(&lower)
        }
        "imap.refused" => words::is_about_mechanism(&lower),
        _ => false,
    }
}

/// What the response code says, if it says enough.
fn by_code(code: &str, lower: &str, during: ImapStep) -> Option<&'static str> {
    let login = during == ImapStep::Login;
    Some(match code {
        "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" => match by_text(lower, during) {
            // Gmail and others put their real reason into the text
            Some(
                real
                @ ("imap.app_password" | "imap.disabled" | "imap.no_login" | "account.blocked"),
            ) => real,
            _ => "imap.auth",
        },
        "EXPIRED" if login => "imap.auth",
        "EXPIRED" => "imap.session_ended",
        "WEBALERT" if words::is_blocked(lower) => "account.blocked",
        "WEBALERT" => "imap.app_password",
        "PRIVACYREQUIRED" => "tls.not_offered",
        "CONTACTADMIN" if login => "imap.no_login",
        "UNAVAILABLE" | "INUSE" | "SERVERBUG" => match by_text(lower, during) {
            // Dovecot says so too of one session more than it allows
            Some(real @ "imap.throttled") => real,
            _ => "imap.unavailable",
        },
        // for Gmail this is a limit of bandwidth, elsewhere one of space
        "OVERQUOTA" if matches!(during, ImapStep::Append | ImapStep::Store) => "imap.over_quota",
        "OVERQUOTA" | "THROTTLED" => "imap.throttled",
        "LIMIT" if login || during == ImapStep::Greeting => "imap.throttled",
        "TRYCREATE" | "NONEXISTENT" => "imap.no_mailbox",
        "LIMIT" | "ALREADYEXISTS" | "CANNOT" | "NOPERM" | "TOOBIG" | "CLIENTBUG" | "CORRUPTION"
        | "EXPUNGEISSUED" | "HASCHILDREN" | "BADCHARSET" => "imap.refused",
        _ => return None,
    })
}

/// What the text says where servers have no code for it.
fn by_text(lower: &str, during: ImapStep) -> Option<&'static str> {
    let login = matches!(during, ImapStep::Login | ImapStep::Greeting);
    if login && words::is_blocked(lower) {
        return Some("account.blocked");
    }
    if words::wants_app_password(lower) {
        return Some("imap.app_password");
    }
    if login && words::takes_no_password(lower) {
        return Some("imap.no_login");
    }
    if says(lower, &["throttled", "too many simultaneous", "too many connections"])
        || says(lower, &["maximum number of connections", "too many sessions"])
        || says(lower, &["rate limit", "bandwidth limit", "exceeded command", "too many login"])
    {
        return Some("imap.throttled");
    }
    // Microsoft: the mailbox server is not attached (yet); also a wrong user with a good token
    if lower.contains("user is authenticated but not connected") {
        return Some("imap.not_connected");
    }
    if login && says(lower, &["not licensed", "no license", "without a license"]) {
        return Some("account.not_licensed");
    }
    // Microsoft and Google end a session with its token; the next one is a matter of a second.
    // At a login the same words are about the token that was shown
    if !login
        && says(lower, &["accesstokenexpired", "session expired", "session invalidated"])
            | says(lower, &["access token ended", "token expired", "token has expired"])
    {
        return Some("imap.session_ended");
    }
    if login
        && says(lower, &["imap is disabled", "imap access is disabled", "not enabled for imap"])
            | says(lower, &["imap disabled", "imap service is disabled", "enable imap"])
            | says(lower, &["imap access has been disabled", "imap access is not allowed"])
    {
        return Some("imap.disabled");
    }
    if says(lower, &["temporary", "temporarily", "try again later", "server busy", "too busy"])
        || says(lower, &["internal error", "internal server error", "server unavailable"])
        || says(lower, &["backend", "service not available", "shutting down"])
    {
        return Some("imap.unavailable");
    }
    None
}

/// What a bare refusal of this step means.
fn by_step(lower: &str, during: ImapStep) -> &'static str {
    match during {
        ImapStep::Greeting => "imap.greeting",
        ImapStep::StartTls => "tls.not_offered",
        ImapStep::Login if says(lower, &["unsupported", "unknown command", "invalid command"]) => {
            "imap.no_login"
        }
        ImapStep::Login => "imap.auth",
        ImapStep::Append if says(lower, &["quota", "mailbox is full"]) => "imap.over_quota",
        ImapStep::Select | ImapStep::List
            if says(
                lower,
                &["doesn't exist", "does not exist", "no such mailbox", "not found"],
            ) =>
        {
            "imap.no_mailbox"
        }
        _ => "imap.refused",
    }
}
