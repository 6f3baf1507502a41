//! What changed since a state (RFC 8620 §5.2): one row an object, moved to its newest place.
//!
//! A row keeps the place of creation, so folding "created, then updated" needs no history.

use super::codec::object_number;
use super::limits::PRUNE_STEP;
use super::source::{NEXT, Order, STOP, Snapshot, Source};
use super::tables::{Key, Parts, Table};
use super::{Change, StoreError, Txn};
use chapar_engine::event::{EventKind, ObjectKind};
use chapar_engine::id::{AccountId, Seq};
use std::collections::BTreeMap;

/// Changes, the state they lead to, whether there are more.
pub type ChangePage = (Vec<(u64, Change)>, Seq, bool);

/// Accounts are one list for all, so their changes are counted together.
fn owner(account: AccountId, kind: ObjectKind) -> u64 {
    if kind == ObjectKind::Account { 0 } else { account.0 }
}

fn prefix(account: AccountId, kind: ObjectKind) -> Key {
    Key::of(owner(account, kind)).u8(object_number(kind))
}

fn state_of(source: &impl Source, account: AccountId, kind: ObjectKind) -> Result<Seq, StoreError> {
    let value = source.get(Table::States, prefix(account, kind).bytes())?;
    Ok(Seq(value.and_then(|bytes| Parts(&bytes).u64()).unwrap_or_default()))
}

impl Snapshot {
    /// The state of a type: place of its last change (RFC 8620 §5.1). The changes of
    /// [`ObjectKind::Account`] are counted over all accounts; `account` is ignored for it.
    pub fn state(&self, account: AccountId, kind: ObjectKind) -> Result<Seq, StoreError> {
        self.guarded(|it| state_of(it, account, kind))
    }

    /// Changes of a type after `since`, oldest first, one entry an object (folded), at most
    /// `limit`; second = the state they lead to, third = more. What was created and destroyed
    /// since is left out. The changes of one place are never split: when the first place alone
    /// has more than `limit`, all of them are given. `Err(Missing("state"))` when `since` is
    /// older than what is kept, or was never a state.
    pub fn changes(
        &self,
        account: AccountId,
        kind: ObjectKind,
        since: Seq,
        limit: usize,
    ) -> Result<ChangePage, StoreError> {
        self.guarded(|it| {
            let state = state_of(it, account, kind)?;
            if since < super::journal::floor(it)? || since > super::journal::head(it)? {
                return Err(StoreError::Missing("state"));
            }
            let mut folded = Folded::new(since, limit);
            let from = prefix(account, kind).u64(since.0.saturating_add(1));
            let end = prefix(account, kind).end();
            it.scan(Table::Changes, (from.bytes(), &end), Order::Up, &mut |key, bytes| {
                let mut parts = Parts(key);
                let place = parts.skip(9).and_then(|()| Some((parts.u64()?, parts.u64()?)));
                let (place, id) =
                    place.ok_or_else(|| it.damaged(Table::Changes, key, "its key is short"))?;
                let row: (u64, Change) = it.open(Table::Changes, key, bytes)?;
                if folded.add(Seq(place), id, row) { NEXT } else { STOP }
            })?;
            let reached = if folded.more { folded.reached } else { state.max(since) };
            Ok((folded.changes, reached, folded.more))
        })
    }
}

/// A page of folded changes under construction.
struct Folded {
    since: Seq,
    limit: usize,
    changes: Vec<(u64, Change)>,
    /// How many of `changes` lie before the place being read.
    whole: usize,
    /// The place before the place being read.
    reached: Seq,
    /// The place being read.
    place: Seq,
    more: bool,
}

impl Folded {
    fn new(since: Seq, limit: usize) -> Self {
        let changes = Vec::new();
        Self { since, limit, changes, whole: 0, reached: since, place: since, more: false }
    }

    /// Takes a row; false when the page is full.
    fn add(&mut self, place: Seq, id: u64, (created, last): (u64, Change)) -> bool {
        if place != self.place {
            self.whole = self.changes.len();
            self.reached = self.place;
            self.place = place;
        }
        let change = match (created > self.since.0, last) {
            (true, Change::Destroyed) => return true,
            (true, _) => Change::Created,
            (false, last) => last,
        };
        if self.changes.len() >= self.limit && self.whole > 0 {
            self.changes.truncate(self.whole);
            self.more = true;
            return false;
        }
        self.changes.push((id, change));
        true
    }
}

impl Txn<'_> {
    /// Writes the changes of this change, each account's under the place of its `StateChanged`.
    pub(super) fn write_changes(&mut self) -> Result<(), StoreError> {
        let touched = std::mem::take(&mut self.touched);
        let mut accounts: BTreeMap<AccountId, Vec<ObjectKind>> = BTreeMap::new();
        for (account, kind, _) in touched.keys() {
            let kinds = accounts.entry(*account).or_default();
            if kinds.last() != Some(kind) {
                kinds.push(*kind);
            }
        }
        let mut places = BTreeMap::new();
        for (account, types) in accounts {
            for kind in &types {
                places.insert((account, *kind), Seq(self.head.0 + 1));
                let state = (self.head.0 + 1).to_be_bytes();
                self.set(Table::States, &prefix(account, *kind), &state)?;
            }
            self.append(Some(account), EventKind::StateChanged { types })?;
        }
        for ((account, kind, id), change) in touched {
            if let Some(place) = places.get(&(account, kind)) {
                self.write_change(account, kind, id, change, *place)?;
            }
        }
        Ok(())
    }

    fn write_change(
        &mut self,
        account: AccountId,
        kind: ObjectKind,
        id: u64,
        change: Change,
        place: Seq,
    ) -> Result<(), StoreError> {
        let object = prefix(account, kind).u64(id);
        let mut created = if change == Change::Created { place.0 } else { 0 };
        if let Some(bytes) = self.get(Table::LastChange, object.bytes())? {
            let mut parts = Parts(&bytes);
            let (last, first) = (parts.u64().unwrap_or_default(), parts.u64().unwrap_or_default());
            self.remove(Table::Changes, prefix(account, kind).u64(last).u64(id).bytes())?;
            created = first;
        }
        let row = (created, change);
        self.put(Table::Changes, &prefix(account, kind).u64(place.0).u64(id), &row)?;
        if change == Change::Destroyed {
            let key = Key::of(place.0).u64(owner(account, kind)).u8(object_number(kind)).u64(id);
            self.set(Table::Destroyed, &key, &[])?;
            self.remove(Table::LastChange, object.bytes())
        } else {
            let value = Key::of(place.0).u64(created);
            self.set(Table::LastChange, &object, value.bytes())
        }
    }

    /// Forgets a few destructions that no kept state can ask for.
    pub(super) fn forget_destroyed(&mut self) -> Result<(), StoreError> {
        let floor = super::journal::floor(self)?;
        let mut gone = Vec::new();
        let end = Key::of(floor.0.saturating_add(1));
        self.scan(Table::Destroyed, (&[], end.bytes()), Order::Up, &mut |key, _| {
            gone.push(key.to_vec());
            if gone.len() < PRUNE_STEP { NEXT } else { STOP }
        })?;
        for key in gone {
            let mut parts = Parts(&key);
            let change = (parts.u64(), parts.u64(), parts.u8(), parts.u64());
            if let (Some(place), Some(owner), Some(kind), Some(id)) = change {
                self.remove(Table::Changes, Key::of(owner).u8(kind).u64(place).u64(id).bytes())?;
            }
            self.remove(Table::Destroyed, &key)?;
        }
        Ok(())
    }

    /// Forgets all that was counted for an account that is gone.
    pub(super) fn forget_changes(&mut self, account: AccountId) -> Result<(), StoreError> {
        let all = Key::of(account.0);
        for table in [Table::Changes, Table::LastChange, Table::States] {
            self.remove_prefix(table, &all)?;
        }
        self.touched
            .retain(|(owner, kind, _), _| *owner != account || *kind == ObjectKind::Account);
        Ok(())
    }
}
