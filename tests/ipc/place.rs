//! A private home and the real `chapard` in it.

use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, Server, run, wait_for};
use chapar_tests::rig::scratch::Scratch;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The daemon is ready within a second; the machine may be loaded.
const READY: Duration = Duration::from_secs(30);

/// HOME, XDG directories, and the daemon of [`Place::start`].
pub(crate) struct Place {
    // dropped, and with it stopped, before its directory
    daemon: Option<Server>,
    scratch: Scratch,
    variables: Vec<(String, String)>,
}

impl Place {
    /// An empty home; nothing runs in it.
    pub(crate) fn new() -> Self {
        let scratch = Scratch::world("ipc");
        for part in ["run", "config", "state"] {
            let path = scratch.path().join(part);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { daemon: None, scratch, variables: Vec::new() }
    }

    /// One more environment variable for everything run in it.
    pub(crate) fn with(mut self, name: &str, value: &Path) -> Self {
        self.variables.push((name.to_owned(), value.display().to_string()));
        self
    }

    /// Nobody outside this machine is asked where mail servers are.
    pub(crate) fn ask_nobody(&self) {
        let config = self.dir().join("config/chapar");
        fs::create_dir(&config).unwrap();
        fs::write(config.join("config.toml"), "[discover]\nask = false\n").unwrap();
    }

    pub(crate) fn dir(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir().join("state/chapar")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir().join("run/chapar/v1.sock")
    }

    /// A command that knows this home and nothing else.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // everything is logged, so that the canary scan sees the worst
            .env("CHAPAR_LOG", "trace")
            .env("HOME", self.dir())
            .env("XDG_RUNTIME_DIR", self.dir().join("run"))
            .env("XDG_CONFIG_HOME", self.dir().join("config"))
            .env("XDG_STATE_HOME", self.dir().join("state"))
            .envs(self.variables.iter().cloned())
            .current_dir(self.dir());
        command
    }

    /// `chapard` with the descriptors that a session gives by default (1,024), so that a limit
    /// that only a generous shell lifts is found here.
    pub(crate) fn daemon_command(&self) -> Command {
        let mut command = self.command("sh");
        command.args(["-c", "ulimit -Sn 1024 2>/dev/null; exec \"$0\""]).arg(binary("chapard"));
        command
    }

    /// Starts the daemon and waits until it takes clients.
    pub(crate) fn start(&mut self) {
        let path = self.dir().join("chapard.stderr");
        let log = fs::File::options().create(true).append(true).open(&path).unwrap();
        let mut command = self.daemon_command();
        command.stdout(Stdio::null()).stderr(log);
        let mut daemon = Server::spawn("chapard", &mut command);
        wait_for(READY, "the daemon taking clients", || {
            assert!(daemon.is_running(), "chapard ended: {}", fs::read_to_string(&path).unwrap());
            UnixStream::connect(self.socket()).ok()
        });
        self.daemon = Some(daemon);
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    /// Ends it in order.
    pub(crate) fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.signal(Signal::TERM);
            assert_eq!(daemon.wait(READY), Some(0), "an orderly stop");
        }
    }

    /// Waits for its own end; its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.daemon.take().unwrap().wait(READY)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.daemon.as_mut().is_some_and(Server::is_running)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.daemon.as_ref().unwrap().pid()
    }

    /// Runs `chapard`, which must refuse to start; what it said.
    pub(crate) fn refused(&self) -> String {
        let ran: Ran = run(&mut self.daemon_command(), b"", READY);
        assert!(ran.code.is_some_and(|code| code != 0), "it started or died: {ran:?}");
        let said = ran.stderr.trim().to_owned();
        assert_eq!(said.lines().count(), 1, "one clear error: {said}");
        assert!(said.starts_with("chapard: "), "{said}");
        println!("  {said}");
        said
    }

    /// A line of `/proc/PID/status` in kilobytes.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap()
    }
}
