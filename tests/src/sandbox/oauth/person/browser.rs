//! One window of a browser: requests, redirects by name, cookies.

use super::super::client::Place;
use crate::sandbox::faults::Service;
use crate::sandbox::provider::{Entry, Provider, Security, TAG_HELLO};
use chapar_daemon::world::net::BoxStream;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The most bytes of an answer: pages have below 100 kB.
const ANSWER_BYTES: u64 = 1 << 20;
/// Bytes a simulated connection holds.
const PIPE_BYTES: usize = 64 << 10;

/// Media type of a form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// How `https` is reached.
#[derive(Clone, Debug)]
pub(super) enum Road {
    /// By TCP and TLS, trusting these authorities.
    Tls(String),
    /// By a pipe into this provider.
    Pipe(Box<Provider>),
}

/// What a page is.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) address: String,
    pub(super) status: u16,
    /// Where it points, made absolute.
    pub(super) location: Option<String>,
    pub(super) body: String,
}

pub(super) struct Browser {
    road: Road,
    cookies: BTreeMap<String, String>,
    pub(super) authorization: Option<String>,
}

impl Browser {
    pub(super) fn new(road: Road) -> Self {
        Self { road, cookies: BTreeMap::new(), authorization: None }
    }

    pub(super) async fn get(&mut self, address: &str) -> Result<Page, String> {
        self.load("GET", address, "", "").await
    }

    /// Sends a form of the page at `from` to `action`.
    pub(super) async fn post(
        &mut self,
        from: &str,
        action: &str,
        body: &str,
    ) -> Result<Page, String> {
        self.load("POST", &resolved(from, action), FORM, body).await
    }

    pub(super) async fn load(
        &mut self,
        method: &str,
        address: &str,
        media_type: &str,
        body: &str,
    ) -> Result<Page, String> {
        let place = Place::read(address).ok_or(format!("{address} is no address"))?;
        let failed = |error: std::io::Error| format!("{}://{}: {error}", place.scheme, place.host);
        let mut stream = self.connect(&place).await.map_err(failed)?;
        let target = match place.query {
            "" => place.path.to_owned(),
            query => format!("{}?{query}", place.path),
        };
        let authority =
            place.port.map_or(place.host.into(), |port| format!("{}:{port}", place.host));
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {authority}\r\nAccept: text/html\r\n\
             Connection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !media_type.is_empty() {
            let _ = write!(head, "Content-Type: {media_type}\r\n");
        }
        if place.scheme == "https" {
            head.push_str(&self.secrets());
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.map_err(failed)?;
        stream.flush().await.map_err(failed)?;
        let mut answer = Vec::new();
        let read = stream.take(ANSWER_BYTES).read_to_end(&mut answer).await;
        // servers that close TCP without closing TLS first are common; what came is what counts
        if answer.is_empty() {
            read.map_err(failed)?;
        }
        self.page(address, &String::from_utf8_lossy(&answer))
    }

    /// The headers that are for the issuer only.
    fn secrets(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = Some(format!("Cookie: {}\r\n", pairs.join("; ")));
        let cookies = cookies.filter(|_| !pairs.is_empty()).unwrap_or_default();
        let shown = self.authorization.as_ref();
        let shown = shown.map(|value| format!("Authorization: {value}\r\n"));
        shown.unwrap_or_default() + &cookies
    }

    fn page(&mut self, address: &str, answer: &str) -> Result<Page, String> {
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or("the answer is no HTTP")?;
        let mut location = None;
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("location") {
                location = Some(resolved(address, value));
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let cookie = value.split(';').next().unwrap_or_default();
                if let Some((name, value)) = cookie.split_once('=') {
                    self.cookies.insert(name.into(), value.into());
                }
            }
        }
        let location = location.filter(|_| (300..400).contains(&status));
        Ok(Page { address: address.into(), status, location, body: body.into() })
    }

    async fn connect(&self, place: &Place<'_>) -> std::io::Result<BoxStream> {
        let host = place.host.trim_matches(['[', ']']);
        if place.scheme == "http" {
            let stream = TcpStream::connect((host, place.port.unwrap_or(80))).await?;
            return Ok(Box::new(stream));
        }
        match &self.road {
            Road::Tls(ca_pem) => {
                let stream = TcpStream::connect((host, place.port.unwrap_or(443))).await?;
                let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
                let connector = tokio_rustls::TlsConnector::from(trusting(ca_pem)?);
                Ok(Box::new(connector.connect(name, stream).await?))
            }
            Road::Pipe(provider) => pipe(provider, host).await,
        }
    }
}

/// A simulated connection, past its handshake.
async fn pipe(provider: &Provider, host: &str) -> std::io::Result<BoxStream> {
    let (mut near, far) = tokio::io::duplex(PIPE_BYTES);
    let provider = provider.clone();
    tokio::spawn(async move {
        provider.serve(Box::new(far), Service::Issuer, Entry::Tls, Security::Tag).await;
    });
    near.write_all(format!("{TAG_HELLO}{host}\n").as_bytes()).await?;
    while near.read_u8().await? != b'\n' {}
    Ok(Box::new(near))
}

fn trusting(ca_pem: &str) -> std::io::Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(std::io::Error::other)?;
        roots.add(certificate).map_err(std::io::Error::other)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// `target` as seen from `from`: absolute, or an absolute path.
fn resolved(from: &str, target: &str) -> String {
    if target.contains("://") {
        return target.into();
    }
    let after = from.find("://").map_or(0, |at| at + 3);
    let end = from[after..].find(['/', '?', '#']).map_or(from.len(), |at| after + at);
    format!("{}{target}", &from[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_resolved_and_cookies_kept() {
        assert_eq!(resolved("https://a:1/b/c?d", "/e"), "https://a:1/e");
        assert_eq!(resolved("https://a", "/e"), "https://a/e");
        assert_eq!(resolved("https://a/b", "http://127.0.0.1:9/c"), "http://127.0.0.1:9/c");
        let mut browser = Browser::new(Road::Tls(String::new()));
        let answer = "HTTP/1.1 303 See\r\nset-cookie: a=b; path=/\r\nlocation: /x\r\n\r\nhello";
        let page = browser.page("https://h/y", answer).unwrap();
        assert_eq!((page.status, page.location.as_deref()), (303, Some("https://h/x")));
        assert_eq!(browser.cookies["a"], "b");
    }
}
