//! Forgetting an account's mail: off this machine, free pages included, while the account, its
//! sign-in and what waits in its outbox stay.

use super::{Accounts, lock};
use crate::account::store_failure;
use crate::limits;
use chapar_engine::event::EventKind;
use chapar_engine::id::AccountId;
use chapar_engine::verdict::Failure;

impl Accounts {
    /// Stops the account, pauses it so that nothing comes back by itself, and deletes its mirror.
    /// Killed after the commit, what it left in free pages goes at the next start.
    pub async fn forget_mail(&self, id: AccountId) -> Result<(), Failure> {
        let handle = self.running(id)?;
        if tokio::time::timeout(limits::ACCOUNT_STOP, handle.stop()).await.is_err() {
            tracing::warn!(account = id.0, "its mail forgotten while a delivery was under way");
        }
        lock(&self.inner.running).remove(&id);
        let parts = &self.inner.parts;
        let forgotten = parts.store.write(parts.world.clock.wall(), move |tx| {
            tx.forget_mail(id)?;
            tx.append(Some(id), EventKind::AccountUpdated).map(drop)
        });
        let forgotten = forgotten.await.map_err(store_failure);
        // whatever came of it, the account goes on as the store has it
        let stored = parts.store.read().and_then(|view| view.account(id));
        if let Some(account) = stored.map_err(store_failure)? {
            self.start(&account);
        }
        forgotten?;
        let message = "The mail was forgotten; what it left in free space of the disk is \
                       overwritten at the next start.";
        let scrubbed = parts.store.scrub().await;
        scrubbed.map_err(|error| Failure { message: message.to_owned(), ..store_failure(error) })
    }
}
