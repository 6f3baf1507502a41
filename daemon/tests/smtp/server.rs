//! The scripted server: what it says before and inside TLS, and what it heard.

use chapar_engine::account::Security;
use rustls::ServerConfig;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(super) const EHLO: &str =
    "250-mx.test\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN\r\n";

/// What the server does; commands are matched by their beginning, the first match wins.
#[derive(Clone, Default)]
pub(super) struct Script {
    pub(super) greeting: String,
    /// Replies by command before TLS.
    pub(super) plain: Vec<(String, String)>,
    /// Replies by command inside TLS.
    pub(super) secret: Vec<(String, String)>,
    /// Withhold replies until this command came: the client must send all before it at once.
    pub(super) hold_until: Option<&'static str>,
    /// Replies inside TLS that are no text, before the others.
    pub(super) raw: Vec<(String, Vec<u8>)>,
    /// Close after so many bytes of the message.
    pub(super) cut_message: Option<usize>,
}

pub(super) fn script(replies: &[(&str, &str)]) -> Script {
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
pub(super) struct Heard {
    pub(super) plain: Vec<String>,
    pub(super) secret: Vec<String>,
    pub(super) message: Vec<u8>,
}

pub(super) struct Server {
    pub(super) port: u16,
    pub(super) heard: Arc<Mutex<Heard>>,
}

impl Server {
    pub(super) fn secret(&self) -> Vec<String> {
        self.heard.lock().unwrap().secret.clone()
    }
}

pub(super) async fn serve(script: Script, security: Security, config: Arc<ServerConfig>) -> Server {
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
        if let Some((_, bytes)) = script.raw.iter().find(|(command, _)| line.starts_with(command)) {
            stream.write_all(bytes).await?;
            stream.flush().await?;
            continue;
        }
        let closes = reply.strip_suffix("CLOSE").map(str::to_owned);
        held.push_str(closes.as_deref().unwrap_or(&reply));
        if closes.is_some() {
            stream.write_all(held.as_bytes()).await?;
            stream.flush().await?;
            return Ok(());
        }
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
        if line.starts_with("DATA") && reply.starts_with('3') {
            let mut message = Vec::new();
            loop {
                if script.cut_message.is_some_and(|cut| message.len() >= cut) {
                    let words = script.secret.iter().find(|(command, _)| command == "CUT");
                    if let Some((_, words)) = words {
                        stream.write_all(words.as_bytes()).await?;
                        stream.flush().await?;
                    }
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
            let closes = reply.strip_suffix("CLOSE");
            stream.write_all(closes.unwrap_or(&reply).as_bytes()).await?;
            stream.flush().await?;
            if closes.is_some() {
                return Ok(());
            }
        }
    }
}
