//! The command line and what is typed into it.

use crate::Action::Refused;
use crate::Condition;
use crate::Severity::{Error, Info};
use crate::Who::You;
use crate::exit::{BAD_DATA, CANNOT_WRITE, NO_OBJECT, TEMPORARY, UNAVAILABLE, USAGE};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "cli.usage",
        action: Refused,
        severity: Error,
        who: You,
        exit: USAGE,
        title: "The command line could not be read",
        cause: "A word, flag or value is unknown or missing.",
        what: &["Read the help of the command."],
        commands: &["chapar --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "cli.missing",
        action: Refused,
        severity: Error,
        who: You,
        exit: USAGE,
        title: "Something is missing and could not be asked for",
        cause: "chapar asks only on a terminal, and never with --json or --no-input.",
        what: &["Give the flag that the error names."],
        commands: &["chapar connect --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "cli.canceled",
        action: Refused,
        severity: Info,
        who: You,
        exit: TEMPORARY,
        title: "Canceled",
        cause: "You said no or pressed Ctrl-C before anything was changed.",
        what: &["Nothing is left to do."],
        commands: &["chapar status"],
        ..Condition::BLANK
    },
    Condition {
        code: "cli.output",
        action: Refused,
        severity: Error,
        who: You,
        exit: CANNOT_WRITE,
        title: "The output could not be written",
        cause: "Standard output or a file cannot take what chapar writes: a full disk or a missing \
                permission.",
        what: &["Look at the free space and the permissions of the place the error names."],
        commands: &["df -h"],
        ..Condition::BLANK
    },
    Condition {
        code: "cli.no_program",
        action: Refused,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "No program opens it",
        cause: "A file is opened by the program that the desktop has for its kind, through xdg-open. \
                It is not installed, or knows none.",
        what: &["Save the attachment and open the file yourself, or install xdg-utils."],
        commands: &["chapar mail save M42"],
        ..Condition::BLANK
    },
    Condition {
        code: "input.address",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "This is not a mail address",
        cause: "An address is name@domain, without spaces or line ends.",
        what: &["Look for a typing error."],
        commands: &["chapar send --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "input.server",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "This is not a server",
        cause: "A server is HOST or HOST:PORT, such as mail.example.org:993; an IPv6 address \
                stands in brackets.",
        what: &["Look for a typing error."],
        commands: &["chapar connect --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "input.file",
        action: Refused,
        severity: Error,
        who: You,
        exit: NO_OBJECT,
        title: "A file could not be read",
        cause: "It is missing, it may not be read, or it is not a file.",
        what: &["Look at the path and its permissions."],
        commands: &["chapar send --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "input.data",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "Something given is not acceptable",
        cause: "The error names the value and the rule it breaks.",
        what: &["Correct the value."],
        commands: &["chapar --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "input.time",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "This is not a time that can be used",
        cause: "Times are 2027-01-31T09:00:00Z, \"2027-01-31 09:00\", 09:00 or +2h.",
        what: &["Correct the time."],
        commands: &["chapar send --help"],
        ..Condition::BLANK
    },
    Condition {
        code: "input.password",
        action: Refused,
        severity: Error,
        who: You,
        exit: BAD_DATA,
        title: "There was no password to take",
        cause: "Standard input or the password command gave nothing, or something with line ends \
                or NUL in it.",
        what: &["Try the password command alone and look at what it prints."],
        commands: &["chapar connect --help"],
        ..Condition::BLANK
    },
];
