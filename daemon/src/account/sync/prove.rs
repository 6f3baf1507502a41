//! The mirror proves itself: counts after each look, UIDs when the counts do not add up, after
//! something went wrong, and daily. What differs is mended and counted.

use super::Worker;
use crate::account::{ingest, store_failure};
use crate::imap::{Fetched, Items, Session, Which};
use crate::limits;
use crate::store::UidRow;
use chapar_engine::id::MessageId;
use chapar_engine::mailbox::{Mailbox, ServerState};
use chapar_engine::message::Stage;
use chapar_engine::sync::{Difference, Proof, Trust, UidSet, difference, guard};
use chapar_engine::verdict::{Failure, Verdict};

/// Why the UIDs of a mailbox are compared.
#[derive(Clone, Copy)]
pub(super) struct Reason {
    /// The numbers said that messages are gone.
    pub(super) expected: bool,
    /// The proof is due, and all flags were read too.
    pub(super) whole: bool,
}

impl Worker {
    /// At the end of a pass: the mailboxes whose proof is due are looked at as a whole.
    pub(super) async fn prove(&mut self) -> Result<(), Failure> {
        let mut left = limits::PROOFS_A_PASS;
        for mailbox in self.mailboxes()? {
            if left == 0 {
                break;
            }
            let Some(server) = mailbox.server.filter(|_| mailbox.planned) else { continue };
            let failed = self.round.failed.contains(&mailbox.id);
            let is_proved = !self.is_due(&mailbox)? && self.adds_up(&mailbox, server)?;
            if failed || is_proved || self.rests(&mailbox)? {
                continue;
            }
            left -= 1;
            let end = self.look(&mailbox).await;
            self.attended(&mailbox, end).await?;
        }
        Ok(())
    }

    /// Whether the whole mailbox is to be looked at: something went wrong, or a day is over.
    pub(super) fn is_due(&self, mailbox: &Mailbox) -> Result<bool, Failure> {
        let now = self.context.now();
        Ok(self.proof(mailbox)?.is_none_or(|proof| proof.is_due(now)))
    }

    /// Whether the server's count fits the number of rows.
    pub(super) fn adds_up(&self, mailbox: &Mailbox, server: ServerState) -> Result<bool, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let counts = view.counts(mailbox.id).map_err(store_failure)?;
        let rows = counts.planned + counts.summary + counts.whole;
        let proof = view.proof(mailbox.id).map_err(store_failure)?;
        Ok(proof.is_some_and(|proof| proof.adds_up(server.exists, rows)))
    }

    /// Holds the rows of the selected mailbox against the server's UIDs and mends what differs.
    pub(super) async fn compare(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        reason: Reason,
    ) -> Result<(), Failure> {
        let rows = self.rows(mailbox)?;
        let known = self.proof(mailbox)?;
        let proof = match known {
            Some(proof) => proof,
            None => self.assume(server, &rows)?,
        };
        let found = self.differ(mailbox, server, &rows, proof).await?;
        let Difference { mut missing, gone } = found;
        if known.is_none() && missing.len() > rows.len() {
            // not a loss: the order of the UIDs is not that of the dates
            missing.clear();
        }
        let left = rows.len() + missing.len() - gone.len();
        let gone: Vec<MessageId> = rows
            .iter()
            .filter(|row| gone.binary_search(&row.uid).is_ok())
            .map(|row| row.id)
            .collect();
        let now = self.context.now();
        let renewed = proof.renewed(server.exists, left as u64, reason.whole.then_some(now));
        let stage = if known.is_some() { Stage::Arriving } else { Stage::Planned };
        let mended = missing.len() + if reason.expected { 0 } else { gone.len() };
        if mended > 0 {
            let (added, removed) = (missing.len(), gone.len());
            let (account, mailbox) = (self.context.id.0, mailbox.id.0);
            tracing::warn!(account, mailbox, added, removed, "the mirror differed and was mended");
            self.mended += mended as u64;
        }
        let (id, more) = (mailbox.id, !missing.is_empty());
        let mend = move |tx: &mut crate::store::Txn<'_>| {
            ingest::mend(tx, id, &missing, stage, &gone, &renewed)
        };
        self.round.tally.removed += self.write(mend).await?;
        if more { self.fill_arrivals(mailbox).await } else { Ok(()) }
    }

    fn proof(&self, mailbox: &Mailbox) -> Result<Option<Proof>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        view.proof(mailbox.id).map_err(store_failure)
    }

    /// What a mailbox is assumed to hold that was mirrored before there were proofs.
    fn assume(&self, server: ServerState, rows: &[UidRow]) -> Result<Proof, Failure> {
        let account = self.account()?;
        let view = self.context.store.read().map_err(store_failure)?;
        let counts = view.account_counts(account.id).map_err(store_failure)?;
        let held = counts.planned + counts.summary + counts.whole;
        let lowest = rows.first().map(|row| row.uid);
        let has_room = held < u64::from(account.window);
        Ok(Proof::assumed(server, rows.len() as u64, lowest, has_room))
    }

    /// How the rows differ from what the server has. A difference that does not fit the server's
    /// own count is asked about a second time, in other words; the loss of most of a mailbox in a
    /// second session.
    async fn differ(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        rows: &[UidRow],
        proof: Proof,
    ) -> Result<Difference, Failure> {
        let horizon = proof.horizon();
        let known: Vec<u32> = rows.iter().map(|row| row.uid).collect();
        let above = UidSet::range(horizon, server.uidnext.saturating_sub(1));
        let below: UidSet = known.iter().copied().filter(|uid| *uid < horizon).collect();
        let most = self.rows_left()?;
        let mut here = self.census(&above, server.exists).await?;
        here.add(&self.census(&below, server.exists).await?);
        let mut found = difference(&known, &here, horizon, most);
        let left = |found: &Difference| {
            (known.len() + found.missing.len()).saturating_sub(found.gone.len()) as u64
        };
        if !proof.adds_up(server.exists, left(&found)) {
            let gone: UidSet = found.gone.iter().copied().collect();
            here.add(&self.listed(&gone).await?);
            if i64::from(server.exists) - proof.gap > i64::try_from(left(&found)).unwrap_or(0) {
                here.add(&self.listed(&above).await?);
            }
            found = difference(&known, &here, horizon, most);
        }
        if guard(known.len(), found.gone.len(), false) == Trust::Suspicious {
            let mut second = self.context.second_session().await?;
            second.select(&mailbox.wire_name, true).await?;
            let gone: UidSet = found.gone.iter().copied().collect();
            here.add(&search(&mut second, &gone).await?.unwrap_or_default());
            second.logout().await;
            found = difference(&known, &here, horizon, most);
        }
        Ok(found)
    }

    /// Which of these UIDs the selected mailbox has, by SEARCH. Where SEARCH says nothing, or names
    /// more than there can be, the messages themselves are asked.
    pub(super) async fn census(&mut self, among: &UidSet, exists: u32) -> Result<UidSet, Failure> {
        if among.is_empty() {
            return Ok(UidSet::default());
        }
        let found = match search(self.link.session()?, among).await {
            Ok(found) => found.filter(|found| found.len() <= u64::from(exists)),
            Err(failure) if failure.verdict == Verdict::Refused && !self.link.is_broken() => None,
            Err(failure) => return Err(failure),
        };
        match found {
            Some(found) => Ok(found),
            None => self.listed(among).await,
        }
    }

    /// The same, by asking each message for its flags.
    async fn listed(&mut self, among: &UidSet) -> Result<UidSet, Failure> {
        let mut here = vec![];
        for set in among.commands() {
            let mut each = |fetched: Fetched| {
                if among.contains(fetched.uid) && here.len() < limits::NEW_UIDS {
                    here.push(fetched.uid);
                }
            };
            self.link.session()?.fetch(Which::Uids(set), Items::Flags, &mut each).await?;
        }
        Ok(here.into_iter().collect())
    }
}

/// Which of these UIDs there are; `None` when the server did not say it.
async fn search(session: &mut Session, among: &UidSet) -> Result<Option<UidSet>, Failure> {
    let mut here = UidSet::default();
    for set in among.commands() {
        match session.find(&format!("UID {set}")).await? {
            Some(found) => here.add(&found),
            None => return Ok(None),
        }
    }
    Ok(Some(here.common(among)))
}
