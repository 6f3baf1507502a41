//! Threads: conversations (RFC 8621 §3).

use crate::id::{AccountId, EmailId, ThreadId};
use crate::standard::{Object, Truncated};

object! {
    /// One conversation.
    pub struct Thread {
        /// Its id.
        pub id: ThreadId,
        /// Its emails, oldest first.
        pub email_ids: Vec<EmailId>,
        /// Set when only the newest emails fit into a message.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub truncated: Option<Truncated>,
    }
}

impl Object for Thread {
    const TYPE: &'static str = "Thread";
    const PROPERTIES: &'static [&'static str] = &["id", "emailIds", "truncated"];
}

wire! {
    /// Parameters of `Thread/get`.
    pub struct ThreadGet {
        /// Of this account; null = of any.
        pub account_id: Option<AccountId>,
        /// Which.
        pub ids: Vec<ThreadId>,
        /// Which properties; null = all.
        pub properties: Option<Vec<String>>,
    }
}
