//! Submission sessions against scripted servers on loopback: every phase, every fault, and the
//! public STARTTLS attack dialogues.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    clippy::allow_attributes,
    reason = "tests"
)]

mod tls_support;

use chapar_daemon::smtp::{Login, Outcome, Session};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, Verdict};
use rustls::ServerConfig;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tls_support::{Authority, VALID, corpus, ron_files, world};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const PASSWORD: &str = "k0rrekt-pferd";
const EHLO: &str = "250-mx.test\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n";
const EHLO_PIPELINING: &str = "250-mx.test\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n";

/// What the server does; commands are matched by their beginning, the first match wins.
#[derive(Clone, Default)]
struct Script {
    greeting: String,
    /// Replies by command before TLS.
    plain: Vec<(String, String)>,
    /// Replies by command inside TLS.
    secret: Vec<(String, String)>,
    /// Withhold replies until this command came: the client must send all before it at once.
    hold_until: Option<&'static str>,
    /// Close after so many bytes of the message.
    cut_message: Option<usize>,
}

fn script(replies: &[(&str, &str)]) -> Script {
    let own = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(command, reply)| ((*command).to_owned(), (*reply).to_owned()))
            .collect::<Vec<_>>()
    };
    let mut secret = own(replies);
    secret.extend(own(&[
        ("EHLO", EHLO),
        ("AUTH PLAIN", "235 2.7.0 ok\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "250 ok\r\n"),
        ("DATA", "354 go\r\n"),
        (".", "250 2.0.0 queued as 42\r\n"),
        ("RSET", "250 ok\r\n"),
        ("QUIT", "221 bye\r\n"),
    ]));
    Script {
        greeting: "220 mx.test ESMTP\r\n".to_owned(),
        plain: own(&[("EHLO", "250-mx.test\r\n250 STARTTLS\r\n"), ("STARTTLS", "220 go\r\n")]),
        secret,
        ..Script::default()
    }
}

/// What the server heard: lines before TLS, lines inside, and whether inside was reached.
#[derive(Default)]
struct Heard {
    plain: Vec<String>,
    secret: Vec<String>,
    message: Vec<u8>,
}

struct Server {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl Server {
    fn secret(&self) -> Vec<String> {
        self.heard.lock().unwrap().secret.clone()
    }
}

async fn serve(script: Script, security: Security, config: Arc<ServerConfig>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        if security == Security::StartTls {
            tcp.write_all(script.greeting.as_bytes()).await.unwrap();
            let mut reader = BufReader::new(&mut tcp);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                log.lock().unwrap().plain.push(line.trim_end().to_owned());
                let reply = reply_to(&script.plain, &line);
                reader.write_all(reply.as_bytes()).await.unwrap();
                if line.starts_with("STARTTLS") {
                    break;
                }
            }
        }
        if let Ok(tls) = TlsAcceptor::from(config).accept(tcp).await {
            let mut tls = BufReader::new(tls);
            if security == Security::Tls {
                let _ = tls.write_all(script.greeting.as_bytes()).await;
            }
            let _ = inside(&script, &mut tls, &log).await;
        }
    });
    Server { port, heard }
}

fn reply_to(replies: &[(String, String)], line: &str) -> String {
    let upper = line.to_ascii_uppercase();
    let found =
        replies.iter().find(|(command, _)| upper.starts_with(&command.to_ascii_uppercase()));
    found.map_or("500 what\r\n".to_owned(), |(_, reply)| reply.clone())
}

async fn inside<S: AsyncRead + AsyncWrite + Unpin>(
    script: &Script,
    stream: &mut BufReader<S>,
    log: &Mutex<Heard>,
) -> std::io::Result<()> {
    let mut held = String::new();
    let mut holding = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        log.lock().unwrap().secret.push(line.trim_end().to_owned());
        let reply = reply_to(&script.secret, &line);
        if reply == "CLOSE" {
            return Ok(());
        }
        held.push_str(&reply);
        if let Some(until) = script.hold_until {
            holding = (holding || line.starts_with("MAIL")) && !line.starts_with(until);
        } else if !stream.buffer().is_empty() {
            // commands came together although that was not offered
            log.lock().unwrap().secret.push("PIPELINED".to_owned());
        }
        if holding {
            continue;
        }
        stream.write_all(held.as_bytes()).await?;
        stream.flush().await?;
        held.clear();
        if line.starts_with("DATA") && reply.starts_with("354") {
            let mut message = Vec::new();
            loop {
                if script.cut_message.is_some_and(|cut| message.len() >= cut) {
                    return Ok(());
                }
                let before = message.len();
                if stream.read_until(b'\n', &mut message).await? == 0 {
                    return Ok(());
                }
                if &message[before..] == b".\r\n" {
                    message.truncate(before);
                    break;
                }
            }
            log.lock().unwrap().message = message;
            let reply = reply_to(&script.secret, ".");
            if reply == "CLOSE" {
                return Ok(());
            }
            stream.write_all(reply.as_bytes()).await?;
            stream.flush().await?;
        }
    }
}

async fn login_as(script: Script, security: Security) -> (Result<Session, Failure>, Server) {
    let authority = Authority::new();
    let server = serve(script, security, authority.server("127.0.0.1", VALID)).await;
    let login = Login {
        endpoint: Endpoint { host: "127.0.0.1".to_owned(), port: server.port, security },
        user: "ana@x.test".to_owned(),
        credential: Credential::Password(Secret::new(PASSWORD.to_owned())),
        ca_pem: Some(authority.pem.clone()),
    };
    (Session::login(&world(), &login).await, server)
}

async fn session(script: Script) -> (Session, Server) {
    let (session, server) = login_as(script, Security::Tls).await;
    (session.unwrap(), server)
}

fn to(list: &[&str]) -> Vec<String> {
    list.iter().map(|address| (*address).to_owned()).collect()
}

async fn send(script: Script, bytes: &[u8]) -> (Outcome, Server) {
    let (mut session, server) = session(script).await;
    let (_, ready) = session.begin("a@x", &to(&["b@x"]), 10, false).await.unwrap();
    let outcome = ready.unwrap().deliver(bytes).await;
    (outcome, server)
}

#[tokio::test]
async fn a_message_goes_out_byte_exact_on_both_kinds_of_port() {
    for security in [Security::Tls, Security::StartTls] {
        let (login, server) = login_as(script(&[]), security).await;
        let mut session = login.unwrap();
        assert_eq!(session.max_size(), Some(100_000));
        let (replies, ready) = session.begin("a@x", &to(&["b@x", "c@x"]), 30, true).await.unwrap();
        assert_eq!(replies.len(), 2);
        let bytes = b"Subject: s\r\n\r\n.\r\n..x\r\nend\r\n";
        let outcome = ready.unwrap().deliver(bytes).await;
        let Outcome::Answered(reply) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((reply.code, reply.text.as_str()), (250, "2.0.0 queued as 42"));
        // a second message over the same session
        let (_, ready) = session.begin("", &to(&["b@x"]), 3, false).await.unwrap();
        assert!(matches!(ready.unwrap().deliver(b"x").await, Outcome::Answered(_)));
        session.quit().await;
        let heard = server.heard.lock().unwrap();
        assert_eq!(heard.message, b"x\r\n");
        let secret = &heard.secret;
        assert_eq!(secret[0], "EHLO [127.0.0.1]");
        assert_eq!(secret[1], "AUTH PLAIN AGFuYUB4LnRlc3QAazBycmVrdC1wZmVyZA==");
        assert_eq!(secret[2], "MAIL FROM:<a@x> SIZE=30 BODY=8BITMIME");
        assert!(secret.contains(&"MAIL FROM:<> SIZE=3".to_owned()));
        assert_eq!(secret.last().unwrap(), "QUIT");
        assert!(!secret.contains(&"PIPELINED".to_owned()));
        assert!(!heard.plain.concat().contains("AUTH"));
    }
}

#[tokio::test]
async fn dots_are_stuffed() {
    let (outcome, server) = send(script(&[]), b".\r\n..x\r\nend\r\n").await;
    assert!(matches!(outcome, Outcome::Answered(_)));
    assert_eq!(server.heard.lock().unwrap().message, b"..\r\n...x\r\nend\r\n");
    let (outcome, _) = send(script(&[]), b"a\n.\r\nMAIL FROM:<x>\r\n").await;
    assert!(matches!(outcome, Outcome::NotSent(_)));
}

#[tokio::test]
async fn where_offered_everything_up_to_data_is_one_flight_with_a_reply_each() {
    let mut pipelined = script(&[
        ("EHLO", EHLO_PIPELINING),
        ("RCPT TO:<no@x>", "550-5.1.1 no\r\n550 5.1.1 such user\r\n"),
        ("RCPT TO:<later@x>", "451 4.3.0 later\r\n"),
    ]);
    pipelined.hold_until = Some("DATA");
    let (mut session, server) = session(pipelined).await;
    let recipients = to(&["b@x", "no@x", "later@x"]);
    let (replies, ready) = session.begin("a@x", &recipients, 30, false).await.unwrap();
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!(codes, [250, 550, 451]);
    assert_eq!(replies[1].text, "5.1.1 no 5.1.1 such user");
    assert!(matches!(ready.unwrap().deliver(b"x\r\n").await, Outcome::Answered(_)));
    assert!(server.secret().contains(&"MAIL FROM:<a@x>".to_owned()), "no SIZE unasked");
}

#[tokio::test]
async fn many_recipients_keep_their_order() {
    let (mut session, _server) = session(script(&[
        ("EHLO", EHLO_PIPELINING),
        ("RCPT TO:<n7@x>", "550 seven\r\n"),
        ("RCPT TO:<n120@x>", "550 last\r\n"),
    ]))
    .await;
    let recipients: Vec<String> = (0..121).map(|n| format!("n{n}@x")).collect();
    let (replies, ready) = session.begin("a@x", &recipients, 30, false).await.unwrap();
    assert_eq!(replies.len(), 121);
    for (place, reply) in replies.iter().enumerate() {
        let expected = if place == 7 || place == 120 { 550 } else { 250 };
        assert_eq!(reply.code, expected, "{place}");
    }
    assert!(ready.is_some());
}

#[tokio::test]
async fn nobody_accepted_is_no_message_and_the_session_lives() {
    for ehlo in [EHLO, EHLO_PIPELINING] {
        for data in ["354 go\r\n", "554 5.5.1 no valid recipients\r\n", "503 no\r\n"] {
            let (mut session, server) =
                session(script(&[("EHLO", ehlo), ("RCPT TO:<no", "550 no\r\n"), ("DATA", data)]))
                    .await;
            let (replies, ready) = session.begin("a@x", &to(&["no@x"]), 9, false).await.unwrap();
            assert_eq!(replies[0].code, 550);
            assert!(ready.is_none());
            assert!(session.is_alive());
            assert_eq!(server.secret().last().unwrap(), "RSET");
            assert!(server.heard.lock().unwrap().message.is_empty());
        }
    }
}

#[tokio::test]
async fn a_refused_data_is_each_accepted_recipients_reply() {
    let (mut session, _server) =
        session(script(&[("RCPT TO:<no", "550 no\r\n"), ("DATA", "451 4.3.0 full\r\n")])).await;
    let (replies, ready) = session.begin("a@x", &to(&["b@x", "no@x"]), 9, false).await.unwrap();
    assert!(ready.is_none());
    assert_eq!((replies[0].code, replies[1].code), (451, 550));
}

#[tokio::test]
async fn a_refused_sender_is_a_failure_by_its_code() {
    for (reply, code, verdict) in [
        ("550 5.7.1 not yours\r\n", "smtp.sender_refused", Verdict::Refused),
        ("451 4.3.0 later\r\n", "smtp.deferred", Verdict::Retry),
        ("421 4.7.0 slow down\r\n", "smtp.deferred", Verdict::Throttled(None)),
    ] {
        for ehlo in [EHLO, EHLO_PIPELINING] {
            let (mut session, _server) = session(script(&[
                ("EHLO", ehlo),
                ("MAIL", reply),
                ("RCPT", "503 no\r\n"),
                ("DATA", "503 no\r\n"),
            ]))
            .await;
            let failure = session.begin("a@x", &to(&["b@x"]), 9, false).await.err().unwrap();
            assert_eq!((failure.code, &failure.verdict), (code, &verdict));
        }
    }
}

#[tokio::test]
async fn what_cannot_go_is_refused_before_a_byte_is_sent() {
    let (mut session, server) = session(script(&[])).await;
    let before = server.secret().len();
    for (from, recipient, size, code) in [
        ("a@x", "b@x", 100_001, "smtp.too_large"),
        ("a@x", "b@x\r\nRCPT TO:<evil@x>", 1, "smtp.bad_address"),
        ("a@x\0", "b@x", 1, "smtp.bad_address"),
        ("a@x", "\u{e9}@x", 1, "smtp.ascii_only"),
    ] {
        let failure = session.begin(from, &to(&[recipient]), size, false).await.err().unwrap();
        assert_eq!((failure.code, &failure.verdict), (code, &Verdict::Refused));
    }
    assert_eq!(server.secret().len(), before);
    assert!(session.is_alive());
}

#[tokio::test]
async fn the_border_of_the_final_dot_is_exact() {
    let (outcome, _) = send(script(&[(".", "CLOSE")]), b"x\r\n").await;
    assert!(matches!(outcome, Outcome::Lost(_)), "{outcome:?}");
    // large enough that the server's close is felt while the message is still being written
    let large =
        b"0123456789012345678901234567890123456789012345678901234567890\r\n".repeat(500_000);
    let mut cut = script(&[]);
    cut.cut_message = Some(10_000);
    let (outcome, server) = send(cut, &large).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert!(server.heard.lock().unwrap().message.is_empty());
    for (reply, code) in [("554 5.7.1 spam\r\n", 554), ("451 4.3.0 later\r\n", 451)] {
        let (outcome, _) = send(script(&[(".", reply)]), b"x\r\n").await;
        let Outcome::Answered(reply) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(reply.code, code);
    }
}

#[tokio::test]
async fn dropping_ready_sends_nothing_and_ends_the_session() {
    let (mut session, server) = session(script(&[])).await;
    let (_, ready) = session.begin("a@x", &to(&["b@x"]), 9, false).await.unwrap();
    drop(ready);
    assert!(!session.is_alive());
    assert!(session.begin("a@x", &to(&["b@x"]), 9, false).await.is_err());
    assert!(server.heard.lock().unwrap().message.is_empty());
}

#[tokio::test]
async fn sign_in_by_capability_with_the_servers_own_words() {
    let (login, server) = login_as(
        script(&[
            ("EHLO", "250-mx\r\n250 AUTH LOGIN CRAM-MD5\r\n"),
            ("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n"),
            ("YW5h", "334 UGFzc3dvcmQ6\r\n"),
            ("azBy", "235 ok\r\n"),
        ]),
        Security::Tls,
    )
    .await;
    login.unwrap();
    assert_eq!(server.secret().len(), 4);
    for (reply, code, verdict) in [
        ("535 5.7.8 bad password\r\n", "smtp.auth", Verdict::SignInAgain),
        (
            "534-5.7.9 app password\r\n534 5.7.9 required\r\n",
            "smtp.app_password",
            Verdict::SignInAgain,
        ),
        ("454 4.7.0 later\r\n", "smtp.auth_later", Verdict::Throttled(None)),
        ("504 5.5.4 no\r\n", "smtp.no_auth", Verdict::FixSettings),
        ("334 \r\n", "smtp.bad_reply", Verdict::Retry),
    ] {
        let star = ("*", "250 what\r\n");
        let (login, _) = login_as(script(&[("AUTH PLAIN", reply), star]), Security::Tls).await;
        let failure = login.err().unwrap();
        if code == "smtp.bad_reply" {
            assert_ne!(failure.verdict, Verdict::FixSettings);
            continue;
        }
        assert_eq!((failure.code, &failure.verdict), (code, &verdict));
        let words = reply.trim_end().rsplit(' ').next().unwrap();
        assert!(failure.detail.unwrap().contains(words));
    }
    let none = script(&[("EHLO", "250-mx\r\n250 AUTH CRAM-MD5\r\n")]);
    let (login, server) = login_as(none, Security::Tls).await;
    assert_eq!(login.err().unwrap().code, "smtp.no_auth");
    assert_eq!(server.secret().len(), 1);
}

#[tokio::test]
async fn hostile_replies_end_the_session_and_nothing_else() {
    let long = format!("250 {}\r\n", "x".repeat(1 << 20));
    let many = "250-x\r\n".repeat(10_000) + "250 x\r\n";
    let changed = "250-x\r\n550 y\r\n".to_owned();
    let garbage = "HTTP/1.1 200 OK\r\n".to_owned();
    for ehlo in [&long, &many, &changed, &garbage] {
        let (login, server) = login_as(script(&[("EHLO", ehlo)]), Security::Tls).await;
        let failure = login.err().unwrap();
        assert_eq!(failure.verdict, Verdict::Retry, "{failure:?}");
        assert!(!server.secret().concat().contains("AUTH"));
    }
    // a line of spaces and 8-bit text are only odd
    let odd = "250-mx\r\n250-   \r\n250-\r\n250-\u{fc}n\r\n250 AUTH PLAIN\r\n";
    login_as(script(&[("EHLO", odd)]), Security::Tls).await.0.unwrap();
}

#[tokio::test]
async fn nothing_before_tls_is_believed() {
    for (command, reply, code) in [
        ("EHLO", "250-mx\r\n250 AUTH PLAIN\r\n", "tls.not_offered"),
        ("EHLO", "500 what\r\n", "smtp.greeting"),
        ("EHLO", "250 mx\r\n250 STARTTLS\r\n", "tls.injected"),
        ("STARTTLS", "454 4.7.0 later\r\n", "tls.refused"),
        ("STARTTLS", "502 no\r\n", "tls.refused"),
        ("STARTTLS", "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n", "tls.injected"),
    ] {
        let mut attack = script(&[]);
        attack.plain.insert(0, (command.to_owned(), reply.to_owned()));
        let (login, server) = login_as(attack, Security::StartTls).await;
        assert_eq!(login.err().unwrap().code, code, "{reply:?}");
        let heard = server.heard.lock().unwrap();
        assert!(heard.secret.is_empty());
        assert!(heard.plain.iter().all(|l| l.starts_with("EHLO") || l == "STARTTLS"));
    }
    let mut early = script(&[]);
    early.greeting = "220 mx\r\n250 go on\r\n".to_owned();
    assert_eq!(login_as(early, Security::StartTls).await.0.err().unwrap().code, "tls.injected");
}

/// The attack dialogues of the public STARTTLS study, where the corpus is at hand: each with a
/// server that proves who it is, and with one that does not.
#[tokio::test]
async fn every_dialogue_of_the_starttls_corpus() {
    let files: Vec<PathBuf> = ron_files(&corpus("nostarttls"))
        .into_iter()
        .filter(|file| file.components().any(|part| part.as_os_str() == "smtp"))
        .collect();
    let mut signed_in = 0;
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        for is_known in [true, false] {
            let (script, good) = dialogue(&text);
            let authority = Authority::new();
            let believed = if is_known { authority.pem.clone() } else { Authority::new().pem };
            let config = authority.server("127.0.0.1", VALID);
            let server = serve(script, Security::StartTls, config).await;
            let login = Login {
                endpoint: Endpoint {
                    host: "127.0.0.1".to_owned(),
                    port: server.port,
                    security: Security::StartTls,
                },
                user: "ana@x.test".to_owned(),
                credential: Credential::Password(Secret::new(PASSWORD.to_owned())),
                ca_pem: Some(believed),
            };
            let result = Session::login(&world(), &login).await.map(drop);
            let heard = server.heard.lock().unwrap();
            for line in &heard.plain {
                let known = line.starts_with("EHLO ") || line == "STARTTLS";
                assert!(known, "{}: {line}", file.display());
            }
            let is_in = heard.secret.iter().any(|line| line.starts_with("AUTH PLAIN "));
            let is_alone = is_known || heard.secret.is_empty();
            assert!(is_alone, "{}: a command before a verified server", file.display());
            match result {
                Ok(()) => assert!(is_known && good && is_in, "{}", file.display()),
                Err(failure) => {
                    assert!(!is_in, "{}: {failure:?}", file.display());
                    let reached = failure.code == "tls.unknown_issuer";
                    assert_eq!(reached, good && !is_known, "{}: {failure:?}", file.display());
                }
            }
            signed_in += usize::from(is_in);
        }
    }
    if files.is_empty() {
        eprintln!("nostarttls: the corpus is not here, no SMTP dialogue was played");
    } else {
        eprintln!(
            "nostarttls: {} SMTP dialogues over real TLS, each twice: {signed_in} signed in",
            files.len()
        );
        assert!(files.len() >= 38 && signed_in > 0, "the corpus is there but not read");
    }
}

/// Reads the keys these files use; also whether their plain part is honest to the end.
fn dialogue(text: &str) -> (Script, bool) {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let mut script = script(&[]);
    let mut good = false;
    let mut hidden = false;
    let mut overridden = Vec::new();
    for line in lines {
        let value = || {
            let quoted = line.split_once(": \"").unwrap().1.rsplit_once('"').unwrap().0;
            quoted.replace("\\r\\n", "\r\n")
        };
        if line.starts_with("capabilities:") {
            good |= line.contains("StartTLS");
        } else if line == "StartTLS," {
            good = true;
        } else if line.starts_with("greeting:") {
            script.greeting = value();
        } else if line.starts_with("stls_response:") {
            overridden.push(("STARTTLS".to_owned(), value()));
        } else if line.starts_with("hide_commands:") {
            hidden = true;
        } else if line.starts_with('"') {
            let command = line.trim_start_matches('"').split('"').next().unwrap();
            overridden.push((command.to_owned(), value()));
        }
    }
    for (command, reply) in &overridden {
        let counts = ["EHLO", "STARTTLS"].contains(&command.to_ascii_uppercase().as_str());
        let expected = if command.eq_ignore_ascii_case("STARTTLS") { "220" } else { "250" };
        good &= !counts || reply.starts_with(expected);
    }
    if !good && overridden.is_empty() && !hidden {
        script.plain.insert(0, ("EHLO".to_owned(), "250 mx\r\n".to_owned()));
    }
    if hidden {
        script.plain.clear();
    }
    for pair in overridden {
        script.plain.insert(0, pair);
    }
    good &= script.greeting.starts_with("220");
    (script, good && !hidden)
}
