//! `Mailbox/get`, `/query`.

use super::{Answer, account_of, check_properties, page};
use crate::ipc::fit::Page;
use crate::ipc::{Services, convert, fault};
use crate::readers::breathe;
use crate::store::Snapshot;
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, MailboxId};
use chapar_engine::sync::Kind;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::mailbox as wire;
use std::collections::{BTreeSet, HashMap};

async fn all(view: &Snapshot, account: Option<AccountId>) -> Result<Vec<wire::Mailbox>, Error> {
    let accounts = if let Some(account) = account {
        vec![account]
    } else {
        let accounts = view.accounts().map_err(fault::store)?;
        accounts.into_iter().map(|account| account.id).collect()
    };
    let mut list = Vec::new();
    for account in accounts {
        let siblings = view.mailboxes(account).map_err(fault::store)?;
        let troubles = view.troubles(account).map_err(fault::store)?.mailboxes;
        let by_name: HashMap<&str, MailboxId> =
            siblings.iter().map(|mailbox| (mailbox.name.as_str(), mailbox.id)).collect();
        for mailbox in &siblings {
            breathe().await;
            let counts = view.counts(mailbox.id).map_err(fault::store)?;
            let mirrored = counts.summary + counts.whole;
            let parent = convert::split_path(mailbox).1;
            let parent = parent.and_then(|path| by_name.get(path)).copied();
            let aside = troubles.get(&mailbox.id).filter(|it| it.is_aside(Kind::Mailbox));
            list.push(convert::mailbox(mailbox, parent, mirrored, counts.unseen, aside));
        }
    }
    list.sort_by(|one, other| {
        let key = |mailbox: &wire::Mailbox| (mailbox.account_id.clone(), mailbox.sort_order);
        key(one).cmp(&key(other)).then_with(|| one.path.cmp(&other.path))
    });
    Ok(list)
}

pub(in crate::ipc) async fn get(services: &Services, params: wire::MailboxGet) -> Answer {
    check_properties::<wire::Mailbox>(params.properties.as_deref())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let mut list = all(&view, account).await?;
    let mut missing = Vec::new();
    if let Some(ids) = params.ids {
        let ids = super::unique(ids.into_iter().map(|id| id.0))?;
        let mut wanted: BTreeSet<String> = ids.into_iter().collect();
        list.retain(|mailbox| wanted.remove(&mailbox.id.0));
        missing = wanted.into_iter().collect();
    }
    let listed = list.iter().map(|mailbox| mailbox.id.0.as_str());
    let ids = listed.chain(missing.iter().map(String::as_str));
    let mut page = Page::new(params.properties, ids)?;
    for mailbox in list {
        breathe().await;
        let id = mailbox.id.0.clone();
        page.add(&id, mailbox)?;
    }
    for id in missing {
        page.miss(id);
    }
    let state = super::state_of(&view, account, ObjectKind::Mailbox)?;
    page.answer(params.account_id, convert::state(state))
}

pub(in crate::ipc) async fn query(services: &Services, params: wire::MailboxQuery) -> Answer {
    let filter = params.filter.unwrap_or_default();
    if filter.role == Some(wire::Role::Other) {
        return Err(fault::argument("`filter.role` is not a role."));
    }
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let name = filter.name.as_ref().map(|name| name.to_lowercase());
    let fits = |mailbox: &wire::Mailbox| {
        filter.parent_id.as_ref().is_none_or(|id| mailbox.parent_id.as_ref() == Some(id))
            && name.as_ref().is_none_or(|name| mailbox.name.to_lowercase().contains(name))
            && filter.role.is_none_or(|role| mailbox.role == Some(role))
            && filter.has_any_role.is_none_or(|any| mailbox.role.is_some() == any)
            && filter.is_subscribed.is_none_or(|is| mailbox.is_subscribed == is)
    };
    let list = all(&view, account).await?;
    let ids = list.into_iter().filter(fits).map(|mailbox| mailbox.id.0).collect();
    let state = super::state_of(&view, account, ObjectKind::Mailbox)?;
    page(params.account_id, state, ids, params.position, params.limit)
}
