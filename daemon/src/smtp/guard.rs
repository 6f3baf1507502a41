//! The stream lettre sees: what the server sends passes line by line through [`Listener`], so that
//! lettre gets canonical replies only, and each whole reply is kept here with all its text.

use super::reply::{CHALLENGE_BYTES, Heard, Listener, line_limit};
use crate::world::net::BoxStream;
use lettre::transport::smtp::client::AsyncTokioStream;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes taken from the connection at once.
const READ: usize = 4096;

/// Whole replies in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Heards(Arc<Mutex<VecDeque<Heard>>>);

impl Heards {
    /// The oldest one not yet taken.
    pub(super) fn take(&self) -> Option<Heard> {
        self.queue().pop_front()
    }

    /// Whether the server said something nobody asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.queue().is_empty()
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose incoming side is checked.
#[derive(Debug)]
pub(super) struct Guard {
    inner: BoxStream,
    listener: Listener,
    heards: Heards,
    /// Bytes of a line that has not ended yet.
    partial: Vec<u8>,
    /// Canonical lines lettre has not read yet, and how much of them it has.
    lines: Vec<u8>,
    read: usize,
}

impl Guard {
    /// Guards `inner`. After STARTTLS a server does not greet again but lettre waits for it:
    /// `greeted` gives it one.
    pub(super) fn new(inner: BoxStream, greeted: bool) -> (Self, Heards) {
        let heards = Heards::default();
        let mut guard = Self {
            inner,
            listener: Listener::default(),
            heards: heards.clone(),
            partial: Vec::new(),
            lines: Vec::new(),
            read: 0,
        };
        if greeted {
            guard.lines = b"220 ready\r\n".to_vec();
            guard.heards.queue().push_back(Heard { code: 220, lines: vec!["ready".to_owned()] });
        }
        (guard, heards)
    }

    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            // one byte over the limit is enough for the listener to refuse the line
            let room = (CHALLENGE_BYTES + 1).saturating_sub(self.partial.len());
            self.partial.extend(part.iter().take(room));
            if !part.ends_with(b"\n") && self.partial.len() <= line_limit(&self.partial) {
                continue;
            }
            let accepted = self
                .listener
                .line(&self.partial)
                .map_err(|broken| io::Error::new(io::ErrorKind::InvalidData, broken))?;
            self.partial.clear();
            self.lines.extend_from_slice(accepted.line.as_bytes());
            self.heards.queue().extend(accepted.whole);
        }
        Ok(())
    }
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if let Some(unread) = this.lines.get(this.read..).filter(|rest| !rest.is_empty()) {
                let given = unread.len().min(buf.remaining());
                buf.put_slice(unread.get(..given).unwrap_or_default());
                this.read += given;
                return Poll::Ready(Ok(()));
            }
            this.lines.clear();
            this.read = 0;
            let mut bytes = [0; READ];
            let mut incoming = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut incoming))?;
            if incoming.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.hear(incoming.filled())?;
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Guard {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        // lettre only shows it; the connection was made elsewhere
        Err(io::ErrorKind::Unsupported.into())
    }
}
