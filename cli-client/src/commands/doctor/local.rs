//! What only this side can see: who may reach the socket, and whether chapard starts by itself.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use chapar_ipc_protocol::doctor::DoctorCheck;

use super::{found, good, of_fault};
use crate::commands::Context;
use crate::daemon::socket;
use crate::systemd;

/// The unit that starts the daemon.
pub(super) const UNIT: &str = "chapard.service";

/// Everything on this side.
pub(super) fn look(context: &Context<'_>) -> Vec<DoctorCheck> {
    let mut checks = match socket(context.global) {
        Ok(path) => vec![directory(&path)],
        Err(fault) => vec![of_fault("socket", &fault)],
    };
    checks.push(service());
    checks
}

/// Where there is no desktop, nobody can show a notification and nothing is wrong with that.
pub(super) fn without_desktop(checks: &mut [DoctorCheck]) {
    if has_desktop() {
        return;
    }
    for check in checks.iter_mut().filter(|it| it.code.as_deref() == Some("desktop.absent")) {
        let title = "no desktop on this machine, so nothing is shown; events are in `chapar watch`";
        let what = std::mem::take(&mut check.what);
        *check =
            DoctorCheck { account_id: check.account_id.take(), ..good(&what, title.to_owned()) };
    }
}

/// Whether a person may sit at a desktop here: this shell has a display, or some session of this machine
/// does.
fn has_desktop() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let holds = |directory: &Path, start: &str| {
        fs::read_dir(directory).is_ok_and(|entries| {
            let mut names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().starts_with(start))
        })
    };
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(std::path::PathBuf::from);
    set("DISPLAY")
        || set("WAYLAND_DISPLAY")
        || holds(Path::new("/tmp/.X11-unix"), "X")
        || runtime.is_some_and(|runtime| holds(&runtime, "wayland-"))
}

/// The directory of the socket: only its owner may enter it.
fn directory(socket: &Path) -> DoctorCheck {
    let Some(directory) = socket.parent() else {
        return good("socket", socket.display().to_string());
    };
    let shown = directory.display();
    let Ok(facts) = fs::metadata(directory) else {
        return good("socket", format!("{shown} is not there yet"));
    };
    let mode = facts.permissions().mode() & 0o777;
    if facts.uid() != rustix::process::getuid().as_raw() {
        found("socket", "socket.denied", format!("{shown} belongs to somebody else"))
    } else if mode & 0o077 != 0 {
        found("socket", "socket.mode", format!("{shown} has mode {mode:04o}"))
    } else {
        good("socket", format!("{shown} has mode {mode:04o}"))
    }
}

/// The unit, where there is a service manager.
fn service() -> DoctorCheck {
    if !systemd::is_there() {
        return good("service", "no systemd user manager here; chapar starts chapard".to_owned());
    }
    let Some(file) = systemd::installed(UNIT) else {
        return found("service", "service.missing", "not installed".to_owned());
    };
    if systemd::property(UNIT, "NeedDaemonReload") == "yes" {
        return found("service", "service.stale", format!("{} changed", file.display()));
    }
    good("service", format!("{} installed", file.display()))
}
