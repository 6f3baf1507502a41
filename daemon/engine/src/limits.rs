//! Every limit of the engine, with its unit and reason.

use std::time::Duration;

/// Messages mirrored by a first sync unless the account says otherwise.
pub const FIRST_SYNC_MESSAGES: u32 = 1_500;
/// Bytes that may be stored of one account's mail unless the person says otherwise: more than the
/// window of a first sync takes, with every mail of it as large as is fetched unasked.
pub const BUDGET_BYTES: u64 = 20 << 30;
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
pub const RETRY_FOR: Duration = Duration::from_hours(120);

/// Flags kept of one message: servers allow some dozens; a flood must not fill the store.
pub const FLAGS_A_MESSAGE: usize = 128;
/// Bytes of one flag (RFC 8621 §4.1.1: keywords have at most 255 characters).
pub const FLAG_BYTES: usize = 255;
/// Bytes of all flags kept of one message: some dozens of the usual length.
pub const FLAGS_BYTES: usize = 4 << 10;
/// Bytes of a header block that are read: real ones stay below 100 KB.
pub const HEADER_BYTES: usize = 1 << 20;
/// MIME parts of one message: a parser's time grows with them.
pub const PARTS: usize = 10_000;
/// Depth of MIME nesting: real mail stays below 10.
pub const NESTING: usize = 100;
/// Bytes of a message that are parsed, the largest that is fetched; larger ones are read by their
/// headers alone. Who parses large ones does it one at a time.
pub const PARSE_BYTES: usize = 150 << 20;
/// Characters of a subject or preview that are kept for lists.
pub const LINE_CHARS: usize = 256;
/// Names of parts kept of one message, to be searched: beyond it nobody remembers one.
pub const PART_NAMES: usize = 32;
/// Ids of a References header that are kept; longer chains thread by their ends.
pub const REFERENCES: usize = 100;
/// Addresses kept of one header; the rest stay in the bytes.
pub const ADDRESSES: usize = 1_000;
/// Bytes of one message id (RFC 5322 §2.1.1: it has to fit one line).
pub const ID_BYTES: usize = 996;
/// Bytes of HTML that are turned into text for a preview: the visible start is near the top.
pub const PREVIEW_HTML_BYTES: usize = 64 << 10;
/// Bytes of HTML that are turned into text to be read: more is not read by anyone.
pub const HTML_TEXT_BYTES: usize = 2 << 20;
/// Recipients of one message: RFC 5321 §4.5.3.1.8 asks servers to take 100, providers stop at 500.
pub const RECIPIENTS: usize = 500;
/// Bytes of an IMAP command line: Microsoft refuses lines of more than 4,096.
pub const COMMAND_BYTES: usize = 4_000;
