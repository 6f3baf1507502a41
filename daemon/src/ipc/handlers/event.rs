//! `event/get`, the long-poll form; the stream is the session's.

use super::{Answer, answer, bounded, keep};
use crate::ipc::dispatch::in_turn;
use crate::ipc::session::Caller;
use crate::ipc::subscription::{Filter, begin};
use crate::ipc::{Services, convert, fault, fit, limits};
use crate::readers::breathe;
use crate::store::StoreError;
use chapar_engine::id::Seq;
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::event as wire;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Events given when no limit is asked.
const ABSENT_LIMIT: usize = 100;

pub(in crate::ipc) async fn get(
    services: &Arc<Services>,
    caller: &Caller,
    scopes: &BTreeSet<Scope>,
    params: wire::EventGet,
) -> Answer {
    let filter = Filter::new(scopes, params.types, params.account_ids)?;
    let limit = bounded(params.limit, ABSENT_LIMIT).max(1);
    let wait = Duration::from_millis(params.wait_ms.unwrap_or(0).min(wire::MAX_WAIT_MS));
    let start = begin(services, params.since.as_ref())?;
    let instance = services.store.instance();
    if start.resync {
        return answer(&wire::EventGetReply {
            cursor: convert::cursor(&instance, start.at),
            resync: true,
            ..wire::EventGetReply::default()
        });
    }
    let mut head = services.store.head();
    let mut at = start.at;
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        head.borrow_and_update();
        let room = caller.purse.take(limits::ANSWER_BYTES).await.ok_or_else(fault::ending)?;
        let filter = filter.clone();
        let job = move |services: Arc<Services>| async move {
            let mut reply = wire::EventGetReply::default();
            let at = gather(&services, &filter, at, limit, &mut reply).await?;
            reply.cursor = convert::cursor(&services.store.instance(), at);
            let is_over = !reply.events.is_empty() || reply.resync;
            Ok::<_, Error>((at, is_over, answer(&reply)?))
        };
        let (reached, is_over, reply) = in_turn(services, caller, job).await??;
        at = reached;
        if is_over || tokio::time::Instant::now() >= deadline {
            return keep(room, Ok(reply));
        }
        // nothing is held while nothing happens
        drop(room);
        if tokio::time::timeout_at(deadline, head.changed()).await.is_err() {
            return Ok(reply);
        }
    }
}

/// Reads on from `at` until the page is full or the journal ends; returns how far it read.
async fn gather(
    services: &Services,
    filter: &Filter,
    mut at: Seq,
    limit: usize,
    reply: &mut wire::EventGetReply,
) -> Result<Seq, Error> {
    let instance = services.store.instance();
    let mut used = 0;
    loop {
        breathe().await;
        let page = services.store.read().and_then(|view| view.events_page(at, limits::EVENT_BATCH));
        let batch = match page {
            Err(StoreError::Missing(_)) => {
                reply.resync = true;
                return Ok(*services.store.head().borrow());
            }
            batch => batch.map_err(fault::store)?,
        };
        if batch.is_empty() {
            return Ok(at);
        }
        for event in batch {
            let seq = event.seq;
            let event = fit::event(convert::event(&instance, event));
            if filter.passes(&event) {
                used += fit::bytes(&event) + 1;
                if reply.events.len() == limit || used > limits::EVENTS_BYTES {
                    reply.has_more = true;
                    return Ok(at);
                }
                reply.events.push(event);
            }
            at = seq;
        }
    }
}
