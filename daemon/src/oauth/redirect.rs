//! The redirect page: a one-shot HTTP server on this machine's loopback, where the browser brings
//! the issuer's answer (RFC 8252 §7.3).
//!
//! Owns the two listeners and every limit of them. Must never take anything but the one answer that
//! carries this attempt's state, say anything about it to anybody else, or outlive the attempt.

mod head;

pub(super) use head::Status;

use super::callback::{self, Expected};
use super::page::{Page, nothing_here};
use crate::world::World;
use crate::world::clock::within;
use chapar_engine::secret::{Secret, base64url};
use chapar_engine::verdict::Failure;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// Connections served at once; a browser opens two or three. More wait in the kernel's queue.
const CONNECTIONS: usize = 64;
/// From this many on, each has to be quick: somebody is knocking on purpose.
const CROWD: usize = 16;
/// How long a connection may take to say what it wants. Browsers open some ahead and stay silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same in a crowd.
const LITTLE_PATIENCE: Duration = Duration::from_millis(500);
/// How long a page may take to be written; it fits a socket buffer.
const WRITE: Duration = Duration::from_secs(5);
/// Ports tried until one is free on both address families.
const TRIES: usize = 16;
/// Pause after the kernel could not hand out a connection (no descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Random bytes of a path.
const PATH_BYTES: usize = 16;

/// Which addresses an issuer takes for a redirect to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `127.0.0.1`, `[::1]` or `localhost`.
    pub(super) host: String,
    /// The path it has registered; `None` where any path will do, and then it is a random one.
    pub(super) path: Option<String>,
}

impl Place {
    /// Where nothing is registered yet.
    pub(super) fn any() -> Self {
        Self { host: "127.0.0.1".to_owned(), path: None }
    }
}

/// The listening page. Dropping it closes the port.
pub(super) struct Redirect {
    /// The redirect URI (RFC 6749 §3.1.2), as the issuer has to be told.
    pub(super) uri: String,
    /// Its port.
    pub(super) port: u16,
    path: String,
    four: TcpListener,
    six: Option<TcpListener>,
}

/// The browser that brought the answer, waiting to be told how it went.
pub(super) struct Visitor {
    stream: TcpStream,
}

impl Redirect {
    /// Opens the page; nothing may be told about it before this has returned, so that nobody else
    /// can have the port first.
    pub(super) async fn open(world: &World, place: &Place) -> Result<Self, Failure> {
        let (four, six, port) = listeners().await?;
        let path = place.path.clone().unwrap_or_else(|| {
            let mut bytes = [0; PATH_BYTES];
            world.entropy.fill(&mut bytes);
            format!("/{}", *base64url(&bytes))
        });
        let uri = format!("http://{}:{port}{path}", place.host);
        // the bare origin is asked for as its root
        let path = if path.is_empty() { "/".to_owned() } else { path };
        Ok(Self { uri, port, path, four, six })
    }

    /// Waits for the one answer. Whatever else knocks is told that there is nothing here. The port
    /// is closed when this returns.
    pub(super) async fn answer(
        self,
        world: &World,
        expected: &Expected<'_>,
    ) -> (Visitor, Result<Secret, Failure>) {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(served) = open.next(), if !open.is_empty() => {
                    if let Some(answer) = served {
                        return answer;
                    }
                }
                stream = self.accept(world), if open.len() < CONNECTIONS => {
                    let patience = if open.len() < CROWD { PATIENCE } else { LITTLE_PATIENCE };
                    open.push(self.serve(world, stream, patience, expected));
                }
            }
        }
    }

    async fn accept(&self, world: &World) -> TcpStream {
        loop {
            let accepted = match &self.six {
                Some(six) => tokio::select! {
                    accepted = self.four.accept() => accepted,
                    accepted = six.accept() => accepted,
                },
                None => self.four.accept().await,
            };
            match accepted {
                Ok((stream, _)) => return stream,
                Err(error) => {
                    tracing::warn!(%error, "the sign-in page cannot take a connection");
                    world.clock.sleep_until(world.clock.boot().after(ACCEPT_PAUSE)).await;
                }
            }
        }
    }

    /// One connection, one request. `Some` when it brought the answer.
    async fn serve(
        &self,
        world: &World,
        mut stream: TcpStream,
        patience: Duration,
        expected: &Expected<'_>,
    ) -> Option<(Visitor, Result<Secret, Failure>)> {
        let clock = world.clock.as_ref();
        let head = within(clock, patience, head::read(&mut stream)).await??;
        let refused = match head::query(&head, self.port, &self.path) {
            Ok(query) => match callback::read(query, expected) {
                Ok(answer) => return Some((Visitor { stream }, answer)),
                Err(_) => Status::NotFound,
            },
            Err(status) => status,
        };
        let page = nothing_here(refused);
        let _gone = within(clock, WRITE, tell(&mut stream, &page)).await;
        None
    }
}

impl Visitor {
    /// Shows the person how it went.
    pub(super) async fn show(mut self, world: &World, page: &Page) {
        let response = page.response();
        let told = within(world.clock.as_ref(), WRITE, tell(&mut self.stream, &response)).await;
        if !matches!(told, Some(Ok(()))) {
            tracing::debug!("the browser left before the page was written");
        }
    }
}

async fn tell(stream: &mut TcpStream, response: &str) -> std::io::Result<()> {
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

/// One port on both families; on IPv4 alone where the machine has no IPv6. A port whose other half
/// belongs to somebody else is not taken: `localhost` may mean either.
async fn listeners() -> Result<(TcpListener, Option<TcpListener>, u16), Failure> {
    let failed = |error: std::io::Error| {
        let message = "no port of 127.0.0.1 could be opened for the sign-in page";
        Failure::of("oauth.listen", message, Some(&error.to_string()))
    };
    for _ in 0..TRIES {
        let four = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = four.local_addr().map_err(failed)?.port();
        match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
            Ok(six) => return Ok((four, Some(six), port)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => {
                tracing::debug!(%error, "the sign-in page listens on IPv4 only");
                return Ok((four, None, port));
            }
        }
    }
    Err(failed(std::io::Error::other("every port tried is in use on [::1]")))
}
