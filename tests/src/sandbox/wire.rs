//! One connection of the provider: buffered reading, counted writing, wire faults.

use super::faults::{Fault, Faults, Kick, Service};
use super::oauth::Lease;
use super::provider::Now;
use chapar_daemon::world::net::BoxStream;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// The longest line a client may send: UID sets of large mailboxes and 3 kB tokens must pass.
const LINE_BYTES: usize = 1 << 20;
/// The largest literal a client may send (APPEND).
pub(super) const LITERAL_BYTES: usize = 200 << 20;

/// Why a session ended.
#[derive(Debug)]
pub enum End {
    /// The client went away or the transport failed.
    Io(io::Error),
    /// A fault or a test ended it.
    Kicked(Kick),
    /// The session is over in good order.
    Closed,
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A connection under the faults that were taken for it.
pub struct Wire {
    stream: Option<BoxStream>,
    input: Vec<u8>,
    sent: u64,
    drop_after: Option<u64>,
    stall_after: Option<u64>,
    dribble: Option<(usize, Duration)>,
    kicks: watch::Receiver<Option<Kick>>,
    lease: Option<(Lease, Now)>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Wire {
    /// Takes the wire faults of this connection.
    #[must_use]
    pub fn new(stream: BoxStream, service: Service, faults: &Faults) -> Self {
        Self {
            stream: Some(stream),
            input: Vec::new(),
            sent: 0,
            drop_after: faults.take(service, |fault| match fault {
                Fault::DropAfter(bytes) => Some(*bytes),
                _ => None,
            }),
            stall_after: faults.take(service, |fault| match fault {
                Fault::StallAfter(bytes) => Some(*bytes),
                _ => None,
            }),
            dribble: faults.take(service, |fault| match fault {
                Fault::Dribble { bytes, pause } => Some((*bytes, *pause)),
                _ => None,
            }),
            kicks: faults.kicks(),
            lease: None,
        }
    }

    /// Gives the transport out for a TLS handshake. What the client sent before it is thrown away
    /// (RFC 3207 §4.2: nothing said in plain text counts).
    pub fn take_stream(&mut self) -> Option<BoxStream> {
        self.input.clear();
        self.stream.take()
    }

    /// Puts the transport back, now inside TLS.
    pub fn put_stream(&mut self, stream: BoxStream) {
        self.stream = Some(stream);
    }

    /// Reads one line without its end (CRLF, or a bare LF); [`End::Closed`] at EOF.
    pub async fn line(&mut self) -> Result<Vec<u8>, End> {
        let mut line = self.line_with_end().await?;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(line)
    }

    /// Reads one line with its end.
    pub async fn line_with_end(&mut self) -> Result<Vec<u8>, End> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.input[seen..].iter().position(|byte| *byte == b'\n') {
                return Ok(self.input.drain(..=seen + at).collect());
            }
            seen = self.input.len();
            if seen > LINE_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "line too long").into());
            }
            self.fill().await?;
        }
    }

    /// Reads exactly `count` bytes.
    pub async fn bytes(&mut self, count: usize) -> Result<Vec<u8>, End> {
        while self.input.len() < count {
            self.fill().await?;
        }
        Ok(self.input.drain(..count).collect())
    }

    /// Waits for more bytes. Dropping this future loses nothing.
    pub async fn fill(&mut self) -> Result<(), End> {
        let Some(stream) = self.stream.as_mut() else { return Err(End::Closed) };
        tokio::select! {
            biased;
            kick = self.kicks.changed() => {
                let _ = kick;
                Err(End::Kicked(self.kicks.borrow_and_update().clone().unwrap_or(Kick::Drop)))
            }
            farewell = over(self.lease.as_ref()) => {
                Err(End::Kicked(Kick::Bye(farewell.into())))
            }
            read = stream.read_buf(&mut self.input) => match read? {
                0 => Err(End::Closed),
                _ => Ok(()),
            }
        }
    }

    /// Whether a whole line waits: a pipelining client gets its replies in one flight.
    #[must_use]
    pub fn has_line(&self) -> bool {
        self.input.contains(&b'\n')
    }

    /// Sends and flushes, as far as the faults let it.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), End> {
        let limit = self.drop_after.into_iter().chain(self.stall_after).min();
        let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(self.sent));
        let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        self.put(&bytes[..fits]).await?;
        self.sent += fits as u64;
        if fits == bytes.len() {
            return Ok(());
        }
        if self.stall_after.is_some_and(|at| self.sent >= at) {
            let _ = self.kicks.changed().await;
        }
        Err(End::Kicked(Kick::Drop))
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), End> {
        let Some(stream) = self.stream.as_mut() else { return Err(End::Closed) };
        let (size, pause) = self.dribble.unwrap_or((bytes.len().max(1), Duration::ZERO));
        for piece in bytes.chunks(size) {
            stream.write_all(piece).await?;
            stream.flush().await?;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    /// The session ends, with its words, when the token that opened it does.
    pub fn lease(&mut self, lease: Lease, now: Now) {
        self.lease = Some((lease, now));
    }

    /// Says nothing more until the client goes away or a test ends it.
    pub async fn silence(&mut self) -> End {
        loop {
            if let Err(end) = self.fill().await {
                return end;
            }
        }
    }

    /// Ends the connection.
    pub async fn close(&mut self) {
        if let Some(stream) = self.stream.as_mut() {
            let _ = stream.shutdown().await;
        }
        self.stream = None;
    }
}

/// Waits for the end of the lease; for ever without one.
async fn over(lease: Option<&(Lease, Now)>) -> &'static str {
    match lease {
        None => std::future::pending().await,
        Some((lease, now)) => {
            lease.ended(now).await;
            lease.farewell()
        }
    }
}
