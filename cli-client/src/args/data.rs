//! The arguments of `chapar data`.

use clap::{Args, Subcommand};

use super::Change;

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Forget mirrored mail, or everything, so that no byte of it is left here.
    ///
    /// With an account: its mirrored mail goes, free space of the files included, and the account
    /// is paused so that none comes back by itself. Its sign-in and what waits in its outbox stay.
    /// With --all: every account goes with its sign-in (given back to the provider where it takes
    /// that), its secrets, its mail and its outbox. The servers keep their mail in both cases.
    /// --dry-run lists what would go.
    Forget(ForgetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// Name, address or id
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Everything chapar holds on this machine
    #[arg(long)]
    pub(crate) all: bool,
    /// With --all: let go of mails that still wait to be sent
    #[arg(long, requires = "all")]
    pub(crate) discard_outbox: bool,
    /// The account's name again, or `everything`, instead of being asked for it
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Option<String>,
    #[command(flatten)]
    pub(crate) change: Change,
}
