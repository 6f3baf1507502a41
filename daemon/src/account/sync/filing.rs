//! Filing sent mail and looking for it, on the work session: when it is due, and the wait after it
//! failed.

use super::Worker;
use crate::account::{Context, file};
use chapar_engine::backoff::RETRY;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use std::sync::Arc;

/// Failures in a row, and the wait that they cost.
#[derive(Debug, Default)]
pub(super) struct Filing {
    failures: u32,
    after: Boot,
}

impl Filing {
    /// When something is to be filed or looked for next.
    pub(super) fn due(&self, context: &Context) -> Option<Boot> {
        file::next_due(context).map(|due| due.max(self.after))
    }
}

impl Worker {
    /// Files and looks for everything that is due.
    pub(super) async fn file_sent(&mut self) -> Result<(), Failure> {
        if file::next_due(&self.context).is_none_or(|due| due > self.context.world.clock.boot()) {
            return Ok(());
        }
        self.link.connect().await?;
        let context = Arc::clone(&self.context);
        file::pass(&context, self.link.lent()?).await?;
        self.filing = Filing::default();
        Ok(())
    }

    /// What is due stays due: without a wait an unreachable server would be dialled in a loop.
    pub(super) fn filing_failed(&mut self, failure: &Failure) {
        self.link.give_up(failure);
        self.filing.failures = self.filing.failures.saturating_add(1);
        let wait = RETRY.delay(self.filing.failures, self.context.world.entropy.number());
        self.filing.after = self.context.world.clock.boot().after(wait);
    }
}
