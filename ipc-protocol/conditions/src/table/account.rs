//! Accounts and what is in them.

use crate::Action::{FixSettings, Refused, Retry};
use crate::Severity::{Error, Info, Warning};
use crate::Who::{Admin, Nobody, You};
use crate::exit::{BAD_DATA, CONFIG, NO_ACCOUNT, NO_OBJECT, NO_PERMISSION, TEMPORARY};
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "account.unknown",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_ACCOUNT,
        title: "There is no such account",
        cause: "No account has that name, address or id.",
        what: &["Look at the list."],
        commands: &["chapar account list"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.none",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_ACCOUNT,
        title: "No mailbox is connected yet",
        cause: "The command needs an account, and there is none.",
        what: &["Connect a mailbox."],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.ambiguous",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_ACCOUNT,
        title: "It is not clear which account is meant",
        cause: "There are several accounts and none was named, or the name fits more than one.",
        what: &["Name one with -a: its name, address or id."],
        commands: &["chapar account list"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.exists",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The account is already connected",
        cause: "An account with this address or this name is there. Nothing was changed.",
        brief: Some("To sign in anew, reconnect the account; its mail and its outbox stay."),
        what: &[
            "To sign in anew or in another way, reconnect the account that is there.",
            "To change its servers or its name, update it.",
            "If only the short name is taken, give another --name.",
        ],
        commands: &[
            "chapar account reconnect {account}",
            "chapar account list",
            "chapar account update {account} --imap {imap} --smtp {smtp}",
        ],
        ..Condition::BLANK
    },
    Condition {
        code: "account.settings",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "A setting of the account cannot be used",
        cause: "The error names the setting. Syncing and sending stand still until it is changed; \
                mail and outbox stay.",
        brief: Some("Correct the setting that is named."),
        what: &["Change the setting; it is proved before it is saved."],
        commands: &["chapar account update {account} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.provider",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "There is no such provider key",
        cause: "A provider is named by its key: one of the built-in ones, which the error lists, or \
                that of a [[provider]] table in config.toml. Nobody was asked for anything.",
        brief: Some(
            "Name one of these keys, or leave --provider out: the address alone usually does.",
        ),
        what: &[
            "Leave --provider out: by the address chapar finds the provider itself.",
            "Name one of the keys of the error.",
            "For a provider of your own, write a [[provider]] table into config.toml.",
        ],
        commands: &["chapar connect {address}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.missing",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_ACCOUNT,
        title: "There is no such account",
        cause: "It was removed while something about it was asked.",
        what: &["Look at the list."],
        commands: &["chapar account list"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.not_found",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_ACCOUNT,
        title: "There is no such account",
        cause: "It was removed while something about it was asked.",
        brief: Some("The list of accounts shows their names."),
        what: &["Look at the list."],
        commands: &["chapar account list"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.busy",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "The account has too much to do",
        cause: "More was asked of it at once than it keeps in its queue, or a mail is being handed over \
                and must not be cut off. Nothing was changed.",
        what: &["Try again in a moment."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.canceled",
        action: Refused,
        severity: Info,
        who: You,
        exit: TEMPORARY,
        title: "The connection attempt was canceled",
        cause: "Nothing was saved.",
        brief: Some("Nothing was saved. Connect again when you like."),
        what: &["Connect again when you like."],
        commands: &["chapar connect {address} --imap {imap} --smtp {smtp}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.not_running",
        action: Retry,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "The account holds no connection now",
        cause: "It is paused, offline or waits for you; what is needed for this is a connection.",
        what: &["Look at its state and do what stands there."],
        commands: &["chapar status", "chapar account resume {account}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.no_grant",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "The account does not sign in at a provider",
        cause: "The account uses a password, so there is no sign-in that could be renewed.",
        what: &["Look at how the account signs in."],
        commands: &["chapar account show {account}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.not_licensed",
        action: FixSettings,
        severity: Error,
        who: Admin,
        exit: CONFIG,
        title: "The mailbox has no licence",
        cause: "The sign-in is right, but the company has not assigned a licence with a mailbox to \
                this address, or has taken it away.",
        brief: Some(
            "The administrator has to assign a licence that includes mail, then connect again.",
        ),
        what: &["Ask the administrator to assign one.", "Then connect again."],
        commands: &["chapar sync {account}", "chapar connect {address}"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "account.blocked",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The provider has blocked the mailbox",
        cause: "The provider lets no program in until you have signed in on its website. The password \
                may well be right.",
        brief: Some("Sign in on the provider's website and do what it asks for, then try again."),
        what: &[
            "Sign in on the provider's website and do what it asks for.",
            "Then let chapar try again.",
        ],
        commands: &["chapar sync {account}", "chapar connect {address}"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "account.other_mailbox",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "This is somebody else's mailbox",
        cause: "The new login opens another mailbox than the one that is mirrored here: address, \
                mailbox numbers or mails differ. Two people's mail must not be mixed. The old login \
                goes on.",
        what: &[
            "Sign in as the person of this account.",
            "To read the other mailbox too, connect it as an account of its own.",
        ],
        commands: &["chapar account reconnect {account}", "chapar connect {address}"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "mail.unknown",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "There is no such mail here",
        cause: "No mirrored mail has that id; it may have been deleted or moved on the server.",
        what: &["List or search again; ids change when a mail moves."],
        commands: &["chapar mail list"],
        ..Condition::BLANK
    },
    Condition {
        code: "mail.no_attachment",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "The mail has no such attachment",
        cause: "Attachments are numbered from 1 in the order in which they stand in the mail.",
        what: &["Look at the list of its attachments."],
        commands: &["chapar mail attachments M42"],
        ..Condition::BLANK
    },
    Condition {
        code: "mail.no_html",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "The mail has no HTML to open",
        cause: "Only a mail with HTML can be shown in the browser, and only one of at most 50 MiB is \
                taken apart.",
        what: &["Show it as text."],
        commands: &["chapar mail show M42"],
        ..Condition::BLANK
    },
    Condition {
        code: "mail.not_opened",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "An attachment of this kind is not opened by itself",
        cause: "Programs, scripts and pages can do harm when a desktop runs them. Documents, pictures, \
                sound and film are opened.",
        what: &["Save it, and look at it with a program of your choice."],
        commands: &["chapar mail save M42"],
        ..Condition::BLANK
    },
    Condition {
        code: "mailbox.unknown",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "There is no such mailbox",
        cause: "No mailbox of the account has that name, path, role or id.",
        what: &["Look at the account's mailboxes."],
        commands: &["chapar account show {account}"],
        ..Condition::BLANK
    },
    Condition {
        code: "object.unknown",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "There is no such object",
        cause: "Nothing has that id; it may have been removed since it was listed.",
        what: &["List again and use an id from the list."],
        commands: &["chapar mail list", "chapar outbox list"],
        ..Condition::BLANK
    },
    Condition {
        code: "object.changed",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "It changed in the meantime",
        cause: "Somebody else changed it between the look and the change, or its history is no \
                longer kept.",
        what: &["Look again and repeat."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
];
