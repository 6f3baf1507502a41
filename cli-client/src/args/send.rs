//! `chapar send`.

use std::path::PathBuf;

use clap::Args;

use super::Change;

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// A recipient, `ana@example.org` or `Ana <ana@example.org>`; repeat for more
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// A recipient of a copy
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) cc: Vec<String>,
    /// A recipient nobody else sees
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bcc: Vec<String>,
    /// The subject
    #[arg(long, short)]
    pub(crate) subject: Option<String>,
    /// The file with the text; `-` is standard input
    #[arg(long, value_name = "-|FILE")]
    pub(crate) text: Option<PathBuf>,
    /// The text itself
    #[arg(long, short, value_name = "TEXT", conflicts_with = "text")]
    pub(crate) message: Option<String>,
    /// The file with the HTML form
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// A file to attach; repeat for more
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// The id of the mail this answers: recipients, subject and threading come from it
    #[arg(long, value_name = "ID")]
    pub(crate) reply_to: Option<String>,
    /// With --reply-to: answer all recipients
    #[arg(long, requires = "reply_to")]
    pub(crate) all: bool,
    /// Send then: 2027-01-31T09:00:00Z, `2027-01-31 09:00`, 09:00 or +2h
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// End when every recipient is accepted, refused or unknown; also, with exit 75, when the account
    /// is paused or stopped or its server cannot be reached: the mail then stays in the outbox
    #[arg(long)]
    pub(crate) wait: bool,
    /// With the same key a second call sends nothing and shows the first submission
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) change: Change,
}
