//! What may still be stored of the account: the worker's count, held against the person's budget.
//!
//! The count begins with what the store has and grows with what is stored. Deletions are not
//! followed: once the budget is met, the store is counted anew, once a pass.

use super::Worker;
use crate::account::report::Full;
use crate::account::store_failure;
use crate::limits;
use chapar_engine::message::Stage;
use chapar_engine::sync::{Held, Room};
use chapar_engine::verdict::Failure;

impl Worker {
    /// What may be stored now.
    pub(super) fn room(&mut self) -> Result<Room, Failure> {
        let budget = self.budget();
        if let Some(held) = self.held
            && (held.room(budget) == Room::All || self.round.recounted)
        {
            return Ok(held.room(budget));
        }
        let held = self.count_held()?;
        self.held = Some(held);
        self.round.recounted = true;
        Ok(held.room(budget))
    }

    /// Whether there is no room for what is `wanted`; what is left out is told at the end of the pass.
    pub(super) fn lacks_room(&mut self, wanted: Room) -> Result<bool, Failure> {
        let lacks = self.room()? < wanted;
        self.round.left_out |= lacks;
        Ok(lacks)
    }

    /// How many new messages may get a row in one look.
    pub(super) fn rows_left(&mut self) -> Result<usize, Failure> {
        if self.lacks_room(Room::Headers)? {
            return Ok(0);
        }
        let left = self.held.unwrap_or_default().rows_left(self.budget());
        Ok(usize::try_from(left).unwrap_or(usize::MAX).min(limits::NEW_UIDS))
    }

    /// So much was stored.
    pub(super) fn holds_more(&mut self, rows: usize, bytes: u64) {
        if let Some(held) = &mut self.held {
            held.rows += rows as u64;
            held.bytes += bytes;
        }
    }

    /// What is told of a budget that is met.
    pub(super) fn full(&self) -> Option<Full> {
        let held = self.held.filter(|_| self.round.left_out)?;
        Some(Full { held: held.total(), budget: self.budget() })
    }

    fn budget(&self) -> u64 {
        self.context.config.borrow().budget
    }

    fn count_held(&self) -> Result<Held, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let mut held = Held::default();
        for mailbox in view.mailboxes(self.context.id).map_err(store_failure)? {
            for row in view.uids(mailbox.id).map_err(store_failure)? {
                held.rows += 1;
                if row.stage == Stage::Whole {
                    held.bytes += u64::from(row.size);
                }
            }
        }
        Ok(held)
    }
}
