//! The message itself and its final dot. Owns the one distinction that matters for never sending
//! twice: whether writing the final dot had begun.

use super::{Outcome, Ready};
use crate::world::clock::Clock;
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
        // the CRLF before the final dot is the last line's own
        let body = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        let progress = Progress::default();
        let feed = Feed { chunks: body.chunks(CHUNK), progress: &progress };
        let clock = Arc::clone(&wire.clock);
        let answer = tokio::select! {
            biased;
            answer = wire.lettre.message_iter(feed) => wire.taken(answer),
            limit = stalled(clock.as_ref(), &progress) => {
                Err(format!("no progress within {} s", limit.as_secs()))
            }
        };
        match answer {
            Ok(reply) => {
                session.wire = Some(wire);
                Outcome::Answered(reply)
            }
            Err(error) if progress.dot.load(Ordering::Acquire) => Outcome::Lost(error),
            Err(error) => Outcome::NotSent(error),
        }
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
