//! `chapar service`: chapard as a systemd user service, or as a plain process without systemd.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chapar_ipc_protocol::client::Client;
use chapar_ipc_protocol::daemon::DaemonStop;
use chapar_ipc_protocol::status::Status;
use serde_json::json;

use super::Context;
use crate::args::ServiceCommand;
use crate::daemon::{Daemon, socket};
use crate::error::{Fault, exit};
use crate::screen::{Form, Line, Screen, Style};
use crate::{start, systemd};

/// Longest orderly stop, with a little air: the daemon allows itself 25 s.
const STOP_TIME: Duration = Duration::from_secs(30);
/// Pause between two looks whether it has stopped.
const LOOK: Duration = Duration::from_millis(50);
/// The units there are.
const UNITS: [(&str, &str); 2] =
    [("chapard.service", systemd::SERVICE), ("chapard.socket", systemd::SOCKET)];

/// Runs a service command.
pub(crate) fn run(context: &Context<'_>, command: &ServiceCommand) -> Result<u8, Fault> {
    let screen = context.screen;
    match command {
        ServiceCommand::Install { change } => install(screen, change.dry_run)?,
        ServiceCommand::Uninstall { change } => uninstall(screen, change.dry_run)?,
        ServiceCommand::Start => tell(screen, "start", start(context)?)?,
        ServiceCommand::Stop => {
            let was = stop(context)?;
            tell(screen, "stop", if was { "stopped" } else { "was not running" })?;
        }
        ServiceCommand::Restart => tell(screen, "start", restart(context)?)?,
        ServiceCommand::Status => return status(context),
    }
    Ok(exit::OK)
}

/// Stops the daemon and starts the one of this installation; says how.
pub(crate) fn restart(context: &Context<'_>) -> Result<&'static str, Fault> {
    // a daemon that could not come back is not stopped
    judge()?;
    stop(context)?;
    start(context)
}

fn need_systemd() -> Result<(), Fault> {
    if systemd::is_there() {
        return Ok(());
    }
    Err(Fault::new("service.no_systemd", "there is no systemd user manager in this session"))
}

/// The unit with the path of this installation's daemon.
fn unit_text(template: &str, program: &Path) -> String {
    let lines: Vec<String> = template
        .lines()
        .map(|line| match line.strip_prefix("ExecStart=") {
            Some(command) => {
                let rest = command.split_once(' ').map_or("", |(_, rest)| rest);
                format!("ExecStart={} {rest}", quoted(program)).trim_end().to_owned()
            }
            None => line.to_owned(),
        })
        .collect();
    lines.join("\n") + "\n"
}

/// A path as systemd reads it: quoted, with `%` and `\` escaped (systemd.syntax).
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if text.contains([' ', '"', '\\', '\'']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}

fn install(screen: &Screen, dry_run: bool) -> Result<(), Fault> {
    let program = start::program()?;
    let directory = systemd::unit_directory()?;
    let files: Vec<PathBuf> = UNITS.iter().map(|(name, _)| directory.join(name)).collect();
    if dry_run {
        return report(screen, "service.install", "Would write and enable:", &files, true, None);
    }
    need_systemd()?;
    fs::create_dir_all(&directory).map_err(|cause| Fault::unwritable(&directory, &cause))?;
    for ((_, template), file) in UNITS.iter().zip(&files) {
        fs::write(file, unit_text(template, &program))
            .map_err(|cause| Fault::unwritable(file, &cause))?;
    }
    systemd::systemctl(&["daemon-reload"])?;
    systemd::systemctl(&["enable", "--now", "chapard.socket"])?;
    systemd::systemctl(&["enable", "chapard.service"])?;
    systemd::systemctl(&["start", "chapard.service"])?;
    report(
        screen,
        "service.install",
        "Written and enabled:",
        &files,
        false,
        Some(
            "Undo:  chapar service uninstall\nMail while you are logged out:  loginctl \
              enable-linger",
        ),
    )
}

fn uninstall(screen: &Screen, dry_run: bool) -> Result<(), Fault> {
    let directory = systemd::unit_directory()?;
    let files: Vec<PathBuf> =
        UNITS.iter().map(|(name, _)| directory.join(name)).filter(|file| file.exists()).collect();
    if dry_run {
        return report(
            screen,
            "service.uninstall",
            "Would disable and delete:",
            &files,
            true,
            None,
        );
    }
    if systemd::is_there() && !files.is_empty() {
        systemd::systemctl(&["disable", "--now", "chapard.socket", "chapard.service"])?;
    }
    for file in &files {
        fs::remove_file(file).map_err(|cause| Fault::unwritable(file, &cause))?;
    }
    if systemd::is_there() {
        systemd::systemctl(&["daemon-reload"])?;
    }
    report(
        screen,
        "service.uninstall",
        if files.is_empty() { "Nothing was installed." } else { "Disabled and deleted:" },
        &files,
        false,
        Some("Mail, accounts and settings stay.  Undo:  chapar service install"),
    )
}

fn report(
    screen: &Screen,
    command: &str,
    heading: &str,
    files: &[PathBuf],
    dry_run: bool,
    after: Option<&str>,
) -> Result<(), Fault> {
    if screen.form == Form::Json {
        return screen.object(command, json!({"files": files, "dryRun": dry_run}));
    }
    screen.answer(&Line::of(heading))?;
    for file in files {
        screen.answer(&Line::of(format!("  {}", file.display())))?;
    }
    for line in after.unwrap_or_default().lines() {
        screen.say(&Line::new().with(Style::Dim, line));
    }
    Ok(())
}

/// Whether systemd's unit is what would serve this socket.
fn by_systemd(context: &Context<'_>) -> Result<bool, Fault> {
    Ok(systemd::serves(&socket(context.global)?))
}

fn start(context: &Context<'_>) -> Result<&'static str, Fault> {
    let path = socket(context.global)?;
    if by_systemd(context)? {
        judge()?;
        systemd::systemctl(&["start", "chapard.socket", "chapard.service"])?;
        return Ok("started by systemd");
    }
    if Client::connect(&path).is_ok() {
        return Ok("was running already");
    }
    start::spawn_and_connect(&path)?;
    Ok("started; it runs until it is stopped")
}

fn judge() -> Result<(), Fault> {
    start::judge_configuration().map_err(|fault| fault.hint("nothing was stopped or started"))
}

/// Stops the daemon and waits for its end; false when it was not running.
fn stop(context: &Context<'_>) -> Result<bool, Fault> {
    if by_systemd(context)? {
        let was = systemd::property("chapard.service", "ActiveState") == "active";
        systemd::systemctl(&["stop", "chapard.service", "chapard.socket"])?;
        return Ok(was);
    }
    let mut daemon = match context.running() {
        Ok(daemon) => daemon,
        Err(fault) if fault.code == "socket.absent" => return Ok(false),
        Err(fault) => return Err(fault),
    };
    let pid = daemon.call(&Status {})?.daemon.pid;
    daemon.call(&DaemonStop {})?;
    wait_for_end(pid)?;
    Ok(true)
}

/// Waits until the process is gone: its socket closes before its files are.
fn wait_for_end(pid: u32) -> Result<(), Fault> {
    let began = Instant::now();
    let process = PathBuf::from(format!("/proc/{pid}"));
    while is_running(&process) {
        if began.elapsed() > STOP_TIME {
            return Err(Fault::new(
                "socket.timeout",
                format!("chapard (process {pid}) has not ended after {} s", STOP_TIME.as_secs()),
            )
            .without_commands()
            .try_command(["chapar", "logs"]));
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// A process that ended but was not collected by its parent counts as gone.
fn is_running(process: &Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
        !matches!(state, Some('Z' | 'X') | None)
    })
}

fn tell(screen: &Screen, verb: &str, done: &str) -> Result<(), Fault> {
    match screen.form {
        Form::Json => screen.object(&format!("service.{verb}"), json!({"state": done})),
        _ => screen.answer(&Line::new().with(Style::Good, "✓").text(format!(" chapard {done}"))),
    }
}

fn status(context: &Context<'_>) -> Result<u8, Fault> {
    let screen = context.screen;
    let running = match context.running().and_then(|mut daemon: Daemon| daemon.call(&Status {})) {
        Ok(status) => Some(status.daemon),
        Err(fault) if fault.code == "socket.absent" => None,
        Err(fault) => return Err(fault),
    };
    let unit = systemd::installed("chapard.service");
    let manager = if unit.is_some() && systemd::is_there() { "systemd" } else { "none" };
    let code = if running.is_some() { exit::OK } else { exit::UNAVAILABLE };
    if screen.form == Form::Json {
        let members = json!({
            "running": running.is_some(), "daemon": running, "manager": manager, "unit": unit,
            "enabled": unit.is_some() && systemd::property("chapard.service", "UnitFileState") == "enabled",
        });
        screen.object("service.status", members)?;
        return Ok(code);
    }
    let line = match &running {
        Some(daemon) => Line::new()
            .with(Style::Good, "✓")
            .text(format!(" chapard {} runs (process {})", daemon.version, daemon.pid)),
        None => Line::new().with(Style::Warn, "!").text(" chapard is not running"),
    };
    screen.answer(&line)?;
    screen.answer(&match unit {
        Some(unit) => Line::of(format!("  started by systemd: {}", unit.display())),
        None => Line::of("  no unit is installed: chapar starts it when needed"),
    })?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_names_this_installation() {
        let text = unit_text(
            "[Service]\nExecStart=/usr/bin/chapard\nType=notify\n",
            Path::new("/opt/a b/chapard"),
        );
        assert_eq!(text, "[Service]\nExecStart=\"/opt/a b/chapard\"\nType=notify\n");
        assert!(
            unit_text(systemd::SERVICE, Path::new("/x/50%/chapard"))
                .contains("ExecStart=/x/50%%/chapard")
        );
        assert!(unit_text(systemd::SOCKET, Path::new("/x")) == systemd::SOCKET);
    }
}
