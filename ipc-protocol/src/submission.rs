//! Submissions: messages on their way out (RFC 8621 §7), with the phases of chapar's outbox.

use crate::id::{AccountId, EmailId, IdentityId, State, SubmissionId, ThreadId, UtcDate};
use crate::standard::{Object, Truncated};
use std::collections::BTreeMap;

words! {
    /// Whether it can still be taken back (RFC 8621 §7).
    pub enum UndoStatus {
        /// Nothing was sent yet.
        Pending = "pending",
        /// Too late.
        Final = "final",
        /// Taken back.
        Canceled = "canceled",
    }

    /// What is known of one recipient (RFC 8621 §7).
    pub enum Delivered {
        /// Waiting for a server's word.
        Queued = "queued",
        /// A server took responsibility.
        Yes = "yes",
        /// A server refused for good.
        No = "no",
        /// May or may not have been accepted; being looked for.
        Unknown = "unknown",
    }

    /// Where a submission stands.
    pub enum Phase {
        /// Waiting for its time or its next try.
        Queued = "queued",
        /// A transaction is open.
        Sending = "sending",
        /// The answer to the final dot was lost; being looked for, never sent again by itself.
        Unknown = "unknown",
        /// Every recipient has an outcome, at least one accepted.
        Sent = "sent",
        /// Every recipient refused, or given up.
        Failed = "failed",
        /// Canceled before anything was sent.
        Canceled = "canceled",
    }

    /// The copy in the Sent mailbox.
    pub enum Filed {
        /// Nothing to file yet.
        Pending = "pending",
        /// To be searched for, and stored when absent.
        Wanted = "wanted",
        /// It is there, once.
        Filed = "filed",
        /// There is none: it was sent to nobody, there is no Sent mailbox, or it was given up.
        Skipped = "skipped",
    }

    /// A person's word on an unknown submission.
    pub enum Resolution {
        /// It was sent.
        Sent = "sent",
        /// It was not: send it again.
        Resend = "resend",
    }
}

object! {
    /// One address of an envelope (RFC 8621 §7).
    pub struct EnvelopeAddress {
        /// addr-spec.
        pub email: String,
    }

    /// Who sends to whom in SMTP (RFC 8621 §7).
    pub struct Envelope {
        /// Reverse path.
        pub mail_from: EnvelopeAddress,
        /// Every recipient, Bcc too.
        pub rcpt_to: Vec<EnvelopeAddress>,
    }

    /// What became of one recipient (RFC 8621 §7).
    pub struct DeliveryStatus {
        /// The server's reply line, code first, and nothing else; empty before one.
        pub smtp_reply: String,
        /// chapar's own words, where the server said nothing, or beside what it said.
        pub reason: Option<String>,
        /// What is known.
        pub delivered: Delivered,
        /// Always `unknown`: whether it was displayed.
        pub displayed: String,
    }

    /// One submission.
    pub struct EmailSubmission {
        /// Its id.
        pub id: SubmissionId,
        /// Which account sends it.
        pub account_id: AccountId,
        /// Which identity it is from.
        pub identity_id: IdentityId,
        /// The copy in Sent, once mirrored.
        pub email_id: Option<EmailId>,
        /// Its conversation, once the copy is mirrored.
        pub thread_id: Option<ThreadId>,
        /// Who sends to whom.
        pub envelope: Envelope,
        /// Not before this.
        pub send_at: UtcDate,
        /// Whether it can still be taken back.
        pub undo_status: UndoStatus,
        /// What became of each recipient.
        pub delivery_status: BTreeMap<String, DeliveryStatus>,
        /// Where it stands.
        pub phase: Phase,
        /// Subject.
        pub subject: String,
        /// Message-ID without angle brackets.
        pub message_id: String,
        /// Bytes.
        pub size: u64,
        /// When it was accepted from the client.
        pub created_at: UtcDate,
        /// Tries so far.
        pub attempts: u32,
        /// When it is tried or looked for again.
        pub next_attempt_at: Option<UtcDate>,
        /// The server's last reply line, or chapar's own words where it said nothing.
        pub last_reply: Option<String>,
        /// The copy in Sent.
        pub filed: Filed,
        /// Texts that were cut so that the submission fits into a message; absent when none was.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub truncated: Option<Truncated>,
    }
}

impl Object for EmailSubmission {
    const TYPE: &'static str = "EmailSubmission";
    const PROPERTIES: &'static [&'static str] = &[
        "id",
        "accountId",
        "identityId",
        "emailId",
        "threadId",
        "envelope",
        "sendAt",
        "undoStatus",
        "deliveryStatus",
        "phase",
        "subject",
        "messageId",
        "size",
        "createdAt",
        "attempts",
        "nextAttemptAt",
        "lastReply",
        "filed",
        "truncated",
    ];
}

wire! {
    /// Parameters of `EmailSubmission/get`.
    #[derive(Default)]
    pub struct SubmissionGet {
        /// Of this account; null = of all.
        pub account_id: Option<AccountId>,
        /// Which, at most 500; null = all, when they are at most 500.
        pub ids: Option<Vec<SubmissionId>>,
        /// Which properties; null = all.
        pub properties: Option<Vec<String>>,
    }

    /// Which submissions; absent = any (RFC 8621 §7.3).
    #[derive(Default)]
    pub struct SubmissionFilter {
        /// From one of these identities.
        pub identity_ids: Option<Vec<IdentityId>>,
        /// With this undo status.
        pub undo_status: Option<UndoStatus>,
        /// In one of these phases.
        pub phases: Option<Vec<Phase>>,
        /// To be sent before.
        pub before: Option<UtcDate>,
        /// To be sent at or after.
        pub after: Option<UtcDate>,
    }

    /// Parameters of `EmailSubmission/query`; newest first.
    #[derive(Default)]
    pub struct SubmissionQuery {
        /// Of this account; null = of all.
        pub account_id: Option<AccountId>,
        /// Which.
        pub filter: Option<SubmissionFilter>,
        /// First result wanted, from 0.
        pub position: Option<u64>,
        /// At most this many, at most 500; 50 when absent.
        pub limit: Option<u64>,
    }

    /// Parameters of `EmailSubmission/changes`.
    pub struct SubmissionChanges {
        /// Of this account.
        pub account_id: AccountId,
        /// A state given by `/get` or `/changes`.
        pub since_state: State,
        /// At most this many changes.
        pub max_changes: Option<u64>,
    }

    /// What to do with one submission: exactly one of these.
    #[derive(Default)]
    pub struct SubmissionPatch {
        /// `canceled`: take it back while nothing was sent.
        pub undo_status: Option<UndoStatus>,
        /// true: try a waiting one now.
        pub retry: Option<bool>,
        /// Settle an unknown one.
        pub resolve: Option<Resolution>,
    }

    /// Parameters of `EmailSubmission/set`. Submissions are created by `Email/send`.
    #[derive(Default)]
    pub struct SubmissionSet {
        /// Of this account; null = of any.
        pub account_id: Option<AccountId>,
        /// Refuse with `stateMismatch` unless this is the state; needs `accountId`.
        pub if_in_state: Option<State>,
        /// What to do, by id.
        pub update: Option<BTreeMap<SubmissionId, SubmissionPatch>>,
    }
}
