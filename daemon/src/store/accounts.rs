//! Accounts and identities.

use super::journal::Texts;
use super::source::{Snapshot, Source};
use super::tables::{Key, Scope, Table};
use super::{Change, Identity, StoreError, Txn};
use chapar_engine::account::Account;
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, IdentityId};

fn identities(
    source: &impl Source,
    account: Option<AccountId>,
) -> Result<Vec<Identity>, StoreError> {
    let mut all: Vec<Identity> = source.records(Table::Identities, &Key::default())?;
    all.retain(|identity| account.is_none_or(|account| identity.account == account));
    Ok(all)
}

impl Snapshot {
    /// All accounts by id.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.guarded(|it| it.records(Table::Accounts, &Key::default()))
    }

    /// One account.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.guarded(|it| it.record(Table::Accounts, &Key::of(id.0)))
    }

    /// Identities of an account, or all.
    pub fn identities(&self, account: Option<AccountId>) -> Result<Vec<Identity>, StoreError> {
        self.guarded(|it| identities(it, account))
    }
}

impl Txn<'_> {
    /// Inserts or replaces; counts the change. Two accounts cannot have one name.
    pub fn put_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let old = self.account(account.id)?;
        if old.as_ref() == Some(account) {
            return Ok(());
        }
        let named = |other: &Account| other.id != account.id && other.name == account.name;
        if self.accounts()?.iter().any(named) {
            return Err(StoreError::Conflict(format!(
                "there is an account named {} already",
                account.name
            )));
        }
        self.put(Table::Accounts, &Key::of(account.id.0), account)?;
        let change = if old.is_some() { Change::Updated } else { Change::Created };
        self.touch(account.id, ObjectKind::Account, account.id.0, change);
        Ok(())
    }

    /// One account, seen inside the transaction.
    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.record(Table::Accounts, &Key::of(id.0))
    }

    /// All accounts.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.records(Table::Accounts, &Key::default())
    }

    /// Deletes it with identities, mailboxes, messages, submissions and blob references, and takes
    /// what it and its mail said out of the journal. Works on an account whose record is damaged too.
    pub fn delete_account(&mut self, id: AccountId) -> Result<(), StoreError> {
        if !self.has(Table::Accounts, &Key::of(id.0))? {
            return Err(StoreError::Missing("account"));
        }
        self.delete_mailboxes_of(id)?;
        self.delete_submissions_of(id)?;
        for identity in identities(self, Some(id))? {
            self.remove(Table::Identities, Key::of(identity.id.0).bytes())?;
        }
        let all = Key::of(id.0);
        self.remove_prefix(Table::ThreadKeys, &all)?;
        self.forget_changes(id)?;
        self.blank_events(id, Texts::All)?;
        self.counted.remove(&Scope::Account(id.0));
        self.remove(Table::Counts, Key::scope(Scope::Account(id.0)).bytes())?;
        self.remove(Table::Accounts, all.bytes())?;
        self.want_scrub()?;
        self.touch(id, ObjectKind::Account, id.0, Change::Destroyed);
        Ok(())
    }

    /// Deletes everything mirrored of an account and the mails it sent, takes what its mail said out
    /// of the journal, and pauses it; its next sync is a first one. What waits to be sent stays.
    pub fn forget_mail(&mut self, id: AccountId) -> Result<(), StoreError> {
        let account = self.account(id)?.ok_or(StoreError::Missing("account"))?;
        self.put_account(&Account { paused: true, first_synced_at: None, ..account })?;
        self.delete_mailboxes_of(id)?;
        self.delete_finished_submissions_of(id)?;
        self.remove_prefix(Table::ThreadKeys, &Key::of(id.0))?;
        self.blank_events(id, Texts::Mail)?;
        self.want_scrub()
    }

    /// One identity.
    pub fn identity(&self, id: IdentityId) -> Result<Option<Identity>, StoreError> {
        self.record(Table::Identities, &Key::of(id.0))
    }

    /// Identities of an account, or all.
    pub fn identities(&self, account: Option<AccountId>) -> Result<Vec<Identity>, StoreError> {
        identities(self, account)
    }

    /// Inserts or replaces.
    pub fn put_identity(&mut self, identity: &Identity) -> Result<(), StoreError> {
        let old = self.identity(identity.id)?;
        if old.as_ref() == Some(identity) {
            return Ok(());
        }
        self.put(Table::Identities, &Key::of(identity.id.0), identity)?;
        let change = if old.is_some() { Change::Updated } else { Change::Created };
        self.touch(identity.account, ObjectKind::Identity, identity.id.0, change);
        // An account shows the name of its first identity.
        self.touch(identity.account, ObjectKind::Account, identity.account.0, Change::Updated);
        Ok(())
    }

    /// Deletes an identity; fine when it is gone.
    pub fn delete_identity(&mut self, id: IdentityId) -> Result<(), StoreError> {
        let Some(identity) = self.identity(id)? else {
            return Ok(());
        };
        self.remove(Table::Identities, Key::of(id.0).bytes())?;
        self.touch(identity.account, ObjectKind::Identity, id.0, Change::Destroyed);
        Ok(())
    }

    /// Notes that a secret lies, or is about to lie, in the vault without an account that refers to
    /// it: whatever happens next, it is found and deleted.
    pub fn put_stray(&mut self, vault_key: &str) -> Result<(), StoreError> {
        self.set(Table::Strays, &Key::default().name(vault_key), &[])
    }

    /// The secret is an account's now, or gone.
    pub fn drop_stray(&mut self, vault_key: &str) -> Result<(), StoreError> {
        self.remove(Table::Strays, vault_key.as_bytes())
    }

    /// Keys in the vault that are to be deleted there.
    pub fn strays(&self) -> Result<Vec<String>, StoreError> {
        let keys = self.keys(Table::Strays, &Key::default())?;
        Ok(keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).collect())
    }
}
