//! What a person types: waited for so that Ctrl-C is an answer too, and not shown where it is secret.
//!
//! In the terminal's own line mode one read gives one line, or the part of it before a Ctrl-D.

use std::io::{self, BufRead, Read, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::interrupt::{Hold, Interrupt};

/// Longest line typed at a prompt: what a terminal takes as one.
const LINE_BYTES: usize = 4096;
/// Ctrl-C is noticed at once; this is for one that comes just before the wait begins.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// One line with its end; `None` when the person pressed Ctrl-C or ended the input. `ask` is called
/// once Ctrl-C is an answer.
pub(super) fn line(ask: impl FnOnce()) -> io::Result<Option<String>> {
    let interrupt = Interrupt::listen();
    ask();
    if !wait(|| interrupt.came())? {
        return Ok(None);
    }
    drop(interrupt);
    let mut line = String::new();
    let limit = u64::try_from(LINE_BYTES).unwrap_or(u64::MAX);
    let taken = io::stdin().lock().take(limit).read_line(&mut line)?;
    Ok((taken > 0).then_some(line))
}

/// A line that is typed while something else is waited for, as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Meanwhile(Vec<u8>);

impl Meanwhile {
    /// The line once its end was typed; never waits, and listens to nothing else.
    pub(super) fn line(&mut self, terminal: impl AsFd) -> io::Result<Option<String>> {
        if poll(&mut [PollFd::new(&terminal, PollFlags::IN)], Some(&AT_ONCE))? == 0 {
            return Ok(None);
        }
        let part = read(terminal)?;
        self.0.extend_from_slice(&part);
        let ended = part.is_empty() || part.ends_with(b"\n") || self.0.len() >= LINE_BYTES;
        if !ended || self.0.is_empty() {
            return Ok(None);
        }
        text(std::mem::take(&mut self.0)).map(Some)
    }
}

/// One line without its end and without showing it. `ask` is called once nothing is shown any more,
/// so that whoever answers at once is not seen either.
///
/// Nothing ends the process while the terminal is dark. The bytes are never copied: they are the
/// caller's to wipe.
pub(super) fn hidden(ask: impl FnOnce()) -> io::Result<Option<String>> {
    // dropped last
    let hold = Hold::begin();
    let _dark = Dark::begin()?;
    ask();
    if !wait(|| hold.came())? {
        return Ok(None);
    }
    // past the buffer of standard input, which would keep it
    let mut bytes = read(io::stdin())?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let end = bytes.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    bytes.truncate(end.map_or(0, |last| last + 1));
    text(bytes).map(Some)
}

/// One read: a line, the part of it before a Ctrl-D, or nothing at the end of the input.
fn read(terminal: impl AsFd) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; LINE_BYTES];
    let taken = rustix::io::read(terminal, &mut bytes)?;
    bytes.truncate(taken);
    Ok(bytes)
}

/// The same bytes as text; wiped where they are none.
fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let mut bytes = error.into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
        io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8")
    })
}

/// Waits for input; false when the person gave up instead.
fn wait(gave_up: impl Fn() -> bool) -> io::Result<bool> {
    let stdin = io::stdin();
    loop {
        if gave_up() {
            // what the person reads next stands on a line of its own
            writeln!(io::stderr())?;
            return Ok(false);
        }
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A terminal that does not show what is typed, but for the end of the line. As it was when dropped.
struct Dark(Termios);

impl Dark {
    fn begin() -> io::Result<Self> {
        let was = tcgetattr(io::stdin())?;
        let mut dark = was.clone();
        dark.local_modes.remove(LocalModes::ECHO);
        dark.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Now, &dark)?;
        Ok(Self(was))
    }
}

impl Drop for Dark {
    fn drop(&mut self) {
        // a terminal that is gone shows nothing
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_typed_meanwhile_is_not_waited_for() {
        let (terminal, mut person) = io::pipe().unwrap();
        let mut meanwhile = Meanwhile::default();
        assert_eq!(meanwhile.line(&terminal).unwrap(), None);
        person.write_all(b"abc").unwrap();
        assert_eq!(meanwhile.line(&terminal).unwrap(), None, "it has no end yet");
        person.write_all("d\u{e9}\n".as_bytes()).unwrap();
        assert_eq!(meanwhile.line(&terminal).unwrap().unwrap(), "abcd\u{e9}\n");
        person.write_all(b"rest").unwrap();
        assert_eq!(meanwhile.line(&terminal).unwrap(), None);
        drop(person);
        assert_eq!(meanwhile.line(&terminal).unwrap().unwrap(), "rest", "the end ends it too");
        assert_eq!(meanwhile.line(&terminal).unwrap(), None);
    }

    #[test]
    fn what_is_no_text_is_refused_once() {
        let (terminal, mut person) = io::pipe().unwrap();
        let mut meanwhile = Meanwhile::default();
        person.write_all(b"\xff\n").unwrap();
        assert!(meanwhile.line(&terminal).is_err());
        person.write_all(b"a\n").unwrap();
        assert_eq!(meanwhile.line(&terminal).unwrap().unwrap(), "a\n");
    }
}
