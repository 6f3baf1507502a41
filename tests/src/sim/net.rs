//! The simulated network: named hosts, in-memory pipes, faults at any byte, TLS as a tag.

mod pipe;

use super::trace::Trace;
use super::{HOST, ISSUER_HOST};
use crate::sandbox::ca::CertificateKind;
use crate::sandbox::faults::Service;
use crate::sandbox::provider::{Entry, Provider, Security, TAG_HELLO};
use crate::sandbox::proxy::Plan;
use chapar_daemon::world::BoxFuture;
use chapar_daemon::world::net::{BoxStream, Net};
use chapar_engine::verdict::{Failure, Verdict};
pub use pipe::Record;
use pipe::Taped;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// Bytes a pipe holds before the writer waits, like a socket buffer.
const PIPE_BYTES: usize = 64 << 10;
/// A connect to a host that swallows packets fails after this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The handshake takes at most this long, as through the real door.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// The most bytes of the server's handshake line.
const TAG_BYTES: usize = 512;

/// What befalls the next connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// The port is closed.
    Refuse,
    /// The name does not resolve.
    NoName,
    /// Packets are swallowed.
    Blackhole,
    /// The connection is reset after this many bytes to the client.
    ResetAfter(u64),
    /// The connection goes silent after this many bytes to the client.
    SilentAfter(u64),
    /// Cut or stalled after this many bytes in this direction.
    Cut(Plan),
}

/// The network door.
#[derive(Debug)]
pub struct SimNet {
    provider: Provider,
    trace: Trace,
    doors: BTreeMap<(&'static str, u16), (Service, Entry)>,
    faults: Mutex<VecDeque<LinkFault>>,
    planned: Mutex<BTreeMap<u16, LinkFault>>,
    records: Mutex<BTreeMap<u16, Arc<Record>>>,
    down: Mutex<bool>,
    silence: watch::Sender<u64>,
    count: Mutex<u64>,
    /// The run of the daemon whose door leads anywhere.
    run: Mutex<u64>,
    open: Mutex<Vec<pipe::Line>>,
}

/// The network door of one run of the daemon.
#[derive(Debug)]
pub struct Door {
    net: Arc<SimNet>,
    run: u64,
}

impl SimNet {
    /// A network on which only the provider lives, at the usual ports.
    #[must_use]
    pub fn new(provider: Provider, trace: Trace) -> Self {
        let doors = BTreeMap::from([
            ((HOST, 993), (Service::Imap, Entry::Tls)),
            ((HOST, 143), (Service::Imap, Entry::StartTls)),
            ((HOST, 465), (Service::Smtp, Entry::Tls)),
            ((HOST, 587), (Service::Smtp, Entry::StartTls)),
            ((ISSUER_HOST, 443), (Service::Issuer, Entry::Tls)),
        ]);
        Self {
            provider,
            trace,
            doors,
            faults: Mutex::default(),
            planned: Mutex::default(),
            records: Mutex::default(),
            down: Mutex::default(),
            silence: watch::Sender::new(0),
            count: Mutex::default(),
            run: Mutex::default(),
            open: Mutex::default(),
        }
    }

    /// The door of the present run.
    #[must_use]
    pub fn door(self: &Arc<Self>) -> Door {
        Door { net: Arc::clone(self), run: *self.run.lock().unwrap() }
    }

    /// The process is killed: every connection ends where it is, and its door leads nowhere.
    pub fn kill(&self) {
        *self.run.lock().unwrap() += 1;
        for line in self.open.lock().unwrap().drain(..) {
            line.hang_up();
        }
    }

    /// The next connection suffers this.
    pub fn next(&self, fault: LinkFault) {
        self.faults.lock().unwrap().push_back(fault);
    }

    /// The next connection to `port` suffers this.
    pub fn next_on(&self, port: u16, fault: LinkFault) {
        self.planned.lock().unwrap().insert(port, fault);
    }

    /// No connection suffers anything any more.
    pub fn clear(&self) {
        self.faults.lock().unwrap().clear();
        self.planned.lock().unwrap().clear();
    }

    /// What the last connection to `port` carried.
    #[must_use]
    pub fn last_on(&self, port: u16) -> Option<Arc<Record>> {
        self.records.lock().unwrap().get(&port).cloned()
    }

    /// Takes the whole network down or up.
    pub fn down(&self, down: bool) {
        self.trace.note(if down { "network down" } else { "network up" });
        *self.down.lock().unwrap() = down;
    }

    /// Every open connection goes silent (half-open), as after sleep or a change of address.
    pub fn silence_all(&self) {
        self.silence.send_modify(|count| *count += 1);
    }

    /// Every open connection is reset, as by a box on the way that forgot it.
    pub fn reset_all(&self) {
        self.trace.note("every connection is reset");
        for line in self.open.lock().unwrap().drain(..) {
            line.reset();
        }
    }

    /// Connections made so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        *self.count.lock().unwrap()
    }

    async fn dial(&self, host: &str, port: u16) -> Result<BoxStream, Failure> {
        self.trace.note(&format!("connect {host}:{port}"));
        if *self.down.lock().unwrap() {
            return Err(failure(
                "net.unreachable",
                format!("the network is down on the way to {host}"),
            ));
        }
        let planned = self.planned.lock().unwrap().remove(&port);
        let fault = planned.or_else(|| self.faults.lock().unwrap().pop_front());
        match fault {
            Some(LinkFault::Refuse) => return Err(refused(host, port)),
            Some(LinkFault::NoName) => return Err(unknown(host)),
            Some(LinkFault::Blackhole) => {
                tokio::time::sleep(CONNECT_TIMEOUT).await;
                return Err(failure("net.timeout", format!("{host}:{port} does not answer")));
            }
            _ => {}
        }
        let Some((_, (service, entry))) =
            self.doors.iter().find(|((name, at), _)| *name == host && *at == port)
        else {
            let known = self.doors.keys().any(|(name, _)| *name == host);
            return Err(if known { refused(host, port) } else { unknown(host) });
        };
        let (client, server) = tokio::io::duplex(PIPE_BYTES);
        let (provider, service, entry) = (self.provider.clone(), *service, *entry);
        tokio::spawn(async move {
            provider.serve(Box::new(server), service, entry, Security::Tag).await;
        });
        let number = {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            *count
        };
        let line = pipe::Line::new(client);
        let mut open = self.open.lock().unwrap();
        open.retain(pipe::Line::is_used);
        open.push(line.clone());
        drop(open);
        let record = Arc::new(Record::default());
        self.records.lock().unwrap().insert(port, Arc::clone(&record));
        let (trace, silence) = (self.trace.clone(), self.silence.subscribe());
        let taped = Taped::new(line, number, trace, fault, record, silence);
        Ok(Box::new(taped))
    }
}

impl Net for Door {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            if *self.net.run.lock().unwrap() != self.run {
                return Err(failure("net.unreachable", "the process is dead".into()));
            }
            self.net.dial(host, port).await
        })
    }

    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        _ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        let late = move || failure("net.timeout", format!("the handshake with {host} did not end"));
        Box::pin(async move {
            tokio::time::timeout(HANDSHAKE, handshake(stream, host))
                .await
                .unwrap_or_else(|_| Err(late()))
        })
    }
}

async fn handshake(mut stream: BoxStream, host: &str) -> Result<BoxStream, Failure> {
    let lost = |error: std::io::Error| Failure {
        detail: Some(error.to_string()),
        ..failure("net.closed", format!("the connection to {host} ended during the handshake"))
    };
    stream.write_all(format!("{TAG_HELLO}{host}\n").as_bytes()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') && line.len() < TAG_BYTES {
        line.push(stream.read_u8().await.map_err(lost)?);
    }
    judge(&String::from_utf8_lossy(&line), host)?;
    Ok(stream)
}

/// Accepts the good tag and names what is wrong with any other.
fn judge(line: &str, host: &str) -> Result<(), Failure> {
    let Some(tag) = line.trim_end().strip_prefix(TAG_HELLO) else {
        return Err(failure("tls.not_tls", format!("{host} does not speak TLS on this port")));
    };
    let kind = CertificateKind::ALL.into_iter().find(|kind| kind.name() == tag);
    let code = match kind {
        Some(CertificateKind::Good) => return Ok(()),
        Some(CertificateKind::Expired) => "tls.expired",
        Some(CertificateKind::NotYetValid) => "tls.not_yet_valid",
        Some(CertificateKind::WrongHost) => "tls.wrong_host",
        Some(CertificateKind::SelfSigned) => "tls.self_signed",
        Some(CertificateKind::UnknownRoot) => "tls.unknown_issuer",
        None => "tls.invalid",
    };
    Err(Failure {
        verdict: Verdict::FixSettings,
        ..failure(code, format!("the certificate of {host} is refused: {tag}"))
    })
}

fn failure(code: &'static str, message: String) -> Failure {
    Failure { code, message, detail: None, verdict: Verdict::Retry }
}

fn refused(host: &str, port: u16) -> Failure {
    failure("net.refused", format!("{host} refuses connections on port {port}"))
}

fn unknown(host: &str) -> Failure {
    failure("net.unknown_host", format!("there is no host {host}"))
}
