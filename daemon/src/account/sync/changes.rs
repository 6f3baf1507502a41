//! What changed in a mailbox since it was last looked at: new messages, flags, deletions.

use super::Worker;
use crate::account::{ingest, store_failure};
use crate::imap::{Fetched, Items, Listed, Session, Which};
use crate::store::UidRow;
use chapar_engine::flags::Flags;
use chapar_engine::limits::BATCH_MESSAGES;
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::sync::{FlagsNeed, Look, UidSet, Vanished, look, vanished};
use chapar_engine::verdict::Failure;

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
        let same = !selected && status.is_some() && status == mailbox.server && knows_flags(status);
        if same { Ok(()) } else { self.look(mailbox).await }
    }

    /// Looks at one mailbox and brings its mirror in line.
    pub(super) async fn look(&mut self, mailbox: &Mailbox) -> Result<(), Failure> {
        let server = self.select(mailbox).await?;
        let rows = self.rows(mailbox)?;
        let condstore = server.modseq.is_some();
        match look(mailbox.server, server, condstore) {
            Look::Reset => self.replan(mailbox).await,
            Look::Changes { new_from, flags, count_before } => {
                let mut arrived = 0;
                if let Some(from) = new_from {
                    arrived = self.receive(mailbox, server, from).await?;
                }
                self.reflag(mailbox, server, flags, &rows).await?;
                if count_before.is_none_or(|before| before + arrived != u64::from(server.exists)) {
                    self.forget_vanished(mailbox, &rows).await?;
                }
                let id = mailbox.id;
                self.write(move |tx| ingest::settle(tx, id, server)).await
            }
            Look::Same => Ok(()),
        }
    }

    fn rows(&self, mailbox: &Mailbox) -> Result<Vec<UidRow>, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        view.uids(mailbox.id).map_err(store_failure)
    }

    /// Fetches and stores what arrived at or above `from`; returns how many there are.
    async fn receive(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        from: u32,
    ) -> Result<u64, Failure> {
        let mut uids = vec![];
        let mut each = |fetched: Fetched| uids.push(fetched.uid);
        let which = Which::Uids(format!("{from}:*"));
        self.session()?.fetch(which, Items::Flags, &mut each).await?;
        // `n:*` names the last message even when its UID is below n.
        uids.retain(|uid| *uid >= from);
        uids.sort_unstable();
        uids.dedup();
        for batch in uids.chunks(BATCH_MESSAGES) {
            let arrived = self.fetch_summaries(batch).await?;
            let next = batch.last().map_or(from, |last| last.saturating_add(1));
            let (id, validity) = (mailbox.id, server.uidvalidity);
            let fresh =
                self.write(move |tx| ingest::receive(tx, id, validity, &arrived, next)).await?;
            self.tally.added += fresh;
        }
        Ok(u64::try_from(uids.len()).unwrap_or(u64::MAX))
    }

    async fn reflag(
        &mut self,
        mailbox: &Mailbox,
        server: ServerState,
        need: FlagsNeed,
        rows: &[UidRow],
    ) -> Result<(), Failure> {
        let (items, sets) = match need {
            FlagsNeed::Nothing => return Ok(()),
            FlagsNeed::Since(modseq) => (Items::FlagsSince(modseq), vec!["1:*".to_owned()]),
            FlagsNeed::All => (Items::Flags, UidSet::from_uids(rows.iter().map(|r| r.uid)).split()),
        };
        for set in sets {
            let mut flags: Vec<(u32, Flags)> = vec![];
            let mut each = |fetched: Fetched| {
                if let Some(now) = fetched.flags {
                    flags.push((fetched.uid, now));
                }
            };
            self.session()?.fetch(Which::Uids(set), items, &mut each).await?;
            let (id, validity) = (mailbox.id, server.uidvalidity);
            self.tally.flagged +=
                self.write(move |tx| ingest::reflag(tx, id, validity, &flags)).await?;
        }
        Ok(())
    }

    /// Finds which mirrored messages the server no longer has, and forgets them. When that is
    /// most of the mailbox, a second session has to say the same.
    async fn forget_vanished(&mut self, mailbox: &Mailbox, rows: &[UidRow]) -> Result<(), Failure> {
        let here = present(self.session()?, rows).await?;
        let gone = match vanished(rows.iter().map(|row| row.uid), &here) {
            Vanished::Sure(gone) => gone,
            Vanished::Suspicious(gone) => {
                let login = self.context.imap_login().await?;
                let mut second = Session::login(&self.context.world, &login).await?;
                second.select(&mailbox.wire_name, true).await?;
                let again = present(&mut second, rows).await?;
                second.logout().await;
                gone.into_iter().filter(|uid| !again.contains(uid)).collect()
            }
        };
        let ids: Vec<_> =
            rows.iter().filter(|row| gone.contains(&row.uid)).map(|row| row.id).collect();
        if !ids.is_empty() {
            self.tally.removed += self.write(move |tx| ingest::vanish(tx, &ids)).await?;
        }
        Ok(())
    }
}

/// Which of the rows the server still has.
async fn present(session: &mut Session, rows: &[UidRow]) -> Result<Vec<u32>, Failure> {
    let mut here = vec![];
    for set in UidSet::from_uids(rows.iter().map(|row| row.uid)).split() {
        here.extend(session.search(&format!("UID {set}")).await?);
    }
    here.sort_unstable();
    here.dedup();
    Ok(here)
}

/// Whether the numbers tell of flag changes too.
fn knows_flags(status: Option<ServerState>) -> bool {
    status.is_some_and(|status| status.modseq.is_some())
}
