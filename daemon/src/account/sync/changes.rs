//! What changed in a mailbox since it was last looked at: new messages, flags, deletions.
//!
//! A new message gets its row before anything of it is fetched, in the same commit that moves the
//! mailbox's UIDNEXT past it. So whatever an answer leaves out is still known to be missing.

use super::Worker;
use super::list::Listing;
use super::prove::Reason;
use crate::account::{ingest, store_failure};
use crate::imap::{Fetched, Items, Which};
use crate::limits;
use crate::store::UidRow;
use chapar_engine::flags::Flags;
use chapar_engine::limits::BATCH_MESSAGES;
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::sync::{FlagLook, LocalMailbox, Look, UidSet, look};
use chapar_engine::verdict::Failure;
use std::collections::BTreeMap;

impl Worker {
    /// Looks at a mailbox unless the numbers in the LIST answer say that nothing changed.
    pub(super) async fn look_unless_same(
        &mut self,
        mailbox: &Mailbox,
        listed: &Listing,
    ) -> Result<(), Failure> {
        let seen = mailbox.role == Some(Role::Inbox) && self.round.inbox_looked;
        if seen || !mailbox.planned || self.round.failed.contains(&mailbox.id) {
            return Ok(());
        }
        let status = listed.status(mailbox);
        // The numbers of the selected mailbox may be stale; only SELECT tells.
        let same = !self.link.has_selected(mailbox.id)
            && tells_all(status)
            && sync_numbers(status) == sync_numbers(mailbox.server);
        if same {
            self.round.well.insert(mailbox.id);
            return Ok(());
        }
        if self.rests(mailbox)? {
            return Ok(());
        }
        let end = self.look(mailbox).await;
        self.attended(mailbox, end).await
    }

    /// Looks at one mailbox and brings its mirror in line.
    pub(super) async fn look(&mut self, mailbox: &Mailbox) -> Result<(), Failure> {
        let mut server = self.link.select(mailbox).await?;
        // read after the answer: another look may have moved it on
        let Some(mailbox) = &self.known(mailbox)? else { return Ok(()) };
        let rows = self.rows(mailbox)?;
        let local = LocalMailbox {
            state: mailbox.server,
            rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        };
        let (new, flags, vanished) = match look(&local, &server, server.modseq.is_some()) {
            Look::Reset => return self.replan(mailbox).await,
            Look::Update { new, flags, vanished } => (new, flags, vanished),
        };
        if !new.is_empty() {
            let is_all = self.discover(mailbox, server, &new).await?;
            self.fill_arrivals(mailbox).await?;
            if !is_all && self.rows_left()? > 0 {
                // the next look goes on where this one ended
                return Ok(());
            }
            if !is_all && let Some(known) = self.known(mailbox)?.and_then(|known| known.server) {
                // there is no room for the others, which is nothing to flags and deletions
                server.uidnext = known.uidnext;
            }
        }
        // a change of flags that an answer left out shows only when all of them are read
        let whole = self.is_due(mailbox)?;
        let flags = if whole { FlagLook::OfMirrored } else { flags };
        self.reflag(mailbox, server, flags, &rows).await?;
        if vanished || whole || !self.adds_up(mailbox, server)? {
            self.compare(mailbox, server, Reason { expected: vanished, whole }).await?;
        }
        let id = mailbox.id;
        self.write(move |tx| ingest::settle(tx, id, server)).await
    }

    /// A mailbox as the store has it now; `None` when it is gone.
    pub(super) fn known(&self, mailbox: &Mailbox) -> Result<Option<Mailbox>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        view.mailbox(mailbox.id).map_err(store_failure)
    }

    pub(super) fn rows(&self, mailbox: &Mailbox) -> Result<Vec<UidRow>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        view.uids(mailbox.id).map_err(store_failure)
    }

    /// Gives every message that arrived its row. UIDs without a message cost a row for a moment
    /// when they are few; of many the server is asked which there are. False when there are more
    /// than one look takes up.
    async fn discover(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        new: &UidSet,
    ) -> Result<bool, Failure> {
        let few = new.len() <= BATCH_MESSAGES as u64;
        let found = if few { new.clone() } else { self.census(new, server.exists).await? };
        let most = self.rows_left()?;
        let uids: Vec<u32> = found.iter().filter(|uid| new.contains(*uid)).take(most).collect();
        let is_all = uids.len() < most;
        self.holds_more(uids.len(), 0);
        let (id, validity) = (mailbox.id, server.uidvalidity);
        for batch in uids.chunks(limits::ROWS_A_COMMIT) {
            let (batch, next) =
                (batch.to_vec(), batch.last().map_or(0, |last| last.saturating_add(1)));
            self.write(move |tx| ingest::expect(tx, id, validity, &batch, next)).await?;
        }
        if is_all {
            // what lies between is known to be no message
            let next = server.uidnext;
            self.write(move |tx| ingest::expect(tx, id, validity, &[], next)).await?;
        }
        Ok(is_all)
    }

    async fn reflag(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        need: FlagLook,
        rows: &[UidRow],
    ) -> Result<(), Failure> {
        let (items, sets) = match need {
            FlagLook::Nothing => return Ok(()),
            FlagLook::ChangedSince(modseq) => (Items::FlagsSince(modseq), vec!["1:*".to_owned()]),
            FlagLook::OfMirrored => (Items::Flags, uids(rows).commands()),
        };
        for set in sets {
            let mut flags: BTreeMap<u32, Flags> = BTreeMap::new();
            let mut hold = self.link.session()?.hold();
            let mut each = |fetched: Fetched| {
                // of what is not mirrored nothing is kept, whatever the server sends
                let known = rows.binary_search_by_key(&fetched.uid, |row| row.uid);
                let Some(row) = known.ok().and_then(|at| rows.get(at)) else { return };
                let before = match fetched.flags {
                    Some(now) if now != row.flags => {
                        hold.grow(now.weight());
                        flags.insert(fetched.uid, now)
                    }
                    Some(_) => flags.remove(&fetched.uid),
                    None => None,
                };
                hold.shrink(before.as_ref().map_or(0, Flags::weight));
            };
            self.link.session()?.fetch(Which::Uids(set), items, &mut each).await?;
            let flags: Vec<(u32, Flags)> = flags.into_iter().collect();
            let (id, validity) = (mailbox.id, server.uidvalidity);
            self.round.tally.flagged +=
                self.write(move |tx| ingest::reflag(tx, id, validity, &flags)).await?;
        }
        Ok(())
    }
}

/// Whether the numbers would tell of a flag change too.
fn tells_all(status: Option<ServerState>) -> bool {
    status.is_some_and(|status| status.modseq.is_some())
}

/// The numbers that say whether anything changed; UNSEEN comes from STATUS alone.
fn sync_numbers(state: Option<ServerState>) -> Option<ServerState> {
    state.map(|state| ServerState { unseen: None, ..state })
}

pub(super) fn uids(rows: &[UidRow]) -> UidSet {
    rows.iter().map(|row| row.uid).collect()
}
