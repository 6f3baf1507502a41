//! Identities: From addresses with name and signature (RFC 8621 §6).

use crate::email::EmailAddress;
use crate::id::{AccountId, IdentityId, State};
use crate::standard::Object;
use std::collections::BTreeMap;

object! {
    /// One identity.
    pub struct Identity {
        /// Its id.
        pub id: IdentityId,
        /// Whose it is.
        pub account_id: AccountId,
        /// Name shown beside the address.
        pub name: String,
        /// The address.
        pub email: String,
        /// Reply-To of mail that is sent without one of its own.
        pub reply_to: Option<Vec<EmailAddress>>,
        /// Who gets a copy of all mail sent from it; in the envelope, never in the message.
        pub bcc: Option<Vec<EmailAddress>>,
        /// Signature of plain-text mail.
        pub text_signature: String,
        /// Signature of HTML mail.
        pub html_signature: String,
        /// Always false: an account keeps its identity.
        pub may_delete: bool,
    }
}

impl Object for Identity {
    const TYPE: &'static str = "Identity";
    const PROPERTIES: &'static [&'static str] = &[
        "id",
        "accountId",
        "name",
        "email",
        "replyTo",
        "bcc",
        "textSignature",
        "htmlSignature",
        "mayDelete",
    ];
}

wire! {
    /// Parameters of `Identity/get`.
    #[derive(Default)]
    pub struct IdentityGet {
        /// Of this account; null = of all.
        pub account_id: Option<AccountId>,
        /// Which; null = all.
        pub ids: Option<Vec<IdentityId>>,
        /// Which properties; null = all.
        pub properties: Option<Vec<String>>,
    }

    /// What of one identity to change; absent = as it is.
    #[derive(Default)]
    pub struct IdentityPatch {
        /// Name shown beside the address; empty removes it.
        pub name: Option<String>,
        /// Reply-To of mail sent without one; `[]` removes it.
        pub reply_to: Option<Vec<EmailAddress>>,
        /// Who gets a copy of all mail sent from it; `[]` removes it.
        pub bcc: Option<Vec<EmailAddress>>,
        /// Signature of plain-text mail.
        pub text_signature: Option<String>,
        /// Signature of HTML mail.
        pub html_signature: Option<String>,
    }

    /// Parameters of `Identity/set`.
    pub struct IdentitySet {
        /// Whose.
        pub account_id: AccountId,
        /// Refuse with `stateMismatch` unless this is the state.
        pub if_in_state: Option<State>,
        /// What to change, by id.
        pub update: Option<BTreeMap<IdentityId, IdentityPatch>>,
    }
}
