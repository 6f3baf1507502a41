//! What mail servers answer, and what they do not offer.

use super::Page;
use crate::error::exit::{BAD_DATA, NO_OBJECT, NO_PERMISSION, TEMPORARY};

/// The pages of answers of IMAP and SMTP servers.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "tls.not_offered",
        exit: NO_PERMISSION,
        title: "The server does not offer TLS on this port",
        why: "On this port TLS begins after STARTTLS, and the server does not offer it, or \
              something on the way took the offer out. chapar sends no password over a line that \
              anybody can read.",
        what: &[
            "Use the port for TLS from the start: 993 for IMAP, 465 for SMTP.",
            "On a hotel or company network, try another network.",
            "If the provider has no TLS at all, use another provider.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST:465"],
    },
    Page {
        code: "tls.refused",
        exit: NO_PERMISSION,
        title: "The server refused to begin TLS",
        why: "The server offers STARTTLS but answered no when chapar asked for it. No \
              password was sent.",
        what: &[
            "Use the port for TLS from the start: 993 for IMAP, 465 for SMTP.",
            "Try again later; tell the provider if it stays.",
        ],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "tls.ca_file",
        exit: NO_PERMISSION,
        title: "The account's own authority cannot be read",
        why: "The certificate that was given with --ca-file is no certificate in PEM form.",
        what: &["Give the file again; it has to contain -----BEGIN CERTIFICATE-----."],
        commands: &["chapar account update --ca-file FILE"],
    },
    Page {
        code: "net.lost",
        exit: TEMPORARY,
        title: "The connection was lost",
        why: "The server or something between closed the connection in the middle of a \
              command.",
        what: &[
            "Nothing has to be done: chapar tries again by itself, later and later.",
            "If it happens often, look for a firewall, a VPN or a virus scanner in between.",
        ],
        commands: &["chapar status", "chapar logs"],
    },
    Page {
        code: "imap.preauth",
        exit: NO_PERMISSION,
        title: "The server logs everybody in before TLS",
        why: "The server greeted with PREAUTH on a plain connection. Over such a line \
              anybody could listen, and STARTTLS is not possible any more.",
        what: &["Use port 993, where TLS is there from the start."],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST"],
    },
    Page {
        code: "imap.no_login",
        exit: NO_PERMISSION,
        title: "The server offers no login with a password",
        why: "Neither LOGIN nor AUTHENTICATE PLAIN is offered. Some providers allow only \
              sign-in in the browser.",
        what: &["Look in the provider's settings for IMAP access or app passwords."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "imap.app_password",
        exit: NO_PERMISSION,
        title: "The provider asks for an app password",
        why: "With two-factor sign-in the usual password does not work for mail programs.",
        what: &[
            "Make an app password on the provider's website.",
            "Give it to chapar in place of the old one.",
        ],
        commands: &["chapar account update --password-stdin"],
    },
    Page {
        code: "imap.unavailable",
        exit: TEMPORARY,
        title: "The IMAP server cannot log anybody in now",
        why: "Its part that checks passwords is out of order at present. The password may \
              well be right.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar status"],
    },
    Page {
        code: "imap.over_quota",
        exit: TEMPORARY,
        title: "The mailbox is full",
        why: "The server does not take another mail into it.",
        what: &["Delete mail, or ask the provider for more room."],
        commands: &["chapar status"],
    },
    Page {
        code: "imap.no_inbox",
        exit: TEMPORARY,
        title: "The server listed no mailbox at all",
        why: "Every account has an INBOX, so this answer is not believed and nothing is \
              deleted here.",
        what: &[
            "Nothing has to be done: chapar tries again by itself, later and later.",
            "If it stays, look whether webmail shows your mail.",
        ],
        commands: &["chapar status"],
    },
    Page {
        code: "imap.no_mailbox",
        exit: NO_OBJECT,
        title: "The mailbox is not on the server any more",
        why: "It was removed or renamed elsewhere.",
        what: &["Nothing has to be done: the list of mailboxes is read again."],
        commands: &["chapar mail list"],
    },
    Page {
        code: "imap.gone",
        exit: NO_OBJECT,
        title: "The mail is not on the server any more",
        why: "It was removed elsewhere before its text was fetched.",
        what: &["Nothing has to be done."],
        commands: &["chapar mail list"],
    },
    Page {
        code: "imap.too_large",
        exit: BAD_DATA,
        title: "The mail is larger than chapar reads",
        why: "Its headers are here, its text is not: a limit protects this machine from \
              endless mails.",
        what: &["Read it in the provider's webmail."],
        commands: &["chapar mail list"],
    },
    Page {
        code: "smtp.greeting",
        exit: TEMPORARY,
        title: "The mail server takes no connections now",
        why: "It answered, but said so at once; its words are in the error.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.unavailable",
        exit: TEMPORARY,
        title: "The mail server is not available at present",
        why: "It is being restarted or is too busy; its words are in the error.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.lost",
        exit: TEMPORARY,
        title: "The connection to the mail server was lost",
        why: "It broke before the mail was handed over, so it was not sent and will be tried \
              again.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.timeout",
        exit: TEMPORARY,
        title: "The mail server did not answer in time",
        why: "The connection stands but nothing comes.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.bad_reply",
        exit: TEMPORARY,
        title: "The mail server answered something that is not SMTP",
        why: "Something else may answer on that port: a proxy, a virus scanner, another \
              service.",
        what: &["Look at the port: 465 is TLS from the start, 587 is STARTTLS."],
        commands: &["chapar account show"],
    },
    Page {
        code: "smtp.auth_later",
        exit: TEMPORARY,
        title: "The mail server cannot check passwords now",
        why: "The password may well be right.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.app_password",
        exit: NO_PERMISSION,
        title: "The provider asks for an app password",
        why: "With two-factor sign-in the usual password does not work for mail programs.",
        what: &[
            "Make an app password on the provider's website.",
            "Give it to chapar in place of the old one.",
        ],
        commands: &["chapar account update --password-stdin"],
    },
    Page {
        code: "smtp.bad_credential",
        exit: BAD_DATA,
        title: "The login cannot be sent",
        why: "A user name or a password cannot have a NUL in it.",
        what: &["Enter it again."],
        commands: &["chapar account update --password-stdin"],
    },
    Page {
        code: "smtp.bad_address",
        exit: BAD_DATA,
        title: "An address cannot be sent to",
        why: "It is not of the form name@domain.",
        what: &["Correct the address and send again."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.no_recipients",
        exit: BAD_DATA,
        title: "The mail has no recipient",
        why: "There is nobody to send it to.",
        what: &["Name one with --to."],
        commands: &["chapar send --to ADDRESS"],
    },
    Page {
        code: "smtp.no_eight_bit",
        exit: BAD_DATA,
        title: "The server takes only 7-bit mails",
        why: "The mail has bytes above 127 that this old server would damage.",
        what: &["Send it again: chapar writes it in 7 bits then."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.too_large",
        exit: BAD_DATA,
        title: "The mail is larger than the server takes",
        why: "The server told its limit before the mail was handed over; both sizes are in \
              the error. Attachments grow by a third on their way.",
        what: &["Send fewer or smaller attachments, or a link."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.refused",
        exit: TEMPORARY,
        title: "The mail server refused a command",
        why: "Its own words are in the error.",
        what: &["Look at its words.", "Ask the provider what they mean."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "smtp.deferred",
        exit: TEMPORARY,
        title: "The server does not take this mail now",
        why: "Busy servers and greylisting say so; the mail stays in the outbox.",
        what: &["Nothing has to be done: chapar tries again by itself, later and later."],
        commands: &["chapar outbox list"],
    },
];
