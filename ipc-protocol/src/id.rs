//! Identifiers as opaque strings, one type per kind. Their inside is the daemon's business.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

ids! {
    /// An account, such as `a1`.
    AccountId;
    /// An identity, such as `i1`.
    IdentityId;
    /// A mailbox, such as `mb1`.
    MailboxId;
    /// An email, such as `M1`.
    EmailId;
    /// A thread, such as `T1`.
    ThreadId;
    /// A submission, such as `S1`.
    SubmissionId;
    /// Bytes: `B…` stored, `U…` uploaded and not yet used.
    BlobId;
    /// An attempt to connect a mailbox; lives as long as the daemon.
    ConnectId;
    /// A subscription of one connection, such as `s1`.
    SubscriptionId;
    /// A place in the journal, `<instance>:<seq>`; resume from it at any time.
    Cursor;
    /// The state of one kind of object (RFC 8620 §5.1).
    State;
}

/// An instant in UTC, `2026-11-22T10:16:04.120Z` (RFC 8620 §1.4 `UTCDate`).
pub type UtcDate = String;
