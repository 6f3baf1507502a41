//! What a look at a mailbox that is already mirrored has to do.

use super::UidSet;
use crate::mailbox::ServerState;

/// What is known locally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalMailbox {
    /// The server's numbers when everything up to them was stored; `None` before the first look.
    pub state: Option<ServerState>,
    /// Messages of it in the store.
    pub rows: u32,
}

/// How to learn of changed flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagLook {
    /// Nothing changed.
    Nothing,
    /// FETCH FLAGS CHANGEDSINCE this modseq (RFC 7162 §3.1.4), UIDs mirrored only.
    ChangedSince(u64),
    /// FETCH FLAGS of every mirrored UID: the server keeps no modseq.
    OfMirrored,
}

/// What has to be done, in this order, and the state to store when all of it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// UIDVALIDITY changed, or this is the first look: rebuild, matching old rows with
    /// [`super::rematch`].
    Reset,
    /// Only the difference.
    Update {
        /// UIDs that may be new; empty when none are. Bounded, never `*`: `n:*` always answers with
        /// the last message even when nothing is new (RFC 9051 §6.4.8).
        new: UidSet,
        /// How to learn of changed flags.
        flags: FlagLook,
        /// Whether the UIDs have to be compared to find what vanished.
        vanished: bool,
    },
}

impl Look {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Update { new, flags: FlagLook::Nothing, vanished: false } if new.is_empty())
    }
}

/// Decides what to do. `condstore`: the server keeps modseqs (RFC 7162). Comparing is by the
/// server's own earlier numbers, because the mirror holds a window of the mailbox only.
#[must_use]
pub fn look(local: &LocalMailbox, server: &ServerState, condstore: bool) -> Look {
    let Some(old) = local.state else {
        return Look::Reset;
    };
    // UIDNEXT may never go down (RFC 9051 §2.3.1.1): the mailbox was made anew
    if old.uidvalidity != server.uidvalidity || server.uidnext < old.uidnext {
        return Look::Reset;
    }
    let new = if server.exists == 0 {
        UidSet::default()
    } else {
        UidSet::range(old.uidnext, server.uidnext.saturating_sub(1))
    };
    let flags = flags(&old, server, local.rows, condstore);
    // EXISTS cannot tell how many went when some came: what came is not known to be all there
    let vanished = local.rows > 0 && (server.exists != old.exists || !new.is_empty());
    Look::Update { vanished: vanished && may_have_vanished(&old, server, &new), new, flags }
}

/// Whether fewer messages are there than the old ones and all that can have come.
fn may_have_vanished(old: &ServerState, server: &ServerState, new: &UidSet) -> bool {
    u64::from(server.exists) != u64::from(old.exists).saturating_add(new.len())
}

/// How to learn of changed flags.
fn flags(old: &ServerState, server: &ServerState, rows: u32, condstore: bool) -> FlagLook {
    // 0 means that this mailbox keeps none (RFC 7162 §3.1.2.2)
    let kept = |modseq: Option<u64>| modseq.filter(|modseq| condstore && *modseq > 0);
    match (kept(old.modseq), kept(server.modseq)) {
        _ if rows == 0 => FlagLook::Nothing,
        (Some(old), Some(new)) if old == new => FlagLook::Nothing,
        (Some(old), Some(new)) if old < new => FlagLook::ChangedSince(old),
        // it went down (seen with Dovecot after index loss), or only one of both is known
        _ => FlagLook::OfMirrored,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(uidnext: u32, modseq: Option<u64>, exists: u32) -> ServerState {
        ServerState { uidvalidity: 1, uidnext, modseq, exists, unseen: None }
    }

    fn decide(old: ServerState, new: ServerState, condstore: bool) -> Look {
        look(&LocalMailbox { state: Some(old), rows: 5 }, &new, condstore)
    }

    fn update(new: &str, flags: FlagLook, vanished: bool) -> Look {
        Look::Update { new: new.parse().unwrap(), flags, vanished }
    }

    #[test]
    fn looks() {
        use FlagLook::{ChangedSince, Nothing, OfMirrored};
        let old = state(10, Some(7), 9);
        for (new, expected) in [
            (old, update("", Nothing, false)),
            (state(11, Some(8), 10), update("10", ChangedSince(7), false)),
            (state(13, Some(9), 12), update("10:12", ChangedSince(7), false)),
            // one came, one went
            (state(11, Some(9), 9), update("10", ChangedSince(7), true)),
            (state(10, Some(8), 8), update("", ChangedSince(7), true)),
            (state(10, Some(8), 9), update("", ChangedSince(7), false)),
            // a modseq that went down is followed down
            (state(10, Some(3), 9), update("", OfMirrored, false)),
            (state(10, Some(0), 9), update("", OfMirrored, false)),
            (state(10, None, 9), update("", OfMirrored, false)),
            (state(12, Some(8), 0), update("", ChangedSince(7), true)),
            (state(9, Some(8), 9), Look::Reset),
            (ServerState { uidvalidity: 2, ..old }, Look::Reset),
        ] {
            assert_eq!(decide(old, new, true), expected, "{new:?}");
        }
        assert_eq!(decide(old, old, false), update("", OfMirrored, false));
        assert!(decide(old, old, true).is_nothing() && !decide(old, old, false).is_nothing());
    }

    #[test]
    fn an_empty_mirror_asks_for_new_mail_only() {
        let local = LocalMailbox { state: Some(state(10, None, 9)), rows: 0 };
        assert!(look(&local, &state(10, None, 3), false).is_nothing());
        assert_eq!(
            look(&LocalMailbox { state: None, rows: 0 }, &state(1, None, 0), true),
            Look::Reset
        );
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let top = state(u32::MAX, Some(u64::MAX), u32::MAX);
        assert!(decide(top, top, true).is_nothing());
        assert!(!decide(state(1, Some(1), 0), top, true).is_nothing());
    }
}
