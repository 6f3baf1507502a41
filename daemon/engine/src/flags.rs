//! Message flags and keywords (RFC 9051 §2.3.2) and their JMAP spelling (RFC 8621 §4.1.1).

use std::collections::BTreeSet;

/// The flags of one message in IMAP spelling (`\Seen`, `$Forwarded`); `\Recent` is never kept.
/// System flags compare without case and are kept in their canonical case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Flags(BTreeSet<String>);
