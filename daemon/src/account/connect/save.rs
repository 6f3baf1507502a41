//! Making a proved login the account's: the secret first, under a key of its own, then one commit
//! that everything hangs on.
//!
//! A key that is not (any more) an account's is a stray, noted in the store before the secret goes
//! into the vault, so that a kill at any point leaves either the old login or the new one, and the
//! other's secret is deleted at the next start. Must never be given up half-way.

use super::plan::free_name;
use super::{Key, Parts, Plan, Proved, accounts, refused};
use crate::account::store_failure;
use crate::store::{Identity, StoreError, Txn};
use chapar_engine::account::Account;
use chapar_engine::event::EventKind;
use chapar_engine::verdict::Failure;

/// What was saved.
pub struct Saved {
    /// The account as it is now.
    pub account: Account,
    /// As it was, when one was moved.
    pub old: Option<Account>,
    /// Mirrored messages that have to be fetched again.
    pub again: u64,
    /// Where the secret lies, for people; `None` when there was no new one.
    pub place: Option<String>,
}

/// Saves a proved login. Fails with nothing changed.
pub async fn save(parts: &Parts, proved: Proved) -> Result<Saved, Failure> {
    let Proved { mut plan, key, unkept, again } = proved;
    let _turn = parts.turn.lock().await;
    let change = note(parts, &mut plan, &key).await?;
    if let Err(failure) = keep(parts, &change, &key).await {
        undo(parts, &change, &key).await;
        return Err(failure);
    }
    let (old, instance) = (plan.old.clone(), parts.store.instance());
    let now = parts.world.clock.wall();
    let committed = parts.store.write(now, move |tx| match &plan.old {
        Some(old) => commit_move(tx, &plan, old, &instance),
        None => commit_new(tx, &plan, &instance),
    });
    match committed.await {
        Ok(account) => {
            unkept.keep();
            let vault = parts.world.secrets.vault().await;
            let place = match key {
                Key::Password(_) => Some(format!("password in {}", vault.kind)),
                Key::Granted(_) => Some(format!("tokens in {}", vault.kind)),
                Key::Kept(_) => None,
            };
            Ok(Saved { account, old, again, place })
        }
        Err(error) => {
            if stands(parts, &change.account) {
                unkept.keep();
            } else {
                undo(parts, &change, &key).await;
            }
            Err(match error {
                StoreError::Conflict(reason) => refused("account.exists", reason),
                other => store_failure(other),
            })
        }
    }
}

/// What is about to be put where.
struct SecretChange {
    account: Account,
    /// Its place in the vault.
    vault_key: String,
    /// The account's present secret lies in the same place.
    in_place: bool,
}

/// Gives a new account its id, and notes where its secret will lie before it lies there.
async fn note(parts: &Parts, plan: &mut Plan, key: &Key) -> Result<SecretChange, Failure> {
    let instance = parts.store.instance();
    let kept = matches!(key, Key::Kept(_));
    let old_key = plan.old.as_ref().map(|old| old.secret_key(&instance));
    let (fresh, mut account) = (plan.old.is_none(), plan.account.clone());
    let now = parts.world.clock.wall();
    let noted = parts.store.write(now, move |tx| {
        if fresh {
            account.id = tx.new_account_id()?;
        }
        let vault_key = account.secret_key(&instance);
        let in_place = kept || old_key.as_ref() == Some(&vault_key);
        if !in_place {
            tx.put_stray(&vault_key)?;
        }
        Ok::<_, StoreError>(SecretChange { account: account.clone(), vault_key, in_place })
    });
    let change = noted.await.map_err(store_failure)?;
    plan.account.id = change.account.id;
    Ok(change)
}

/// Whether the store refers to the secret of `account` after all.
fn stands(parts: &Parts, account: &Account) -> bool {
    let stored = parts.store.read().and_then(|view| view.account(account.id));
    // what cannot be read may stand: then the secret stays, and is swept once it can be told
    stored.map_or(true, |stored| stored.is_some_and(|stored| stored.way() == account.way()))
}

/// Makes the secret durable.
async fn keep(parts: &Parts, change: &SecretChange, key: &Key) -> Result<(), Failure> {
    match key {
        Key::Kept(_) => Ok(()),
        Key::Granted(granted) => parts.tokens.adopt(change.account.id, granted).await,
        Key::Password(password) => {
            let put = parts.world.secrets.put(&change.vault_key, password).await;
            put.map_err(|error| {
                error.failure("The password could not be stored, so nothing was saved.")
            })
        }
    }
}

/// The login was not saved: its secret goes again, the old one is as it was.
async fn undo(parts: &Parts, change: &SecretChange, key: &Key) {
    let account = change.account.id;
    if let Key::Granted(_) = key
        && let Err(failure) = parts.tokens.restore(account).await
    {
        tracing::warn!(account = account.0, code = failure.code, "the vault keeps two grants");
    }
    if !change.in_place {
        drop_secret(parts, &change.account, &change.vault_key).await;
    }
}

fn commit_new(tx: &mut Txn<'_>, plan: &Plan, instance: &str) -> Result<Account, StoreError> {
    let known = tx.accounts()?;
    // two attempts for one mailbox may have been proved side by side
    if let Some(same) = known.iter().find(|a| a.email.eq_ignore_ascii_case(&plan.account.email)) {
        return Err(StoreError::Conflict(format!("{} is connected already.", same.email)));
    }
    let mut account = plan.account.clone();
    if !plan.named {
        account.name = free_name(&account.email, &known);
    }
    account.created_at = tx.now();
    tx.put_account(&account)?;
    let identity = Identity::first(tx.new_identity_id()?, &account, plan.display_name.clone());
    tx.put_identity(&identity)?;
    let (name, email) = (account.name.clone(), account.email.clone());
    tx.append(Some(account.id), EventKind::AccountAdded { name, email })?;
    tx.drop_stray(&account.secret_key(instance))?;
    Ok(account)
}

/// Only how it is reached changes; whatever else was set meanwhile stays.
fn commit_move(
    tx: &mut Txn<'_>,
    plan: &Plan,
    old: &Account,
    instance: &str,
) -> Result<Account, StoreError> {
    let mut account = tx.account(old.id)?.ok_or(StoreError::Missing("account"))?;
    if account.way() != old.way() {
        let reason = format!("{} was changed by somebody else meanwhile; try again.", old.name);
        return Err(StoreError::Conflict(reason));
    }
    let wanted = plan.account.clone();
    account.imap = wanted.imap;
    account.smtp = wanted.smtp;
    account.user = wanted.user;
    account.ca_pem = wanted.ca_pem;
    account.auth = wanted.auth;
    account.slot = wanted.slot;
    account.provider = wanted.provider;
    account.found_by = wanted.found_by;
    tx.put_account(&account)?;
    let (before, after) = (old.secret_key(instance), account.secret_key(instance));
    if before != after {
        tx.put_stray(&before)?;
        tx.drop_stray(&after)?;
    }
    tx.append(Some(account.id), EventKind::AccountUpdated)?;
    Ok(account)
}

/// Deletes the secret of the login an account had; true when it is gone.
pub async fn forget_old(parts: &Parts, old: &Account, now: &Account) -> bool {
    let _turn = parts.turn.lock().await;
    let key = old.secret_key(&parts.store.instance());
    match (old.auth.grant(), now.auth.grant()) {
        // one record with both: the old one is taken out of it
        (Some(_), Some(_)) => match parts.tokens.settle(now.id).await {
            Ok(()) => true,
            Err(failure) => {
                tracing::warn!(account = old.id.0, code = failure.code, "the old grant stays");
                false
            }
        },
        (Some(_), None) => {
            if let Err(failure) = parts.tokens.revoke(old).await {
                tracing::info!(code = failure.code, "the old grant was not given back");
            }
            drop_secret(parts, old, &key).await
        }
        (None, _) if key == now.secret_key(&parts.store.instance()) => false,
        (None, _) => drop_secret(parts, old, &key).await,
    }
}

/// Deletes what lies under a key that is no account's; what cannot be deleted now stays noted.
async fn drop_secret(parts: &Parts, account: &Account, key: &str) -> bool {
    if let Err(error) = parts.world.secrets.forget(key).await {
        tracing::warn!(account = account.id.0, %error, "a secret stays until the vault can be asked");
        return false;
    }
    let key = key.to_owned();
    let now = parts.world.clock.wall();
    let dropped = parts.store.write(now, move |tx| tx.drop_stray(&key)).await;
    if let Err(error) = dropped {
        tracing::debug!(%error, "a deleted secret stays noted");
    }
    true
}

/// Deletes every secret that no account refers to, left by a kill or a vault that was locked.
pub async fn sweep(parts: &Parts) {
    let _turn = parts.turn.lock().await;
    let now = parts.world.clock.wall();
    // a write, because a database of an older chapar gets the table by one
    let strays = parts.store.write(now, |tx| tx.strays()).await;
    let strays = match strays {
        Ok(strays) if strays.is_empty() => return,
        Ok(strays) => strays,
        Err(error) => return tracing::warn!(%error, "left-over secrets were not looked for"),
    };
    let Ok(known) = accounts(&parts.store) else { return };
    let instance = parts.store.instance();
    for key in strays {
        let owner = known.iter().find(|account| account.secret_key(&instance) == key);
        let gone = owner.is_some() || parts.world.secrets.forget(&key).await.is_ok();
        if !gone {
            continue;
        }
        let dropped = parts.store.write(now, move |tx| tx.drop_stray(&key)).await;
        if let Err(error) = dropped {
            tracing::debug!(%error, "a deleted secret stays noted");
        }
    }
}

/// Whether what lies under a key still waits to be deleted.
pub async fn is_stray(parts: &Parts, key: &str) -> bool {
    let strays = parts.store.write(parts.world.clock.wall(), |tx| tx.strays()).await;
    strays.is_ok_and(|strays| strays.iter().any(|stray| stray == key))
}
