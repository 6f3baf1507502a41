//! The rig: Debian's own Dovecot and Postfix and a certified OAuth issuer, started by a test on free
//! loopback ports, and private homes in which the real `chapar` and `chapard` run as processes.
//!
//! Nothing here knows how chapar works inside: it owns servers, certificates, mail and processes,
//! and speaks to the product only through its command line and its files. It never touches the
//! machine's own mail configuration, binds only 127.0.0.1 and leaves nothing running: every process
//! and directory is registered with a [`janitor`] that outlives even a killed test.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::indexing_slicing,
    reason = "a harness reports by panicking; what it indexes it wrote itself"
)]

pub mod alone;
pub mod audit;
pub mod authority;
pub mod between;
pub mod cyrus;
pub mod dovecot;
pub mod exim;
pub mod haraka;
pub mod home;
pub mod impostor;
pub mod janitor;
pub mod keyring;
pub mod lmtp;
pub mod logind;
pub mod maildir;
pub mod mirror;
pub mod node;
pub mod notifier;
pub mod oidc;
pub mod overheard;
pub mod person;
pub mod policy;
pub mod postfix;
pub mod process;
pub mod proxy;
pub mod python;
pub mod scratch;
pub mod terminal;
pub mod watch;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use authority::Authority;
use dovecot::Dovecot;
use oidc::{Issuer, Oidc, Persona};
use postfix::Postfix;
use scratch::Scratch;

/// The mail domain of every rig user.
pub const DOMAIN: &str = "example.test";

/// Mailboxes of one rig; every test takes its own.
const USERS: usize = 200;
/// Of these the server files what they send in Sent.
const FILED_USERS: usize = 10;

/// One mailbox on the rig's servers.
#[derive(Clone, Debug)]
pub struct User {
    /// Local part.
    pub name: String,
    /// `name@example.test`, also the login.
    pub address: String,
    /// A random canary: it must never be found outside the servers and the vault.
    pub password: String,
    /// Its maildir (layout `fs`).
    pub maildir: PathBuf,
}

impl User {
    fn create(dir: &Path, word: &str, n: usize) -> Self {
        let name = format!("{word}{n}");
        Self {
            address: format!("{name}@{DOMAIN}"),
            password: unseen(),
            maildir: dir.join("home").join(&name).join("Maildir"),
            name,
        }
    }
}

/// A password that nobody has seen, declared a canary.
pub fn fresh_password() -> String {
    crate::remains::secret(&unseen()).to_owned()
}

fn unseen() -> String {
    format!("canary-{}", scratch::random_hex(12))
}

/// Both servers, their authority and their users.
pub struct Rig {
    /// Who signs the servers' certificates.
    pub authority: Authority,
    /// IMAP, LMTP and SASL.
    pub dovecot: Dovecot,
    /// The same mailboxes; of the ways to sign in by token XOAUTH2 alone. Postfix's STARTTLS port
    /// asks this one.
    pub xoauth2: Dovecot,
    /// Submission.
    pub postfix: Postfix,
    /// Who signs people in.
    oidc: Oidc,
    /// Ordinary ones, and those whose sent mail the server files.
    people: [Vec<User>; 2],
    taken: [AtomicUsize; 2],
    scratch: Scratch,
}

impl Rig {
    /// The one rig of this test process; started on first use, stopped when the process ends.
    pub fn shared() -> &'static Self {
        static RIG: OnceLock<Rig> = OnceLock::new();
        RIG.get_or_init(Self::start)
    }

    /// Starts both servers and waits until both accept connections.
    pub fn start() -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "the rig starts Dovecot and Postfix, which need root; run tests/run rig (it uses sudo)"
        );
        let scratch = Scratch::new("rig");
        let authority = Authority::create(&scratch.path().join("ca"));
        // all at once before the start: a running Dovecot looks for new users once a second
        let dir = scratch.path().join("dovecot");
        let users: Vec<User> = (0..USERS).map(|n| User::create(&dir, "person", n)).collect();
        let filed: Vec<User> =
            (0..FILED_USERS).map(|n| User::create(&dir, postfix::FILED, n)).collect();
        let everybody = [&users[..], &filed[..]].concat();
        let oidc = Oidc::prepare(&scratch.path().join("oidc"), &authority, &everybody);
        let dovecot = Dovecot::start(&dir, &authority, &everybody, Some(&oidc));
        let xoauth2 = dovecot.beside(&scratch.path().join("xoauth2"), &authority, &oidc);
        let postfix =
            Postfix::start(&scratch.path().join("postfix"), &authority, &dovecot, &xoauth2);
        let taken = [const { AtomicUsize::new(0) }; 2];
        Self { authority, dovecot, xoauth2, postfix, oidc, people: [users, filed], taken, scratch }
    }

    /// A mailbox no other test has touched, empty, with a password nobody has seen.
    pub fn user(&self) -> User {
        self.take(0)
    }

    /// As [`Rig::user`], of a person whose sent mail the server itself files in Sent.
    pub fn filed_user(&self) -> User {
        self.take(1)
    }

    fn take(&self, kind: usize) -> User {
        let n = self.taken[kind].fetch_add(1, Ordering::Relaxed);
        let user = self.people[kind].get(n).expect("a user left; raise USERS").clone();
        crate::remains::secret(&user.password);
        user
    }

    /// One more Dovecot over the same mailboxes, for a test to break.
    pub fn another_dovecot(&self, name: &str) -> Dovecot {
        self.dovecot.beside(&self.scratch.path().join(name), &self.authority, &self.oidc)
    }

    /// An issuer of tokens for these mailboxes; the first call starts all three.
    pub fn issuer(&self, persona: Persona) -> Issuer<'_> {
        self.oidc.issuer(persona)
    }

    /// The authority's certificate, as given to `--ca-file`.
    pub fn ca_file(&self) -> &Path {
        self.authority.ca_file()
    }

    /// `localhost:PORT` of implicit-TLS IMAP.
    pub fn imaps(&self) -> String {
        format!("localhost:{}", self.dovecot.ports.imaps)
    }

    /// `localhost:PORT` of implicit-TLS submission.
    pub fn smtps(&self) -> String {
        format!("localhost:{}", self.postfix.ports.smtps)
    }

    /// The rig's own directory; nothing of the product lies here.
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }
}
