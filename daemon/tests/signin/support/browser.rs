//! The person's browser: one GET, over plain TCP to loopback.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// What a page said.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Opens an address of this machine; `None` when nobody listens or nobody answers.
pub(crate) async fn open(url: &str) -> Option<Seen> {
    let url = Url::parse(url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let target = format!("{}?{}", url.path(), url.query().unwrap_or_default());
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n");
    say(url.port().unwrap(), request.as_bytes()).await
}

/// Says `bytes` to a port of 127.0.0.1 and reads what comes back.
pub(crate) async fn say(port: u16, bytes: &[u8]) -> Option<Seen> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(bytes).await.ok()?;
    let mut said = Vec::new();
    // a server that closes early may reset the connection; what it said before that counts
    let _reset = stream.read_to_end(&mut said).await;
    let said = String::from_utf8(said).ok()?;
    let (head, body) = said.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Seen { status, head: head.to_owned(), body: body.to_owned() })
}

/// A parameter of an address.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
