//! `event/get`, the long-poll form; the stream is the session's.

use super::{Answer, answer, bounded};
use crate::ipc::subscription::{Filter, begin};
use crate::ipc::{Services, convert, fault, limits};
use crate::store::StoreError;
use chapar_engine::id::Seq;
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::Error;
use chapar_ipc_protocol::event as wire;
use std::collections::BTreeSet;
use std::time::Duration;

/// Events given when no limit is asked.
const ABSENT_LIMIT: usize = 100;

pub(in crate::ipc) async fn get(
    services: &Services,
    scopes: &BTreeSet<Scope>,
    params: wire::EventGet,
) -> Answer {
    let filter = Filter::new(scopes, params.types, params.account_ids)?;
    let limit = bounded(params.limit, ABSENT_LIMIT).max(1);
    let wait = Duration::from_millis(params.wait_ms.unwrap_or(0).min(wire::MAX_WAIT_MS));
    let start = begin(services, params.since.as_ref())?;
    let instance = services.store.instance();
    let mut reply = wire::EventGetReply {
        cursor: convert::cursor(&instance, start.at),
        resync: start.resync,
        ..wire::EventGetReply::default()
    };
    if start.resync {
        return answer(&reply);
    }
    let mut head = services.store.head();
    let mut at = start.at;
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        head.borrow_and_update();
        at = gather(services, &filter, at, limit, &mut reply)?;
        let news = tokio::time::timeout_at(deadline, head.changed());
        if !reply.events.is_empty() || reply.resync || news.await.is_err() {
            break;
        }
    }
    reply.cursor = convert::cursor(&instance, at);
    answer(&reply)
}

/// Reads on from `at` until the page is full or the journal ends; returns how far it read.
fn gather(
    services: &Services,
    filter: &Filter,
    mut at: Seq,
    limit: usize,
    reply: &mut wire::EventGetReply,
) -> Result<Seq, Error> {
    let instance = services.store.instance();
    let view = services.store.read().map_err(fault::store)?;
    loop {
        let batch = match view.events(at, limits::EVENT_BATCH) {
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
            if reply.events.len() == limit {
                reply.has_more = true;
                return Ok(at);
            }
            at = event.seq;
            let event = convert::event(&instance, event);
            if filter.passes(&event) {
                reply.events.push(event);
            }
        }
    }
}
