//! Clients that are not clients, and clients that behave badly: each is told once, in one line, and
//! the daemon stays up for everybody else.

use crate::place::Place;
use crate::raw::{Framing, Raw};
use crate::shared;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A daemon, and a good client that must not notice anything.
struct Town {
    place: Place,
    good: Raw,
}

impl Town {
    fn new() -> Self {
        let mut place = Place::new();
        place.start();
        let good = Raw::lines(&place.socket());
        Self { place, good }
    }

    fn is_well(&mut self) {
        assert_eq!(self.good.call("status", &json!({}))["daemon"]["pid"], self.place.pid());
        Raw::lines(&self.place.socket()).call("status", &json!({}));
    }

    /// Says `bytes`, half-closes when told to, and hands over all that came until the end.
    fn said(&self, bytes: &[u8], half_close: bool) -> Vec<Value> {
        let mut stream = UnixStream::connect(self.place.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
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
        (
            "a second id",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"status\"}\n",
            "invalidRequest",
        ),
        (
            "a second method",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"method\":\"hello\"}\n",
            "invalidRequest",
        ),
        (
            "a method that is a number",
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}\n",
            "invalidRequest",
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
fn requests_that_are_wrong_are_answered_and_the_line_goes_on() {
    let _shared = shared();
    let mut town = Town::new();
    let mut raw = Raw::lines(&town.place.socket());
    let long = "x".repeat(257);
    let cases = [
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

/// A line of 1 GB: closed early, and never held.
#[test]
fn an_endless_line_is_cut_off_early() {
    let _shared = shared();
    let mut town = Town::new();
    let before = town.place.memory("VmHWM");
    let mut stream = UnixStream::connect(town.place.socket()).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let piece = vec![b'x'; 1 << 20];
    let begun = Instant::now();
    let mut sent: u64 = 0;
    stream.write_all(b"{\"a\":\"").unwrap();
    let refused = loop {
        match stream.write(&piece) {
            Ok(count) => sent += count as u64,
            Err(error) => break error,
        }
        assert!(sent < 1 << 30, "a whole gigabyte was taken");
    };
    let mut said = String::new();
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.read_to_string(&mut said);
    let grown = town.place.memory("VmHWM") - before;
    println!(
        "closed after {} MiB and {:?} ({refused}), +{grown} kB, said {said}",
        sent >> 20,
        begun.elapsed()
    );
    assert!(grown < 8 << 10, "+{grown} kB");
    town.is_well();
}

/// Half a message may stand for 30 s, in both framings; an idle connection for ever.
#[test]
fn half_a_message_is_closed_after_30_seconds() {
    // Beside everything else: all it does is wait.
    let mut town = Town::new();
    let mut halves: Vec<(Raw, u64)> = Vec::new();
    let texts: [(Framing, &[u8]); 3] = [
        (Framing::Lines, b"{\"jsonrpc\":\"2.0\",\"id\":1"),
        (Framing::Headers, b"Content-Len"),
        (Framing::Headers, b"Content-Length: 100\r\n\r\n{\"jsonrpc\""),
    ];
    for (framing, text) in texts {
        let mut raw = Raw::connect(&town.place.socket(), framing);
        raw.bytes(text).unwrap();
        raw.stream.set_read_timeout(Some(Duration::from_secs(45))).unwrap();
        halves.push((raw, 0));
    }
    // One byte now and then does not prolong it: the limit is for the whole message.
    let mut drip = Raw::lines(&town.place.socket());
    drip.bytes(b"{").unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(28) {
        std::thread::sleep(Duration::from_secs(4));
        drip.bytes(b" ").unwrap();
    }
    halves.push((drip, 0));
    for (raw, _) in &mut halves {
        let said = raw.read().expect("one error before the end");
        assert_eq!(said["error"]["data"]["type"], "invalidRequest");
        let took = begun.elapsed().as_secs();
        assert!((28..40).contains(&took), "{took} s");
        println!("  {}", said["error"]["message"]);
        raw.end();
    }
    town.is_well();
}

/// 2,000 connections: as many as are allowed are served, the others are told, and when the crowd
/// leaves everything is as before. The daemon runs with the 1,024 descriptors of an ordinary
/// session.
#[test]
fn two_thousand_connections_are_served_or_told() {
    let _shared = shared();
    let mut town = Town::new();
    let mut crowd = Vec::new();
    for _ in 0..2_000 {
        let mut raw = Raw::lines(&town.place.socket());
        raw.ask("hello", &json!({}));
        crowd.push(raw);
    }
    let (mut served, mut told) = (0, 0);
    for raw in &mut crowd {
        let answer = raw.read().expect("served or told");
        if answer.get("result").is_some() {
            served += 1;
        } else {
            assert_eq!(answer["error"]["data"]["type"], "rateLimit", "{answer}");
            assert_ne!(answer["error"]["data"]["remedy"], json!([]));
            told += 1;
        }
    }
    println!("{served} served, {told} told, VmRSS {} kB", town.place.memory("VmRSS"));
    assert_eq!(served, 1_023, "1,024 with the good one");
    assert_eq!(town.good.call("status", &json!({}))["daemon"]["clients"], 1_024);
    drop(crowd);
    let deadline = Instant::now() + Duration::from_secs(10);
    while town.good.call("status", &json!({}))["daemon"]["clients"] != 1 {
        assert!(Instant::now() < deadline, "the seats are not given back");
        std::thread::sleep(Duration::from_millis(20));
    }
    town.is_well();
}

#[test]
fn half_closing_and_leaving_in_the_middle_harm_nobody() {
    let _shared = shared();
    let mut town = Town::new();
    // Asked, half-closed: all answers come, then the end. The last line needs no line end.
    let two = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"hello\"}";
    let said = town.said(two, true);
    assert_eq!(said.len(), 2, "{said:?}");
    // A waiting call of a half-closed client is still answered.
    let wait = br#"{"jsonrpc":"2.0","id":1,"method":"event/get","params":{"types":["daemon.stopping"],"waitMs":300}}"#;
    let said = town.said(wait, true);
    assert_eq!(said[0]["result"]["events"], json!([]));
    assert_eq!(town.said(b"", true).len(), 0, "nothing said, nothing answered");
    // Gone in the middle of calls, of a message, of an upload, of a download.
    for round in 0..40 {
        let mut raw = Raw::lines(&town.place.socket());
        match round % 4 {
            0 => drop(raw.ask("rpc.discover", &json!({}))),
            1 => raw.bytes(b"{\"jsonrpc\":\"2.0\",\"id\"").unwrap(),
            2 => {
                raw.ask("Blob/put", &json!({"size": 1_000_000}));
                raw.bytes(&[7; 100_000]).unwrap();
            }
            _ => {
                drop(raw.ask("event/get", &json!({"types": ["daemon.stopping"], "waitMs": 60_000})))
            }
        }
        drop(raw);
    }
    let spool = town.place.state().join("spool");
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let clients = town.good.call("status", &json!({}))["daemon"]["clients"].as_u64();
        let files = std::fs::read_dir(&spool).map_or(0, Iterator::count);
        if clients == Some(1) && files == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{clients:?} clients, {files} cut uploads are left");
        std::thread::sleep(Duration::from_millis(20));
    }
    town.is_well();
}

/// Who asks much and reads nothing stops being read; it costs a bounded amount of memory.
#[test]
fn a_client_that_asks_and_never_reads_is_not_read_on() {
    let _shared = shared();
    let mut town = Town::new();
    let before = town.place.memory("VmRSS");
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = UnixStream::connect(town.place.socket()).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
        let line = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n".repeat(1_000);
        let mut sent = 0;
        while let Ok(count) = stream.write(&line) {
            sent += count;
            assert!(sent < 64 << 20, "it is read on and on");
        }
        streams.push(stream);
    }
    let grown = town.place.memory("VmRSS").saturating_sub(before);
    println!("4 clients that never read: +{grown} kB");
    assert!(grown < 24 << 10, "+{grown} kB");
    town.is_well();
}

/// The kernel says who connects; the mode of the file is not the only lock.
#[test]
fn another_user_is_refused_by_what_the_kernel_says() {
    let _shared = shared();
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    let mut town = Town::new();
    let program = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.settimeout(10)\ntry:\n s.connect(sys.argv[1])\nexcept PermissionError:\n print('closed'); sys.exit()\ntry: s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\\n')\nexcept BrokenPipeError: pass\nout=b''\nwhile True:\n try: d=s.recv(65536)\n except ConnectionResetError: break\n if not d: break\n out+=d\nprint(out.decode())";
    let nobody = |town: &Town| {
        let python = ["/usr/bin/python3", "/usr/local/bin/python3"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())?;
        let mut command = Command::new(python);
        command.args(["-c", program]).arg(town.place.socket());
        command.uid(65_534).gid(65_534).current_dir("/").stderr(Stdio::inherit());
        Some(String::from_utf8(command.output().unwrap().stdout).unwrap())
    };
    let Some(closed) = nobody(&town) else {
        println!("SKIPPED: no system Python");
        return;
    };
    assert_eq!(closed.trim(), "closed", "the directory keeps others out");
    // The door stands open by somebody's mistake: the daemon still looks at who comes.
    for path in [town.place.dir().join("run"), town.place.dir().join("run/chapar")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(town.place.socket(), open).unwrap();
    let said = nobody(&town).unwrap();
    let said = said.trim();
    assert_eq!(said.lines().count(), 1, "{said}");
    let answer: Value = serde_json::from_str(said).unwrap();
    assert_eq!(answer["error"]["data"]["type"], "forbidden");
    assert_eq!(answer["id"], Value::Null);
    assert_ne!(answer["error"]["data"]["remedy"], json!([]));
    println!("  {}", answer["error"]["message"]);
    town.is_well();
}

/// Nothing listens on the network, ever.
#[test]
fn there_is_no_listening_network_socket() {
    let _shared = shared();
    let town = Town::new();
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{}/fd", town.place.pid())).unwrap().flatten() {
        if let Ok(target) = std::fs::read_link(entry.path()) {
            let target = target.display().to_string();
            sockets.extend(
                target.strip_prefix("socket:[").map(|rest| rest.trim_end_matches(']').to_owned()),
            );
        }
    }
    assert!(!sockets.is_empty(), "its own socket is there");
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let rows = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for row in rows.lines().skip(1) {
            let inode = row.split_whitespace().nth(9).unwrap();
            assert!(!sockets.iter().any(|one| one == inode), "{table}: {row}");
        }
    }
}
