//! Emails (RFC 8621 §4) and sending in one call.

use crate::id::{
    AccountId, BlobId, EmailId, IdentityId, MailboxId, State, SubmissionId, ThreadId, UtcDate,
};
use crate::standard::{Comparator, Object, Truncated};
use crate::submission::EmailSubmission;
use std::collections::BTreeMap;

/// Longest search in milliseconds: within the patience of a person and of a client's timeout.
pub const MAX_SEARCH_MS: u64 = 20_000;

/// Bytes of one body value when nothing else is asked: what a screen shows, within one message.
pub const BODY_VALUE_BYTES: u64 = 256 << 10;

object! {
    /// An address as people write it (RFC 8621 §4.1.2.3).
    pub struct EmailAddress {
        /// Display name.
        pub name: Option<String>,
        /// addr-spec.
        pub email: String,
    }

    /// Decoded text of one body part (RFC 8621 §4.1.4).
    pub struct BodyValue {
        /// The text, lines ended by LF.
        pub value: String,
        /// Something in it could not be decoded.
        pub is_encoding_problem: bool,
        /// Cut at the bytes asked for.
        pub is_truncated: bool,
    }

    /// One body part (RFC 8621 §4.1.4).
    pub struct BodyPart {
        /// Key in `bodyValues`; null for parts without a text value.
        pub part_id: Option<String>,
        /// What `Blob/get` and `Blob/open` give its decoded bytes by; of a text, as UTF-8. It holds as
        /// long as the email has its id.
        pub blob_id: Option<BlobId>,
        /// Bytes of the decoded part.
        pub size: u64,
        /// File name.
        pub name: Option<String>,
        /// Media type.
        pub r#type: String,
        /// `inline` or `attachment`.
        pub disposition: Option<String>,
        /// Of HTML: what gives it cleaned, for a browser. Nothing in it runs, loads from elsewhere, is
        /// a form or covers the page.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub safe_blob_id: Option<BlobId>,
    }

    /// An address in a header that may be taken for another one.
    pub struct AddressWarning {
        /// Why.
        pub r#type: AddressDeceit,
        /// The property that it stands in: `from`, `replyTo`, `to`, `cc`.
        pub property: String,
        /// The address.
        pub email: String,
        /// What a person should see beside it: the `xn--` form of its domain, or the address that its
        /// name shows.
        pub shown: String,
    }

    /// One email.
    pub struct Email {
        /// Its id.
        pub id: EmailId,
        /// Whose it is.
        pub account_id: AccountId,
        /// Its bytes; null while they are not on this machine.
        pub blob_id: Option<BlobId>,
        /// Its conversation; null while its headers are not here.
        pub thread_id: Option<ThreadId>,
        /// Where it lies.
        pub mailbox_ids: BTreeMap<MailboxId, bool>,
        /// Its keywords, such as `$seen`.
        pub keywords: BTreeMap<String, bool>,
        /// Bytes on the server.
        pub size: u64,
        /// When the server got it.
        pub received_at: UtcDate,
        /// Message-ID without angle brackets.
        pub message_id: Option<Vec<String>>,
        /// In-Reply-To ids.
        pub in_reply_to: Option<Vec<String>>,
        /// References ids.
        pub references: Option<Vec<String>>,
        /// From.
        pub from: Option<Vec<EmailAddress>>,
        /// Reply-To.
        pub reply_to: Option<Vec<EmailAddress>>,
        /// To.
        pub to: Option<Vec<EmailAddress>>,
        /// Cc.
        pub cc: Option<Vec<EmailAddress>>,
        /// Bcc.
        pub bcc: Option<Vec<EmailAddress>>,
        /// Subject.
        pub subject: Option<String>,
        /// Date header.
        pub sent_at: Option<UtcDate>,
        /// Whether a part is an attachment.
        pub has_attachment: bool,
        /// First readable text, at most 256 characters.
        pub preview: String,
        /// Texts by part; on request only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub body_values: Option<BTreeMap<String, BodyValue>>,
        /// The parts to show as plain text; on request only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub text_body: Option<Vec<BodyPart>>,
        /// The parts to show as HTML; on request only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub html_body: Option<Vec<BodyPart>>,
        /// The attached parts; on request only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub attachments: Option<Vec<BodyPart>>,
        /// Addresses of it that may be taken for others, at most 20; absent when there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub warnings: Option<Vec<AddressWarning>>,
        /// Lists that were cut so that the email fits into a message; absent when none was.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub truncated: Option<Truncated>,
    }
}

impl Email {
    /// Properties that need the bytes; given only when asked for by name or by a `fetch…` flag.
    pub const BODY_PROPERTIES: &'static [&'static str] =
        &["bodyValues", "textBody", "htmlBody", "attachments"];
}

impl Object for Email {
    const TYPE: &'static str = "Email";
    const PROPERTIES: &'static [&'static str] = &[
        "id",
        "accountId",
        "blobId",
        "threadId",
        "mailboxIds",
        "keywords",
        "size",
        "receivedAt",
        "messageId",
        "inReplyTo",
        "references",
        "from",
        "replyTo",
        "to",
        "cc",
        "bcc",
        "subject",
        "sentAt",
        "hasAttachment",
        "preview",
        "bodyValues",
        "textBody",
        "htmlBody",
        "attachments",
        "warnings",
        "truncated",
    ];
}

words! {
    /// Why an address may be taken for another one.
    pub enum AddressDeceit {
        /// Its domain mixes alphabets, or reads as Latin letters and has none.
        Lookalike = "lookalike",
        /// Its display name shows another address.
        NameIsAddress = "nameIsAddress",
    }
}

wire! {
    /// Parameters of `Email/get`.
    #[derive(Default)]
    pub struct EmailGet {
        /// Of this account; null = of any.
        pub account_id: Option<AccountId>,
        /// Which, at most 500; null = all, when they are at most 500.
        pub ids: Option<Vec<EmailId>>,
        /// Which properties; null = all but the body.
        pub properties: Option<Vec<String>>,
        /// Fill `bodyValues` with the plain text. Fetches the bytes when they are not here.
        pub fetch_text_body_values: Option<bool>,
        /// Fill `bodyValues` with the HTML. Fetches the bytes when they are not here.
        #[serde(rename = "fetchHTMLBodyValues")]
        pub fetch_html_body_values: Option<bool>,
        /// Fill `bodyValues` with both.
        pub fetch_all_body_values: Option<bool>,
        /// Cut each body value at this many bytes; 262,144 when absent.
        pub max_body_value_bytes: Option<u64>,
    }

    /// Which emails; absent = any, all must hold (RFC 8621 §4.4.1).
    #[derive(Default)]
    pub struct EmailFilter {
        /// In this mailbox.
        pub in_mailbox: Option<MailboxId>,
        /// In from, to, subject, preview or the name of a part.
        pub text: Option<String>,
        /// In From.
        pub from: Option<String>,
        /// In To or Cc.
        pub to: Option<String>,
        /// In the subject.
        pub subject: Option<String>,
        /// Received at or after.
        pub after: Option<UtcDate>,
        /// Received before.
        pub before: Option<UtcDate>,
        /// Listed behind this email, which need not match itself: the next page after the last one.
        pub older_than: Option<EmailId>,
        /// With this keyword.
        pub has_keyword: Option<String>,
        /// Without this keyword.
        pub not_keyword: Option<String>,
    }

    /// Parameters of `Email/query`.
    #[derive(Default)]
    pub struct EmailQuery {
        /// Of this account; null = of all.
        pub account_id: Option<AccountId>,
        /// Which.
        pub filter: Option<EmailFilter>,
        /// Newest first is the only order offered.
        pub sort: Option<Vec<Comparator>>,
        /// First result wanted, from 0.
        pub position: Option<u64>,
        /// At most this many, at most 500; 50 when absent.
        pub limit: Option<u64>,
        /// Search at most this long, in milliseconds; at most 20,000, and 20,000 when absent. When it
        /// ends before all were looked at, `total` is null and `searched` says how far it came.
        pub max_ms: Option<u64>,
    }

    /// Parameters of `Email/changes`.
    pub struct EmailChanges {
        /// Of this account.
        pub account_id: AccountId,
        /// A state given by `/get` or `/changes`.
        pub since_state: State,
        /// At most this many changes.
        pub max_changes: Option<u64>,
    }

    /// One attachment: exactly one of `blobId`, `text`, `base64`.
    #[derive(Default)]
    pub struct SendAttachment {
        /// File name.
        pub name: String,
        /// Media type; `application/octet-stream` when absent.
        pub r#type: Option<String>,
        /// Bytes put by `Blob/put` or already stored.
        pub blob_id: Option<BlobId>,
        /// Inline text.
        pub text: Option<String>,
        /// Inline bytes, RFC 4648 §4.
        pub base64: Option<String>,
    }

    /// Parameters of `Email/send`: compose, freeze and queue in one call. The answer comes when the
    /// message is on disk.
    #[derive(Default)]
    pub struct EmailSend {
        /// Which account sends it.
        pub account_id: AccountId,
        /// Which identity it is from; the account's first when absent.
        pub identity_id: Option<IdentityId>,
        /// To.
        pub to: Option<Vec<EmailAddress>>,
        /// Cc.
        pub cc: Option<Vec<EmailAddress>>,
        /// Bcc, beside the identity's; never in the message's bytes.
        pub bcc: Option<Vec<EmailAddress>>,
        /// Reply-To; the identity's when absent.
        pub reply_to: Option<Vec<EmailAddress>>,
        /// Subject.
        pub subject: Option<String>,
        /// Plain text.
        pub text: Option<String>,
        /// HTML.
        pub html: Option<String>,
        /// Attachments.
        pub attachments: Option<Vec<SendAttachment>>,
        /// The email answered: its id (`M…`) or its Message-ID.
        pub in_reply_to: Option<String>,
        /// Not before this instant.
        pub send_at: Option<UtcDate>,
        /// Same key and same message: the first result again, sent once. At most 255 bytes.
        pub idempotency_key: Option<String>,
    }
}

object! {
    /// Answer of `Email/send`.
    pub struct SendReply {
        /// Whose.
        pub account_id: AccountId,
        /// The submission to follow.
        pub submission_id: SubmissionId,
        /// True when the idempotency key had been used for this same message.
        pub existing: bool,
        /// How it stands now.
        pub submission: EmailSubmission,
    }
}
