//! The settings of the configuration file that have a default, for daemon and clients alike.
//!
//! Owns their keys, defaults and what they mean in a sentence. The daemon reads the file and checks in
//! its tests that it knows these keys and no others; a client shows them. Must never read anything.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `SECTION.NAME`.
    pub key: &'static str,
    /// What holds when it is not set, in TOML.
    pub default: &'static str,
    /// What it takes, for people.
    pub values: &'static str,
    /// What it decides, a few words.
    pub what: &'static str,
    /// The environment variable of chapard that is stronger than the file, where there is one.
    pub variable: Option<&'static str>,
    /// A change counts from the next start of chapard; the others count at once.
    pub at_start: bool,
}

/// Every setting, by section.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "log.level",
        default: "\"info\"",
        values: "error, warn, info, debug, trace",
        what: "How much chapard logs.",
        variable: Some("CHAPAR_LOG"),
        at_start: true,
    },
    Setting {
        key: "log.to",
        default: "\"auto\"",
        values: "auto, stderr, file",
        what: "Where chapard writes the log; auto means the journal under systemd, else a file.",
        variable: None,
        at_start: true,
    },
    Setting {
        key: "secrets.vault",
        default: "\"auto\"",
        values: "auto, secret-service, file",
        what: "Where passwords and tokens are kept; auto means the keyring, otherwise an encrypted file.",
        variable: None,
        at_start: true,
    },
    Setting {
        key: "sync.window",
        default: "1500",
        values: "1 to 1000000",
        what: "How many of the newest mails of an account chapar keeps here.",
        variable: None,
        at_start: false,
    },
    Setting {
        key: "sync.budget",
        default: "20480",
        values: "64 to 16777216 (MiB)",
        what: "How many MiB of an account's mail chapar keeps here.",
        variable: None,
        at_start: false,
    },
    Setting {
        key: "desktop.notify",
        default: "true",
        values: "true, false",
        what: "Whether chapard shows desktop notifications.",
        variable: None,
        at_start: false,
    },
    Setting {
        key: "discover.ask",
        default: "true",
        values: "true, false",
        what: "Whether chapar asks servers on the internet where the mail of an address is.",
        variable: None,
        at_start: false,
    },
];

/// The setting of a key.
#[must_use]
pub fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}
