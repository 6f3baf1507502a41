//! A token endpoint and the network in front of it, where every answer and every byte can be
//! someone's fault.

use super::ISSUER;
use chapar_daemon::world::BoxFuture;
use chapar_daemon::world::net::{BoxStream, Net};
use chapar_engine::verdict::Failure;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// The refresh token of the sign-in.
pub(super) const FIRST: &str = "canary-refresh-0";

/// What becomes of a refresh token that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    /// It stays (Google).
    None,
    /// A new one comes, the old one stays good (Microsoft).
    Lenient,
    /// A new one comes; the old one used again ends everything.
    Strict,
}

/// What befalls the next exchange.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// No connection comes about: this failure.
    Connect(&'static str),
    /// Packets are swallowed for this long.
    Swallow(Duration),
    /// The handshake fails with this.
    Tls(&'static str),
    /// This is answered; the endpoint never sees the request.
    Instead(&'static str),
    /// The same, then nothing more comes and the connection stays.
    InsteadAndStall(&'static str),
    /// This is answered without end.
    Endless(&'static str),
    /// The endpoint never sees it and says nothing, for ever.
    Silence,
    /// The request is served, and of the answer so many bytes pass; then the connection ends.
    CutAfter(usize),
    /// The same; then it stalls.
    StallAfter(usize),
    /// The request is served, but this is answered.
    ServedBut(&'static str),
    /// The endpoint answers with these members instead of its own, `{access}` and `{refresh}`
    /// standing for what it made.
    Members(&'static str),
}

/// The endpoint.
pub(super) struct Endpoint {
    state: Mutex<State>,
}

struct State {
    rotation: Rotation,
    life: u64,
    made: u64,
    good: BTreeSet<String>,
    over: bool,
    fault: Option<Fault>,
    /// Refresh tokens in the order they were sent.
    sent: Vec<String>,
    connections: u64,
    revoked: Vec<String>,
}

impl Endpoint {
    pub(super) fn new(rotation: Rotation, life: u64) -> Self {
        let state = State {
            rotation,
            life,
            made: 0,
            good: BTreeSet::from([FIRST.to_owned()]),
            over: false,
            fault: None,
            sent: vec![],
            connections: 0,
            revoked: vec![],
        };
        Self { state: Mutex::new(state) }
    }

    /// From now on every exchange suffers this.
    pub(super) fn suffer(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Whether access tokens can still come of this grant.
    pub(super) fn lives(&self) -> bool {
        !self.state().over
    }

    /// The grant ends.
    pub(super) fn end(&self) {
        self.state().over = true;
    }

    /// Only these refresh tokens are known.
    pub(super) fn knows(&self, tokens: &[&str]) {
        self.state().good = tokens.iter().map(|token| (*token).to_owned()).collect();
    }

    /// Refresh tokens sent so far.
    pub(super) fn sent(&self) -> Vec<String> {
        self.state().sent.clone()
    }

    /// Connections made so far.
    pub(super) fn connections(&self) -> u64 {
        self.state().connections
    }

    /// Access tokens made so far.
    pub(super) fn made(&self) -> u64 {
        self.state().made
    }

    /// Refresh tokens that were given back.
    pub(super) fn revoked(&self) -> Vec<String> {
        self.state().revoked.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn serve(self: Arc<Self>, mut stream: DuplexStream) {
        let fault = self.state().fault;
        let Some((path, form)) = request(&mut stream).await else { return };
        match fault {
            Some(Fault::Silence) => return std::future::pending().await,
            Some(Fault::Instead(bytes)) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Some(Fault::InsteadAndStall(bytes)) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return std::future::pending().await;
            }
            Some(Fault::Endless(bytes)) => {
                while stream.write_all(bytes.as_bytes()).await.is_ok() {
                    tokio::task::yield_now().await;
                }
                return;
            }
            _ => {}
        }
        let answer = if path == "/revoke" { self.revoke(&form) } else { self.token(&form, fault) };
        match fault {
            Some(Fault::CutAfter(bytes)) => {
                let _ = stream.write_all(&answer.as_bytes()[..bytes.min(answer.len())]).await;
            }
            Some(Fault::StallAfter(bytes)) => {
                let _ = stream.write_all(&answer.as_bytes()[..bytes.min(answer.len())]).await;
                std::future::pending::<()>().await;
            }
            Some(Fault::ServedBut(bytes)) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
            }
            _ => {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    }

    fn revoke(&self, form: &[(String, String)]) -> String {
        self.state().revoked.push(field(form, "token"));
        json("200 OK", "{}")
    }

    fn token(&self, form: &[(String, String)], fault: Option<Fault>) -> String {
        assert_eq!(field(form, "grant_type"), "refresh_token");
        assert_eq!(field(form, "client_id"), "chapar");
        assert_eq!(field(form, "client_secret"), "canary-client-secret");
        let mut state = self.state();
        let sent = field(form, "refresh_token");
        state.sent.push(sent.clone());
        if state.over || !state.good.contains(&sent) {
            // RFC 9700 §4.14.2: one that was replaced ends the whole family
            state.over |= state.rotation == Rotation::Strict;
            let body = r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#;
            return json("400 Bad Request", body);
        }
        state.made += 1;
        let number = state.made;
        let access = format!("canary-access-{number}");
        let next = format!("canary-refresh-{number}");
        if state.rotation == Rotation::Strict {
            state.good.clear();
        }
        if state.rotation != Rotation::None {
            state.good.insert(next.clone());
        }
        if let Some(Fault::Members(members)) = fault {
            let members = members.replace("{access}", &access).replace("{refresh}", &next);
            return json("200 OK", &format!("{{{members}}}"));
        }
        let refresh = match state.rotation {
            Rotation::None => String::new(),
            _ => format!(r#","refresh_token":"{next}""#),
        };
        let life = state.life;
        let body = format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{life}{refresh}}}"#
        );
        json("200 OK", &body)
    }
}

fn json(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Path and form of a request.
async fn request(stream: &mut DuplexStream) -> Option<(String, Vec<(String, String)>)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "))?;
            if body.len() >= length.trim().parse::<usize>().ok()? {
                assert!(lower.contains("application/x-www-form-urlencoded"), "{head}");
                let path = head.split(' ').nth(1)?.to_owned();
                let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
                let form = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
                return Some((path, form.collect()));
            }
        }
        let read = stream.read_buf(&mut bytes).await.ok()?;
        if read == 0 {
            return None;
        }
    }
}

fn field(form: &[(String, String)], name: &str) -> String {
    form.iter().find(|(of, _)| of == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Counts what passes the doors of one run, and lets the run die at a given count.
#[derive(Clone, Debug)]
pub(super) struct Fuse {
    left: Arc<Mutex<Option<u64>>>,
    passed: Arc<Mutex<u64>>,
    blown: watch::Sender<bool>,
}

impl Fuse {
    /// Dies when so many doors were passed; `None`: never.
    pub(super) fn new(left: Option<u64>) -> Self {
        let left = Arc::new(Mutex::new(left));
        Self { left, passed: Arc::default(), blown: watch::Sender::new(false) }
    }

    /// Passes a door; on a dead run it never opens.
    pub(super) async fn pass(&self) {
        *self.passed.lock().unwrap() += 1;
        let over = match &mut *self.left.lock().unwrap() {
            None => false,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
        };
        if over {
            self.blown.send_replace(true);
            std::future::pending::<()>().await;
        }
    }

    /// Resolves when the run died.
    pub(super) async fn died(&self) {
        let _ = self.blown.subscribe().wait_for(|blown| *blown).await;
    }

    /// Doors passed.
    pub(super) fn passed(&self) -> u64 {
        *self.passed.lock().unwrap()
    }
}

/// One run's way to the endpoint.
pub(super) struct Way {
    endpoint: Arc<Endpoint>,
    fuse: Fuse,
}

impl Way {
    pub(super) fn to(endpoint: &Arc<Endpoint>) -> Self {
        Self::fused(endpoint, Fuse::new(None))
    }

    pub(super) fn fused(endpoint: &Arc<Endpoint>, fuse: Fuse) -> Self {
        Self { endpoint: Arc::clone(endpoint), fuse }
    }
}

impl Net for Way {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        assert_eq!((host, port), (ISSUER, 443), "nobody else is asked");
        Box::pin(async move {
            self.fuse.pass().await;
            let fault = {
                let mut state = self.endpoint.state();
                state.connections += 1;
                state.fault
            };
            match fault {
                Some(Fault::Connect(code)) => return Err(Failure::of(code, "no way", None)),
                Some(Fault::Swallow(time)) => {
                    tokio::time::sleep(time).await;
                    return Err(Failure::of("net.timeout", "no answer", None));
                }
                _ => {}
            }
            let (ours, theirs) = tokio::io::duplex(16 << 10);
            tokio::spawn(Arc::clone(&self.endpoint).serve(theirs));
            Ok(Box::new(slow(ours, self.fuse.clone())) as BoxStream)
        })
    }

    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            self.fuse.pass().await;
            match self.endpoint.state().fault {
                Some(Fault::Tls(code)) => Err(Failure::of(code, "the certificate", None)),
                _ => Ok(stream),
            }
        })
    }
}

/// The client's end of a pipe whose every passing of bytes is a door: what was written before the
/// fuse went has been sent, what was not has not.
fn slow(inner: DuplexStream, fuse: Fuse) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(16 << 10);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(theirs);
        let (mut far_read, mut far_write) = tokio::io::split(inner);
        let back = fuse.clone();
        let up = async {
            let mut buffer = [0; 48];
            while let Ok(count @ 1..) = read.read(&mut buffer).await {
                fuse.pass().await;
                if far_write.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let down = async {
            let mut buffer = [0; 16];
            while let Ok(count @ 1..) = far_read.read(&mut buffer).await {
                back.pass().await;
                if write.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
            let _ = write.shutdown().await;
        };
        tokio::select! { () = up => {}, () = down => {} }
    });
    ours
}
