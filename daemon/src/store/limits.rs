//! Every limit of the store, with its unit and reason.

/// Bytes of database pages kept in memory: the working set of a sync, and the idle daemon stays small.
pub(super) const CACHE_BYTES: usize = 8 << 20;
/// Changes in one commit: bounds how long a waiting change is held up by its neighbours.
pub(super) const GROUP_CHANGES: usize = 200;
/// Blob bytes in one commit, for the same reason.
pub(super) const GROUP_BYTES: u64 = 16 << 20;
/// Changes waiting for the writer; beyond it callers wait.
pub(super) const WAITING_CHANGES: usize = 256;
/// Length at which a pack is closed and the next begun: small enough to be rewritten in a second.
pub(super) const PACK_BYTES: u64 = 128 << 20;
/// Bytes gathered before they are given to the pack file: few calls, little memory.
pub(super) const PACK_BUFFER: usize = 1 << 20;
/// The largest blob: the largest message with room for its encoding.
pub(super) const BLOB_BYTES: u64 = 256 << 20;
/// Compression level of blobs: level 3 gave 0.6 % more for twice the time.
pub(super) const ZSTD_LEVEL: i32 = 1;
/// Bytes of one piece of a blob that is read piece by piece.
pub(super) const PIECE_BYTES: usize = 64 << 10;
/// Bytes of stored events read at once: one event of a hostile mail can have hundreds of kilobytes.
pub(super) const EVENTS_BYTES: usize = 1 << 20;
/// Events that are always kept.
pub(super) const JOURNAL_EVENTS: u64 = 100_000;
/// How long events are kept beyond that, milliseconds (RFC 8620 §5.2 asks for 30 days).
pub(super) const JOURNAL_MS: i64 = 30 * 86_400_000;
/// Events kept at all: a storm must not fill the disk for 30 days.
pub(super) const JOURNAL_MAX: u64 = 2_000_000;
/// Events and destructions forgotten with one write: pruning never holds a write up.
pub(super) const PRUNE_STEP: usize = 32;
/// How long a finished submission is kept, milliseconds.
pub(super) const SUBMISSION_MS: i64 = 90 * 86_400_000;
/// How long the idempotency key of a submission that was forgotten is kept from its acceptance on,
/// milliseconds: beyond any client's retries.
pub(super) const KEPT_KEY_MS: i64 = 7 * 86_400_000;
/// Finished submissions looked at with each new one.
pub(super) const SUBMISSION_STEP: usize = 4;
/// Related Message-IDs that one message registers for its thread.
pub(super) const THREAD_IDS: usize = 100;
/// Messages of a thread that move when it is joined to another one: longer than any conversation, and
/// done well within a commit.
pub(super) const THREAD_JOINED: usize = 1_000;
/// Database bytes up to which every page is verified at open: 64 MiB is read in well under a second.
pub(super) const VERIFY_BYTES: u64 = 64 << 20;
/// Bytes of the copy that may say what is over, beside as much as it holds: it is written anew
/// seldom, and stays small.
pub(super) const COPY_SLACK: u64 = 4 << 20;
/// How far numbers and the journal go on beyond a copy of which the end may be missing: further than
/// anything that was drawn or told in the seconds that the kernel keeps writes for.
pub(super) const RESTORE_GAP: u64 = 1 << 20;
