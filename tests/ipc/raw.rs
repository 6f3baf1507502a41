//! A connection without a library: bytes on a socket, framing by hand, every message judged by
//! `openrpc.json`.

use crate::schema;
use crate::world::PASSWORD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Nothing here takes that long, even on two loaded processors.
const PATIENCE: Duration = Duration::from_secs(30);

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Lines,
    Headers,
}

/// One connection.
pub(crate) struct Raw {
    pub(crate) stream: UnixStream,
    framing: Framing,
    buffer: Vec<u8>,
    kept: VecDeque<Value>,
    asked: BTreeMap<String, String>,
    next: u64,
}

impl Raw {
    pub(crate) fn connect(socket: &Path, framing: Framing) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let (kept, asked) = (VecDeque::new(), BTreeMap::new());
        Self { stream, framing, buffer: Vec::new(), kept, asked, next: 0 }
    }

    /// A connection that something was said on by hand.
    pub(crate) fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (kept, asked) = (VecDeque::new(), BTreeMap::new());
        Self { stream, framing: Framing::Lines, buffer: Vec::new(), kept, asked, next: 1_000 }
    }

    pub(crate) fn lines(socket: &Path) -> Self {
        Self::connect(socket, Framing::Lines)
    }

    /// Sends bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends one message.
    pub(crate) fn send(&mut self, message: &Value) {
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            self.asked.insert(id.to_string(), method.to_owned());
        }
        let text = message.to_string();
        let framed = match self.framing {
            Framing::Lines => text + "\n",
            Framing::Headers => format!("Content-Length: {}\r\n\r\n{text}", text.len()),
        };
        self.stream.write_all(framed.as_bytes()).unwrap();
    }

    /// A call written by hand: which method its answer is judged by.
    pub(crate) fn expect_id(&mut self, id: &Value, method: &str) {
        self.asked.insert(id.to_string(), method.to_owned());
    }

    /// Asks without waiting; the id.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = json!(self.next);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Calls and demands a result.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        let mut answer = self.answer(method, params);
        let result = answer.get_mut("result").map(Value::take);
        result.unwrap_or_else(|| panic!("{method} {params}: {answer}"))
    }

    /// Calls and demands an error.
    pub(crate) fn refuse(&mut self, method: &str, params: &Value) -> Value {
        let mut answer = self.answer(method, params);
        let error = answer.get_mut("error").map(Value::take);
        error.unwrap_or_else(|| panic!("{method} {params} was not refused: {answer}"))
    }

    /// Calls; the whole answer.
    pub(crate) fn answer(&mut self, method: &str, params: &Value) -> Value {
        let id = self.ask(method, params);
        self.answer_of(&id)
    }

    /// The answer to `id`; events that come before it are kept.
    pub(crate) fn answer_of(&mut self, id: &Value) -> Value {
        if let Some(at) = self.kept.iter().position(|one| one.get("id") == Some(id)) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let message = self.read().unwrap_or_else(|| panic!("the end instead of answer {id}"));
            if message.get("id") == Some(id) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    /// The next event's params.
    pub(crate) fn event(&mut self) -> Value {
        let kept = self.kept.iter().position(|one| one.get("method").is_some());
        let message = kept.and_then(|at| self.kept.remove(at));
        let mut message = message.unwrap_or_else(|| {
            loop {
                let message = self.read().expect("an event, not the end");
                if message.get("method").is_some() {
                    break message;
                }
                self.kept.push_back(message);
            }
        });
        message["params"].take()
    }

    /// The next message, judged; `None` at the end.
    pub(crate) fn read(&mut self) -> Option<Value> {
        let frame = self.frame()?;
        let text = std::str::from_utf8(&frame).expect("UTF-8");
        assert!(!text.contains(PASSWORD), "a password came out");
        let message: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
        self.judge(&message);
        Some(message)
    }

    fn judge(&mut self, message: &Value) {
        let object: &Map<String, Value> = message.as_object().expect("an object");
        assert_eq!(object["jsonrpc"], "2.0");
        let names: Vec<&str> = object.keys().map(String::as_str).collect();
        match names.as_slice() {
            ["jsonrpc", "method", "params"] => match object["method"].as_str() {
                Some("event") => schema::event(&object["params"]),
                Some("$/progress") => schema::progress(&object["params"]),
                other => panic!("a notification {other:?}"),
            },
            ["error", "id", "jsonrpc"] => schema::error(&object["error"]),
            ["id", "jsonrpc", "result"] => {
                let asked = self.asked.get(&object["id"].to_string());
                schema::result(asked.expect("an id that was sent"), &object["result"]);
            }
            other => panic!("members {other:?}: {message}"),
        }
    }

    fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((start, end, next)) = self.found() {
                let frame = self.buffer[start..end].to_vec();
                self.buffer.drain(..next);
                return Some(frame);
            }
            if !self.more() {
                assert!(self.buffer.is_empty(), "half a message at the end");
                return None;
            }
        }
    }

    fn found(&self) -> Option<(usize, usize, usize)> {
        match self.framing {
            Framing::Lines => {
                let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
                Some((0, end, end + 1))
            }
            Framing::Headers => {
                let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n")?;
                let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
                let length: usize = head.strip_prefix("Content-Length: ").unwrap().parse().unwrap();
                let start = end + 4;
                (self.buffer.len() >= start + length).then_some((
                    start,
                    start + length,
                    start + length,
                ))
            }
        }
    }

    fn more(&mut self) -> bool {
        let mut piece = [0; 16_384];
        match self.stream.read(&mut piece) {
            Ok(count) => {
                self.buffer.extend_from_slice(&piece[..count]);
                count > 0
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("nothing came within {PATIENCE:?}: {error}"),
        }
    }

    /// Exactly `count` raw bytes.
    pub(crate) fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.more(), "the end after {} of {count} bytes", self.buffer.len());
        }
        self.buffer.drain(..count).collect()
    }

    /// Demands that the daemon closes and says nothing more.
    pub(crate) fn end(&mut self) {
        while self.more() {}
        let rest = String::from_utf8_lossy(&self.buffer).into_owned();
        assert!(rest.is_empty() && self.kept.is_empty(), "more was said: {rest} {:?}", self.kept);
    }

    /// Ends the sending side.
    pub(crate) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}

/// The number after the colon of a cursor.
pub(crate) fn place_of(cursor: &Value) -> u64 {
    cursor.as_str().and_then(|text| text.split_once(':')).unwrap().1.parse().unwrap()
}
