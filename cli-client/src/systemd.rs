//! systemd's user manager: the units, and systemctl. The only module that runs systemctl.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::Fault;

/// The service unit as shipped.
pub(crate) const SERVICE: &str = include_str!("../../packaging/systemd/chapard.service");
/// The socket unit as shipped.
pub(crate) const SOCKET: &str = include_str!("../../packaging/systemd/chapard.socket");

/// Says whether the user has a systemd manager in this environment.
pub(crate) fn is_there() -> bool {
    runtime().is_some_and(|runtime| runtime.join("systemd/private").exists())
}

/// Says whether installed units listen on `socket`.
pub(crate) fn serves(socket: &Path) -> bool {
    let usual = runtime().map(|runtime| runtime.join("chapar/v1.sock"));
    usual.as_deref() == Some(socket) && is_there() && installed("chapard.socket").is_some()
}

/// Starts the socket unit; false where that did not work.
pub(crate) fn start() -> bool {
    systemctl(&["start", "chapard.socket"]).is_ok()
}

/// The unit file as systemd finds it: the user's first, then the administrator's, then packages'.
pub(crate) fn installed(unit: &str) -> Option<PathBuf> {
    let own = unit_directory().ok();
    let system = ["/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];
    own.into_iter()
        .chain(system.map(PathBuf::from))
        .map(|directory| directory.join(unit))
        .find(|path| path.is_file())
}

/// Where the user's own units are.
pub(crate) fn unit_directory() -> Result<PathBuf, Fault> {
    Ok(crate::places::config_home()?.join("systemd/user"))
}

/// Runs systemctl for the user and gives what it printed.
pub(crate) fn systemctl(words: &[&str]) -> Result<String, Fault> {
    let output = run(words).map_err(|cause| {
        Fault::new("service.no_systemd", "systemctl could not be run").because(cause.to_string())
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Fault::new("service.failed", format!("systemctl --user {} failed", words.join(" ")))
        .because(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// One property of a unit, empty when there is none.
pub(crate) fn property(unit: &str, name: &str) -> String {
    systemctl(&["show", "--value", "--property", name, unit])
        .map(|value| value.trim().to_owned())
        .unwrap_or_default()
}

fn run(words: &[&str]) -> std::io::Result<Output> {
    Command::new("systemctl").arg("--user").args(words).stdin(Stdio::null()).output()
}

fn runtime() -> Option<PathBuf> {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())
}
