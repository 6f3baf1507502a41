//! What a person types: waited for so that Ctrl-C is an answer too, and not shown where it is secret.
//!
//! In the terminal's own line mode one read gives one line, so nothing is ever held back here.

use std::io::{self, BufRead, Read, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::interrupt::Interrupt;

/// Longest line typed at a prompt: what a terminal takes as one.
const LINE_BYTES: usize = 4096;
/// Ctrl-C is noticed at once; this is for one that comes just before the wait begins.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// One line with its end; `None` when the person pressed Ctrl-C or ended the input. `ask` is called
/// once Ctrl-C is an answer.
pub(super) fn line(ask: impl FnOnce()) -> io::Result<Option<String>> {
    if wait(ask)? { read() } else { Ok(None) }
}

/// What was typed meanwhile, if anything; never waits, and listens to nothing else.
pub(super) fn meanwhile() -> io::Result<Option<String>> {
    let ready = poll(&mut [PollFd::new(&io::stdin(), PollFlags::IN)], Some(&AT_ONCE))?;
    if ready > 0 { read() } else { Ok(None) }
}

fn read() -> io::Result<Option<String>> {
    let mut line = String::new();
    let limit = u64::try_from(LINE_BYTES).unwrap_or(u64::MAX);
    let taken = io::stdin().lock().take(limit).read_line(&mut line)?;
    Ok((taken > 0).then_some(line))
}

/// The same without showing it. `ask` is called once nothing is shown any more, so that whoever
/// answers at once is not seen either.
pub(super) fn hidden(ask: impl FnOnce()) -> io::Result<Option<String>> {
    let _dark = Dark::begin()?;
    if !wait(ask)? {
        return Ok(None);
    }
    // past the buffer of standard input, which would keep it
    let mut bytes = [0; LINE_BYTES];
    let taken = rustix::io::read(io::stdin(), &mut bytes)?;
    let text = String::from_utf8(bytes.get(..taken).unwrap_or_default().to_vec());
    bytes.fill(0);
    std::hint::black_box(&bytes);
    let text = text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok((taken > 0).then_some(text))
}

/// Asks and waits for input; false when Ctrl-C came instead.
fn wait(ask: impl FnOnce()) -> io::Result<bool> {
    let interrupt = Interrupt::listen();
    ask();
    let stdin = io::stdin();
    loop {
        if interrupt.came() {
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
