//! The journal: appended within a transaction, read from a cursor, forgotten in small steps.

use super::limits::{EVENTS_BYTES, JOURNAL_EVENTS, JOURNAL_MAX, JOURNAL_MS, PRUNE_STEP};
use super::source::{NEXT, Order, STOP, Snapshot, Source};
use super::tables::{Key, Parts, Table};
use super::{StoreError, Txn};
use chapar_engine::event::{Event, EventKind};
use chapar_engine::id::{AccountId, Seq};
use std::collections::BTreeMap;

fn edge(source: &impl Source, order: Order) -> Result<Seq, StoreError> {
    let mut seq = 0;
    source.scan_prefix(Table::Journal, &Key::default(), order, &mut |key, _| {
        seq = Parts(key).u64().unwrap_or_default();
        STOP
    })?;
    Ok(Seq(seq))
}

/// The newest place; 0 in an empty journal.
pub(super) fn head(source: &impl Source) -> Result<Seq, StoreError> {
    edge(source, Order::Down)
}

/// The last place that is forgotten: everything after it is kept.
pub(super) fn floor(source: &impl Source) -> Result<Seq, StoreError> {
    Ok(Seq(edge(source, Order::Up)?.0.saturating_sub(1)))
}

impl Snapshot {
    /// Events after `since`, at most `limit`; `Err(Missing("event"))` when `since` is older than
    /// what is kept.
    pub fn events(&self, since: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.events_within(since, limit, usize::MAX)
    }

    /// As [`Snapshot::events`], ending where about a megabyte of them is read; none only at the end.
    pub fn events_page(&self, since: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.events_within(since, limit, EVENTS_BYTES)
    }

    fn events_within(
        &self,
        since: Seq,
        limit: usize,
        most: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.guarded(|it| {
            if since < floor(it)? {
                return Err(StoreError::Missing("event"));
            }
            let mut events: Vec<Event> = Vec::new();
            let mut held = 0;
            let from = Key::of(since.0.saturating_add(1));
            it.scan(Table::Journal, (from.bytes(), &[]), Order::Up, &mut |key, bytes| {
                if events.len() >= limit || held >= most {
                    return STOP;
                }
                held += bytes.len();
                events.push(it.open(Table::Journal, key, bytes)?);
                NEXT
            })?;
            let gap = events.iter().zip(since.0 + 1..).any(|(event, place)| event.seq.0 != place);
            if gap {
                let place = Key::of(since.0 + 1);
                return Err(it.damaged(Table::Journal, place.bytes(), "an event is missing"));
            }
            Ok(events)
        })
    }

    /// Oldest and newest kept place; both 0 when nothing ever happened.
    pub fn journal_range(&self) -> Result<(Seq, Seq), StoreError> {
        self.guarded(|it| Ok((edge(it, Order::Up)?, edge(it, Order::Down)?)))
    }
}

impl Txn<'_> {
    /// Appends to the journal; returns its place. [`EventKind::StateChanged`] is appended by the
    /// store itself, once for each account that a change touched.
    pub fn append(
        &mut self,
        account: Option<AccountId>,
        kind: EventKind,
    ) -> Result<Seq, StoreError> {
        let seq = Seq(self.head.0 + 1);
        let event = Event { seq, at: self.now, account, kind };
        self.put(Table::Journal, &Key::of(seq.0), &event)?;
        self.head = seq;
        Ok(seq)
    }

    /// Forgets a few events that are both beyond the count and old, and destructions before them.
    pub(super) fn forget_old(&mut self) -> Result<(), StoreError> {
        let keep_from = self.head.0.saturating_sub(JOURNAL_EVENTS);
        let drop_below = self.head.0.saturating_sub(JOURNAL_MAX);
        let old = self.now.0.saturating_sub(JOURNAL_MS);
        let mut gone = Vec::new();
        self.scan(
            Table::Journal,
            (&[], Key::of(keep_from).bytes()),
            Order::Up,
            &mut |key, bytes| {
                let place = Parts(key).u64().unwrap_or_default();
                let keep = place >= drop_below
                    && self
                        .open::<Event>(Table::Journal, key, bytes)
                        .is_ok_and(|event| event.at.0 > old);
                if keep || gone.len() >= PRUNE_STEP {
                    return STOP;
                }
                gone.push(key.to_vec());
                NEXT
            },
        )?;
        for key in &gone {
            self.remove(Table::Journal, key)?;
        }
        if gone.is_empty() { Ok(()) } else { self.forget_destroyed() }
    }

    /// Takes texts of an account out of the journal; the places stay.
    pub(super) fn blank_events(
        &mut self,
        account: AccountId,
        texts: Texts,
    ) -> Result<(), StoreError> {
        let mut blanked = BTreeMap::new();
        self.scan_prefix(Table::Journal, &Key::default(), Order::Up, &mut |key, bytes| {
            let Ok(mut event) = self.open::<Event>(Table::Journal, key, bytes) else {
                return NEXT;
            };
            if event.account == Some(account) && blank(&mut event.kind, texts) {
                blanked.insert(event.seq.0, event);
            }
            NEXT
        })?;
        for (place, event) in blanked {
            self.put(Table::Journal, &Key::of(place), &event)?;
        }
        Ok(())
    }
}

/// Which texts are taken out of the journal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// Of its mail, and what servers said of it.
    Mail,
    /// What the account is called and how it fared too.
    All,
}

/// Empties the texts of an event; false when there was none.
fn blank(kind: &mut EventKind, texts: Texts) -> bool {
    match kind {
        EventKind::EmailReceived { from, subject, preview, .. } => {
            from.clear();
            subject.clear();
            preview.clear();
        }
        EventKind::SyncFailed { detail: text }
        | EventKind::SubmissionAccepted { reply: text, .. }
        | EventKind::SubmissionDeferred { reply: text, .. }
        | EventKind::SubmissionFailed { reply: text, .. } => text.clear(),
        _ if texts == Texts::Mail => return false,
        EventKind::AccountAdded { name, email } => {
            name.clear();
            email.clear();
        }
        EventKind::AccountAuthExpired { detail: text }
        | EventKind::AccountOffline { detail: text }
        | EventKind::HealthChanged { title: text, .. } => text.clear(),
        _ => return false,
    }
    true
}
