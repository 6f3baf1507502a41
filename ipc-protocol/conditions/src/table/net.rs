//! The way to a server, and fetching by HTTPS.

use crate::Action::{FixSettings, Retry};
use crate::Severity::{Error, Info, Warning};
use crate::Who::{Nobody, Provider, You};
use crate::exit::{CONFIG, NO_PERMISSION, TEMPORARY, UNAVAILABLE};
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "net.unknown_host",
        action: Retry,
        severity: Warning,
        who: You,
        exit: UNAVAILABLE,
        title: "The server's name is not known",
        cause: "The name of the server is not in the DNS as this machine sees it.",
        brief: Some("Check the spelling of the host and whether this machine is online."),
        what: &["Look for a typing error in the host name.", "Look whether the network works."],
        commands: &[
            "chapar sync {account}",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.offline",
        action: Retry,
        severity: Warning,
        who: You,
        exit: UNAVAILABLE,
        title: "There is no network, or no name server answers",
        cause: "The name of the server could not be looked up, because nobody answered the question. \
                Nearly always this machine is offline. Nothing was sent to anybody.",
        brief: Some("Check whether this machine is online, then try again."),
        what: &[
            "Look whether the network works: open any web page.",
            "In a hotel or a train, sign in to its network first.",
            "An account that is saved is tried again by itself as soon as the network is back.",
        ],
        commands: &["chapar sync {account}", "chapar doctor"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.refused",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: UNAVAILABLE,
        title: "The server refuses the connection",
        cause: "The host answered that no service takes connections on the port.",
        brief: Some(
            "Check host and port. If they are right the server is down: it is tried again by \
             itself.",
        ),
        what: &[
            "Look at the port: IMAP 993 or 143, SMTP 465 or 587.",
            "The service may be down; chapar tries again by itself for an account that is saved.",
        ],
        commands: &[
            "chapar sync {account}",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
        ],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.timeout",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "The server does not answer",
        cause: "A firewall may drop the port, or the server or the network is slow.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &[
            "Try again, or from another network: many block port 25 and some 465 and 587.",
            "An account that is saved is tried again by itself.",
        ],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.unreachable",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: UNAVAILABLE,
        title: "There is no way to the server",
        cause: "The network says that the host cannot be reached; this machine may be offline.",
        brief: Some("Check whether this machine is online. It is tried again by itself."),
        what: &["Look at the network connection, then at a VPN the server may need."],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.closed",
        action: Retry,
        severity: Info,
        who: Nobody,
        exit: TEMPORARY,
        title: "The server closed the connection",
        cause: "The connection ended in the middle of a conversation. Nothing is lost: what was \
                not finished is done again.",
        what: &["Wait; chapar connects again by itself."],
        commands: &["chapar sync {account}", "chapar status"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.lost",
        action: Retry,
        severity: Info,
        who: Nobody,
        exit: TEMPORARY,
        title: "The connection was lost",
        cause: "The server or something between closed the connection in the middle of a command.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &[
            "Nothing has to be done: chapar tries again by itself, later and later.",
            "If it happens often, look for a firewall, a VPN or a virus scanner in between.",
        ],
        commands: &["chapar sync {account}", "chapar status", "chapar logs"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "net.private",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "An answer from outside names a private address",
        cause: "A document of the provider, or its name in the DNS, leads to an address that \
                exists only inside a network: this machine, a router, a company. Whoever writes \
                such a document could point chapar at anything there, so it was not followed.",
        brief: Some("Nothing was sent there. Name the servers yourself with --imap and --smtp."),
        what: &[
            "If the server really is in your own network, name it yourself: what you name is not \
             questioned.",
        ],
        commands: &["chapar connect {address} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
    Condition {
        code: "http.broken",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "A web server's answer broke off",
        cause: "The connection ended in the middle of an answer, the answer was longer than any \
                real one, or it was no HTTP at all.",
        brief: Some("Nothing has to be done: it is tried again by itself."),
        what: &[
            "Try again in a moment.",
            "On a hotel or café network, open a web page first and sign in there.",
        ],
        commands: &["chapar doctor"],
        ..Condition::BLANK
    },
    Condition {
        code: "http.redirects",
        action: Retry,
        severity: Warning,
        who: Provider,
        exit: TEMPORARY,
        title: "A web server sends in circles",
        cause: "The server sent chapar from address to address and never to an answer.",
        brief: Some("It is tried again by itself; the provider has to mend it."),
        what: &["Try again later; tell the provider if it stays."],
        commands: &["chapar doctor"],
        ..Condition::BLANK
    },
    Condition {
        code: "http.not_https",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "Not an https address",
        cause: "What is fetched decides to which servers a password goes, so it is fetched by \
                https only.",
        brief: Some("Give the address with https:// in front; nothing is said over plain HTTP."),
        what: &["Write the address with https:// in front."],
        commands: &["chapar connect --help"],
        ..Condition::BLANK
    },
];
