//! What keeps a mirror equal: troubles and proofs.

use super::Stored;
use chapar_engine::sync::{Proof, Trouble};
use chapar_engine::time::Wall;

impl Stored for Trouble {
    /// code, reason, since, next, tries.
    type Row = (String, String, i64, i64, u32);

    fn to_row(&self) -> Self::Row {
        (self.code.clone(), self.reason.clone(), self.since.0, self.next.0, self.tries)
    }

    fn from_row((code, reason, since, next, tries): Self::Row) -> Option<Self> {
        Some(Self { code, reason, since: Wall(since), next: Wall(next), tries })
    }
}

impl Stored for Proof {
    /// since, complete, gap, at, doubted.
    type Row = (u32, bool, i64, i64, bool);

    fn to_row(&self) -> Self::Row {
        (self.since, self.complete, self.gap, self.at.0, self.doubted)
    }

    fn from_row((since, complete, gap, at, doubted): Self::Row) -> Option<Self> {
        Some(Self { since, complete, gap, at: Wall(at), doubted })
    }
}
