//! A small internet: named hosts that serve web pages, IMAP or SMTP, or behave badly, and a DNS that
//! names them. Everything is in memory and on virtual time; TLS is a verdict a host, or real where
//! a test asks for it.

use super::clock::SimClock;
use super::{EPOCH_SECONDS, SimWorld};
use crate::sandbox::provider::Personality;
use chapar_daemon::world::dns::{Dns, Srv};
use chapar_daemon::world::net::{BoxStream, Net, RealNet};
use chapar_daemon::world::{BoxFuture, World};
use chapar_engine::verdict::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// Bytes a pipe holds, like a socket buffer.
const PIPE_BYTES: usize = 64 << 10;
/// What a silent name server costs the system's resolver.
const RESOLVER: Duration = Duration::from_secs(12);
/// What swallowed packets cost a connect.
const CONNECT: Duration = Duration::from_secs(30);

/// Whole answers of a web server, by path and query.
pub type Pages = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// What serves a port.
#[derive(Clone)]
pub enum Kind {
    /// Whole answers, after which the connection is closed.
    Web(Pages),
    /// These bytes, then bytes without end.
    Endless(Vec<u8>),
    /// One byte of these at a time, each after this long.
    Slow(Vec<u8>, Duration),
    /// IMAP; TLS from the start when true, else STARTTLS.
    Imap(bool),
    /// Submission; TLS from the start when true, else STARTTLS.
    Smtp(bool),
    /// An IMAP or SMTP server that has no STARTTLS.
    Plain(&'static str),
    /// Takes the connection and says nothing.
    Mute,
    /// Swallows packets.
    Blackhole,
}

#[derive(Clone)]
struct Place {
    kind: Kind,
    private: bool,
    after: Duration,
}

/// The names of the DNS.
#[derive(Default)]
struct Zone {
    srv: BTreeMap<String, Vec<Srv>>,
    mx: BTreeMap<String, Vec<String>>,
    txt: BTreeMap<String, Vec<String>>,
    /// Nobody answers about these and what is below them.
    dead: BTreeSet<String>,
}

/// The internet.
#[derive(Default)]
pub struct Internet {
    places: Mutex<BTreeMap<(String, u16), Place>>,
    /// Hosts with a certificate that is not valid, by the code it is refused with.
    refused: Mutex<BTreeMap<String, &'static str>>,
    /// Hosts with real TLS.
    real: Mutex<BTreeMap<String, Arc<rustls::ServerConfig>>>,
    zone: Mutex<Zone>,
    dialled: Mutex<Vec<String>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Internet {
    /// Nobody on it yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// A world on this internet. Call it inside a runtime with paused time.
    #[must_use]
    pub fn world(self: &Arc<Self>) -> World {
        World {
            net: Arc::new(Door(Arc::clone(self))),
            dns: Arc::new(Door(Arc::clone(self))),
            ..SimWorld::new(7, Personality::default()).world
        }
    }

    /// Puts a server somewhere.
    pub fn put(&self, host: &str, port: u16, kind: Kind) -> &Self {
        self.place(host, port, Place { kind, private: false, after: Duration::ZERO })
    }

    /// Puts a server on a private address.
    pub fn put_private(&self, host: &str, port: u16, kind: Kind) -> &Self {
        self.place(host, port, Place { kind, private: true, after: Duration::ZERO })
    }

    /// Puts a server where connecting takes `after`.
    pub fn put_far(&self, host: &str, port: u16, kind: Kind, after: Duration) -> &Self {
        self.place(host, port, Place { kind, private: false, after })
    }

    /// A web page at `https://HOST/PATH`; everything else there is 404.
    pub fn page(&self, host: &str, path: &str, body: &str) -> &Self {
        let (path, answer) = (path.to_owned(), page(body));
        let pages = move |asked: &str| match asked.split('?').next() {
            Some(asked) if asked == path => answer.clone(),
            _ => status("404 Not Found"),
        };
        self.put(host, 443, Kind::Web(Arc::new(pages)))
    }

    /// An IMAP and a submission server with TLS from the start.
    pub fn mail(&self, imap: &str, smtp: &str) -> &Self {
        self.put(imap, 993, Kind::Imap(true)).put(smtp, 465, Kind::Smtp(true))
    }

    /// Whoever connects to `host` refuses its certificate with this code.
    pub fn bad_certificate(&self, host: &str, code: &'static str) -> &Self {
        self.refused.lock().unwrap().insert(host.to_owned(), code);
        self
    }

    /// `host` has real TLS.
    pub fn real_tls(&self, host: &str, config: Arc<rustls::ServerConfig>) -> &Self {
        self.real.lock().unwrap().insert(host.to_owned(), config);
        self
    }

    /// One more SRV record.
    pub fn srv(&self, name: &str, target: &str, port: u16, priority: u16) -> &Self {
        let record = Srv { target: target.to_owned(), port, priority, weight: 1 };
        self.zone.lock().unwrap().srv.entry(name.to_owned()).or_default().push(record);
        self
    }

    /// One more mail exchanger.
    pub fn mx(&self, domain: &str, exchanger: &str) -> &Self {
        let mut zone = self.zone.lock().unwrap();
        zone.mx.entry(domain.to_owned()).or_default().push(exchanger.to_owned());
        drop(zone);
        self
    }

    /// One more TXT record.
    pub fn txt(&self, name: &str, text: &str) -> &Self {
        let mut zone = self.zone.lock().unwrap();
        zone.txt.entry(name.to_owned()).or_default().push(text.to_owned());
        drop(zone);
        self
    }

    /// Nobody answers about `domain` and what is below it.
    pub fn dead(&self, domain: &str) -> &Self {
        self.zone.lock().unwrap().dead.insert(domain.to_owned());
        self
    }

    /// Where connections went, in order, as `HOST:PORT`.
    #[must_use]
    pub fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().clone()
    }

    /// Every line that was said to a server.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    fn place(&self, host: &str, port: u16, place: Place) -> &Self {
        self.places.lock().unwrap().insert((host.to_owned(), port), place);
        self
    }

    fn at(&self, host: &str, port: u16) -> Result<Place, Failure> {
        let places = self.places.lock().unwrap();
        let known = places.keys().any(|(name, _)| name == host);
        let code = if known { "net.refused" } else { "net.unknown_host" };
        let nothing = || Failure::of(code, format!("nothing at {host}:{port}"), None);
        places.get(&(host.to_owned(), port)).cloned().ok_or_else(nothing)
    }

    fn is_dead(&self, name: &str) -> bool {
        let zone = self.zone.lock().unwrap();
        zone.dead.iter().any(|dead| name == dead || name.ends_with(&format!(".{dead}")))
    }

    async fn dial(&self, host: &str, port: u16, public: bool) -> Result<BoxStream, Failure> {
        self.dialled.lock().unwrap().push(format!("{host}:{port}"));
        if self.is_dead(host) {
            tokio::time::sleep(RESOLVER).await;
            return Err(Failure::of("net.timeout", format!("{host} was not resolved"), None));
        }
        let place = self.at(host, port)?;
        if public && place.private {
            return Err(Failure::of("net.private", format!("{host} is private"), None));
        }
        tokio::time::sleep(place.after).await;
        if matches!(place.kind, Kind::Blackhole) {
            tokio::time::sleep(CONNECT).await;
            return Err(Failure::of("net.timeout", format!("{host}:{port} is silent"), None));
        }
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let real = self.real.lock().unwrap().get(host).cloned();
        let said = Arc::clone(&self.said);
        tokio::spawn(async move {
            match real {
                None => serve(Box::new(theirs), place.kind, &said).await,
                Some(config) => {
                    let acceptor = tokio_rustls::TlsAcceptor::from(config);
                    if let Ok(stream) = acceptor.accept(theirs).await {
                        serve(Box::new(stream), place.kind, &said).await;
                    }
                }
            }
        });
        Ok(Box::new(ours))
    }
}

/// A whole page.
#[must_use]
pub fn page(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// An autoconfig document with these servers: host, port and `socketType` of each.
#[must_use]
pub fn autoconfig(imap: &[(&str, u16, &str)], smtp: &[(&str, u16, &str)]) -> String {
    let server = |element: &str, kind: &str, (host, port, security): &(&str, u16, &str)| {
        format!(
            "<{element} type=\"{kind}\"><hostname>{host}</hostname><port>{port}</port>\
             <socketType>{security}</socketType><authentication>password-cleartext\
             </authentication><username>%EMAILADDRESS%</username></{element}>"
        )
    };
    let imap = imap.iter().map(|at| server("incomingServer", "imap", at));
    let smtp = smtp.iter().map(|at| server("outgoingServer", "smtp", at));
    let servers: String = imap.chain(smtp).collect();
    format!("<clientConfig><emailProvider id=\"x\">{servers}</emailProvider></clientConfig>")
}

/// An answer without content.
#[must_use]
pub fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// A redirect.
#[must_use]
pub fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// Serves a port of a real network, with real TLS from the start, as long as it is polled.
pub async fn listen(listener: TcpListener, kind: Kind, config: Arc<rustls::ServerConfig>) {
    let acceptor = tokio_rustls::TlsAcceptor::from(config);
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, kind) = (acceptor.clone(), kind.clone());
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(Box::new(stream), kind, &Mutex::default()).await;
            }
        });
    }
}

async fn serve(stream: BoxStream, kind: Kind, said: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(stream);
    match kind {
        Kind::Web(pages) => {
            if let Some(path) = request(&mut stream, said).await {
                let _ = stream.write_all(&pages(&path)).await;
                let _ = stream.shutdown().await;
            }
        }
        Kind::Endless(first) => {
            request(&mut stream, said).await;
            let mut sent = stream.write_all(&first).await;
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 4096]).await;
            }
        }
        Kind::Slow(bytes, pause) => {
            request(&mut stream, said).await;
            for byte in bytes {
                tokio::time::sleep(pause).await;
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
        }
        Kind::Imap(tls) => talk(&mut stream, said, "* OK IMAP here\r\n", imap(tls)).await,
        Kind::Smtp(tls) => talk(&mut stream, said, "220 smtp here\r\n", smtp(tls)).await,
        Kind::Plain(greeting) if greeting.starts_with('*') => {
            talk(&mut stream, said, greeting, |command: &str, tag: &str| match command {
                "STARTTLS" => format!("{tag} BAD no\r\n"),
                _ => format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n"),
            })
            .await;
        }
        Kind::Plain(greeting) => {
            talk(&mut stream, said, greeting, |_: &str, _: &str| "250 plain\r\n".to_owned()).await;
        }
        Kind::Mute | Kind::Blackhole => {
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }
}

/// Reads a request; its path.
async fn request(stream: &mut BufReader<BoxStream>, said: &Mutex<Vec<String>>) -> Option<String> {
    let mut path = None;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            return path;
        }
        said.lock().unwrap().push(line.to_owned());
        if path.is_none() {
            path = line.split(' ').nth(1).map(str::to_owned);
        }
    }
}

/// Greets, then answers each command line.
async fn talk(
    stream: &mut BufReader<BoxStream>,
    said: &Mutex<Vec<String>>,
    greeting: &str,
    answer: impl Fn(&str, &str) -> String,
) {
    let mut sent = stream.write_all(greeting.as_bytes()).await;
    while sent.is_ok() {
        let mut line = String::new();
        if !stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
            return;
        }
        said.lock().unwrap().push(line.trim_end().to_owned());
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        sent = stream.write_all(answer(command, tag).as_bytes()).await;
    }
}

fn imap(tls: bool) -> impl Fn(&str, &str) -> String {
    move |command, tag| match command {
        "CAPABILITY" => {
            let more =
                if tls { "AUTH=PLAIN AUTH=OAUTHBEARER SASL-IR" } else { "STARTTLS LOGINDISABLED" };
            format!("* CAPABILITY IMAP4rev1 IDLE {more}\r\n{tag} OK done\r\n")
        }
        "STARTTLS" if !tls => format!("{tag} OK go on\r\n"),
        "LOGOUT" => format!("* BYE\r\n{tag} OK done\r\n"),
        _ => format!("{tag} BAD unknown\r\n"),
    }
}

fn smtp(tls: bool) -> impl Fn(&str, &str) -> String {
    move |_, verb| match verb {
        "EHLO" if tls => "250-smtp here\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
        "EHLO" => "250-smtp here\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n".to_owned(),
        "STARTTLS" if !tls => "220 go on\r\n".to_owned(),
        "QUIT" => "221 bye\r\n".to_owned(),
        _ => "502 unknown\r\n".to_owned(),
    }
}

/// Both doors to it.
struct Door(Arc<Internet>);

impl Net for Door {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(self.0.dial(host, port, false))
    }

    fn connect_public<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(self.0.dial(host, port, true))
    }

    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            if self.0.real.lock().unwrap().contains_key(host) {
                let clock = Arc::new(SimClock::new(EPOCH_SECONDS));
                return RealNet::new(clock).secure(stream, host, ca_pem).await;
            }
            let refused = self.0.refused.lock().unwrap().get(host).copied();
            match refused {
                Some(code) => {
                    Err(Failure::of(code, format!("the certificate of {host} is refused"), None))
                }
                None => Ok(stream),
            }
        })
    }
}

impl Door {
    async fn records<T: Clone>(
        &self,
        name: &str,
        of: impl Fn(&Zone) -> Option<Vec<T>>,
    ) -> Result<Vec<T>, Failure> {
        if self.0.is_dead(name) {
            tokio::time::sleep(RESOLVER).await;
            return Err(Failure::of("net.timeout", format!("nobody answers about {name}"), None));
        }
        let found = of(&self.0.zone.lock().unwrap());
        found.ok_or_else(|| Failure::of("net.unknown_host", format!("no {name}"), None))
    }
}

impl Dns for Door {
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<Srv>, Failure>> {
        Box::pin(self.records(name, move |zone| zone.srv.get(name).cloned()))
    }

    fn mx<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(self.records(domain, move |zone| zone.mx.get(domain).cloned()))
    }

    fn txt<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Failure>> {
        Box::pin(self.records(name, move |zone| zone.txt.get(name).cloned()))
    }
}
