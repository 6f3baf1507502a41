//! Comparing what is mirrored with what the server lists.

use crate::flags::Flags;
use crate::id::MessageId;
use crate::time::Wall;
use std::collections::BTreeMap;

/// Share of the rows, in percent, and number of rows beyond which a loss is not believed at once.
const MASS_PERCENT: u64 = 50;
/// See [`MASS_PERCENT`].
const MASS_ROWS: usize = 20;

/// A mirrored message as far as merging needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Local id.
    pub id: MessageId,
    /// Its UID.
    pub uid: u32,
    /// Its flags in the store.
    pub flags: Flags,
}

/// What the server says of one UID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRow {
    /// UID.
    pub uid: u32,
    /// Its flags, when they were asked for.
    pub flags: Option<Flags>,
}

/// New flags of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagChange {
    /// Which message.
    pub id: MessageId,
    /// All its flags now.
    pub flags: Flags,
}

/// The difference.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Merge {
    /// Mirrored, but not on the server any more.
    pub vanished: Vec<MessageId>,
    /// Flags that differ.
    pub flags: Vec<FlagChange>,
}

/// Whether a loss may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Delete the rows.
    Believe,
    /// More is gone than is likely: keep everything, ask again in a second session, and believe it
    /// when that says the same. Servers have answered "empty" by mistake.
    Suspicious,
}

/// Compares rows with the server's list. `complete`: the list holds every UID of the rows that is
/// still there; without it nothing counts as vanished (an answer to CHANGEDSINCE lists only what
/// changed).
#[must_use]
pub fn merge(rows: &[Row], server: &[ServerRow], complete: bool) -> Merge {
    let listed: BTreeMap<u32, Option<&Flags>> =
        server.iter().fold(BTreeMap::new(), |mut all, row| {
            // a UID may be listed twice; what has flags counts
            let flags = all.entry(row.uid).or_insert(None);
            *flags = row.flags.as_ref().or(*flags);
            all
        });
    let mut merge = Merge::default();
    for row in rows {
        match listed.get(&row.uid) {
            None if complete => merge.vanished.push(row.id),
            Some(Some(flags)) if **flags != row.flags => {
                merge.flags.push(FlagChange { id: row.id, flags: (*flags).clone() });
            }
            _ => {}
        }
    }
    merge
}

/// The mass-delete guard: `vanished` of `rows` are gone; `confirmed` says that a second session saw
/// the same.
#[must_use]
pub fn guard(rows: usize, vanished: usize, confirmed: bool) -> Trust {
    let share = (vanished as u64).saturating_mul(100) > (rows as u64).saturating_mul(MASS_PERCENT);
    if share && vanished > MASS_ROWS && !confirmed { Trust::Suspicious } else { Trust::Believe }
}

/// What a message is recognised by after UIDVALIDITY changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rematch {
    /// Message-ID, if it has one.
    pub message_id: Option<String>,
    /// RFC822.SIZE.
    pub size: u32,
    /// INTERNALDATE.
    pub received_at: Wall,
}

/// Finds each new UID's old row: same Message-ID, size and INTERNALDATE. Each row is used once, so
/// equal mails are paired one by one, in order. What is not found is new, what is left over is gone.
#[must_use]
pub fn rematch(old: &[(MessageId, Rematch)], new: &[(u32, Rematch)]) -> BTreeMap<u32, MessageId> {
    let mut known: BTreeMap<&Rematch, Vec<MessageId>> = BTreeMap::new();
    // reversed, because the oldest is taken first and from the end
    for (id, mark) in old.iter().rev() {
        known.entry(mark).or_default().push(*id);
    }
    new.iter().filter_map(|(uid, mark)| Some((*uid, known.get_mut(mark)?.pop()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, uid: u32, flags: &[&str]) -> Row {
        Row { id: MessageId(id), uid, flags: Flags::parse(flags) }
    }

    fn seen(uid: u32, flags: Option<&[&str]>) -> ServerRow {
        ServerRow { uid, flags: flags.map(Flags::parse) }
    }

    #[test]
    fn vanished_and_changed_are_found() {
        let rows = [row(1, 10, &["\\Seen"]), row(2, 11, &[]), row(3, 12, &[])];
        let server = [seen(12, Some(&["\\Flagged"])), seen(10, Some(&["\\SEEN"])), seen(99, None)];
        let complete = merge(&rows, &server, true);
        assert_eq!(complete.vanished, [MessageId(2)]);
        assert_eq!(
            complete.flags,
            [FlagChange { id: MessageId(3), flags: Flags::parse(&["\\Flagged"]) }]
        );
        assert!(merge(&rows, &server, false).vanished.is_empty());
        assert!(merge(&rows, &[], false).flags.is_empty());
    }

    #[test]
    fn a_uid_listed_twice_keeps_its_flags() {
        let rows = [row(1, 1, &[])];
        for server in [
            [seen(1, Some(&["\\Seen"])), seen(1, None)],
            [seen(1, None), seen(1, Some(&["\\Seen"]))],
        ] {
            assert_eq!(merge(&rows, &server, true).flags.len(), 1);
        }
    }

    #[test]
    fn a_mass_loss_has_to_be_said_twice() {
        for (rows, vanished, confirmed, trust) in [
            (100, 50, false, Trust::Believe),
            (100, 51, false, Trust::Suspicious),
            (100, 51, true, Trust::Believe),
            (20, 20, false, Trust::Believe),
            (21, 21, false, Trust::Suspicious),
            (0, 0, false, Trust::Believe),
        ] {
            assert_eq!(guard(rows, vanished, confirmed), trust, "{vanished} of {rows}");
        }
    }

    #[test]
    fn mails_are_recognised_after_a_reset() {
        let mark = |id: &str, size| Rematch {
            message_id: Some(id.to_owned()).filter(|id| !id.is_empty()),
            size,
            received_at: Wall(5),
        };
        let old = [
            (MessageId(1), mark("a", 1)),
            (MessageId(2), mark("a", 1)),
            (MessageId(3), mark("a", 2)),
            (MessageId(4), mark("", 9)),
        ];
        let new = [
            (1, mark("a", 1)),
            (2, mark("a", 1)),
            (3, mark("a", 1)),
            (4, mark("b", 2)),
            (5, mark("", 9)),
        ];
        let found = rematch(&old, &new);
        let expected = [(1, MessageId(1)), (2, MessageId(2)), (5, MessageId(4))];
        assert_eq!(found, BTreeMap::from(expected));
    }
}
