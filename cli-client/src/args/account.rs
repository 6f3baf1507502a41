//! `chapar account` and `chapar outbox`.

use clap::{Args, Subcommand};

use super::{Change, Notify, PasswordArgs, ServerArgs, SignInArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List accounts
    List,
    /// Show one account with its servers and health
    Show {
        /// Name, address or id
        #[arg(id = "named", value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Change an account; new servers or a new password are proved before they are saved
    Update(Box<UpdateArgs>),
    /// Sign in anew, or move to another way of signing in, in place: mail and outbox stay.
    ///
    /// The login in use goes on working until the new one is proved on the same mailbox; Ctrl-C or
    /// any failure leaves it running. Somebody else's mailbox is refused by name.
    Reconnect(Box<ReconnectArgs>),
    /// Give an account another short name
    Rename {
        /// Name, address or id
        #[arg(id = "named", value_name = "ACCOUNT")]
        account: String,
        /// The new short name
        name: String,
    },
    /// Stop syncing and sending; mail and outbox stay
    Pause {
        /// Name, address or id
        #[arg(id = "named", value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Go on after a pause
    Resume {
        /// Name, address or id
        #[arg(id = "named", value_name = "ACCOUNT")]
        account: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Remove an account with its mail, outbox and sign-in from here; the server keeps its mail.
    ///
    /// While mail of the account waits to be sent nothing is removed; --discard-outbox lets go of it.
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Name, address or id
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// A new short name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Your name as recipients see it
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,
    /// How many of the newest mails are mirrored
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) window: Option<u32>,
    /// How the end of the first sync is announced
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) notify: Option<Notify>,
    #[command(flatten)]
    pub(crate) servers: ServerArgs,
    /// Ask for a new password
    #[arg(id = "password", long, conflicts_with_all = ["password_stdin", "password_command"])]
    pub(crate) asks_password: bool,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) change: Change,
}

#[derive(Debug, Args)]
pub(crate) struct ReconnectArgs {
    /// Name, address or id
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Ask for a password, also where the provider offers a sign-in
    #[arg(id = "password", long, conflicts_with_all = ["password_stdin", "password_command"])]
    pub(crate) asks_password: bool,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    #[command(flatten)]
    pub(crate) servers: ServerArgs,
    #[command(flatten)]
    pub(crate) sign_in: SignInArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Name, address or id
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Let go of mails that still wait to be sent
    #[arg(long)]
    pub(crate) discard_outbox: bool,
    /// The account's name again, instead of being asked for it
    #[arg(long, value_name = "NAME")]
    pub(crate) confirm: Option<String>,
    #[command(flatten)]
    pub(crate) change: Change,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// List what is queued, scheduled, retried or unknown, and what was sent lately
    List {
        /// Only what is not finished
        #[arg(long)]
        open: bool,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=5000))]
        limit: u32,
    },
    /// Show one submission, recipient by recipient
    Show {
        /// Its id
        id: String,
    },
    /// Do not send it after all
    Cancel {
        /// Its id
        id: String,
        #[command(flatten)]
        change: Change,
    },
    /// Try again now instead of at the next planned time; a scheduled mail is sent at once
    Retry {
        /// Its id
        id: String,
        #[command(flatten)]
        change: Change,
    },
    /// Settle a submission whose fate is unknown, after you looked
    Resolve {
        /// Its id
        id: String,
        #[command(flatten)]
        settle: Settle,
        #[command(flatten)]
        change: Change,
    },
}

/// What a person found out about an unknown submission.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Settle {
    /// It arrived: count it as sent
    #[arg(long)]
    pub(crate) sent: bool,
    /// It did not arrive: send it again
    #[arg(long)]
    pub(crate) resend: bool,
}
