//! What submission servers answer.

use crate::Action::{FixSettings, Refused, Retry, SignInAgain, Throttled};
use crate::Severity::{Error, Info, Warning};
use crate::Who::{Admin, Nobody, Provider, Recipient, You};
use crate::exit::{BAD_DATA, NO_PERMISSION, TEMPORARY};
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "smtp.auth",
        action: SignInAgain,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The SMTP server refuses the password",
        cause: "Reading may work while sending does not: some providers switch SMTP sign-in off, \
                or want an app password.",
        brief: Some(
            "Check user name and password, then connect the account again. The outbox is kept.",
        ),
        what: &[
            "Type the password again.",
            "Look in the provider's settings whether SMTP sign-in is allowed.",
        ],
        commands: &["chapar account reconnect {account}", "chapar status"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.not_smtp",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "This is no SMTP server",
        cause: "Another service answered, often the IMAP server.",
        brief: Some("Check host and port of the SMTP server."),
        what: &["Give the SMTP server with --smtp, usually port 465 or 587."],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap}:993 --smtp {smtp}:465",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.no_auth",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The SMTP server allows no login we can use",
        cause: "chapar signs in by PLAIN, LOGIN, OAUTHBEARER and XOAUTH2, inside TLS. Either the \
                server offers none of them, only CRAM-MD5 for example, or this port is for mail \
                between servers, not for sending your own.",
        brief: Some(
            "Check whether SMTP sending is switched on for this mailbox; in a company the \
             administrator has to do it.",
        ),
        what: &["Use the submission port: 465 with TLS or 587 with STARTTLS."],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar connect {address} --imap {imap} --smtp {smtp}:465",
            "chapar sync {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.sender_refused",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The server does not let you send as this address",
        cause: "The sender's address is not one that your sign-in may use.",
        what: &["Send from the account the address belongs to."],
        commands: &["chapar account list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.throttled",
        action: Throttled,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The sending limit is reached",
        cause: "There was more mail than the provider allows in the time. chapar waits and goes on \
                by itself.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Wait."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.protocol",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The SMTP server broke the protocol",
        cause: "The answer breaks the protocol or a limit. The mail stays in the outbox.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["If it comes back, report it with the lines of the log."],
        commands: &["chapar sync {account}", "chapar logs --level warn"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.greeting",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The mail server turns us away",
        cause: "It answered, but said so at once; its words are in the error.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar sync {account}", "chapar outbox list"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.name",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The mail server takes no name that chapar gives",
        cause: "In EHLO a client gives a name. chapar gave [127.0.0.1], localhost, \
                localhost.localdomain and the address that this machine has on its network; the \
                server refused each. Its words are in the error.",
        brief: Some(
            "The server's own words say what it wants. Ask the provider, or try another network.",
        ),
        what: &[
            "Look at the server's words: some servers refuse whole networks in this way.",
            "Try the other submission port: 465 with TLS, or 587 with STARTTLS.",
            "Ask the provider which name its submission server wants in EHLO.",
        ],
        commands: &["chapar sync {account}", "chapar outbox list"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.unavailable",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The mail server is not available at present",
        cause: "It is being restarted or is too busy; its words are in the error.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar sync {account}", "chapar outbox list"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.lost",
        action: Retry,
        severity: Info,
        who: Nobody,
        exit: TEMPORARY,
        title: "The connection to the mail server was lost",
        cause: "It broke before the mail was handed over, so it was not sent and will be tried \
                again.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar sync {account}", "chapar outbox list"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.timeout",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "The mail server did not answer in time",
        cause: "The connection stands but nothing comes.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar sync {account}", "chapar outbox list"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.bad_reply",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The mail server answered something that is not SMTP",
        cause: "Something else may answer on that port: a proxy, a virus scanner, another service.",
        what: &["Look at the port: 465 is TLS from the start, 587 is STARTTLS."],
        commands: &[
            "chapar account update {account} --imap {imap} --smtp {smtp}",
            "chapar sync {account}",
            "chapar account show {account}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.auth_later",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "The mail server cannot check passwords now",
        cause: "The password may well be right.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar sync {account}", "chapar outbox list"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition { code: "smtp.app_password", ..super::imap::APP_PASSWORD },
    Condition {
        code: "smtp.bad_credential",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The login cannot be sent",
        cause: "A user name or a password cannot have a NUL in it.",
        what: &["Enter it again."],
        commands: &["chapar account update {account} --password-stdin"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.bad_address",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "An address cannot be sent to",
        cause: "It is not of the form name@domain.",
        what: &["Correct the address and send again."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.no_recipients",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The mail has no recipient",
        cause: "There is nobody to send it to.",
        what: &["Name one with --to."],
        commands: &["chapar send --to {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.ascii_only",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The server takes only ASCII addresses",
        cause: "An address of the sender or of a recipient has letters outside ASCII, and the server \
                does not take such addresses (RFC 6531). Nothing of the mail was sent.",
        what: &[
            "Ask the recipient for an address in ASCII letters and send it there again.",
            "Where only the domain has such letters, write it as its `xn--` form.",
        ],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.no_eight_bit",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The server takes only 7-bit mails",
        cause: "An address in the mail has letters outside ASCII, which this old server would \
                damage. Everything else is written in 7 bits.",
        what: &["Send it again with addresses in ASCII letters, in Reply-To too."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.too_large",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The mail is too large for the server",
        cause: "The server told its limit before the mail was handed over; both sizes are in the \
                error. Attachments grow by a third on their way.",
        brief: Some("Send smaller attachments, or a link to them."),
        what: &["Send fewer or smaller attachments, or a link."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.refused",
        action: Refused,
        severity: Error,
        who: Recipient,
        exit: TEMPORARY,
        title: "The mail was refused",
        cause: "The server said no for good; its own words are in the error.",
        brief: Some("The server's own words say why. Correct it and send again."),
        what: &["Look at its words.", "Ask the provider what they mean."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.deferred",
        action: Retry,
        severity: Info,
        who: Recipient,
        exit: TEMPORARY,
        title: "The mail was put off",
        cause: "The server said not now, as busy servers and greylisting do; the mail stays in the \
                outbox.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "smtp.auth_disabled",
        action: FixSettings,
        severity: Error,
        who: Admin,
        exit: NO_PERMISSION,
        title: "Sending by SMTP is switched off for this mailbox",
        cause: "The sign-in is good, but sending by SMTP is switched off for this mailbox or for \
                the whole organization. No other password helps.",
        brief: Some(
            "The administrator has to switch on authenticated SMTP for the mailbox; then sync the \
             account once.",
        ),
        what: &[
            "Ask the administrator to switch on \"Authenticated SMTP\" for the mailbox (Microsoft \
             365: admin center, the user, Mail, Manage email apps).",
            "Then sync once, so that chapar tries again.",
        ],
        commands: &["chapar sync {account}"],
        method: Some(Method::SYNC),
        links: &[("microsoft", "https://aka.ms/smtp_auth_disabled")],
    },
];
