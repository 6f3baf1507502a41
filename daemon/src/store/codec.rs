//! Stored representation ↔ engine types, versioned and sealed.
//!
//! A record is `version, checksum, postcard`. The checksum covers the table, the key and the
//! version too, so that a flipped key is seen as well as a flipped value.

mod account;
mod event;
mod message;
mod row;
mod submission;
mod upkeep;

pub(super) use account::IdentityOf1;
pub(super) use event::object_number;
pub(super) use row::{BlobRow, CountsRow, KeyRow, PackRow, stage_number};

use super::StoreError;
use super::tables::Table;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of the truncated BLAKE3 hash.
const CHECKSUM: usize = 8;

/// A type with a stored representation.
pub(super) trait Stored: Sized {
    /// Version of [`Stored::Row`]; changed with every change of its layout.
    const VERSION: u8 = 1;
    /// The stored representation.
    type Row: Serialize + DeserializeOwned;

    /// To the stored representation.
    fn to_row(&self) -> Self::Row;

    /// From it; `None` when a value in it has no meaning.
    fn from_row(row: Self::Row) -> Option<Self>;

    /// From the payload of an older version; `None` when it is none that was ever written.
    fn from_old(_version: u8, _payload: &[u8]) -> Option<Self> {
        None
    }
}

fn checksum(table: Table, key: &[u8], version: u8, payload: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = blake3::Hasher::new();
    hash.update(table.name().as_bytes());
    hash.update(&[0]);
    hash.update(key);
    hash.update(&[version]);
    hash.update(payload);
    let mut short = [0; CHECKSUM];
    hash.finalize_xof().fill(&mut short);
    short
}

/// The record for `value` under `key`.
pub(super) fn seal<T: Stored>(table: Table, key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
    let payload = postcard::to_allocvec(&value.to_row()).map_err(|error| StoreError::Io {
        path: table.name().into(),
        reason: format!("cannot be encoded: {error}"),
    })?;
    let mut record = Vec::with_capacity(payload.len() + CHECKSUM + 1);
    record.push(T::VERSION);
    record.extend(checksum(table, key, T::VERSION, &payload));
    record.extend(payload);
    Ok(record)
}

/// What is wrong with a record that is whole, of a version that this program does not know.
pub(super) const UNKNOWN_VERSION: &str = "its version is not known";

/// The version of a record when a newer program wrote it.
pub(super) fn newer<T: Stored>(record: &[u8]) -> Option<u8> {
    record.first().copied().filter(|version| *version > T::VERSION)
}

/// Whether the record under `key` is what was sealed, whatever it holds.
pub(super) fn is_whole(table: Table, key: &[u8], record: &[u8]) -> bool {
    let Some((version, rest)) = record.split_first() else { return false };
    let sealed = rest.split_first_chunk::<CHECKSUM>();
    sealed.is_some_and(|(sum, payload)| checksum(table, key, *version, payload) == *sum)
}

/// The value of the record under `key`, or what is wrong with it.
pub(super) fn unseal<T: Stored>(
    table: Table,
    key: &[u8],
    record: &[u8],
) -> Result<T, &'static str> {
    let (version, rest) = record.split_first().ok_or("it is empty")?;
    let (sum, payload) = rest.split_first_chunk::<CHECKSUM>().ok_or("it is too short")?;
    if checksum(table, key, *version, payload) != *sum {
        return Err("its checksum does not match");
    }
    if *version != T::VERSION {
        return T::from_old(*version, payload).ok_or(UNKNOWN_VERSION);
    }
    let row = postcard::from_bytes(payload).map_err(|_| "it cannot be decoded")?;
    T::from_row(row).ok_or("a value in it has no meaning")
}

/// Which record, for people: the table and the key as a number or as hexadecimal.
pub(super) fn name_of(table: Table, key: &[u8]) -> String {
    if let Ok(number) = <[u8; 8]>::try_from(key) {
        return format!("{} {}", table.name(), u64::from_be_bytes(number));
    }
    let number = key.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("{} {number}", table.name())
}
