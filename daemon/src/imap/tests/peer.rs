//! A scripted server on an in-memory pipe, a stand-in for TLS, and a clock that runs fast.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::config::VaultChoice;
use crate::imap::{Login, Session};
use crate::world::clock::Clock;
use crate::world::net::{BoxStream, Net};
use crate::world::{BoxFuture, World};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::Failure;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// How much faster than life the test clock runs.
pub(super) const SPEED: u32 = 30;
pub(super) const PASSWORD: &str = "corr\u{e8}ct horse";
/// Stands for the handshake: the client says the first, the server answers the second.
const HELLO: &[u8] = b"\x16TLS?";
const HELLO_BACK: &[u8] = b"\x16TLS!";

#[derive(Debug)]
struct FastClock(Instant);

impl Clock for FastClock {
    fn boot(&self) -> Boot {
        Boot(self.0.elapsed() * SPEED)
    }
    fn wall(&self) -> Wall {
        Wall(0)
    }
    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(deadline.until_from(self.boot()) / SPEED))
    }
}

struct PipeNet(Mutex<Option<DuplexStream>>);

impl Net for PipeNet {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        let stream = self.0.lock().unwrap().take();
        Box::pin(async {
            stream
                .map(|stream| Box::new(stream) as BoxStream)
                .ok_or_else(|| Failure::of("net.refused", "no second connection", None))
        })
    }
    fn secure<'a>(
        &'a self,
        mut stream: BoxStream,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            let mut answer = [0; HELLO_BACK.len()];
            let shaken = async {
                stream.write_all(HELLO).await?;
                stream.flush().await?;
                stream.read_exact(&mut answer).await
            };
            let shaken = tokio::time::timeout(Duration::from_secs(2), shaken).await;
            match shaken {
                Ok(Ok(_)) if answer == HELLO_BACK => Ok(stream),
                _ => Err(Failure::of("tls.not_tls", "no handshake", None)),
            }
        })
    }
}

/// The server's end.
pub(super) struct Peer {
    stream: DuplexStream,
    /// Everything the client said before TLS.
    pub plain: Vec<u8>,
    pub secure: bool,
}

impl Peer {
    pub(super) async fn say(&mut self, text: impl AsRef<[u8]>) {
        // a client that has gone away is what some scripts are about
        let _ = self.stream.write_all(text.as_ref()).await;
    }

    /// The next line without its end; `None` when the client has gone.
    pub(super) async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let byte = self.stream.read_u8().await.ok()?;
            line.push(byte);
            if !self.secure {
                self.plain.push(byte);
            }
            if line == HELLO {
                self.plain.truncate(self.plain.len() - HELLO.len());
                self.say(HELLO_BACK).await;
                self.secure = true;
                line.clear();
            }
        }
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Waits for the handshake of a port with TLS from the first byte.
    pub(super) async fn handshake(&mut self) {
        let mut hello = [0; HELLO.len()];
        if self.stream.read_exact(&mut hello).await.is_ok() && hello == HELLO {
            self.secure = true;
            self.say(HELLO_BACK).await;
        }
    }

    /// Reads a command that holds `word`; its tag.
    pub(super) async fn expect(&mut self, word: &str) -> String {
        let line = self.line().await.unwrap_or_default();
        assert!(line.contains(word), "{word} was due, not {line}");
        line.split(' ').next().unwrap().to_owned()
    }

    /// Reads a command that holds `word` and answers it.
    pub(super) async fn answer(&mut self, word: &str, untagged: &str, end: &str) {
        let tag = self.expect(word).await;
        self.say(format!("{untagged}{tag} {end}\r\n")).await;
    }

    pub(super) async fn raw(&mut self, bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        self.stream.read_exact(&mut read).await.unwrap();
        read
    }

    /// TLS, greeting and a login after which the server offers `capabilities`.
    pub(super) async fn let_in(&mut self, capabilities: &str) {
        self.handshake().await;
        self.say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello\r\n").await;
        let end = format!("OK [CAPABILITY IMAP4rev1 {capabilities}] in");
        self.answer("AUTHENTICATE PLAIN AGFsaWNlAGNvcnLDqGN0IGhvcnNl", "", &end).await;
    }
}

pub(super) fn login(security: Security) -> Login {
    Login {
        endpoint: Endpoint { host: "mail.example".to_owned(), port: 1, security },
        user: "alice".to_owned(),
        credential: Credential::Password(Secret::new(PASSWORD.to_owned())),
        ca_pem: None,
        public_only: false,
    }
}

/// A world whose only server is the returned peer.
pub(super) fn world() -> (World, Peer) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let (real, _) = World::real(Path::new("/nonexistent"), VaultChoice::File);
    let world = World {
        clock: Arc::new(FastClock(Instant::now())),
        net: Arc::new(PipeNet(Mutex::new(Some(ours)))),
        ..real
    };
    let peer = Peer { stream: theirs, plain: Vec::new(), secure: false };
    (world, peer)
}

/// A session with a server that lets it in and then plays `script`.
pub(super) async fn session<F>(
    capabilities: &'static str,
    script: impl FnOnce(Peer) -> F + Send + 'static,
) -> (Session, tokio::task::JoinHandle<()>)
where
    F: Future<Output = ()> + Send,
{
    let (world, mut peer) = world();
    let server = tokio::spawn(async move {
        peer.let_in(capabilities).await;
        script(peer).await;
    });
    let session = Session::login(&world, &login(Security::Tls)).await.unwrap();
    (session, server)
}

/// Where a set of public test data is: beside the repository, or where `CHAPAR_CORPORA` says.
pub(super) fn corpus(name: &str) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora");
    std::env::var_os("CHAPAR_CORPORA").map_or_else(beside, PathBuf::from).join(name)
}
