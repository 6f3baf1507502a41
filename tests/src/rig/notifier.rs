//! A desktop's notification service: dunst on a screen nobody looks at, asked afterwards what it
//! showed.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::keyring::Desktop;
use super::process::{Server, run, wait_for};
use super::scratch::Scratch;

/// Both are up within a second.
const START_LIMIT: Duration = Duration::from_secs(30);
/// It answers at once.
const ASK_LIMIT: Duration = Duration::from_secs(20);

/// One notification as a person saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The first line.
    pub summary: String,
    /// The text as it was handed over, markup and all.
    pub body: String,
}

/// A running dunst.
pub struct Notifier {
    // the service before its screen
    _dunst: Server,
    _screen: Server,
    bus: String,
}

impl Notifier {
    /// Starts one on this desktop's bus and waits until it answers there.
    pub fn start(desktop: &Desktop) -> Self {
        let dir = Scratch::new("screen");
        let number = dir.path().join("number");
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "800x400x24", "-nolisten", "tcp"]);
        command.stdout(File::create(&number).unwrap()).stderr(Stdio::null());
        let screen = Server::spawn("Xvfb", &mut command);
        let number = wait_for(START_LIMIT, "a screen", || {
            let said = std::fs::read_to_string(&number).unwrap();
            said.ends_with('\n').then(|| said.trim().to_owned())
        });
        let mut command = Command::new("dunst");
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", dir.path())
            .env("DISPLAY", format!(":{number}"))
            .env("DBUS_SESSION_BUS_ADDRESS", desktop.address());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let dunst = Server::spawn("dunst", &mut command);
        let notifier = Self { _dunst: dunst, _screen: screen, bus: desktop.address().to_owned() };
        wait_for(START_LIMIT, "dunst on the bus", || notifier.history());
        notifier
    }

    /// What was shown since the start, the newest last.
    pub fn shown(&self) -> Vec<Shown> {
        // only what has left the screen is history
        self.dunstctl("close-all");
        self.history().unwrap_or_default()
    }

    fn history(&self) -> Option<Vec<Shown>> {
        let said: Value = serde_json::from_str(&self.dunstctl("history")).ok()?;
        let text = |one: &Value, what: &str| one[what]["data"].as_str().unwrap().to_owned();
        let shown = |one| Shown { summary: text(one, "summary"), body: text(one, "body") };
        Some(said["data"][0].as_array()?.iter().rev().map(shown).collect())
    }

    fn dunstctl(&self, what: &str) -> String {
        let mut command = Command::new("dunstctl");
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.bus).arg(what);
        run(&mut command, b"", ASK_LIMIT).text()
    }
}
