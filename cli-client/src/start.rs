//! Starting the daemon when it is not running: by systemd where its units are installed, else as a
//! process of its own that outlives this one. Whether its configuration can be used is asked of
//! `chapard` itself: no rule about it is known here.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chapar_ipc_protocol::client::Client;

use crate::error::{Fault, exit};
use crate::screen::{Line, Screen, Style};

/// Longest wait for the socket of a daemon that was just started.
const START_TIME: Duration = Duration::from_secs(5);
/// After the daemon ended, another one that was started at the same time may still appear.
const RACE_TIME: Duration = Duration::from_secs(1);
/// First pause between two looks at the socket; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(80);
/// Longest wait for a judgement: it reads one small file.
const JUDGE_TIME: Duration = Duration::from_secs(5);
/// How much of what the daemon said is shown.
const TAIL_BYTES: u64 = 600;

/// Says whether the environment forbids starting the daemon.
pub(crate) fn is_forbidden() -> bool {
    std::env::var_os("CHAPAR_NO_SPAWN").is_some_and(|value| !value.is_empty() && value != "0")
}

/// Starts the daemon and connects to it.
pub(crate) fn and_connect(screen: &Screen, socket: &Path) -> Result<Client, Fault> {
    if screen.verbose > 0 {
        screen.say(&Line::new().with(Style::Dim, "starting chapard …"));
    }
    if crate::systemd::serves(socket)
        && crate::systemd::start()
        && let Some(client) = wait(socket, START_TIME, || true)
    {
        return Ok(client);
    }
    spawn_and_connect(socket)
}

/// Starts `chapard` as a process and waits for its socket.
pub(crate) fn spawn_and_connect(socket: &Path) -> Result<Client, Fault> {
    let program = program()?;
    let mut said = words_file()?;
    let mut child = spawn(&program, socket, &said)?;
    let alive = || !matches!(child.try_wait(), Ok(Some(_)));
    if let Some(client) = wait(socket, START_TIME, alive) {
        return Ok(client);
    }
    let ended = child.try_wait().ok().flatten();
    if ended.is_some()
        && let Some(client) = wait(socket, RACE_TIME, || true)
    {
        return Ok(client);
    }
    // what a person has to mend is the configuration, or a store that cannot be used
    if ended.and_then(|status| status.code()) == Some(i32::from(exit::CONFIG)) {
        judge_configuration()?;
    }
    let message = if let Some(status) = ended {
        format!("{} ended at once ({status})", program.display())
    } else {
        let seconds = START_TIME.as_secs();
        format!("{} did not open {} within {seconds} s", program.display(), socket.display())
    };
    Err(Fault::new("socket.start", message).because(tail(&mut said)))
}

/// Asks `chapard` whether the configuration can be used, without starting it. One that gives no
/// judgement, such as an older one, forbids nothing.
pub(crate) fn judge_configuration() -> Result<(), Fault> {
    let program = program()?;
    let mut said = words_file()?;
    let mut command = Command::new(&program);
    command.arg("--check-config").current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = run(command, &program, &said)?;
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    while child.try_wait().is_ok_and(|ended| ended.is_none()) && began.elapsed() < JUDGE_TIME {
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if let Ok(Some(status)) = child.try_wait() {
        return match status.code() {
            Some(code) if code == i32::from(exit::CONFIG) => {
                Err(bad_configuration(&tail(&mut said)))
            }
            _ => Ok(()),
        };
    }
    let _: Result<(), _> = child.kill().and_then(|()| child.wait().map(drop));
    let seconds = JUDGE_TIME.as_secs();
    Err(Fault::new("config.invalid", "the configuration cannot be used")
        .because(format!("it could not be read within {seconds} s")))
}

/// A configuration that cannot be used, in the words of the daemon: `FILE:LINE: REASON`.
fn bad_configuration(said: &str) -> Fault {
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    Fault::new("config.invalid", "the configuration cannot be used")
        .because(last.strip_prefix("chapard: ").unwrap_or(last))
}

/// Looks for `chapard` beside this program, then on PATH.
pub(crate) fn program() -> Result<PathBuf, Fault> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|own| own.parent().map(|directory| directory.join("chapard")));
    let on_path: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|paths| std::env::split_paths(&paths).map(|path| path.join("chapard")).collect())
        .unwrap_or_default();
    beside.into_iter().chain(on_path).find(|candidate| candidate.is_file()).ok_or_else(|| {
        Fault::new("socket.start", "chapard is neither beside chapar nor on PATH")
            .without_commands()
            .hint("install chapard in the same directory as chapar")
    })
}

fn spawn(program: &Path, socket: &Path, said: &File) -> Result<Child, Fault> {
    let mut command = Command::new(program);
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // out of the terminal's foreground group: Ctrl-C here does not reach it
        .process_group(0);
    let usual = chapar_ipc_protocol::endpoint::default_socket();
    if usual.is_ok_and(|usual| usual != socket) {
        command.env(chapar_ipc_protocol::endpoint::VARIABLE, socket);
    }
    run(command, program, said)
}

/// Runs the program; what it says goes into `said`.
fn run(mut command: Command, program: &Path, said: &File) -> Result<Child, Fault> {
    let failed = |cause: std::io::Error| {
        Fault::new("socket.start", format!("could not start {}", program.display()))
            .because(cause.to_string())
    };
    command.stderr(said.try_clone().map_err(failed)?);
    command.spawn().map_err(failed)
}

/// A file in memory for what the daemon says before its log is open: nothing to clean up, and it
/// works where nothing can be written.
fn words_file() -> Result<File, Fault> {
    rustix::fs::memfd_create("chapard-stderr", rustix::fs::MemfdFlags::CLOEXEC)
        .map(File::from)
        .map_err(|cause| {
            Fault::new("socket.start", "could not prepare to start chapard")
                .because(cause.to_string())
        })
}

/// The last words of the daemon.
fn tail(said: &mut File) -> String {
    let length = said.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let read = said
        .seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
        .and_then(|_| said.by_ref().take(TAIL_BYTES).read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// Tries to connect until it works, the time is over or the daemon is gone.
fn wait(socket: &Path, limit: Duration, mut alive: impl FnMut() -> bool) -> Option<Client> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if let Ok(client) = Client::connect(socket) {
            return Some(client);
        }
        if began.elapsed() >= limit || !alive() {
            return Client::connect(socket).ok();
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
