//! One client: its calls in, its answers and events out.
//!
//! One task a client. Reads run side by side, changes in the order they came; a change runs on when
//! the client leaves. Whatever a client does or leaves undone costs a bounded amount of memory.

mod caller;
mod line;
mod out;
mod progress;
mod subscriptions;
#[cfg(test)]
mod tests;

pub(in crate::ipc) use caller::Caller;

use super::{Services, blob, limits};
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::{Error, ErrorType};
use futures_util::{FutureExt, StreamExt};
use line::{Line, Stream};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Bytes of one read into the session itself: idle clients stay small.
const READ: usize = 4 << 10;

/// A client that was let in.
pub struct Session {
    services: Arc<Services>,
    scopes: BTreeSet<Scope>,
    caller: Caller,
}

/// How a conversation ended.
enum End {
    /// Everything was said, or the client is gone.
    Over,
    /// The client is out of step: it was told, and is read on for a moment.
    Fatal,
    /// The connection now carries raw bytes.
    Stream(Box<Stream>),
}

impl Session {
    /// A session with these scopes.
    #[must_use]
    pub fn new(services: Arc<Services>, scopes: BTreeSet<Scope>) -> Self {
        let caller = Caller::new(&services);
        Self { services, scopes, caller }
    }

    /// The process on the other side.
    #[must_use]
    pub fn of_process(mut self, pid: Option<i32>) -> Self {
        self.caller.pid = pid;
        self
    }

    /// Talks until the client leaves or `stop` fires.
    pub async fn serve(
        self,
        io: impl AsyncRead + AsyncWrite + Send + Unpin,
        stop: CancellationToken,
    ) {
        let (mut reader, mut writer) = tokio::io::split(io);
        let mut line = Line::new(self.services, self.scopes, self.caller);
        // A broken connection needs no answer: nobody is there to read it.
        drop(conversation(&mut line, &mut reader, &mut writer, &stop).await);
        drop(timeout(limits::FLUSH, writer.shutdown()).await);
    }
}

async fn conversation<T: AsyncRead + AsyncWrite + Send + Unpin>(
    line: &mut Line,
    reader: &mut ReadHalf<T>,
    writer: &mut WriteHalf<T>,
    stop: &CancellationToken,
) -> io::Result<()> {
    loop {
        match talk(line, reader, writer, stop).await? {
            End::Over => return Ok(()),
            End::Fatal => {
                timeout(limits::FLUSH, writer.shutdown()).await??;
                return drain(reader).await;
            }
            End::Stream(stream) => {
                let goes_on = carry(line, *stream, reader, writer, stop).await?;
                if !goes_on {
                    return Ok(());
                }
            }
        }
    }
}

async fn talk<T: AsyncRead + AsyncWrite + Send + Unpin>(
    line: &mut Line,
    reader: &mut ReadHalf<T>,
    writer: &mut WriteHalf<T>,
    stop: &CancellationToken,
) -> io::Result<End> {
    let mut head = line.head();
    let mut bytes = [0; READ];
    let mut last_words: Option<Instant> = None;
    let mut moved = Instant::now();
    loop {
        head.borrow_and_update();
        line.advance();
        if line.has_more() {
            // a client that pours does not keep a thread of the runtime to itself
            tokio::task::yield_now().await;
        }
        line.pump();
        if line.out.is_empty() {
            moved = Instant::now();
        }
        if line.is_over(last_words.is_some()) {
            return Ok(line.end());
        }
        let reading = last_words.is_none() && line.can_read();
        let until = line.partial_until().filter(|_| reading);
        let listening = line.has_subscriptions();
        let bookmark = Instant::now() + limits::BOOKMARK;
        tokio::select! {
            biased;
            () = stop.cancelled(), if last_words.is_none() => {
                line.cancel_reads();
                last_words = Some(Instant::now() + limits::FLUSH);
            }
            () = sleep_until(last_words.unwrap_or(bookmark)), if last_words.is_some() => {
                return Ok(End::Over);
            }
            Some(done) = line.flights.next(), if !line.flights.is_empty() => line.finish(done),
            written = writer.write(line.out.rest()), if !line.out.is_empty() => {
                let count = written?;
                if count == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                line.out.written(count);
                moved = Instant::now();
            }
            read = reader.read(&mut bytes), if reading => {
                line.take(bytes.get(..read?).unwrap_or_default());
            }
            changed = head.changed(), if listening => {
                // The store closed: there will be no more news.
                if changed.is_err() {
                    return Ok(End::Over);
                }
            }
            () = sleep_until(until.unwrap_or(bookmark)), if until.is_some() => {
                line.fail(&Error::new(
                    ErrorType::InvalidRequest,
                    format!("A message did not end within {} s.", limits::PARTIAL.as_secs()),
                ));
            }
            () = sleep_until(line.followed.due().unwrap_or(bookmark)), if line.followed.due().is_some() => {
                line.tell_progress();
            }
            () = sleep_until(bookmark), if listening => line.bookmark(),
            () = sleep_until(moved + limits::STALL), if line.out.holds_room() => {
                if line.services.till.is_short() {
                    tracing::info!("a client that took no answers was left: others wait for the room");
                    return Ok(End::Over);
                }
                moved = Instant::now();
            }
            () = sleep(limits::PROBE), if !reading && line.out.is_empty() => {
                probe(writer)?;
            }
        }
    }
}

/// Finds out whether a client that is not read any more is still there: its end of stream says only
/// that it has nothing more to ask. Nothing is written; a socket whose peer closed says so.
fn probe(writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    writer.write(&[]).now_or_never().map_or(Ok(()), |probed| probed.map(drop))
}

/// Carries raw bytes after a call that asked for it; true = the conversation goes on.
async fn carry<T: AsyncRead + AsyncWrite + Send + Unpin>(
    line: &mut Line,
    stream: Stream,
    reader: &mut ReadHalf<T>,
    writer: &mut WriteHalf<T>,
    stop: &CancellationToken,
) -> io::Result<bool> {
    let services = Arc::clone(&line.services);
    let caller = line.caller.clone();
    match stream {
        Stream::Open(id, params) => {
            let opened = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(false),
                opened = blob::open(&services, &caller, params) => opened,
            };
            let (reply, flow) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    line.refuse(Some(&id), &error);
                    return Ok(true);
                }
            };
            line.answer(&id, super::handlers::answer(&reply));
            blob::pour(writer, line.out.rest()).await?;
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                poured = blob::pour_all(&services, &caller, flow, writer) => poured?,
            }
        }
        Stream::Put(id, params) => {
            let head = line.take_rest();
            let put = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(false),
                put = blob::put(&services, params, head, reader) => put,
            };
            let failed = put.is_err();
            line.answer(&id, put.and_then(|reply| super::handlers::answer(&reply)));
            blob::pour(writer, line.out.rest()).await?;
            if failed {
                timeout(limits::FLUSH, writer.shutdown()).await??;
                drain(reader).await?;
            }
        }
    }
    Ok(false)
}

/// Reads on for a moment, so that the client gets to read why it was refused before the reset that
/// unread bytes would cause.
async fn drain<T: AsyncRead + AsyncWrite + Send + Unpin>(
    reader: &mut ReadHalf<T>,
) -> io::Result<()> {
    let mut bytes = [0; READ];
    let drained = timeout(limits::DRAIN, async {
        let mut drained = 0;
        while drained < limits::DRAIN_BYTES {
            match reader.read(&mut bytes).await? {
                0 => break,
                count => drained += count,
            }
        }
        Ok(())
    });
    drained.await.unwrap_or(Ok(()))
}
