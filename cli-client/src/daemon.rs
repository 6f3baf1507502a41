//! The way to the daemon: find its socket, start it when needed, call it, and turn its errors into
//! faults.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chapar_ipc_protocol::account::{Account, AccountGet};
use chapar_ipc_protocol::call::Call;
use chapar_ipc_protocol::client::{Client, ClientError};
use chapar_ipc_protocol::endpoint::{self, EndpointError};
use chapar_ipc_protocol::error::{Error, ErrorType, SetError};
use chapar_ipc_protocol::hello::{ClientInfo, Hello};
use chapar_ipc_protocol::standard::{ByIds, GetReply};

use crate::args::Global;
use crate::error::{Fault, Remedy, exit};
use crate::render::progress::{PATIENCE, Progress, Step};
use crate::screen::{Line, Screen, Style};
use crate::start;

/// Longest wait for one answer unless `--timeout` says otherwise.
const USUAL_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a call that is watched looks at the clock: a redraw of its progress.
const TICK: Duration = Duration::from_millis(100);

/// How often a daemon that hangs up on the greeting is asked again, and how long after.
const GOING_AWAY_TRIES: u32 = 10;
const GOING_AWAY: Duration = Duration::from_millis(100);

/// A connection to the daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    client: Client,
    timeout: Duration,
    version: String,
}

/// The socket: the flag, else the environment's usual place.
pub(crate) fn socket(global: &Global) -> Result<PathBuf, Fault> {
    if let Some(path) = &global.socket {
        let path = std::path::absolute(path).map_err(|cause| Fault::file(path, &cause))?;
        return endpoint::check(path).map_err(|cause| bad_socket(&cause));
    }
    let usual = endpoint::default_socket().map_err(|cause| bad_socket(&cause))?;
    Ok(elsewhere(&usual).unwrap_or(usual))
}

/// The socket of a daemon that runs on the same state directory and was started in another
/// environment, when nobody listens in the usual place.
fn elsewhere(usual: &Path) -> Option<PathBuf> {
    if std::env::var_os(endpoint::VARIABLE).is_some_and(|it| !it.is_empty()) {
        return None;
    }
    let named = endpoint::locked_socket(usual)?;
    let is_absent = |path: &Path| matches!(Client::connect(path), Err(ClientError::Connect { source, .. }) if is_absent(&source));
    (is_absent(usual) && Client::connect(&named).is_ok()).then_some(named)
}

fn bad_socket(cause: &EndpointError) -> Fault {
    let code = match cause {
        EndpointError::TooLong { .. } => "socket.too_long",
        EndpointError::NoHome | EndpointError::Relative(_) => "socket.path",
    };
    Fault::new(code, cause.to_string()).without_commands()
}

impl Daemon {
    /// Connects, starting the daemon unless that is switched off.
    pub(crate) fn open(screen: &Screen, global: &Global) -> Result<Self, Fault> {
        Self::reach(screen, global, !global.no_start)
    }

    /// Connects to a daemon that runs already.
    pub(crate) fn running(screen: &Screen, global: &Global) -> Result<Self, Fault> {
        Self::reach(screen, global, false)
    }

    /// Connects and greets. A daemon that hangs up on the greeting was just going away: nothing
    /// was asked of it yet, so its successor is.
    fn reach(screen: &Screen, global: &Global, may_start: bool) -> Result<Self, Fault> {
        for _ in 0..GOING_AWAY_TRIES {
            match Self::reach_once(screen, global, may_start) {
                Err(fault) if may_start && fault.code == "socket.closed" => {
                    std::thread::sleep(GOING_AWAY);
                }
                other => return other,
            }
        }
        Self::reach_once(screen, global, may_start).map_err(|fault| match fault.code.as_str() {
            // systemd listens in the place of a daemon that ends at once
            "socket.closed" if may_start => start::judge_configuration().err().unwrap_or(fault),
            _ => fault,
        })
    }

    fn reach_once(screen: &Screen, global: &Global, may_start: bool) -> Result<Self, Fault> {
        let path = socket(global)?;
        let client = match Client::connect(&path) {
            Ok(client) => client,
            Err(ClientError::Connect { source, .. }) if is_absent(&source) => {
                if !may_start || start::is_forbidden() {
                    return Err(absent(&path, &source));
                }
                start::and_connect(screen, &path)?
            }
            Err(ClientError::Connect { source, .. }) => return Err(unreachable(&path, &source)),
            Err(other) => return Err(fault_of(other)),
        };
        let timeout = global.timeout.unwrap_or(USUAL_TIMEOUT).max(Duration::from_millis(1));
        let mut daemon = Self { client, timeout, version: String::new() };
        daemon.greet(screen)?;
        Ok(daemon)
    }

    /// Says hello: finds out whether the daemon answers at all and whether it is this version.
    fn greet(&mut self, screen: &Screen) -> Result<(), Fault> {
        let hello = Hello {
            client: Some(ClientInfo {
                name: "chapar".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            scopes: None,
        };
        let began = Instant::now();
        let mut told = false;
        let reply = loop {
            let left = self.timeout.saturating_sub(began.elapsed());
            let wait = if told { left } else { left.min(PATIENCE) };
            self.set_timeout(wait.max(Duration::from_millis(1)))?;
            match self.client.call(&hello) {
                Err(ClientError::Io(cause)) if is_timeout(&cause) && !told && wait < left => {
                    screen.say(&Line::new().with(Style::Dim, "chapard is busy; waiting …"));
                    told = true;
                }
                other => break other.map_err(fault_of)?,
            }
        };
        self.set_timeout(self.timeout)?;
        let version = reply.server.version;
        if version != env!("CARGO_PKG_VERSION") {
            screen.say(&Line::new().with(Style::Warn, "!").text(format!(
                " chapard {version} runs, this is chapar {}: `chapar service restart` \
                 makes them the same.",
                env!("CARGO_PKG_VERSION")
            )));
        }
        self.version = version;
        Ok(())
    }

    /// The version of the daemon that answers.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Calls a method.
    pub(crate) fn call<C: Call>(&mut self, params: &C) -> Result<C::Reply, Fault> {
        self.client.call(params).map_err(fault_of)
    }

    /// Calls a `/get`, and again for what did not fit into one answer.
    pub(crate) fn get<C, T>(&mut self, params: &C) -> Result<GetReply<T>, Fault>
    where
        C: Call<Reply = GetReply<T>> + ByIds,
    {
        self.client.get(params).map_err(fault_of)
    }

    /// Calls a method that answers late on purpose: `wait` is added to the usual patience.
    pub(crate) fn call_slow<C: Call>(
        &mut self,
        params: &C,
        wait: Duration,
    ) -> Result<C::Reply, Fault> {
        self.set_timeout(self.timeout.saturating_add(wait))?;
        let reply = self.call(params);
        self.set_timeout(self.timeout)?;
        reply
    }

    /// As [`Daemon::call_slow`], telling `progress` how far it is. Once it has taken as long as a
    /// person waits without a word, what is told is shown.
    pub(crate) fn call_watched<C: Call>(
        &mut self,
        params: &C,
        wait: Duration,
        progress: &mut Progress<'_>,
    ) -> Result<C::Reply, Fault> {
        let until = self.timeout.saturating_add(wait);
        let began = Instant::now();
        let reply = self.client.call_watched(params, TICK, |news| {
            if let Some(news) = news {
                progress.note(Step {
                    done: news.done,
                    total: news.total,
                    place: news.message,
                    ..Step::default()
                });
            }
            progress.tick();
            began.elapsed() < until
        });
        progress.clear();
        self.set_timeout(self.timeout)?;
        reply.map_err(fault_of)
    }

    /// Calls a method and waits at most `limit`. After a timeout the connection is to be left.
    pub(crate) fn call_within<C: Call>(
        &mut self,
        params: &C,
        limit: Duration,
    ) -> Result<C::Reply, Fault> {
        self.set_timeout(limit)?;
        let reply = self.call(params);
        self.set_timeout(self.timeout)?;
        reply
    }

    /// Calls any method by name.
    pub(crate) fn call_raw(
        &mut self,
        method: &str,
        params: &serde_json::Value,
    ) -> Result<serde_json::Value, Fault> {
        let raw = self.client.call_raw(method, params).map_err(fault_of)?;
        serde_json::from_str(raw.get()).map_err(|cause| {
            Fault::new("socket.protocol", format!("{method} answered something unreadable"))
                .because(cause.to_string())
        })
    }

    /// Gives the connection away, for streams.
    pub(crate) fn into_client(self) -> Client {
        self.client
    }

    /// Gives the connection away for a stream whose parts may each take as long as `limit`.
    pub(crate) fn into_patient_client(self, limit: Duration) -> Result<Client, Fault> {
        self.set_timeout(limit)?;
        Ok(self.client)
    }

    /// Every account.
    pub(crate) fn accounts(&mut self) -> Result<Vec<Account>, Fault> {
        Ok(self.get(&AccountGet::default())?.list)
    }

    /// The account a person means: by name, address or id; the only one when none is named.
    pub(crate) fn account(&mut self, wanted: Option<&str>) -> Result<Account, Fault> {
        choose(self.accounts()?, wanted)
    }

    fn set_timeout(&self, timeout: Duration) -> Result<(), Fault> {
        self.client.set_timeout(Some(timeout)).map_err(|cause| fault_of(ClientError::Io(cause)))
    }
}

/// Picks the account that is meant.
fn choose(mut accounts: Vec<Account>, wanted: Option<&str>) -> Result<Account, Fault> {
    let names: Vec<String> = accounts.iter().map(|account| account.name.clone()).collect();
    let Some(wanted) = wanted else {
        return match accounts.len() {
            1 => Ok(accounts.remove(0)),
            0 => Err(Fault::new("account.none", "no mailbox is connected yet")
                .without_commands()
                .try_command(["chapar", "connect", "you@example.org"])),
            _ => Err(Fault::new("account.ambiguous", "which account? name one with -a")
                .hint(format!("there are: {}", names.join(", ")))),
        };
    };
    let is_meant = |account: &Account| {
        account.id.0 == wanted
            || account.name.eq_ignore_ascii_case(wanted)
            || account.email.eq_ignore_ascii_case(wanted)
    };
    let exact =
        accounts.iter().position(|account| account.id.0 == wanted || account.name == wanted);
    let fitting: Vec<usize> = accounts
        .iter()
        .enumerate()
        .filter(|(_, account)| is_meant(account))
        .map(|(index, _)| index)
        .collect();
    match (exact, fitting.as_slice()) {
        (Some(index), _) | (None, &[index]) => Ok(accounts.swap_remove(index)),
        (None, []) => {
            let fault = Fault::new("account.unknown", format!("there is no account {wanted:?}"));
            Err(if names.is_empty() {
                fault.hint("no mailbox is connected yet")
            } else {
                fault.hint(format!("there are: {}", names.join(", ")))
            })
        }
        (None, _) => Err(Fault::new(
            "account.ambiguous",
            format!("{wanted:?} fits more than one account; use a name or an id"),
        )),
    }
}

fn is_absent(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn is_timeout(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn absent(path: &Path, cause: &io::Error) -> Fault {
    Fault::new("socket.absent", format!("chapard is not running: {}", path.display()))
        .because(cause.to_string())
}

fn unreachable(path: &Path, cause: &io::Error) -> Fault {
    let code = match cause.kind() {
        io::ErrorKind::PermissionDenied => "socket.denied",
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "socket.timeout",
        _ => "socket.absent",
    };
    Fault::new(code, format!("could not connect to {}", path.display())).because(cause.to_string())
}

/// Turns what a call ended with into a fault.
pub(crate) fn fault_of(error: ClientError) -> Fault {
    match error {
        ClientError::Refused(error) => fault_of_wire(&error),
        ClientError::Connect { path, source } => unreachable(&path, &source),
        ClientError::Io(cause) if is_timeout(&cause) => {
            Fault::new("socket.timeout", "chapard did not answer in time")
        }
        ClientError::Io(cause) => Fault::new("socket.closed", "the connection to chapard broke")
            .because(cause.to_string()),
        ClientError::Closed => Fault::new("socket.closed", "chapard closed the connection"),
        ClientError::Protocol(what) => {
            Fault::new("socket.protocol", "chapard answered something unexpected").because(what)
        }
    }
}

/// Turns the daemon's error object into a fault; its words, remedies and code are kept.
pub(crate) fn fault_of_wire(error: &Error) -> Fault {
    let kind = error.data.r#type;
    let code = error.data.code.clone().unwrap_or_else(|| code_of(kind).to_owned());
    let mut fault = Fault::new(&code, error.message.clone());
    fault.exit = exit::of(&code).unwrap_or_else(|| kind.exit_code());
    fault.detail.clone_from(&error.data.detail);
    let remedy: Vec<Remedy> = error
        .data
        .remedy
        .iter()
        .filter(|remedy| remedy.command.is_some() || remedy.help.is_none())
        .map(|remedy| Remedy {
            title: remedy.title.clone(),
            command: remedy.command.clone().unwrap_or_default(),
        })
        .collect();
    // what comes with a page is general: the page's commands follow it; the rest is of this case
    let general = error.data.remedy.iter().any(|remedy| remedy.help.is_some());
    let commands = remedy.iter().any(|remedy| !remedy.command.is_empty());
    if !remedy.is_empty() && (commands || !general) {
        fault.remedy = remedy;
    } else if !fault.detail.as_deref().is_some_and(says_what_to_try) {
        fault.remedy.splice(0..0, remedy);
    }
    fault.wire = serde_json::to_value(error).ok().map(Box::new);
    fault
}

/// Whether a block of facts ends with what to try: then general words say nothing new.
fn says_what_to_try(detail: &str) -> bool {
    detail.lines().any(|line| line.starts_with("try "))
}

/// Turns the refusal of one object of a `/set` into a fault.
pub(crate) fn fault_of_set(error: &SetError) -> Fault {
    match &error.error {
        Some(error) => fault_of_wire(error),
        None => fault_of_wire(&Error::new(error.r#type, error.description.clone())),
    }
}

/// The help page of a wire type, for errors without a finer code.
fn code_of(kind: ErrorType) -> &'static str {
    match kind.word() {
        "accountNotFound" => "account.unknown",
        "accountAuthRequired" => "imap.auth",
        "alreadyExists" => "account.exists",
        "notFound" | "blobNotFound" => "object.unknown",
        "stateMismatch" | "cannotCalculateChanges" => "object.changed",
        "wrongPhase" => "submission.wrong_phase",
        "invalidRecipients" | "noRecipients" => "input.address",
        "invalidArguments"
        | "invalidEmail"
        | "tooLarge"
        | "requestTooLarge"
        | "idempotencyMismatch" => "input.data",
        "tlsInvalid" => "tls.invalid",
        "settingsWrong" => "account.settings",
        "rateLimit" => "imap.throttled",
        "canceled" => "cli.canceled",
        "providerFail" => "imap.refused",
        "offline" => "net.unreachable",
        "providerTimeout" => "net.timeout",
        "overQuota" => "imap.over_quota",
        "diskFull" => "store.full",
        "forbidden" => "socket.denied",
        "unknownMethod" | "parseError" | "invalidRequest" | "frameTooLarge" => "socket.protocol",
        _ => "daemon.fault",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chapar_ipc_protocol::id::AccountId;

    fn accounts() -> Vec<Account> {
        [
            ("a1", "work", "ana@contoso.example"),
            ("a2", "Home", "ana@home.example"),
            ("a3", "home", "b@x"),
        ]
        .map(|(id, name, email)| Account {
            id: AccountId::from(id),
            name: name.to_owned(),
            email: email.to_owned(),
            ..Account::default()
        })
        .to_vec()
    }

    #[test]
    fn an_account_is_named_by_name_address_or_id() {
        let id = |wanted: &str| choose(accounts(), Some(wanted)).map(|account| account.id.0);
        assert_eq!(id("work").unwrap(), "a1");
        assert_eq!(id("WORK").unwrap(), "a1");
        assert_eq!(id("Ana@Home.example").unwrap(), "a2");
        assert_eq!(id("a3").unwrap(), "a3");
        assert_eq!(id("home").unwrap(), "a3", "the exact name wins");
        assert_eq!(id("HOME").unwrap_err().code, "account.ambiguous");
        assert_eq!(id("nobody").unwrap_err().exit, 67);
    }

    #[test]
    fn no_name_is_enough_only_for_one_account() {
        assert_eq!(choose(accounts(), None).unwrap_err().code, "account.ambiguous");
        assert_eq!(choose(Vec::new(), None).unwrap_err().code, "account.none");
        assert!(choose(accounts().split_off(2), None).is_ok());
    }

    #[test]
    fn every_wire_type_leads_to_a_page_and_an_exit_code() {
        for &kind in ErrorType::ALL {
            let fault = fault_of_wire(&Error::new(kind, "m"));
            assert!(chapar_conditions::find(&fault.code).is_some(), "{} has no page", fault.code);
            assert!(fault.exit >= 65, "{}", kind.word());
        }
    }

    #[test]
    fn a_finer_code_decides_the_exit_code() {
        let fine = |kind, code: &str| fault_of_wire(&Error::new(kind, "m").fine(code)).exit;
        assert_eq!(fine(ErrorType::TlsInvalid, "tls.expired"), 77);
        assert_eq!(fine(ErrorType::Offline, "net.timeout"), 75);
        assert_eq!(fine(ErrorType::Offline, "net.refused"), 69);
        assert_eq!(fine(ErrorType::InvalidArguments, "never.heard"), 65);
    }
}
