//! A provider's front in front of a real server: it speaks TLS with both sides and passes every byte,
//! but for the commands that a test told it to answer in a provider's own words.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::authority::{Authority, Kind};

/// Bytes passed at a time towards the client.
const PIECE: usize = 16 << 10;

/// A command, by how its line begins behind a tag, and what is answered in the server's place.
type Rule = (String, String);

/// A listening front; stops when dropped.
pub struct Between {
    /// Where it listens, TLS from the first byte.
    pub port: u16,
    rules: Arc<Mutex<Vec<Rule>>>,
    _runtime: Runtime,
}

impl Between {
    /// Stands in front of the server that listens with TLS on this loopback port.
    pub fn start(authority: &Authority, target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let rules = Arc::new(Mutex::new(Vec::new()));
        let acceptor = TlsAcceptor::from(Arc::new(authority.identity(Kind::Good).server_config()));
        let connector = TlsConnector::from(Arc::new(trusting(authority.ca_file())));
        let shared = Arc::clone(&rules);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, connector) = (acceptor.clone(), connector.clone());
                let rules = Arc::clone(&shared);
                // a side that went away ends the pair; nobody has to hear of it
                tokio::spawn(async move {
                    let _ = join(client, target, &acceptor, &connector, &rules).await;
                });
            }
        });
        Self { port, rules, _runtime: runtime }
    }

    /// `localhost:PORT`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// From now on `command` is answered so; `TAG` stands for the tag. The command `""` is the
    /// connection itself: the words greet in the server's place, and the line is closed.
    pub fn answers(&self, command: &str, words: &str) {
        self.rules.lock().unwrap().push((command.to_owned(), format!("{words}\r\n")));
    }

    /// From now on everything passes.
    pub fn passes(&self) {
        self.rules.lock().unwrap().clear();
    }
}

fn trusting(ca_file: &Path) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(ca_file).unwrap() {
        roots.add(one.unwrap()).unwrap();
    }
    rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn join(
    client: TcpStream,
    target: u16,
    acceptor: &TlsAcceptor,
    connector: &TlsConnector,
    rules: &Mutex<Vec<Rule>>,
) -> std::io::Result<()> {
    let mut client = acceptor.accept(client).await?;
    if let Some(words) = answer(rules, b"") {
        client.write_all(words.as_bytes()).await?;
        return client.shutdown().await;
    }
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let (mut from_server, mut to_server) = tokio::io::split(connector.connect(name, server).await?);
    let (from_client, mut to_client) = tokio::io::split(client);
    let mut from_client = BufReader::new(from_client);
    let (mut line, mut piece) = (Vec::new(), vec![0; PIECE]);
    loop {
        tokio::select! {
            read = from_client.read_until(b'\n', &mut line) => {
                if read? == 0 {
                    return to_server.shutdown().await;
                }
                match answer(rules, &line) {
                    Some(words) => to_client.write_all(words.as_bytes()).await?,
                    None => to_server.write_all(&line).await?,
                }
                to_client.flush().await?;
                to_server.flush().await?;
                line.clear();
            }
            read = from_server.read(&mut piece) => {
                let read = read?;
                if read == 0 {
                    return to_client.shutdown().await;
                }
                to_client.write_all(&piece[..read]).await?;
                to_client.flush().await?;
            }
        }
    }
}

/// What a rule says to this line.
fn answer(rules: &Mutex<Vec<Rule>>, line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line).to_uppercase();
    let (tag, behind) = line.split_once(' ').unwrap_or(("", ""));
    let rules = rules.lock().unwrap();
    let meant = |command: &str| match command {
        "" => line.is_empty(),
        command => line.starts_with(command) || behind.starts_with(command),
    };
    let rule = rules.iter().find(|(command, _)| meant(command));
    rule.map(|(_, words)| words.replace("TAG", tag))
}
