//! Threads: conversations (RFC 8621 §3).

use crate::id::{AccountId, EmailId, ThreadId};
use crate::standard::Object;

object! {
    /// One conversation.
    pub struct Thread {
        /// Its id.
        pub id: ThreadId,
        /// Its emails, oldest first.
        pub email_ids: Vec<EmailId>,
    }
}

impl Object for Thread {
    const TYPE: &'static str = "Thread";
    const PROPERTIES: &'static [&'static str] = &["id", "emailIds"];
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
