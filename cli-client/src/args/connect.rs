//! `chapar connect`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Change, PasswordArgs, ServerArgs};

#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// Your mail address
    pub(crate) address: Option<String>,
    #[command(flatten)]
    pub(crate) servers: ServerArgs,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// The short name of the account here; made from the address unless given
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Your name as recipients see it
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,
    /// How many of the newest mails chapar keeps on this machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) window: Option<u32>,
    /// How chapar tells you that the first sync has ended
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) notify: Option<Notify>,
    /// Wait until the first sync has ended
    #[arg(long)]
    pub(crate) wait: bool,
    /// Try the sign-in again after an administrator has approved it
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) sign_in: SignInArgs,
    #[command(flatten)]
    pub(crate) change: Change,
}

impl ConnectArgs {
    /// Whether the address alone says how to connect.
    pub(crate) fn is_bare(&self) -> bool {
        let ServerArgs { imap, smtp, imap_security, smtp_security, user, ca_file } = &self.servers;
        let named = [imap, smtp, user].into_iter().any(Option::is_some) || ca_file.is_some();
        let secured = imap_security.is_some() || smtp_security.is_some();
        let signed = self.sign_in.is_wanted() || self.sign_in.alias;
        !named && !secured && !signed
    }
}

/// How to sign in at an issuer instead of by a password.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sign-in")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct SignInArgs {
    /// Sign in at the provider, not by a password
    #[arg(long)]
    pub(crate) oauth: bool,
    /// Sign in at this provider: google, microsoft, or one of your configuration
    #[arg(long, value_name = "KEY")]
    pub(crate) provider: Option<String>,
    /// Sign in at this issuer, an https address
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Use your own registered client; see `chapar help oauth.no_client`
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// File with the secret of that client, where it has one
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Ask for this scope instead of the provider's; repeat for more
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// Also ask for a code that you can type on any device
    #[arg(long)]
    pub(crate) device: bool,
    /// Do not open a browser: print the address, and take the address where your browser ends
    #[arg(long)]
    pub(crate) paste: bool,
    /// The address is an alias or a shared mailbox of the person who signs in
    #[arg(long)]
    pub(crate) alias: bool,
}

impl SignInArgs {
    /// Whether a sign-in was asked for in so many words.
    pub(crate) fn is_wanted(&self) -> bool {
        self.oauth
            || self.provider.is_some()
            || self.issuer.is_some()
            || self.client_id.is_some()
            || !self.scopes.is_empty()
            || self.device
    }
}

/// How the end of the first sync is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Notify {
    /// A desktop notification
    Desktop,
    /// A mail to yourself
    Mail,
    /// Not at all
    None,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::{Cli, Command};

    fn is_bare(more: &[&str]) -> bool {
        let words = ["chapar", "connect", "ana@example.org"];
        match Cli::try_parse_from(words.iter().chain(more)).unwrap().command {
            Some(Command::Connect(args)) => args.is_bare(),
            _ => panic!("another command"),
        }
    }

    /// Where it does not, `chapar connect ADDRESS` would drop what was typed.
    #[test]
    fn the_address_alone_says_how_to_connect() {
        assert!(is_bare(&[]));
        assert!(is_bare(&["--name", "home", "--wait"]));
        for more in [
            ["--imap", "mail.example.org"],
            ["--smtp", "mail.example.org"],
            ["--imap-security", "starttls"],
            ["--smtp-security", "starttls"],
            ["--user", "ana"],
            ["--ca-file", "ca.pem"],
            ["--provider", "google"],
            ["--scope", "mail"],
            ["--alias", "--wait"],
        ] {
            assert!(!is_bare(&more), "{more:?}");
        }
    }
}
