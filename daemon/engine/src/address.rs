//! Mail addresses as people write them (RFC 5322 §3.4).

/// A mailbox address with the name shown beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The display name, decoded; not trusted for anything.
    pub name: Option<String>,
    /// The addr-spec, `local@domain`.
    pub email: String,
}
