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
    /// A recipient whom the other recipients do not see
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bcc: Vec<String>,
    /// The subject
    #[arg(long, short, allow_hyphen_values = true)]
    pub(crate) subject: Option<String>,
    /// Read the text from this file; `-` means standard input
    #[arg(long, value_name = "-|FILE")]
    pub(crate) text: Option<PathBuf>,
    /// The text itself
    #[arg(long, short, value_name = "TEXT", conflicts_with = "text", allow_hyphen_values = true)]
    pub(crate) message: Option<String>,
    /// Read the HTML form of the text from this file
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
    /// Send at this time: 2027-01-31T09:00:00Z, `2027-01-31 09:00`, 09:00 or +2h
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Wait until the server has accepted or refused every recipient. Ends with exit 75 when the
    /// account is paused or stopped or its server cannot be reached; the mail stays in the outbox
    #[arg(long)]
    pub(crate) wait: bool,
    /// A second call with the same key sends nothing and shows the first submission
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) change: Change,
}
