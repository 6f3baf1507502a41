//! The real `chapard` in a home of its own, asked over its own socket, and what it costs.

use chapar_ipc_protocol::client::Client;
use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Server, poll, wait_for};
use chapar_tests::rig::scratch::Scratch;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The daemon is ready within a second; all on a loaded machine.
const READY: Duration = Duration::from_secs(30);
/// One call.
const CALL: Duration = Duration::from_secs(90);
/// Clock ticks a second in /proc (`getconf CLK_TCK` on every Linux).
const TICKS: f64 = 100.0;

/// The password of every account here.
pub(crate) const PASSWORD: &str = "hostile-canary-77";

/// The daemon.
pub(crate) struct Daemon {
    server: Server,
    socket: PathBuf,
    scratch: Scratch,
}

impl Daemon {
    /// Starts it with nothing of the person's environment.
    pub(crate) fn start() -> Self {
        let scratch = Scratch::world("hostile");
        for part in ["run", "config", "state"] {
            let path = scratch.path().join(part);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let dir = |part: &str| scratch.path().join(part);
        let stderr = fs::File::create(dir("stderr")).unwrap();
        let mut command = Command::new(binary("chapard"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            // everything is logged, so that the canary scan sees the worst
            .env("CHAPAR_LOG", "trace")
            .env("HOME", scratch.path())
            .env("XDG_RUNTIME_DIR", dir("run"))
            .env("XDG_CONFIG_HOME", dir("config"))
            .env("XDG_STATE_HOME", dir("state"))
            .stdout(Stdio::null())
            .stderr(stderr);
        let socket = dir("run/chapar/v1.sock");
        let server = Server::spawn("chapard", &mut command);
        wait_for(READY, "the daemon's socket", || Client::connect(&socket).ok());
        Self { server, socket, scratch }
    }

    /// Calls a method on a connection of its own.
    pub(crate) fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
        let mut client = Client::connect(&self.socket).map_err(|error| error.to_string())?;
        client.set_timeout(Some(CALL)).unwrap();
        let raw = client.call_raw(method, params).map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(raw.get()).unwrap())
    }

    /// Calls it and demands success.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Value {
        self.call(method, params).unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// Connects a mailbox; its id, or what was said instead.
    pub(crate) fn connect(
        &self,
        email: &str,
        imap: u16,
        smtp: u16,
        ca: &str,
    ) -> Result<String, Value> {
        let endpoint = |port| json!({"host": "localhost", "port": port, "security": "tls"});
        let begun = self.ask(
            "Account/connect",
            &json!({
                "email": email, "imap": endpoint(imap), "smtp": endpoint(smtp),
                "password": PASSWORD, "caPem": ca, "notify": "none",
            }),
        );
        loop {
            let seen = json!({"connectId": begun["connectId"], "seen": 9, "waitMs": 30_000});
            let status = self.ask("Account/connectStatus", &seen);
            match status["state"].as_str().unwrap() {
                "proving" => {}
                "done" => return Ok(status["accountId"].as_str().unwrap().to_owned()),
                _ => return Err(status),
            }
        }
    }

    /// One account as the daemon sees it.
    pub(crate) fn account(&self, id: &str) -> Value {
        self.ask("Account/get", &json!({"ids": [id]}))["list"][0].clone()
    }

    /// Waits until the account is as `ready` wants it.
    pub(crate) fn wait_account(
        &self,
        id: &str,
        limit: Duration,
        ready: impl Fn(&Value) -> bool,
    ) -> Option<Value> {
        poll(limit, || Some(self.account(id)).filter(|account| ready(account)))
    }

    /// The end of the journal.
    pub(crate) fn cursor(&self) -> Value {
        self.ask("event/get", &json!({}))["cursor"].clone()
    }

    /// Waits for the next `email.received` of the account after `cursor`.
    pub(crate) fn received(&self, id: &str, cursor: &Value, limit: Duration) -> bool {
        let params = json!({
            "since": cursor, "types": ["email.received"], "accountIds": [id], "waitMs": 10_000,
        });
        poll(limit, || {
            let reply = self.ask("event/get", &params);
            let events = reply["events"].as_array();
            events.is_some_and(|events| !events.is_empty()).then_some(())
        })
        .is_some()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.server.is_running()
    }

    /// Forgets the peak, where the kernel lets us (it lets root).
    pub(crate) fn reset_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.server.pid()), "5");
    }

    /// The most memory it held since [`Self::reset_peak`], and what it holds, in KiB.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid())).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        (field("VmHWM:"), field("VmRSS:"))
    }

    /// The share of a processor that it takes for this long.
    pub(crate) fn share(&self, watched: Duration) -> f64 {
        let begun = self.cpu();
        std::thread::sleep(watched);
        (self.cpu() - begun) / watched.as_secs_f64()
    }

    /// Processor seconds used so far.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.server.pid())).unwrap();
        // the name in parentheses may hold anything; user and system time are 14 and 15
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / TICKS
    }

    /// What it wrote to its log and standard error.
    pub(crate) fn log(&self) -> String {
        let mut log = fs::read_to_string(self.scratch.path().join("stderr")).unwrap_or_default();
        let ring = self.scratch.path().join("state/chapar/log/chapard.log");
        log.push_str(&fs::read_to_string(ring).unwrap_or_default());
        log
    }
}
