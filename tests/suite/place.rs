//! A private home for the real binaries beside the sandbox provider on loopback.

use chapar_ipc_protocol::client::Client;
use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run};
use chapar_tests::rig::scratch::Scratch;
use chapar_tests::sandbox::provider::{Listening, Provider};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// The person, and the password that goes through standard input only.
pub(crate) const USER: &str = "ada@example.test";
const PASSWORD: &str = "sykora Modra/58+%";
/// A call of the command line, with the start of the daemon.
const LIMIT: Duration = Duration::from_secs(30);

/// Tries of a call that the killed daemon broke off.
const TRIES: usize = 20;

/// The home, the provider's ports, and the threads that serve them.
pub(crate) struct Place {
    scratch: Scratch,
    ports: Listening,
    _runtime: tokio::runtime::Runtime,
}

impl Place {
    /// An empty home; `provider` is served from now on.
    pub(crate) fn new(name: &str, provider: &Provider) -> Self {
        let scratch = Scratch::world(&format!("killed-{name}"));
        for dir in ["run", "state", "config", "config/chapar"] {
            let dir = scratch.path().join(dir);
            std::fs::create_dir(&dir).unwrap();
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let config = "[secrets]\nvault = \"file\"\n";
        std::fs::write(scratch.path().join("config/chapar/config.toml"), config).unwrap();
        std::fs::write(scratch.path().join("ca.pem"), provider.ca_pem()).unwrap();
        provider.store.add_account(USER, PASSWORD);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ports = runtime.block_on(provider.listen([0; 4])).unwrap();
        Self { scratch, ports, _runtime: runtime }
    }

    /// The state directory of the daemon.
    pub(crate) fn state(&self) -> std::path::PathBuf {
        self.scratch.path().join("state/chapar")
    }

    fn chapar(&self, args: &[&str], input: &str) -> Ran {
        let dir = |name: &str| self.scratch.path().join(name);
        let mut command = Command::new(binary("chapar"));
        command.args(args).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir(""));
        command.env("XDG_RUNTIME_DIR", dir("run")).env("XDG_STATE_HOME", dir("state"));
        command.env("XDG_CONFIG_HOME", dir("config")).env("CHAPAR_LOG", "trace");
        run(&mut command, input.as_bytes(), LIMIT)
    }

    fn json(&self, args: &[&str], input: &str) -> Value {
        let mut ran = self.chapar(args, input);
        // A killed process may hold its socket until its last thread is gone: "try again" is right.
        for _ in 0..TRIES {
            if ran.code != Some(75) || args.first() != Some(&"status") {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
            ran = self.chapar(args, input);
        }
        assert_eq!(ran.code, Some(0), "chapar {args:?}: {} {}", ran.text(), ran.stderr);
        serde_json::from_str(&ran.text()).unwrap()
    }

    /// Connects the person's mailbox; the account's id.
    pub(crate) fn connect(&self) -> String {
        self.connect_with(&[])
    }

    /// The same with more flags.
    pub(crate) fn connect_with(&self, more: &[&str]) -> String {
        let (imap, smtp) =
            (format!("localhost:{}", self.ports.imaps), format!("localhost:{}", self.ports.smtps));
        let ca = self.scratch.path().join("ca.pem").display().to_string();
        let mut args = vec!["connect", USER, "--imap", &imap, "--imap-security", "tls"];
        args.extend(["--smtp", &smtp, "--smtp-security", "tls", "--ca-file", &ca]);
        args.extend(["--password-stdin", "--no-input", "--json"]);
        args.extend(more);
        chapar_tests::rig::home::account_id(&self.json(&args, PASSWORD))
    }

    /// `chapar status --json`, which starts the daemon where none runs.
    pub(crate) fn status(&self) -> Value {
        self.json(&["status", "--json"], "")
    }

    /// The daemon's process; it is started when it does not run.
    pub(crate) fn daemon(&self) -> i32 {
        i32::try_from(self.status()["daemon"]["pid"].as_i64().unwrap()).unwrap()
    }

    /// Whether the first sync is over.
    pub(crate) fn is_synced(&self, account: &str) -> bool {
        let status = self.status();
        assert_eq!(status["accounts"][0]["id"], account);
        status["accounts"][0]["state"] == "live"
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(pid: i32) {
        let pid = Pid::from_raw(pid).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        let deadline = Instant::now() + LIMIT;
        while test_kill_process(pid).is_ok() && !is_zombie(pid) {
            assert!(Instant::now() < deadline, "a killed process stays");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// One call over the socket.
    pub(crate) fn call(&self, method: &str, params: &Value) -> Result<Value, String> {
        let socket = self.scratch.path().join("run/chapar/v1.sock");
        let mut client = Client::connect(&socket).map_err(|error| error.to_string())?;
        let reply = client.call_raw(method, params).map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(reply.get()).unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // most tests have killed it; whichever has not, does not leave it behind
        let _ = self.call("Daemon/stop", &serde_json::json!({}));
    }
}

/// An orphan in a container without an init that reaps stays a zombie, which runs nothing.
fn is_zombie(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| stat.contains(") Z "))
}
