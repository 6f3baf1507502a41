//! A private Haraka (npm) for submission: it answers on loopback, delivers by Dovecot's LMTP, and hangs
//! up over some recipients, as its plugins may (`tests/rig/haraka/hangup.js`).

use std::fs;
use std::io::{self, Read as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::authority::{Authority, Kind};
use super::process::{Server, poll};
use super::scratch::{free_ports, random_hex};
use super::{DOMAIN, User, janitor, node};

/// Node reads its modules and the list of public suffixes: 3 s on an idle machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running Haraka. `reject@` is refused for good, `drop@` with a hang-up behind the refusal.
pub struct Haraka {
    /// Submission, TLS from the first byte.
    pub smtps: u16,
    dir: PathBuf,
    _server: Server,
}

impl Haraka {
    /// Starts it for one person; the error says why it does not run on this machine.
    ///
    /// # Panics
    /// When npm is missing or cannot install.
    pub fn start(authority: &Authority, user: &User, lmtp: u16) -> Result<Self, String> {
        let packages = node::installed("haraka").join("node_modules");
        let [smtps] = free_ports();
        let dir = std::env::temp_dir().join(format!("chapar-haraka-{}", random_hex(4)));
        fs::create_dir_all(&dir).unwrap();
        janitor::directory(&dir);
        furnish(&dir, &packages, authority)
            .map_err(|error| format!("{}: {error}", dir.display()))?;
        configure(&dir, user, (smtps, lmtp)).map_err(|error| error.to_string())?;
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new("node");
        command.arg(packages.join("Haraka/bin/haraka")).arg("-c").arg(&dir);
        command.stdin(Stdio::null()).stdout(Stdio::from(log.try_clone().unwrap())).stderr(log);
        let mut server = Server::spawn("haraka", &mut command);
        let ready = poll(START_LIMIT, || {
            if !server.is_running() {
                return Some(false);
            }
            TcpStream::connect(("127.0.0.1", smtps)).ok().map(|_| true)
        });
        let haraka = Self { smtps, dir, _server: server };
        if ready == Some(true) { Ok(haraka) } else { Err(haraka.log()) }
    }

    /// `localhost:PORT` of submission with implicit TLS.
    pub fn smtps(&self) -> String {
        format!("localhost:{}", self.smtps)
    }

    /// What it said.
    pub fn log(&self) -> String {
        let mut said = String::new();
        let file = fs::File::open(self.dir.join("log"));
        let read = file.and_then(|mut file| file.read_to_string(&mut said));
        read.map_or_else(|error| error.to_string(), |_| said)
    }
}

/// The directory with Haraka's own settings, our plugin and the certificate.
fn furnish(dir: &Path, packages: &Path, authority: &Authority) -> io::Result<()> {
    for part in ["config", "plugins", "queue"] {
        fs::create_dir(dir.join(part))?;
    }
    for entry in fs::read_dir(packages.join("Haraka/config"))?.flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), dir.join("config").join(entry.file_name()))?;
        }
    }
    fs::copy(node::sources("haraka").join("hangup.js"), dir.join("plugins/hangup.js"))?;
    std::os::unix::fs::symlink(packages, dir.join("node_modules"))?;
    let identity = authority.identity(Kind::Good);
    fs::write(dir.join("config/tls_cert.pem"), identity.chain)?;
    fs::write(dir.join("config/tls_key.pem"), identity.key)
}

fn configure(dir: &Path, user: &User, (smtps, lmtp): (u16, u16)) -> io::Result<()> {
    let User { address, password, .. } = user;
    for (name, text) in [
        ("smtp.ini", format!("listen=127.0.0.1:{smtps}\nsmtps_port={smtps}\nnodes=0\n")),
        ("tls.ini", "key=tls_key.pem\ncert=tls_cert.pem\n".to_owned()),
        ("plugins", "auth/flat_file\nhangup\nqueue/lmtp\n".to_owned()),
        (
            "auth_flat_file.ini",
            format!(
                "[core]\nmethods=PLAIN\nconstrain_sender=false\n[users]\n{address}={password}\n"
            ),
        ),
        ("lmtp.ini", format!("host=127.0.0.1\nport={lmtp}\n")),
        // our LMTP listens on loopback without TLS
        ("outbound.ini", "enable_tls=false\n".to_owned()),
        ("outbound.local_mx_ok", "true\n".to_owned()),
        ("loglevel", "INFO\n".to_owned()),
        ("me", format!("mail.{DOMAIN}\n")),
    ] {
        fs::write(dir.join("config").join(name), text)?;
    }
    Ok(())
}

impl Drop for Haraka {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
