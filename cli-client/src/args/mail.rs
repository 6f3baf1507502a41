//! `chapar mail`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// List mail, the newest first
    List(ListArgs),
    /// Show one mail as text
    Show(ShowArgs),
    /// Find mail by words, sender, recipient, subject or date
    Search(SearchArgs),
    /// Show the mails of one conversation, the oldest first
    Thread(ThreadArgs),
    /// Write a mail as the server holds it (RFC 5322), to a file or a pipe
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The mailbox: its name, path, role (inbox, sent …) or id
    #[arg(long, short, value_name = "MAILBOX")]
    pub(crate) mailbox: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) limit: u32,
    /// Only unread mail
    #[arg(long)]
    pub(crate) unread: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The id of the mail, as `mail list` shows it
    pub(crate) id: String,
    /// Show all header fields
    #[arg(long)]
    pub(crate) headers: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Words in subject, addresses or preview
    pub(crate) words: Vec<String>,
    /// The sender contains this
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// A recipient contains this
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// The subject contains this
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// Received before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) before: Option<String>,
    /// Received at this time or later; 7d means within seven days
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ThreadArgs {
    /// The id of the conversation, or of a mail in it
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The id of the mail
    pub(crate) id: String,
    /// Write to this file; it must not exist yet
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
