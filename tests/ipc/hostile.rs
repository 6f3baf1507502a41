//! Bytes that are no conversation, and requests that are wrong: each is told once, in one line, and
//! the daemon stays up for everybody else.

use crate::place::Place;
use crate::raw::{Framing, Raw};
use crate::shared;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A daemon, and a good client that must not notice anything.
pub(crate) struct Town {
    pub(crate) place: Place,
    pub(crate) good: Raw,
}

impl Town {
    pub(crate) fn new() -> Self {
        let mut place = Place::new();
        place.start();
        let good = Raw::lines(&place.socket());
        Self { place, good }
    }

    pub(crate) fn is_well(&mut self) {
        assert_eq!(self.good.call("status", &json!({}))["daemon"]["pid"], self.place.pid());
        Raw::lines(&self.place.socket()).call("status", &json!({}));
    }

    /// Says `bytes`, half-closes when told to, and hands over all that came until the end.
    pub(crate) fn said(&self, bytes: &[u8], half_close: bool) -> Vec<Value> {
        let mut stream = UnixStream::connect(self.place.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        // It may close before all is taken: that is its right.
        let _ = stream.write_all(bytes);
        if half_close {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut text = Vec::new();
        let read = stream.read_to_end(&mut text);
        assert!(read.is_ok(), "not closed within 10 s: {read:?}");
        let text = String::from_utf8(text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What is out of step gets one error without an id, and the end, without our closing first.
    fn ends(&mut self, what: &str, bytes: &[u8], kind: &str) {
        let said = self.said(bytes, false);
        assert_eq!(said.len(), 1, "{what}: {said:?}");
        assert_eq!(said[0]["id"], Value::Null, "{what}");
        crate::schema::error(&said[0]["error"]);
        assert_eq!(said[0]["error"]["data"]["type"], kind, "{what}: {}", said[0]);
        println!("  {what}: {}", said[0]["error"]["message"]);
        self.is_well();
    }
}

#[test]
fn bytes_that_are_no_conversation_are_ended_with_one_error() {
    let _shared = shared();
    let mut town = Town::new();
    let hello: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0x5a, 0x99, 0x1c];
    let deep = format!("{{\"a\":{}{}}}\n", "[".repeat(10_000), "]".repeat(10_000));
    let open = "{\"a\":".repeat(10_000) + "\n";
    let request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}";
    let long = format!("{{\"jsonrpc\":\"2.0\",\"pad\":\"{}\"", "x".repeat(1 << 20));
    let batch = format!("[{request},{request}]\n");
    let two = format!("{request} {request}\n");
    let cases: &[(&str, &[u8], &str)] = &[
        ("garbage", &[0xff, 0x00, 0x13, 0x37, b'\n'], "parseError"),
        ("HTTP", b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{}\r\n", "parseError"),
        ("HTTP that begins with C", b"CONNECT evil:1 HTTP/1.1\r\nHost: x\r\n\r\n", "parseError"),
        ("TLS ClientHello", hello, "parseError"),
        ("a line of SMTP", b"EHLO localhost\r\n", "parseError"),
        ("a batch", batch.as_bytes(), "parseError"),
        ("no JSON", b"{not json}\n", "parseError"),
        ("half JSON", b"{\"jsonrpc\":\"2.0\",\"id\":1\n", "parseError"),
        ("two on a line", two.as_bytes(), "parseError"),
        ("depth 10,000", deep.as_bytes(), "parseError"),
        ("depth 10,000, open", open.as_bytes(), "parseError"),
        (
            "invalid UTF-8",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xc3\x28\"}\n",
            "parseError",
        ),
        (
            "invalid UTF-8 in params",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{\"a\":\"\xff\"}}\n",
            "parseError",
        ),
        (
            "a lone surrogate in the method",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\ud800\"}\n",
            "parseError",
        ),
        ("more than a message", long.as_bytes(), "frameTooLarge"),
        ("Content-Length too large", b"Content-Length: 99999999\r\n\r\n{", "frameTooLarge"),
        ("Content-Length negative", b"Content-Length: -1\r\n\r\n{", "parseError"),
        ("Content-Length twice", b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "parseError"),
        (
            "Content-Length overflowing",
            b"Content-Length: 99999999999999999999999\r\n\r\n{}",
            "parseError",
        ),
        ("a foreign header", b"Content-Length: 2\r\nX-Evil: 1\r\n\r\n{}", "parseError"),
        ("endless headers", &[b'C'; 2_000], "parseError"),
    ];
    for (what, bytes, kind) in cases {
        // Errors to Content-Length clients come framed; here only the object matters.
        if bytes[0] == b'C' {
            town.ends_framed(what, bytes, kind);
        } else {
            town.ends(what, bytes, kind);
        }
    }
}

impl Town {
    fn ends_framed(&mut self, what: &str, bytes: &[u8], kind: &str) {
        let mut raw = Raw::connect(&self.place.socket(), Framing::Headers);
        let _ = raw.bytes(bytes);
        let said = raw.read().unwrap_or_else(|| panic!("{what}: closed without a word"));
        assert_eq!(said["id"], Value::Null, "{what}");
        assert_eq!(said["error"]["data"]["type"], kind, "{what}: {said}");
        println!("  {what}: {}", said["error"]["message"]);
        raw.end();
        self.is_well();
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of requests")]
fn requests_that_are_wrong_are_answered_and_the_line_goes_on() {
    let _shared = shared();
    let mut town = Town::new();
    let mut raw = Raw::lines(&town.place.socket());
    let long = "x".repeat(257);
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"status"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"status","method":"hello"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#.to_owned(), json!(1), "invalidRequest"),
        (
            r#"{"jsonrpc":"2.0","id":1.5,"method":"status"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (
            r#"{"jsonrpc":"2.0","id":{},"method":"status"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (r#"{"id":1,"method":"status"}"#.to_owned(), json!(1), "invalidRequest"),
        (r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#.to_owned(), json!(1), "invalidRequest"),
        (r#"{"jsonrpc":"2.0","id":1}"#.to_owned(), json!(1), "invalidRequest"),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"status"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (
            r#"{"jsonrpc":"2.0","id":9007199254740992,"method":"status"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (
            r#"{"jsonrpc":"2.0","id":-9007199254740992,"method":"status"}"#.to_owned(),
            Value::Null,
            "invalidRequest",
        ),
        (
            format!(r#"{{"jsonrpc":"2.0","id":"{long}","method":"status"}}"#),
            Value::Null,
            "invalidRequest",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"status","params":[1]}"#.to_owned(),
            json!(1),
            "invalidRequest",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"status","params":"x"}"#.to_owned(),
            json!(1),
            "invalidRequest",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"Status"}"#.to_owned(), json!(1), "unknownMethod"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"","params":{}}"#.to_owned(),
            json!(1),
            "unknownMethod",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Email/query","params":{"limit":"5"}}"#.to_owned(),
            json!(1),
            "invalidArguments",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Email/query","params":{"limit":-5}}"#.to_owned(),
            json!(1),
            "invalidArguments",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Email/query","params":{"limit":1e400}}"#
                .to_owned(),
            json!(1),
            "invalidArguments",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Email/query","params":{"limit":1,"limit":2}}"#
                .to_owned(),
            json!(1),
            "invalidArguments",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Thread/get","params":{"ids":{}}}"#.to_owned(),
            json!(1),
            "invalidArguments",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"Account/sync","params":{"accountId":1}}"#
                .to_owned(),
            json!(1),
            "invalidArguments",
        ),
        (
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"Thread/get","params":{{"ids":[{}]}}}}"#,
                vec!["\"T1\""; 501].join(",")
            ),
            json!(1),
            "requestTooLarge",
        ),
    ];
    for (line, id, kind) in cases {
        raw.bytes((line.clone() + "\n").as_bytes()).unwrap();
        let answer = raw.read().unwrap();
        let shown: String = line.chars().take(90).collect();
        assert_eq!(answer["id"], id, "{shown}: {answer}");
        assert_eq!(answer["error"]["data"]["type"], kind, "{shown}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        // the words of a library, which no client of ours has to know
        for foreign in ["expected", "invalid type", " at line ", "column", "untagged", "duplicate"]
        {
            assert!(!message.contains(foreign), "{shown}: {message}");
        }
    }
    // Unknown parameters, at every depth, by name.
    let params = json!({"accountId": "a1", "filter": {"inbox": 1}, "offset": 2});
    let error = raw.refuse("Email/query", &params);
    let mut unknown: Vec<&str> =
        error["data"]["unknown"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    unknown.sort_unstable();
    assert_eq!(unknown, ["filter.inbox", "offset"]);
    // The largest ids there are, and odd but right ones.
    for id in [
        json!(9_007_199_254_740_991_i64),
        json!(-9_007_199_254_740_991_i64),
        json!(""),
        json!("x".repeat(256)),
        json!("\u{1f98a}\n"),
    ] {
        raw.send(&json!({"jsonrpc": "2.0", "id": id, "method": "status"}));
        assert!(raw.answer_of(&id).get("result").is_some(), "{id}");
    }
    // CRLF, empty lines, spaces, a message of exactly the limit.
    raw.bytes(b"\r\n\n{\"jsonrpc\": \"2.0\", \"id\": 5, \"method\": \"hello\"}\r\n").unwrap();
    let answer = raw.read_as(5, "hello");
    assert!(answer.get("result").is_some());
    let frame = |pad: usize| {
        format!(r#"{{"jsonrpc":"2.0","id":6,"method":"hello","pad":"{}"}}"#, "x".repeat(pad))
    };
    let pad = (1 << 20) - frame(0).len();
    raw.bytes((frame(pad) + "\n").as_bytes()).unwrap();
    assert!(raw.read_as(6, "hello").get("result").is_some(), "a message of 1 MiB");
    town.is_well();
}

impl Raw {
    /// The answer to a call that was written by hand.
    fn read_as(&mut self, id: u64, method: &str) -> Value {
        self.expect_id(&json!(id), method);
        self.answer_of(&json!(id))
    }
}
