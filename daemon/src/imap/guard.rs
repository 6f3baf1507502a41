//! Between TLS and async-imap: lets through one whole, harmless response at a time.
//!
//! Owns the stream, the cutting into responses, their limits and the session's [`budget`]. For each response the parser
//! reads one short line ([`sort`]) while the response itself waits in [`Guard::take_frame`], so the
//! two stay in step, no literal ever reaches the parser, and nothing is parsed twice. Must never
//! interpret mail.

pub mod budget;
pub mod frame;
pub(super) mod sort;

use super::limits;
use crate::world::net::BoxStream;
use budget::Budget;
use frame::{Allowance, Frame, Framer, Violation};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroizing;

/// Counts bytes from the server, for the deadlines that ask whether it is still there.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<AtomicU64>);

impl Activity {
    /// Bytes received so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The filter.
#[derive(Debug)]
pub struct Guard {
    link: Link,
    activity: Activity,
    framer: Framer,
    input: Vec<u8>,
    input_at: usize,
    shown: Vec<u8>,
    shown_at: usize,
    frame: Option<Frame>,
    output: Zeroizing<Vec<u8>>,
    violation: Option<Violation>,
}

#[derive(Debug)]
enum Link {
    /// The server.
    Server(BoxStream),
    /// Nobody: what is written is dropped and `shown` is all there is to read.
    Nobody,
}

impl Guard {
    /// A guard without a server that answers the next command of async-imap, whatever it is, with
    /// the tagged OK in `answer`. See [`super::wire`].
    #[must_use]
    pub fn answering(answer: &[u8]) -> Self {
        Self {
            link: Link::Nobody,
            activity: Activity::default(),
            framer: Framer::default(),
            input: Vec::new(),
            input_at: 0,
            shown: answer.to_vec(),
            shown_at: 0,
            frame: None,
            output: Zeroizing::default(),
            violation: None,
        }
    }

    /// Connects the guard to `stream`; everything of an earlier one is forgotten.
    pub fn attach(&mut self, stream: BoxStream) {
        let activity = self.activity.clone();
        let framer = Framer::new(self.framer.budget().clone());
        *self = Self { link: Link::Server(stream), activity, framer, ..Self::answering(b"") };
    }

    /// Takes the stream out, to put TLS around it. `None` when there is none, or when bytes that
    /// came before TLS wait to be read: whoever sent them must not be believed.
    pub fn detach(&mut self) -> Option<BoxStream> {
        if self.input_at < self.input.len() || self.framer.is_midway() {
            return None;
        }
        match std::mem::replace(&mut self.link, Link::Nobody) {
            Link::Server(stream) => Some(stream),
            Link::Nobody => None,
        }
    }

    /// The response that the parser just read the shown form of.
    pub fn take_frame(&mut self) -> Option<Frame> {
        self.frame.take()
    }

    /// Sets what is allowed from the next response on.
    pub fn allow(&mut self, allowance: Allowance) {
        self.framer.allowance = allowance;
    }

    /// A command begins: what is counted a command is counted anew.
    pub fn begin(&mut self) {
        self.framer.begin();
    }

    /// What the session holds.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        self.framer.budget()
    }

    /// The byte counter.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// Writes all of `output`; the copy kept back until then may be a credential and is wiped.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            let Link::Server(stream) = &mut self.link else {
                self.output = Zeroizing::default();
                break;
            };
            let written = ready!(Pin::new(stream).poll_write(cx, &self.output))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if written >= self.output.len() {
                self.output = Zeroizing::default();
            } else {
                self.output.drain(..written);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads from the link into `input`; false at its end.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let Link::Server(stream) = &mut self.link else {
            return Poll::Ready(Ok(false));
        };
        self.input.resize(limits::READ_BUFFER, 0);
        self.input_at = 0;
        let mut buffer = ReadBuf::new(&mut self.input);
        let polled = Pin::new(stream).poll_read(cx, &mut buffer);
        let filled = buffer.filled().len();
        self.input.truncate(filled);
        ready!(polled)?;
        self.activity.0.fetch_add(filled as u64, Ordering::Relaxed);
        Poll::Ready(Ok(filled > 0))
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, Violation> {
        let unread = self.input.get(self.input_at..).unwrap_or_default();
        let (used, frame) = self.framer.push(unread)?;
        self.input_at += used;
        Ok(frame)
    }

    fn show(&mut self, frame: Frame) -> Result<(), Violation> {
        // the parser reads on although it was shown a whole response: it did not take it
        if self.frame.is_some() {
            return Err(Violation::Unread);
        }
        self.shown = sort::shown(&frame)?;
        self.shown_at = 0;
        self.frame = Some(frame);
        Ok(())
    }

    fn refuse(&mut self, violation: Violation) -> io::Error {
        self.violation = Some(violation);
        io::Error::other(violation)
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
            if let Some(violation) = this.violation {
                return Poll::Ready(Err(io::Error::other(violation)));
            }
            let waiting = this.shown.get(this.shown_at..).unwrap_or_default();
            if !waiting.is_empty() {
                let part = waiting.get(..buf.remaining()).unwrap_or(waiting);
                buf.put_slice(part);
                this.shown_at += part.len();
                return Poll::Ready(Ok(()));
            }
            if this.input_at < this.input.len() {
                let shown = this
                    .next_frame()
                    .and_then(|frame| frame.map_or(Ok(()), |frame| this.show(frame)));
                if let Err(violation) = shown {
                    return Poll::Ready(Err(this.refuse(violation)));
                }
            } else if !ready!(this.poll_input(cx))? {
                return Poll::Ready(Ok(()));
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
        if self.output.len() >= limits::WRITE_BUFFER {
            ready!(self.poll_drain(cx))?;
        }
        self.output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        match &mut self.link {
            Link::Server(stream) => Pin::new(stream).poll_flush(cx),
            Link::Nobody => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        match &mut self.link {
            Link::Server(stream) => Pin::new(stream).poll_shutdown(cx),
            Link::Nobody => Poll::Ready(Ok(())),
        }
    }
}
