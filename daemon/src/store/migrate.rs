//! Schema versions: what is in the file, and how an older one becomes the present one.
//!
//! One function a version, each with a golden old file in `golden/`. All run in one transaction:
//! a migration that is cut off has not begun.

use super::StoreError;
use super::codec::{IdentityOf1, Stored};
use super::source::Source;
use super::tables::{Key, Table};
use super::txn::{Number, Txn};

/// The schema this program writes.
pub(super) const SCHEMA: u32 = 2;

/// One migration.
type Step = fn(&mut Txn<'_>) -> Result<(), StoreError>;

/// The step from schema `n + 1` to `n + 2` is at place `n`.
const STEPS: &[Step] = &[reply_to_and_failed];

/// Key of the schema version in the meta table.
const SCHEMA_KEY: &str = "schema";

/// The schema of an open database; `None` when it has no meta record.
pub(super) fn schema(source: &impl Source) -> Result<Option<u32>, StoreError> {
    let key = Key::default().name(SCHEMA_KEY);
    let number: Option<Number> = source.record(Table::Meta, &key)?;
    Ok(number.map(|number| u32::try_from(number.0).unwrap_or(u32::MAX)))
}

/// Writes the schema version.
pub(super) fn set_schema(txn: &mut Txn<'_>, schema: u32) -> Result<(), StoreError> {
    txn.put(Table::Meta, &Key::default().name(SCHEMA_KEY), &Number(u64::from(schema)))
}

/// Brings a database of schema `from` to [`SCHEMA`].
pub(super) fn migrate(txn: &mut Txn<'_>, from: u32) -> Result<(), StoreError> {
    let done = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
    for step in STEPS.iter().skip(done) {
        step(txn)?;
    }
    set_schema(txn, SCHEMA)
}

/// 2: identities have Reply-To and Bcc; the failed submissions have an index.
fn reply_to_and_failed(txn: &mut Txn<'_>) -> Result<(), StoreError> {
    let old: Vec<IdentityOf1> = txn.records(Table::Identities, &Key::default())?;
    for IdentityOf1(identity) in old {
        txn.put(Table::Identities, &Key::of(identity.id.0), &identity)?;
    }
    txn.index_all_failed()
}

/// Who this store is: made once, never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Birth {
    /// Short id, part of every cursor.
    pub(super) instance: String,
    /// Long id, by which a replaced state directory is noticed.
    pub(super) uuid: [u8; 16],
    /// When it was made.
    pub(super) at: i64,
}

impl Stored for Birth {
    type Row = (String, [u8; 16], i64);

    fn to_row(&self) -> Self::Row {
        (self.instance.clone(), self.uuid, self.at)
    }

    fn from_row((instance, uuid, at): Self::Row) -> Option<Self> {
        Some(Self { instance, uuid, at })
    }
}

/// The key of [`Birth`].
pub(super) fn birth_key() -> Key {
    Key::default().name("birth")
}
