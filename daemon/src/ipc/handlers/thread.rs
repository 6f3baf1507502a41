//! `Thread/get`.

use super::{Answer, account_of, check_count, check_properties};
use crate::ipc::{Services, convert, fault};
use chapar_engine::event::ObjectKind;
use chapar_ipc_protocol::standard::GetReply;
use chapar_ipc_protocol::thread as wire;

pub(in crate::ipc) fn get(services: &Services, params: wire::ThreadGet) -> Answer {
    let properties = params.properties.as_deref();
    check_properties::<wire::Thread>(properties)?;
    check_count(params.ids.len())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let mut list = Vec::new();
    let mut not_found = Vec::new();
    for id in params.ids {
        let emails = match convert::to_thread_id(&id.0) {
            Some(thread) => view.thread(thread).map_err(fault::store)?,
            None => Vec::new(),
        };
        let owner = emails.first().map(|first| view.message(*first)).transpose();
        let owner = owner.map_err(fault::store)?.flatten();
        let ours = owner.is_some_and(|email| account.is_none_or(|wanted| email.account == wanted));
        if ours {
            let email_ids = emails.into_iter().map(convert::email_id).collect();
            list.push(wire::Thread { id, email_ids });
        } else {
            not_found.push(id.0);
        }
    }
    let state = super::state_of(&view, account, ObjectKind::Thread)?;
    let reply =
        GetReply { account_id: params.account_id, state: convert::state(state), list, not_found };
    super::get_answer(reply, properties)
}
