//! `Doctor/run`: what is wrong, whose job it is, and what mends it.

use crate::error::Remedy;
use crate::id::AccountId;

words! {
    /// How a check ended.
    pub enum CheckState {
        /// Fine.
        Ok = "ok",
        /// Works, but not as it should.
        Warning = "warning",
        /// Does not work.
        Error = "error",
        /// Not made, because what it depends on failed.
        Skipped = "skipped",
    }

    /// Who can end a condition.
    pub enum Who {
        /// The person at this machine.
        You = "you",
        /// Whoever administers the person's mail domain.
        Admin = "admin",
        /// Whoever runs the server.
        Provider = "provider",
        /// Nobody: it passes by itself.
        Nobody = "nobody",
        /// The recipient or the recipient's server.
        Recipient = "recipient",
    }
}

wire! {
    /// Parameters of `Doctor/run`.
    #[derive(Default)]
    pub struct DoctorRun {
        /// Only this account; absent = all, and the machine.
        pub account_id: Option<AccountId>,
        /// Asks for `$/progress` notifications with this token until the answer comes.
        pub progress_token: Option<String>,
        /// Mends first what chapard stores and can make anew: a damaged database, lost packs.
        pub fix: Option<bool>,
    }
}

object! {
    /// One check.
    pub struct DoctorCheck {
        /// What was checked: `daemon`, `disk`, `clock`, `keyring`, `notifications`, `outbox`, or of
        /// an account `state`, `dns`, `tcp`, `tls`, `greeting`, `signIn`, `auth`, `select`, `idle`,
        /// `mirror`, `smtp`, `smtpAuth`.
        pub what: String,
        /// Of which account; null = the machine.
        pub account_id: Option<AccountId>,
        /// How it ended.
        pub state: CheckState,
        /// One line.
        pub title: String,
        /// The other side's own words.
        pub detail: Option<String>,
        /// The condition, when it is one.
        pub code: Option<String>,
        /// Who can end it.
        pub who: Option<Who>,
        /// What it waits for, when skipped.
        pub depends_on: Option<String>,
        /// How long it took.
        pub ms: Option<u64>,
        /// What mends it.
        pub remedy: Vec<Remedy>,
    }

    /// Answer of `Doctor/run`.
    pub struct DoctorReply {
        /// Checks, the machine's first, then by account in the order they depend on each other.
        pub checks: Vec<DoctorCheck>,
        /// What was mended, one line each.
        pub fixed: Vec<String>,
    }
}
