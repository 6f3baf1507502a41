//! The whole grammar of `chapar`; the help text written here is the manual.
//!
//! Verbs for the daily path, nouns for the rest, at most two levels. No flag takes a secret.

mod account;
mod connect;
mod data;
mod mail;
mod password;
mod send;
mod servers;
mod service;

pub(crate) use account::{AccountCommand, OutboxCommand, ReconnectArgs, RemoveArgs, UpdateArgs};
pub(crate) use connect::{ConnectArgs, Notify, SignInArgs};
pub(crate) use data::{DataCommand, ForgetArgs};
pub(crate) use mail::{
    AttachmentsArgs, ExportArgs, ListArgs, MailCommand, OpenArgs, PageArgs, SaveArgs, SearchArgs,
    ShowArgs, ThreadArgs,
};
pub(crate) use password::PasswordArgs;
pub(crate) use send::SendArgs;
pub(crate) use servers::{ImapSecurity, ServerArgs, SmtpSecurity};
pub(crate) use service::{ConfigCommand, ServiceCommand};

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::when;

/// Your mailboxes, live on this machine.
///
/// Without a command, chapar shows the state of every account; when no account is connected yet,
/// chapar says how to connect one. chapard, a small daemon that runs for each user, does the work;
/// chapar starts chapard when it is not running.
#[derive(Debug, Parser)]
#[command(
    name = "chapar",
    version,
    // man pages and mock-ups are made for 80 columns; wider lines are harder to read
    max_term_width = 80,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Global {
    /// Print one JSON object with a "schema" (streams: one object a line)
    #[arg(long, global = true, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Print tab-separated fields without colour, for scripts
    #[arg(long, global = true, hide = true)]
    pub(crate) plain: bool,
    /// Print the answer and nothing else
    #[arg(short, long, global = true, hide = true)]
    pub(crate) quiet: bool,
    /// Print more details; repeat for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, hide = true)]
    pub(crate) verbose: u8,
    /// Never prompt; fail instead
    #[arg(long, global = true, hide = true)]
    pub(crate) no_input: bool,
    /// When to print in colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide = true)]
    pub(crate) color: ColorChoice,
    /// The account: its name, address or id
    #[arg(short, long, global = true, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Longest wait for an answer, such as 30s or 2m
    #[arg(long, global = true, value_name = "TIME", value_parser = when::parse_duration, hide = true)]
    pub(crate) timeout: Option<Duration>,
    /// The socket of chapard, instead of the usual one
    #[arg(long, global = true, value_name = "PATH", hide = true)]
    pub(crate) socket: Option<PathBuf>,
    /// Do not start chapard when it is not running
    #[arg(long, global = true, hide = true)]
    pub(crate) no_start: bool,
}

/// When to colour the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set or TERM is dumb
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// For commands that change something.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Change {
    /// Show what would be done and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Do it without asking
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect a mailbox: test its servers and the login, save it, start the first sync.
    ///
    /// The address is enough: chapar finds the servers, or the provider's sign-in, and says where
    /// it found them. Where the provider offers a sign-in, your browser opens that page, and chapar
    /// never sees your password. Otherwise chapar asks for the password and does not show what you
    /// type. chapar saves the account only after it has connected to both servers, checked their
    /// certificates and logged in. chapar never connects to a server whose certificate is not
    /// valid; for a company's own certificate authority use --ca-file.
    ///
    /// chapar stores on this machine: the settings, the mirrored mail (readable only to you), and
    /// the password or the tokens of the sign-in (in the keyring, otherwise in an encrypted file).
    /// chapard runs the first sync in the background; Ctrl-C does not stop that sync.
    #[command(alias = "login")]
    Connect(Box<ConnectArgs>),
    /// Show the state of every account, the outbox and the daemon
    Status(StatusArgs),
    /// Follow what happens: new mail, syncs, sent mail, accounts that need you.
    ///
    /// The types of events begin with `email.`, `submission.`, `account.`, `sync.` or `health.`,
    /// such as `email.received` and `account.authExpired`. `state.changed`, `account.updated` and
    /// `identity.updated` are for programs: a person sees them only when --type names them. Every
    /// event is told at least once: with --since or --since-file a watch goes on where the last one
    /// ended and misses nothing. When the daemon stops, a watch waits for the next one and goes on.
    #[command(alias = "tail")]
    Watch(WatchArgs),
    /// List, show, search and export mirrored mail and its attachments
    #[command(subcommand)]
    Mail(MailCommand),
    /// List mail (short for `mail list`)
    #[command(hide = true)]
    Ls(ListArgs),
    /// Send a mail in the background, or wait for the server's answer.
    ///
    /// The mail is on disk before this command ends. chapard sends the mail even when this machine
    /// restarts, and keeps trying for five days. The text of the mail comes from --text or
    /// --message. Without both and without --html the text comes from standard input, unless that
    /// is a terminal.
    Send(Box<SendArgs>),
    /// Show and control the mail that waits to be sent
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// See, change, pause and remove accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Ask the servers for changes now, and try again what waits to be sent
    Sync(SyncArgs),
    /// Look for what is wrong: this machine, the servers, the sign-ins; exit 1 when something is.
    ///
    /// The machine comes first (disk, clock, keyring, notifications, socket, service), then each
    /// account: the server's name, the connection, the certificate, the sign-in, the inbox, and the
    /// same for sending. What depends on something that failed is skipped. Each thing that is wrong
    /// is shown with the server's own words, who can fix it, and the command that fixes it.
    Doctor(DoctorArgs),
    /// Read the daemon's log
    Logs(LogsArgs),
    /// Install, start and stop chapard as a user service
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Read, change and check the configuration file.
    ///
    /// `chapar config get` lists the settings with their values and defaults. A change of `log` or
    /// `secrets` takes effect when chapard starts the next time; every other change takes effect at
    /// once.
    ///
    /// Each `[[provider]]` table describes a mail provider of your own, or changes a provider that
    /// chapar knows by the same key. The settings of such a table are `key`, `name`, `domains`, `imap`, `smtp`, `issuer`,
    /// `authorize_url`, `token_url`, `device_url`, `revoke_url`, `scopes`, `client_id`,
    /// `client_secret_file`, `ca_file`, `redirect_uri`, `files_sent`.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Forget what chapar holds on this machine
    #[command(subcommand)]
    Data(DataCommand),
    /// Print an access token of an account, for msmtp, mbsync and others.
    ///
    /// The token is a secret: use this command in a pipe, such as the `passwordeval` of msmtp or the
    /// `PassCmd` of mbsync. chapard renews the token by itself, so run this command each time a
    /// program needs a token. An account that signs in with a password has no token.
    Token(TokenArgs),
    /// Call one method of the socket protocol and print its result
    Call(CallArgs),
    /// Print the path of the socket
    Socket,
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print a manual page in roff, or write all of them
    Man(ManArgs),
    /// Explain a command or an error code
    Help(HelpArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Only this account
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Keep showing, twice a second at most, until Ctrl-C
    #[arg(long, conflicts_with = "check")]
    pub(crate) watch: bool,
    /// One line; exit 0 when all is well, 1 when something needs you, 69 without daemon
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Only these event types; a trailing dot takes all below it (`sync.`)
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) types: Vec<String>,
    /// Start after this cursor
    #[arg(long, value_name = "CURSOR", conflicts_with = "since_file")]
    pub(crate) since: Option<String>,
    /// Start after the cursor in this file and keep it up to date, event by event
    #[arg(long, value_name = "FILE")]
    pub(crate) since_file: Option<PathBuf>,
    /// Run a command for each event, its JSON on standard input; no shell is involved. Words that
    /// begin with a hyphen stand behind `--`, at the end: `--exec -- sh -c 'cat >>events'`
    #[arg(long, value_name = "CMD", num_args = 0..)]
    pub(crate) exec: Option<Vec<String>>,
    /// End after this many events
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// The command of --exec, or the rest of it
    #[arg(last = true, value_name = "CMD", requires = "exec")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Only this account
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Wait until the sync has ended
    #[arg(long)]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Only this account
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Fix what can be fixed without a risk: rights of the socket, the unit, a daemon of another
    /// version
    #[arg(long)]
    pub(crate) fix: bool,
    /// Write what was found to a file for a person who helps you. The file holds no addresses, mail
    /// or secrets, and chapar shows its text first
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) change: Change,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Go on as lines are written
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines since then: 1h, 30m, or a time
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only this level and worse
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// At most this many lines from the end
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) lines: usize,
}

/// Log levels, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Level {
    /// Errors
    Error,
    /// Warnings and worse
    Warn,
    /// Usual messages and worse
    Info,
    /// Details
    Debug,
    /// Everything
    Trace,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The method, such as `Email/query`
    pub(crate) method: String,
    /// Its parameters as a JSON object; `-` reads them from standard input
    pub(crate) params: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Name, address or id
    #[arg(id = "named", value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The token has to stay valid at least this long, such as 5m
    #[arg(long, value_name = "TIME", value_parser = when::parse_duration)]
    pub(crate) valid: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The page: a command, such as `mail list`; without it the main page
    pub(crate) page: Vec<String>,
    /// Write every page into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "page")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// A command (`mail list`), an error code (`tls.expired`), or `codes` for all codes
    pub(crate) topic: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{Command, CommandFactory as _};

    fn each(command: &Command, path: &str, look: &mut impl FnMut(&Command, &str)) {
        look(command, path);
        for below in command.get_subcommands() {
            each(below, &format!("{path} {}", below.get_name()), look);
        }
    }

    /// An argument of the same id takes the place of the flag, which is then an unknown one.
    #[test]
    fn no_command_hides_a_flag_that_every_command_takes() {
        let mut whole = Cli::command();
        let everywhere: Vec<(String, String)> = whole
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .filter_map(|arg| Some((arg.get_id().to_string(), arg.get_long()?.to_owned())))
            .collect();
        assert!(everywhere.iter().any(|(id, _)| id == "account"), "{everywhere:?}");
        whole.build();
        let mut hidden = Vec::new();
        each(&whole, "", &mut |command, path| {
            for (id, long) in &everywhere {
                let own = command.get_arguments().find(|arg| arg.get_id() == id.as_str());
                if own.is_some_and(|own| own.get_long() != Some(long)) {
                    hidden.push(format!("chapar{path} hides --{long}"));
                }
            }
        });
        assert!(hidden.is_empty(), "{hidden:#?}");
    }
}
