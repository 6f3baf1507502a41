//! A grant's secrets at rest: one record an account, replaced as a whole by one write to the vault.
//!
//! Two slots for the refresh token: the one in use and the one before it, which is tried once when
//! an issuer does not know the newer one. While an account is being switched to another grant the
//! record holds both grants; which of them counts is what the stored account says.

use super::Holder;
use crate::world::World;
use crate::world::secrets::Put;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Version of the record.
const VERSION: u32 = 1;
const UNWRITABLE: &str = "The renewed sign-in of this account could not be stored in the vault.";

/// The secrets of one grant.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Whose they are: issuer and client, so that a record is never taken for another's.
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: Option<Secret>,
    pub(super) refresh: Secret,
    pub(super) previous: Option<Secret>,
}

impl Entry {
    fn is_of(&self, holder: &Holder) -> bool {
        self.issuer == holder.grant.issuer.id && self.client_id == holder.grant.client_id
    }

    /// The next refresh token takes the first slot.
    pub(super) fn rotate(&mut self, next: Secret) {
        self.previous = Some(std::mem::replace(&mut self.refresh, next));
    }
}

/// The record of one account.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) entry: Entry,
    /// What the entry is about to replace.
    pub(super) replaced: Option<Entry>,
}

impl Record {
    /// The entry of the account's grant.
    pub(super) fn entry_of(&mut self, holder: &Holder) -> Option<&mut Entry> {
        if self.entry.is_of(holder) {
            return Some(&mut self.entry);
        }
        self.replaced.as_mut().filter(|entry| entry.is_of(holder))
    }

    /// Without the grant that is not the account's.
    pub(super) fn settled(&self, holder: &Holder) -> Option<Self> {
        let old = self.replaced.as_ref()?;
        let entry = if self.entry.is_of(holder) { &self.entry } else { old };
        Some(Self { entry: entry.clone(), replaced: None })
    }
}

/// Reads the record under `key`; `None` when there is none.
pub(super) async fn read(world: &World, key: &str) -> Result<Option<Record>, Failure> {
    let unreadable = "The sign-in of this account could not be read from the vault.";
    let text = world.secrets.get(key).await.map_err(|error| error.failure(unreadable))?;
    let Some(text) = text else { return Ok(None) };
    match serde_json::from_str::<Row>(text.expose()) {
        Ok(row) if row.version == VERSION => Ok(Some(row.record())),
        Ok(row) => Err(odd(&format!("it is of version {}", row.version))),
        // serde's own words may quote the text
        Err(error) => Err(odd(&format!("it is none ({:?})", error.classify()))),
    }
}

/// Writes the record under `key`, durably.
pub(super) async fn write(world: &World, key: &str, record: &Record) -> Result<(), Failure> {
    world.secrets.put(key, &text(record)?).await.map_err(|error| error.failure(UNWRITABLE))
}

/// The same with a put that was prepared.
pub(super) async fn fill(put: Put<'_>, record: &Record) -> Result<(), Failure> {
    put(text(record)?).await.map_err(|error| error.failure(UNWRITABLE))
}

fn text(record: &Record) -> Result<Secret, Failure> {
    let text = serde_json::to_string(&Row::of(record)).map_err(|error| odd(&error.to_string()))?;
    Ok(Secret::new(text))
}

/// Deletes it.
pub(super) async fn forget(world: &World, key: &str) -> Result<(), Failure> {
    let kept = "The sign-in of this account could not be deleted from the vault.";
    world.secrets.forget(key).await.map_err(|error| error.failure(kept))
}

/// The vault gave something else than was put there. Nobody ended the grant: it may come back.
pub(super) fn odd(why: &str) -> Failure {
    let said = crate::world::secrets::SecretsError::Corrupt(why.to_owned());
    said.failure("The vault's record of this account's sign-in cannot be used.")
}

#[derive(Serialize, Deserialize)]
struct Row<'r> {
    version: u32,
    entry: EntryRow<'r>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<EntryRow<'r>>,
}

/// Read, it owns its strings, which become secrets without a copy; written, it borrows them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryRow<'r> {
    issuer: Cow<'r, str>,
    client_id: Cow<'r, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Cow<'r, str>>,
    refresh: Cow<'r, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Cow<'r, str>>,
}

impl<'r> Row<'r> {
    fn of(record: &'r Record) -> Self {
        let replaced = record.replaced.as_ref().map(EntryRow::of);
        Self { version: VERSION, entry: EntryRow::of(&record.entry), replaced }
    }

    fn record(self) -> Record {
        Record { entry: self.entry.entry(), replaced: self.replaced.map(EntryRow::entry) }
    }
}

impl<'r> EntryRow<'r> {
    fn of(entry: &'r Entry) -> Self {
        let exposed = |secret: &'r Option<Secret>| secret.as_ref().map(|s| s.expose().into());
        Self {
            issuer: entry.issuer.as_str().into(),
            client_id: entry.client_id.as_str().into(),
            client_secret: exposed(&entry.client_secret),
            refresh: entry.refresh.expose().into(),
            previous: exposed(&entry.previous),
        }
    }

    fn entry(self) -> Entry {
        let secret = |text: Cow<'r, str>| Secret::new(text.into_owned());
        Entry {
            issuer: self.issuer.into_owned(),
            client_id: self.client_id.into_owned(),
            client_secret: self.client_secret.map(secret),
            refresh: secret(self.refresh),
            previous: self.previous.map(secret),
        }
    }
}
