//! Where a command that needs a password takes it from.

use clap::Args;

/// The flags of a password that nobody is asked for.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from standard input
    #[arg(long, conflicts_with = "password_command")]
    pub(crate) password_stdin: bool,
    /// Take the password from the first line this command prints (run by sh)
    #[arg(long, value_name = "CMD")]
    pub(crate) password_command: Option<String>,
}

impl PasswordArgs {
    /// Whether one of them is there.
    pub(crate) fn are_given(&self) -> bool {
        self.password_stdin || self.password_command.is_some()
    }
}
