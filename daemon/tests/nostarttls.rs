//! Attacks on STARTTLS against the IMAP session, over real sockets and a real TLS handshake: each
//! script of the public study, where the corpus is at hand, once with a server that proves who it is
//! and once with one that does not.
//!
//! The servers are most obliging: in clear they take every credential that they are offered.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    clippy::allow_attributes,
    reason = "tests"
)]

mod tls_support;

use chapar_daemon::imap::{Login, Session};
use chapar_daemon::world::net::RealNet;
use chapar_daemon::world::{BoxFuture, World, clock::Clock};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::Failure;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tls_support::{Authority, VALID, corpus, ron_files, world};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const PASSWORD: &str = "corr\u{e8}ct horse";
/// `AUTHENTICATE PLAIN` of alice with it (RFC 4616), in base64.
const CREDENTIAL: &str = "AGFsaWNlAGNvcnLDqGN0IGhvcnNl";
/// How much faster than life the clock runs: some servers never answer, and deadlines are long.
const SPEED: u32 = 10;
/// The first byte of a TLS record with a handshake in it (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

struct HastyClock(Instant);

impl Clock for HastyClock {
    fn boot(&self) -> Boot {
        Boot(self.0.elapsed() * SPEED)
    }
    fn wall(&self) -> Wall {
        Wall(0)
    }
    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()> {
        let left = deadline.until_from(self.boot()) / SPEED;
        Box::pin(tokio::time::sleep(left + Duration::from_millis(1)))
    }
}

/// The real network, where time is short.
fn hasty_world() -> World {
    let clock: Arc<dyn Clock> = Arc::new(HastyClock(Instant::now()));
    World { net: Arc::new(RealNet::new(Arc::clone(&clock))), clock, ..world() }
}

/// What a script says, read from its RON without a parser for all of RON.
#[derive(Debug)]
struct Case {
    implicit: bool,
    greeting: String,
    after_greeting: String,
    starttls_answer: String,
    /// The server answers STARTTLS but goes on in clear.
    stays_plain: bool,
    /// The server does not answer STARTTLS at all.
    ignores_starttls: bool,
}

impl Case {
    fn read(ron: &str) -> Self {
        let ron: String = ron
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let greeting = string_after(&ron, "\"greeting\":").unwrap_or_else(|| {
            let kind = word_after(&ron, "kind:").to_ascii_uppercase();
            let text = string_after(&ron, "text: Text(").unwrap_or_default();
            format!("* {kind} {}{text}\r\n", code(&ron))
        });
        let ok = "<tag> OK begin TLS\r\n".to_owned();
        Self {
            implicit: word_after(&ron, "implicit_tls:") == "true",
            greeting,
            after_greeting: string_after(&ron, "response_after_greeting: Some(")
                .unwrap_or_default(),
            starttls_answer: string_after(&ron, "starttls_response: Some(").unwrap_or(ok),
            stays_plain: word_after(&ron, "starttls_transition:") == "false",
            ignores_starttls: ron.contains("ignore_commands: [\"starttls\"]"),
        }
    }
}

fn word_after<'a>(ron: &'a str, key: &str) -> &'a str {
    let rest = ron.split_once(key).map_or("", |(_, rest)| rest.trim_start());
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest.split_at(end).0
}

fn string_after(ron: &str, key: &str) -> Option<String> {
    let (_, rest) = ron.split_once(key)?;
    let mut chars = rest.trim_start().strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'r' => text.push('\r'),
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

/// The code of the greeting in IMAP's spelling.
fn code(ron: &str) -> String {
    let line =
        ron.split_once("code: Some(").map_or("", |(_, rest)| rest.lines().next().unwrap_or(""));
    let words = [
        ("Imap4Rev1", "IMAP4rev1"),
        ("StartTls", "STARTTLS"),
        ("LoginDisabled", "LOGINDISABLED"),
        ("Auth(Plain)", "AUTH=PLAIN"),
        ("Auth(Login)", "AUTH=LOGIN"),
        ("Idle", "IDLE"),
    ];
    let named: Vec<&str> =
        words.iter().filter(|(ron, _)| line.contains(ron)).map(|(_, imap)| *imap).collect();
    match word_after(ron, "code: Some(") {
        "Capability" => format!("[CAPABILITY {}] ", named.join(" ")),
        "Alert" => "[ALERT] ".to_owned(),
        "BadCharset" => "[BADCHARSET (kkgIhdNV)] ".to_owned(),
        _ => String::new(),
    }
}

/// What the server heard.
#[derive(Debug, Default)]
struct Heard {
    /// Every byte that came in the clear, up to a handshake.
    plain: Vec<u8>,
    /// Every byte that came inside TLS.
    secure: Vec<u8>,
    /// A handshake was completed.
    is_secure: bool,
}

/// Serves one connection to its end.
async fn play(case: &Case, mut tcp: TcpStream, tls: TlsAcceptor) -> Heard {
    let mut heard = Heard::default();
    if !case.implicit && !talk(case, &mut tcp, true, &mut heard.plain).await {
        return heard;
    }
    if let Ok(mut stream) = tls.accept(tcp).await {
        heard.is_secure = true;
        talk(case, &mut stream, false, &mut heard.secure).await;
    }
    heard
}

/// Greets where that is due and answers commands; `true` when a handshake follows.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    case: &Case,
    stream: &mut S,
    is_plain: bool,
    heard: &mut Vec<u8>,
) -> bool {
    if is_plain || case.implicit {
        say(stream, &case.greeting).await;
        say(stream, &case.after_greeting).await;
    }
    while let Some(line) = read_line(stream, heard).await {
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let offered = if is_plain { " IDLE" } else { "" };
        let capability =
            format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR{offered}\r\n{tag} OK\r\n");
        let verb = command.split(' ').next().unwrap_or("").to_ascii_uppercase();
        match verb.as_str() {
            "STARTTLS" if case.ignores_starttls => {}
            "STARTTLS" => {
                let answer = case.starttls_answer.replace("<tag>", tag);
                say(stream, &answer).await;
                if is_plain && !case.stays_plain && answer.contains(&format!("{tag} OK")) {
                    return true;
                }
                if case.stays_plain {
                    say(stream, "A9 OK\r\n").await;
                }
            }
            "CAPABILITY" => say(stream, &capability).await,
            // without SASL-IR the credential comes on a line of its own
            "AUTHENTICATE" if command.split(' ').count() < 3 => {
                say(stream, "+ \r\n").await;
                let _ = read_line(stream, heard).await;
                say(stream, &format!("{tag} OK\r\n")).await;
            }
            _ => say(stream, &format!("{tag} OK\r\n")).await,
        }
    }
    false
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), text: &str) {
    // a client that has gone away is what some scripts are about
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.flush().await;
}

/// The next line without its end; byte by byte, because what follows may be a handshake.
async fn read_line(stream: &mut (impl AsyncRead + Unpin), heard: &mut Vec<u8>) -> Option<String> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let byte = stream.read_u8().await.ok()?;
        line.push(byte);
        heard.push(byte);
    }
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Signs in at a server that plays `case`; whether the client knows its authority is `is_known`.
async fn sign_in(case: Case, is_known: bool) -> (Result<(), Failure>, Heard) {
    let authority = Authority::new();
    let believed = if is_known { authority.pem.clone() } else { Authority::new().pem };
    let tls = TlsAcceptor::from(authority.server("localhost", VALID));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let security = if case.implicit { Security::Tls } else { Security::StartTls };
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        play(&case, tcp, tls).await
    });
    let login = Login {
        endpoint: Endpoint { host: "localhost".to_owned(), port, security },
        user: "alice".to_owned(),
        credential: Credential::Password(Secret::new(PASSWORD.to_owned())),
        ca_pem: Some(believed),
        public_only: false,
    };
    let result = Session::login(&hasty_world(), &login).await.map(|mut session| {
        // what was offered in clear is not remembered inside
        assert!(!session.offers("IDLE") && !session.take_changed());
    });
    // the connection has ended, so the server has heard all of it
    (result, server.await.unwrap())
}

/// What must hold whoever the server is; `true` when the client let itself in.
fn judge(result: &Result<(), Failure>, heard: &Heard, what: &str) -> bool {
    let plain = heard.plain.split(|byte| *byte == HANDSHAKE).next().unwrap_or_default();
    let plain = String::from_utf8_lossy(plain);
    let lines: Vec<&str> = plain.lines().collect();
    let is_modest = lines.len() <= 1 && lines.iter().all(|line| line.ends_with(" STARTTLS"));
    assert!(is_modest, "{what}: said in clear: {lines:?}");
    let everything = [&heard.plain[..], &heard.secure].concat();
    let everything = String::from_utf8_lossy(&everything);
    assert!(!String::from_utf8_lossy(&heard.plain).contains(CREDENTIAL), "{what}");
    assert!(!everything.contains(PASSWORD), "{what}");
    // with the credential exactly where it belongs, the search above is known to be able to find it
    let is_in = String::from_utf8_lossy(&heard.secure).contains(CREDENTIAL);
    assert_eq!(result.is_ok(), is_in, "{what}: {result:?}");
    assert!(heard.is_secure || heard.secure.is_empty());
    is_in
}

#[tokio::test]
async fn no_credential_before_tls_and_nothing_plain_believed() {
    let found = ron_files(&corpus("nostarttls/testcases/imap"));
    let (mut signed_in, mut refused, mut unproved) = (0, 0, 0);
    for path in &found {
        let what = path.display().to_string();
        let read = || Case::read(&std::fs::read_to_string(path).unwrap());
        let (case, is_plain) = (read(), !read().implicit);
        let honest = !case.stays_plain && case.starttls_answer.contains("<tag> OK");
        let (result, heard) = sign_in(case, true).await;
        if judge(&result, &heard, &what) {
            signed_in += 1;
            assert!(honest, "{what}");
        } else {
            refused += 1;
            // nothing of what was said in clear is shown
            let detail = result.unwrap_err().detail.filter(|_| is_plain);
            assert_eq!(detail, None, "{what}");
        }
        let (result, heard) = sign_in(read(), false).await;
        assert!(!judge(&result, &heard, &what), "{what}: let in by a server nobody vouches for");
        assert!(heard.secure.is_empty(), "{what}: a command before the server was proved");
        unproved += usize::from(result.unwrap_err().code == "tls.unknown_issuer");
    }
    if found.is_empty() {
        eprintln!("nostarttls: the corpus is not here, no IMAP dialogue was played");
    } else {
        eprintln!(
            "nostarttls: {} IMAP dialogues over real TLS, each twice: {signed_in} signed in, \
             {refused} refused; by a server that proves nothing {unproved} refused at its \
             certificate, the others before",
            found.len()
        );
        assert!(found.len() >= 46, "the corpus is there but not read");
        assert!(signed_in > 0 && refused > 0 && unproved >= signed_in);
    }
}

#[tokio::test]
async fn injection_after_starttls_is_refused() {
    for suffix in ["* CAPABILITY IMAP4rev1 IDLE\r\n", "* OK hi\r\n", "x", "\x16"] {
        let case = Case {
            implicit: false,
            greeting: "* OK hi\r\n".to_owned(),
            after_greeting: String::new(),
            starttls_answer: format!("<tag> OK begin\r\n{suffix}"),
            stays_plain: false,
            ignores_starttls: false,
        };
        let (result, heard) = sign_in(case, true).await;
        assert_eq!(result.unwrap_err().code, "tls.injected", "{suffix:?}");
        assert!(!heard.is_secure);
    }
}
