//! A private Exim 4.96 for submission, unpacked beside Postfix although their packages exclude each
//! other: it runs in namespaces of its own, so that the machine's mail system does not change. It
//! delivers by Dovecot's LMTP, and hangs up over some recipients.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::authority::{Authority, Kind};
use super::home::binary;
use super::process::{Server, poll, run};
use super::scratch::{free_ports, random_hex};
use super::{DOMAIN, User, janitor};

/// Three megabytes; the limit is for a slow line.
const FETCH_LIMIT: Duration = Duration::from_mins(3);
/// It listens at once; the rest is for a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(40);
/// The packages.
const PACKAGES: [&str; 2] = ["exim4-daemon-light", "exim4-base"];
/// Whom it becomes; nobody of this machine has this number.
const UID: u32 = 57_701;
/// The mount namespace: a user of its own, and directories where Exim expects them.
const INSIDE: &str = "\
set -e
mount --bind \"$BOX/passwd\" /etc/passwd
mount --bind \"$BOX/group\" /etc/group
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/spool
mkdir /run/lock /var/spool/exim4
chown \"$OWNER\" /var/spool/exim4
# not by exec: a set-user-ID program would outlive whoever started it
\"$EXIM\" -C \"$BOX/exim.conf\" -bdf -q5s
exit $?
";

/// A running Exim. `reject@` is refused for good, `drop@` with a hang-up behind the refusal.
pub struct Exim {
    /// Submission, TLS from the first byte.
    pub smtps: u16,
    dir: PathBuf,
    server: Server,
}

impl Exim {
    /// Unpacks and starts it for one person; the error says why it cannot be had on this machine.
    pub fn start(authority: &Authority, user: &User, lmtp: u16) -> Result<Self, String> {
        let program = unpacked()?.join("usr/sbin/exim4");
        let [smtps] = free_ports();
        let dir = std::env::temp_dir().join(format!("chapar-exim-{}", random_hex(4)));
        furnish(&dir, authority).map_err(|error| format!("{}: {error}", dir.display()))?;
        let config = configuration(&dir, &program, user, (smtps, lmtp));
        fs::write(dir.join("exim.conf"), config).map_err(|error| error.to_string())?;
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new("unshare");
        command
            .args(["-m", "-p", "-f", "--kill-child", "--propagation", "private"])
            .args(["bash", "-c", INSIDE])
            .env("BOX", &dir)
            .env("EXIM", &program)
            .env("OWNER", UID.to_string())
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(log);
        let mut exim = Self { smtps, dir, server: Server::spawn("exim", &mut command) };
        let ready = poll(START_LIMIT, || {
            if !exim.server.is_running() {
                return Some(false);
            }
            TcpStream::connect(("127.0.0.1", smtps)).ok().map(|_| true)
        });
        if ready == Some(true) { Ok(exim) } else { Err(exim.log()) }
    }

    /// `localhost:PORT` of submission with implicit TLS.
    pub fn smtps(&self) -> String {
        format!("localhost:{}", self.smtps)
    }

    /// What it said and logged.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.dir.join(name)).unwrap_or_default();
        ["log", "exim-main.log", "exim-reject.log", "exim-panic.log"].map(read).join("\n")
    }
}

/// The directory of the unpacked packages, which the first call fetches.
fn unpacked() -> Result<PathBuf, String> {
    let target = binary("chapard").parent().unwrap().to_owned();
    let dir = target.join("rig-exim");
    if dir.join("usr/sbin/exim4").exists() {
        return Ok(dir);
    }
    // renamed when whole: an interrupted download is never taken for one
    let part = target.join(format!("rig-exim-part-{}", std::process::id()));
    let _ = fs::remove_dir_all(&part);
    fs::create_dir_all(part.join("debs")).map_err(|error| error.to_string())?;
    let mut fetch = Command::new("apt-get");
    fetch.args(["-qq", "download"]).args(PACKAGES).current_dir(part.join("debs"));
    let fetched = run(&mut fetch, b"", FETCH_LIMIT);
    if fetched.code != Some(0) {
        return Err(format!("apt-get download: {}", fetched.stderr));
    }
    for deb in fs::read_dir(part.join("debs")).unwrap().flatten() {
        let ran = run(Command::new("dpkg").arg("-x").arg(deb.path()).arg(&part), b"", FETCH_LIMIT);
        if ran.code != Some(0) {
            return Err(format!("dpkg -x: {}", ran.stderr));
        }
    }
    // another test may have been as fast
    let _ = fs::rename(&part, &dir);
    let _ = fs::remove_dir_all(&part);
    if dir.join("usr/sbin/exim4").exists() { Ok(dir) } else { Err("no exim4 in it".to_owned()) }
}

/// The directory with certificate and users, for the one user that Exim becomes.
fn furnish(dir: &Path, authority: &Authority) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    janitor::directory(dir);
    let identity = authority.identity(Kind::Good);
    fs::write(dir.join("chain.pem"), identity.chain)?;
    fs::write(dir.join("key.pem"), identity.key)?;
    for (file, line) in [
        ("passwd", format!("Debian-exim:x:{UID}:{UID}::/var/spool/exim4:/usr/sbin/nologin")),
        ("group", format!("Debian-exim:x:{UID}:")),
    ] {
        let known = fs::read_to_string(Path::new("/etc").join(file))?;
        let kept = known.lines().filter(|line| !line.starts_with("Debian-exim:"));
        let lines: Vec<&str> = kept.chain([line.as_str()]).collect();
        fs::write(dir.join(file), lines.join("\n") + "\n")?;
    }
    std::os::unix::fs::chown(dir, Some(UID), Some(UID))?;
    std::os::unix::fs::chown(dir.join("key.pem"), Some(UID), Some(UID))
}

fn configuration(dir: &Path, program: &Path, user: &User, (smtps, lmtp): (u16, u16)) -> String {
    let (dir, program) = (dir.display(), program.display());
    let User { address, password, .. } = user;
    format!(
        "exim_path = {program}
keep_environment =
primary_hostname = mail.{DOMAIN}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {smtps}
tls_on_connect_ports = {smtps}
tls_advertise_hosts = *
tls_certificate = {dir}/chain.pem
tls_privatekey = {dir}/key.pem
spool_directory = /var/spool/exim4
log_file_path = {dir}/exim-%s.log
pid_file_path = /run/exim.pid
acl_smtp_rcpt = recipient
host_lookup =
begin acl
recipient:
  drop message = 5.7.1 go away
       local_parts = drop
  deny message = 5.1.1 no such person
       local_parts = reject
  accept authenticated = *
  deny message = sign in first
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{address}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
begin routers
all:
  driver = manualroute
  transport = lmtp
  route_list = * 127.0.0.1
  self = send
begin transports
lmtp:
  driver = smtp
  protocol = lmtp
  port = {lmtp}
  hosts_override
  allow_localhost
begin retry
* * F,1h,5s
"
    )
}

impl Drop for Exim {
    fn drop(&mut self) {
        // the end of the first process is the end of its namespace
        self.server.kill();
        let _ = fs::remove_dir_all(&self.dir);
    }
}
