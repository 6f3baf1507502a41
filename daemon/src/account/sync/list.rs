//! The account's mailboxes: what the server lists, what the store has, in which order they are
//! looked at.

use super::Worker;
use crate::account::store_failure;
use crate::imap::Listed;
use crate::store::{Change, StoreError, Txn};
use chapar_engine::id::AccountId;
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::verdict::{Failure, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// What the server says of its mailboxes, found by name.
#[derive(Default)]
pub(super) struct Listing(BTreeMap<String, ServerState>);

impl Listing {
    /// The numbers of a LIST answer.
    pub(super) fn of(listed: &[Listed]) -> Self {
        let numbers = |found: &Listed| Some((found.wire_name.clone(), found.status?));
        Self(listed.iter().filter_map(numbers).collect())
    }

    /// The numbers of one mailbox, when the answer had any.
    pub(super) fn status(&self, mailbox: &Mailbox) -> Option<ServerState> {
        self.0.get(&mailbox.wire_name).copied()
    }
}

impl Worker {
    /// What the server lists. When the server refuses to list anything or breaks the session at the
    /// question, the mailboxes that are known are looked at all the same, and the pass ends with
    /// that failure.
    pub(super) async fn listing(&mut self, initial: bool) -> Result<Listing, Failure> {
        let failure = match self.list().await {
            Ok(listed) => return Ok(Listing::of(&listed)),
            Err(failure) => failure,
        };
        if initial || self.link.ended_in_time(&failure) {
            return Err(failure);
        }
        if self.link.is_broken() {
            self.link.leave().await;
            self.link.connect().await?;
        }
        self.round.unlisted = Some(failure);
        Ok(Listing::default())
    }

    /// Lists the mailboxes and brings the store's list in line.
    async fn list(&mut self) -> Result<Vec<Listed>, Failure> {
        let mut listed = self.link.session()?.list().await?;
        if listed.is_empty() {
            // No server has no mailbox; an empty answer is a fault, never a mass deletion.
            return Err(Failure {
                code: "imap.no_inbox",
                message: "The server listed no mailbox at all.".into(),
                detail: None,
                verdict: Verdict::Retry,
            });
        }
        if self.loses_mail(&listed)? {
            self.link.leave().await;
            self.link.connect().await?;
            let mut again = self.link.session()?.list().await?;
            let known = names(&listed);
            again.retain(|found| !known.contains(found.wire_name.as_str()));
            drop(known);
            listed.append(&mut again);
        }
        let (id, found) = (self.context.id, listed.clone());
        self.write(move |tx| reconcile(tx, id, &found)).await?;
        Ok(listed)
    }

    /// Whether a mailbox with mail in it is missing from a LIST answer, so that another session has
    /// to say the same: one line that is left out must not cost what is mirrored.
    fn loses_mail(&self, listed: &[Listed]) -> Result<bool, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let listed = names(listed);
        for mailbox in view.mailboxes(self.context.id).map_err(store_failure)? {
            let counts = view.counts(mailbox.id).map_err(store_failure)?;
            let rows = counts.planned + counts.summary + counts.whole;
            if rows > 0 && !listed.contains(mailbox.wire_name.as_str()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Mailboxes that are mirrored: INBOX first, then by role, then by name.
    pub(super) fn mailboxes(&self) -> Result<Vec<Mailbox>, Failure> {
        let mut mailboxes = self
            .context
            .store
            .read()
            .and_then(|view| view.mailboxes(self.context.id))
            .map_err(store_failure)?;
        mailboxes.retain(is_mirrored);
        mailboxes.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
        Ok(mailboxes)
    }
}

/// Virtual mailboxes repeat what lies elsewhere and are not mirrored.
fn is_mirrored(mailbox: &Mailbox) -> bool {
    mailbox.selectable && !matches!(mailbox.role, Some(Role::Flagged | Role::Important))
}

fn rank(mailbox: &Mailbox) -> u8 {
    match mailbox.role {
        Some(Role::Inbox) => 0,
        Some(Role::Sent) => 1,
        Some(Role::Drafts) => 2,
        None => 3,
        Some(Role::Archive | Role::All | Role::Flagged | Role::Important) => 4,
        Some(Role::Junk | Role::Trash) => 5,
    }
}

/// The names in a LIST answer.
fn names(listed: &[Listed]) -> BTreeSet<&str> {
    listed.iter().map(|found| found.wire_name.as_str()).collect()
}

/// Brings the stored mailboxes in line with a LIST answer. A mailbox that is gone from it goes
/// with its messages; one that is new waits to be planned.
fn reconcile(
    tx: &mut Txn<'_>,
    account: AccountId,
    listed: &[Listed],
) -> Result<Vec<Change>, StoreError> {
    let known = tx.mailboxes(account)?;
    // this runs on the one writer thread: never quadratic in what a server lists
    let by_name: BTreeMap<&str, &Mailbox> =
        known.iter().map(|mailbox| (mailbox.wire_name.as_str(), mailbox)).collect();
    let listed_names = names(listed);
    let mut changes = vec![];
    for found in listed {
        let old = by_name.get(found.wire_name.as_str()).copied();
        let new = Mailbox {
            id: match old {
                Some(old) => old.id,
                None => tx.new_mailbox_id()?,
            },
            account,
            name: found.name.clone(),
            wire_name: found.wire_name.clone(),
            separator: found.separator,
            role: found.role,
            selectable: found.selectable,
            subscribed: found.subscribed,
            server: old.and_then(|old| old.server),
            planned: old.is_some_and(|old| old.planned),
        };
        if old != Some(&new) {
            changes.push(if old.is_some() { Change::Updated } else { Change::Created });
            tx.put_mailbox(&new)?;
        }
    }
    for old in &known {
        if !listed_names.contains(old.wire_name.as_str()) {
            changes.push(Change::Destroyed);
            tx.delete_mailbox(old.id)?;
        }
    }
    Ok(changes)
}
