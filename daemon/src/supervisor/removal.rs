//! Removing an account: stopped, its grant given back, its secrets and everything of it deleted,
//! free pages included.

use super::{Accounts, missing};
use crate::account::connect;
use crate::account::store_failure;
use crate::limits;
use crate::world::clock::within;
use chapar_engine::account::Account;
use chapar_engine::credential::Auth;
use chapar_engine::event::EventKind;
use chapar_engine::id::AccountId;
use chapar_engine::verdict::Failure;
use std::sync::Arc;

impl Accounts {
    /// Stops it, gives its grant back, deletes its secrets and everything of it in the store.
    /// Killed anywhere after the first commit, the rest is done at the next start.
    pub async fn remove(&self, id: AccountId) -> Result<(), Failure> {
        let account = self.delete_stopped(id).await?;
        let vault = self.forget_secrets(&account).await;
        let store = &self.inner.parts.store;
        let message = "The account was removed; what it left in free space of the disk is \
                       overwritten at the next start.";
        store
            .scrub()
            .await
            .map_err(|error| Failure { message: message.to_owned(), ..store_failure(error) })?;
        vault
    }

    async fn delete_stopped(&self, id: AccountId) -> Result<Account, Failure> {
        let _turn = self.inner.leaving.lock().await;
        let handle = self.running(id)?;
        if tokio::time::timeout(limits::ACCOUNT_STOP, handle.stop()).await.is_err() {
            tracing::warn!(account = id.0, "removed while a delivery was under way");
        }
        self.drop_handle(id, &handle);
        self.delete(id).await?.ok_or_else(missing)
    }

    /// Everything of it in the store, and what its secrets were called, in one commit.
    async fn delete(&self, id: AccountId) -> Result<Option<Account>, Failure> {
        let parts = &self.inner.parts;
        let instance = parts.store.instance();
        let removed = parts.store.write(parts.world.clock.wall(), move |tx| {
            let Some(account) = tx.account(id)? else { return Ok(None) };
            tx.delete_account(id)?;
            tx.put_stray(&account.secret_key(&instance))?;
            // the event outlives the account: who it was is not in it
            let (name, email) = (String::new(), String::new());
            tx.append(Some(id), EventKind::AccountRemoved { name, email })?;
            Ok(Some(account))
        });
        removed.await.map_err(store_failure)
    }

    /// At the issuer as far as it answers, in the vault for good.
    async fn forget_secrets(&self, account: &Account) -> Result<(), Failure> {
        let parts = &self.inner.parts;
        if matches!(account.auth, Auth::Grant(_)) {
            let clock = Arc::clone(&parts.world.clock);
            let revoked = parts.tokens.revoke(account);
            match within(clock.as_ref(), limits::REVOKE, revoked).await {
                Some(Ok(taken)) => tracing::info!(account = account.id.0, taken, "grant revoked"),
                Some(Err(failure)) => {
                    tracing::warn!(
                        account = account.id.0,
                        code = failure.code,
                        "grant not revoked"
                    );
                }
                None => tracing::warn!(account = account.id.0, "the issuer takes no grant back"),
            }
        }
        connect::sweep(parts).await;
        if connect::is_stray(parts, &account.secret_key(&parts.store.instance())).await {
            let message = "The account was removed, but the vault could not be asked to delete its \
                           secret; that is done once it answers.";
            return Err(Failure::of("secrets.unavailable", message, None));
        }
        Ok(())
    }
}
