//! Network up, network changed, resumed from sleep: one counter that moves when links should be
//! probed. A hint, never a fact.
//!
//! Three sources, each optional: the clock (time since boot that the monotonic clock did not see
//! was sleep), the kernel's routing socket (addresses and routes), logind's `PrepareForSleep`.

use super::clock::{Clock, duration};
use crate::limits::SLEEP_SLICE;
use futures_util::StreamExt as _;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Moves by one at each network change or resume; whoever holds a session probes it then.
#[derive(Clone, Debug)]
pub struct LinkWatch(pub watch::Receiver<u64>);

/// Time asleep that counts as a resume; less is two clocks read one after the other.
const SLEPT: Duration = Duration::from_secs(2);
/// A change of network is a burst of messages (link, addresses, routes); one hint is enough.
const SETTLE: Duration = Duration::from_millis(500);
/// Multicast groups of rtnetlink: IPv4 and IPv6 addresses, IPv4 and IPv6 routes (linux/rtnetlink.h
/// `RTMGRP_*`).
const GROUPS: u32 = 0x10 | 0x40 | 0x100 | 0x400;
/// One read of the routing socket; contents are not looked at, longer messages may be cut.
const ROUTE_READ: usize = 8 * 1024;

/// Watches the machine and moves the counter.
pub struct Monitor {
    moved: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
}

impl Monitor {
    /// The monitor and the hint it moves.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> (Self, LinkWatch) {
        let (moved, watch) = watch::channel(0);
        (Self { moved, clock }, LinkWatch(watch))
    }

    /// Runs until `stop`. A source that cannot be had is said once in the log and left out.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.resumes() => {}
            () = self.routes() => {}
            () = self.logind() => {}
        }
    }

    fn moved(&self, why: &'static str) {
        tracing::info!(why, "connections are to be probed");
        self.moved.send_modify(|count| *count += 1);
    }

    async fn resumes(&self) {
        let mut asleep = asleep();
        loop {
            let slice = self.clock.boot().after(SLEEP_SLICE);
            self.clock.sleep_until(slice).await;
            let now = asleep_since(&mut asleep);
            if now > SLEPT {
                self.moved("resumed from sleep");
            }
        }
    }

    async fn routes(&self) {
        let socket = match route_socket() {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "network changes cannot be watched; resumes and timeouts still are");
                return std::future::pending().await;
            }
        };
        loop {
            if let Err(error) = drained(&socket).await {
                tracing::warn!(%error, "the routing socket failed; network changes are no longer watched");
                return std::future::pending().await;
            }
            let settled = self.clock.boot().after(SETTLE);
            self.clock.sleep_until(settled).await;
            self.moved("network changed");
        }
    }

    async fn logind(&self) {
        if let Err(error) = self.prepare_for_sleep().await {
            tracing::debug!(%error, "logind does not tell of sleep; the clock does");
        }
        std::future::pending::<()>().await;
    }

    async fn prepare_for_sleep(&self) -> zbus::Result<()> {
        let bus = zbus::Connection::system().await?;
        let manager = zbus::Proxy::new(
            &bus,
            "org.freedesktop.login1",
            "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager",
        )
        .await?;
        let mut signals = manager.receive_signal("PrepareForSleep").await?;
        while let Some(signal) = signals.next().await {
            let going_down: bool = signal.body().deserialize()?;
            if !going_down {
                self.moved("resumed from sleep (logind)");
            }
        }
        Ok(())
    }
}

/// Time the machine has slept since boot.
fn asleep() -> Duration {
    duration(clock_gettime(ClockId::Boottime))
        .saturating_sub(duration(clock_gettime(ClockId::Monotonic)))
}

/// Time slept since `before`, which moves on.
fn asleep_since(before: &mut Duration) -> Duration {
    let now = asleep();
    let slept = now.saturating_sub(*before);
    *before = now;
    slept
}

fn route_socket() -> io::Result<AsyncFd<OwnedFd>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None, // protocol 0 is NETLINK_ROUTE
    )?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    // `register` asks in `unsafe` for what an `OwnedFd` cannot but keep: the descriptor stays its own
    #[expect(deprecated, reason = "the replacement is an unsafe fn, which the workspace forbids")]
    AsyncFd::new(socket)
}

/// Waits for at least one message and reads all that are there.
async fn drained(socket: &AsyncFd<OwnedFd>) -> io::Result<()> {
    let mut buffer = [0u8; ROUTE_READ];
    let mut ready = socket.readable().await?;
    loop {
        match ready.try_io(|socket| {
            match recv(socket, &mut buffer[..], RecvFlags::empty()) {
                // the kernel dropped messages: something changed, which is all we want to know
                Err(rustix::io::Errno::NOBUFS) => Ok(0),
                read => Ok(read.map(|(_, length)| length)?),
            }
        }) {
            Err(_would_block) => return Ok(()),
            Ok(read) => {
                read?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::world::clock::RealClock;

    #[test]
    fn the_routing_socket_opens() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { route_socket().map(drop).unwrap() });
    }

    #[test]
    fn sleep_is_counted_once() {
        let mut before = asleep();
        assert!(asleep_since(&mut before) < SLEPT);
        before = before.saturating_sub(Duration::from_secs(3));
        if asleep() >= Duration::from_secs(3) {
            assert!(asleep_since(&mut before) >= Duration::from_secs(3));
        }
    }

    #[tokio::test]
    async fn stops_when_told() {
        let (monitor, _watch) = Monitor::new(Arc::new(RealClock));
        let stop = CancellationToken::new();
        let task = tokio::spawn(monitor.run(stop.clone()));
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    }
}
