//! `hello`, `rpc.discover`, `status`, `Daemon/reload`, `Daemon/stop`.

use super::{Answer, Reply, account, answer};
use crate::ipc::fit::{self, Fit};
use crate::ipc::{Services, convert, fault, limits};
use crate::store::Snapshot;
use chapar_ipc_protocol::account::Account;
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::standard::{Done, MAX_OBJECTS};
use chapar_ipc_protocol::{OPENRPC, blob, frame, hello, status, version};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{OnceLock, PoisonError};

pub(in crate::ipc) fn hello(services: &Services, scopes: &BTreeSet<Scope>) -> Answer {
    let instance = services.store.instance();
    let head = *services.store.head().borrow();
    answer(&hello::HelloReply {
        server: hello::ServerInfo {
            name: "chapard".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        protocol: hello::ProtocolInfo { major: version::MAJOR, revision: version::REVISION },
        cursor: convert::cursor(&instance, head),
        instance,
        grant: None,
        scopes: scopes.iter().copied().collect(),
        capabilities: version::CAPABILITIES.iter().map(|word| (*word).to_owned()).collect(),
        limits: hello::Limits {
            max_message: frame::MAX_MESSAGE as u64,
            max_in_flight: limits::IN_FLIGHT as u64,
            max_get: MAX_OBJECTS as u64,
            inline_blob: blob::INLINE_BYTES,
            max_blob: blob::MAX_BYTES,
        },
        deprecated: Vec::new(),
        health: services.machine.conditions().into_iter().map(convert::health).collect(),
    })
}

/// The scopes left after `hello` asked to keep only some.
pub(in crate::ipc) fn narrowed(
    held: &BTreeSet<Scope>,
    asked: Option<&[Scope]>,
) -> Result<BTreeSet<Scope>, Error> {
    let Some(asked) = asked else { return Ok(held.clone()) };
    if asked.contains(&Scope::Other) {
        let known: Vec<_> = Scope::ALL.iter().map(|scope| scope.word()).collect();
        let known = known.join("`, `");
        return Err(fault::argument(format!("`scopes` may hold only `{known}`.")));
    }
    let mut kept: BTreeSet<Scope> =
        asked.iter().copied().filter(|scope| held.contains(scope)).collect();
    // `read` includes `status`: who may read mail may see how its account stands.
    if kept.contains(&Scope::Read) {
        kept.insert(Scope::Status);
    }
    Ok(kept)
}

pub(in crate::ipc) fn discover() -> Answer {
    /// One message is one line: the checked-in document is written for people.
    static LINE: OnceLock<Option<Box<RawValue>>> = OnceLock::new();
    let line = LINE.get_or_init(|| {
        let document: serde_json::Value = serde_json::from_str(OPENRPC).ok()?;
        to_raw_value(&document).ok()
    });
    let damaged = "The document of the protocol is damaged.";
    let json = line.clone().ok_or_else(|| Error::new(ErrorType::ServerFail, damaged))?;
    Ok(Reply { json, room: None })
}

pub(in crate::ipc) async fn status(services: &Services) -> Answer {
    let vault = services.world.secrets.vault().await;
    let (accounts, outbox) = stored(services).unwrap_or_else(|error| {
        tracing::warn!(%error, "the store cannot be read; the last known picture is shown");
        let last = services.pictures.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (last, status::OutboxStatus::default())
    });
    // after the reads, so that a failure they met is told by the same answer
    let health = services.machine.conditions().into_iter().map(convert::health).collect();
    let uptime = services.world.clock.boot().0.saturating_sub(services.started.0);
    let daemon = status::DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        rss_bytes: rss_bytes().unwrap_or(0),
        uptime_ms: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
        started_at: convert::date(services.started_at),
        instance: services.store.instance(),
        socket: services.socket.to_string_lossy().into_owned(),
        vault: status::VaultInfo { kind: vault.kind.to_owned(), protects: vault.protects },
        disk_bytes: services.store.disk_bytes(),
        clients: services.clients.load(Ordering::Relaxed) as u64,
    };
    let (accounts, not_fetched) = fitting(accounts);
    answer(&status::StatusReply { daemon, accounts, not_fetched, outbox, health })
}

/// The accounts for which the message has room, and the ids of the others.
fn fitting(pictures: Vec<Account>) -> (Vec<Account>, Vec<String>) {
    let (mut shown, mut left, mut used) = (Vec::new(), Vec::new(), 0);
    for mut picture in pictures {
        picture.fit();
        used += fit::bytes(&picture) + 1;
        if used > limits::OBJECT_BYTES {
            left.push(picture.id.0);
        } else {
            shown.push(picture);
        }
    }
    (shown, left)
}

/// The part of the answer that is read from the store.
fn stored(services: &Services) -> Result<(Vec<Account>, status::OutboxStatus), Error> {
    let view = services.store.read().map_err(fault::store)?;
    let accounts = view.accounts().map_err(fault::store)?;
    let pictures = accounts.iter().map(|account| account::picture(services, &view, account));
    let pictures: Vec<Account> = pictures.collect::<Result<_, _>>()?;
    let mut last = services.pictures.lock().unwrap_or_else(PoisonError::into_inner);
    last.clone_from(&pictures);
    drop(last);
    Ok((pictures, outbox(services, &view)?))
}

fn outbox(services: &Services, view: &Snapshot) -> Result<status::OutboxStatus, Error> {
    let counts = view.outbox_counts(services.world.clock.wall()).map_err(fault::store)?;
    Ok(status::OutboxStatus {
        scheduled: counts.scheduled,
        waiting: counts.waiting,
        sending: counts.sending,
        unknown: counts.unknown,
        failed: counts.failed,
    })
}

/// Resident memory as the kernel counts it; `None` where there is no procfs.
fn rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

pub(in crate::ipc) async fn reload(services: &Services) -> Answer {
    services.reload_now().await.map_err(|reason| {
        Error::new(
            ErrorType::SettingsWrong,
            "The configuration was not taken; chapard goes on with the one before.",
        )
        .fine("config.invalid")
        .detail(reason)
        .command("Check it", &["chapar", "config", "check"])
    })?;
    answer(&Done {})
}

pub(in crate::ipc) fn stop(services: &Services) -> Answer {
    // Sessions flush what they have to say after the token fires, this answer too.
    services.stop.cancel();
    answer(&Done {})
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::narrowed;
    use chapar_ipc_protocol::call::Scope;
    use std::collections::BTreeSet;

    #[test]
    fn scopes_only_narrow() {
        let all: BTreeSet<_> = Scope::ALL.iter().copied().collect();
        assert_eq!(narrowed(&all, None).unwrap(), all);
        let read = narrowed(&all, Some(&[Scope::Read])).unwrap();
        assert_eq!(read, BTreeSet::from([Scope::Read, Scope::Status]));
        let wider = narrowed(&read, Some(&[Scope::Send, Scope::Status])).unwrap();
        assert_eq!(wider, BTreeSet::from([Scope::Status]));
        assert!(narrowed(&all, Some(&[Scope::Other])).is_err());
    }
}
