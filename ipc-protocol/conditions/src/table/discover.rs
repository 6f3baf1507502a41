//! Looking for the servers of an address.

use crate::Action::FixSettings;
use crate::Condition;
use crate::Severity::{Error, Warning};
use crate::Who::{Provider, You};
use crate::exit::{BAD_DATA, NO_OBJECT, NO_PERMISSION};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "discover.nothing",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "No mail servers were found for the address",
        cause: "No entry of chapar's table, no page of the domain, no record in its DNS and none \
                of the usual server names led to mail servers with a valid certificate.",
        brief: Some(
            "Check the spelling of the address. Else ask the provider for the two servers and name \
             them with --imap and --smtp.",
        ),
        what: &[
            "Look for a typing error behind the @.",
            "Ask the provider for the two servers; its help page for Thunderbird or a phone names \
             them.",
            "Name the servers.",
        ],
        commands: &["chapar connect {address} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
    Condition {
        code: "discover.document",
        action: FixSettings,
        severity: Warning,
        who: Provider,
        exit: BAD_DATA,
        title: "A page about the mail servers cannot be used",
        cause: "The page that should name the mail servers is no such page: broken, too long, or \
                with something in it that such a page must not have.",
        brief: Some(
            "The provider has to mend it. Name the servers yourself with --imap and --smtp.",
        ),
        what: &["Name the servers yourself.", "Tell the provider, with the words of the error."],
        commands: &["chapar connect {address} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
    Condition {
        code: "discover.digest",
        action: FixSettings,
        severity: Warning,
        who: Provider,
        exit: NO_PERMISSION,
        title: "A page about the servers is not the one the DNS names",
        cause: "The domain's DNS carries a digest of the page about its mail servers, and the page \
                that came has another one.",
        brief: Some(
            "It was not used. The provider has to publish both again, or somebody is in between.",
        ),
        what: &[
            "Try another network first.",
            "Name the servers yourself.",
            "Tell the provider: page and digest have to be published together.",
        ],
        commands: &["chapar connect {address} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
    Condition {
        code: "discover.no_tls",
        action: FixSettings,
        severity: Error,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The provider lists only servers without TLS",
        cause: "Every server on the provider's own list would take the password over a line that \
                anybody can read.",
        brief: Some(
            "They were not used. Ask the provider for servers with TLS and name them with --imap \
             and --smtp.",
        ),
        what: &[
            "Ask the provider for its servers with TLS.",
            "Try the usual ports: 993 for IMAP, 465 for SMTP.",
        ],
        commands: &["chapar connect {address} --imap {imap}:993 --smtp {smtp}:465"],
        ..Condition::BLANK
    },
    Condition {
        code: "discover.no_imap",
        action: FixSettings,
        severity: Warning,
        who: Provider,
        exit: NO_OBJECT,
        title: "The provider lists no IMAP and submission servers",
        cause: "The provider says itself that it offers no IMAP, or no submission of mail, for \
                this domain.",
        brief: Some(
            "Ask the provider whether IMAP is offered, and name the servers with --imap and \
             --smtp.",
        ),
        what: &[
            "Look in the provider's settings whether IMAP has to be switched on.",
            "If you know the servers, name them.",
        ],
        commands: &["chapar connect {address} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
];
