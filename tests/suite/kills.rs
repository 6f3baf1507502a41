//! The knob `CHAPAR_KILLS`: how often the daemon is killed.

/// How many kills a test makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kills {
    /// So many.
    Some(u64),
    /// Wherever there is something to be killed at.
    All,
}

impl Kills {
    /// As the knob says; without it `usual`.
    pub(crate) fn asked(usual: u64) -> Self {
        match std::env::var("CHAPAR_KILLS").as_deref() {
            Err(_) => Self::Some(usual),
            Ok("all") => Self::All,
            Ok(number) => Self::Some(number.parse().expect("CHAPAR_KILLS is a number or \"all\"")),
        }
    }

    /// The number, for a test that has no end of places; `full` are all.
    pub(crate) fn number(self, full: u64) -> u64 {
        match self {
            Self::Some(number) => number,
            Self::All => full,
        }
    }
}
