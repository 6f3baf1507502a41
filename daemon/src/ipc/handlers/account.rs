//! `Account/get`, `/query`, `/set`, `/sync`.

use super::{Answer, answer, bounded, check_count, check_properties, check_state, line, page};
use crate::ipc::fit::Page;
use crate::ipc::{Services, convert, fault, limits};
use crate::store::{Snapshot, StoreError, Txn};
use crate::supervisor::Unsent;
use chapar_engine::account::Account;
use chapar_engine::event::{EventKind, ObjectKind};
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_ipc_protocol::account as wire;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::standard::{Done, SetReply};

/// An account as `status` and `Account/get` show it.
pub(in crate::ipc) fn picture(
    services: &Services,
    view: &Snapshot,
    account: &Account,
) -> Result<wire::Account, Error> {
    // kept counts: an account may have ten thousand mailboxes
    let counts = view.account_counts(account.id).map_err(fault::store)?;
    let mailboxes = view.mailbox_count(account.id).map_err(fault::store)?;
    let identities = view.identities(Some(account.id)).map_err(fault::store)?;
    let display_name = identities.into_iter().next().and_then(|identity| identity.name);
    let report = services.accounts.report(account.id);
    Ok(convert::account(account, display_name, report, counts.summary + counts.whole, mailboxes))
}

pub(in crate::ipc) fn get(services: &Services, params: &wire::AccountGet) -> Answer {
    let properties = params.properties.as_deref();
    check_properties::<wire::Account>(properties)?;
    let view = services.store.read().map_err(fault::store)?;
    let ids: Vec<String> = if let Some(ids) = &params.ids {
        super::unique(ids.iter().map(|id| id.0.clone()))?
    } else {
        let all = view.accounts().map_err(fault::store)?;
        all.iter().map(|account| convert::account_id(account.id).0).collect()
    };
    let mut page = Page::new(params.properties.clone(), ids.iter().map(String::as_str))?;
    for id in ids {
        let known = convert::to_account_id(&id).map(|id| view.account(id));
        match known.transpose().map_err(fault::store)?.flatten() {
            Some(account) => page.add(&id, picture(services, &view, &account)?)?,
            None => page.miss(id),
        }
    }
    page.answer(None, convert::state(super::state_of(&view, None, ObjectKind::Account)?))
}

pub(in crate::ipc) fn query(services: &Services, params: wire::AccountQuery) -> Answer {
    let view = services.store.read().map_err(fault::store)?;
    let filter = params.filter.unwrap_or_default();
    let mut ids = Vec::new();
    for account in view.accounts().map_err(fault::store)? {
        let named = filter.name.as_ref().is_none_or(|name| *name == account.name);
        let addressed =
            filter.email.as_ref().is_none_or(|email| email.eq_ignore_ascii_case(&account.email));
        let picture = picture(services, &view, &account)?;
        let standing = filter.states.as_ref().is_none_or(|states| states.contains(&picture.state));
        if named && addressed && standing {
            ids.push(picture.id.0);
        }
    }
    let state = super::state_of(&view, None, ObjectKind::Account)?;
    let limit = bounded(params.limit, limits::PAGE) as u64;
    page(None, state, ids, params.position, Some(limit))
}

pub(in crate::ipc) async fn set(services: &Services, params: wire::AccountSet) -> Answer {
    let update = params.update.unwrap_or_default();
    let destroy = params.destroy.unwrap_or_default();
    check_count(update.len() + destroy.len())?;
    let old = state(services)?;
    check_state(params.if_in_state.as_ref(), old)?;
    let mut reply = SetReply { old_state: convert::state(old), ..SetReply::default() };
    for (id, patch) in update {
        match change(services, &id.0, patch).await {
            Ok(()) => drop(reply.updated.insert(id.0, ())),
            Err(error) => drop(reply.not_updated.insert(id.0, error.into())),
        }
    }
    let discard = params.discard_outbox == Some(true);
    let unsent = if discard { Unsent::Discard } else { Unsent::Keep };
    for id in destroy {
        match remove(services, &id.0, unsent).await {
            Ok(()) => reply.destroyed.push(id.0),
            Err(error) => drop(reply.not_destroyed.insert(id.0, error.into())),
        }
    }
    reply.new_state = convert::state(state(services)?);
    answer(&reply)
}

fn state(services: &Services) -> Result<chapar_engine::id::Seq, Error> {
    let view = services.store.read().map_err(fault::store)?;
    super::state_of(&view, None, ObjectKind::Account)
}

async fn remove(services: &Services, id: &str, unsent: Unsent) -> Result<(), Error> {
    let view = services.store.read().map_err(fault::store)?;
    let account = super::one_account(&view, &id.into())?;
    drop(view);
    let removed = services.accounts.remove(account, unsent).await;
    removed.map_err(|failure| fault::failure(&failure, Some(account)))
}

async fn change(services: &Services, id: &str, patch: wire::AccountPatch) -> Result<(), Error> {
    let view = services.store.read().map_err(fault::store)?;
    let account = super::one_account(&view, &id.into())?;
    let identity = view.identities(Some(account)).map_err(fault::store)?.into_iter().next();
    drop(view);
    let mut patch = patch;
    let password = patch.password.take();
    let display_name = patch.display_name.take();
    if let Some(Some(name)) = display_name.as_ref().filter(|name| name.as_deref() != Some("")) {
        line("displayName", name)?;
    }
    let settings = Settings::check(patch)?;
    // a new login has moved the sessions already, a new name needs no new ones
    let restarts = settings.paused.is_some() || settings.window.is_some();
    prove(services, account, &settings, password).await?;
    if !settings.is_empty() || display_name.is_some() {
        let now = services.world.clock.wall();
        let written = services.store.write(now, move |tx| {
            settings.apply(tx, account)?;
            if let (Some(name), Some(identity)) = (&display_name, &identity) {
                let mut identity = identity.clone();
                identity.name = name.clone().filter(|name| !name.is_empty());
                tx.put_identity(&identity)?;
            }
            tx.append(Some(account), EventKind::AccountUpdated).map(drop)
        });
        written.await.map_err(fault::store)?;
    }
    if restarts {
        services.accounts.refresh(account);
    }
    Ok(())
}

/// New servers, login name, authority or password have to work before any of it is kept; the old
/// ones go on working until then.
async fn prove(
    services: &Services,
    account: AccountId,
    settings: &Settings,
    password: Option<chapar_ipc_protocol::secret::Secret>,
) -> Result<(), Error> {
    let view = services.store.read().map_err(fault::store)?;
    let old = view.account(account).map_err(fault::store)?;
    let old = old.ok_or_else(|| fault::store(StoreError::Missing("account")))?;
    drop(view);
    let wanted = settings.on(old.clone());
    let password = password.map(|password| Secret::new(password.reveal()));
    let same_way = wanted.way() == old.way() && wanted.found_by == old.found_by;
    // an authority given again may be a renewed one, so it is asked for as a password is
    if same_way && password.is_none() && settings.ca_pem.is_none() {
        return Ok(());
    }
    if let Some(name) = &settings.name {
        let view = services.store.read().map_err(fault::store)?;
        let others = view.accounts().map_err(fault::store)?;
        if others.iter().any(|other| other.id != account && is_called(other, name)) {
            return Err(fault::store(name_taken(name)));
        }
    }
    let moved = services.accounts.change(wanted, password).await;
    moved.map_err(|failure| fault::failure(&failure, Some(account)))
}

/// Checked settings of one account; absent = as it is.
#[derive(Clone, Default)]
#[expect(clippy::option_option, reason = "in a patch, null removes and absent keeps")]
struct Settings {
    name: Option<String>,
    paused: Option<bool>,
    window: Option<u32>,
    notify: Option<chapar_engine::account::NotifyBy>,
    imap: Option<chapar_engine::account::Endpoint>,
    smtp: Option<chapar_engine::account::Endpoint>,
    user: Option<String>,
    ca_pem: Option<Option<String>>,
}

impl Settings {
    fn check(patch: wire::AccountPatch) -> Result<Self, Error> {
        if let Some(name) = &patch.name {
            line("name", name)?;
        }
        if let Some(user) = &patch.user {
            line("user", user)?;
        }
        Ok(Self {
            name: patch.name,
            paused: patch.paused,
            window: patch.window.map(window).transpose()?,
            notify: patch.notify.map(notify).transpose()?,
            imap: patch.imap.map(|at| endpoint("imap", at)).transpose()?,
            smtp: patch.smtp.map(|at| endpoint("smtp", at)).transpose()?,
            user: patch.user,
            ca_pem: patch.ca_pem.map(|pem| pem.map(ca_pem).transpose()).transpose()?,
        })
    }

    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.paused.is_none()
            && self.window.is_none()
            && self.notify.is_none()
            && self.imap.is_none()
            && self.smtp.is_none()
            && self.user.is_none()
            && self.ca_pem.is_none()
    }

    fn apply(&self, tx: &mut Txn<'_>, id: AccountId) -> Result<(), StoreError> {
        let mut account = tx.account(id)?.ok_or(StoreError::Missing("account"))?;
        if let Some(name) = &self.name {
            let taken = |other: &Account| other.id != id && is_called(other, name);
            if tx.accounts()?.iter().any(taken) {
                return Err(name_taken(name));
            }
            account.name.clone_from(name);
        }
        tx.put_account(&self.on(account))
    }

    /// The account with these settings in place of its own; the name needs a look at the others.
    fn on(&self, mut account: Account) -> Account {
        account.paused = self.paused.unwrap_or(account.paused);
        account.window = self.window.unwrap_or(account.window);
        account.notify = self.notify.unwrap_or(account.notify);
        account.imap = self.imap.clone().unwrap_or(account.imap);
        account.smtp = self.smtp.clone().unwrap_or(account.smtp);
        account.user = self.user.clone().unwrap_or(account.user);
        account.ca_pem = self.ca_pem.clone().unwrap_or(account.ca_pem);
        if self.imap.is_some() || self.smtp.is_some() {
            // whoever names a server answers for where it is
            account.found_by = None;
        }
        account
    }
}

/// Whether an account is meant by that word: clients name accounts by name, address and id alike.
fn is_called(account: &Account, word: &str) -> bool {
    account.name == word
        || account.email.eq_ignore_ascii_case(word)
        || convert::account_id(account.id).0 == word
}

fn name_taken(name: &str) -> StoreError {
    StoreError::Conflict(format!("the name `{name}` belongs to another account"))
}

pub(super) fn window(window: u32) -> Result<u32, Error> {
    if (1..=limits::WINDOW).contains(&window) {
        return Ok(window);
    }
    Err(fault::argument(format!("`window` must be between 1 and {}.", limits::WINDOW)))
}

pub(super) fn notify(notify: wire::NotifyBy) -> Result<chapar_engine::account::NotifyBy, Error> {
    convert::to_notify(notify)
        .ok_or_else(|| fault::argument("`notify` must be `desktop`, `mail` or `none`."))
}

pub(super) fn endpoint(
    field: &str,
    endpoint: wire::Endpoint,
) -> Result<chapar_engine::account::Endpoint, Error> {
    let host = &endpoint.host;
    let plain = !host.is_empty()
        && host.len() <= 253
        && !host.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    if !plain {
        return Err(fault::argument(format!("`{field}.host` is not a host name.")));
    }
    if endpoint.port == 0 {
        return Err(fault::argument(format!("`{field}.port` must be between 1 and 65535.")));
    }
    convert::to_endpoint(endpoint)
        .ok_or_else(|| fault::argument(format!("`{field}.security` must be `tls` or `starttls`.")))
}

pub(super) fn ca_pem(pem: String) -> Result<String, Error> {
    if pem.len() > limits::PEM_BYTES {
        let limit = limits::PEM_BYTES;
        return Err(fault::argument(format!("`caPem` has more than {limit} bytes.")));
    }
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err(fault::argument("`caPem` holds no certificate in PEM form."));
    }
    Ok(pem)
}

pub(in crate::ipc) async fn sync(services: &Services, params: &wire::AccountSync) -> Answer {
    let view = services.store.read().map_err(fault::store)?;
    let account = super::one_account(&view, &params.account_id)?;
    drop(view);
    let synced = services.accounts.sync_now(account).await;
    synced.map_err(|failure| fault::failure(&failure, Some(account)))?;
    answer(&Done {})
}
