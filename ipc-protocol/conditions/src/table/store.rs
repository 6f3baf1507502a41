//! The state directory.

use crate::Action::{FixSettings, Refused, Retry};
use crate::Condition;
use crate::Severity::{Error, Warning};
use crate::Who::{Nobody, You};
use crate::exit::{BAD_DATA, CANNOT_WRITE, CONFIG, NO_OBJECT, TEMPORARY, UNAVAILABLE};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "store.full",
        action: Retry,
        severity: Error,
        who: You,
        exit: CANNOT_WRITE,
        title: "The disk is full",
        cause: "chapard could not write. Nothing that it had accepted is lost; it goes on when \
                there is space.",
        brief: Some(
            "Free space on the disk that holds the state directory. Nothing is lost; it goes on by \
             itself.",
        ),
        what: &["Free some space where the state directory is."],
        commands: &["df -h", "chapar status"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.budget",
        action: Refused,
        severity: Warning,
        who: You,
        exit: CANNOT_WRITE,
        title: "An account has as much mail here as it may",
        cause: "What is stored of the account has met sync.budget. New mail still comes with its \
                headers as long as a quarter more is not met; what is not here yet stays on the \
                server.",
        brief: Some(
            "Raise sync.budget when the disk has room, or delete mail on the server. Until then new \
             mail comes with its headers only.",
        ),
        what: &[
            "When the disk has room, raise the budget: it counts from the next sync on.",
            "Else delete or move mail on the server, or take a smaller window for the account.",
            "A mail that is not here is fetched when you open it.",
        ],
        commands: &["chapar config set sync.budget 40960", "chapar sync {account}", "df -h"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.read_only",
        action: Retry,
        severity: Error,
        who: You,
        exit: CANNOT_WRITE,
        title: "The state directory cannot be written",
        cause: "Its permissions or its file system do not allow it.",
        brief: Some(
            "Check the permissions of the state directory and whether its disk is mounted \
             read-only.",
        ),
        what: &["Look at the owner and the mode of the directory that the error names."],
        commands: &["chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.foreign",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "The database is not chapar's",
        cause: "The file meta.redb in the state directory is something else or is damaged. It was \
                not touched.",
        brief: Some("Restore the state directory from a backup, or move the file away."),
        what: &[
            "Restore the state directory from a backup,",
            "or move the file away and connect your mailboxes again: chapar then begins empty, and \
             mail on the server is not touched.",
        ],
        commands: &["chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.newer",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "A newer chapar wrote the database",
        cause: "An older program could damage it, so it does not open it.",
        what: &["Run the newer version again."],
        commands: &["chapar --version"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.locked",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "Another chapard uses this state directory",
        cause: "One daemon a state directory: two would damage each other's files.",
        what: &["Stop the other one, or give this one its own XDG_STATE_HOME."],
        commands: &["chapar service status"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.io",
        action: Retry,
        severity: Error,
        who: You,
        exit: CANNOT_WRITE,
        title: "The state directory could not be read or written",
        cause: "The disk or the file system reported an error; its words are in the error. Nothing \
                was half-written.",
        what: &["Look at the disk and at the log."],
        commands: &["chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.damaged",
        action: Retry,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "Stored data is damaged",
        cause: "What was read is not what was written. chapar does not guess: it says so.",
        brief: Some(
            "The daemon makes a damaged database anew by itself, and `chapar doctor --fix` does it at \
             once. Keep the state directory as it is, because it holds your outbox.",
        ),
        what: &[
            "Let doctor make the database anew: what is whole stays, and lost mail is fetched again.",
            "If it still refuses, restore the state directory from a backup; do not remove it, \
             because it holds the mails that were not sent yet.",
        ],
        commands: &["chapar doctor --fix", "chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.restored",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "The database was damaged and was made anew",
        cause: "Accounts, identities and the outbox came from the copy beside the database, mail from \
                the records that were whole. The rest is fetched again from the servers. Until \
                everything is there the damaged file is kept as meta.redb.damaged.",
        what: &["Look at the health of the disk: what damaged one file may damage another."],
        commands: &["chapar status", "chapar outbox list", "chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.lost",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "The stored bytes of a mail were damaged",
        cause: "What was read is not what was stored. The mail is fetched again from its server.",
        what: &["Try again in a moment."],
        commands: &["chapar status", "chapar doctor"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.conflict",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "That contradicts what is stored",
        cause: "For example a name that another account has already.",
        what: &["Choose another name."],
        commands: &["chapar account list"],
        ..Condition::BLANK
    },
    Condition {
        code: "store.missing",
        action: Refused,
        severity: Error,
        who: Nobody,
        exit: NO_OBJECT,
        title: "What was asked for is not stored any more",
        cause: "It was removed in the meantime.",
        what: &["Look at the list again."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
];
