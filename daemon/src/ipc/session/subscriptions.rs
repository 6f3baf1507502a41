//! The subscriptions of one connection. Each is a place in the journal; none holds events.

use super::out::Out;
use crate::ipc::subscription::{Filter, Subscription, begin};
use crate::ipc::{Services, convert, limits};
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::event::{Event, EventSubscribe, EventUnsubscribe, SubscribeReply};
use chapar_ipc_protocol::frame::Framing;
use chapar_ipc_protocol::id::SubscriptionId;
use chapar_ipc_protocol::message::notification;
use chapar_ipc_protocol::standard::Done;
use std::collections::BTreeSet;

/// Who is subscribed, the next to be served first.
#[derive(Default)]
pub(super) struct Subscriptions {
    list: Vec<Subscription>,
    /// How many there ever were: ids are not used again.
    begun: u64,
}

impl Subscriptions {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    pub(super) fn begin(
        &mut self,
        services: &Services,
        scopes: &BTreeSet<Scope>,
        params: EventSubscribe,
    ) -> Result<SubscribeReply, Error> {
        if self.list.len() >= limits::SUBSCRIPTIONS {
            let limit = limits::SUBSCRIPTIONS;
            let reason = format!("A connection may have {limit} subscriptions.");
            return Err(Error::new(ErrorType::RateLimit, reason).hint("unsubscribe one first"));
        }
        let filter = Filter::new(scopes, params.types, params.account_ids)?;
        let start = begin(services, params.since.as_ref())?;
        self.begun += 1;
        let id = SubscriptionId(format!("s{}", self.begun));
        let now = services.world.clock.boot();
        self.list.push(Subscription::new(id.clone(), filter, &start, now));
        let cursor = convert::cursor(&services.store.instance(), start.at);
        Ok(SubscribeReply { subscription: id, cursor, resync: start.resync })
    }

    pub(super) fn end(&mut self, params: &EventUnsubscribe) -> Result<Done, Error> {
        let id = &params.subscription;
        let place = self.list.iter().position(|one| one.id == *id).ok_or_else(|| {
            Error::new(ErrorType::NotFound, format!("There is no subscription `{id}` here."))
        })?;
        self.list.remove(place);
        Ok(Done {})
    }

    /// Writes what each has to say, until `out` holds enough.
    pub(super) fn pump(
        &mut self,
        services: &Services,
        framing: Framing,
        out: &mut Out,
    ) -> Result<(), Error> {
        let head = *services.store.head().borrow();
        let mut say = |event: &Event| {
            if let Ok(bytes) = notification("event", event) {
                out.say(framing, &bytes);
            }
            out.rest().len() >= limits::EVENT_BYTES
        };
        let mut end = Ok(());
        for one in self.list.iter_mut().filter(|one| one.is_behind(head)) {
            end = end.and(one.pump(services, &mut say));
        }
        // whoever came last begins next time: a full buffer does not starve anyone
        if !self.list.is_empty() {
            self.list.rotate_left(1);
        }
        end
    }

    /// What the quiet ones are told.
    pub(super) fn bookmarks(&mut self, services: &Services) -> Vec<Event> {
        self.list.iter_mut().filter_map(|one| one.bookmark(services)).collect()
    }
}
