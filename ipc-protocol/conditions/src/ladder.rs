//! The order in which the parts of a mailbox depend on each other, and at which of them a code is
//! found. `doctor` climbs it; what stands above a step that failed is skipped with that reason.

use crate::Condition;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The name of the server.
    Dns,
    /// A connection.
    Tcp,
    /// TLS and the certificate.
    Tls,
    /// The server says what it is and what it can.
    Greeting,
    /// The stored password or the provider's sign-in is at hand.
    SignIn,
    /// The server takes it.
    Auth,
    /// The inbox opens.
    Select,
}

impl Step {
    /// Its stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::SignIn => "signIn",
            Self::Auth => "auth",
            Self::Select => "select",
        }
    }
}

impl Condition {
    /// At which step it is found; `None` for what is not about reaching a mailbox.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        let (area, reason) = self.code.split_once('.')?;
        Some(match (area, reason) {
            ("net", "unknown_host" | "offline") => Step::Dns,
            ("net", _) => Step::Tcp,
            ("tls", _) => Step::Tls,
            ("secrets" | "oauth", _) => Step::SignIn,
            (
                "imap" | "smtp",
                "greeting" | "not_imap" | "not_smtp" | "preauth" | "protocol" | "bad_reply"
                | "lost" | "timeout",
            ) => Step::Greeting,
            ("imap", "no_mailbox" | "no_inbox" | "refused" | "over_quota") => Step::Select,
            (
                "imap" | "smtp",
                "auth" | "app_password" | "no_login" | "disabled" | "not_connected" | "unavailable"
                | "throttled" | "no_auth" | "auth_disabled" | "auth_later" | "bad_credential",
            )
            | ("account", "not_licensed" | "blocked") => Step::Auth,
            _ => return None,
        })
    }

    /// What has to hold before it can show: the word of the step before its own.
    #[must_use]
    pub fn depends_on(&self) -> Option<&'static str> {
        let before = match self.step()? {
            Step::Dns | Step::SignIn => return None,
            Step::Tcp => Step::Dns,
            Step::Tls => Step::Tcp,
            Step::Greeting => Step::Tls,
            Step::Auth => Step::Greeting,
            Step::Select => Step::Auth,
        };
        Some(before.word())
    }
}
