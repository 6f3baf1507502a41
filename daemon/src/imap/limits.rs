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
/// UIDs of one SEARCH: what [`SEARCH_LINE_BYTES`] holds of the shortest.
pub const SEARCH_UIDS: usize = 5_000_000;
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
/// Bytes of text fetched for the preview.
pub const PREVIEW_BYTES: usize = 2 << 10;
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
