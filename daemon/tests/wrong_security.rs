//! TLS where STARTTLS was said, and a server that is only slow: told apart, and nothing of a
//! credential said to either.
#![allow(clippy::unwrap_used, missing_docs, dead_code, clippy::allow_attributes, reason = "tests")]

mod tls_support;

use chapar_daemon::{imap, smtp};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::{Credential, Login};
use chapar_engine::secret::Secret;
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
use tls_support::{Authority, VALID, own_authority, self_signed, world};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A server that begins with TLS on every connection, and says nothing before the client does.
async fn begins_with_tls(config: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = TlsAcceptor::from(Arc::clone(&config));
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let mut said = [0; 64];
                    let _ = stream.read(&mut said).await;
                }
            });
        }
    });
    port
}

/// A plain server that lets a stranger wait before it greets, and knows no STARTTLS.
async fn greets_late(greeting: &'static str, answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = move |mut stream: TcpStream| async move {
        tokio::time::sleep(Duration::from_secs(6)).await;
        stream.write_all(greeting.as_bytes()).await?;
        let mut line = [0; 512];
        while stream.read(&mut line).await? > 0 {
            let tag = String::from_utf8_lossy(&line).split(' ').next().unwrap().to_owned();
            stream.write_all(answer.replace("TAG", &tag).as_bytes()).await?;
        }
        std::io::Result::Ok(())
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    port
}

fn login(port: u16, ca: &str) -> Login {
    Login {
        endpoint: Endpoint { host: "127.0.0.1".into(), port, security: Security::StartTls },
        user: "ana".into(),
        credential: Credential::Password(Secret::new("never said".into())),
        ca_pem: Some(ca.to_owned()),
        public_only: false,
    }
}

/// The codes of both protocols at one port.
async fn refusals(port: u16, ca: &str) -> [(&'static str, String); 2] {
    let (world, login) = (world(), login(port, ca));
    let (imap, smtp) =
        tokio::join!(imap::Session::login(&world, &login), smtp::Session::login(&world, &login));
    [imap.map(drop).unwrap_err(), smtp.map(drop).unwrap_err()].map(|it| (it.code, it.message))
}

#[tokio::test]
async fn a_port_that_begins_with_tls_is_told_from_one_with_starttls() {
    let ca = &Authority::new();
    // whatever its certificate: the port is what is wrong
    let configs = [
        ca.server("127.0.0.1", VALID),
        ca.server("other.test", VALID),
        ca.server("127.0.0.1", (2019, 2020)),
        self_signed("127.0.0.1"),
        own_authority("127.0.0.1", VALID).0,
    ];
    let mut seen = tokio::task::JoinSet::new();
    for config in configs {
        let pem = ca.pem.clone();
        seen.spawn(async move {
            let port = begins_with_tls(config).await;
            (port, refusals(port, &pem).await)
        });
    }
    while let Some(done) = seen.join_next().await {
        let (port, refusals) = done.unwrap();
        for (code, message) in refusals {
            assert_eq!(code, "tls.at_once", "{message}");
            assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
        }
    }
}

#[tokio::test]
async fn a_server_that_greets_late_is_heard_out() {
    let ca = Authority::new();
    let imap = greets_late("* OK at last\r\n", "TAG BAD not here\r\n").await;
    let smtp = greets_late("220 at last\r\n", "250 mail.test\r\n").await;
    let ([imap, _], [_, smtp]) = tokio::join!(refusals(imap, &ca.pem), refusals(smtp, &ca.pem));
    assert_eq!((imap.0, smtp.0), ("tls.not_offered", "tls.not_offered"), "{imap:?} {smtp:?}");
}
