//! The stream lettre sees: what the server sends passes line by line through [`Listener`], so that
//! lettre gets one plain line a reply, and each whole reply is kept here with all its text. The
//! greeting and EHLO were spoken before; lettre's own are answered here and never sent.

use super::reply::{Heard, Line, Listener};
use crate::world::net::BoxStream;
use lettre::transport::smtp::client::AsyncTokioStream;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes taken from the connection at once.
const READ: usize = 4096;
/// What lettre hears of the introduction that it was not part of.
const INTRODUCTION: &[u8] = b"220 ready\r\n250 ready\r\n";

/// What was heard: whole replies in the order they came, and the one under way.
#[derive(Debug, Default)]
struct Ear {
    whole: VecDeque<Heard>,
    listener: Listener,
    /// Nothing more may be written.
    is_broken_off: bool,
}

/// Shared with whoever asks; a lock because lettre owns the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Heards(Arc<Mutex<Ear>>);

impl Heards {
    /// The oldest reply not yet taken.
    pub(super) fn take(&self) -> Option<Heard> {
        self.ear().whole.pop_front()
    }

    /// Whether the server said something nobody asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.ear().whole.is_empty()
    }

    /// The reply under way, when no more of it will come.
    pub(super) fn take_cut(&self) -> Option<Heard> {
        self.ear().listener.cut()
    }

    /// The answer to the message is waited for: nothing before it may make it be missed.
    pub(super) fn be_patient(&self, is_patient: bool) {
        self.ear().listener.is_patient = is_patient;
    }

    /// Nothing more is written: the message could not be read to its end, and its final dot must not
    /// follow.
    pub(super) fn break_off(&self) {
        self.ear().is_broken_off = true;
    }

    /// Whether that was said.
    pub(super) fn is_broken_off(&self) -> bool {
        self.ear().is_broken_off
    }

    fn ear(&self) -> MutexGuard<'_, Ear> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose incoming side is checked.
#[derive(Debug)]
pub(super) struct Guard {
    inner: BoxStream,
    heards: Heards,
    /// The line that has not ended yet.
    line: Line,
    /// Lines lettre has not read yet, and how much of them it has.
    lines: Vec<u8>,
    read: usize,
    /// lettre has said its EHLO, which goes no further.
    is_introduced: bool,
    /// No more comes.
    has_ended: bool,
}

impl Guard {
    /// Guards `inner`, on which greeting and EHLO are done.
    pub(super) fn new(inner: BoxStream) -> (Self, Heards) {
        let heards = Heards::default();
        let guard = Self {
            inner,
            heards: heards.clone(),
            line: Line::default(),
            lines: INTRODUCTION.to_vec(),
            read: 0,
            is_introduced: false,
            has_ended: false,
        };
        (guard, heards)
    }

    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.take(part).map_err(broken)? {
                let line = self.line.end();
                let whole = self.heards.ear().listener.line(&line).map_err(broken)?;
                self.pass_on(whole);
            }
        }
        Ok(())
    }

    /// The connection is over: a reply of which the end is missing counts as far as it came.
    fn end(&mut self) {
        self.has_ended = true;
        let line = self.line.end();
        let whole = {
            let mut ear = self.heards.ear();
            let last = ear.listener.line(&line).ok().flatten();
            last.or_else(|| ear.listener.cut())
        };
        self.pass_on(whole);
    }

    /// A reply for whoever asked, and for lettre a line that it understands: the codes it knows
    /// have a second digit below six.
    fn pass_on(&mut self, whole: Option<Heard>) {
        let Some(heard) = whole else { return };
        let class = if (200..600).contains(&heard.code) { heard.code / 100 } else { 5 };
        self.lines.extend_from_slice(format!("{class}50 heard\r\n").as_bytes());
        self.heards.ear().whole.push_back(heard);
    }
}

fn broken(broken: super::reply::Broken) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, broken)
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
            if this.has_ended {
                return Poll::Ready(Ok(()));
            }
            let mut bytes = [0; READ];
            let mut incoming = ReadBuf::new(&mut bytes);
            let heard = match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut incoming)) {
                Ok(()) if incoming.filled().is_empty() => {
                    this.end();
                    Ok(())
                }
                Ok(()) => this.hear(incoming.filled()),
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                this.end();
                if this.lines.is_empty() {
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.heards.is_broken_off() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if !self.is_introduced {
            // lettre writes a command at once
            self.is_introduced = bytes.ends_with(b"\n");
            return Poll::Ready(Ok(bytes.len()));
        }
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
