//! What chapar holds on this machine, and letting go of it.

use crate::id::AccountId;

wire! {
    /// Parameters of `Data/forget`: one account's mirrored mail, or everything.
    #[derive(Default)]
    pub struct DataForget {
        /// The account whose mirrored mail is forgotten. It is paused, so that none comes back by
        /// itself; its sign-in and what waits in its outbox stay.
        pub account_id: Option<AccountId>,
        /// In place of an account: every account with its sign-in, its secrets, its mail and its
        /// outbox, as when each is removed.
        pub everything: Option<bool>,
        /// Lets go of mails that still wait to be sent; without it `everything` is refused then.
        pub discard_outbox: Option<bool>,
        /// Says what would go and changes nothing.
        pub dry_run: Option<bool>,
    }
}

object! {
    /// Answer of `Data/forget`: what went, or what would go.
    pub struct DataForgetReply {
        /// The accounts it is about.
        pub account_ids: Vec<AccountId>,
        /// Mirrored mails.
        pub mails: u64,
        /// Mails in the outbox of which the outcome is open.
        pub open_submissions: u64,
        /// Secrets, by the name they have in the vault.
        pub secrets: Vec<String>,
        /// Files and directories in which all of it lies. They are written anew without it, free
        /// space included.
        pub paths: Vec<String>,
    }
}
