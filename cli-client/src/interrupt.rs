//! Signals as questions: used where something has to be put right before the command ends.
//!
//! Signal handlers stay for the life of the process, and so does the action that ends it while
//! nobody listens.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Once};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

/// What a shell reports for a process that Ctrl-C ended.
const ENDED_BY_INTERRUPT: i32 = 130;

/// What a person or the system ends a command by. Ctrl-C is the first.
static ENDS: [End; 4] = [End::by(SIGINT), End::by(SIGTERM), End::by(SIGHUP), End::by(SIGQUIT)];

/// Listens to Ctrl-C while it lives; afterwards it ends the process as usual.
#[derive(Debug)]
pub(crate) struct Interrupt {
    came: Arc<AtomicBool>,
    _listening: Listening,
}

impl Interrupt {
    /// Begins to listen. Where the system refuses, Ctrl-C goes on to end the process.
    pub(crate) fn listen() -> Self {
        let came = Arc::default();
        let listening = Listening::begin(&ENDS[..1], |signal| {
            // in the order in which they run: a second one ends the process, whatever hangs
            Ok(vec![
                flag::register_conditional_shutdown(signal, ENDED_BY_INTERRUPT, Arc::clone(&came))?,
                flag::register(signal, Arc::clone(&came))?,
            ])
        });
        Self { came, _listening: listening }
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn came(&self) -> bool {
        self.came.load(Ordering::SeqCst)
    }
}

/// Nothing that a process can hear ends it while this lives. What was not answered by then does, as
/// usual.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The signal that came; 0 for none.
    came: Arc<AtomicUsize>,
    listening: Listening,
}

impl Hold {
    /// Begins to hold. What the system refuses goes on to end the process.
    pub(crate) fn begin() -> Self {
        let came = Arc::new(AtomicUsize::new(0));
        let listening = Listening::begin(&ENDS, |signal| {
            flag::register_usize(signal, Arc::clone(&came), number(signal)).map(|id| vec![id])
        });
        Self { came, listening }
    }

    /// Whether the command is to end. For Ctrl-C the answer is all; the others still end it once
    /// this is dropped.
    pub(crate) fn came(&self) -> bool {
        let interrupt = number(SIGINT);
        let was = self.came.compare_exchange(interrupt, 0, Ordering::SeqCst, Ordering::SeqCst);
        was != Err(0)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.listening.end();
        let came = self.came.load(Ordering::SeqCst);
        if let Some(end) = ENDS.iter().find(|end| number(end.signal) == came) {
            let _ = low_level::emulate_default_handler(end.signal);
        }
    }
}

/// One signal, and what it does while nobody listens.
#[derive(Debug)]
struct End {
    signal: i32,
    /// Nobody listens: it ends the process as usual.
    deaf: AtomicBool,
    known: Once,
}

impl End {
    const fn by(signal: i32) -> Self {
        Self { signal, deaf: AtomicBool::new(true), known: Once::new() }
    }

    fn set_deaf(&'static self, deaf: bool) {
        self.known.call_once(|| {
            let _ = flag::register_conditional_default(self.signal, &self.deaf);
        });
        self.deaf.store(deaf, Ordering::SeqCst);
    }
}

/// The signals somebody listens to, each with what is done when it comes.
#[derive(Debug)]
struct Listening(Vec<(&'static End, Vec<SigId>)>);

impl Listening {
    fn begin(ends: &'static [End], act: impl Fn(i32) -> io::Result<Vec<SigId>>) -> Self {
        let begin = |end: &'static End| {
            // first of all its actions
            end.set_deaf(true);
            let actions = act(end.signal).ok()?;
            end.set_deaf(false);
            Some((end, actions))
        };
        Self(ends.iter().filter_map(begin).collect())
    }

    fn end(&mut self) {
        for (end, actions) in self.0.drain(..) {
            end.set_deaf(true);
            for action in actions {
                low_level::unregister(action);
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.end();
    }
}

fn number(signal: i32) -> usize {
    usize::try_from(signal).unwrap_or_default()
}
