//! Signing in, reading mail, and accounts.

use super::Page;
use crate::error::exit::{
    BAD_DATA, CANNOT_WRITE, CONFIG, NO_ACCOUNT, NO_OBJECT, NO_PERMISSION, TEMPORARY,
};

/// The pages of `imap.*` and `account.*`.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "imap.auth",
        exit: NO_PERMISSION,
        title: "The IMAP server refused the sign-in",
        why: "The login name or the password is wrong, or the provider wants something else than \
              the password of its web page. Mail and outbox stay as they are.",
        what: &[
            "Type the password again; look at the keyboard layout.",
            "Many providers want an app password, made in the security page of the account.",
            "Some switch IMAP off until it is allowed in their settings.",
            "The login name may differ from the address: give --user.",
        ],
        commands: &["chapar account update ACCOUNT --password", "chapar status"],
    },
    Page {
        code: "imap.not_imap",
        exit: BAD_DATA,
        title: "The server there does not speak IMAP",
        why: "Another service answered, often the SMTP server.",
        what: &["Give the IMAP server with --imap, usually port 993."],
        commands: &["chapar connect ADDRESS --imap HOST:993 --smtp HOST:465"],
    },
    Page {
        code: "imap.greeting",
        exit: TEMPORARY,
        title: "The IMAP server turned the connection away",
        why: "The server said BYE, or nothing that opens a conversation. Its words are in the \
              error.",
        what: &["Wait a few minutes: often there were too many connections.", "Look at its words."],
        commands: &["chapar status"],
    },
    Page {
        code: "imap.throttled",
        exit: TEMPORARY,
        title: "The provider asks to slow down",
        why: "There were more connections or commands than it allows. chapar waits as long as it \
              asks and goes on by itself.",
        what: &["Wait.", "Close other mail programs that use the same account."],
        commands: &["chapar status"],
    },
    Page {
        code: "imap.protocol",
        exit: TEMPORARY,
        title: "The IMAP server answered something chapar does not understand",
        why: "The answer breaks the protocol or a limit. The connection was closed; mail that is \
              here stays as it is.",
        what: &["If it comes back, report it with the lines of the log."],
        commands: &["chapar logs --level warn"],
    },
    Page {
        code: "imap.refused",
        exit: TEMPORARY,
        title: "The IMAP server refused a command",
        why: "It said NO; its words are in the error.",
        what: &["Look at its words.", "chapar tries again by itself."],
        commands: &["chapar status"],
    },
    Page {
        code: "account.unknown",
        exit: NO_ACCOUNT,
        title: "There is no such account",
        why: "No account has that name, address or id.",
        what: &["Look at the list."],
        commands: &["chapar account list"],
    },
    Page {
        code: "account.none",
        exit: NO_ACCOUNT,
        title: "No mailbox is connected yet",
        why: "The command needs an account, and there is none.",
        what: &["Connect a mailbox."],
        commands: &["chapar connect ADDRESS"],
    },
    Page {
        code: "account.ambiguous",
        exit: NO_ACCOUNT,
        title: "It is not clear which account is meant",
        why: "There are several accounts and none was named, or the name fits more than one.",
        what: &["Name one with -a: its name, address or id."],
        commands: &["chapar account list"],
    },
    Page {
        code: "account.exists",
        exit: BAD_DATA,
        title: "This mailbox is connected already",
        why: "An account with this address or this name is there. Nothing was changed.",
        what: &["Change the account there is, or give another --name."],
        commands: &["chapar account list", "chapar account update ACCOUNT --password"],
    },
    Page {
        code: "account.paused",
        exit: TEMPORARY,
        title: "The account is paused",
        why: "Somebody paused it; it neither syncs nor sends until it is resumed.",
        what: &["Resume it."],
        commands: &["chapar account resume ACCOUNT"],
    },
    Page {
        code: "account.settings",
        exit: CONFIG,
        title: "A setting of the account is wrong",
        why: "The error names the setting. Syncing and sending stand still until it is changed; \
              mail and outbox stay.",
        what: &["Change the setting; it is proved before it is saved."],
        commands: &["chapar account update ACCOUNT --imap HOST --smtp HOST"],
    },
    Page {
        code: "account.quota",
        exit: CANNOT_WRITE,
        title: "The mailbox is full",
        why: "The provider takes nothing more until there is space.",
        what: &["Delete or move mail at the provider."],
        commands: &["chapar status"],
    },
    Page {
        code: "mail.unknown",
        exit: NO_OBJECT,
        title: "There is no such mail here",
        why: "No mirrored mail has that id; it may have been deleted or moved on the server.",
        what: &["List or search again; ids change when a mail moves."],
        commands: &["chapar mail list"],
    },
    Page {
        code: "mailbox.unknown",
        exit: NO_OBJECT,
        title: "There is no such mailbox",
        why: "No mailbox of the account has that name, path, role or id.",
        what: &["Look at the account's mailboxes."],
        commands: &["chapar account show ACCOUNT"],
    },
];
