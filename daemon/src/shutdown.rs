//! Signals, systemd and the process's own hardening: how the daemon is told to stop and what it
//! tells its starter. Must never decide what stopping means; `main` does.

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, PidfdFlags, PidfdGetfdFlags, Resource, Rlimit, getpid, pidfd_getfd,
    pidfd_open, set_dumpable_behavior, setrlimit, umask,
};
use sd_notify::NotifyState;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// File descriptors taken from systemd: the unit hands over one socket.
const HANDED_OVER: usize = 4;
/// Bytes of a status line for systemd.
const STATUS_BYTES: usize = 200;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM or SIGINT: stop in order.
    Stop,
    /// The second of them: flush the store and leave.
    StopNow,
    /// SIGHUP: read the configuration again.
    Reload,
}

/// The signals the daemon listens to.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    stopping: bool,
}

impl Signals {
    /// Takes the signals over from their default action; within a tokio runtime.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            stopping: false,
        })
    }

    /// The next wish; may be dropped and called again.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => self.stop(),
            _ = self.interrupt.recv() => self.stop(),
            _ = self.hangup.recv() => Wish::Reload,
        }
    }

    fn stop(&mut self) -> Wish {
        if std::mem::replace(&mut self.stopping, true) { Wish::StopNow } else { Wish::Stop }
    }
}

/// Closes the process to others of the same user: no core, no debugger, files 0600. To be called
/// first in `main`, before any thread is started. Returns what could not be done.
#[must_use]
pub fn harden() -> Vec<String> {
    umask(Mode::RWXG | Mode::RWXO);
    let mut missing = Vec::new();
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        missing.push(format!("debuggers are not kept out: {error}"));
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        missing.push(format!("core files are not switched off: {error}"));
    }
    missing
}

/// Tells systemd that clients can connect.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells systemd one line about what goes on; no addresses, no subjects.
pub fn status(line: &str) {
    let line: String = line.chars().filter(|c| !c.is_control()).take(STATUS_BYTES).collect();
    tell(&[NotifyState::Status(&line)]);
}

/// Tells systemd that stopping has begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells systemd that the daemon still turns; call it only after everything reported.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often [`alive`] must be called: half of what systemd waits. `None` without a watchdog.
#[must_use]
pub fn alive_every() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}

/// The listening sockets systemd opened for us (`LISTEN_FDS`), empty without socket activation.
///
/// They are taken as duplicates: only the kernel can say that a number is an open descriptor, and
/// `pidfd_getfd` on ourselves is its safe way to do so. The originals are close-on-exec.
pub fn handed_over() -> io::Result<Vec<OwnedFd>> {
    let numbers = sd_notify::listen_fds()?;
    if numbers.len() == 0 {
        return Ok(Vec::new());
    }
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    numbers
        .take(HANDED_OVER)
        .map(|number| Ok(pidfd_getfd(&this, number, PidfdGetfdFlags::empty())?))
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::os::unix::net::UnixStream;

    #[tokio::test]
    async fn the_second_stop_skips() {
        let mut signals = Signals::new().unwrap();
        let this = getpid();
        for (sent, wish) in [
            (rustix::process::Signal::HUP, Wish::Reload),
            (rustix::process::Signal::TERM, Wish::Stop),
            (rustix::process::Signal::INT, Wish::StopNow),
        ] {
            rustix::process::kill_process(this, sent).unwrap();
            assert_eq!(signals.next().await, wish);
        }
    }

    #[test]
    fn a_descriptor_of_our_own_can_be_duplicated_by_number() {
        let (mut here, there) = UnixStream::pair().unwrap();
        let this = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
        let copy = pidfd_getfd(&this, there.as_raw_fd(), PidfdGetfdFlags::empty()).unwrap();
        here.write_all(b"x").unwrap();
        let mut read = [0];
        UnixStream::from(copy).read_exact(&mut read).unwrap();
        assert_eq!(&read, b"x");
    }
}
