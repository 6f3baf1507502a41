//! `chapard`: starts the daemon on the real world and stops it in order.

use chapar_daemon::config::{Config, ConfigError};
use chapar_daemon::ipc::{self, Listener, Services};
use chapar_daemon::paths::Dirs;
use chapar_daemon::shutdown::{self, Signals, Wish};
use chapar_daemon::store::{Store, StoreError};
use chapar_daemon::world::World;
use chapar_daemon::{Daemon, limits, log, turning};
use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const USAGE: &str = "chapard keeps your mailboxes live. It is started by the service manager or by \
`chapar`,\nand needs no arguments.\n\nusage: chapard [--check-config | --version | --help]\n\n  \
--check-config  judge the configuration file and end: 0 it can be used, 78 it cannot\n";
/// What a configuration or a store that cannot be used ends with: `EX_CONFIG` of sysexits. Trying
/// again does not help, which the unit tells systemd.
const EX_CONFIG: u8 = 78;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--version" | "-V") => {
            return say(&format!("chapard {}\n", env!("CARGO_PKG_VERSION")));
        }
        Some("--help" | "-h") => return say(USAGE),
        Some("--check-config") => return ended(judge()),
        Some(other) => {
            complain(&format!("chapard: unknown argument {other}\n{USAGE}"));
            return ExitCode::from(2);
        }
    }
    ended(run())
}

/// The one line on why it ended, and the code that says whether trying again may help.
fn ended(result: Result<(), Box<dyn Error>>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    complain(&format!("chapard: {error}\n"));
    tracing::error!(%error, "cannot start");
    let is_refused = error.downcast_ref::<StoreError>().is_some_and(StoreError::is_refusal);
    if is_refused || error.is::<ConfigError>() {
        ExitCode::from(EX_CONFIG)
    } else {
        ExitCode::FAILURE
    }
}

/// Reads the configuration and does nothing else: asked before a running daemon is stopped.
fn judge() -> Result<(), Box<dyn Error>> {
    Config::load(&Dirs::discover()?.config)?;
    Ok(())
}

fn run() -> Result<(), Box<dyn Error>> {
    for gap in shutdown::harden() {
        complain(&format!("chapard: {gap}\n"));
    }
    let inherited = shutdown::handed_over()?;
    let dirs = Dirs::discover()?;
    dirs.prepare()?;
    let lock = dirs.lock()?;
    let config = Config::load(&dirs.config)?;
    log::start(&config, &dirs.log())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let served = runtime.block_on(serve(&dirs, &config, inherited));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    drop(lock);
    served
}

async fn serve(
    dirs: &Dirs,
    config: &Config,
    inherited: Vec<std::os::fd::OwnedFd>,
) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::new()?;
    let (world, monitor) = World::real(&dirs.state, config.vault);
    let store = Store::open(&dirs.state, world.clock.wall())?;
    let listener = match inherited.into_iter().next() {
        Some(socket) => Listener::inherited(socket)?,
        None => Listener::bind(&dirs.socket)?,
    };
    let end = CancellationToken::new();
    let (chosen, live) = watch::channel(config.clone());
    let daemon = Daemon::start(world, store, &live, dirs.state.join("spool"), dirs.socket.clone())?;
    let file = dirs.config.clone();
    daemon.services.on_reload(Arc::new(move || {
        let read = Config::load(&file).map_err(|error| error.to_string());
        let taken = read.map(|config| drop(chosen.send(config)));
        Box::pin(std::future::ready(taken))
    }));
    let tasks = tokio_util::task::TaskTracker::new();
    tasks.spawn(monitor.run(end.child_token()));
    tasks.spawn(ipc::serve(Arc::clone(&daemon.services), listener, end.child_token()));
    tasks.spawn(watchdog(Arc::clone(&daemon.services), end.child_token()));
    tasks.spawn(tell_status(Arc::clone(&daemon.services), end.child_token()));
    shutdown::ready();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "ready");
    let asked = daemon.services.stop.clone();
    let reason = loop {
        tokio::select! {
            biased;
            () = asked.cancelled() => break "a client asked",
            wish = signals.next() => match wish {
                Wish::Stop | Wish::StopNow => break "signal",
                Wish::Reload => daemon.services.reload(),
            },
        }
    };
    tracing::info!(reason, "stopping");
    shutdown::stopping();
    let orderly = async {
        daemon.stop(reason).await;
        end.cancel();
        tasks.close();
        tasks.wait().await;
    };
    tokio::select! {
        () = orderly => {}
        // A second signal: what is committed is on disk, everything else is recovered at start.
        _ = signals.next() => tracing::warn!("stopping at once"),
    }
    Ok(())
}

/// Keeps the service manager's one line about the daemon true.
async fn tell_status(services: Arc<Services>, stop: CancellationToken) {
    let mut head = services.store.head();
    let mut told = String::new();
    loop {
        let line = services.accounts.summary();
        if line != told {
            shutdown::status(&line);
            told = line;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            changed = head.changed() => if changed.is_err() { return },
        }
    }
}

/// Tells the service manager that the work goes on.
async fn watchdog(services: Arc<Services>, stop: CancellationToken) {
    if let Some(every) = shutdown::alive_every() {
        let tell = turning::feed(shutdown::alive);
        turning::run(services, every, limits::STUCK, tell, stop).await;
    }
}

fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Standard error may be closed; there is nobody else to tell.
fn complain(text: &str) {
    let _: Result<(), _> = std::io::stderr().write_all(text.as_bytes());
}
