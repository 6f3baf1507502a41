//! This machine: the daemon itself, disk, clock, keyring, notifications, what waits in the outbox.

use super::{Bench, Check, Outcome, Progress};
use crate::machine::{self, FULL, LOW_SPACE, free_bytes, megabytes};
use crate::world::secrets::SecretsError;
use chapar_engine::account::{Account, NotifyBy};
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use std::os::unix::fs::PermissionsExt as _;

/// Checks of the machine, for the progress.
pub(super) const CHECKS: usize = 6;
/// Everything about the machine.
pub(super) async fn look(bench: &Bench, accounts: &[Account], progress: &Progress) -> Vec<Check> {
    let mut checks = vec![daemon(bench)];
    checks.extend(program(bench));
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

/// Whether the program that runs is still the one that is installed; a check only where it is not.
fn program(bench: &Bench) -> Option<Check> {
    let path = bench.replaced.as_ref()?;
    let title = format!("{} was replaced; the old program still runs", path.display());
    Some(Check::found("version", "daemon.replaced", title))
}

/// Space, and whether a transaction goes through.
async fn disk(bench: &Bench) -> Check {
    let begun = bench.world.clock.boot();
    let read = bench.store.read().and_then(|view| view.accounts()).map(drop);
    let written = match read {
        Ok(()) => bench.store.write(bench.world.clock.wall(), |_| Ok(())).await,
        Err(error) => Err(error),
    };
    let took = || Some(bench.world.clock.boot().until_from(begun));
    if let Err(error) = written {
        let failure =
            Failure::of(error.code(), "the database does not answer", Some(&error.to_string()));
        return Check::failed("disk", &failure).took(took());
    }
    if let Err(error) = bench.store.verify().await {
        let title = "the database contradicts itself; it is made anew";
        let failure = Failure::of(error.code(), title, Some(&error.to_string()));
        return Check::failed("disk", &failure).took(took());
    }
    if let Some(restored) = bench.store.restored() {
        return Check::found("disk", "store.restored", restored.to_string()).took(took());
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
            Check::good("disk", format!("{used} used, {free} free, database verified"))
        }
        None => Check::good("disk", format!("{used} used, database verified")),
    };
    check.took(took())
}

/// Against what chapar knows of time by itself; no other clock is asked.
fn clock(bench: &Bench) -> Check {
    match machine::clock_behind(&bench.world, &bench.store) {
        None => Check::good("clock", "not before anything known; compared with no other clock"),
        Some(behind) => Check::found("clock", "clock.wrong", behind),
    }
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
            let kept = if vault.kind == "file" { vault.protects } else { vault.kind.to_owned() };
            Check::good("keyring", format!("a secret went in and came back. Kept in {kept}"))
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
