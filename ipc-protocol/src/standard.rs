//! The standard shapes of `/get`, `/changes`, `/query` and `/set` (RFC 8620 §5).

#![expect(clippy::zero_sized_map_values, reason = "RFC 8620 §5.3: id → null")]

use crate::error::SetError;
use crate::id::{AccountId, State};
use std::collections::BTreeMap;

/// Ids in one `/get`, one page of `/query`, one `/set` (RFC 8620 §2 `maxObjectsInGet`).
pub const MAX_OBJECTS: usize = 500;

/// What was cut so that it fits into a message: property → how many there are in all; for a text, its
/// bytes.
pub type Truncated = BTreeMap<String, u64>;

/// A kind of object with its property names.
pub trait Object {
    /// JMAP type name.
    const TYPE: &'static str;
    /// Every property that `/get` may be asked for.
    const PROPERTIES: &'static [&'static str];
}

wire! {
    /// Answer of `/get` (RFC 8620 §5.1).
    pub struct GetReply<T> {
        /// The account asked about, when one was named.
        pub account_id: Option<AccountId>,
        /// State of the type; hand it to `/changes`.
        pub state: State,
        /// The objects, with the asked properties.
        pub list: Vec<T>,
        /// Ids that name nothing.
        pub not_found: Vec<String>,
        /// Ids of objects that did not fit into the message any more: ask again for these. Absent
        /// when everything fits.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub not_fetched: Vec<String>,
    }
}

/// Parameters of a `/get`: what is needed to ask again for what did not fit.
pub trait ByIds: Clone {
    /// Asks for these instead.
    fn ask_for(&mut self, ids: Vec<String>);
}

macro_rules! by_ids {
    ($($params:path, $ids:ident => $value:expr;)*) => {$(
        impl ByIds for $params {
            fn ask_for(&mut self, ids: Vec<String>) {
                let $ids = ids.into_iter().map(Into::into).collect();
                self.ids = $value;
            }
        }
    )*};
}

by_ids! {
    crate::account::AccountGet, ids => Some(ids);
    crate::blob::BlobGet, ids => ids;
    crate::email::EmailGet, ids => Some(ids);
    crate::identity::IdentityGet, ids => Some(ids);
    crate::mailbox::MailboxGet, ids => Some(ids);
    crate::submission::SubmissionGet, ids => Some(ids);
    crate::thread::ThreadGet, ids => ids;
}

object! {
    /// Answer of `/changes` (RFC 8620 §5.2).
    pub struct ChangesReply {
        /// The account asked about, when one was named.
        pub account_id: Option<AccountId>,
        /// What was asked.
        pub old_state: State,
        /// Where these changes lead.
        pub new_state: State,
        /// Ask again from `newState`.
        pub has_more_changes: bool,
        /// New since then.
        pub created: Vec<String>,
        /// Changed since then.
        pub updated: Vec<String>,
        /// Gone since then.
        pub destroyed: Vec<String>,
    }

    /// Answer of `/query` (RFC 8620 §5.5).
    pub struct QueryReply {
        /// The account asked about, when one was named.
        pub account_id: Option<AccountId>,
        /// State of the type when the query ran.
        pub query_state: State,
        /// Always false: there is no `/queryChanges`.
        pub can_calculate_changes: bool,
        /// Place of the first id in all results.
        pub position: u64,
        /// The page.
        pub ids: Vec<String>,
        /// How many match in all; null when the time ended before all were looked at.
        pub total: Option<u64>,
        /// The limit applied.
        pub limit: u64,
        /// How far the search came; only when `total` is null.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub searched: Option<Searched>,
    }

    /// How far a search came that ended before all were looked at.
    pub struct Searched {
        /// How many were looked at, newest first.
        pub done: u64,
        /// How many the account or mailbox has.
        pub of: u64,
        /// The same search with `filter.olderThan` = this email goes on there.
        pub until: Option<crate::id::EmailId>,
    }

    /// Answer of `/set` (RFC 8620 §5.3).
    pub struct SetReply {
        /// The account asked about, when one was named.
        pub account_id: Option<AccountId>,
        /// State before.
        pub old_state: State,
        /// State after.
        pub new_state: State,
        /// Ids changed; the value is null: nothing else than asked was changed.
        pub updated: BTreeMap<String, ()>,
        /// Ids not changed, and why.
        pub not_updated: BTreeMap<String, SetError>,
        /// Ids destroyed.
        pub destroyed: Vec<String>,
        /// Ids not destroyed, and why.
        pub not_destroyed: BTreeMap<String, SetError>,
    }

    /// Nothing to say beyond success.
    pub struct Done {}
}

wire! {
    /// One sort rule (RFC 8620 §5.5). Only `receivedAt`, newest first, is offered.
    pub struct Comparator {
        /// Property to sort by.
        pub property: String,
        /// Oldest first; must be false.
        #[serde(default = "ascending")]
        pub is_ascending: bool,
    }
}

fn ascending() -> bool {
    true
}
