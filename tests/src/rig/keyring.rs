//! A desktop's keyring: gnome-keyring on a session bus of its own, which a test unlocks, locks, kills
//! and starts again. No service is started by asking for it: what is absent stays absent.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::home::Home;
use super::process::{Server, run, wait_for};
use super::scratch::Scratch;

/// Both are up within 0.2 s.
const START_LIMIT: Duration = Duration::from_secs(20);
/// `dbus-send` answers at once; a locked keyring may think about it.
const ASK_LIMIT: Duration = Duration::from_secs(20);

/// Its name on the bus.
const SECRETS: &str = "org.freedesktop.secrets";

/// The password that opens it.
const PASSWORD: &str = "opens the keyring";

/// A session bus, and perhaps a keyring on it.
pub struct Desktop {
    keyring: Option<Server>,
    _bus: Server,
    address: String,
    dir: Scratch,
}

impl Desktop {
    /// A bus without a keyring.
    pub fn new() -> Self {
        let dir = Scratch::new("bus");
        let address = format!("unix:path={}", dir.path().join("bus").display());
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n<busconfig>\n\
             <type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>\n\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy>\n</busconfig>\n"
        );
        fs::write(dir.path().join("bus.conf"), text).unwrap();
        let mut command = Command::new("dbus-daemon");
        command
            .arg("--nofork")
            .arg("--nopidfile")
            .arg("--config-file")
            .arg(dir.path().join("bus.conf"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let bus = Server::spawn("dbus-daemon", &mut command);
        wait_for(START_LIMIT, "the bus", || dir.path().join("bus").exists().then_some(()));
        Self { keyring: None, _bus: bus, address, dir }
    }

    /// A home in which this is the session bus.
    pub fn home(&self) -> Home {
        Home::new().with("DBUS_SESSION_BUS_ADDRESS", &self.address)
    }

    /// Where its bus is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Starts the keyring, unlocked.
    pub fn unlock(&mut self) {
        self.start(PASSWORD);
    }

    /// Starts the keyring, locked: it has a password and was given another.
    pub fn lock(&mut self) {
        if !self.file().exists() {
            self.unlock();
            wait_for(START_LIMIT, "the keyring's file", || self.file().exists().then_some(()));
        }
        self.start("not the password");
    }

    /// Ends the keyring with SIGKILL; what it had stored stays on disk.
    pub fn kill(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            keyring.kill();
        }
        wait_for(START_LIMIT, "the keyring gone", || (!self.is_there()).then_some(()));
    }

    /// Stops the keyring where it is: it has its name on the bus and answers nothing.
    pub fn freeze(&self) {
        self.keyring.as_ref().expect("a keyring runs").signal(Signal::STOP);
    }

    /// Lets a stopped keyring go on.
    pub fn thaw(&self) {
        self.keyring.as_ref().expect("a keyring runs").signal(Signal::CONT);
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("keyrings/login.keyring")
    }

    fn start(&mut self, password: &str) {
        self.kill();
        let typed = self.dir.path().join("typed");
        fs::write(&typed, password).unwrap();
        let mut command = Command::new("sh");
        let script = "exec gnome-keyring-daemon --foreground --unlock --components=secrets <\"$0\"";
        command.args(["-c", script]).arg(&typed);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path())
            .env("XDG_DATA_HOME", self.dir.path())
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.keyring = Some(Server::spawn("gnome-keyring-daemon", &mut command));
        wait_for(START_LIMIT, "the keyring on the bus", || self.is_there().then_some(()));
    }

    fn ask(&self, destination: &str, words: &[&str]) -> String {
        let mut command = Command::new("dbus-send");
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.args(["--session", "--print-reply", &format!("--dest={destination}")]).args(words);
        run(&mut command, b"", ASK_LIMIT).text()
    }

    fn is_there(&self) -> bool {
        self.has("org.freedesktop.secrets")
    }

    /// Whether somebody on the bus has that name.
    pub fn has(&self, name: &str) -> bool {
        let name = format!("string:{name}");
        let words = ["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", &name];
        self.ask("org.freedesktop.DBus", &words).contains("boolean true")
    }

    /// How many items of chapar it holds, seen by `dbus-send`.
    pub fn items(&self) -> usize {
        self.paths().len()
    }

    /// What they are called.
    pub fn labels(&self) -> BTreeSet<String> {
        let label = |path: String| {
            let words = [
                &path,
                "org.freedesktop.DBus.Properties.Get",
                "string:org.freedesktop.Secret.Item",
                "string:Label",
            ];
            let said = self.ask(SECRETS, &words);
            quoted(&said).next().unwrap_or_else(|| panic!("no label: {said}")).to_owned()
        };
        self.paths().into_iter().map(label).collect()
    }

    fn paths(&self) -> Vec<String> {
        let words = [
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.SearchItems",
            "dict:string:string:application,chapar",
        ];
        quoted(&self.ask(SECRETS, &words)).map(str::to_owned).collect()
    }

    /// Its directory, where the keyring keeps its file.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// What stands in quotes in an answer of `dbus-send`.
fn quoted(answer: &str) -> impl Iterator<Item = &str> {
    answer.split('"').skip(1).step_by(2)
}

impl Default for Desktop {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // the service before its bus
        self.keyring = None;
    }
}
