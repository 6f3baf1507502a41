//! What keeps a mirror equal to the server: which mailboxes and messages are set aside, and how each
//! mailbox was last proved. Both can be found out again, so a damaged record reads as absent.

use super::source::{NEXT, Order, Snapshot, Source, lenient};
use super::tables::{Key, Parts, Table};
use super::{Change, StoreError, Txn};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, MailboxId};
use chapar_engine::sync::{Proof, Trouble};
use std::collections::BTreeMap;

/// What is set aside of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Troubles {
    /// Mailboxes that do not open.
    pub mailboxes: BTreeMap<MailboxId, Trouble>,
    /// Messages that cannot be fetched, by mailbox and UID.
    pub messages: BTreeMap<(MailboxId, u32), Trouble>,
}

/// UID 0, which no message has, stands for the mailbox itself.
fn key(account: AccountId, mailbox: MailboxId, uid: Option<u32>) -> Key {
    Key::of(account.0).u64(mailbox.0).u32(uid.unwrap_or(0))
}

fn troubles(source: &impl Source, prefix: &Key) -> Result<Troubles, StoreError> {
    let mut found = Troubles::default();
    source.scan_prefix(Table::Troubles, prefix, Order::Up, &mut |key, bytes| {
        let mut parts = Parts(key);
        let place = parts.skip(8).and_then(|()| Some((MailboxId(parts.u64()?), parts.u32()?)));
        let trouble = lenient::<Trouble>(Table::Troubles, key, bytes);
        match place.zip(trouble) {
            Some(((mailbox, 0), trouble)) => drop(found.mailboxes.insert(mailbox, trouble)),
            Some((place, trouble)) => drop(found.messages.insert(place, trouble)),
            None => {}
        }
        NEXT
    })?;
    Ok(found)
}

impl Snapshot {
    /// Everything of an account that is set aside.
    pub fn troubles(&self, account: AccountId) -> Result<Troubles, StoreError> {
        self.guarded(|it| troubles(it, &Key::of(account.0)))
    }

    /// What is set aside of one mailbox, itself included.
    pub fn troubles_in(
        &self,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<Troubles, StoreError> {
        self.guarded(|it| troubles(it, &Key::of(account.0).u64(mailbox.0)))
    }

    /// Whether every mailbox was compared with its server's since the last doubt, and nothing is left
    /// to be fetched but what is set aside.
    pub fn is_whole(&self) -> Result<bool, StoreError> {
        for account in self.accounts()? {
            let aside = self.troubles(account.id)?;
            let planned = self.account_counts(account.id)?.planned;
            if account.first_synced_at.is_none() || planned > aside.messages.len() as u64 {
                return Ok(false);
            }
            for mailbox in self.mailboxes(account.id)? {
                let proof = self.proof(mailbox.id)?;
                let doubted = mailbox.planned && proof.is_none_or(|proof| proof.doubted);
                if doubted && !aside.mailboxes.contains_key(&mailbox.id) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// How each mirrored mailbox of an account was last proved; one that never was is not among them.
    pub fn proofs(&self, account: AccountId) -> Result<Vec<Proof>, StoreError> {
        let mailboxes = self.mailboxes(account)?;
        let proofs = mailboxes.iter().filter(|mailbox| mailbox.planned);
        proofs.filter_map(|mailbox| self.proof(mailbox.id).transpose()).collect()
    }

    /// How a mailbox was last proved.
    pub fn proof(&self, mailbox: MailboxId) -> Result<Option<Proof>, StoreError> {
        self.guarded(|it| it.cached(Table::Proofs, &Key::of(mailbox.0)))
    }
}

impl Txn<'_> {
    /// Everything of an account that is set aside.
    pub fn troubles(&self, account: AccountId) -> Result<Troubles, StoreError> {
        troubles(self, &Key::of(account.0))
    }

    /// Why a mailbox, or the message with this UID in it, is set aside, if it is.
    pub fn trouble(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        uid: Option<u32>,
    ) -> Result<Option<Trouble>, StoreError> {
        self.cached(Table::Troubles, &key(account, mailbox, uid))
    }

    /// Sets a mailbox, or the message with this UID in it, aside.
    pub fn put_trouble(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        uid: Option<u32>,
        trouble: &Trouble,
    ) -> Result<(), StoreError> {
        if uid.is_none() {
            self.touch(account, ObjectKind::Mailbox, mailbox.0, Change::Updated);
        }
        self.put(Table::Troubles, &key(account, mailbox, uid), trouble)
    }

    /// It is well again; fine when it was.
    pub fn clear_trouble(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
        uid: Option<u32>,
    ) -> Result<(), StoreError> {
        let key = key(account, mailbox, uid);
        if !self.has(Table::Troubles, &key)? {
            return Ok(());
        }
        if uid.is_none() {
            self.touch(account, ObjectKind::Mailbox, mailbox.0, Change::Updated);
        }
        self.remove(Table::Troubles, key.bytes())
    }

    /// How a mailbox was last proved.
    pub fn proof(&self, mailbox: MailboxId) -> Result<Option<Proof>, StoreError> {
        self.cached(Table::Proofs, &Key::of(mailbox.0))
    }

    /// Writes how a mailbox was proved.
    pub fn put_proof(&mut self, mailbox: MailboxId, proof: &Proof) -> Result<(), StoreError> {
        self.put(Table::Proofs, &Key::of(mailbox.0), proof)
    }

    /// Nothing of a mailbox is set aside any more.
    pub fn clear_troubles(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<(), StoreError> {
        self.clear_trouble(account, mailbox, None)?;
        self.remove_prefix(Table::Troubles, &Key::of(account.0).u64(mailbox.0))
    }

    /// Forgets both of a mailbox that goes.
    pub(super) fn forget_upkeep(
        &mut self,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<(), StoreError> {
        self.remove_prefix(Table::Troubles, &Key::of(account.0).u64(mailbox.0))?;
        self.remove(Table::Proofs, Key::of(mailbox.0).bytes())
    }
}
