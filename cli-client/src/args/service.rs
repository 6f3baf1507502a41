//! `chapar service` and `chapar config`.

use clap::Subcommand;

use super::Change;

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Write and enable the systemd user units, so that chapard runs from login on
    Install {
        #[command(flatten)]
        change: Change,
    },
    /// Disable and delete the systemd user units; mail and settings stay
    Uninstall {
        #[command(flatten)]
        change: Change,
    },
    /// Start chapard
    Start,
    /// Stop chapard in an orderly way
    Stop,
    /// Stop and start chapard, for example after an upgrade
    Restart,
    /// Tell whether chapard runs and who starts it
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the path of the configuration file
    Path,
    /// Print every setting with its value, its default and where it comes from, or one value
    Get {
        /// The key, such as `sync.window`
        key: Option<String>,
    },
    /// Set one value; comments and order stay
    Set {
        /// The key, such as `sync.window`
        key: String,
        /// The value in TOML; a bare word is taken as text
        value: String,
        #[command(flatten)]
        change: Change,
    },
    /// Open the file in $VISUAL or $EDITOR, then check it
    Edit,
    /// Check the file
    Check,
}
