//! Passwords and tokens at rest.

use crate::Action::{Retry, SignInAgain};
use crate::Severity::{Error, Warning};
use crate::Who::You;
use crate::exit::{NO_PERMISSION, TEMPORARY};
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "secrets.locked",
        action: Retry,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "The keyring is locked",
        cause: "The keyring of the desktop is locked, and chapar does not ask for its password \
                behind your back. Mail that is here can be read; nothing new comes.",
        brief: Some("Unlock the keyring of your desktop. Everything goes on by itself then."),
        what: &[
            "Unlock it, for example by logging in to the desktop, or in its own program \
             (Passwords, Seahorse, KWallet).",
            "On a machine without desktop: let chapar keep secrets in its sealed file (chapar \
             config set secrets.vault file, then chapar service restart) and sign in anew (chapar \
             account reconnect).",
        ],
        commands: &["chapar sync {account}", "chapar doctor"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "secrets.unavailable",
        action: Retry,
        severity: Warning,
        who: You,
        exit: TEMPORARY,
        title: "The place for passwords does not answer",
        cause: "The service that keeps passwords did not answer, or the sealed file could not be \
                read or written.",
        brief: Some("Check the keyring service or the permissions of the state directory."),
        what: &[
            "Look whether the keyring service of the desktop runs.",
            "Look at the permissions of the state directory.",
        ],
        commands: &["chapar sync {account}", "chapar doctor"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "secrets.missing",
        action: SignInAgain,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The password is not stored any more",
        cause: "Where the password or sign-in of this account should lie, there is nothing: the \
                keyring was emptied or changed, or the files were copied from another machine.",
        brief: Some("Connect the account again."),
        what: &["Sign in again; mail and outbox stay."],
        commands: &["chapar account reconnect {account}"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
    Condition {
        code: "secrets.corrupt",
        // a keyring that lies today may tell the truth tomorrow: no grant is lost to it
        action: Retry,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The stored password cannot be read",
        cause: "The place for passwords answered with something that is not what was put there: a \
                damaged file, or a file of another machine.",
        what: &[
            "Restore the file that the error names from a backup, or move it away.",
            "Then sign in again: that writes it anew; mail and outbox stay.",
            "If it comes back, look at the disk.",
        ],
        commands: &["chapar account reconnect {account}"],
        method: Some(Method::RECONNECT),
        ..Condition::BLANK
    },
];
