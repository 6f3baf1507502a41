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
