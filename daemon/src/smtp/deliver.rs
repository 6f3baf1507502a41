//! The message itself and its final dot. Owns the one distinction that matters for never sending
//! twice: whether writing the final dot had begun.

use super::guard::Heards;
use super::{OUT_OF_TURN, Outcome, Ready, Reply, Unheard, Wire};
use crate::world::clock::{Clock, within};
use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A line end.
const LINE_END: &[u8] = b"\r\n";
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
/// flushed, and writes the final dot when told that there is none: so "none" is the border. It is
/// never said of a message that could not be read to its end.
struct Feed<'f, R> {
    from: R,
    lines: Lines,
    /// Read and not given yet: the line end before the final dot is the last line's own.
    held: Vec<u8>,
    progress: &'f Progress,
    heards: &'f Heards,
    fault: &'f OnceLock<String>,
}

impl<R: Read> Feed<'_, R> {
    /// The next chunk; `None` at the end.
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut chunk = std::mem::take(&mut self.held);
        let held = chunk.len();
        chunk.resize(held + CHUNK, 0);
        let read = self.from.read(chunk.get_mut(held..).unwrap_or_default());
        let count = read.map_err(|error| format!("the message could not be read: {error}"))?;
        chunk.truncate(held + count);
        if count > 0 {
            self.lines.take(chunk.get(held..).unwrap_or_default())?;
            self.held = chunk.split_off(chunk.len().saturating_sub(LINE_END.len()));
            return Ok(Some(chunk));
        }
        self.lines.end()?;
        if chunk.ends_with(LINE_END) {
            chunk.truncate(chunk.len() - LINE_END.len());
        }
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }
}

impl<R: Read> Iterator for Feed<'_, R> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fault.get().is_none() {
            match self.chunk() {
                Ok(None) => {
                    self.progress.dot.store(true, Ordering::Release);
                    return None;
                }
                Ok(chunk) => {
                    self.progress.chunks.fetch_add(1, Ordering::Relaxed);
                    return chunk;
                }
                Err(fault) => {
                    self.heards.break_off();
                    drop(self.fault.set(fault));
                }
            }
        }
        // not written any more
        Some(LINE_END.to_vec())
    }
}

impl Ready<'_> {
    /// Writes what `from` gives, dot-stuffed, and the final dot, waits for the reply. It must be
    /// lines ended by CRLF; bare CR, bare LF and NUL end the connection before they are written, and
    /// so does an error of `from`: the final dot is not written then. Dropping the future ends the
    /// connection; whether the dot was written is then unknown.
    pub async fn deliver(self, from: impl Read) -> Outcome {
        let Ready { session, mut wire } = self;
        if !wire.heards.is_empty() {
            return Outcome::NotSent(OUT_OF_TURN.to_owned());
        }
        let (progress, fault) = (Progress::default(), OnceLock::new());
        let heards = wire.heards.clone();
        let feed = Feed {
            from,
            lines: Lines::default(),
            held: Vec::new(),
            progress: &progress,
            heards: &heards,
            fault: &fault,
        };
        let clock = Arc::clone(&wire.clock);
        wire.heards.be_patient(true);
        let answer = tokio::select! {
            biased;
            answer = wire.answer(feed) => answer.map_err(|why| why.to_string()),
            limit = stalled(clock.as_ref(), &progress) => {
                Err(format!("the server took nothing more within {} s", limit.as_secs()))
            }
        };
        if let Some(fault) = fault.into_inner() {
            return Outcome::NotSent(fault);
        }
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
    async fn answer(&mut self, feed: Feed<'_, impl Read>) -> Result<Reply, Unheard> {
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

/// Looks for anything by which a server could see another message's end than ours (SMTP smuggling).
#[derive(Default)]
struct Lines {
    before: u8,
}

impl Lines {
    /// Takes the next bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        for &byte in bytes {
            match (self.before, byte) {
                (b'\r', b'\n') => {}
                (b'\r', _) => return Err("the message has a CR that is not part of a line end"),
                (_, b'\n') => return Err("the message has a LF that is not part of a line end"),
                (_, 0) => return Err("the message has a NUL character"),
                _ => {}
            }
            self.before = byte;
        }
        Ok(())
    }

    /// There are no more.
    fn end(&self) -> Result<(), &'static str> {
        if self.before == b'\r' { Err("the message ends within a line end") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::io;

    fn unsendable(bytes: &[u8]) -> Option<&'static str> {
        let mut lines = Lines::default();
        let taken = bytes.chunks(1).try_for_each(|byte| lines.take(byte));
        taken.and_then(|()| lines.end()).err()
    }

    #[test]
    fn only_crlf_pairs_pass() {
        assert_eq!(unsendable(b"a\r\n.\r\nb\r\n"), None);
        assert_eq!(unsendable(b""), None);
        for bad in [&b"a\nb"[..], b"a\rb", b"a\r", b"\r\r\n", b"a\0", b"\n.\r\n"] {
            assert!(unsendable(bad).is_some(), "{bad:?}");
        }
    }

    /// Gives `bytes` in pieces of at most `at_once`, then the end or an error.
    struct Slow<'b> {
        bytes: &'b [u8],
        at_once: usize,
        fails: bool,
    }

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.bytes.len().min(self.at_once);
            if count == 0 && self.fails {
                return Err(io::Error::other("the disk is gone"));
            }
            let (piece, rest) = self.bytes.split_at(count);
            self.bytes = rest;
            out.get_mut(..count).unwrap().copy_from_slice(piece);
            Ok(count)
        }
    }

    /// What is written, whether the final dot follows, and the fault.
    fn fed(from: Slow<'_>) -> (Vec<u8>, bool, Option<String>) {
        let (progress, heards, fault) = (Progress::default(), Heards::default(), OnceLock::new());
        let lines = Lines::default();
        let feed = Feed {
            from,
            lines,
            held: Vec::new(),
            progress: &progress,
            heards: &heards,
            fault: &fault,
        };
        let written = feed.take_while(|_| !heards.is_broken_off()).flatten().collect();
        (written, progress.dot.load(Ordering::Acquire), fault.into_inner())
    }

    #[test]
    fn the_last_line_end_is_the_dots_however_the_bytes_come() {
        for at_once in 1..6 {
            for (bytes, written) in
                [(&b"ab\r\n\r\nc\r\n"[..], &b"ab\r\n\r\nc"[..]), (b"a\r\n", b"a"), (b"", b"")]
            {
                let slow = Slow { bytes, at_once, fails: false };
                assert_eq!(fed(slow), (written.to_vec(), true, None));
            }
        }
    }

    #[test]
    fn no_dot_follows_what_could_not_be_read() {
        for at_once in 1..6 {
            for bytes in [&b"ab\r\n"[..], b"", b"ab\r\ncd\r\n"] {
                let (_, dot, fault) = fed(Slow { bytes, at_once, fails: true });
                assert_eq!((dot, fault.unwrap().contains("the disk is gone")), (false, true));
            }
            let (_, dot, fault) = fed(Slow { bytes: b"a\r\n.\nb\r\n", at_once, fails: false });
            assert_eq!((dot, fault.unwrap().contains("LF")), (false, true));
        }
    }
}
