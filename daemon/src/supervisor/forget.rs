//! Forgetting an account's mail: off this machine, free pages included, while the account, its
//! sign-in and what waits in its outbox stay.

use super::{Accounts, busy};
use crate::account::{Handle, store_failure};
use crate::limits;
use chapar_engine::event::EventKind;
use chapar_engine::id::AccountId;
use chapar_engine::verdict::Failure;
use std::sync::Arc;

impl Accounts {
    /// Stops the account, pauses it so that nothing comes back by itself, and deletes its mirror.
    /// Killed after the commit, what it left in free pages goes at the next start.
    pub async fn forget_mail(&self, id: AccountId) -> Result<(), Failure> {
        self.forget_stopped(id).await?;
        let message = "The mail was forgotten; what it left in free space of the disk is \
                       overwritten at the next start.";
        let scrubbed = self.inner.parts.store.scrub().await;
        scrubbed.map_err(|error| Failure { message: message.to_owned(), ..store_failure(error) })
    }

    /// A delivery that outlives the wait has to end before the account may work again: until then
    /// nothing is changed.
    async fn forget_stopped(&self, id: AccountId) -> Result<(), Failure> {
        let _turn = self.inner.leaving.lock().await;
        let handle = self.running(id)?;
        if tokio::time::timeout(limits::ACCOUNT_STOP, handle.stop()).await.is_err() {
            tracing::warn!(account = id.0, "its mail stays: a delivery is under way");
            self.inner.tasks.spawn(self.clone().go_on(id, handle));
            let message = "A delivery is under way; nothing was forgotten.";
            return Err(Failure { message: message.into(), ..busy() });
        }
        let parts = &self.inner.parts;
        let forgotten = parts.store.write(parts.world.clock.wall(), move |tx| {
            tx.forget_mail(id)?;
            tx.append(Some(id), EventKind::AccountUpdated).map(drop)
        });
        let forgotten = forgotten.await.map_err(store_failure);
        // whatever came of it, the account goes on as the store has it
        self.succeed(id, &handle);
        forgotten
    }

    /// Starts the account again once what it was doing has ended.
    pub(super) async fn go_on(self, id: AccountId, handle: Arc<Handle>) {
        handle.ended().await;
        let _turn = self.inner.leaving.lock().await;
        self.succeed(id, &handle);
    }
}
