//! Records that are the store's own: counts, blobs, packs, idempotency keys.

use super::Stored;
use crate::store::{Change, UidRow};
use chapar_engine::flags::Flags;
use chapar_engine::id::MessageId;
use chapar_engine::message::Stage;
use chapar_engine::time::Wall;
use serde::{Deserialize, Serialize};

/// Where a blob lies and how often it is referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct BlobRow {
    pub(in crate::store) pack: u32,
    pub(in crate::store) offset: u64,
    /// Length of the record in the pack, header included.
    pub(in crate::store) len: u32,
    pub(in crate::store) raw_len: u32,
    pub(in crate::store) refs: u32,
}

/// What is known of a pack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct PackRow {
    /// Bytes that are committed; what lies behind them is forgotten at start.
    pub(in crate::store) len: u64,
    /// Bytes of blobs that are referred to.
    pub(in crate::store) live: u64,
}

/// An idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct KeyRow {
    pub(in crate::store) submission: u64,
    pub(in crate::store) fingerprint: [u8; 32],
}

/// Counts of one scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct CountsRow {
    pub(in crate::store) planned: u64,
    pub(in crate::store) summary: u64,
    pub(in crate::store) whole: u64,
    pub(in crate::store) unseen: u64,
    pub(in crate::store) missing_bytes: u64,
    pub(in crate::store) listed: u64,
}

macro_rules! own_row {
    ($($name:ty),*) => {$(
        impl Stored for $name {
            type Row = Self;
            fn to_row(&self) -> Self {
                *self
            }
            fn from_row(row: Self) -> Option<Self> {
                Some(row)
            }
        }
    )*};
}
own_row!(BlobRow, PackRow, KeyRow, CountsRow);

/// Number of a stage in keys and records.
pub(in crate::store) const fn stage_number(stage: Stage) -> u8 {
    match stage {
        Stage::Planned => 0,
        Stage::Summary => 1,
        Stage::Whole => 2,
        Stage::Poison => 3,
        Stage::Arriving => 4,
    }
}

/// The stage of a number.
pub(in crate::store) const fn stage_of(number: u8) -> Option<Stage> {
    Some(match number {
        0 => Stage::Planned,
        1 => Stage::Summary,
        2 => Stage::Whole,
        3 => Stage::Poison,
        4 => Stage::Arriving,
        _ => return None,
    })
}

impl Stored for UidRow {
    type Row = (u32, u64, u8, u32, i64, Vec<String>);

    fn to_row(&self) -> Self::Row {
        (
            self.uid,
            self.id.0,
            stage_number(self.stage),
            self.size,
            self.received_at.0,
            flags_row(&self.flags),
        )
    }

    fn from_row((uid, id, stage, size, received_at, flags): Self::Row) -> Option<Self> {
        Some(Self {
            uid,
            id: MessageId(id),
            stage: stage_of(stage)?,
            size,
            received_at: Wall(received_at),
            flags: flags.into_iter().collect(),
        })
    }
}

/// Flags as stored.
pub(super) fn flags_row(flags: &Flags) -> Vec<String> {
    flags.iter().map(str::to_owned).collect()
}

/// The changes table's value: place of creation and whether the object is gone.
impl Stored for (u64, Change) {
    type Row = (u64, bool);

    fn to_row(&self) -> Self::Row {
        (self.0, self.1 == Change::Destroyed)
    }

    fn from_row((created, destroyed): Self::Row) -> Option<Self> {
        let change = if destroyed { Change::Destroyed } else { Change::Updated };
        Some((created, change))
    }
}
