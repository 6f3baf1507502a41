//! `Identity/get`, `/set`.

use super::{
    Answer, account_of, answer, check_count, check_properties, check_state, line, not_found,
};
use crate::ipc::fit::Page;
use crate::ipc::{Services, convert, fault, limits};
use crate::store::Identity;
use chapar_engine::address::{self, Address};
use chapar_engine::event::{EventKind, ObjectKind};
use chapar_engine::id::AccountId;
use chapar_ipc_protocol::email::EmailAddress;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::identity as wire;
use chapar_ipc_protocol::standard::SetReply;
use std::collections::BTreeMap;

pub(in crate::ipc) fn get(services: &Services, params: wire::IdentityGet) -> Answer {
    check_properties::<wire::Identity>(params.properties.as_deref())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let identities = view.identities(account).map_err(fault::store)?;
    let mut known: BTreeMap<String, wire::Identity> = identities
        .iter()
        .map(convert::identity)
        .map(|identity| (identity.id.0.clone(), identity))
        .collect();
    let ids: Vec<String> = match params.ids {
        Some(ids) => super::unique(ids.into_iter().map(|id| id.0))?,
        None => identities.iter().map(|one| convert::identity_id(one.id).0).collect(),
    };
    let mut page = Page::new(params.properties, ids.iter().map(String::as_str))?;
    for id in ids {
        match known.remove(&id) {
            Some(identity) => page.add(&id, identity)?,
            None => page.miss(id),
        }
    }
    let state = super::state_of(&view, account, ObjectKind::Identity)?;
    page.answer(params.account_id, convert::state(state))
}

pub(in crate::ipc) async fn set(services: &Services, params: wire::IdentitySet) -> Answer {
    let update = params.update.unwrap_or_default();
    check_count(update.len())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = super::one_account(&view, &params.account_id)?;
    let old = super::state_of(&view, Some(account), ObjectKind::Identity)?;
    check_state(params.if_in_state.as_ref(), old)?;
    let identities = view.identities(Some(account)).map_err(fault::store)?;
    drop(view);
    let mut reply = SetReply {
        account_id: Some(params.account_id),
        old_state: convert::state(old),
        ..SetReply::default()
    };
    for (id, patch) in update {
        let known = identities.iter().find(|identity| convert::identity_id(identity.id) == id);
        let changed = match known.cloned() {
            Some(identity) => change(services, account, identity, patch).await,
            None => Err(not_found("identity", &id.0)),
        };
        match changed {
            Ok(()) => drop(reply.updated.insert(id.0, ())),
            Err(error) => drop(reply.not_updated.insert(id.0, error.into())),
        }
    }
    let view = services.store.read().map_err(fault::store)?;
    let new = super::state_of(&view, Some(account), ObjectKind::Identity)?;
    reply.new_state = convert::state(new);
    answer(&reply)
}

/// Addresses that mail can be sent with: they go into every header or envelope from then on.
fn addresses(field: &str, given: Vec<EmailAddress>) -> Result<Vec<Address>, Error> {
    if given.len() > limits::IDENTITY_ADDRESSES {
        let limit = limits::IDENTITY_ADDRESSES;
        return Err(fault::argument(format!("`{field}` has more than {limit} addresses.")));
    }
    let each = given.into_iter().map(|given| {
        let mut address = convert::to_address(given);
        address.name = address.name.filter(|name| !name.is_empty());
        if let Some(name) = &address.name {
            line(&format!("{field}.name"), name)?;
        }
        address::as_sent(&address.email).map_err(|reason| {
            let reason = format!("`{field}`: `{}` is not a mail address: {reason}.", address.email);
            fault::argument(reason)
        })?;
        Ok(address)
    });
    each.collect()
}

async fn change(
    services: &Services,
    account: AccountId,
    mut identity: Identity,
    patch: wire::IdentityPatch,
) -> Result<(), Error> {
    if let Some(name) = patch.name {
        if !name.is_empty() {
            line("name", &name)?;
        }
        identity.name = Some(name).filter(|name| !name.is_empty());
    }
    if let Some(given) = patch.reply_to {
        identity.reply_to = addresses("replyTo", given)?;
    }
    if let Some(given) = patch.bcc {
        identity.bcc = addresses("bcc", given)?;
    }
    let signatures = [
        ("textSignature", patch.text_signature, &mut identity.text_signature),
        ("htmlSignature", patch.html_signature, &mut identity.html_signature),
    ];
    for (field, given, kept) in signatures {
        let Some(given) = given else { continue };
        if given.len() > limits::SIGNATURE_BYTES || given.contains('\0') {
            let limit = limits::SIGNATURE_BYTES;
            let reason = format!("`{field}` has more than {limit} bytes or contains NUL.");
            return Err(fault::argument(reason));
        }
        *kept = given;
    }
    let now = services.world.clock.wall();
    let id = identity.id;
    let written = services.store.write(now, move |tx| {
        tx.put_identity(&identity)?;
        tx.append(Some(account), EventKind::IdentityUpdated { identity: id }).map(drop)
    });
    written.await.map_err(fault::store)
}
