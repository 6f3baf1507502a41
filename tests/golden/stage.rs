//! One person's private home, the product's binaries in it, and the mail provider on loopback.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run, wait_for};
use chapar_tests::rig::scratch::Scratch;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use serde_json::Value;

/// The person of every transcript.
pub(crate) const ANA: &str = "ana@example.test";
/// The password of everybody; a word that occurs nowhere else, so that a scan can look for it.
pub(crate) const PASSWORD: &str = "kanarek-Zlaty-7391";
/// No command of a transcript takes longer, on a machine with much else to do.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);
/// 2020-01-06 10:00:00 UTC: old enough that lists show a date and not a time.
pub(crate) const THEN: i64 = 1_578_304_800;

/// Characters of the home's path: lines that name it break at the same place wherever TMPDIR is.
const HOME_CHARS: usize = 60;

/// What makes the home's path as long as it is everywhere.
fn label() -> String {
    let usual = "/chapar-gold-01234567".len();
    let there = std::env::temp_dir().to_string_lossy().trim_end_matches('/').chars().count();
    format!("gold{}", "d".repeat(HOME_CHARS.saturating_sub(there + usual)))
}

/// The stage; stops its daemon when dropped.
pub(crate) struct Stage {
    /// The provider, to deliver mail and to look at what it saw.
    pub(crate) provider: Provider,
    /// Its ports.
    pub(crate) ports: Listening,
    runtime: tokio::runtime::Runtime,
    scratch: Scratch,
    /// What is not the product's: people know passwords, and no scan looks here.
    elsewhere: Scratch,
    variables: Vec<(String, String)>,
}

impl Stage {
    /// An empty home beside a provider with Ana's and Bo's mailboxes.
    pub(crate) fn new() -> Self {
        Self::with(Personality::default())
    }

    /// The same with another kind of server.
    pub(crate) fn with(personality: Personality) -> Self {
        Self::at(Provider::new(personality))
    }

    /// The same at this provider.
    pub(crate) fn at(provider: Provider) -> Self {
        let scratch = Scratch::world(&label());
        for dir in ["run", "state", "config"] {
            fs::DirBuilder::new().mode(0o700).create(scratch.path().join(dir)).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        for user in [ANA, "bo@example.test"] {
            provider.store.add_account(user, PASSWORD);
        }
        let ports = runtime.block_on(provider.listen([0; 4])).unwrap();
        fs::write(scratch.path().join("ca.pem"), provider.ca_pem()).unwrap();
        let elsewhere = Scratch::new("person");
        Self { provider, ports, runtime, scratch, elsewhere, variables: Vec::new() }
    }

    /// One more environment variable for everything run in it.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From now on nobody outside this machine is asked where mail servers are.
    pub(crate) fn ask_nobody(self) -> Self {
        fs::create_dir_all(self.dir().join("config/chapar")).unwrap();
        self.file("config/chapar/config.toml", "[discover]\nask = false\n");
        self
    }

    /// Runs something beside the tests, for as long as the stage stands.
    pub(crate) fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// The home.
    pub(crate) fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// Where people keep what the product does not know.
    pub(crate) fn elsewhere(&self, name: &str) -> String {
        self.elsewhere.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file of the home.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file into the home and says where.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.dir().join(name), text).unwrap();
        self.path(name)
    }

    /// A program with this home's environment and nothing else.
    pub(crate) fn program(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin().display()))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("COLUMNS", "80")
            // everything is logged, so that the canary scan sees the worst
            .env("CHAPAR_LOG", "trace")
            .env("HOME", self.dir())
            .env("XDG_RUNTIME_DIR", self.dir().join("run"))
            .env("XDG_STATE_HOME", self.dir().join("state"))
            .env("XDG_CONFIG_HOME", self.dir().join("config"))
            .envs(self.variables.iter().cloned())
            .current_dir(self.dir());
        command
    }

    /// `chapar ARGS…`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(&binary("chapar"));
        command.args(args);
        command
    }

    /// Runs `chapar ARGS…` with `input` and keeps its streams apart.
    pub(crate) fn run(&self, args: &[&str], input: &str) -> Ran {
        run(&mut self.command(args), input.as_bytes(), LIMIT)
    }

    /// Runs `chapar ARGS… --json` and reads the one object it prints, and its exit code.
    pub(crate) fn json(&self, args: &[&str], input: &str) -> (Value, i32) {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let ran = self.run(&args, input);
        let text = ran.text();
        assert_eq!(text.lines().count(), 1, "{args:?}: one line: {text}{}", ran.stderr);
        let value: Value = serde_json::from_str(&text).unwrap();
        let schema = value["schema"].as_str().unwrap_or_default();
        assert!(schema.starts_with("chapar/") && schema.ends_with("/1"), "{args:?}: {text}");
        (value, ran.code.unwrap())
    }

    /// Both streams in the order they came, and the exit code.
    pub(crate) fn both(
        &self,
        args: &[&str],
        input: &str,
        variables: &[(&str, &str)],
    ) -> (Vec<u8>, i32) {
        let (mut said, end) = std::io::pipe().unwrap();
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        let (out, err) = (end.try_clone().unwrap(), end);
        command.stdin(Stdio::piped()).stdout(out).stderr(err);
        let mut child = command.spawn().unwrap();
        // the command holds the writing ends; they must close for the reading to end
        drop(command);
        let mut stdin = child.stdin.take().unwrap();
        // a command that refuses its arguments does not read its input
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
        drop(stdin);
        let mut bytes = Vec::new();
        said.read_to_end(&mut bytes).unwrap();
        (bytes, child.wait().unwrap().code().unwrap_or(-1))
    }

    /// The servers' flags of `connect`.
    pub(crate) fn servers(&self) -> Vec<String> {
        servers(self.ports.imaps, self.ports.smtps, &self.path("ca.pem"))
    }

    /// The words of `chapar connect ANA …` with the password on standard input.
    pub(crate) fn connect_words(&self) -> Vec<String> {
        let mut words = vec!["connect".to_owned(), ANA.to_owned()];
        words.extend(self.servers());
        words.push("--password-stdin".to_owned());
        words
    }

    /// Connects Ana and waits for the end of the first sync.
    pub(crate) fn connect(&self) {
        let words = self.connect_words();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(["--wait", "--notify", "none"]);
        let ran = self.run(&words, PASSWORD);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        self.wait_live();
    }

    /// Waits until the only account is live.
    pub(crate) fn wait_live(&self) {
        wait_for(LIMIT, "the account live", || {
            let (status, _) = self.json(&["status"], "");
            (status["accounts"][0]["state"] == "live").then_some(())
        });
    }

    /// The daemon's process id.
    pub(crate) fn pid(&self) -> u32 {
        let (status, _) = self.json(&["status"], "");
        u32::try_from(status["daemon"]["pid"].as_u64().unwrap()).unwrap()
    }

    /// Delivers a mail into Ana's inbox, `minutes` after [`THEN`].
    pub(crate) fn deliver(&self, minutes: i64, mail: &str) {
        let bytes = mail.replace('\n', "\r\n");
        let at = THEN + 60 * minutes;
        self.provider.store.deliver(ANA, "INBOX", bytes.as_bytes(), at).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // whatever a test did to its home, the daemon has to go
        let _ = fs::set_permissions(self.dir().join("state"), fs::Permissions::from_mode(0o700));
        let socket = self.dir().join("run/chapar/v1.sock");
        if socket.exists() {
            let _ = self.command(&["service", "stop", "--no-start"]).output();
        }
    }
}

/// The flags that name both servers.
pub(crate) fn servers(imap: u16, smtp: u16, ca: &str) -> Vec<String> {
    let (imap, smtp) = (format!("localhost:{imap}"), format!("localhost:{smtp}"));
    ["--imap", &imap, "--imap-security", "tls", "--smtp", &smtp, "--smtp-security", "tls"]
        .into_iter()
        .chain(["--ca-file", ca])
        .map(str::to_owned)
        .collect()
}

/// Where the product's binaries lie.
pub(crate) fn bin() -> PathBuf {
    binary("chapar").parent().unwrap().to_owned()
}
