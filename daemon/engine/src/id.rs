//! Identifiers: one newtype per kind, so that a mailbox is never taken for a message.
//!
//! All but [`BlobId`] are numbers drawn by the store from one sequence per kind and never reused.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

ids! {
    /// One person's connection to one provider.
    AccountId;
    /// A From address with its name and signature (RFC 8621 §6).
    IdentityId;
    /// A mailbox on the server, stable over renames of our own making.
    MailboxId;
    /// One mirrored message: one UID in one mailbox.
    MessageId;
    /// A conversation within one account.
    ThreadId;
    /// One message to be sent.
    SubmissionId;
    /// Place in the journal; gap-free, starts at 1, 0 is "before everything".
    Seq;
}

/// Content address of stored bytes: their BLAKE3-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}
