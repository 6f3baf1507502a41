//! Ctrl-C as a question: used where something has to be put right before the command ends.
//!
//! Signal handlers stay for the life of the process, so one pair of flags serves every listener.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// What a shell reports for a process that Ctrl-C ended.
const ENDED_BY_INTERRUPT: i32 = 130;

#[derive(Debug, Default)]
struct Flags {
    /// It was pressed while somebody listened.
    came: Arc<AtomicBool>,
    /// Nobody listens: it ends the process as usual.
    deaf: Arc<AtomicBool>,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();

/// Listens while it lives; afterwards Ctrl-C ends the process as usual.
#[derive(Debug)]
pub(crate) struct Interrupt(&'static Flags);

impl Interrupt {
    /// Begins to listen. Where the system refuses, Ctrl-C goes on to end the process.
    pub(crate) fn listen() -> Self {
        let flags = FLAGS.get_or_init(|| {
            let flags = Flags::default();
            let _ = register(&flags);
            flags
        });
        flags.came.store(false, Ordering::Relaxed);
        flags.deaf.store(false, Ordering::Relaxed);
        Self(flags)
    }

    /// Whether Ctrl-C was pressed.
    pub(crate) fn came(&self) -> bool {
        self.0.came.load(Ordering::Relaxed)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.deaf.store(true, Ordering::Relaxed);
    }
}

/// The order is the order in which the handlers run: a second Ctrl-C ends the process at once,
/// whatever hangs.
fn register(flags: &Flags) -> std::io::Result<()> {
    flag::register_conditional_default(SIGINT, Arc::clone(&flags.deaf))?;
    flag::register_conditional_shutdown(SIGINT, ENDED_BY_INTERRUPT, Arc::clone(&flags.came))?;
    flag::register(SIGINT, Arc::clone(&flags.came))?;
    Ok(())
}
