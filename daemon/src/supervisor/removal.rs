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

/// What becomes of mail that was accepted and not sent when its account goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It keeps the account here: `submission.waiting`.
    Keep,
    /// It goes with the account.
    Discard,
}

/// So many mails of the outbox keep what was to go, and therefore `so`.
#[must_use]
pub fn still_waiting(mails: u64, so: &str) -> Failure {
    let wait = if mails == 1 { "mail waits" } else { "mails wait" };
    let message = format!("{mails} {wait} in the outbox; {so}.");
    Failure::of("submission.waiting", message, None)
}

impl Accounts {
    /// Stops it, gives its grant back, deletes its secrets and everything of it in the store.
    /// Killed anywhere after the first commit, the rest is done at the next start.
    pub async fn remove(&self, id: AccountId, unsent: Unsent) -> Result<(), Failure> {
        let account = self.delete_stopped(id, unsent).await?;
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

    /// Whatever goes wrong, the account goes on as the store has it.
    async fn delete_stopped(&self, id: AccountId, unsent: Unsent) -> Result<Account, Failure> {
        let _turn = self.inner.leaving.lock().await;
        // one that is not at work is removed all the same: the store says whether there is one
        let Some(handle) = self.handle(id) else { return self.delete(id, unsent).await };
        if tokio::time::timeout(limits::ACCOUNT_STOP, handle.stop()).await.is_err() {
            tracing::warn!(account = id.0, "removed while a delivery was under way");
        }
        let deleted = self.delete(id, unsent).await;
        if deleted.is_ok() {
            self.drop_handle(id, &handle);
        } else {
            self.inner.tasks.spawn(self.clone().go_on(id, handle));
        }
        deleted
    }

    /// Everything of it in the store, and what its secrets were called, in one commit.
    async fn delete(&self, id: AccountId, unsent: Unsent) -> Result<Account, Failure> {
        let parts = &self.inner.parts;
        let instance = parts.store.instance();
        let deleted = parts.store.write(parts.world.clock.wall(), move |tx| {
            let Some(account) = tx.account(id)? else { return Ok(Err(missing())) };
            // whoever discards them reads none: a damaged one keeps no account
            if unsent == Unsent::Keep {
                let waiting = tx.unsent_submissions(id)?;
                if waiting > 0 {
                    return Ok(Err(still_waiting(waiting, "the account stays")));
                }
            }
            tx.delete_account(id)?;
            tx.put_stray(&account.secret_key(&instance))?;
            // the event outlives the account: who it was is not in it
            let (name, email) = (String::new(), String::new());
            tx.append(Some(id), EventKind::AccountRemoved { name, email })?;
            Ok(Ok(account))
        });
        deleted.await.map_err(store_failure)?
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
