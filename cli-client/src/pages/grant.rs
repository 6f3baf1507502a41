//! What becomes of a sign-in later, and what mail servers say to a token.

use super::Page;
use crate::error::exit::{NO_PERMISSION, TEMPORARY};

/// The pages of grants and tokens.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "oauth.expired",
        exit: NO_PERMISSION,
        title: "The provider ended the sign-in",
        why: "The provider itself said that the sign-in is over (invalid_grant): it was taken back, \
              the password was changed, it was unused for months, or a rule of your company ends \
              it after a while. A network fault is never taken for this. Mail, outbox and settings \
              are kept.",
        what: &[
            "Sign in again; everything goes on where it stopped.",
            "Google, after seven days each time: the client id's project is in Testing; publish \
             it (chapar help oauth.client).",
        ],
        commands: &["chapar account reconnect NAME"],
    },
    Page {
        code: "oauth.token_refused",
        exit: NO_PERMISSION,
        title: "The mail server refuses the provider's own token",
        why: "The provider gave a fresh token and its mail server does not take it: the protocol is \
              off for this mailbox, a scope was not granted, or the user name is another one. \
              chapar shows at most three tokens an hour, so that nothing is locked.",
        what: &[
            "Check that IMAP and SMTP are switched on for the mailbox, in a company with its \
             administrator; then sync the account.",
            "Else sign in again, and agree to everything that is asked for mail.",
        ],
        commands: &["chapar sync NAME", "chapar account reconnect NAME"],
    },
    Page {
        code: "imap.disabled",
        exit: NO_PERMISSION,
        title: "IMAP is switched off for this mailbox",
        why: "The server says that this mailbox may not be read by IMAP. No password or token \
              changes that.",
        what: &[
            "Switch IMAP on in the mailbox's settings on the provider's website.",
            "In a company the administrator has to do it.",
            "Then sync the account.",
        ],
        commands: &["chapar sync NAME"],
    },
    Page {
        code: "imap.not_connected",
        exit: TEMPORARY,
        title: "The server let us in but has no mailbox for us",
        why: "\u{201c}User is authenticated but not connected\u{201d}: the token is good, and the mailbox behind \
              the name is not attached at present, or the name is not that of the mailbox.",
        what: &[
            "Nothing has to be done at first: it is tried again by itself.",
            "If it stays: check the user name, for a shared mailbox its own address.",
        ],
        commands: &["chapar account show NAME"],
    },
    Page {
        code: "imap.session_ended",
        exit: TEMPORARY,
        title: "The session's time was over",
        why: "Providers end a session with its token. chapar makes the next one before; when one \
              was ended early, the next stands a second later.",
        what: &["Nothing has to be done."],
        commands: &["chapar status"],
    },
    Page {
        code: "smtp.auth_disabled",
        exit: NO_PERMISSION,
        title: "Sending by SMTP is switched off for this mailbox",
        why: "The server says that authenticated SMTP is off for the mailbox or the whole company \
              (Microsoft: 5.7.139, or 5.7.30 for passwords). Receiving goes on, the outbox waits.",
        what: &[
            "The administrator switches it on: Microsoft 365 admin center, Active users, the \
             person, Mail, Manage email apps, Authenticated SMTP.",
            "Where only passwords are refused, sign in by OAuth.",
            "Then sync the account; what waits is sent.",
        ],
        commands: &["chapar sync NAME", "chapar account reconnect NAME"],
    },
];
