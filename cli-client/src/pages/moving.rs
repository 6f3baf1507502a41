//! Who signed in, and to which mailbox: connecting and moving an account.

use super::Page;
use crate::error::exit::{BAD_DATA, CONFIG, NO_PERMISSION};

/// The pages of an identity that is not the account's.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "oauth.wrong_person",
        exit: NO_PERMISSION,
        title: "Somebody else signed in",
        why: "The provider says that another address signed in than the account's: a browser often \
              takes the person who is signed in already without asking. Nothing was saved or \
              changed, and the grant was not kept.",
        what: &[
            "Open the address in a private window and sign in as the account's address.",
            "Another address of your own is an account of its own: connect it by its name.",
            "For an alias of yours, or a shared mailbox that you may open, confirm that you sign \
             in under another address.",
        ],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "account.other_mailbox",
        exit: NO_PERMISSION,
        title: "The login opens another mailbox",
        why: "The new login works, but the messages there are not the ones that chapar has of this \
              account: it compares numbers (UIDVALIDITY) and some Message-IDs. Going on would mix \
              two mailboxes up, so nothing was changed and the old login works on.",
        what: &[
            "Check the login name and, for your own server, the host: it may serve several people.",
            "To have the other mailbox too, connect it as an account of its own.",
            "When the mailbox was emptied or restored from a backup, remove the account and \
             connect it anew.",
        ],
        commands: &["chapar account list", "chapar connect ADDRESS"],
    },
    Page {
        code: "account.no_grant",
        exit: BAD_DATA,
        title: "The account signs in by password and has no tokens",
        why: "An access token comes of a sign-in at the provider. This account has a password, \
              which chapar never hands out.",
        what: &[
            "Give the other program the password itself.",
            "Or move the account to a sign-in at the provider, where it offers one.",
        ],
        commands: &["chapar account list"],
    },
    Page {
        code: "account.not_licensed",
        exit: CONFIG,
        title: "The mailbox has no licence",
        why: "The sign-in is right, but the company has not assigned a licence with a mailbox to \
              this address, or has taken it away.",
        what: &["Ask the administrator to assign one; then connect again. Nothing was saved."],
        commands: &["chapar connect ADDRESS"],
    },
];
