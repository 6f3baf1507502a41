//! `Mailbox/get`, `/query`.

use super::{Answer, account_of, check_count, check_properties, page};
use crate::ipc::{Services, convert, fault};
use crate::store::Snapshot;
use chapar_engine::event::ObjectKind;
use chapar_engine::id::AccountId;
use chapar_engine::mailbox::Mailbox;
use chapar_engine::sync::Kind;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::mailbox as wire;
use chapar_ipc_protocol::standard::GetReply;

fn all(view: &Snapshot, account: Option<AccountId>) -> Result<Vec<wire::Mailbox>, Error> {
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
        for mailbox in &siblings {
            let counts = view.counts(mailbox.id).map_err(fault::store)?;
            let mirrored = counts.summary + counts.whole;
            let parent = parent_of(mailbox, &siblings).map(|parent| parent.id);
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

fn parent_of<'m>(mailbox: &Mailbox, siblings: &'m [Mailbox]) -> Option<&'m Mailbox> {
    let path = convert::split_path(mailbox).1?;
    siblings.iter().find(|other| other.name == path)
}

pub(in crate::ipc) fn get(services: &Services, params: wire::MailboxGet) -> Answer {
    let properties = params.properties.as_deref();
    check_properties::<wire::Mailbox>(properties)?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let mut list = all(&view, account)?;
    let mut not_found = Vec::new();
    if let Some(ids) = params.ids {
        check_count(ids.len())?;
        list.retain(|mailbox| ids.contains(&mailbox.id));
        let missing = ids.into_iter().filter(|id| !list.iter().any(|found| found.id == *id));
        not_found = missing.map(|id| id.0).collect();
    }
    let state = super::state_of(&view, account, ObjectKind::Mailbox)?;
    let reply =
        GetReply { account_id: params.account_id, state: convert::state(state), list, not_found };
    super::get_answer(reply, properties)
}

pub(in crate::ipc) fn query(services: &Services, params: wire::MailboxQuery) -> Answer {
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
    let list = all(&view, account)?;
    let ids = list.into_iter().filter(fits).map(|mailbox| mailbox.id.0).collect();
    let state = super::state_of(&view, account, ObjectKind::Mailbox)?;
    page(params.account_id, state, ids, params.position, params.limit)
}
