//! A raw LMTP client (RFC 2033): the shortest honest way for mail to arrive.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A local delivery takes milliseconds.
const LIMIT: Duration = Duration::from_secs(30);

/// Delivers one message (LF or CRLF line ends) to one recipient and waits for the final 250.
pub fn deliver(port: u16, recipient: &str, message: &[u8]) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut session =
        Session { input: BufReader::new(stream.try_clone().unwrap()), output: stream };
    session.expect("220");
    session.say("LHLO rig.test", "250");
    session.say("MAIL FROM:<sender@remote.test>", "250");
    session.say(&format!("RCPT TO:<{recipient}>"), "250");
    session.say("DATA", "354");
    session.output.write_all(&dot_stuffed(message)).unwrap();
    session.expect("250");
    session.say("QUIT", "221");
}

fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 64);
    for line in message.strip_suffix(b"\n").unwrap_or(message).split(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

struct Session {
    input: BufReader<TcpStream>,
    output: TcpStream,
}

impl Session {
    fn say(&mut self, line: &str, code: &str) {
        self.output.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.expect(code);
    }

    fn expect(&mut self, code: &str) {
        loop {
            let mut line = String::new();
            self.input.read_line(&mut line).unwrap();
            assert!(line.starts_with(code), "LMTP: wanted {code}, got {line:?}");
            if line.as_bytes().get(3) != Some(&b'-') {
                return;
            }
        }
    }
}
