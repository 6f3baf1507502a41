//! The subscriptions of one connection. Each is a place in the journal; none holds events.

use crate::ipc::subscription::{Filter, Pumped, Subscription, begin};
use crate::ipc::{Services, convert, limits};
use chapar_engine::id::Seq;
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::event::{Event, EventSubscribe, EventUnsubscribe, SubscribeReply};
use chapar_ipc_protocol::id::SubscriptionId;
use chapar_ipc_protocol::standard::Done;
use std::collections::BTreeSet;

/// Who is subscribed, the next to be served first.
#[derive(Default)]
pub(super) struct Subscriptions {
    list: Vec<Subscription>,
    /// How many there ever were: ids are not used again.
    begun: u64,
    /// Whether the journal is being read on for one of them.
    reading: bool,
}

impl Subscriptions {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.reading = false;
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

    /// A copy of the next one that has something to say, to be given back by [`Subscriptions::take`];
    /// whoever was served last comes last.
    pub(super) fn next_behind(&mut self, head: Seq) -> Option<Subscription> {
        if self.reading {
            return None;
        }
        let place = self.list.iter().position(|one| one.is_behind(head))?;
        self.list.rotate_left(place);
        let found = self.list.first().cloned();
        self.list.rotate_left(1);
        self.reading = true;
        found
    }

    /// Takes over how far one was read; what it said, unless it ended meanwhile.
    pub(super) fn take(&mut self, pumped: Pumped) -> Result<Vec<u8>, Error> {
        self.reading = false;
        let Pumped { subscription, framed } = pumped;
        let framed = framed?;
        let place = subscription.and_then(|read| {
            let one = self.list.iter_mut().find(|one| one.id == read.id)?;
            *one = read;
            Some(framed)
        });
        Ok(place.unwrap_or_default())
    }

    /// What the quiet ones are told.
    pub(super) fn bookmarks(&mut self, services: &Services) -> Vec<Event> {
        self.list.iter_mut().filter_map(|one| one.bookmark(services)).collect()
    }
}
