//! The client's end of a simulated connection: recorded, and cut or silenced at any byte.

use super::LinkFault;
use crate::sandbox::proxy::{Cut, Direction, Plan};
use crate::sim::trace::Trace;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::watch;

/// The pipe itself, which can be taken away from its user.
#[derive(Clone, Debug)]
pub(super) struct Line(Arc<Mutex<Ends>>);

#[derive(Debug)]
struct Ends {
    pipe: Option<DuplexStream>,
    reset: bool,
    reader: Option<Waker>,
}

impl Line {
    pub(super) fn new(pipe: DuplexStream) -> Self {
        Self(Arc::new(Mutex::new(Ends { pipe: Some(pipe), reset: false, reader: None })))
    }

    /// The server reads the end of the stream; the user is told nothing, because it is dead.
    pub(super) fn hang_up(&self) {
        self.0.lock().unwrap().pipe.take();
    }

    /// The server reads the end of the stream, the user's next or present read fails.
    pub(super) fn reset(&self) {
        let mut ends = self.0.lock().unwrap();
        ends.pipe.take();
        ends.reset = true;
        if let Some(reader) = ends.reader.take() {
            reader.wake();
        }
    }

    fn is_reset(&self) -> bool {
        self.0.lock().unwrap().reset
    }

    /// Who is woken by a reset.
    fn reads(&self, reader: &Waker) {
        self.0.lock().unwrap().reader = Some(reader.clone());
    }

    /// Whether somebody else still has it.
    pub(super) fn is_used(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn with<R>(
        &self,
        act: impl FnOnce(Pin<&mut DuplexStream>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        match &mut self.0.lock().unwrap().pipe {
            Some(pipe) => act(Pin::new(pipe)),
            None => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }
}

/// A recorded stream.
#[derive(Debug)]
pub(super) struct Taped {
    inner: Line,
    names: [String; 2],
    trace: Trace,
    received: u64,
    reset_after: Option<u64>,
    silent_after: Option<u64>,
    plan: Option<Plan>,
    record: Arc<Record>,
    born: u64,
    silence: watch::Receiver<u64>,
}

impl Drop for Taped {
    /// As when a socket is closed: the server reads the end of the stream.
    fn drop(&mut self) {
        self.inner.hang_up();
    }
}

/// What one connection carried.
#[derive(Debug, Default)]
pub struct Record {
    /// Bytes that passed to the server.
    pub up: AtomicU64,
    /// Bytes that passed to the client.
    pub down: AtomicU64,
    /// Everything the client tried to write.
    pub tried: Mutex<Vec<u8>>,
}

impl Record {
    fn passed(&self, direction: Direction) -> u64 {
        match direction {
            Direction::ToServer => self.up.load(Ordering::SeqCst),
            Direction::ToClient => self.down.load(Ordering::SeqCst),
        }
    }
}

impl Taped {
    pub(super) fn new(
        inner: Line,
        number: u64,
        trace: Trace,
        fault: Option<LinkFault>,
        record: Arc<Record>,
        silence: watch::Receiver<u64>,
    ) -> Self {
        let born = *silence.borrow();
        Self {
            inner,
            names: [format!(">{number}"), format!("<{number}")],
            trace,
            received: 0,
            reset_after: match fault {
                Some(LinkFault::ResetAfter(bytes)) => Some(bytes),
                _ => None,
            },
            silent_after: match fault {
                Some(LinkFault::SilentAfter(bytes)) => Some(bytes),
                _ => None,
            },
            plan: match fault {
                Some(LinkFault::Cut(plan)) => Some(plan),
                _ => None,
            },
            record,
            born,
            silence,
        }
    }

    /// The plan's cut, once its byte has passed.
    fn cut(&self) -> Option<Cut> {
        let plan = self.plan.filter(|plan| self.record.passed(plan.direction) >= plan.at)?;
        if plan.cut != Cut::Stall {
            self.inner.hang_up();
        }
        Some(plan.cut)
    }

    /// Bytes that may still pass this way.
    fn room(&self, direction: Direction) -> usize {
        let plan = self.plan.filter(|plan| plan.direction == direction);
        let left = plan.map_or(u64::MAX, |plan| plan.at - self.record.passed(direction));
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    fn silent(&self) -> bool {
        *self.silence.borrow() != self.born
            || self.cut() == Some(Cut::Stall)
            || self.silent_after.is_some_and(|after| self.received >= after)
    }

    fn reset(&self) -> bool {
        self.inner.is_reset() || self.reset_after.is_some_and(|after| self.received >= after)
    }
}

impl AsyncRead for Taped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.silent() {
            // nobody will wake this reader again: only its own deadline can
            return Poll::Pending;
        }
        if self.reset() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        self.inner.reads(context.waker());
        match self.cut() {
            Some(Cut::Fin) => return Poll::Ready(Ok(())),
            Some(_) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            None => {}
        }
        let limit = self.reset_after.into_iter().chain(self.silent_after).min();
        let room = limit.map_or(u64::MAX, |limit| limit - self.received);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(buffer.remaining());
        let room = room.min(self.room(Direction::ToClient));
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        match self.inner.with(|pipe| pipe.poll_read(context, &mut part)) {
            Poll::Ready(Ok(())) => {
                let count = part.filled().len();
                self.trace.bytes(&self.names[1], part.filled());
                self.received += count as u64;
                self.record.down.fetch_add(count as u64, Ordering::SeqCst);
                buffer.advance(count);
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl AsyncWrite for Taped {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.record.tried.lock().unwrap().extend_from_slice(bytes);
        if self.silent() {
            // the kernel takes what is written to a dead link
            return Poll::Ready(Ok(bytes.len()));
        }
        if self.reset() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.cut().is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let bytes = &bytes[..bytes.len().min(self.room(Direction::ToServer))];
        let written = self.inner.with(|pipe| pipe.poll_write(context, bytes));
        if let Poll::Ready(Ok(count)) = written {
            self.record.up.fetch_add(count as u64, Ordering::SeqCst);
            // a cut takes effect with its byte, not with the next one
            let _ = self.cut();
            self.trace.bytes(&self.names[0], &bytes[..count]);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.silent() {
            return Poll::Ready(Ok(()));
        }
        self.inner.with(|pipe| pipe.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.silent() {
            return Poll::Ready(Ok(()));
        }
        self.inner.with(|pipe| pipe.poll_shutdown(context))
    }
}
