//! Sync planning: which messages to fetch next, and what a look at a mailbox has to do.
//!
//! Owns every decision about UIDs. It must never hold more than one mailbox's numbers at a time
//! beyond the first-sync budget, and never believe that mail is gone without a check against the
//! mass-delete guard.

mod backfill;
mod blame;
mod look;
mod merge;
mod proof;
mod room;
mod trouble;
mod uidset;

pub use backfill::{Before, Candidate, after_reset, batches, newest};
pub use blame::Blame;
pub use look::{FlagLook, LocalMailbox, Look, look};
pub use merge::{FlagChange, Merge, Rematch, Row, ServerRow, Trust, guard, merge, rematch};
pub use proof::{Difference, Proof, difference};
pub use room::{Held, Room};
pub use trouble::{Kind, Trouble, concerns_account};
pub use uidset::{BadUidSet, UidGatherer, UidSet};
