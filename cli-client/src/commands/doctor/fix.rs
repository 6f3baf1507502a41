//! `--fix` on this side of the socket; the daemon mends what it stores. Only what cannot lose anything: rights of the socket taken away, the unit read again, a
//! daemon restarted whose program is not the one that is installed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chapar_ipc_protocol::doctor::DoctorCheck;

use crate::commands::{Context, service};
use crate::daemon::socket;
use crate::error::Fault;
use crate::systemd;

/// Fixes what of `checks` can be, and says what; with `dry_run` only says.
pub(super) fn all(
    context: &Context<'_>,
    checks: &[DoctorCheck],
    dry_run: bool,
) -> Result<Vec<String>, Fault> {
    let is = |code: &str| checks.iter().any(|check| check.code.as_deref() == Some(code));
    let mut fixed = Vec::new();
    if is("socket.mode") {
        let path = socket(context.global)?;
        if let Some(directory) = path.parent() {
            fixed.extend(narrow(directory, 0o700, dry_run)?);
        }
        fixed.extend(narrow(&path, 0o600, dry_run)?);
    }
    if is("service.stale") {
        if !dry_run {
            systemd::systemctl(&["daemon-reload"])?;
        }
        fixed.push("the service manager reads the unit again".to_owned());
    }
    if is("daemon.older") || is("daemon.replaced") {
        if !dry_run {
            service::restart(context)?;
        }
        fixed.push("chapard restarted".to_owned());
    }
    if dry_run && is("store.damaged") {
        fixed.push("the database made anew from what of it is whole".to_owned());
    }
    Ok(fixed)
}

/// Takes everybody else's rights away.
fn narrow(path: &Path, mode: u32, dry_run: bool) -> Result<Option<String>, Fault> {
    let Ok(facts) = fs::symlink_metadata(path) else { return Ok(None) };
    // what a link points at is not ours to change
    let others = facts.permissions().mode() & 0o077;
    if facts.is_symlink() || others == 0 {
        return Ok(None);
    }
    if !dry_run {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|cause| Fault::unwritable(path, &cause))?;
    }
    Ok(Some(format!("{} has mode {mode:04o}", path.display())))
}
