//! Every limit of the daemon that is not a protocol's own, with its unit and reason.

use std::time::Duration;

/// Sleeps are cut into slices of this length, so that a suspend is noticed soon after resume.
pub const SLEEP_SLICE: Duration = Duration::from_secs(30);
/// An IDLE is renewed this often: servers may end one after 30 minutes (RFC 2177). A silent link is
/// proved much sooner, see `imap::limits::SILENCE`.
pub const IDLE_RENEW: Duration = Duration::from_mins(25);
/// How often an INBOX that does not open is asked for by the push session.
pub const INBOX_AGAIN: Duration = Duration::from_mins(5);
/// How long a link may take to prove itself after a resume or a network change.
pub const PROBE: Duration = Duration::from_secs(10);
/// How long the push session that replaces another waits for a seat within the provider's budget:
/// a step of the work session takes seconds.
pub const SEAT: Duration = Duration::from_secs(30);
/// A work session unused for this long is probed before it is used again.
pub const SESSION_FRESH: Duration = Duration::from_mins(1);
/// Worker notes waiting for a conductor; progress is dropped beyond it, results wait.
pub const ACCOUNT_NOTES: usize = 64;
/// Commands waiting for a conductor; beyond it the caller is told to try again.
pub const ACCOUNT_COMMANDS: usize = 256;
/// Messages asked for by clients and not yet fetched, an account.
pub const WHOLE_REQUESTS: usize = 64;
/// Bytes of fetched messages held before they are stored: twice an honest batch of whole
/// messages, so that only a server that lies about sizes ever meets it.
pub const BATCH_HELD_BYTES: usize = 16 << 20;
/// Messages that may have arrived between the last look at a mailbox and a change of its
/// UIDVALIDITY, beside as many as were mirrored: of more, the newest are taken.
pub const NEW_AT_RESET: usize = 20_000;
/// New UIDs of one look at a mailbox; what is more waits for the next.
pub const NEW_UIDS: usize = 1_000_000;
/// Rows of new messages in one commit: what is known of each is its UID.
pub const ROWS_A_COMMIT: usize = 2_000;
/// Mailboxes whose UIDs are compared in one pass: with 10,000 of them, all come round in a day.
pub const PROOFS_A_PASS: usize = 50;
/// Connect attempts under way at one time.
pub const CONNECT_ATTEMPTS: usize = 32;
/// Outcomes of connect attempts kept for whoever asks: what one takes is a few kilobytes.
pub const CONNECT_OUTCOMES: usize = 256;
/// Sign-ins waiting for the person at one time: each holds a port and lives for minutes.
pub const SIGN_INS: usize = 8;
/// How long the call that begins a sign-in waits for what to show the person.
pub const SIGN_IN_BEGINS: Duration = Duration::from_secs(15);
/// How long the call that hands in a pasted address waits for its answer: one exchange at the issuer.
pub const PASTED: Duration = Duration::from_secs(30);
/// While a page had to be opened again, its status is told at least this often.
pub const NOTICE_AGAIN: Duration = Duration::from_secs(1);
/// How long an account may take to receive on its new login before nobody waits for it any more.
pub const SWITCH: Duration = Duration::from_secs(30);
/// How long a removal waits for the issuer to take a grant back.
pub const REVOKE: Duration = Duration::from_secs(10);
/// How long the outcome of a connect attempt is kept.
pub const CONNECT_KEPT: Duration = Duration::from_mins(10);
/// How long an account's task may take to stop: SMTP may be waiting for the reply to a final dot.
pub const ACCOUNT_STOP: Duration = Duration::from_secs(15);
/// How long the writer, a reader or a conductor may be at one step before the watchdog is not fed any
/// more: a slow disk under a large database takes minutes, nothing honest takes longer.
pub const STUCK: Duration = Duration::from_mins(5);
/// Pause before a panicked account task starts again.
pub const PANIC_PAUSE: Duration = Duration::from_secs(10);
/// How often half-dead packs are rewritten, milliseconds of the wall clock: deleted mail is given back within a day.
pub const COLLECT_EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// How often the files of the store are tried again while they fail: everything is well again within
/// seconds of the end of a fault, and each try costs some reads.
pub const HEAL_EVERY: Duration = Duration::from_secs(1);
/// How often a step of a delivery is tried to be recorded again while the store fails: what the
/// server answered is known to this process alone.
pub const RECORD_EVERY: Duration = Duration::from_secs(1);
/// How soon the outbox is read again after it could not be read.
pub const READ_AGAIN: Duration = Duration::from_secs(5);
/// How often a damaged database that cannot be made anew is tried again: each try reads all of it.
pub const DAMAGED_EVERY: Duration = Duration::from_mins(10);
/// How often it is looked whether the packs are still there: a write goes on into a file that was
/// removed, and nobody may read a mail for hours.
pub const FILES_LOOK: Duration = Duration::from_secs(15);
/// How long packs may be away before their mail is fetched again: a disk that is mounted again takes
/// seconds.
pub const PACKS_AWAY: Duration = Duration::from_mins(1);
/// How soon after the start the database is verified: the first looks at the servers come first, and
/// the pages of a large one were not verified when it was opened.
pub const VERIFY_AFTER: Duration = Duration::from_secs(5);
/// How often it is verified then.
pub const VERIFY_EVERY: Duration = Duration::from_hours(24);
/// How often it is looked whether packs are to be rewritten.
pub const COLLECT_LOOK: Duration = Duration::from_mins(30);
/// Bytes of packs that nothing refers to beyond which they are rewritten before the day is over.
pub const DEAD_BYTES: u64 = 512 << 20;
