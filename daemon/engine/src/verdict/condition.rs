//! Every condition the product can be in: the one table behind errors, health, help and exit codes.

use super::Verdict;
use crate::event::Severity;

/// Who can end a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The person at this machine.
    You,
    /// Whoever runs the mail server.
    Provider,
    /// Nobody: it passes, or the network has to come back.
    Nobody,
    /// The recipient or the recipient's server.
    Recipient,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Stable code, `area.reason`.
    pub code: &'static str,
    /// What to do about it.
    pub verdict: Verdict,
    /// How bad it is.
    pub severity: Severity,
    /// Who can end it.
    pub who: Who,
    /// What is the case, a few words.
    pub title: &'static str,
    /// What the person can do, one or two sentences.
    pub remedy: &'static str,
}

/// The row of `code`.
#[must_use]
pub fn condition(code: &str) -> Option<&'static Condition> {
    CONDITIONS.iter().find(|row| row.code == code)
}

/// One row, positionally.
const fn row(
    code: &'static str,
    verdict: Verdict,
    severity: Severity,
    who: Who,
    title: &'static str,
    remedy: &'static str,
) -> Condition {
    Condition { code, verdict, severity, who, title, remedy }
}

use Severity::{Error, Info, Warning};
use Verdict::{FixSettings, Refused, Retry, SignInAgain, Throttled, Unknown};
use Who::{Nobody, Provider, Recipient, You};

/// What to say about every certificate that is not valid.
const CERTIFICATE: &str = "Nothing was sent. Ask whoever runs the server for a valid certificate; there is no way to go on without one.";
/// What to say when only time helps.
const WAITING: &str = "Nothing has to be done: it is tried again by itself.";

/// The table. A code is used in the product if and only if it has a row.
pub static CONDITIONS: &[Condition] = &[
    row(
        "net.unknown_host",
        Retry,
        Warning,
        You,
        "The server's name is not known",
        "Check the spelling of the host and whether this machine is online.",
    ),
    row(
        "net.refused",
        Retry,
        Warning,
        Provider,
        "The server refuses the connection",
        "Check host and port. If they are right the server is down: it is tried again by itself.",
    ),
    row("net.timeout", Retry, Warning, Nobody, "The server does not answer", WAITING),
    row(
        "net.unreachable",
        Retry,
        Warning,
        Nobody,
        "There is no way to the server",
        "Check whether this machine is online. It is tried again by itself.",
    ),
    row("net.lost", Retry, Info, Nobody, "The connection was lost", WAITING),
    row(
        "net.private",
        FixSettings,
        Error,
        You,
        "An answer from outside names a private address",
        "Nothing was sent there. Name the servers yourself with --imap and --smtp.",
    ),
    row("http.broken", Retry, Warning, Nobody, "A web server's answer broke off", WAITING),
    row(
        "http.redirects",
        Retry,
        Warning,
        Provider,
        "A web server sends in circles",
        "It is tried again by itself; the provider has to mend it.",
    ),
    row(
        "http.not_https",
        FixSettings,
        Error,
        You,
        "Not an https address",
        "Give the address with https:// in front; nothing is said over plain HTTP.",
    ),
    row(
        "tls.expired",
        FixSettings,
        Error,
        Provider,
        "The server's certificate has expired",
        CERTIFICATE,
    ),
    row(
        "tls.not_yet_valid",
        FixSettings,
        Error,
        Provider,
        "The server's certificate is not valid yet",
        "Nothing was sent. Check the clock of this machine; if it is right, the server needs another certificate.",
    ),
    row(
        "tls.wrong_host",
        FixSettings,
        Error,
        You,
        "The certificate is for another host",
        "Nothing was sent. Use the host name the certificate names, or ask whoever runs the server for one that names this host.",
    ),
    row(
        "tls.unknown_issuer",
        FixSettings,
        Error,
        You,
        "The certificate's issuer is not trusted",
        "Nothing was sent. If it is your company's own authority, give its certificate with --ca-file.",
    ),
    row(
        "tls.self_signed",
        FixSettings,
        Error,
        You,
        "The certificate is self-signed",
        "Nothing was sent. If the server is your own, give the authority that signs for it with --ca-file; else ask for a valid certificate.",
    ),
    row(
        "tls.too_old",
        FixSettings,
        Error,
        Provider,
        "The server only speaks an outdated TLS",
        "Nothing was sent. The server has to offer TLS 1.2 or newer.",
    ),
    row(
        "tls.not_tls",
        FixSettings,
        Error,
        You,
        "The server does not speak TLS on this port",
        "Nothing was sent. Check the port: 993 and 465 begin with TLS, 143 and 587 with STARTTLS.",
    ),
    row(
        "tls.not_offered",
        FixSettings,
        Error,
        You,
        "The server does not offer TLS on this port",
        "Nothing was sent. Use the port where TLS is there from the start: 993 for IMAP, 465 for SMTP.",
    ),
    row(
        "tls.revoked",
        FixSettings,
        Error,
        Provider,
        "The server's certificate was revoked",
        CERTIFICATE,
    ),
    row(
        "tls.invalid",
        FixSettings,
        Error,
        Provider,
        "The server's certificate is not valid",
        CERTIFICATE,
    ),
    row(
        "tls.injected",
        FixSettings,
        Error,
        Provider,
        "Data stood before the TLS handshake",
        "Nothing was sent. Somebody between here and the server may be tampering: try another network.",
    ),
    row("imap.greeting", Retry, Warning, Provider, "The IMAP server turns us away", WAITING),
    row(
        "imap.not_imap",
        FixSettings,
        Error,
        You,
        "This is no IMAP server",
        "Check host and port of the IMAP server.",
    ),
    row(
        "imap.auth",
        SignInAgain,
        Error,
        You,
        "The IMAP server refuses the password",
        "Check user name and password, then connect the account again. Mail and outbox are kept.",
    ),
    row(
        "imap.app_password",
        SignInAgain,
        Error,
        You,
        "The provider asks for an app password",
        "Make an app password on the provider's website and connect the account again with it.",
    ),
    row(
        "imap.no_login",
        FixSettings,
        Error,
        Provider,
        "The IMAP server allows no login we can use",
        "Check whether IMAP is switched on for this mailbox on the provider's website.",
    ),
    row("imap.protocol", Retry, Warning, Provider, "The IMAP server broke the protocol", WAITING),
    row(
        "imap.refused",
        Refused,
        Warning,
        Provider,
        "The IMAP server refused a command",
        "The rest goes on. The server's own words say why.",
    ),
    row(
        "imap.no_mailbox",
        Refused,
        Info,
        Nobody,
        "The mailbox is not there any more",
        "Nothing has to be done: the list of mailboxes is read again.",
    ),
    row(
        "imap.over_quota",
        Refused,
        Warning,
        You,
        "The mailbox is full",
        "Delete mail or get more space at the provider. Until then no copy can be filed.",
    ),
    row(
        "imap.unavailable",
        Retry,
        Warning,
        Provider,
        "The mailbox is not available at present",
        WAITING,
    ),
    row(
        "imap.throttled",
        Throttled(None),
        Warning,
        Provider,
        "The provider asks to slow down",
        WAITING,
    ),
    row(
        "imap.preauth",
        FixSettings,
        Error,
        Provider,
        "The server skips the login before TLS",
        "Nothing was sent. Use the port that begins with TLS, usually 993.",
    ),
    row("smtp.greeting", Retry, Warning, Provider, "The mail server turns us away", WAITING),
    row(
        "smtp.not_smtp",
        FixSettings,
        Error,
        You,
        "This is no SMTP server",
        "Check host and port of the SMTP server.",
    ),
    row(
        "smtp.auth",
        SignInAgain,
        Error,
        You,
        "The SMTP server refuses the password",
        "Check user name and password, then connect the account again. The outbox is kept.",
    ),
    row(
        "smtp.app_password",
        SignInAgain,
        Error,
        You,
        "The provider asks for an app password",
        "Make an app password on the provider's website and connect the account again with it.",
    ),
    row(
        "smtp.no_auth",
        FixSettings,
        Error,
        Provider,
        "The SMTP server allows no login we can use",
        "Check whether SMTP sending is switched on for this mailbox; in a company the administrator has to do it.",
    ),
    row(
        "smtp.refused",
        Refused,
        Error,
        Recipient,
        "The mail was refused",
        "The server's own words say why. Correct it and send again.",
    ),
    row("smtp.deferred", Retry, Info, Recipient, "The mail was put off", WAITING),
    row(
        "smtp.unavailable",
        Retry,
        Warning,
        Provider,
        "The mail server is not available at present",
        WAITING,
    ),
    row("smtp.protocol", Retry, Warning, Provider, "The SMTP server broke the protocol", WAITING),
    row(
        "smtp.throttled",
        Throttled(None),
        Warning,
        Provider,
        "The sending limit is reached",
        WAITING,
    ),
    row(
        "smtp.too_large",
        Refused,
        Error,
        You,
        "The mail is too large for the server",
        "Send smaller attachments, or a link to them.",
    ),
    row(
        "account.exists",
        Refused,
        Error,
        You,
        "The account is already connected",
        "Nothing has to be done, or remove it first to connect it anew.",
    ),
    row(
        "account.not_found",
        Refused,
        Error,
        You,
        "There is no such account",
        "The list of accounts shows their names.",
    ),
    row(
        "account.canceled",
        Refused,
        Info,
        You,
        "The connection attempt was canceled",
        "Nothing was saved. Connect again when you like.",
    ),
    row(
        "account.settings",
        FixSettings,
        Error,
        You,
        "A setting of the account cannot be used",
        "Correct the setting that is named.",
    ),
    row(
        "secrets.locked",
        Retry,
        Warning,
        You,
        "The keyring is locked",
        "Unlock the keyring of your desktop. Everything goes on by itself then.",
    ),
    row(
        "secrets.unavailable",
        Retry,
        Warning,
        You,
        "The place for passwords does not answer",
        "Check the keyring service or the permissions of the state directory.",
    ),
    row(
        "secrets.missing",
        SignInAgain,
        Error,
        You,
        "The password is not stored any more",
        "Connect the account again.",
    ),
    row(
        "store.full",
        Retry,
        Error,
        You,
        "The disk is full",
        "Free space on the disk that holds the state directory. Nothing is lost; it goes on by itself.",
    ),
    row(
        "store.read_only",
        Retry,
        Error,
        You,
        "The state directory cannot be written",
        "Check the permissions of the state directory and whether its disk is mounted read-only.",
    ),
    row(
        "store.damaged",
        Retry,
        Error,
        You,
        "Stored data is damaged",
        "Stop the daemon and restore the state directory from a backup, or remove it and connect again: mail on the server is not touched.",
    ),
    row(
        "submission.unknown",
        Unknown,
        Warning,
        You,
        "Whether the mail was sent is not known",
        "It is looked for in Sent. If it stays unknown, say whether it was sent or shall be sent again.",
    ),
    row(
        "submission.expired",
        Refused,
        Error,
        Recipient,
        "The mail could not be sent for five days",
        "Check the address and send it again.",
    ),
    row(
        "submission.canceled",
        Refused,
        Info,
        You,
        "The sending was canceled",
        "Nothing has to be done.",
    ),
    row(
        "submission.not_found",
        Refused,
        Error,
        You,
        "There is no such submission",
        "The outbox lists what there is.",
    ),
    row(
        "submission.wrong_phase",
        Refused,
        Error,
        You,
        "The submission is past that point",
        "The outbox shows where it stands.",
    ),
    row(
        "submission.not_filed",
        Refused,
        Warning,
        You,
        "The copy could not be put into Sent",
        "The mail was sent. The copy stays in the outbox.",
    ),
    row(
        "message.gone",
        Refused,
        Info,
        Nobody,
        "The mail is not on the server any more",
        "Nothing has to be done.",
    ),
    row(
        "internal.panic",
        Retry,
        Error,
        Nobody,
        "A part of chapar failed",
        "It was started again. Please report what the log says.",
    ),
];
