//! The provider as one value: mail, ledger, faults and authority, served on loopback ports or on
//! any stream that is handed in.

use super::ca::{Authority, CertificateKind};
use super::faults::{Fault, Faults, Service};
use super::ledger::Ledger;
use super::mailstore::Mailstore;
use super::oauth::Issuer;
use super::oauth::shape::Shape;
use super::{imap, oauth, smtp};
use chapar_daemon::world::net::BoxStream;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The most bytes of a simulated handshake line: a host name and the tag.
const TAG_BYTES: usize = 512;
/// What a client says to begin a simulated handshake; the host name follows.
pub const TAG_HELLO: &str = "SIMTLS ";

/// How the server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Personality {
    /// The IMAP extensions of a modern server; without, `IMAP4rev1` and nothing else.
    pub full: bool,
    /// The server files a copy of each submitted message in Sent by itself.
    pub files_sent: bool,
    /// SIZE of the submission server.
    pub size: usize,
    /// PIPELINING is offered.
    pub pipelining: bool,
    /// Whom the issuer and the logins resemble.
    pub shape: Shape,
}

impl Default for Personality {
    fn default() -> Self {
        Self {
            full: true,
            files_sent: false,
            size: 35_882_577,
            pipelining: true,
            shape: Shape::Generic,
        }
    }
}

impl Personality {
    /// `IMAP4rev1` without a single extension, SMTP without PIPELINING.
    #[must_use]
    pub fn poor() -> Self {
        Self { full: false, pipelining: false, ..Self::default() }
    }

    /// CONDSTORE, SPECIAL-USE and the listing extensions work: with Microsoft they do not.
    #[must_use]
    pub fn modern(&self) -> bool {
        self.full && self.shape != Shape::Microsoft
    }

    /// As Google's: files sent mail by itself, one scope for all mail.
    #[must_use]
    pub fn google() -> Self {
        Self { files_sent: true, shape: Shape::Google, ..Self::default() }
    }

    /// As Microsoft's: files sent mail by itself, no passwords, XOAUTH2 only.
    #[must_use]
    pub fn microsoft() -> Self {
        Self { files_sent: true, shape: Shape::Microsoft, ..Self::default() }
    }
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// At the first byte (993, 465).
    Tls,
    /// After STARTTLS (143, 587).
    StartTls,
}

/// How TLS is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// rustls.
    Real,
    /// One line each way that names host and certificate kind: for simulated worlds.
    Tag,
}

/// Gives the time, in seconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The provider; cheap to clone.
#[derive(Clone)]
pub struct Provider {
    /// All mail.
    pub store: Mailstore,
    /// What it saw.
    pub ledger: Ledger,
    /// What goes wrong.
    pub faults: Faults,
    /// Its behaviour.
    pub personality: Personality,
    /// Its authorization server.
    pub issuer: Issuer,
    pub(super) now: Now,
    authority: Arc<Authority>,
    hosts: Arc<Vec<String>>,
    configs: Arc<Mutex<BTreeMap<CertificateKind, Arc<rustls::ServerConfig>>>>,
    pub(super) greylisted: Arc<Mutex<std::collections::BTreeSet<String>>>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// Where a provider listens; stops when dropped.
#[derive(Debug)]
pub struct Listening {
    /// Implicit TLS IMAP.
    pub imaps: u16,
    /// IMAP with STARTTLS.
    pub imap: u16,
    /// Implicit TLS submission.
    pub smtps: u16,
    /// Submission with STARTTLS.
    pub submission: u16,
    /// The authorization server, over TLS.
    pub issuer: u16,
    _tasks: JoinSet<()>,
}

impl Provider {
    /// A provider without mail whose certificates are for `localhost` and 127.0.0.1.
    #[must_use]
    pub fn new(personality: Personality) -> Self {
        Self::with_clock(
            personality,
            &["localhost", "127.0.0.1"],
            Arc::new(|| jiff::Timestamp::now().as_second()),
        )
    }

    /// A provider for `hosts` in a world with its own clock.
    #[must_use]
    pub fn with_clock(personality: Personality, hosts: &[&str], now: Now) -> Self {
        let (store, ledger) = (Mailstore::default(), Ledger::default());
        let base = format!("https://{}", hosts.first().unwrap_or(&"localhost"));
        Self {
            issuer: Issuer::new(personality.shape, store.clone(), ledger.clone(), &base),
            store,
            ledger,
            faults: Faults::default(),
            personality,
            now,
            authority: Arc::new(Authority::new("chapar sandbox authority")),
            hosts: Arc::new(hosts.iter().map(|host| (*host).to_owned()).collect()),
            configs: Arc::default(),
            greylisted: Arc::default(),
        }
    }

    /// The authority's certificate in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Serves on 127.0.0.1; `ports` in the order imaps, imap, smtps, submission; 0 = any free one.
    /// The issuer gets a free one and is known as `https://localhost:PORT` from then on.
    pub async fn listen(&self, ports: [u16; 4]) -> io::Result<Listening> {
        let [imaps, imap, smtps, submission] = ports;
        self.listen_at([imaps, imap, smtps, submission, 0]).await
    }

    /// [`Self::listen`] with the issuer's port last.
    pub async fn listen_at(&self, ports: [u16; 5]) -> io::Result<Listening> {
        let mut tasks = JoinSet::new();
        let mut bound = [0; 5];
        let doors = [
            (Service::Imap, Entry::Tls),
            (Service::Imap, Entry::StartTls),
            (Service::Smtp, Entry::Tls),
            (Service::Smtp, Entry::StartTls),
            (Service::Issuer, Entry::Tls),
        ];
        for ((service, entry), (wish, port)) in doors.into_iter().zip(ports.iter().zip(&mut bound))
        {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *wish)).await?;
            *port = listener.local_addr()?.port();
            tasks.spawn(self.clone().accept(listener, service, entry));
        }
        let [imaps, imap, smtps, submission, issuer] = bound;
        self.issuer.set_base(&format!("https://localhost:{issuer}"));
        Ok(Listening { imaps, imap, smtps, submission, issuer, _tasks: tasks })
    }

    async fn accept(self, listener: TcpListener, service: Service, entry: Entry) {
        let mut sessions = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    let _ = stream.set_nodelay(true);
                    let provider = self.clone();
                    sessions.spawn(async move {
                        provider.serve(Box::new(stream), service, entry, Security::Real).await;
                    });
                }
                Some(_) = sessions.join_next() => {}
            }
        }
    }

    /// Serves one connection to its end.
    pub async fn serve(
        &self,
        stream: BoxStream,
        service: Service,
        entry: Entry,
        security: Security,
    ) {
        let (stream, under) = match entry {
            Entry::StartTls => (stream, None),
            Entry::Tls => match self.secure(stream, service, security).await {
                Ok((stream, kind)) => (stream, Some(kind)),
                Err(_) => return,
            },
        };
        match service {
            Service::Imap => imap::serve(self, stream, under, security).await,
            Service::Smtp => smtp::serve(self, stream, under, security).await,
            Service::Issuer => oauth::serve(self, stream).await,
        }
    }

    /// The server's half of a handshake, with the certificate kind that the faults ask for.
    pub(super) async fn secure(
        &self,
        stream: BoxStream,
        service: Service,
        security: Security,
    ) -> io::Result<(BoxStream, CertificateKind)> {
        let kind = self
            .faults
            .take(service, |fault| match fault {
                Fault::Certificate(kind) => Some(*kind),
                _ => None,
            })
            .unwrap_or_default();
        match security {
            Security::Tag => Ok((tag(stream, kind).await?, kind)),
            Security::Real => {
                let acceptor = tokio_rustls::TlsAcceptor::from(self.config(kind));
                Ok((Box::new(acceptor.accept(stream).await?), kind))
            }
        }
    }

    /// SASL mechanisms that are offered inside TLS.
    pub(super) fn mechanisms(&self) -> Vec<&'static str> {
        let rules = self.issuer.rules();
        let offered = [
            (rules.passwords, "PLAIN"),
            (rules.xoauth2, "XOAUTH2"),
            (rules.oauthbearer, "OAUTHBEARER"),
        ];
        offered.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect()
    }

    fn config(&self, kind: CertificateKind) -> Arc<rustls::ServerConfig> {
        let mut configs = self.configs.lock().expect("no holder of the lock panics");
        let made = configs.entry(kind).or_insert_with(|| {
            let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
            self.authority.server(&hosts, kind)
        });
        Arc::clone(made)
    }
}

/// Reads the client's line and names the certificate kind.
async fn tag(mut stream: BoxStream, kind: CertificateKind) -> io::Result<BoxStream> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        if line.len() > TAG_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        line.push(stream.read_u8().await?);
    }
    if !line.starts_with(TAG_HELLO.as_bytes()) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    stream.write_all(format!("{TAG_HELLO}{}\n", kind.name()).as_bytes()).await?;
    stream.flush().await?;
    Ok(stream)
}
