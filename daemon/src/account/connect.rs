//! Connecting a mailbox: prove both protocols, then save, or save nothing. A person's answer to
//! "does this work?" comes from the servers themselves.

use super::{password_key, store_failure};
use crate::imap;
use crate::smtp;
use crate::store::{Identity, Store, StoreError};
use crate::world::World;
use chapar_engine::account::{Account, Endpoint, NotifyBy};
use chapar_engine::credential::{Auth, Credential};
use chapar_engine::event::EventKind;
use chapar_engine::id::AccountId;
use chapar_engine::limits::FIRST_SYNC_MESSAGES;
use chapar_engine::provider::provider_of;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, Verdict};
use std::time::Duration;

/// What a person gives to connect a mailbox.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "see chapar_engine::account::Account")]
pub struct ConnectRequest {
    pub email: String,
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub imap: Endpoint,
    pub smtp: Endpoint,
    pub user: String,
    pub password: Secret,
    pub ca_pem: Option<String>,
    pub window: Option<u32>,
    pub notify: NotifyBy,
}

/// One proved step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "`what` is imap, smtp or saved; `detail` a phrase such as the server's name or the vault"
)]
pub struct ConnectStep {
    pub what: &'static str,
    pub detail: String,
    pub took: Duration,
}

/// Proves and saves; `step` hears of each step as it holds.
pub async fn connect(
    world: &World,
    store: &Store,
    request: &ConnectRequest,
    mut step: impl FnMut(ConnectStep) + Send,
) -> Result<Account, Failure> {
    refuse_known(store, request)?;
    let begun = world.clock.boot();
    let server = prove_imap(world, &imap_login(request)).await?;
    let proved = world.clock.boot();
    step(ConnectStep { what: "imap", detail: server, took: proved.until_from(begun) });
    prove_smtp(world, &smtp_login(request)).await?;
    let both = world.clock.boot();
    let detail = format!("{}:{}", request.smtp.host, request.smtp.port);
    step(ConnectStep { what: "smtp", detail, took: both.until_from(proved) });
    let account = save(world, store, request).await?;
    let vault = world.secrets.vault().await;
    let took = world.clock.boot().until_from(both);
    step(ConnectStep { what: "saved", detail: format!("password in {}", vault.kind), took });
    Ok(account)
}

/// Proves the IMAP side: login, then a real command.
pub async fn prove_imap(world: &World, login: &imap::Login) -> Result<String, Failure> {
    let mut session = imap::Session::login(world, login).await?;
    let listed = session.list().await?;
    let detail = format!("{}:{}", login.endpoint.host, login.endpoint.port);
    let count = listed.iter().filter(|mailbox| mailbox.selectable).count();
    session.logout().await;
    Ok(format!("{detail}, {count} mailboxes"))
}

/// Proves the submission side: login.
pub async fn prove_smtp(world: &World, login: &smtp::Login) -> Result<(), Failure> {
    smtp::Session::login(world, login).await?.quit().await;
    Ok(())
}

/// Proves changed settings of an account on both servers, with `password` or the stored one, and
/// keeps a new password once they hold.
pub async fn prove_change(
    world: &World,
    store: &Store,
    wanted: &Account,
    password: Option<Secret>,
) -> Result<(), Failure> {
    let known = match &password {
        Some(password) => password.clone(),
        None => super::password(world, store, wanted.id).await?,
    };
    let (user, ca_pem) = (wanted.user.clone(), wanted.ca_pem.clone());
    let login = imap::Login {
        endpoint: wanted.imap.clone(),
        user: user.clone(),
        credential: Credential::Password(known.clone()),
        ca_pem: ca_pem.clone(),
    };
    prove_imap(world, &login).await?;
    let login = smtp::Login {
        endpoint: wanted.smtp.clone(),
        user,
        credential: Credential::Password(known),
        ca_pem,
    };
    prove_smtp(world, &login).await?;
    match password {
        Some(password) => keep(world, &password_key(store, wanted.id), &password).await,
        None => Ok(()),
    }
}

async fn keep(world: &World, key: &str, password: &Secret) -> Result<(), Failure> {
    world.secrets.put(key, password).await.map_err(|error| Failure {
        code: "secrets.unavailable",
        message: "The password could not be stored, so nothing was saved.".into(),
        detail: Some(error.to_string()),
        verdict: Verdict::Retry,
    })
}

/// The login that `request` describes.
#[must_use]
pub fn imap_login(request: &ConnectRequest) -> imap::Login {
    imap::Login {
        endpoint: request.imap.clone(),
        user: request.user.clone(),
        credential: Credential::Password(request.password.clone()),
        ca_pem: request.ca_pem.clone(),
    }
}

fn smtp_login(request: &ConnectRequest) -> smtp::Login {
    smtp::Login {
        endpoint: request.smtp.clone(),
        user: request.user.clone(),
        credential: Credential::Password(request.password.clone()),
        ca_pem: request.ca_pem.clone(),
    }
}

fn refuse_known(store: &Store, request: &ConnectRequest) -> Result<(), Failure> {
    let known = store.read().and_then(|view| view.accounts()).map_err(store_failure)?;
    if let Some(same) = known.iter().find(|a| a.email.eq_ignore_ascii_case(&request.email)) {
        return Err(taken(format!("{} is already connected as {}.", same.email, same.name)));
    }
    if let Some(name) = &request.name
        && known.iter().any(|account| account.name == *name)
    {
        return Err(taken(format!("An account named {name} exists already.")));
    }
    Ok(())
}

fn taken(message: String) -> Failure {
    Failure { code: "account.exists", message, detail: None, verdict: Verdict::Refused }
}

async fn save(world: &World, store: &Store, request: &ConnectRequest) -> Result<Account, Failure> {
    let now = world.clock.wall();
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the path is not general enough")]
    let id = store.write(now, |tx| tx.new_account_id()).await.map_err(store_failure)?;
    let key = password_key(store, id);
    keep(world, &key, &request.password).await?;
    let wanted = request.clone();
    let saved = store
        .write(now, move |tx| {
            let known = tx.accounts()?;
            // Two attempts for one mailbox may have been proved side by side.
            if known.iter().any(|other| other.email.eq_ignore_ascii_case(&wanted.email)) {
                return Err(StoreError::Conflict(wanted.email.clone()));
            }
            let account = account(id, &wanted, &known, tx.now());
            tx.put_account(&account)?;
            let identity = Identity {
                id: tx.new_identity_id()?,
                account: id,
                name: wanted.display_name.clone(),
                email: wanted.email.clone(),
                reply_to: Vec::new(),
                bcc: Vec::new(),
                text_signature: String::new(),
                html_signature: String::new(),
            };
            tx.put_identity(&identity)?;
            let (name, email) = (account.name.clone(), account.email.clone());
            tx.append(Some(id), EventKind::AccountAdded { name, email })?;
            Ok::<_, StoreError>(account)
        })
        .await;
    match saved {
        Ok(account) => Ok(account),
        Err(error) => {
            // Half-saved is not saved: the password goes again.
            let _: Result<_, _> = world.secrets.forget(&key).await;
            Err(match error {
                StoreError::Conflict(email) => taken(format!("{email} is connected already.")),
                other => store_failure(other),
            })
        }
    }
}

fn account(
    id: AccountId,
    request: &ConnectRequest,
    known: &[Account],
    now: chapar_engine::time::Wall,
) -> Account {
    Account {
        id,
        name: request.name.clone().unwrap_or_else(|| free_name(&request.email, known)),
        email: request.email.clone(),
        provider: provider_of(&request.imap.host).key.to_owned(),
        imap: request.imap.clone(),
        smtp: request.smtp.clone(),
        user: request.user.clone(),
        auth: Auth::Password,
        found_by: None,
        ca_pem: request.ca_pem.clone(),
        paused: false,
        window: request.window.unwrap_or(FIRST_SYNC_MESSAGES),
        notify: request.notify,
        created_at: now,
        first_synced_at: None,
    }
}

/// The local part, or with the domain, or with a number: the first that is free.
fn free_name(email: &str, known: &[Account]) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let numbered = (2..).map(|n| format!("{local}-{n}"));
    [local.to_owned(), email.to_owned()]
        .into_iter()
        .chain(numbered)
        .find(|name| known.iter().all(|account| account.name != *name))
        .unwrap_or_else(|| email.to_owned())
}
