//! How many clients there is room for: descriptors are shared with mail sessions and the store.

use super::limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of descriptors, as far as the hard one lets, so that a full house of
/// clients leaves room for everything else; returns the clients that may be let in. A desktop
/// session starts its programs with 1,024 descriptors, which is all that clients alone may take:
/// then neither a refusal nor a mail server could be reached any more.
pub(super) fn seats() -> usize {
    let wanted = limits::CLIENTS as u64 + limits::OTHER_DESCRIPTORS;
    let held = getrlimit(Resource::Nofile);
    // No limit at all reads as `None`.
    let soft = held.current.unwrap_or(u64::MAX);
    let hard = held.maximum.unwrap_or(u64::MAX);
    if soft >= wanted {
        return limits::CLIENTS;
    }
    let raised = wanted.min(hard);
    let limit = Rlimit { current: Some(raised), maximum: held.maximum };
    let now = match setrlimit(Resource::Nofile, limit) {
        Ok(()) => raised,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            soft
        }
    };
    clients_within(now)
}

/// Clients within `descriptors`; always some, or nobody could ask why.
fn clients_within(descriptors: u64) -> usize {
    let room = descriptors.saturating_sub(limits::OTHER_DESCRIPTORS).max(descriptors / 2);
    usize::try_from(room).unwrap_or(usize::MAX).min(limits::CLIENTS)
}

#[cfg(test)]
mod tests {
    use super::clients_within;
    use crate::ipc::limits;

    #[test]
    fn clients_never_take_everything() {
        assert_eq!(clients_within(1 << 20), limits::CLIENTS);
        assert_eq!(clients_within(1_024), 512);
        assert_eq!(clients_within(256), 128);
    }
}
