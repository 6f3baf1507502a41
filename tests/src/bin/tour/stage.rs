//! Where the tour is played: the product's binaries, a private home, the provider on loopback.

use chapar_tests::sandbox::corpus;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Instant;

/// The password of every account of the demo; typed into standard input, never into an argument.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Describes who sits at the browser.
const PERSON: &str = "person.json";
/// What happened in it.
const BROWSER_LOG: &str = "browser.log";
/// Mails in the big mailbox.
pub(crate) const MAILS: usize = 3_000;

/// And in the small one.
const FEW_MAILS: usize = 200;

/// The stage and everything on it.
pub(crate) struct Stage {
    /// The provider, to deliver mail and to look at what it saw.
    pub(crate) provider: Provider,
    /// Its ports.
    pub(crate) ports: Listening,
    home: PathBuf,
    bin: PathBuf,
    begun: Instant,
    _runtime: tokio::runtime::Runtime,
}

impl Stage {
    /// Finds the product, makes the home, starts the provider.
    pub(crate) fn set() -> Result<Self, String> {
        let bin = programs()?;
        let begun = Instant::now();
        let home = std::env::temp_dir().join(format!("chapar-demo-{}", std::process::id()));
        for dir in ["run", "state", "config"] {
            private_dir(&home.join(dir))?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime: {error}"))?;
        let provider = Provider::new(Personality::default());
        for user in ["ana@work.demo", "bo@work.demo", "kim@work.demo", "lea@work.demo"] {
            provider.store.add_account(user, PASSWORD);
        }
        for user in ["ana@work.demo", "kim@work.demo"] {
            let newest = jiff::Timestamp::now().as_second() - 600;
            corpus::fill(&provider.store, user, &corpus::MAILBOXES, MAILS, 7, newest);
        }
        let newest = jiff::Timestamp::now().as_second() - 600;
        corpus::fill(&provider.store, "lea@work.demo", &corpus::MAILBOXES, FEW_MAILS, 9, newest);
        let ports = runtime
            .block_on(provider.listen([0; 4]))
            .map_err(|error| format!("the provider cannot listen on loopback: {error}"))?;
        write(&home.join("ca.pem"), provider.ca_pem().as_bytes())?;
        let stage = Self { provider, ports, home, bin, begun, _runtime: runtime };
        println!("chapar demo – private sandbox in {}\n", stage.home.display());
        stage.say(
            "servers",
            &format!("IMAP, SMTP and OAuth on 127.0.0.1, {MAILS} mails in 12 folders each"),
        );
        Ok(stage)
    }

    /// One line of the tour, with the time since it began.
    pub(crate) fn say(&self, what: &str, held: &str) {
        println!("{:5.1} s  {what:<10} {held}", self.begun.elapsed().as_secs_f32());
    }

    /// A file of the private home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// `chapar` with `args` in the private home, nothing of the person's environment but PATH.
    pub(crate) fn chapar(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.bin.join("chapar"));
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in self.variables() {
            command.env(name, value);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// From now on `user` sits at the browser.
    pub(crate) fn sit_down(&self, user: &str) -> Result<(), String> {
        let person = serde_json::json!({
            "user": user, "password": PASSWORD,
            "caFile": self.path("ca.pem"), "log": self.path(BROWSER_LOG),
        });
        write(&self.path(PERSON), person.to_string().as_bytes())
    }

    /// What the browser said last.
    pub(crate) fn browser(&self) -> String {
        let log = std::fs::read_to_string(self.path(BROWSER_LOG)).unwrap_or_default();
        log.lines().last().unwrap_or("it was never opened").to_owned()
    }

    fn variables(&self) -> [(&'static str, PathBuf); 6] {
        [
            ("BROWSER", self.bin.join("person")),
            ("CHAPAR_PERSON", self.path(PERSON)),
            ("HOME", self.home.clone()),
            ("XDG_RUNTIME_DIR", self.home.join("run")),
            ("XDG_STATE_HOME", self.home.join("state")),
            ("XDG_CONFIG_HOME", self.home.join("config")),
        ]
    }

    /// Prints the command, runs it with `input`, prints what it printed, in the order it came.
    pub(crate) fn show(&self, args: &[&str], input: &str) -> Result<ExitStatus, String> {
        println!("\n$ chapar {}", args.iter().map(|arg| quoted(arg)).collect::<Vec<_>>().join(" "));
        let failed = |error| format!("chapar {}: {error}", args.join(" "));
        let (mut said, both) = std::io::pipe().map_err(failed)?;
        let mut command = self.chapar(args);
        command.stdin(Stdio::piped()).stdout(both.try_clone().map_err(failed)?).stderr(both);
        let mut child = command.spawn().map_err(failed)?;
        // The command holds the writing ends; only its own must stay open.
        drop(command);
        feed(&mut child, input);
        std::io::copy(&mut said, &mut std::io::stdout()).map_err(failed)?;
        child.wait().map_err(failed)
    }

    /// Runs it without printing.
    pub(crate) fn quiet(&self, args: &[&str], input: &str) -> Result<Output, String> {
        let failed = |error| format!("chapar {}: {error}", args.join(" "));
        let mut child = self.chapar(args).stdin(Stdio::piped()).spawn().map_err(failed)?;
        feed(&mut child, input);
        child.wait_with_output().map_err(failed)
    }

    /// Starts a command that goes on by itself.
    pub(crate) fn begin(&self, args: &[&str]) -> Result<Child, String> {
        println!("\n$ chapar {} &", args.join(" "));
        self.chapar(args).spawn().map_err(|error| format!("chapar {}: {error}", args.join(" ")))
    }

    /// The answer of a command with `--json`, as one value.
    pub(crate) fn ask(&self, args: &[&str]) -> Result<serde_json::Value, String> {
        let output = self.quiet(args, "")?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            format!("chapar {}: {error}: {}", args.join(" "), text(&output.stdout))
        })
    }

    /// Leaves everything running until Enter is pressed or standard input ends.
    pub(crate) fn stay(&self) {
        println!("\nEverything keeps running. In another terminal:\n");
        let set: Vec<_> = self
            .variables()
            .iter()
            .map(|(name, value)| format!("{name}={}", value.display()))
            .collect();
        println!("  export {} PATH={}:$PATH\n", set.join(" "), self.bin.display());
        println!(
            "then: chapar status · chapar mail list · chapar watch · chapar send --to bo@work.demo"
        );
        println!("Press Enter to end the demo.");
        let _ = std::io::stdin().read_line(&mut String::new());
    }

    /// Stops the daemon and removes the home.
    pub(crate) fn strike(self) {
        let _ = self.quiet(&["service", "stop"], "");
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// The product, and the person at the browser.
const PROGRAMS: [&str; 3] = ["chapard", "chapar", "person"];

/// The folder of this program, where [`PROGRAMS`] lie too.
fn programs() -> Result<PathBuf, String> {
    let here = std::env::current_exe()
        .map_err(|error| format!("the folder of this program cannot be found: {error}"))?;
    let bin = here.parent().ok_or("this program lies in no folder")?.to_owned();
    match PROGRAMS.iter().find(|name| !bin.join(name).exists()) {
        Some(missing) => Err(format!("{missing} is not beside the tour in {}", bin.display())),
        None => Ok(bin),
    }
}

fn private_dir(dir: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| format!("{} cannot be made: {error}", dir.display()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(file, bytes).map_err(|error| format!("{}: {error}", file.display()))
}

/// A command that refuses its arguments does not read its input.
fn feed(child: &mut Child, input: &str) {
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn quoted(arg: &str) -> String {
    if arg.contains(' ') { format!("'{arg}'") } else { arg.to_owned() }
}
