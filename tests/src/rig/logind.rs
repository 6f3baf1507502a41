//! Somebody who speaks as logind on a system bus of its own (python-dbusmock with its template of
//! logind): a machine cannot be put to sleep by a test, but told that it slept.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::home::Home;
use super::keyring::Desktop;
use super::process::{Server, run_ok, wait_for};

/// Python and its D-Bus modules take a second on a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(30);
/// It answers at once.
const ASK_LIMIT: Duration = Duration::from_secs(20);

const NAME: &str = "org.freedesktop.login1";

/// A bus with a logind on it.
pub struct Logind {
    // the service before its bus
    _service: Server,
    bus: Desktop,
}

impl Logind {
    /// Starts both.
    pub fn start() -> Self {
        let bus = Desktop::new();
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-m", "dbusmock", "--system", "--template", "logind"]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let service = Server::spawn("dbusmock", &mut command);
        wait_for(START_LIMIT, "logind on the bus", || bus.has(NAME).then_some(()));
        Self { _service: service, bus }
    }

    /// A home in which this is the system bus.
    pub fn home(&self) -> Home {
        Home::new().with("DBUS_SYSTEM_BUS_ADDRESS", self.bus.address())
    }

    /// Tells everybody that the machine goes to sleep, or that it has slept.
    pub fn prepare_for_sleep(&self, going_down: bool) {
        let mut command = Command::new("busctl");
        command.arg(format!("--address={}", self.bus.address()));
        command.args(["call", NAME, "/org/freedesktop/login1", "org.freedesktop.DBus.Mock"]);
        command.args(["EmitSignal", "sssav", "org.freedesktop.login1.Manager", "PrepareForSleep"]);
        command.args(["b", "1", "b", if going_down { "true" } else { "false" }]);
        run_ok(&mut command, ASK_LIMIT);
    }
}
