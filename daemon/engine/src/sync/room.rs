//! How much of what a server has may lie on this machine's disk: a server may send without end, and
//! a disk has one.
//!
//! Must never believe a size that a server says: what is counted are bytes that were stored.

/// What a row takes with its headers, its preview and its places in the indexes, about.
const ROW_BYTES: u64 = 4 << 10;
/// Beyond the budget, this part of it is kept for the headers of new mail.
const RESERVE: u64 = 4;

/// What may still be stored of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Nothing more.
    Nothing,
    /// Rows and headers, so that new mail is seen.
    Headers,
    /// Whole messages.
    All,
}

/// What is stored of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Messages that have a row.
    pub rows: u64,
    /// Bytes of those that are stored whole.
    pub bytes: u64,
}

impl Held {
    /// Bytes of all of it.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.bytes.saturating_add(self.rows.saturating_mul(ROW_BYTES))
    }

    /// What may be stored beside it within a budget of so many bytes.
    #[must_use]
    pub const fn room(self, budget: u64) -> Room {
        if self.total() < budget {
            Room::All
        } else if self.total() < with_reserve(budget) {
            Room::Headers
        } else {
            Room::Nothing
        }
    }

    /// How many more messages may have a row.
    #[must_use]
    pub const fn rows_left(self, budget: u64) -> u64 {
        with_reserve(budget).saturating_sub(self.total()) / ROW_BYTES
    }
}

const fn with_reserve(budget: u64) -> u64 {
    budget.saturating_add(budget / RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_end_at_the_budget_and_headers_a_quarter_later() {
        const MIB: u64 = 1 << 20;
        for (rows, bytes, room, left) in [
            (0, 0, Room::All, 320),
            (10, MIB - 10 * ROW_BYTES - 1, Room::All, 64),
            (10, MIB - 10 * ROW_BYTES, Room::Headers, 64),
            (319, 0, Room::Headers, 1),
            (320, 0, Room::Nothing, 0),
            (u64::MAX, u64::MAX, Room::Nothing, 0),
        ] {
            let held = Held { rows, bytes };
            assert_eq!((held.room(MIB), held.rows_left(MIB)), (room, left), "{held:?}");
        }
        assert_eq!(Held::default().room(u64::MAX), Room::All);
    }
}
