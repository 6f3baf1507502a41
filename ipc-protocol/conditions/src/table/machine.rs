//! What `doctor` finds on this machine before anything fails.

use crate::Action::{FixSettings, Retry};
use crate::Severity::{Error, Info, Warning};
use crate::Who::{Nobody, Provider, You};
use crate::exit::{CANNOT_WRITE, CONFIG, NO_PERMISSION, TEMPORARY, UNAVAILABLE};
use crate::{Condition, Method};

/// The rows.
pub(super) static ROWS: &[Condition] = &[
    Condition {
        code: "store.low_space",
        action: Retry,
        severity: Warning,
        who: You,
        exit: CANNOT_WRITE,
        title: "The disk is nearly full",
        cause: "When the disk that holds the state directory is full, new mail cannot be stored. \
                Nothing is lost then: it is fetched once there is space.",
        what: &["Free space on the disk that holds the state directory."],
        commands: &["df -h", "chapar doctor"],
        ..Condition::BLANK
    },
    Condition {
        code: "clock.wrong",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: CONFIG,
        title: "This machine's clock is wrong",
        cause: "The clock shows a time that lies before what chapar wrote down earlier, or before \
                this version was made. Good certificates look bad then, and mails are sent at the \
                wrong hour.",
        what: &["Set the clock; let the system keep it by the network."],
        commands: &["date", "timedatectl set-ntp true", "chapar doctor"],
        ..Condition::BLANK
    },
    Condition {
        code: "desktop.absent",
        action: Retry,
        severity: Warning,
        who: You,
        exit: UNAVAILABLE,
        title: "No notification service answers on this session",
        cause: "An account wants desktop notifications, and nothing on the session bus shows any: \
                a server, a console, or a desktop without that service.",
        what: &[
            "Events are still in chapar watch.",
            "Where there is no desktop, switch the notifications of the account off.",
        ],
        commands: &["chapar account update {account} --notify none", "chapar watch"],
        ..Condition::BLANK
    },
    Condition {
        code: "push.cut",
        action: Retry,
        severity: Warning,
        who: Nobody,
        exit: TEMPORARY,
        title: "Something on the way cuts silent connections",
        cause: "Push sessions that stood for a while ended without a word of the server: a proxy, \
                a VPN or a router forgets connections that are silent for longer than it likes.",
        what: &[
            "Nothing has to be done: chapar connects again at once and looks for what it missed.",
            "If it happens every few minutes, ask whoever runs the network for a longer limit.",
        ],
        commands: &["chapar status", "chapar logs"],
        ..Condition::BLANK
    },
    Condition {
        code: "tls.ends_soon",
        action: FixSettings,
        severity: Warning,
        who: Provider,
        exit: NO_PERMISSION,
        title: "The server's certificate ends soon",
        cause: "Certificates are renewed some weeks before their last day. This one was not, and \
                after that day chapar does not connect any more.",
        what: &["Tell whoever runs the server.", "If it is your own: look whether renewal works."],
        commands: &["chapar doctor {account}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.paused",
        action: FixSettings,
        severity: Info,
        who: You,
        exit: TEMPORARY,
        title: "The account is paused",
        cause: "Somebody paused it; it neither syncs nor sends until it is resumed.",
        what: &["Resume it."],
        commands: &["chapar account resume {account}"],
        ..Condition::BLANK
    },
    Condition {
        code: "account.stopped",
        action: FixSettings,
        severity: Warning,
        who: You,
        exit: CONFIG,
        title: "The account stands still until you say go on",
        cause: "Something was wrong that only a person can judge, a certificate or a setting, so \
                chapar stopped and does not try by itself. It cannot see that it was mended.",
        what: &["Mend what the other lines name, then sync once: that starts it again."],
        commands: &["chapar sync {account}"],
        method: Some(Method::SYNC),
        ..Condition::BLANK
    },
    Condition {
        code: "socket.mode",
        action: FixSettings,
        severity: Error,
        who: You,
        exit: NO_PERMISSION,
        title: "The socket can be reached by others",
        cause: "Only you should be able to open the socket and the directory it lies in: whoever \
                can, reads and sends mail as you.",
        what: &[
            "Let doctor take the rights away: chapar doctor --fix.",
            "Then look who gave them: a script or a wide umask.",
        ],
        commands: &["chapar doctor --fix"],
        ..Condition::BLANK
    },
    Condition {
        code: "daemon.older",
        action: FixSettings,
        severity: Warning,
        who: You,
        exit: UNAVAILABLE,
        title: "chapard is not the version of chapar",
        cause: "After an upgrade the old daemon goes on until it is restarted. What it does not \
                know yet fails with odd errors.",
        what: &["Restart it: mail and outbox are not touched."],
        commands: &["chapar service restart", "chapar doctor --fix"],
        ..Condition::BLANK
    },
    Condition {
        code: "daemon.replaced",
        action: FixSettings,
        severity: Warning,
        who: You,
        exit: UNAVAILABLE,
        title: "The program of the running chapard was replaced",
        cause: "The program file was updated or removed after this chapard had started. The running \
                process is still the old program.",
        what: &["Restart chapard: mail and outbox are not touched."],
        commands: &["chapar service restart", "chapar doctor --fix"],
        ..Condition::BLANK
    },
    Condition {
        code: "service.missing",
        action: FixSettings,
        severity: Info,
        who: You,
        exit: UNAVAILABLE,
        title: "chapard does not start by itself",
        cause: "No unit of the user's service manager starts it at log-in; it runs since somebody \
                used chapar, until the machine or the session ends.",
        what: &["Install it as a user service, if you want mail to come without being asked for."],
        commands: &["chapar service install"],
        ..Condition::BLANK
    },
    Condition {
        code: "service.stale",
        action: FixSettings,
        severity: Warning,
        who: You,
        exit: UNAVAILABLE,
        title: "The service manager has an old picture of the unit",
        cause: "The unit file changed since the service manager read it.",
        what: &["Let it read again: chapar doctor --fix does that."],
        commands: &["systemctl --user daemon-reload", "chapar doctor --fix"],
        ..Condition::BLANK
    },
];
