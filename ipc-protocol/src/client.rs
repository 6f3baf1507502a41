//! A blocking client: one connection, one call at a time, events as an iterator.
//!
//! The only file of this crate that names interprocess, and only its filesystem sockets: its
//! namespaced names are abstract sockets, which have no permissions.

use crate::blob::{BlobOpen, BlobPut, OpenReply, PutReply};
use crate::call::Call;
use crate::error::{Error, ErrorType};
use crate::event::{Event, EventSubscribe, SubscribeReply};
use crate::frame::{Decoder, FrameError, Framing, MAX_MESSAGE, encode};
use crate::message::{Answer, Outgoing, RequestId};
use crate::progress::{CallProgress, CallProgressValue};
use crate::standard::{ByIds, GetReply, MAX_OBJECTS};
use interprocess::local_socket::{GenericFilePath, Stream, prelude::*};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of one read from the socket.
const READ_BYTES: usize = 16 << 10;
/// Events kept while an answer is awaited: enough for one screen of news; the daemon waits beyond.
const MAX_PENDING: usize = 10_000;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("no daemon answers at {}: {source}", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The connection broke or timed out.
    #[error("the connection to the daemon broke: {0}")]
    Io(#[from] io::Error),
    /// The daemon ended the connection.
    #[error("the daemon closed the connection")]
    Closed,
    /// What came is not of this protocol.
    #[error("the daemon sent something that is not of this protocol: {0}")]
    Protocol(String),
    /// The daemon said no.
    #[error("{0}")]
    Refused(Box<Error>),
}

impl ClientError {
    /// The exit code of a command that ends with it (sysexits).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io(error) if is_timeout(error) => 75,
            Self::Connect { .. } | Self::Closed | Self::Io(_) => 69,
            Self::Protocol(_) => 70,
            Self::Refused(error) => error.data.r#type.exit_code(),
        }
    }

    /// The daemon's own error, when it gave one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Error> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FrameError> for ClientError {
    fn from(error: FrameError) -> Self {
        Self::Protocol(error.to_string())
    }
}

/// Whether the time set by [`Client::set_timeout`] ran out.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: Stream,
    decoder: Decoder,
    next_id: i64,
    pending: VecDeque<Event>,
}

impl Client {
    /// Connects to the socket at `path`.
    pub fn connect(path: &Path) -> Result<Self, ClientError> {
        let refused = |source| ClientError::Connect { path: path.to_owned(), source };
        let name = path.to_fs_name::<GenericFilePath>().map_err(refused)?;
        let stream = Stream::connect(name).map_err(refused)?;
        Ok(Self { stream, decoder: Decoder::new(), next_id: 0, pending: VecDeque::new() })
    }

    /// How long one read or write may wait; `None` = for ever.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_recv_timeout(timeout)?;
        self.stream.set_send_timeout(timeout)
    }

    /// Calls a method of the table and waits for its answer.
    pub fn call<C: Call>(&mut self, params: &C) -> Result<C::Reply, ClientError> {
        let result = self.call_any(C::METHOD.name(), params)?;
        read(&result)
    }

    /// Calls a `/get` and asks again for what did not fit into one answer, until all is there. `state`
    /// is that of the first answer.
    pub fn get<C, T>(&mut self, params: &C) -> Result<GetReply<T>, ClientError>
    where
        C: Call<Reply = GetReply<T>> + ByIds,
    {
        let mut all = self.call(params)?;
        let mut rest = std::mem::take(&mut all.not_fetched);
        let mut again = params.clone();
        while !rest.is_empty() {
            again.ask_for(rest.iter().take(MAX_OBJECTS).cloned().collect());
            let more = self.call(&again)?;
            let left = rest.split_off(rest.len().min(MAX_OBJECTS));
            if more.list.is_empty() && more.not_found.is_empty() {
                let reason =
                    format!("`{}` neither came nor was said to be missing", rest.join(", "));
                return Err(ClientError::Protocol(reason));
            }
            all.list.extend(more.list);
            all.not_found.extend(more.not_found);
            rest = more.not_fetched;
            rest.extend(left);
        }
        Ok(all)
    }

    /// Calls any method by name, with any parameters; the result as it came.
    pub fn call_raw(
        &mut self,
        method: &str,
        params: &serde_json::Value,
    ) -> Result<Box<RawValue>, ClientError> {
        self.call_any(method, params)
    }

    /// Calls a method that was given a `progressToken`. Until the answer comes `look` is told how far
    /// it is, and at the latest every `tick`; it says whether to wait on, and when not, this fails as
    /// timed out. The client's timeout is `tick` from then on.
    pub fn call_watched<C: Call>(
        &mut self,
        params: &C,
        tick: Duration,
        mut look: impl FnMut(Option<CallProgressValue>) -> bool,
    ) -> Result<C::Reply, ClientError> {
        let id = self.send(C::METHOD.name(), params)?;
        self.set_timeout(Some(tick))?;
        loop {
            let answer = match self.next_answer() {
                Err(ClientError::Io(error)) if is_timeout(&error) && look(None) => continue,
                other => other?,
            };
            match answer.method.as_deref() {
                Some("$/progress") => {
                    if let Some(params) = &answer.params
                        && !look(Some(read::<CallProgress>(params)?.value))
                    {
                        return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                    }
                }
                Some(_) => self.keep_event(answer)?,
                None => {
                    if let Some(result) = matched(answer, id)? {
                        return read(&result);
                    }
                }
            }
        }
    }

    fn call_any<P: Serialize>(
        &mut self,
        method: &str,
        params: &P,
    ) -> Result<Box<RawValue>, ClientError> {
        let id = self.send(method, params)?;
        loop {
            let answer = self.next_answer()?;
            if answer.method.is_some() {
                self.keep_event(answer)?;
            } else if let Some(result) = matched(answer, id)? {
                return Ok(result);
            }
        }
    }

    /// Subscribes and turns the connection into the stream of its events.
    pub fn subscribe(mut self, params: &EventSubscribe) -> Result<Events, ClientError> {
        let reply = self.call(params)?;
        Ok(Events { client: self, reply })
    }

    /// Puts `size` bytes of `from`; uses the connection up.
    pub fn put_blob(
        mut self,
        from: &mut dyn Read,
        size: u64,
        content_type: Option<String>,
    ) -> Result<PutReply, ClientError> {
        let id = self.send("Blob/put", &BlobPut { size, r#type: content_type, sha256: None })?;
        let copied = io::copy(&mut from.take(size), &mut self.stream);
        match copied {
            Ok(copied) if copied < size => {
                return Err(ClientError::Io(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("the file ended after {copied} of {size} bytes"),
                )));
            }
            // The daemon may have refused and closed: its answer says why, so read it first.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
        loop {
            let answer = self.next_answer()?;
            if let Some(result) = matched(answer, id)? {
                return read(&result);
            }
        }
    }

    /// Opens a blob, or an email's bytes, as a stream; uses the connection up.
    pub fn open_blob(mut self, params: &BlobOpen) -> Result<BlobReader, ClientError> {
        let reply: OpenReply = self.call(params)?;
        Ok(BlobReader {
            size: reply.size,
            left: reply.size,
            head: io::Cursor::new(self.decoder.into_rest()),
            stream: self.stream,
        })
    }

    fn send<P: Serialize>(&mut self, method: &str, params: &P) -> Result<i64, ClientError> {
        self.next_id += 1;
        let message = serde_json::to_vec(&Outgoing {
            jsonrpc: "2.0",
            id: Some(self.next_id),
            method,
            params,
        })
        .map_err(|error| ClientError::Protocol(error.to_string()))?;
        if message.len() > MAX_MESSAGE {
            return Err(ClientError::Refused(Box::new(
                Error::new(
                    ErrorType::RequestTooLarge,
                    format!(
                        "{method} would be {} bytes, more than the {MAX_MESSAGE} of one message.",
                        message.len()
                    ),
                )
                .hint("put large bytes by Blob/put"),
            )));
        }
        let mut wire = Vec::with_capacity(message.len() + 1);
        encode(Framing::Lines, &message, &mut wire);
        let written = self.stream.write_all(&wire);
        wire.fill(0);
        written?;
        Ok(self.next_id)
    }

    fn next_answer(&mut self) -> Result<Answer, ClientError> {
        let mut bytes = [0; READ_BYTES];
        loop {
            if let Some(frame) = self.decoder.pull()? {
                return serde_json::from_slice(&frame)
                    .map_err(|error| ClientError::Protocol(error.to_string()));
            }
            let count = match self.stream.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if count == 0 {
                return Err(ClientError::Closed);
            }
            self.decoder.push(bytes.get(..count).unwrap_or_default());
        }
    }

    fn keep_event(&mut self, answer: Answer) -> Result<(), ClientError> {
        if let Some(event) = event_of(answer)? {
            if self.pending.len() >= MAX_PENDING {
                return Err(ClientError::Protocol(
                    "more events than can be kept came before an answer".to_owned(),
                ));
            }
            self.pending.push_back(event);
        }
        Ok(())
    }
}

fn matched(answer: Answer, id: i64) -> Result<Option<Box<RawValue>>, ClientError> {
    // An error without an id ends the connection: it is the answer to whatever was asked.
    let ours = answer.id == Some(RequestId::Number(id));
    match answer.error {
        Some(error) if ours || answer.id.is_none() => Err(ClientError::Refused(Box::new(error))),
        None if ours => match answer.result {
            Some(result) => Ok(Some(result)),
            None => null().map(Some),
        },
        _ => Ok(None),
    }
}

fn null() -> Result<Box<RawValue>, ClientError> {
    RawValue::from_string("null".to_owned())
        .map_err(|error| ClientError::Protocol(error.to_string()))
}

fn read<T: DeserializeOwned>(raw: &RawValue) -> Result<T, ClientError> {
    serde_json::from_str(raw.get()).map_err(|error| ClientError::Protocol(error.to_string()))
}

fn event_of(answer: Answer) -> Result<Option<Event>, ClientError> {
    match (answer.method.as_deref(), answer.params) {
        (Some("event"), Some(params)) => read(&params).map(Some),
        _ => Ok(None),
    }
}

/// The events of one subscription; ends when the daemon ends the connection.
#[derive(Debug)]
pub struct Events {
    client: Client,
    reply: SubscribeReply,
}

impl Events {
    /// What the daemon answered to the subscription.
    #[must_use]
    pub fn reply(&self) -> &SubscribeReply {
        &self.reply
    }

    /// How long to wait for one event; `None` = for ever. A wait that ran out is an
    /// [`ClientError::Io`], and the iterator may be asked again.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.client.set_timeout(timeout)
    }
}

impl Iterator for Events {
    type Item = Result<Event, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(event) = self.client.pending.pop_front() {
            return Some(Ok(event));
        }
        loop {
            match self.client.next_answer().and_then(event_of) {
                Ok(Some(event)) => return Some(Ok(event)),
                Ok(None) => {}
                Err(ClientError::Closed) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The bytes of a blob.
#[derive(Debug)]
pub struct BlobReader {
    size: u64,
    left: u64,
    head: io::Cursor<Vec<u8>>,
    stream: Stream,
}

impl BlobReader {
    /// How many bytes there are in all.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..want).unwrap_or_default();
        if out.is_empty() {
            return Ok(0);
        }
        let mut count = self.head.read(out)?;
        if count == 0 {
            count = self.stream.read(out)?;
        }
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the daemon ended the stream {} bytes early", self.left),
            ));
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
