//! One subscriber: a cursor and a filter. Never a queue: events are read from the journal when the
//! client's socket takes more.

use super::{Services, convert, fault, fit, limits};
use crate::readers::breathe;
use crate::store::StoreError;
use chapar_engine::id::Seq;
use chapar_engine::time::Boot;
use chapar_ipc_protocol::call::Scope;
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::event::{Event, EventData, Plain, TYPES, matches};
use chapar_ipc_protocol::frame::{Framing, encode};
use chapar_ipc_protocol::id as wire;
use chapar_ipc_protocol::message::notification;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a client wants to hear and may hear.
#[derive(Clone)]
pub(super) struct Filter {
    scopes: BTreeSet<Scope>,
    types: Option<Vec<String>>,
    accounts: Option<Vec<wire::AccountId>>,
}

impl Filter {
    pub(super) fn new(
        scopes: &BTreeSet<Scope>,
        types: Option<Vec<String>>,
        accounts: Option<Vec<wire::AccountId>>,
    ) -> Result<Self, Error> {
        let words = types.as_ref().map_or(0, Vec::len).max(accounts.as_ref().map_or(0, Vec::len));
        if words > limits::FILTER_WORDS {
            let limit = limits::FILTER_WORDS;
            return Err(fault::argument(format!(
                "`types` and `accountIds` may name {limit} each."
            )));
        }
        check_types(scopes, types.as_deref().unwrap_or_default())?;
        Ok(Self { scopes: scopes.clone(), types, accounts })
    }

    pub(super) fn passes(&self, event: &Event) -> bool {
        let account = event.account_id.as_ref();
        self.scopes.contains(&event.data.scope())
            && self.types.as_ref().is_none_or(|types| matches(types, event.data.name()))
            && self
                .accounts
                .as_ref()
                .is_none_or(|accounts| account.is_none_or(|id| accounts.contains(id)))
    }
}

/// A type asked for by its full name needs its scope; a word that no type has is a mistake.
fn check_types(scopes: &BTreeSet<Scope>, types: &[String]) -> Result<(), Error> {
    for word in types {
        let alone = std::slice::from_ref(word);
        let mut meant = TYPES.iter().filter(|(name, _)| matches(alone, name)).peekable();
        if meant.peek().is_none() {
            let known: Vec<_> = TYPES.iter().map(|(name, _)| *name).collect();
            let reason = format!("There is no event type `{word}`.");
            return Err(fault::argument(reason).hint(format!("types: {}", known.join(", "))));
        }
        if let Some((name, scope)) = meant.find(|(_, scope)| !scopes.contains(scope)) {
            let scope = scope.word();
            return Err(Error::new(
                ErrorType::Forbidden,
                format!("`{name}` needs the scope `{scope}`, which this connection does not have."),
            ));
        }
    }
    Ok(())
}

/// Where a reader begins.
pub(super) struct Start {
    pub(super) at: Seq,
    pub(super) resync: bool,
}

/// The place after `since`; the newest when it is absent, or when its history is gone.
pub(super) fn begin(services: &Services, since: Option<&wire::Cursor>) -> Result<Start, Error> {
    let head = *services.store.head().borrow();
    let Some(since) = since else { return Ok(Start { at: head, resync: false }) };
    let place = convert::to_cursor(since);
    let (instance, at) = place.ok_or_else(|| {
        fault::argument(format!("`since`: `{since}` is not a cursor."))
            .hint("give a cursor of an event or of `hello`, or leave it out to begin now")
    })?;
    let kept = if instance != services.store.instance() || at > head {
        false
    } else {
        match services.store.read().and_then(|view| view.events(at, 1)) {
            Ok(_) => true,
            Err(StoreError::Missing(_)) => false,
            Err(error) => return Err(fault::store(error)),
        }
    };
    Ok(Start { at: if kept { at } else { head }, resync: !kept })
}

/// What a subscription had to say, and how far it was read.
pub(super) struct Pumped {
    /// The subscription as it is now.
    pub(super) subscription: Option<Subscription>,
    /// Messages, framed.
    pub(super) framed: Result<Vec<u8>, Error>,
}

impl Pumped {
    /// Nothing could be read.
    pub(super) fn broken(error: Error) -> Self {
        Self { subscription: None, framed: Err(error) }
    }
}

/// One subscription of one connection.
#[derive(Clone)]
pub(super) struct Subscription {
    pub(super) id: wire::SubscriptionId,
    filter: Filter,
    at: Seq,
    live: bool,
    resync: bool,
    said: Boot,
}

impl Subscription {
    pub(super) fn new(id: wire::SubscriptionId, filter: Filter, start: &Start, now: Boot) -> Self {
        Self { id, filter, at: start.at, live: false, resync: start.resync, said: now }
    }

    /// Whether it has something to say, seen from the journal's head.
    pub(super) fn is_behind(&self, head: Seq) -> bool {
        !self.live || self.resync || self.at < head
    }

    /// Reads on until the journal ends or there is enough for one write. A job of the readers.
    pub(super) async fn pump(mut self, services: Arc<Services>, framing: Framing) -> Pumped {
        let mut framed = Vec::new();
        let read = self.read_on(&services, framing, &mut framed).await;
        Pumped { subscription: Some(self), framed: read.map(|()| framed) }
    }

    async fn read_on(
        &mut self,
        services: &Services,
        framing: Framing,
        framed: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let instance = services.store.instance();
        let now = services.world.clock.boot();
        let mut say = |event: &Event| {
            if let Ok(bytes) = notification("event", event) {
                encode(framing, &bytes, framed);
            }
            framed.len() >= limits::EVENT_BYTES
        };
        if self.resync {
            self.resync = false;
            say(&self.mark(services, EventData::StreamResync(Plain {})));
        }
        loop {
            breathe().await;
            let page = services
                .store
                .read()
                .and_then(|view| view.events_page(self.at, limits::EVENT_BATCH));
            let batch = match page {
                Err(StoreError::Missing(_)) => {
                    self.at = *services.store.head().borrow();
                    self.resync = true;
                    return Ok(());
                }
                batch => batch.map_err(fault::store)?,
            };
            if batch.is_empty() {
                break;
            }
            let mut held: Option<Event> = None;
            for event in batch {
                let seq = event.seq;
                let mut event = fit::event(convert::event(&instance, event));
                if !self.filter.passes(&event) {
                    self.at = seq;
                    continue;
                }
                event.subscription = Some(self.id.clone());
                if let Some(before) = held.take()
                    && !coalesce(&before, &mut event)
                    && say(&before)
                {
                    // `at` is the place of `before`: nothing of `event` was said.
                    self.said = now;
                    return Ok(());
                }
                self.at = seq;
                held = Some(event);
            }
            if let Some(last) = held {
                self.said = now;
                if say(&last) {
                    return Ok(());
                }
            }
        }
        if !self.live {
            self.live = true;
            self.said = now;
            say(&self.mark(services, EventData::StreamLive(Plain {})));
        }
        Ok(())
    }

    /// Says that the cursor moved, or that the line stands, when nothing else was said for long.
    pub(super) fn bookmark(&mut self, services: &Services) -> Option<Event> {
        let now = services.world.clock.boot();
        if !self.live || now < self.said.after(limits::BOOKMARK) {
            return None;
        }
        self.said = now;
        Some(self.mark(services, EventData::StreamBookmark(Plain {})))
    }

    fn mark(&self, services: &Services, data: EventData) -> Event {
        Event {
            subscription: Some(self.id.clone()),
            cursor: convert::cursor(&services.store.instance(), self.at),
            at: convert::date(services.world.clock.wall()),
            account_id: None,
            data,
            truncated: None,
        }
    }
}

/// Merges two `state.changed` in a row into the later one: a reader that lags hears once.
fn coalesce(before: &Event, event: &mut Event) -> bool {
    let (EventData::StateChanged(old), EventData::StateChanged(new)) =
        (&before.data, &mut event.data)
    else {
        return false;
    };
    if old.changed.len() >= limits::COALESCED {
        return false;
    }
    for (account, types) in &old.changed {
        let merged = new.changed.entry(account.clone()).or_default();
        for (name, state) in types {
            merged.entry(name.clone()).or_insert_with(|| state.clone());
        }
    }
    if before.account_id != event.account_id {
        event.account_id = None;
    }
    true
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Filter, coalesce};
    use chapar_ipc_protocol::call::Scope;
    use chapar_ipc_protocol::error::ErrorType;
    use chapar_ipc_protocol::event::Event;
    use std::collections::BTreeSet;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_filter_knows_types_accounts_and_scopes() {
        let status = BTreeSet::from([Scope::Status]);
        let all: BTreeSet<_> = Scope::ALL.iter().copied().collect();
        let mail = event(
            r#"{"cursor":"x:1","at":"t","type":"email.received","accountId":"a1","data":{}}"#,
        );
        let stop = event(r#"{"cursor":"x:1","at":"t","type":"daemon.stopping","data":{}}"#);
        let none = Filter::new(&status, None, None).unwrap();
        assert!(!none.passes(&mail) && none.passes(&stop));
        let a2 = Filter::new(&all, None, Some(vec!["a2".into()])).unwrap();
        assert!(!a2.passes(&mail) && a2.passes(&stop));
        let prefix = Filter::new(&all, Some(vec!["email.".into()]), None).unwrap();
        assert!(prefix.passes(&mail) && !prefix.passes(&stop));
        let kind = |result: Result<Filter, chapar_ipc_protocol::error::Error>| {
            result.err().unwrap().data.r#type
        };
        let forbidden = Filter::new(&status, Some(vec!["email.".into()]), None);
        assert_eq!(kind(forbidden), ErrorType::Forbidden);
        let unknown = Filter::new(&all, Some(vec!["emial.".into()]), None);
        assert_eq!(kind(unknown), ErrorType::InvalidArguments);
    }

    #[test]
    fn states_in_a_row_become_one() {
        let before = event(
            r#"{"cursor":"x:1","at":"t","type":"state.changed","accountId":"a1","data":{"changed":{"a1":{"Email":"1","Thread":"1"}}}}"#,
        );
        let mut after = event(
            r#"{"cursor":"x:2","at":"t","type":"state.changed","accountId":"a1","data":{"changed":{"a1":{"Email":"2"}}}}"#,
        );
        assert!(coalesce(&before, &mut after));
        let text = serde_json::to_string(&after).unwrap();
        assert!(text.contains(r#"{"a1":{"Email":"2","Thread":"1"}}"#), "{text}");
    }
}
