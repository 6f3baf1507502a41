//! This machine: configuration, daemon, service, socket.

use crate::Action::{FixSettings, Refused, Retry};
use crate::Condition;
use crate::Severity::{Error, Warning};
use crate::Who::{Nobody, You};
use crate::exit::{BUG, CONFIG, NO_PERMISSION, TEMPORARY, UNAVAILABLE};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "config.no_home",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "Nothing says where your files are",
        cause: "HOME and the XDG variable of the directory are not set.",
        what: &["Set HOME to your home directory."],
        commands: &["chapar config path"],
        ..Condition::BLANK
    },
    Condition {
        code: "config.invalid",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "The configuration file is not right",
        cause: "The error names the line and what is expected there.",
        what: &["Correct the line."],
        commands: &["chapar config check", "chapar config edit"],
        ..Condition::BLANK
    },
    Condition {
        code: "config.unknown_key",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "There is no such setting",
        cause: "An unknown key is an error, because a typing error would otherwise go unnoticed.",
        what: &["Look for a typing error."],
        commands: &["chapar config check"],
        ..Condition::BLANK
    },
    Condition {
        code: "daemon.fault",
        action: Refused,
        severity: Error,
        who: Nobody,
        exit: BUG,
        title: "A fault in chapard",
        cause: "Something went wrong that should not be possible; chapard goes on.",
        what: &["Report it with the lines of the log around it."],
        commands: &["chapar logs --level warn"],
        ..Condition::BLANK
    },
    Condition {
        code: "daemon.stopping",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "chapard is stopping",
        cause: "chapard was told to stop and takes nothing new. What it had accepted is on disk.",
        what: &["Try again once chapard runs again."],
        commands: &["chapar status", "chapar service status"],
        ..Condition::BLANK
    },
    Condition {
        code: "internal.panic",
        action: Retry,
        severity: Error,
        who: Nobody,
        exit: BUG,
        title: "A part of chapar failed",
        cause: "Something happened that should not be possible. The part that failed was started \
                again; nothing that was accepted is lost.",
        brief: Some("It was started again. Please report what the log says."),
        what: &["Report it with the lines of the log around it."],
        commands: &["chapar logs --level warn"],
        ..Condition::BLANK
    },
    Condition {
        code: "service.no_systemd",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "There is no systemd user manager here",
        cause: "Units need a systemd session of the user; containers and some systems have none.",
        what: &["Start chapard without it: it runs until it is stopped or the machine restarts."],
        commands: &["chapar service start"],
        ..Condition::BLANK
    },
    Condition {
        code: "service.failed",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "systemd could not do that",
        cause: "systemctl's own words are in the error.",
        what: &["Look at its words and at the unit's log."],
        commands: &["chapar service status", "chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.absent",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "chapard is not running",
        cause: "Nothing listens on the socket, and starting it was switched off or failed.",
        what: &["Start it, or look why it ends."],
        commands: &["chapar service start", "chapar logs --level warn"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.start",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: UNAVAILABLE,
        title: "chapard could not be started",
        cause: "chapar looked for chapard beside its own program and on PATH, started it, and it \
                ended or did not open its socket in time. Its own words are in the error.",
        what: &["Look at its words.", "Start it by hand to see more: chapard"],
        commands: &["chapar logs", "chapar config check"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.denied",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The socket belongs to somebody else",
        cause: "Only the user who runs chapard may use its socket.",
        what: &["Run chapar as that user, or start your own chapard.", "Look at XDG_RUNTIME_DIR."],
        commands: &["chapar socket"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.too_long",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "The path of the socket is too long",
        cause: "The path of a socket may have at most 103 bytes: some systems take no longer one.",
        what: &["Set CHAPAR_SOCKET or XDG_RUNTIME_DIR to a shorter path."],
        commands: &["chapar socket"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.path",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "There is no usable path for the socket",
        cause: "Nothing in the environment says where a person's files are, or the path given does \
                not begin with /.",
        what: &["Set HOME, or give --socket or CHAPAR_SOCKET an absolute path."],
        commands: &["chapar socket"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.closed",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "chapard ended while chapar waited",
        cause: "It was stopped, restarted or upgraded. What it had accepted is on disk.",
        what: &["Try again."],
        commands: &["chapar status", "chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.timeout",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "chapard did not answer in time",
        cause: "It is very busy or hangs; under systemd its watchdog restarts it.",
        what: &["Try again, with a longer --timeout.", "Restart it if it does not come back."],
        commands: &["chapar service restart"],
        ..Condition::BLANK
    },
    Condition {
        code: "socket.protocol",
        action: Retry,
        severity: Error,
        who: You,
        exit: BUG,
        title: "chapar and chapard do not understand each other",
        cause: "The answer is not what this version of chapar expects; often one of the two is \
                older.",
        what: &["Restart chapard, so that both are the same version."],
        commands: &["chapar service restart"],
        ..Condition::BLANK
    },
];
