//! What changed in a mailbox since it was last looked at: new messages, flags, deletions.

use super::Worker;
use crate::account::{ingest, store_failure};
use crate::imap::{Fetched, Items, Listed, Session, Which};
use crate::limits;
use crate::store::UidRow;
use chapar_engine::flags::Flags;
use chapar_engine::limits::BATCH_MESSAGES;
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::sync::{FlagLook, LocalMailbox, Look, Trust, UidSet, guard, look};
use chapar_engine::verdict::Failure;
use std::collections::BTreeMap;

/// Whether one look saw all that is new.
#[derive(PartialEq, Eq)]
enum More {
    None,
    Left,
}

impl Worker {
    /// Looks at a mailbox unless the numbers in the LIST answer say that nothing changed.
    pub(super) async fn look_unless_same(
        &mut self,
        mailbox: &Mailbox,
        listed: &[Listed],
    ) -> Result<(), Failure> {
        if mailbox.role == Some(Role::Inbox) && self.inbox_looked {
            return Ok(());
        }
        let status =
            listed.iter().find(|l| l.wire_name == mailbox.wire_name).and_then(|l| l.status);
        let selected = self.selected.is_some_and(|(id, _)| id == mailbox.id);
        // The numbers of the selected mailbox may be stale; only SELECT tells.
        let same =
            !selected && tells_all(status) && sync_numbers(status) == sync_numbers(mailbox.server);
        if same { Ok(()) } else { self.look(mailbox).await }
    }

    /// Looks at one mailbox and brings its mirror in line.
    pub(super) async fn look(&mut self, mailbox: &Mailbox) -> Result<(), Failure> {
        let server = self.select(mailbox).await?;
        let rows = self.rows(mailbox)?;
        let local = LocalMailbox {
            state: mailbox.server,
            rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        };
        let (new, flags, vanished) = match look(&local, &server, server.modseq.is_some()) {
            Look::Reset => return self.replan(mailbox).await,
            Look::Update { new, flags, vanished } => (new, flags, vanished),
        };
        if !new.is_empty() && self.receive(mailbox, server, &new).await? == More::Left {
            // the next look goes on where this one ended
            return Ok(());
        }
        self.reflag(mailbox, server, flags, &rows).await?;
        if vanished {
            self.forget_vanished(mailbox, &rows).await?;
        }
        let id = mailbox.id;
        self.write(move |tx| ingest::settle(tx, id, server)).await
    }

    fn rows(&self, mailbox: &Mailbox) -> Result<Vec<UidRow>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        view.uids(mailbox.id).map_err(store_failure)
    }

    /// Fetches and stores what arrived.
    async fn receive(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        new: &UidSet,
    ) -> Result<More, Failure> {
        let mut uids = vec![];
        for set in new.commands() {
            let mut each = |fetched: Fetched| {
                if new.contains(fetched.uid) && uids.len() < limits::NEW_UIDS {
                    uids.push(fetched.uid);
                }
            };
            self.session()?.fetch(Which::Uids(set), Items::Flags, &mut each).await?;
        }
        let full = uids.len() >= limits::NEW_UIDS;
        uids.sort_unstable();
        uids.dedup();
        for batch in uids.chunks(BATCH_MESSAGES) {
            let arrived = self.fetch_summaries(batch).await?;
            let next = batch.last().map_or(0, |last| last.saturating_add(1));
            let (id, validity) = (mailbox.id, server.uidvalidity);
            let fresh =
                self.write(move |tx| ingest::receive(tx, id, validity, &arrived, next)).await?;
            self.tally.added += fresh;
        }
        Ok(if full { More::Left } else { More::None })
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
            let mut hold = self.session()?.hold();
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
            self.session()?.fetch(Which::Uids(set), items, &mut each).await?;
            let flags: Vec<(u32, Flags)> = flags.into_iter().collect();
            let (id, validity) = (mailbox.id, server.uidvalidity);
            self.tally.flagged +=
                self.write(move |tx| ingest::reflag(tx, id, validity, &flags)).await?;
        }
        Ok(())
    }

    /// Finds which mirrored messages the server no longer has, and forgets them. When that is
    /// most of the mailbox, a second session has to say the same.
    async fn forget_vanished(&mut self, mailbox: &Mailbox, rows: &[UidRow]) -> Result<(), Failure> {
        let mut here = present(self.session()?, rows).await?;
        let gone = |here: &UidSet| rows.iter().filter(|row| !here.contains(row.uid)).count();
        if guard(rows.len(), gone(&here), false) == Trust::Suspicious {
            let mut second = self.context.second_session().await?;
            second.select(&mailbox.wire_name, true).await?;
            here.add(&present(&mut second, rows).await?);
            second.logout().await;
        }
        let ids: Vec<_> =
            rows.iter().filter(|row| !here.contains(row.uid)).map(|row| row.id).collect();
        if !ids.is_empty() {
            self.tally.removed += self.write(move |tx| ingest::vanish(tx, &ids)).await?;
        }
        Ok(())
    }
}

/// Which of the rows the server still has.
async fn present(session: &mut Session, rows: &[UidRow]) -> Result<UidSet, Failure> {
    let mut here = UidSet::default();
    for set in uids(rows).commands() {
        here.add(&session.search(&format!("UID {set}")).await?);
    }
    Ok(here)
}

/// Whether the numbers would tell of a flag change too.
fn tells_all(status: Option<ServerState>) -> bool {
    status.is_some_and(|status| status.modseq.is_some())
}

/// The numbers that say whether anything changed; UNSEEN comes from STATUS alone.
fn sync_numbers(state: Option<ServerState>) -> Option<ServerState> {
    state.map(|state| ServerState { unseen: None, ..state })
}

fn uids(rows: &[UidRow]) -> UidSet {
    rows.iter().map(|row| row.uid).collect()
}
