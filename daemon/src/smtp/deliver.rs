//! The message itself and its final dot. Owns the one distinction that matters for never sending
//! twice: whether writing the final dot had begun.

use super::{OUT_OF_TURN, Outcome, Ready, Reply, Unheard, Wire};
use crate::world::clock::{Clock, within};
use std::slice::Chunks;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Bytes written at once.
const CHUNK: usize = 32 * 1024;
/// One chunk may take this long (RFC 5321 §4.5.3.2.5: 3 minutes a block).
const BLOCK: Duration = Duration::from_mins(3);
/// The answer to the final dot may take this long (RFC 5321 §4.5.3.2.6).
const FINAL: Duration = Duration::from_mins(10);

/// How long the words of a server are waited for that hung up: they are there or do not come.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Replies to the final dot that say "go on", at most.
const UNFINISHED: usize = 8;

/// How far the writing is.
#[derive(Default)]
struct Progress {
    chunks: AtomicU64,
    dot: AtomicBool,
}

/// The message in chunks. lettre asks for the next chunk after the one before was written and
/// flushed, and writes the final dot when told that there is none: so "none" is the border.
struct Feed<'f> {
    chunks: Chunks<'f, u8>,
    progress: &'f Progress,
}

impl<'f> Iterator for Feed<'f> {
    type Item = &'f [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.chunks.next();
        if next.is_some() {
            self.progress.chunks.fetch_add(1, Ordering::Relaxed);
        } else {
            self.progress.dot.store(true, Ordering::Release);
        }
        next
    }
}

impl Ready<'_> {
    /// Writes the dot-stuffed bytes and the final dot, waits for the reply. The bytes must be
    /// lines ended by CRLF; bare CR, bare LF and NUL are refused, unsent. Dropping the future
    /// ends the connection; whether the dot was written is then unknown.
    pub async fn deliver(self, bytes: &[u8]) -> Outcome {
        let Ready { session, mut wire } = self;
        if let Some(fault) = unsendable(bytes) {
            return Outcome::NotSent(fault.to_owned());
        }
        if !wire.heards.is_empty() {
            return Outcome::NotSent(OUT_OF_TURN.to_owned());
        }
        // the CRLF before the final dot is the last line's own
        let body = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        let progress = Progress::default();
        let feed = Feed { chunks: body.chunks(CHUNK), progress: &progress };
        let clock = Arc::clone(&wire.clock);
        wire.heards.be_patient(true);
        let answer = tokio::select! {
            biased;
            answer = wire.answer(feed) => answer.map_err(|why| why.to_string()),
            limit = stalled(clock.as_ref(), &progress) => {
                Err(format!("the server took nothing more within {} s", limit.as_secs()))
            }
        };
        wire.heards.be_patient(false);
        let is_sent = progress.dot.load(Ordering::Acquire);
        match answer {
            Ok(reply) => {
                session.wire = Some(wire);
                Outcome::Answered(reply)
            }
            // of an answer that stops in the middle the code is known
            Err(error) if is_sent => match wire.heards.take_cut() {
                Some(heard) if heard.code >= 200 && heard.code / 100 != 3 => {
                    Outcome::Answered(heard.reply())
                }
                _ => Outcome::Lost(error),
            },
            Err(error) => match wire.refusal().await {
                Some(reply) => Outcome::Answered(reply),
                None => Outcome::NotSent(error),
            },
        }
    }
}

impl Wire {
    /// Writes the message and the final dot; the first reply that says what became of it. A server
    /// that answers "go on" is not done (RFC 5321 §4.2.1).
    async fn answer(&mut self, feed: Feed<'_>) -> Result<Reply, Unheard> {
        let answer = self.lettre.message_iter(feed).await;
        let mut reply = self.taken(answer)?;
        for _ in 0..UNFINISHED {
            if reply.code >= 200 && !reply.is_intermediate() {
                return Ok(reply);
            }
            let next = self.lettre.read_response().await;
            reply = self.taken(next)?;
        }
        Err(Unheard::Endless(reply.code))
    }

    /// Why a server hung up within the message, if it said so: it does not take it.
    async fn refusal(&mut self) -> Option<Reply> {
        let clock = Arc::clone(&self.clock);
        let read = within(clock.as_ref(), LAST_WORDS, self.lettre.read_response()).await?;
        self.taken(read).ok().filter(|reply| reply.code >= 400)
    }
}

/// Returns when nothing moved for longer than is allowed at that place.
async fn stalled(clock: &dyn Clock, progress: &Progress) -> Duration {
    let mut seen = None;
    let mut since = clock.boot();
    loop {
        let dot = progress.dot.load(Ordering::Acquire);
        let now = (progress.chunks.load(Ordering::Relaxed), dot);
        if seen != Some(now) {
            seen = Some(now);
            since = clock.boot();
        }
        let limit = if dot { FINAL } else { BLOCK };
        if since.after(limit) <= clock.boot() {
            return limit;
        }
        // a tenth of the limit late at most
        clock.sleep_until(clock.boot().after(limit / 10)).await;
    }
}

/// Anything by which a server could see another message's end than ours (SMTP smuggling).
fn unsendable(bytes: &[u8]) -> Option<&'static str> {
    let mut before = 0;
    for &byte in bytes {
        match (before, byte) {
            (b'\r', b'\n') => {}
            (b'\r', _) => return Some("the message has a CR that is not part of a line end"),
            (_, b'\n') => return Some("the message has a LF that is not part of a line end"),
            (_, 0) => return Some("the message has a NUL character"),
            _ => {}
        }
        before = byte;
    }
    (before == b'\r').then_some("the message ends within a line end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crlf_pairs_pass() {
        assert_eq!(unsendable(b"a\r\n.\r\nb\r\n"), None);
        assert_eq!(unsendable(b""), None);
        for bad in [&b"a\nb"[..], b"a\rb", b"a\r", b"\r\r\n", b"a\0", b"\n.\r\n"] {
            assert!(unsendable(bad).is_some(), "{bad:?}");
        }
    }
}
