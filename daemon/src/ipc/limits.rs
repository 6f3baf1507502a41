//! Every limit of the socket, with its unit and reason.

use std::time::Duration;

/// Clients at once: far above any desk, far below the descriptors of a user service.
pub const CLIENTS: usize = 1_024;
/// Descriptors kept for everything but clients: two mail sessions for each of many accounts, the
/// store, uploads, and clients that are being told there is no room.
pub const OTHER_DESCRIPTORS: u64 = 512;
/// Calls of one client in flight; beyond it its bytes are left in the socket.
pub const IN_FLIGHT: usize = 64;
/// Bytes of calls of one client in flight; beyond it its bytes are left in the socket.
pub const IN_FLIGHT_BYTES: usize = 2 << 20;
/// Answers of one client waiting to be written, in bytes; beyond it nothing more is read.
pub const OUT_BYTES: usize = 1 << 20;
/// Bytes that are set aside for an answer until it is there: the largest message.
pub const ANSWER_BYTES: usize = 1 << 20;
/// Bytes that one client may have in flight: answers being made, and those that it did not take yet.
pub const CLIENT_BYTES: usize = 4 << 20;
/// Bytes that all clients together may have in flight.
pub const CLIENTS_BYTES: usize = 96 << 20;
/// Bytes that all messages together have that are composed at one time: the largest one.
pub const COMPOSING_BYTES: u64 = 150 << 20;
/// Streams of stored bytes at one time: each has a decoder of about 1 MiB.
pub const STREAMS: usize = 48;
/// Bytes of a mail that is read alone, so that two large ones are never in memory at once.
pub const LARGE_BYTES: u64 = 4 << 20;
/// Bytes of JSON around a list: names, states, the id of the call.
pub const ENVELOPE_BYTES: usize = 8 << 10;
/// Bytes of JSON for the objects of a `/get` and the ids that are left.
pub const LIST_OF_OBJECTS_BYTES: usize = (1 << 20) - ENVELOPE_BYTES;
/// Bytes of JSON of one object: it fits into a message with some ids beside it.
pub const OBJECT_BYTES: usize = 896 << 10;
/// Bytes of JSON of one list in an email, such as its recipients: about five hundred of them.
pub const LIST_BYTES: usize = 48 << 10;
/// Bytes of JSON of a list in an event: it is a hint, the email has more.
pub const EVENT_LIST_BYTES: usize = 4 << 10;
/// Bytes of JSON of a text that another side wrote.
pub const TEXT_BYTES: usize = 4 << 10;
/// Bytes of JSON of all replies in one submission.
pub const REPLIES_BYTES: usize = 256 << 10;
/// Messages looked at in one step of a search: well below a slice of time even when each is read.
pub const SEARCH_ROWS: usize = 16;
/// Bytes of events gathered for one write.
pub const EVENT_BYTES: usize = 64 << 10;
/// Events read from the journal at once.
pub const EVENT_BATCH: usize = 200;
/// Accounts of which one merged `state.changed` may tell.
pub const COALESCED: usize = 500;
/// Bytes of JSON of the events in one answer of `event/get`.
pub const EVENTS_BYTES: usize = 896 << 10;
/// Subscriptions of one client: each is a cursor and a filter.
pub const SUBSCRIPTIONS: usize = 16;
/// Types or accounts one filter may name.
pub const FILTER_WORDS: usize = 64;
/// Bytes of messages that are looked at before others have their turn.
pub const TURN_BYTES: usize = 64 << 10;
/// Bytes of one read.
pub const READ_BYTES: usize = 16 << 10;
/// Bytes of output buffer that a quiet client keeps.
pub const KEPT_BYTES: usize = 4 << 10;
/// Between two pictures of how far a call is: four a second.
pub const PROGRESS: Duration = Duration::from_millis(250);
/// How long a message may take from its first byte to its last.
pub const PARTIAL: Duration = Duration::from_secs(30);
/// How long a stream of bytes may stand still.
pub const STALL: Duration = Duration::from_secs(30);
/// How long last words may take to be written.
pub const FLUSH: Duration = Duration::from_secs(1);
/// How long a client in the wrong is read on so that it can read why.
pub const DRAIN: Duration = Duration::from_secs(1);
/// Bytes read on meanwhile: a few full socket buffers, far below what a loopback carries in that time.
pub const DRAIN_BYTES: usize = 4 << 20;
/// How long clients and their running changes may take at the end.
pub const STOP: Duration = Duration::from_secs(3);
/// Pause after accepting failed.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How soon a client that closed is noticed while it is not read: it waits for answers or events
/// after it half-closed, or has as many calls in flight as it may.
pub const PROBE: Duration = Duration::from_secs(1);
/// At most one `stream.bookmark` a subscription in this time.
pub const BOOKMARK: Duration = Duration::from_mins(1);
/// Bytes of one piece when a blob is streamed.
pub const PIECE_BYTES: usize = 64 << 10;
/// Uploads kept at once.
pub const UPLOADS: usize = 64;
/// Bytes of uploads kept at once: some mails of the largest size.
pub const UPLOAD_BYTES: u64 = 1 << 30;
/// Decoded parts of mails that are open at once: each has a file.
pub const PARTS: usize = 128;
/// Bytes of them on the disk: some parts of the largest mails that are taken apart.
pub const PARTS_BYTES: u64 = 1 << 30;
/// How long an upload waits to be used.
pub const UPLOAD_KEPT: Duration = Duration::from_hours(24);
/// Unknown parameters named in one error.
pub const NAMED_UNKNOWN: usize = 20;
/// Bytes of an id that is asked for (RFC 8620 §1.2).
pub const ID_BYTES: usize = 255;
/// Rows of a page when no limit is given.
pub const PAGE: usize = 50;
/// Bytes of an idempotency key.
pub const KEY_BYTES: usize = 255;
/// Bytes of a name that a person gives.
pub const NAME_BYTES: usize = 128;
/// Addresses of an identity's Reply-To, and of its Bcc: the few of one person.
pub const IDENTITY_ADDRESSES: usize = 20;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64 << 10;
/// Bytes of a PEM of authorities: a few hundred certificates.
pub const PEM_BYTES: usize = 512 << 10;
/// Messages that a first sync may be asked to mirror.
pub const WINDOW: u32 = 1_000_000;
/// Scopes that a sign-in may ask for: real ones ask for five.
pub const SCOPES: usize = 20;
/// Bytes of an issuer, a client id, a client secret or a scope.
pub const OAUTH_BYTES: usize = 2 << 10;
/// Bytes of a pasted address: codes of some issuers have kilobytes.
pub const PASTED_BYTES: usize = 16 << 10;
/// Seconds a token handed out holds at least when nothing else is asked for.
pub const TOKEN_VALID_S: u64 = 60;
/// The most that may be asked for: issuers give an hour.
pub const TOKEN_VALID_MAX_S: u64 = 3_600;
/// Characters of a client's name in the log.
pub const CLIENT_NAME_CHARS: usize = 64;
