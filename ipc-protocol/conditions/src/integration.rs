//! The nine causes by which an integration (a CRM and the like) explains that a mailbox does not
//! work, and which of our codes is which.
//!
//! The nine are the causes that mail integrations commonly tell apart. Correct numbers or words
//! here, and nowhere else.

use crate::Condition;

/// One of the nine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Integration {
    /// 001: the server cannot be reached.
    Unreachable,
    /// 002: certificate or TLS.
    Certificate,
    /// 003: wrong server or port.
    WrongServer,
    /// 004: IMAP or SMTP is switched off for the mailbox.
    SwitchedOff,
    /// 005: an administrator has to approve, or a policy forbids.
    Policy,
    /// 006: consent or a permission is missing.
    Consent,
    /// 007: the sign-in has expired or was revoked.
    Expired,
    /// 008: too many connections, or over a limit.
    Limits,
    /// 009: the credentials are refused.
    Credentials,
}

/// Which code is which cause.
const CAUSES: &[(Integration, &[&str])] = {
    use Integration::{
        Certificate, Consent, Credentials, Expired, Limits, Policy, SwitchedOff, Unreachable,
        WrongServer,
    };
    &[
        (
            Unreachable,
            &[
                "net.timeout",
                "net.unreachable",
                "net.lost",
                "net.closed",
                "imap.greeting",
                "imap.unavailable",
                "smtp.greeting",
                "smtp.unavailable",
                "smtp.lost",
                "smtp.timeout",
                "smtp.auth_later",
                "oauth.unavailable",
            ],
        ),
        (
            Certificate,
            &[
                "tls.expired",
                "tls.not_yet_valid",
                "tls.wrong_host",
                "tls.unknown_issuer",
                "tls.self_signed",
                "tls.too_old",
                "tls.at_once",
                "tls.not_offered",
                "tls.refused",
                "tls.revoked",
                "tls.invalid",
                "tls.injected",
                "tls.ca_file",
                "imap.preauth",
            ],
        ),
        (
            WrongServer,
            &[
                "net.unknown_host",
                "net.refused",
                "net.private",
                "tls.not_tls",
                "imap.not_imap",
                "imap.protocol",
                "imap.too_much",
                "smtp.not_smtp",
                "smtp.bad_reply",
                "smtp.protocol",
                "smtp.no_auth",
                "discover.nothing",
            ],
        ),
        (
            SwitchedOff,
            &[
                "imap.disabled",
                "imap.no_login",
                "smtp.auth_disabled",
                "discover.no_imap",
                "account.blocked",
                "account.not_licensed",
            ],
        ),
        (Policy, &["oauth.admin_consent", "oauth.policy"]),
        (
            Consent,
            &["oauth.denied", "oauth.missing_scope", "oauth.no_refresh_token", "oauth.refused"],
        ),
        (Expired, &["oauth.expired", "secrets.missing", "secrets.corrupt"]),
        (Limits, &["imap.throttled", "imap.over_quota", "smtp.throttled", "oauth.throttled"]),
        (
            Credentials,
            &[
                "imap.auth",
                "imap.app_password",
                "imap.not_connected",
                "smtp.auth",
                "smtp.app_password",
                "oauth.token_refused",
                "oauth.wrong_person",
            ],
        ),
    ]
};

impl Integration {
    /// Its number, `001` to `009`.
    #[must_use]
    pub fn number(self) -> &'static str {
        match self {
            Self::Unreachable => "001",
            Self::Certificate => "002",
            Self::WrongServer => "003",
            Self::SwitchedOff => "004",
            Self::Policy => "005",
            Self::Consent => "006",
            Self::Expired => "007",
            Self::Limits => "008",
            Self::Credentials => "009",
        }
    }

    /// The codes of it.
    #[must_use]
    pub fn codes(self) -> &'static [&'static str] {
        CAUSES.iter().find(|(cause, _)| *cause == self).map_or(&[], |(_, codes)| codes)
    }
}

impl Condition {
    /// Which of the nine causes it is, if one.
    #[must_use]
    pub fn integration(&self) -> Option<Integration> {
        CAUSES.iter().find(|(_, codes)| codes.contains(&self.code)).map(|(cause, _)| *cause)
    }
}
