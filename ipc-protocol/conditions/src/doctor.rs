//! Which conditions `doctor` can find and at which of its checks; and for every other one, why not.
//!
//! A list, not a rule: a new code has to be thought about here, or the tests say so.

use crate::Condition;

/// What `doctor` has to do with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doctor {
    /// It is found at this check, in the word of the wire.
    Check(&'static str),
    /// It is not looked for, and why.
    Not(&'static str),
}

const CONNECT: &str =
    "it ends an attempt to connect, and nothing was saved that could be looked at";
const COMMAND: &str = "it answers one command and is over with it";
const MAIL: &str = "it is about one mail, and the outbox or the list shows it there";
const WORDS: &str = "it is about the words of one command";
const ASIDE: &str = "the status of the account names what is set aside and the server's words";
const PASSES: &str = "it has passed by itself before anybody can look; the log has it";

/// Every code of the registry, once.
const LISTS: &[(Doctor, &[&str])] = &[
    (
        Doctor::Check("daemon"),
        &[
            "socket.absent",
            "socket.start",
            "socket.closed",
            "socket.timeout",
            "socket.protocol",
            "config.no_home",
            "config.invalid",
            "config.unknown_key",
            "store.foreign",
            "store.newer",
            "store.locked",
        ],
    ),
    (Doctor::Check("version"), &["daemon.older", "daemon.replaced"]),
    (Doctor::Check("socket"), &["socket.mode", "socket.denied", "socket.too_long", "socket.path"]),
    (Doctor::Check("service"), &["service.missing", "service.stale"]),
    (
        Doctor::Check("disk"),
        &[
            "store.low_space",
            "store.full",
            "store.read_only",
            "store.io",
            "store.damaged",
            "store.lost",
            "store.restored",
        ],
    ),
    (Doctor::Check("clock"), &["clock.wrong"]),
    (Doctor::Check("notifications"), &["desktop.absent"]),
    (Doctor::Check("outbox"), &["submission.unknown"]),
    (Doctor::Check("state"), &["account.paused", "account.stopped"]),
    (Doctor::Check("dns"), &["net.unknown_host", "net.offline"]),
    (
        Doctor::Check("tcp"),
        &["net.refused", "net.timeout", "net.unreachable", "net.closed", "net.lost"],
    ),
    (
        Doctor::Check("tls"),
        &[
            "tls.expired",
            "tls.not_yet_valid",
            "tls.wrong_host",
            "tls.unknown_issuer",
            "tls.self_signed",
            "tls.too_old",
            "tls.at_once",
            "tls.not_tls",
            "tls.injected",
            "tls.revoked",
            "tls.invalid",
            "tls.not_offered",
            "tls.refused",
            "tls.ca_file",
            "tls.ends_soon",
        ],
    ),
    (
        Doctor::Check("greeting"),
        &["imap.greeting", "imap.not_imap", "imap.preauth", "imap.protocol", "imap.too_much"],
    ),
    (
        Doctor::Check("signIn"),
        &[
            "secrets.locked",
            "secrets.unavailable",
            "secrets.missing",
            "secrets.corrupt",
            "oauth.expired",
            "oauth.client",
            "oauth.throttled",
            "oauth.unavailable",
            "oauth.admin_consent",
        ],
    ),
    (
        Doctor::Check("auth"),
        &[
            "imap.auth",
            "imap.app_password",
            "imap.bad_credential",
            "imap.no_login",
            "imap.disabled",
            "imap.not_connected",
            "imap.unavailable",
            "imap.throttled",
            "oauth.token_refused",
            "account.blocked",
            "account.not_licensed",
        ],
    ),
    (Doctor::Check("select"), &["imap.no_inbox", "imap.refused"]),
    (Doctor::Check("idle"), &["push.cut"]),
    (
        Doctor::Check("smtp"),
        &[
            "smtp.greeting",
            "smtp.name",
            "smtp.not_smtp",
            "smtp.protocol",
            "smtp.bad_reply",
            "smtp.lost",
            "smtp.timeout",
        ],
    ),
    (
        Doctor::Check("smtpAuth"),
        &[
            "smtp.auth",
            "smtp.app_password",
            "smtp.no_auth",
            "smtp.auth_disabled",
            "smtp.auth_later",
            "smtp.unavailable",
            "smtp.throttled",
            "smtp.bad_credential",
        ],
    ),
    (
        Doctor::Not(CONNECT),
        &[
            "net.private",
            "http.not_https",
            "discover.nothing",
            "discover.document",
            "discover.digest",
            "discover.no_tls",
            "discover.no_imap",
            "oauth.denied",
            "oauth.missing_scope",
            "oauth.policy",
            "oauth.no_refresh_token",
            "oauth.code",
            "oauth.state",
            "oauth.pasted",
            "oauth.issuer",
            "oauth.timeout",
            "oauth.no_client",
            "oauth.refused",
            "oauth.metadata",
            "oauth.answer",
            "oauth.listen",
            "oauth.wrong_person",
            "account.settings",
            "account.other_mailbox",
            "account.canceled",
        ],
    ),
    (
        Doctor::Not("of an account it is told as oauth.unavailable; else it ends one attempt"),
        &["http.broken", "http.redirects"],
    ),
    (
        Doctor::Not(COMMAND),
        &[
            "account.unknown",
            "account.none",
            "account.ambiguous",
            "account.exists",
            "account.provider",
            "account.missing",
            "account.not_found",
            "account.busy",
            "account.not_running",
            "account.no_grant",
            "object.unknown",
            "object.changed",
            "mailbox.unknown",
            "imap.no_mailbox",
            "store.conflict",
            "store.missing",
            "submission.not_found",
            "submission.wrong_phase",
            "submission.waiting",
            "service.no_systemd",
            "service.failed",
        ],
    ),
    (
        Doctor::Not(MAIL),
        &[
            "mail.unknown",
            "mail.no_attachment",
            "mail.no_html",
            "mail.not_opened",
            "imap.gone",
            "imap.too_large",
            "imap.over_quota",
            "smtp.sender_refused",
            "smtp.bad_address",
            "smtp.no_recipients",
            "smtp.ascii_only",
            "smtp.no_eight_bit",
            "smtp.too_large",
            "smtp.refused",
            "smtp.deferred",
        ],
    ),
    (Doctor::Not(ASIDE), &["mailbox.aside", "mail.aside", "store.budget"]),
    (
        Doctor::Not(PASSES),
        &["imap.session_ended", "daemon.fault", "daemon.stopping", "internal.panic"],
    ),
    (
        Doctor::Not(WORDS),
        &[
            "cli.usage",
            "cli.missing",
            "cli.canceled",
            "cli.output",
            "cli.no_program",
            "input.address",
            "input.server",
            "input.file",
            "input.data",
            "input.time",
            "input.password",
        ],
    ),
];

impl Condition {
    /// At which check `doctor` finds it, or why it does not; `None` only for a row that nobody
    /// has thought about.
    #[must_use]
    pub fn doctor(&self) -> Option<Doctor> {
        LISTS.iter().find(|(_, codes)| codes.contains(&self.code)).map(|(place, _)| *place)
    }
}

/// Every code that is listed, for the test that each is listed once.
#[cfg(test)]
pub(crate) fn listed() -> impl Iterator<Item = &'static str> {
    LISTS.iter().flat_map(|(_, codes)| codes.iter().copied())
}
