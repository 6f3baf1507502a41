//! Every limit of the engine, with its unit and reason.

use std::time::Duration;

/// Messages mirrored by a first sync unless the account says otherwise.
pub const FIRST_SYNC_MESSAGES: u32 = 1_500;
/// Messages in one fetch batch and one commit: a kill costs at most this many fetched again.
pub const BATCH_MESSAGES: usize = 200;
/// Bytes in one fetch batch of whole messages: bounds memory.
pub const BATCH_BYTES: u64 = 8 << 20;
/// Whole messages up to this size are mirrored by themselves, larger ones on demand.
pub const WHOLE_BYTES: u32 = 10 << 20;
/// The largest message that is read or sent at all.
pub const MESSAGE_BYTES: u64 = 150 << 20;
/// Newest messages of a mailbox looked at to find the newest over all mailboxes.
pub const SCAN_MESSAGES: u32 = 20_000;
/// How long a submission is retried (RFC 5321 §4.5.4.1: 4–5 days).
pub const RETRY_FOR: Duration = Duration::from_secs(5 * 86_400);
