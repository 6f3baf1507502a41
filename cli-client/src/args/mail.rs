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
    /// List the attachments of a mail
    Attachments(AttachmentsArgs),
    /// Save attachments of a mail as files, never over another file.
    ///
    /// Without numbers all attachments are saved, but for what is shown within the text. A file is
    /// named as the sender named it, as far as that is harmless, is readable only to you, and gets a
    /// number when there is one of its name.
    Save(SaveArgs),
    /// Open an attachment of a mail with the program that your desktop has for it.
    ///
    /// Only documents, pictures, sound and film are opened; save what is of another kind.
    Open(OpenArgs),
    /// Write a mail as the server holds it (RFC 5322), to a file or a pipe
    Export(ExportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The mailbox: its name, path, role (inbox, sent …) or id; the inbox when none is named
    #[arg(long, short, value_name = "MAILBOX")]
    pub(crate) mailbox: Option<String>,
    /// The mail of every mailbox
    #[arg(long, conflicts_with = "mailbox")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Which of the mails are shown.
#[derive(Debug, Args)]
pub(crate) struct PageArgs {
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
    pub(crate) limit: u32,
    /// Go on behind this mail: the last one of the page before
    #[arg(long, value_name = "ID")]
    pub(crate) page: Option<String>,
    /// Only unread mail
    #[arg(long)]
    pub(crate) unread: bool,
    /// Received before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) before: Option<String>,
    /// Received at this time or later; 7d means within seven days
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

fn at_least_one(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it must be a whole number, 1 or more")
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The id of the mail, as `mail list` shows it
    pub(crate) id: String,
    /// Show all header fields
    #[arg(long)]
    pub(crate) headers: bool,
    /// Open its HTML in the browser, without scripts, forms and whatever would be loaded
    #[arg(long, conflicts_with = "headers")]
    pub(crate) html: bool,
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
    /// Only in this mailbox: its name, path, role (inbox, sent …) or id
    #[arg(long, short, value_name = "MAILBOX")]
    pub(crate) mailbox: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ThreadArgs {
    /// The id of the conversation, or of a mail in it
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct AttachmentsArgs {
    /// The id of the mail, as `mail list` shows it
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct SaveArgs {
    /// The id of the mail
    pub(crate) id: String,
    /// The numbers of the attachments, as `mail attachments` shows them
    #[arg(value_name = "N")]
    pub(crate) numbers: Vec<usize>,
    /// The directory they are saved in
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// The id of the mail
    pub(crate) id: String,
    /// The number of the attachment; not needed when there is only one
    #[arg(value_name = "N")]
    pub(crate) number: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The id of the mail
    pub(crate) id: String,
    /// Write to this file; it must not exist yet
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
