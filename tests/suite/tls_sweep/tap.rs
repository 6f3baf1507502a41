//! The real network door with an ear on it: what the daemon tried to write inside TLS, connection
//! by connection. And a clock that runs faster, so that back-off is no waiting.

use chapar_daemon::world::BoxFuture;
use chapar_daemon::world::clock::{Clock, RealClock};
use chapar_daemon::world::net::{BoxStream, Net, RealNet};
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::Failure;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much faster than life the clock runs: a first retry comes after two seconds.
const SPEED: u32 = 30;

/// A clock whose seconds are short.
#[derive(Debug)]
pub(super) struct HastyClock {
    begun: Instant,
    wall: Wall,
}

impl HastyClock {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), wall: RealClock.wall() }
    }
}

impl Clock for HastyClock {
    fn boot(&self) -> Boot {
        Boot(self.begun.elapsed() * SPEED)
    }

    fn wall(&self) -> Wall {
        self.wall.after(self.begun.elapsed() * SPEED)
    }

    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let left = deadline.until_from(self.boot()) / SPEED;
            // what is left after rounding would be asked for again and again
            tokio::time::sleep(left + Duration::from_micros(100)).await;
        })
    }
}

/// What one secured connection was given to write.
#[derive(Clone, Debug, Default)]
pub(super) struct Tried {
    taken: Vec<u8>,
    /// The last piece, while it is not taken.
    waiting: Vec<u8>,
}

impl Tried {
    /// Whether it is a submission that had begun to write its final dot.
    pub(super) fn dot_began(&self) -> bool {
        let all = [&self.taken[..], &self.waiting].concat();
        all.starts_with(b"EHLO") && all.windows(5).any(|bytes| bytes == b"\r\n.\r\n")
    }
}

/// The door.
pub(super) struct TapNet {
    real: RealNet,
    /// Only connections to it are heard.
    smtp: u16,
    connections: AtomicUsize,
    heard: Mutex<Vec<(usize, Arc<Mutex<Tried>>)>>,
}

impl TapNet {
    pub(super) fn new(smtp: u16, clock: Arc<dyn Clock>) -> Self {
        let (connections, heard) = (AtomicUsize::new(0), Mutex::default());
        Self { real: RealNet::new(clock), smtp, connections, heard }
    }

    /// Submission connections that were asked for so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Whether the final dot was begun on submission connection number `connection`.
    pub(super) fn dot_began(&self, connection: usize) -> bool {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .any(|(number, tried)| *number == connection && tried.lock().unwrap().dot_began())
    }

    /// Forgets what was heard.
    pub(super) fn forget(&self) {
        self.heard.lock().unwrap().clear();
    }
}

impl Net for TapNet {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        if port == self.smtp {
            self.connections.fetch_add(1, Ordering::SeqCst);
        }
        self.real.connect(host, port)
    }

    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            let number = self.connections();
            let inner = self.real.secure(stream, host, ca_pem).await?;
            let tried = Arc::<Mutex<Tried>>::default();
            self.heard.lock().unwrap().push((number, Arc::clone(&tried)));
            Ok(Box::new(Tapped { inner, tried }) as BoxStream)
        })
    }
}

#[derive(Debug)]
struct Tapped {
    inner: BoxStream,
    tried: Arc<Mutex<Tried>>,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        let mut tried = self.tried.lock().unwrap();
        match written {
            Poll::Ready(Ok(count)) => {
                tried.taken.extend_from_slice(&bytes[..count]);
                tried.waiting.clear();
            }
            _ => tried.waiting = bytes.to_vec(),
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
