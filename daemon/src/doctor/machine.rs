//! This machine: the daemon itself, disk, clock, keyring, notifications, what waits in the outbox.

use super::{Bench, Check, Outcome, Progress};
use crate::world::secrets::SecretsError;
use chapar_engine::account::{Account, NotifyBy};
use chapar_engine::id::Seq;
use chapar_engine::secret::Secret;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Checks of the machine, for the progress.
pub(super) const CHECKS: usize = 6;
/// Less free space than this is worth a word: the first sync of one mailbox.
const LOW_SPACE: u64 = 500 * 1000 * 1000;
/// Less than this holds no mail at all.
const FULL: u64 = 1000 * 1000;
/// 2026-11-01: no clock that is right shows an earlier time than this program was made at.
const MADE: Wall = Wall(1_793_491_200_000);
/// A clock is set back by less than this all the time.
const SET_BACK_MS: i64 = 5 * 60 * 1000;

/// Everything about the machine.
pub(super) async fn look(bench: &Bench, accounts: &[Account], progress: &Progress) -> Vec<Check> {
    let mut checks = vec![daemon(bench)];
    checks.push(disk(bench).await);
    checks.push(clock(bench));
    progress.done(3, "disk".to_owned());
    checks.push(keyring(bench).await);
    progress.done(1, "keyring".to_owned());
    checks.push(notifications(bench, accounts).await);
    checks.extend(outbox(bench));
    progress.done(2, "notifications".to_owned());
    checks
}

/// Its version, and that nobody else can reach it.
fn daemon(bench: &Bench) -> Check {
    let version = env!("CARGO_PKG_VERSION");
    let Ok(socket) = std::fs::metadata(&bench.socket) else {
        // a world without a socket file, or one handed over by the service manager and unlinked
        return Check::good("daemon", format!("chapard {version}"));
    };
    let mode = socket.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        Check::good("daemon", format!("chapard {version}, socket {mode:04o}, single instance"))
    } else {
        Check::found("daemon", "socket.mode", format!("chapard {version}, socket {mode:04o}"))
    }
}

/// Space, and whether a transaction goes through.
async fn disk(bench: &Bench) -> Check {
    let begun = bench.world.clock.boot();
    let read = bench.store.read().and_then(|view| view.accounts()).map(drop);
    let written = match read {
        Ok(()) => bench.store.write(bench.world.clock.wall(), |_| Ok(())).await,
        Err(error) => Err(error),
    };
    let took = Some(bench.world.clock.boot().until_from(begun));
    if let Err(error) = written {
        let failure =
            Failure::of(error.code(), "the database does not answer", Some(&error.to_string()));
        return Check::failed("disk", &failure).took(took);
    }
    let used = megabytes(bench.store.disk_bytes());
    let check = match free_bytes(&bench.state) {
        // an empty transaction may still find room in what the file has already
        Some(free) if free < FULL => {
            Check::found("disk", "store.full", format!("{used} used, no space left"))
        }
        Some(free) if free < LOW_SPACE => {
            let title = format!("{used} used, only {} free", megabytes(free));
            Check::found("disk", "store.low_space", title)
        }
        Some(free) => {
            let free = megabytes(free);
            Check::good("disk", format!("{used} used, {free} free, database answers"))
        }
        None => Check::good("disk", format!("{used} used, database answers")),
    };
    check.took(took)
}

/// What of the disk the person may still use.
fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn megabytes(bytes: u64) -> String {
    const MEGA: u64 = 1000 * 1000;
    if bytes >= 10_000 * MEGA {
        format!("{} GB", bytes / (1000 * MEGA))
    } else {
        format!("{} MB", bytes.div_ceil(MEGA))
    }
}

/// Against what chapar knows of time by itself; no other clock is asked.
fn clock(bench: &Bench) -> Check {
    let now = bench.world.clock.wall();
    let head = *bench.store.head().borrow();
    let before = Seq(head.0.saturating_sub(1));
    let last = bench.store.read().and_then(|view| view.events(before, 1)).unwrap_or_default();
    let known = last.first().map_or(MADE, |event| event.at.max(MADE));
    let behind = known.0.saturating_sub(now.0);
    if behind <= SET_BACK_MS {
        return Check::good("clock", "not before anything known; compared with no other clock");
    }
    let title = format!("at least {} min behind what was written down earlier", behind / 60_000);
    Check::found("clock", "clock.wrong", title)
}

/// A secret goes in, comes back and is forgotten.
async fn keyring(bench: &Bench) -> Check {
    let secrets = &bench.world.secrets;
    let begun = bench.world.clock.boot();
    let vault = secrets.vault().await;
    let key = format!("account/{}/doctor/probe", bench.store.instance());
    let word = Secret::new(format!("{:016x}", bench.world.entropy.number()));
    let tried: Result<_, SecretsError> = async {
        secrets.put(&key, &word).await?;
        let found = secrets.get(&key).await?;
        secrets.forget(&key).await?;
        Ok(found)
    }
    .await;
    let took = Some(bench.world.clock.boot().until_from(begun));
    let check = match tried {
        // both sides are ours: the comparison guards no secret
        Ok(Some(found)) if found.expose() == word.expose() => {
            Check::good("keyring", format!("{}, a secret went in and came back", vault.kind))
        }
        Ok(_) => Check {
            outcome: Outcome::Error,
            ..Check::found("keyring", "secrets.corrupt", "what was put in did not come back")
        },
        Err(error) => {
            let said = format!("{}: no secret can be kept", vault.kind);
            Check::failed("keyring", &error.failure(&said))
        }
    };
    check.took(took)
}

/// Whether somebody shows what an account wants shown.
async fn notifications(bench: &Bench, accounts: &[Account]) -> Check {
    let wanted = |account: &&Account| account.notify == NotifyBy::Desktop;
    let Some(account) = accounts.iter().find(wanted) else {
        return Check::good("notifications", "no account wants any");
    };
    if !bench.accounts.config().desktop {
        return Check::good("notifications", "switched off in the configuration");
    }
    match bench.world.desktop.answers().await {
        Ok(()) => Check::good("notifications", "the notification service answers"),
        Err(reason) => {
            let title = "no notification service on this session; events still in `chapar watch`";
            let check = Check::found("notifications", "desktop.absent", title);
            // the remedy is to switch this account's off
            Check { detail: Some(reason), account: Some(account.id), ..check }
        }
    }
}

/// What waits for the person's word.
fn outbox(bench: &Bench) -> Option<Check> {
    let now = bench.world.clock.wall();
    let counts = bench.store.read().and_then(|view| view.outbox_counts(now)).ok()?;
    Some(match counts.unknown {
        0 => Check::good("outbox", format!("{} waiting, none unknown", counts.waiting)),
        unknown => {
            let mails = if unknown == 1 { "mail" } else { "mails" };
            let title = format!("{unknown} {mails} of which it is not known whether sent");
            Check::found("outbox", "submission.unknown", title)
        }
    })
}
