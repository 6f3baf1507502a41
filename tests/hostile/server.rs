//! A scripted IMAP server that means harm: polite to the connection that proves the account, then
//! it twists one command. One server an attack, on a port of its own.
//!
//! It streams what it sends, so that the figures are the daemon's and not its own.

use crate::attack::{Attack, Chunk, Say, Then, When};
use chapar_tests::sandbox::ca::{Authority, CertificateKind};
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// Mails in each mailbox of a polite answer: enough for the mass-delete guard.
pub(crate) const MAILS: u32 = 200;
/// The mailboxes of a polite answer.
pub(crate) const MAILBOXES: [&str; 2] = ["INBOX", "Archive"];
const UIDVALIDITY: u32 = 7;
/// Where an attack strikes that begins with a new UIDVALIDITY.
const RESET: &str = "FETCH AFTER RESET";
const AFTER_RESET: &str = " AFTER RESET";
/// Between two bytes of a dribble.
const DRIBBLE: Duration = Duration::from_millis(200);

/// The server.
pub(crate) struct Hostile {
    /// Where it listens.
    pub(crate) port: u16,
    script: Arc<Script>,
    task: AbortHandle,
}

struct Script {
    attack: &'static Attack,
    armed: AtomicBool,
    connections: AtomicU32,
    hits: AtomicU32,
    /// Commands read and pieces of answers written: what is counted to see whether it goes on.
    moves: AtomicU64,
}

impl Hostile {
    /// Listens on a free port of loopback.
    pub(crate) async fn listen(attack: &'static Attack, authority: &Authority) -> Self {
        let acceptor = TlsAcceptor::from(authority.server(&["localhost"], CertificateKind::Good));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Script {
            attack,
            armed: AtomicBool::new(false),
            connections: AtomicU32::new(0),
            hits: AtomicU32::new(0),
            moves: AtomicU64::new(0),
        });
        let served = Arc::clone(&script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, script) = (acceptor.clone(), Arc::clone(&served));
                // a client that hangs up is what most of the scripts are about
                tokio::spawn(async move { script.serve(acceptor, stream).await.ok() });
            }
        });
        Self { port, script, task: task.abort_handle() }
    }

    /// From now on it attacks, if it waits for this.
    pub(crate) fn arm(&self) {
        self.script.armed.store(true, Ordering::SeqCst);
    }

    /// How far the conversation is: it grows as long as the daemon asks or reads.
    pub(crate) fn moves(&self) -> u64 {
        self.script.moves.load(Ordering::SeqCst)
    }

    /// How often it attacked.
    pub(crate) fn hits(&self) -> u32 {
        self.script.hits.load(Ordering::SeqCst)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    async fn serve(&self, acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<()> {
        let number = self.connections.fetch_add(1, Ordering::SeqCst) + 1;
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(acceptor.accept(stream).await?);
        if self.strikes("greeting", number) {
            return self.strike(&mut stream, "*", "", "").await.map(drop);
        }
        stream.write_all(b"* OK ready\r\n").await?;
        let mut selected = String::new();
        let mut line = String::new();
        loop {
            line.clear();
            stream.flush().await?;
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            self.moves.fetch_add(1, Ordering::SeqCst);
            let (tag, command) = line.trim_end().split_once(' ').unwrap_or(("*", ""));
            let verb = verb(command);
            if self.strikes(verb, number) {
                if !self.strike(&mut stream, tag, command, &selected).await? {
                    return Ok(());
                }
                continue;
            }
            if verb == "IDLE" {
                stream.write_all(b"+ idling\r\n").await?;
                stream.flush().await?;
                let mut done = String::new();
                stream.read_line(&mut done).await?;
                stream.write_all(format!("{tag} OK done\r\n").as_bytes()).await?;
                continue;
            }
            if verb == "SELECT" {
                selected = quoted(command).to_owned();
            }
            stream.write_all(self.answer(tag, command, &selected).as_bytes()).await?;
            if verb == "LOGOUT" {
                return stream.flush().await;
            }
        }
    }

    /// The polite answer; a server that lies in SEARCH, or in what follows a new UIDVALIDITY, first
    /// gives cause to ask.
    fn answer(&self, tag: &str, command: &str, selected: &str) -> String {
        let answer = polite(tag, command, selected);
        if self.attack.at == RESET && self.armed.load(Ordering::SeqCst) {
            return answer.replace(
                &format!("[UIDVALIDITY {UIDVALIDITY}]"),
                &format!("[UIDVALIDITY {}]", UIDVALIDITY + 1),
            );
        }
        if self.attack.at == "SEARCH" && self.armed.load(Ordering::SeqCst) {
            return answer
                .replace(&format!("* {MAILS} EXISTS"), &format!("* {} EXISTS", MAILS - 1));
        }
        answer
    }

    fn strikes(&self, at: &str, connection: u32) -> bool {
        let due = match self.attack.when {
            When::FirstSync => connection > 1,
            When::Live => self.armed.load(Ordering::SeqCst),
            When::LiveOnce => {
                self.armed.load(Ordering::SeqCst) && self.hits.load(Ordering::SeqCst) == 0
            }
        };
        due && at == self.attack.at.strip_suffix(AFTER_RESET).unwrap_or(self.attack.at)
    }

    /// Says what the attack says; false when the connection is over.
    async fn strike(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        tag: &str,
        command: &str,
        selected: &str,
    ) -> io::Result<bool> {
        self.hits.fetch_add(1, Ordering::SeqCst);
        let Say { head, chunk, times, tail, then } = (self.attack.say)(tag);
        stream.write_all(&head).await?;
        for number in 0..times {
            match &chunk {
                Chunk::Same(bytes) => stream.write_all(bytes).await?,
                Chunk::Made(make) => stream.write_all(&make(number)).await?,
            }
            self.moves.fetch_add(1, Ordering::SeqCst);
        }
        stream.write_all(tail.as_bytes()).await?;
        match then {
            Then::Answer => {
                stream.write_all(self.answer(tag, command, selected).as_bytes()).await?;
                return Ok(true);
            }
            Then::Ok => {
                stream.write_all(format!("{tag} OK done\r\n").as_bytes()).await?;
                return Ok(true);
            }
            Then::Close => stream.shutdown().await?,
            Then::Silence => {
                stream.flush().await?;
                let mut rest = Vec::new();
                tokio::io::AsyncReadExt::read_to_end(stream, &mut rest).await?;
            }
            Then::Dribble => loop {
                stream.write_all(b"x").await?;
                stream.flush().await?;
                tokio::time::sleep(DRIBBLE).await;
            },
        }
        Ok(false)
    }
}

/// The verb, with EXAMINE as SELECT and without UID.
fn verb(command: &str) -> &'static str {
    let command = command.strip_prefix("UID ").unwrap_or(command);
    let word = command.split(' ').next().unwrap_or_default();
    match word {
        "EXAMINE" | "SELECT" => "SELECT",
        "FETCH" if command.contains("BODY.PEEK[]") => "FETCH BODY",
        "FETCH" if command.contains("BODY.PEEK[HEADER]") => "FETCH HEADER",
        "FETCH" => "FETCH",
        "LOGIN" => "LOGIN",
        "LIST" => "LIST",
        "SEARCH" => "SEARCH",
        "IDLE" => "IDLE",
        "LOGOUT" => "LOGOUT",
        _ => "",
    }
}

fn quoted(command: &str) -> &str {
    command.split('"').nth(1).unwrap_or_default()
}

/// What a server that means no harm answers.
fn polite(tag: &str, command: &str, selected: &str) -> String {
    let mut out = String::new();
    match verb(command) {
        "LIST" => {
            for name in MAILBOXES {
                let _ = write!(out, "* LIST () \"/\" \"{name}\"\r\n");
            }
        }
        "SELECT" => {
            let _ = write!(
                out,
                "* {MAILS} EXISTS\r\n* OK [UIDVALIDITY {UIDVALIDITY}] -\r\n* OK [UIDNEXT {}] -\r\n",
                MAILS + 1
            );
        }
        "SEARCH" => {
            out.push_str("* SEARCH");
            for uid in asked(command) {
                let _ = write!(out, " {uid}");
            }
            out.push_str("\r\n");
        }
        kind @ ("FETCH" | "FETCH HEADER" | "FETCH BODY") => {
            for uid in asked(command) {
                fetched(&mut out, kind, uid, selected);
            }
        }
        "LOGOUT" => out.push_str("* BYE bye\r\n"),
        _ if command.starts_with("CAPABILITY") => {
            out.push_str("* CAPABILITY IMAP4rev1 IDLE\r\n");
        }
        _ => {}
    }
    let _ = write!(out, "{tag} OK done\r\n");
    out
}

/// The mail with this UID.
pub(crate) fn mail(uid: u32, mailbox: &str) -> (String, String) {
    let header = format!(
        "From: Eve <eve@hostile.test>\r\nTo: bob@hostile.test\r\nSubject: {mailbox} {uid}\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <{uid}.{mailbox}@hostile.test>\r\n\r\n"
    );
    (header, format!("mail {uid}\r\n"))
}

fn fetched(out: &mut String, kind: &str, uid: u32, mailbox: &str) {
    let (header, text) = mail(uid, mailbox);
    let size = header.len() + text.len();
    let _ = write!(
        out,
        "* {uid} FETCH (UID {uid} FLAGS (\\Seen) INTERNALDATE \"22-Nov-2026 12:00:{:02} +0000\" RFC822.SIZE {size}",
        uid % 60
    );
    match kind {
        "FETCH HEADER" => {
            let _ = write!(
                out,
                " BODY[HEADER] {{{}}}\r\n{header} BODY[TEXT]<0> {{{}}}\r\n{text}",
                header.len(),
                text.len()
            );
        }
        "FETCH BODY" => {
            let _ = write!(out, " BODY[] {{{size}}}\r\n{header}{text}");
        }
        _ => {}
    }
    out.push_str(")\r\n");
}

/// The UIDs (which are the sequence numbers too) that a command names, as far as they exist.
fn asked(command: &str) -> Vec<u32> {
    let set = command
        .split(' ')
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit() || c == '*'))
        .unwrap_or_default();
    let number = |text: &str| text.parse().unwrap_or(MAILS).min(MAILS);
    let mut uids: Vec<u32> = set
        .split(',')
        .filter(|range| !range.is_empty())
        .flat_map(|range| {
            let (from, to) = range.split_once(':').unwrap_or((range, range));
            let from = from.parse().unwrap_or(MAILS);
            from..=if from > MAILS { 0 } else { number(to) }
        })
        .collect();
    uids.sort_unstable();
    uids.dedup();
    uids
}
