//! Servers that must not be trusted: any certificate, any of the four ways to begin TLS, or no TLS at
//! all. They write down every byte a client says, so that a test can look for credentials.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::authority::Identity;

/// A refusing client is gone at once; one that is not must not hold the test.
const LIMIT: Duration = Duration::from_secs(20);

/// How the connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// IMAP, TLS from the first byte.
    Imaps,
    /// IMAP, STARTTLS.
    ImapStartTls,
    /// Submission, TLS from the first byte.
    Smtps,
    /// Submission, STARTTLS.
    SubmissionStartTls,
    /// IMAP that knows no TLS.
    ImapPlain,
    /// Submission that knows no TLS.
    SubmissionPlain,
}

/// A listening impostor; it lives as long as the test process.
pub struct Impostor {
    /// Where it listens.
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Impostor {
    /// Listens with this certificate (ignored by the plain doors).
    pub fn start(door: Door, identity: &Identity) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let config = Arc::new(identity.server_config());
        let record = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, record) = (Arc::clone(&config), Arc::clone(&record));
                thread::spawn(move || serve(door, stream, config, &record));
            }
        });
        Self { port, heard }
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Everything clients said, inside TLS and outside.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(
    door: Door,
    mut stream: TcpStream,
    config: Arc<rustls::ServerConfig>,
    record: &Mutex<Vec<u8>>,
) {
    let _ = stream.set_read_timeout(Some(LIMIT));
    let (greeting, capable, go): (&[u8], &[u8], &[u8]) = match door {
        Door::Imaps | Door::Smtps => (b"", b"", b""),
        Door::ImapStartTls => (
            b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n",
            b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\nTAG OK done\r\n",
            b"TAG OK begin\r\n",
        ),
        Door::SubmissionStartTls => {
            (b"220 rig ESMTP\r\n", b"250-rig\r\n250 STARTTLS\r\n", b"220 begin\r\n")
        }
        Door::ImapPlain => (
            b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n",
            b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n",
            b"TAG BAD no TLS here\r\n",
        ),
        Door::SubmissionPlain => (
            b"220 rig ESMTP\r\n",
            b"250-rig\r\n250 AUTH PLAIN LOGIN\r\n",
            b"502 5.5.1 no TLS here\r\n",
        ),
    };
    if !greeting.is_empty() {
        let _ = stream.write_all(greeting);
        if !until_start_tls(&mut stream, capable, go, record) {
            return;
        }
    }
    if matches!(door, Door::ImapPlain | Door::SubmissionPlain) {
        listen(stream, record);
    } else if let Ok(connection) = rustls::ServerConnection::new(config) {
        listen(rustls::StreamOwned::new(connection, stream), record);
    }
}

/// Answers line by line until the client asks for TLS; false when it went away before.
fn until_start_tls(
    stream: &mut TcpStream,
    capable: &[u8],
    go: &[u8],
    record: &Mutex<Vec<u8>>,
) -> bool {
    let Ok(reader) = stream.try_clone() else {
        return false;
    };
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return false;
        }
        record.lock().unwrap().extend_from_slice(&line);
        let upper = line.to_ascii_uppercase();
        let tag = line.split(|byte| *byte == b' ').next().unwrap_or(b"*").to_vec();
        let asked = upper.windows(8).any(|part| part == b"STARTTLS");
        let answer = String::from_utf8_lossy(if asked { go } else { capable })
            .replace("TAG", &String::from_utf8_lossy(&tag));
        let _ = stream.write_all(answer.as_bytes());
        if asked {
            return true;
        }
    }
}

fn listen(mut stream: impl Read, record: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(n) = stream.read(&mut buffer) {
        if n == 0 {
            return;
        }
        record.lock().unwrap().extend_from_slice(&buffer[..n]);
    }
}
