//! The exit codes of every command (sysexits).

/// Done.
pub const OK: u8 = 0;
/// `status --check` or `doctor` found something that needs a person.
pub const ATTENTION: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// What was given is not acceptable.
pub const BAD_DATA: u8 = 65;
/// No such object.
pub const NO_OBJECT: u8 = 66;
/// No such account.
pub const NO_ACCOUNT: u8 = 67;
/// The daemon or a server cannot be reached.
pub const UNAVAILABLE: u8 = 69;
/// A fault in chapar.
pub const BUG: u8 = 70;
/// Something cannot be written.
pub const CANNOT_WRITE: u8 = 73;
/// It may work later.
pub const TEMPORARY: u8 = 75;
/// Sign-in, certificate or permission.
pub const NO_PERMISSION: u8 = 77;
/// The configuration is wrong.
pub const CONFIG: u8 = 78;

/// Every exit code and what it says, in a few words.
pub const ALL: &[(u8, &str)] = &[
    (OK, "Done."),
    (ATTENTION, "`status --check` or `doctor` found something that needs you."),
    (USAGE, "The command line is wrong."),
    (BAD_DATA, "What was given cannot be used."),
    (NO_OBJECT, "There is no such mail, submission or file."),
    (NO_ACCOUNT, "There is no such account."),
    (UNAVAILABLE, "The daemon, the network or a server cannot be reached."),
    (BUG, "A fault in chapar."),
    (CANNOT_WRITE, "Something cannot be written."),
    (TEMPORARY, "Temporary, or given up by you: try again."),
    (NO_PERMISSION, "The sign-in, a certificate or a permission is missing."),
    (CONFIG, "A setting is wrong."),
];

/// The exit code of a code: its row's, else its area's, for codes of a newer daemon.
#[must_use]
pub fn of(code: &str) -> Option<u8> {
    if let Some(row) = crate::find(code) {
        return Some(row.exit);
    }
    match code.split_once('.')?.0 {
        "tls" | "oauth" => Some(NO_PERMISSION),
        "net" => Some(UNAVAILABLE),
        "imap" | "smtp" => Some(TEMPORARY),
        "config" => Some(CONFIG),
        _ => None,
    }
}
