//! The flags that say where a mailbox is, alike in `connect`, `account update` and
//! `account reconnect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The two servers and how they are entered.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServerArgs {
    /// The server for incoming mail; port 993 unless given, 143 means STARTTLS
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) imap: Option<String>,
    /// The server for outgoing mail; port 465 unless given, 587 means STARTTLS
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) smtp: Option<String>,
    /// How TLS begins at the IMAP server
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) imap_security: Option<ImapSecurity>,
    /// How TLS begins at the SMTP server
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) smtp_security: Option<SmtpSecurity>,
    /// The login name, when it is not the address
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Also trust the certificate authority in this file (PEM), for this account only
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// How TLS begins at an IMAP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImapSecurity {
    /// TLS from the first byte (port 993)
    Tls,
    /// TLS after STARTTLS, which the server must offer (port 143)
    Starttls,
}

/// How TLS begins at an SMTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SmtpSecurity {
    /// TLS from the first byte (port 465)
    Tls,
    /// TLS after STARTTLS, which the server must offer (port 587)
    Starttls,
}
