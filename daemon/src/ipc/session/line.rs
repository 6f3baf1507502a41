//! The state of one conversation, without its IO: frames in, bytes out, calls in flight.

use super::caller::Caller;
use super::out::Out;
use super::progress::Followed;
use super::subscriptions::Subscriptions;
use crate::ipc::handlers::{Answer, answer, daemon};
use crate::ipc::subscription::Pumped;
use crate::ipc::{Services, dispatch, fault, limits, params};
use chapar_engine::id::Seq;
use chapar_ipc_protocol::blob::{BlobOpen, BlobPut};
use chapar_ipc_protocol::call::{Method, Request, Scope};
use chapar_ipc_protocol::error::{Error, ErrorType};
use chapar_ipc_protocol::frame::{Decoder, Framing, MAX_MESSAGE};
use chapar_ipc_protocol::message::{Incoming, RequestId, notification, refusal, success};
use chapar_ipc_protocol::standard::Done;
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, BoxFuture, abortable};
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// A call that turns the connection into a stream of bytes.
pub(super) enum Stream {
    Open(RequestId, BlobOpen),
    Put(RequestId, BlobPut),
}

/// What ended.
pub(super) enum Landed {
    /// A call.
    Call(RequestId, Answer),
    /// Reading the journal on for a subscription.
    Pumped(Pumped),
}

/// A call in flight or waiting for its turn.
struct Flight {
    bytes: usize,
    /// `None` for a change that runs: it is not given up half-way.
    abort: Option<AbortHandle>,
}

pub(super) struct Line {
    pub(super) services: Arc<Services>,
    pub(super) flights: FuturesUnordered<BoxFuture<'static, Landed>>,
    pub(super) out: Out,
    /// Calls that are told how far they are.
    pub(super) followed: Followed,
    pub(super) caller: Caller,
    scopes: Arc<BTreeSet<Scope>>,
    decoder: Decoder,
    /// How messages are told apart, once the decoder was given up for a stream.
    framing: Option<Framing>,
    open: BTreeMap<RequestId, Flight>,
    /// Changes waiting for their turn.
    queue: VecDeque<(RequestId, Request)>,
    /// The change that runs.
    changing: Option<RequestId>,
    subscriptions: Subscriptions,
    /// Whether there may be whole messages that were not looked at in this turn.
    more: bool,
    partial_since: Option<Instant>,
    stream: Option<Stream>,
    ended: bool,
    fatal: bool,
}

impl Line {
    pub(super) fn new(services: Arc<Services>, scopes: BTreeSet<Scope>, caller: Caller) -> Self {
        Self {
            services,
            flights: FuturesUnordered::new(),
            out: Out::default(),
            followed: Followed::default(),
            caller,
            scopes: Arc::new(scopes),
            decoder: Decoder::new(),
            framing: None,
            open: BTreeMap::new(),
            queue: VecDeque::new(),
            changing: None,
            subscriptions: Subscriptions::default(),
            more: false,
            partial_since: None,
            stream: None,
            ended: false,
            fatal: false,
        }
    }

    pub(super) fn head(&self) -> watch::Receiver<Seq> {
        self.services.store.head()
    }

    pub(super) fn has_subscriptions(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    /// Whether another byte may be read: back-pressure is not reading.
    pub(super) fn can_read(&self) -> bool {
        !self.ended && !self.fatal && self.stream.is_none() && self.has_room()
    }

    fn has_room(&self) -> bool {
        let bytes: usize = self.open.values().map(|flight| flight.bytes).sum();
        self.open.len() < limits::IN_FLIGHT
            && bytes < limits::IN_FLIGHT_BYTES
            && self.out.rest().len() < limits::OUT_BYTES
    }

    /// When the message under way must have ended.
    pub(super) fn partial_until(&self) -> Option<Instant> {
        self.partial_since.map(|since| since + limits::PARTIAL)
    }

    /// Takes bytes that were read; none = the client said all it had.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.decoder.push(bytes);
            return;
        }
        self.ended = true;
        // `printf '{…}' | nc -N`: the end of the stream ends the last line too.
        if self.decoder.framing() == Some(Framing::Lines) && self.decoder.held() > 0 {
            self.decoder.push(b"\n");
        }
    }

    /// Gives up what came after the last message: the beginning of a stream.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        self.framing = self.decoder.framing();
        std::mem::take(&mut self.decoder).into_rest()
    }

    /// Reads messages while there is room for them, and starts the next change.
    pub(super) fn advance(&mut self) {
        let mut taken = 0;
        self.more = false;
        while !self.fatal && self.stream.is_none() && self.has_room() {
            if taken > limits::TURN_BYTES {
                self.more = true;
                break;
            }
            match self.decoder.pull() {
                Ok(Some(mut frame)) => {
                    self.partial_since = None;
                    taken += frame.len();
                    self.receive(&frame);
                    // It may have held a password.
                    frame.fill(0);
                }
                Ok(None) => {
                    let partial = self.decoder.held() > 0;
                    let since = self.partial_since.unwrap_or_else(Instant::now);
                    self.partial_since = partial.then_some(since);
                    break;
                }
                Err(error) => {
                    use chapar_ipc_protocol::frame::FrameError;
                    let large = matches!(error, FrameError::TooLarge);
                    let kind = if large { ErrorType::FrameTooLarge } else { ErrorType::ParseError };
                    self.fail(&Error::new(kind, format!("Not a message: {error}.")));
                }
            }
        }
        self.start_change();
    }

    /// Whether messages are left for the next turn.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// Tells the client that it is out of step, and ends the conversation.
    pub(super) fn fail(&mut self, error: &Error) {
        self.refuse(None, error);
        self.fatal = true;
        self.flights.clear();
        self.open.clear();
        self.queue.clear();
        self.subscriptions.clear();
    }

    fn receive(&mut self, frame: &[u8]) {
        let incoming = match Incoming::parse(frame) {
            Ok(incoming) => incoming,
            Err(malformed) if malformed.fatal => return self.fail(&malformed.error),
            Err(malformed) => return self.refuse(malformed.id.as_ref(), &malformed.error),
        };
        let Some(id) = incoming.id.clone() else {
            return self.notified(&incoming);
        };
        match self.decode(&id, incoming) {
            Ok(request) => self.begin(id, request, frame.len()),
            Err(error) => self.refuse(Some(&id), &error),
        }
    }

    fn notified(&mut self, incoming: &Incoming) {
        // JSON-RPC 2.0 §4.1: a notification is never answered, not even a wrong one.
        if Method::from_name(&incoming.method) != Some(Method::CancelRequest) {
            return;
        }
        let decoded = params::decode(Method::CancelRequest, incoming.params.as_deref());
        if let Ok(Request::CancelRequest(cancel)) = decoded {
            self.cancel(&cancel.id);
        }
    }

    fn decode(&self, id: &RequestId, incoming: Incoming) -> Result<Request, Error> {
        let method = Method::from_name(&incoming.method).ok_or_else(|| {
            let name: String = incoming.method.chars().take(64).collect();
            Error::new(ErrorType::UnknownMethod, format!("There is no method `{name}`."))
                .hint("rpc.discover lists them all")
        })?;
        if self.open.contains_key(id) {
            let reason = format!("The id `{id}` belongs to a call that is still in flight.");
            return Err(Error::new(ErrorType::InvalidRequest, reason));
        }
        if !self.scopes.contains(&method.scope()) {
            let (name, scope) = (method.name(), method.scope().word());
            return Err(Error::new(
                ErrorType::Forbidden,
                format!("{name} needs the scope `{scope}`, which this connection does not have."),
            ));
        }
        let request = params::decode(method, incoming.params.as_deref());
        if let Some(params) = incoming.params {
            let mut text = String::from(Box::<str>::from(params)).into_bytes();
            text.fill(0);
            std::hint::black_box(&text);
        }
        request
    }

    fn begin(&mut self, id: RequestId, request: Request, bytes: usize) {
        match request {
            Request::Hello(hello) => {
                if let Some(client) = &hello.client {
                    self.caller.introduced(&client.name);
                }
                let kept = daemon::narrowed(&self.scopes, hello.scopes.as_deref());
                let reply = kept.and_then(|kept| {
                    self.scopes = Arc::new(kept);
                    daemon::hello(&self.services, &self.scopes)
                });
                self.answer(&id, reply);
            }
            Request::EventSubscribe(params) => {
                let reply = self.subscriptions.begin(&self.services, &self.scopes, params);
                self.answer(&id, reply.and_then(|reply| answer(&reply)));
            }
            Request::EventUnsubscribe(params) => {
                let reply = self.subscriptions.end(&params);
                self.answer(&id, reply.and_then(|done| answer(&done)));
            }
            Request::CancelRequest(cancel) => {
                self.cancel(&cancel.id);
                self.answer(&id, answer(&Done {}));
            }
            Request::BlobOpen(params) => self.stream = Some(Stream::Open(id, params)),
            Request::BlobPut(params) => self.stream = Some(Stream::Put(id, params)),
            request if request.method().mutating() => {
                self.open.insert(id.clone(), Flight { bytes, abort: None });
                self.queue.push_back((id, request));
            }
            request => {
                let abort = self.start_read(id.clone(), request);
                self.open.insert(id, Flight { bytes, abort: Some(abort) });
            }
        }
    }

    fn start_read(&mut self, id: RequestId, request: Request) -> AbortHandle {
        self.followed.begin(&id, &request);
        let call = self.run(request);
        let (call, abort) = abortable(call);
        let flight = async move {
            let answer = call.await.unwrap_or_else(|_| Err(canceled()));
            Landed::Call(id, answer)
        };
        self.flights.push(flight.boxed());
        abort
    }

    /// Starts the next change when none runs. It runs on when the client leaves.
    fn start_change(&mut self) {
        if self.changing.is_some() || self.fatal {
            return;
        }
        let Some((id, request)) = self.queue.pop_front() else { return };
        let running = self.services.tasks.spawn(self.run(request));
        self.changing = Some(id.clone());
        let flight = async move {
            let answer = running.await.unwrap_or_else(|_| Err(fault::broken()));
            Landed::Call(id, answer)
        };
        self.flights.push(flight.boxed());
    }

    fn run(&self, request: Request) -> impl Future<Output = Answer> + Send + use<> {
        let services = Arc::clone(&self.services);
        let scopes = Arc::clone(&self.scopes);
        let caller = self.caller.clone();
        let call =
            AssertUnwindSafe(dispatch::run(services, scopes, caller, request)).catch_unwind();
        call.map(|result| result.unwrap_or_else(|_| Err(fault::broken())))
    }

    /// Answers a call that ended, or says what a subscription had to say.
    pub(super) fn finish(&mut self, landed: Landed) {
        let (id, answer) = match landed {
            Landed::Call(id, answer) => (id, answer),
            Landed::Pumped(pumped) => return self.pumped(pumped),
        };
        self.open.remove(&id);
        self.followed.end(&id);
        if self.changing.as_ref() == Some(&id) {
            self.changing = None;
        }
        self.answer(&id, answer);
    }

    fn cancel(&mut self, id: &RequestId) {
        if let Some(position) = self.queue.iter().position(|(waiting, _)| waiting == id) {
            self.queue.remove(position);
            self.open.remove(id);
            self.answer(id, Err(canceled()));
        } else if let Some(abort) = self.open.get(id).and_then(|flight| flight.abort.as_ref()) {
            abort.abort();
        }
    }

    /// Gives every read up, and every change not begun: the daemon stops.
    pub(super) fn cancel_reads(&mut self) {
        let ids: Vec<_> = self.open.keys().cloned().collect();
        for id in ids {
            self.cancel(&id);
        }
    }

    /// Queues an answer.
    pub(super) fn answer(&mut self, id: &RequestId, answer: Answer) {
        let reply = match answer {
            Ok(reply) => reply,
            Err(error) => return self.refuse(Some(id), &error),
        };
        match success(id, &reply.json) {
            Ok(bytes) if bytes.len() <= MAX_MESSAGE => {
                self.say(&bytes);
                self.out.keep(reply.room);
            }
            _ => self.refuse(
                Some(id),
                &Error::new(
                    ErrorType::RequestTooLarge,
                    format!("The answer would have more than {MAX_MESSAGE} bytes."),
                )
                .hint("ask for fewer objects or properties at once"),
            ),
        }
    }

    /// Queues an error.
    pub(super) fn refuse(&mut self, id: Option<&RequestId>, error: &Error) {
        match refusal(id, error) {
            Ok(bytes) => self.say(&bytes),
            Err(error) => tracing::error!(%error, "an error could not be written"),
        }
    }

    fn say(&mut self, message: &[u8]) {
        self.out.say(self.framing(), message);
    }

    fn framing(&self) -> Framing {
        self.decoder.framing().or(self.framing).unwrap_or(Framing::Lines)
    }

    /// Begins to read the journal on for a subscription, once everything before was taken by the
    /// client.
    pub(super) fn pump(&mut self) {
        if !self.out.is_empty() || self.fatal {
            return;
        }
        let head = *self.services.store.head().borrow();
        let Some(subscription) = self.subscriptions.next_behind(head) else { return };
        let (services, framing) = (Arc::clone(&self.services), self.framing());
        let client = self.caller.client;
        let flight = async move {
            let readers = Arc::clone(&services);
            let read = readers.readers.run(client, subscription.pump(services, framing)).await;
            Landed::Pumped(read.unwrap_or_else(|_| Pumped::broken(fault::broken())))
        };
        self.flights.push(flight.boxed());
    }

    fn pumped(&mut self, pumped: Pumped) {
        match self.subscriptions.take(pumped) {
            Ok(framed) => self.out.add(&framed),
            Err(error) => self.fail(&error),
        }
    }

    /// Says to quiet subscribers that the line stands.
    pub(super) fn bookmark(&mut self) {
        for mark in self.subscriptions.bookmarks(&self.services) {
            if let Ok(bytes) = notification("event", &mark) {
                self.say(&bytes);
            }
        }
    }

    /// Tells calls that asked for it how far they are; a client that does not read is told later.
    pub(super) fn tell_progress(&mut self) {
        let services = Arc::clone(&self.services);
        for progress in self.followed.look(&services) {
            if self.out.is_empty()
                && let Ok(bytes) = notification("$/progress", &progress)
            {
                self.say(&bytes);
            }
        }
    }

    /// Whether there is nothing more to say or hear; `stopping`: nothing new is listened to.
    pub(super) fn is_over(&self, stopping: bool) -> bool {
        if !self.out.is_empty() || !self.open.is_empty() || self.more {
            return false;
        }
        let silent = self.ended && self.subscriptions.is_empty();
        stopping || self.fatal || self.stream.is_some() || silent
    }

    /// How it ended.
    pub(super) fn end(&mut self) -> super::End {
        match self.stream.take() {
            _ if self.fatal => super::End::Fatal,
            Some(stream) => super::End::Stream(Box::new(stream)),
            None => super::End::Over,
        }
    }
}

fn canceled() -> Error {
    Error::new(ErrorType::Canceled, "The call was given up.")
}
