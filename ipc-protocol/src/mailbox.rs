//! Mailboxes (RFC 8621 §2).

use crate::id::{AccountId, MailboxId, State, UtcDate};
use crate::standard::Object;

words! {
    /// What a mailbox is for (RFC 6154, RFC 8621 §2).
    pub enum Role {
        /// INBOX.
        Inbox = "inbox",
        /// Drafts.
        Drafts = "drafts",
        /// Copies of sent mail.
        Sent = "sent",
        /// Spam.
        Junk = "junk",
        /// Deleted mail.
        Trash = "trash",
        /// Archived mail.
        Archive = "archive",
        /// Every message.
        All = "all",
        /// Flagged messages.
        Flagged = "flagged",
        /// Important messages.
        Important = "important",
    }
}

object! {
    /// What this client may do to a mailbox (RFC 8621 §2). Writing comes in a later revision.
    #[expect(clippy::struct_excessive_bools, reason = "RFC 8621 §2 MailboxRights")]
    pub struct MailboxRights {
        /// Read its emails.
        pub may_read_items: bool,
        /// Add emails.
        pub may_add_items: bool,
        /// Remove emails.
        pub may_remove_items: bool,
        /// Change `$seen`.
        pub may_set_seen: bool,
        /// Change other keywords.
        pub may_set_keywords: bool,
        /// Create a mailbox inside.
        pub may_create_child: bool,
        /// Rename it.
        pub may_rename: bool,
        /// Delete it.
        pub may_delete: bool,
        /// Send mail from it.
        pub may_submit: bool,
    }

    /// Why a mailbox does not open.
    pub struct MailboxAside {
        /// Stable code, such as `imap.refused`.
        pub code: String,
        /// What was attempted, and the server's own words.
        pub reason: String,
        /// Since when.
        pub since: UtcDate,
        /// When it is tried again; `Account/sync` tries it at once.
        pub next_try: UtcDate,
        /// Tries in a row.
        pub tries: u32,
    }

    /// One mailbox.
    pub struct Mailbox {
        /// Its id.
        pub id: MailboxId,
        /// Whose it is.
        pub account_id: AccountId,
        /// Last component of its path.
        pub name: String,
        /// Full path with the server's separator.
        pub path: String,
        /// The mailbox around it.
        pub parent_id: Option<MailboxId>,
        /// What it is for.
        pub role: Option<Role>,
        /// Place among its siblings: INBOX first.
        pub sort_order: u32,
        /// Emails on the server.
        pub total_emails: u64,
        /// Emails not seen.
        pub unread_emails: u64,
        /// What this client may do to it.
        pub my_rights: MailboxRights,
        /// Subscribed on the server.
        pub is_subscribed: bool,
        /// Emails mirrored on this machine.
        pub mirrored_emails: u64,
        /// Why it does not open; null when it does.
        pub aside: Option<MailboxAside>,
    }
}

impl Object for Mailbox {
    const TYPE: &'static str = "Mailbox";
    const PROPERTIES: &'static [&'static str] = &[
        "id",
        "accountId",
        "name",
        "path",
        "parentId",
        "role",
        "sortOrder",
        "totalEmails",
        "unreadEmails",
        "myRights",
        "isSubscribed",
        "mirroredEmails",
        "aside",
    ];
}

wire! {
    /// Parameters of `Mailbox/get`.
    #[derive(Default)]
    pub struct MailboxGet {
        /// Of this account; null = of all.
        pub account_id: Option<AccountId>,
        /// Which; null = all.
        pub ids: Option<Vec<MailboxId>>,
        /// Which properties; null = all.
        pub properties: Option<Vec<String>>,
    }

    /// Which mailboxes; absent = any.
    #[derive(Default)]
    pub struct MailboxFilter {
        /// Directly inside this one.
        pub parent_id: Option<MailboxId>,
        /// Whose name contains this, compared without case.
        pub name: Option<String>,
        /// With this role.
        pub role: Option<Role>,
        /// With any role, or with none.
        pub has_any_role: Option<bool>,
        /// Subscribed, or not.
        pub is_subscribed: Option<bool>,
    }

    /// Parameters of `Mailbox/query`.
    #[derive(Default)]
    pub struct MailboxQuery {
        /// Of this account; null = of all.
        pub account_id: Option<AccountId>,
        /// Which.
        pub filter: Option<MailboxFilter>,
        /// First result wanted, from 0.
        pub position: Option<u64>,
        /// At most this many.
        pub limit: Option<u64>,
    }

    /// Parameters of `Mailbox/changes`.
    pub struct MailboxChanges {
        /// Of this account.
        pub account_id: AccountId,
        /// A state given by `/get` or `/changes`.
        pub since_state: State,
        /// At most this many changes.
        pub max_changes: Option<u64>,
    }
}
