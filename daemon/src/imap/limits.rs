//! Every limit of an IMAP session, with its unit and reason.

use std::time::Duration;

/// Connect to greeting: RFC 9051 sets no figure; servers that look up our name take up to 20 s.
pub const GREETING: Duration = Duration::from_secs(30);
/// Each step of logging in: providers delay refused logins by some ten seconds.
pub const LOGIN: Duration = Duration::from_mins(1);
/// Without one byte from the server while it owes us an answer: then the link is dead. A large
/// SEARCH on cold mailboxes takes up to half a minute before the first byte.
pub const PROGRESS: Duration = Duration::from_mins(1);
/// One command in all: ends what trickles just fast enough to pass [`PROGRESS`].
pub const COMMAND: Duration = Duration::from_mins(30);
/// From DONE to its tagged answer: servers answer at once or never.
pub const DONE: Duration = Duration::from_secs(15);
/// LOGOUT is a courtesy; nothing waits for it longer than this.
pub const LOGOUT: Duration = Duration::from_secs(3);
/// Silence in IDLE after which the link is proved by DONE. With [`DONE`] and a new login, mail that
/// came to a half-open link is told in less than two minutes.
pub const SILENCE: Duration = Duration::from_secs(90);
/// Between two NOOPs where the server has no IDLE.
pub const POLL: Duration = Duration::from_mins(1);

/// Bytes of one response outside literals. Real ones stay under 64 KiB.
pub const LINE_BYTES: usize = 1 << 20;
/// The same while a SEARCH of ours runs: UIDs of a mailbox of about 1.5 million messages.
pub const SEARCH_LINE_BYTES: usize = 16 << 20;
/// Bytes that one session holds at one time of what its server said, in responses, in what is
/// gathered from them and in what the account's worker has not stored yet. An account has one
/// session for work, now and then another beside it to confirm a large loss, and one for push, which
/// never gathers. With the allocator's share an account stays below 64 MiB.
pub const HELD_BYTES: usize = 24 << 20;
/// Messages whose facts fit [`HELD_BYTES`]: twice as many are held while the newest are chosen.
pub const ROWS: usize = 40_000;
/// Bytes of the facts of a message and of the one that is weighed against it, with a few flags.
pub const ROW_BYTES: usize = 512;
/// Bytes of all responses to one command, where no data in bulk were asked for.
pub const ANSWER_BYTES: u64 = 32 << 20;
/// The same for FETCH and SEARCH: 5 million messages with 400 bytes each. What is larger is ended
/// by [`COMMAND`].
pub const BULK_BYTES: u64 = 2 << 30;
/// What the facts of one message may take on the wire, on average over a mailbox: with 100 long flags.
pub const FACTS_BYTES: u64 = 4 << 10;
/// Values kept of one response; more are passed over. Only lists of flags are long: of the 10,000
/// keywords that some servers allow a mailbox no message has more than a few.
pub const VALUES: usize = 20_000;
/// Open parentheses of one response: RFC data needs 3, body structures of real mail under 20.
pub const DEPTH: usize = 64;
/// Literals of one response: a FETCH of ours has 2.
pub const LITERALS: usize = 256;
/// Literal bytes of one response when no message body was asked for.
pub const SMALL_LITERAL_BYTES: u64 = 1 << 20;
/// What a server may send beyond the size that was asked for or announced.
pub const LITERAL_SLACK_BYTES: u64 = 64 << 10;
/// Bytes of a header that are kept; the rest is read and dropped, the message is marked by its
/// parser.
pub const HEADER_BYTES: usize = 1 << 20;
/// Bytes kept of all literals of one response to a question for headers: header and preview.
pub const SUMMARY_BYTES: usize = HEADER_BYTES + (64 << 10);
/// Bytes of text fetched for the preview.
pub const PREVIEW_BYTES: usize = 2 << 10;
/// Capabilities kept: servers with everything name about 80.
pub const CAPABILITIES: usize = 500;
/// Bytes of one capability: the longest registered has 30, `APPENDLIMIT=` a number.
pub const CAPABILITY_BYTES: usize = 100;
/// Bytes kept of the arguments of a response code: only CAPABILITY has long ones.
pub const CODE_BYTES: usize = 64 << 10;
/// Responses to one command that nobody asked for.
pub const UNSOLICITED: usize = 10_000;
/// Mailboxes of one LIST.
pub const MAILBOXES: usize = 20_000;
/// Bytes of all mailbox names of one LIST: 200 for each of [`MAILBOXES`].
pub const LIST_BYTES: usize = 4 << 20;
/// Empty lines in a row: some servers put one after a literal, none a page of them.
pub const EMPTY_LINES: usize = 1_000;
/// Bytes of a mailbox name on the wire; file systems end at 4 KiB.
pub const MAILBOX_NAME_BYTES: usize = 4 << 10;
/// Characters kept of a server's own words.
pub const TEXT_CHARS: usize = 300;
/// Bytes of one command line outside literals: Office 365 refuses more than 4,096.
pub const COMMAND_BYTES: usize = 4_000;
/// Bytes written between two looks at the deadline while a message is uploaded.
pub const UPLOAD_CHUNK: usize = 64 << 10;
/// Bytes kept back until a flush: a command leaves in one TLS record.
pub const WRITE_BUFFER: usize = 64 << 10;
/// Bytes read from the link at once; also what an idle session keeps.
pub const READ_BUFFER: usize = 16 << 10;
