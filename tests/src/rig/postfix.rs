//! A private Postfix 3.7: submission with implicit TLS and with STARTTLS, delivery by Dovecot's LMTP,
//! and recipients that are refused on purpose. It asks the test's own [`Policy`] about the rest, and
//! files the mail that `filed…@` senders submit in their Sent mailbox, as large providers do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::DOMAIN;
use super::authority::{Authority, Kind};
use super::dovecot::Dovecot;
use super::policy::Policy;
use super::process::{Server, run_ok, wait_for_port};
use super::scratch::free_ports;

/// Postfix checks its directories before it starts: 2.5 s on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(40);

/// Where it listens, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Submission, TLS from the first byte.
    pub smtps: u16,
    /// Submission with STARTTLS.
    pub submission: u16,
}

/// A running Postfix. Recipients `reject@` are refused for good, `full@` as over quota and
/// `tempfail@` for now, each at RCPT.
pub struct Postfix {
    /// Where it listens.
    pub ports: Ports,
    /// What it asks about every recipient and message.
    pub policy: Policy,
    dir: PathBuf,
    _server: Server,
}

impl Postfix {
    /// Starts it in `dir` (created) and waits until it listens. Who submits signs in at `dovecot`
    /// where TLS is implicit and at `xoauth2` after STARTTLS.
    pub fn start(dir: &Path, authority: &Authority, dovecot: &Dovecot, xoauth2: &Dovecot) -> Self {
        let [smtps, submission] = free_ports();
        let ports = Ports { smtps, submission };
        let policy = Policy::start();
        for part in ["etc", "spool", "data"] {
            fs::create_dir_all(dir.join(part)).unwrap();
        }
        run_ok(Command::new("chown").arg("postfix").arg(dir.join("data")), START_LIMIT);
        let identity = authority.identity(Kind::Good);
        fs::write(dir.join("etc/chain.pem"), identity.chain).unwrap();
        fs::write(dir.join("etc/key.pem"), identity.key).unwrap();
        fs::write(dir.join("etc/main.cf"), main_cf(dir, dovecot, &policy)).unwrap();
        fs::write(dir.join("etc/master.cf"), master_cf(ports, xoauth2)).unwrap();
        fs::write(dir.join("etc/mailboxes"), format!("/@{DOMAIN}$/ x\n")).unwrap();
        fs::write(dir.join("etc/recipients"), RECIPIENTS).unwrap();
        let filed = format!("/^({FILED}[0-9]+)@{DOMAIN}$/ $1+Sent@{DOMAIN}\n");
        fs::write(dir.join("etc/filed"), filed).unwrap();
        let log = fs::File::create(dir.join("start.log")).unwrap();
        // makes the queue directories; `postfix start` would do the same and hide the master's pid
        run_ok(Command::new("postfix").arg("-c").arg(dir.join("etc")).arg("check"), START_LIMIT);
        let mut command = Command::new("/usr/lib/postfix/sbin/master");
        command
            .arg("-s")
            .arg("-c")
            .arg(dir.join("etc"))
            .env("MAIL_CONFIG", dir.join("etc"))
            .stdout(Stdio::from(log.try_clone().unwrap()))
            .stderr(log);
        let server = Server::spawn("postfix", &mut command);
        wait_for_port(smtps, START_LIMIT, "postfix");
        wait_for_port(submission, START_LIMIT, "postfix's submission");
        Self { ports, policy, dir: dir.to_owned(), _server: server }
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("mail.log")).unwrap_or_default()
    }
}

/// A token of Microsoft's has 2 kB and travels as base64 in one line; the default of 2,048 refuses it.
const LINE_LIMIT: usize = 12_288;

/// What the names of the people begin with whose sent mail the server files itself.
pub const FILED: &str = "filed";

const RECIPIENTS: &str = "\
/^reject@/ 550 5.1.1 No such person here
/^full@/ 552 5.2.2 Mailbox full
/^tempfail@/ 451 4.3.0 Try again later
";

fn main_cf(dir: &Path, dovecot: &Dovecot, policy: &Policy) -> String {
    let (lmtp, sasl) = (dovecot.ports.lmtp, dovecot.ports.sasl);
    let (dir, policy) = (dir.display(), policy.port);
    format!(
        "compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
maillog_file = {dir}/mail.log
maillog_file_prefixes = {dir}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{DOMAIN}
mydomain = {DOMAIN}
mydestination =
mynetworks =
local_transport = error:no local mail
alias_maps =
alias_database =
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = regexp:{dir}/etc/mailboxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
smtpd_tls_cert_file = {dir}/etc/chain.pem
smtpd_tls_key_file = {dir}/etc/key.pem
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_sasl_security_options = noanonymous
line_length_limit = {LINE_LIMIT}
smtpd_client_connection_count_limit = 50
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
message_size_limit = 26214400
mailbox_size_limit = 0
minimal_backoff_time = 5s
maximal_backoff_time = 20s
queue_run_delay = 5s
maximal_queue_lifetime = 2m
bounce_queue_lifetime = 2m
in_flow_delay = 0
default_process_limit = 50
smtpd_recipient_restrictions = check_recipient_access regexp:{dir}/etc/recipients, check_policy_service inet:127.0.0.1:{policy}, permit_sasl_authenticated, reject
smtpd_end_of_data_restrictions = check_policy_service inet:127.0.0.1:{policy}
sender_bcc_maps = regexp:{dir}/etc/filed
recipient_delimiter = +
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"
    )
}

fn master_cf(ports: Ports, xoauth2: &Dovecot) -> String {
    let Ports { smtps, submission } = ports;
    let sasl = xoauth2.ports.sasl;
    let auth = "-o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=encrypt";
    format!(
        "127.0.0.1:{smtps} inet n - n - - smtpd -o syslog_name=smtps -o smtpd_tls_wrappermode=yes {auth}
127.0.0.1:{submission} inet n - n - - smtpd -o syslog_name=submission -o smtpd_sasl_path=inet:127.0.0.1:{sasl} {auth}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"
    )
}
