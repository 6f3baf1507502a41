//! What stands in the state directory and what can be done with it at a moment.

use super::Page;
use crate::error::exit::{BAD_DATA, CANNOT_WRITE, CONFIG, NO_ACCOUNT, NO_OBJECT, TEMPORARY};

/// The pages of accounts, stored data and the outbox in a state that does not allow something.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "account.missing",
        exit: NO_ACCOUNT,
        title: "There is no such account",
        why: "It was removed while something about it was asked.",
        what: &["Look at the list."],
        commands: &["chapar account list"],
    },
    Page {
        code: "account.not_found",
        exit: NO_ACCOUNT,
        title: "There is no such account",
        why: "It was removed while something about it was asked.",
        what: &["Look at the list."],
        commands: &["chapar account list"],
    },
    Page {
        code: "account.busy",
        exit: TEMPORARY,
        title: "The account has too much to do",
        why: "More was asked of it at once than it keeps in its queue.",
        what: &["Try again in a moment."],
        commands: &["chapar status"],
    },
    Page {
        code: "account.canceled",
        exit: TEMPORARY,
        title: "Connecting was canceled",
        why: "Nothing was saved.",
        what: &["Connect again when you like."],
        commands: &["chapar connect ADDRESS --imap HOST --smtp HOST"],
    },
    Page {
        code: "account.not_running",
        exit: TEMPORARY,
        title: "The account holds no connection now",
        why: "It is paused, offline or waits for you; what is needed for this is a \
              connection.",
        what: &["Look at its state and do what stands there."],
        commands: &["chapar status", "chapar account resume"],
    },
    Page {
        code: "store.io",
        exit: CANNOT_WRITE,
        title: "The state directory could not be read or written",
        why: "The disk or the file system reported an error; its words are in the error. \
              Nothing was half-written.",
        what: &["Look at the disk and at the log."],
        commands: &["chapar logs"],
    },
    Page {
        code: "store.damaged",
        exit: CONFIG,
        title: "Stored data is damaged",
        why: "What was read is not what was written. chapar does not guess: it says so.",
        what: &[
            "Restore the state directory from a backup,",
            "or remove it and connect again: mail on the server is not touched.",
        ],
        commands: &["chapar logs"],
    },
    Page {
        code: "store.conflict",
        exit: BAD_DATA,
        title: "That contradicts what is stored",
        why: "For example a name that another account has already.",
        what: &["Choose another name."],
        commands: &["chapar account list"],
    },
    Page {
        code: "store.missing",
        exit: NO_OBJECT,
        title: "What was asked for is not stored any more",
        why: "It was removed in the meantime.",
        what: &["Look at the list again."],
        commands: &["chapar status"],
    },
    Page {
        code: "submission.wrong_phase",
        exit: BAD_DATA,
        title: "The mail in the outbox is past that point",
        why: "Only what waits can be canceled, only what failed or waits can be retried, \
              only what is unknown can be resolved.",
        what: &["Look at where it stands."],
        commands: &["chapar outbox list"],
    },
    Page {
        code: "submission.not_filed",
        exit: TEMPORARY,
        title: "The copy could not be put into Sent",
        why: "The mail itself was sent. Only the copy in your own Sent mailbox is missing.",
        what: &["Nothing has to be done; the text stays in the outbox."],
        commands: &["chapar outbox list"],
    },
];
