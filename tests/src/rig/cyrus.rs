//! A private Cyrus 3.6 with one mailbox, beside Dovecot although their packages exclude each other: it
//! is installed into a throw-away overlay of this machine's `/`, and runs in namespaces of its own.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::authority::{Authority, Kind};
use super::process::{Server, poll};
use super::scratch::{free_ports, random_hex};
use super::{DOMAIN, User, janitor, lmtp};

/// Packages are fetched and installed: half a minute, or minutes on a loaded machine.
const START_LIMIT: Duration = Duration::from_mins(6);
/// What the script says when the packages are there; from then on every failure is ours.
const INSTALLED: &str = "rig: Cyrus is installed";
/// Mounts the overlay and goes inside.
const ENTER: &str = "\
set -e
mount -t overlay overlay -o \"lowerdir=/,upperdir=$BOX/up,workdir=$BOX/work\" \"$BOX/root\"
exec chroot \"$BOX/root\" /rig/inside.sh \"$@\"
";

/// A running Cyrus.
pub struct Cyrus {
    /// IMAP, TLS from the first byte.
    pub imaps: u16,
    lmtp: u16,
    dir: PathBuf,
    server: Server,
}

impl Cyrus {
    /// Installs and starts it for one person; the error says why it cannot be had on this machine.
    pub fn start(authority: &Authority, user: &User) -> Result<Self, String> {
        let [imaps, lmtp] = free_ports();
        // an overlay may not lie on an overlay, which /tmp often is; this never is
        let dir = PathBuf::from(format!("/dev/shm/chapar-cyrus-{}", random_hex(4)));
        furnish(&dir, authority, user).map_err(|error| format!("{}: {error}", dir.display()))?;
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new("unshare");
        command
            .args(["-m", "-p", "-f", "--kill-child", "--propagation", "private"])
            .args(["bash", "-c", ENTER, "enter"])
            .args([&imaps.to_string(), &lmtp.to_string(), &user.name, DOMAIN])
            .env("BOX", &dir)
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(log);
        let mut cyrus = Self { imaps, lmtp, dir, server: Server::spawn("cyrus", &mut command) };
        let ready = poll(START_LIMIT, || {
            if !cyrus.server.is_running() {
                return Some(false);
            }
            TcpStream::connect(("127.0.0.1", imaps)).ok().map(|_| true)
        });
        if ready == Some(true) {
            return Ok(cyrus);
        }
        let log = cyrus.log();
        assert!(!log.contains(INSTALLED), "Cyrus is there and does not start: {log}");
        Err(log)
    }

    /// Delivers one message by LMTP.
    pub fn deliver(&self, user: &User, message: &str) {
        lmtp::deliver(self.lmtp, &user.address, message.as_bytes());
    }

    /// `localhost:PORT` of implicit-TLS IMAP.
    pub fn imaps(&self) -> String {
        format!("localhost:{}", self.imaps)
    }

    /// What installation and server have said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

/// The directories of the overlay, and in it what goes inside.
fn furnish(dir: &Path, authority: &Authority, user: &User) -> std::io::Result<()> {
    for part in ["up/rig", "work", "root"] {
        fs::create_dir_all(dir.join(part))?;
    }
    janitor::directory(dir);
    let rig = dir.join("up/rig");
    let identity = authority.identity(Kind::Good);
    fs::write(rig.join("chain.pem"), identity.chain)?;
    fs::write(rig.join("key.pem"), identity.key)?;
    fs::write(rig.join("password"), &user.password)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/cyrus-inside.sh");
    fs::copy(script, rig.join("inside.sh")).map(|_| ())
}

impl Drop for Cyrus {
    fn drop(&mut self) {
        // the end of the first process is the end of its namespace
        self.server.kill();
        let _ = fs::remove_dir_all(&self.dir);
    }
}
