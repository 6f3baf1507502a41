//! `Thread/get`.

use super::{Answer, account_of, check_properties};
use crate::ipc::fit::Page;
use crate::ipc::{Services, convert, fault};
use crate::readers::breathe;
use chapar_engine::event::ObjectKind;
use chapar_ipc_protocol::thread as wire;

pub(in crate::ipc) async fn get(services: &Services, params: wire::ThreadGet) -> Answer {
    check_properties::<wire::Thread>(params.properties.as_deref())?;
    let view = services.store.read().map_err(fault::store)?;
    let account = account_of(&view, params.account_id.as_ref())?;
    let ids = super::unique(params.ids.into_iter().map(|id| id.0))?;
    let mut page = Page::new(params.properties, ids.iter().map(String::as_str))?;
    for id in ids {
        if page.is_full() {
            page.leave(id);
            continue;
        }
        breathe().await;
        let emails = match convert::to_thread_id(&id) {
            Some(thread) => view.thread(thread).map_err(fault::store)?,
            None => Vec::new(),
        };
        let owner = emails.first().map(|first| view.message(*first)).transpose();
        let owner = owner.map_err(fault::store)?.flatten();
        let ours = owner.is_some_and(|email| account.is_none_or(|wanted| email.account == wanted));
        if ours {
            let email_ids = emails.into_iter().map(convert::email_id).collect();
            let thread = wire::Thread { id: id.as_str().into(), email_ids, truncated: None };
            page.add(&id, thread)?;
        } else {
            page.miss(id);
        }
    }
    let state = super::state_of(&view, account, ObjectKind::Thread)?;
    page.answer(params.account_id, convert::state(state))
}
