//! A private Dovecot 2.3: IMAP with implicit TLS and STARTTLS, LMTP, and SASL for Postfix. People log
//! in by password, or by a token that Dovecot asks its issuer about.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use super::authority::{Authority, Identity, Kind};
use super::oidc::{Oidc, Persona};
use super::process::{Server, run, run_ok, wait_for, wait_for_port};
use super::scratch::free_ports;
use super::{DOMAIN, User, lmtp, overheard};

/// Owner of the maildirs. Any unprivileged number will do; it needs no name.
pub const MAIL_UID: u32 = 5000;
/// Starting takes 0.1 s; a loaded machine may take longer.
const START_LIMIT: Duration = Duration::from_secs(20);
/// `doveadm` commands answer in milliseconds.
const DOVEADM_LIMIT: Duration = Duration::from_mins(1);

/// Where it listens, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// IMAP, TLS from the first byte.
    pub imaps: u16,
    /// IMAP with STARTTLS.
    pub imap: u16,
    /// Local delivery.
    pub lmtp: u16,
    /// SASL for Postfix.
    pub sasl: u16,
}

/// A running Dovecot.
pub struct Dovecot {
    /// Where it listens.
    pub ports: Ports,
    dir: PathBuf,
    /// Where its people and their mail are: those of another instance for one beside it.
    mail: PathBuf,
    /// Its configuration as it was made.
    own: String,
    server: Mutex<Server>,
}

impl Dovecot {
    /// Starts it in `dir` (created) and waits until it listens.
    pub fn start(dir: &Path, authority: &Authority, users: &[User], oidc: Option<&Oidc>) -> Self {
        fs::create_dir_all(dir.join("home")).unwrap();
        fs::write(dir.join("users"), users.iter().map(entry).collect::<String>()).unwrap();
        // the authentication process has a user of its own
        fs::set_permissions(dir.join("users"), fs::Permissions::from_mode(0o644)).unwrap();
        for user in users {
            fs::create_dir(user.maildir.parent().unwrap()).unwrap();
        }
        give_to_mail_user(&dir.join("home"));
        Self::open(dir, dir, authority, "xoauth2 oauthbearer", oidc)
    }

    /// A second one in `dir` over the same mailboxes and people. It takes tokens by XOAUTH2 alone, as
    /// Microsoft does.
    #[must_use]
    pub fn beside(&self, dir: &Path, authority: &Authority, oidc: &Oidc) -> Self {
        Self::open(dir, &self.mail, authority, "xoauth2", Some(oidc))
    }

    fn open(
        dir: &Path,
        mail: &Path,
        authority: &Authority,
        bearer: &str,
        oidc: Option<&Oidc>,
    ) -> Self {
        let [imaps, imap, lmtp, sasl] = free_ports();
        let ports = Ports { imaps, imap, lmtp, sasl };
        for part in ["run", "state"] {
            fs::create_dir_all(dir.join(part)).unwrap();
        }
        let identity = authority.identity(Kind::Good);
        fs::write(dir.join("chain.pem"), identity.chain).unwrap();
        fs::write(dir.join("key.pem"), identity.key).unwrap();
        let tokens = oidc.map(|oidc| token_passdbs(dir, authority, oidc)).unwrap_or_default();
        let text = configuration(dir, mail, ports, authority, bearer) + &tokens;
        fs::write(dir.join("dovecot.conf"), &text).unwrap();
        let server = Mutex::new(launch(dir, ports));
        Self { ports, dir: dir.to_owned(), mail: mail.to_owned(), own: text, server }
    }

    /// Runs `doveadm ARGS…` on this instance.
    pub fn doveadm(&self, args: &[&str]) -> String {
        run_ok(self.doveadm_command().args(args), DOVEADM_LIMIT)
    }

    fn doveadm_command(&self) -> Command {
        let mut command = Command::new("doveadm");
        command.arg("-c").arg(self.dir.join("dovecot.conf"));
        command
    }

    /// Delivers one message by LMTP, as a mail server would.
    pub fn deliver(&self, user: &User, message: &str) {
        lmtp::deliver(self.ports.lmtp, &user.address, message.as_bytes());
    }

    /// Ends the user's sessions (`* BYE`), if there are any at this moment.
    pub fn kick(&self, user: &User) {
        let ran = run(self.doveadm_command().args(["kick", &user.address]), b"", DOVEADM_LIMIT);
        let nobody = 68; // EX_NOHOST: no session to end
        assert!([Some(0), Some(nobody)].contains(&ran.code), "doveadm kick: {}", ran.stderr);
    }

    /// Gives a mailbox a new UIDVALIDITY: every UID known so far means nothing any more.
    pub fn change_uid_validity(&self, user: &User, mailbox: &str, value: u32) {
        let value = value.to_string();
        self.doveadm(&[
            "mailbox",
            "update",
            "-u",
            &user.address,
            "--uid-validity",
            &value,
            mailbox,
        ]);
    }

    /// Stops it; its sessions end, its ports are closed.
    pub fn stop(&self) {
        self.server.lock().unwrap().stop(START_LIMIT);
        // a login process in the middle of a handshake holds the listener a little longer
        for port in [self.ports.imaps, self.ports.imap, self.ports.lmtp] {
            wait_for(START_LIMIT, "dovecot's port closed", || {
                TcpStream::connect(("127.0.0.1", port)).is_err().then_some(())
            });
        }
    }

    /// Starts it again on the same ports with the same mail.
    pub fn start_again(&self) {
        *self.server.lock().unwrap() = launch(&self.dir, self.ports);
    }

    /// Starts it again with these settings after its own, which they override.
    pub fn amend(&self, settings: &str) {
        self.rewrite(|own| format!("{own}\n{settings}\n"));
    }

    /// Starts it again with a configuration made from its own.
    pub fn rewrite(&self, change: impl FnOnce(&str) -> String) {
        self.stop();
        fs::write(self.dir.join("dovecot.conf"), change(&self.own)).unwrap();
        self.start_again();
    }

    /// Starts it again as it was.
    pub fn restore(&self) {
        self.rewrite(str::to_owned);
    }

    /// Starts it again with another certificate.
    pub fn present(&self, identity: &Identity) {
        self.stop();
        fs::write(self.dir.join("chain.pem"), &identity.chain).unwrap();
        fs::write(self.dir.join("key.pem"), &identity.key).unwrap();
        self.start_again();
    }

    /// What the person signs in with from now on, at every instance over these people; `None`: not
    /// at all.
    pub fn set_password(&self, user: &User, password: Option<&str>) {
        let path = self.mail.join("users");
        let text = fs::read_to_string(&path).unwrap();
        let start = format!("{}:", user.address);
        let others = text.lines().filter(|line| !line.starts_with(&start));
        let mut all = others.fold(String::new(), |all, line| all + line + "\n");
        if let Some(password) = password {
            all += &entry(&User { password: password.to_owned(), ..user.clone() });
        }
        // it is read again when its size or the second of its change is another
        all += "#\n";
        let fresh = path.with_extension("new");
        fs::write(&fresh, all).unwrap();
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o644)).unwrap();
        fs::rename(fresh, path).unwrap();
    }

    /// Waits until this instance takes a password: it looks at the file once a second at most.
    pub fn wait_password(&self, user: &User, password: &str) {
        wait_for(START_LIMIT, "the new password known", || {
            let words = ["auth", "test", "-x", "service=imap", &user.address, password];
            let ran = run(self.doveadm_command().args(words), b"", DOVEADM_LIMIT);
            (ran.code == Some(0)).then_some(())
        });
    }

    /// The master's process id.
    pub fn pid(&self) -> u32 {
        self.server.lock().unwrap().pid()
    }

    /// Bodies that ended sessions of this user have fetched, as Dovecot itself counted them.
    pub fn bodies_fetched(&self, user: &User) -> u64 {
        let log = fs::read_to_string(self.dir.join("dovecot.log")).unwrap_or_default();
        let session = format!("imap({})", user.address);
        let counts = log.lines().filter(|line| line.contains(&session)).filter_map(|line| {
            let (_, after) = line.split_once("body_count=")?;
            after.split(' ').next()?.parse::<u64>().ok()
        });
        counts.sum()
    }

    /// How the ended and standing sessions of this user signed in, by mechanism.
    pub fn mechanisms(&self, user: &User) -> BTreeSet<String> {
        self.logins(user).into_iter().collect()
    }

    /// The same of every session, in order.
    pub fn logins(&self, user: &User) -> Vec<String> {
        let log = fs::read_to_string(self.dir.join("dovecot.log")).unwrap_or_default();
        let login = format!("Login: user=<{}>, method=", user.address);
        let words = log.lines().filter_map(|line| line.split_once(&login)?.1.split(',').next());
        words.map(str::to_owned).collect()
    }

    /// The processes that serve the standing IMAP sessions of this user, one a session.
    pub fn sessions(&self, user: &User) -> BTreeSet<u32> {
        let ran =
            run(self.doveadm_command().args(["who", "-1", &user.address]), b"", DOVEADM_LIMIT);
        let text = ran.text();
        // username, protocol, process id, address
        let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let imap = rows.filter(|row| row.first() == Some(&user.address.as_str()));
        imap.filter_map(|row| row.get(2)?.parse().ok()).collect()
    }

    /// The end of its log, for failure messages.
    pub fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.dir.join("dovecot.log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(30).collect();
        lines.into_iter().rev().fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "{line}");
            all
        })
    }
}

/// Lets Dovecot's mail processes own a tree.
pub(super) fn give_to_mail_user(path: &Path) {
    run_ok(
        Command::new("chown").args(["-R", &format!("{MAIL_UID}:{MAIL_UID}")]).arg(path),
        DOVEADM_LIMIT,
    );
}

/// A line of the `passwd-file`.
fn entry(user: &User) -> String {
    let home = user.maildir.parent().unwrap().display();
    format!("{}:{{PLAIN}}{}:{MAIL_UID}:{MAIL_UID}::{home}::\n", user.address, user.password)
}

fn launch(dir: &Path, ports: Ports) -> Server {
    let mut command = Command::new("dovecot");
    command
        .args(["-F", "-c"])
        .arg(dir.join("dovecot.conf"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(dir.join("stderr")).unwrap());
    let server = Server::spawn("dovecot", &mut command);
    wait_for_port(ports.imaps, START_LIMIT, "dovecot");
    wait_for_port(ports.lmtp, START_LIMIT, "dovecot's lmtp");
    server
}

/// Each issuer is asked in turn about a token; the first that knows it decides.
fn token_passdbs(dir: &Path, authority: &Authority, oidc: &Oidc) -> String {
    let mut all = String::new();
    for persona in Persona::ALL {
        let path = dir.join(format!("oauth2-{}.conf.ext", persona.word()));
        let facts = format!(
            "introspection_mode = post\n\
             introspection_url = {}\n\
             username_attribute = email\n\
             active_attribute = active\n\
             active_value = true\n\
             force_introspection = yes\n\
             tls_ca_cert_file = {}\n\
             timeout_msecs = 5000\n",
            oidc.introspection_url(persona),
            authority.ca_file().display(),
        );
        fs::write(&path, facts).unwrap();
        let _ = write!(
            all,
            "passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n",
            path.display()
        );
    }
    all
}

/// The mailboxes of known use.
const MAILBOXES: &str = r"namespace inbox {
  inbox = yes
  separator = /
  mailbox Drafts {
    special_use = \Drafts
    auto = subscribe
  }
  mailbox Sent {
    special_use = \Sent
    auto = subscribe
  }
  mailbox Trash {
    special_use = \Trash
    auto = subscribe
  }
  mailbox Junk {
    special_use = \Junk
    auto = create
  }
  mailbox Archive {
    special_use = \Archive
    auto = create
  }
}
";

fn configuration(
    dir: &Path,
    mail: &Path,
    ports: Ports,
    authority: &Authority,
    bearer: &str,
) -> String {
    let Ports { imaps, imap, lmtp, sasl } = ports;
    let ca = authority.ca_file().display();
    let (dir, mail, overheard) = (dir.display(), mail.display(), overheard::DIR);
    format!(
        r"base_dir = {dir}/run
state_dir = {dir}/state
instance_name = chapar-rig
log_path = {dir}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
mail_home = {mail}/home/%n
mail_location = maildir:~/Maildir:LAYOUT=fs
mail_uid = {MAIL_UID}
mail_gid = {MAIL_UID}
first_valid_uid = 500
mail_privileged_group =
auth_mechanisms = plain login {bearer}
auth_username_format = %Lu
auth_failure_delay = 0
recipient_delimiter = +
lmtp_save_to_detail_mailbox = yes
mail_max_userip_connections = 50
mailbox_list_index = yes
mail_fsync = never
ssl = required
ssl_cert = <{dir}/chain.pem
ssl_key = <{dir}/key.pem
ssl_client_ca_file = {ca}
ssl_min_protocol = TLSv1.2
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {mail}/users
  mechanisms = plain login
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {mail}/users
}}
{MAILBOXES}service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 1
}}
service imap {{
  process_limit = 1024
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    address = 127.0.0.1
    port = {sasl}
  }}
}}
service stats {{
  client_limit = 4000
}}
# only where a test has made the directory
protocol imap {{
  rawlog_dir = {mail}/home/%n/{overheard}
}}
protocol lmtp {{
  postmaster_address = postmaster@{DOMAIN}
}}
# no growing delay (4 s, 8 s, ...) after failed logins: tests log in wrongly on purpose
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"
    )
}
