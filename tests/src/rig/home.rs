//! A person's private world: HOME and XDG directories of its own, and the real `chapar` and
//! `chapard` running in it with a clean environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::process::{Ran, Server, run, wait_for};
use super::scratch::Scratch;
use super::watch::Watch;
use super::{Rig, User};
use crate::remains;

/// A CLI call answers at once; `connect` proves two servers. All on a loaded machine.
const CALL_LIMIT: Duration = Duration::from_mins(1);
/// A person at a browser; Chromium alone needs seconds.
const PERSON_LIMIT: Duration = Duration::from_mins(3);
/// The daemon is ready within a second; orderly shutdown is promised within 25 s.
const DAEMON_LIMIT: Duration = Duration::from_secs(30);

/// The directory of the built binaries: that of the test executable, without `deps`.
pub fn binary(name: &str) -> PathBuf {
    let mut dir = std::env::current_exe().unwrap();
    dir.pop();
    if dir.ends_with("deps") {
        dir.pop();
    }
    let path = dir.join(name);
    assert!(path.exists(), "{} is not built: cargo build --bins first", path.display());
    path
}

/// What one `chapar … --json` said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Exit code.
    pub code: i32,
    /// The object on standard output; `Null` when there was none.
    pub json: Value,
    /// The process as it ended.
    pub ran: Ran,
}

impl Answer {
    /// Demands success and hands the object over.
    pub fn ok(self) -> Value {
        assert_eq!(self.code, 0, "chapar failed: {} {}", self.json, self.ran.stderr);
        self.json
    }
}

/// HOME, the XDG directories, and the daemon in them.
pub struct Home {
    // dropped, and with it stopped, before its directory
    daemon: Mutex<Option<Server>>,
    scratch: Scratch,
    variables: Vec<(String, String)>,
    /// Whose it is, when it is not ours.
    uid: Option<u32>,
}

impl Home {
    /// An empty home; nothing runs in it yet.
    pub fn new() -> Self {
        let scratch = Scratch::world("home");
        for part in ["run", "config", "state", "cache", "data"] {
            let path = scratch.path().join(part);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { scratch, daemon: Mutex::new(None), variables: Vec::new(), uid: None }
    }

    /// The home of somebody without rights: everything in it runs as this user.
    #[must_use]
    pub fn of_user(mut self, uid: u32) -> Self {
        for part in ["", "run", "config", "state", "cache", "data"] {
            std::os::unix::fs::chown(self.dir().join(part), Some(uid), Some(uid)).unwrap();
        }
        self.uid = Some(uid);
        self
    }

    /// Sets one more environment variable for everything run in it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its root.
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// `$XDG_STATE_HOME/chapar`.
    pub fn state_dir(&self) -> PathBuf {
        self.dir().join("state/chapar")
    }

    /// A command with this home's environment and nothing else.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let dir = |part: &str| self.dir().join(part);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            // everything is logged, so that the canary scan sees the worst
            .env("CHAPAR_LOG", "trace")
            .env("HOME", self.dir())
            .env("XDG_RUNTIME_DIR", dir("run"))
            .env("XDG_CONFIG_HOME", dir("config"))
            .env("XDG_STATE_HOME", dir("state"))
            .env("XDG_CACHE_HOME", dir("cache"))
            .env("XDG_DATA_HOME", dir("data"))
            .envs(self.variables.iter().cloned())
            .current_dir(self.dir());
        if let Some(uid) = self.uid {
            command.uid(uid).gid(uid);
        }
        command
    }

    /// Starts the daemon in the foreground and waits until it answers.
    pub fn start(&self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir().join("chapard.stderr"))
            .unwrap();
        let mut command = self.command(&binary("chapard"));
        command.stdout(Stdio::null()).stderr(log);
        *self.daemon.lock().unwrap() = Some(Server::spawn("chapard", &mut command));
        wait_for(DAEMON_LIMIT, "the daemon answering", || self.try_status());
    }

    /// Ends it with SIGKILL.
    pub fn kill(&self) {
        if let Some(mut daemon) = self.daemon.lock().unwrap().take() {
            daemon.kill();
        }
    }

    /// Ends it by SIGTERM and demands exit code 0.
    pub fn stop(&self) {
        if let Some(mut daemon) = self.daemon.lock().unwrap().take() {
            daemon.signal(Signal::TERM);
            assert_eq!(daemon.wait(DAEMON_LIMIT), Some(0), "an orderly stop");
        }
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, signal: Signal) {
        self.daemon.lock().unwrap().as_ref().expect("a running daemon").signal(signal);
    }

    /// The daemon's process id.
    pub fn daemon_pid(&self) -> u32 {
        self.daemon.lock().unwrap().as_ref().expect("a running daemon").pid()
    }

    /// Whether the daemon of [`Home::start`] still runs.
    pub fn is_running(&self) -> bool {
        self.daemon.lock().unwrap().as_mut().is_some_and(Server::is_running)
    }

    /// Runs `chapar ARGS…`.
    pub fn chapar(&self, args: &[&str], stdin: &[u8]) -> Ran {
        run(self.command(&binary("chapar")).args(args), stdin, CALL_LIMIT)
    }

    /// Runs `chapar ARGS…` with `$BROWSER` naming a program: as [`Home::chapar`], with time for a
    /// person.
    pub fn chapar_with_browser(&self, browser: &str, args: &[&str]) -> Ran {
        let mut command = self.command(&binary("chapar"));
        run(command.env("BROWSER", browser).args(args), b"", PERSON_LIMIT)
    }

    /// Runs `chapar ARGS… --json` and reads its object.
    pub fn json(&self, args: &[&str], stdin: &[u8]) -> Answer {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let ran = self.chapar(&args, stdin);
        let json = match ran.text().trim() {
            "" => Value::Null,
            text => serde_json::from_str(text)
                .unwrap_or_else(|e| panic!("chapar {args:?} printed no JSON ({e}): {text}")),
        };
        Answer { code: ran.code.unwrap_or(-1), json, ran }
    }

    /// Calls a wire method and demands its result.
    pub fn call(&self, method: &str, params: &Value) -> Value {
        let answer = self.json(&["call", method, &params.to_string()], b"").ok();
        answer.get("result").cloned().unwrap_or(answer)
    }

    /// `chapar connect`, without a person.
    pub fn connect(&self, rig: &Rig, user: &User, imap: &str, smtp: &str, more: &[&str]) -> Answer {
        let ca = rig.ca_file().display().to_string();
        let mut args = vec!["connect", &user.address, "--imap", imap, "--smtp", smtp];
        args.extend(["--ca-file", &ca, "--password-stdin", "--no-input"]);
        args.extend_from_slice(more);
        self.json(&args, user.password.as_bytes())
    }

    /// Connects a rig user over implicit TLS and hands over the account's id.
    pub fn connect_ok(&self, rig: &Rig, user: &User) -> String {
        let answer = self.connect(rig, user, &rig.imaps(), &rig.smtps(), &[]).ok();
        account_id(&answer)
    }

    /// `chapar status`, or `None` while no daemon answers. Never starts one.
    fn try_status(&self) -> Option<Value> {
        let socket = self.dir().join("run/chapar/v1.sock");
        std::os::unix::net::UnixStream::connect(socket).ok()?;
        let answer = self.json(&["status"], b"");
        (answer.code == 0).then_some(answer.json)
    }

    /// `chapar status --json`.
    pub fn status(&self) -> Value {
        self.json(&["status"], b"").ok()
    }

    /// The cursor before the journal's first event.
    pub fn first_cursor(&self) -> String {
        format!("{}:0", self.status()["daemon"]["instance"].as_str().unwrap())
    }

    /// One account's part of the status.
    pub fn account_status(&self, id: &str) -> Value {
        let status = self.status();
        let accounts = status["accounts"].as_array().expect("accounts in status");
        let found = accounts.iter().find(|account| account["id"] == id);
        found.unwrap_or_else(|| panic!("no {id} in {status}")).clone()
    }

    /// Waits until an account's status satisfies `ready`.
    pub fn wait_account(
        &self,
        id: &str,
        limit: Duration,
        what: &str,
        ready: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut last = Value::Null;
        let found = super::process::poll(limit, || {
            last = self.account_status(id);
            ready(&last).then(|| last.clone())
        });
        found.unwrap_or_else(|| panic!("{what}: not within {limit:?}; last status {last}"))
    }

    /// Waits until the first sync is over and push stands.
    pub fn wait_live(&self, id: &str, limit: Duration) -> Value {
        self.wait_account(id, limit, "the account live", |account| account["state"] == "live")
    }

    /// `chapar watch --json ARGS…`.
    pub fn watch(&self, args: &[&str]) -> Watch {
        let mut command = self.command(&binary("chapar"));
        command.args(["watch", "--json"]).args(args);
        Watch::start(&mut command)
    }
}

impl Drop for Home {
    /// Every test ends with the canary scan: no secret of this process may lie in this home or show
    /// in the daemon's process.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let pid = self.daemon.get_mut().unwrap().as_ref().map(Server::pid);
        let secrets = remains::secrets();
        let found =
            super::audit::find(self.scratch.path(), pid, secrets.iter().map(String::as_str));
        assert!(found.is_empty(), "a secret lies in {found:?}");
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// The account's id in the answer of `connect`.
pub fn account_id(answer: &Value) -> String {
    let id = answer["account"]["id"].as_str().or_else(|| answer["accountId"].as_str());
    let id = id.or_else(|| answer["id"].as_str());
    id.unwrap_or_else(|| panic!("no account id in {answer}")).to_owned()
}
