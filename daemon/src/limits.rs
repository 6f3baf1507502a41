//! Every limit of the daemon, with its unit and reason.

use std::time::Duration;

/// Sleeps are cut into slices of this length, so that a suspend is noticed soon after resume.
pub const SLEEP_SLICE: Duration = Duration::from_secs(30);
