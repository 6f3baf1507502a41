//! Connections: resolve, connect, verify.

mod at_once;
mod certificate;
mod dial;
mod ended;
mod refusal;
mod verifier;

pub use at_once::unless_tls_at_once;
pub use ended::ended;

use super::BoxFuture;
use super::clock::{Clock, within};
use chapar_engine::credential::Login;
use chapar_engine::verdict::{Failure, Verdict};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// A connected byte stream, plain or inside TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug> Stream for T {}

/// Any stream.
pub type BoxStream = Box<dyn Stream>;

/// A stream inside verified TLS, and the last day of the certificate (`YYYY-MM-DD`) where a world
/// has days.
pub type Secured = (BoxStream, Option<String>);

/// The door to the network. Every call has its own deadline.
pub trait Net: Send + Sync {
    /// How many addresses `host` has, for those who ask what is wrong: [`Net::connect`] resolves by
    /// itself. A world without names says nothing. Failure code: `net.unknown_host`, `net.timeout`.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Option<usize>, Failure>> {
        let _ = host;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Resolves `host` and connects (happy eyeballs). Failure codes: `net.unknown_host`,
    /// `net.refused`, `net.timeout`, `net.unreachable`.
    fn connect<'a>(&'a self, host: &'a str, port: u16)
    -> BoxFuture<'a, Result<BoxStream, Failure>>;

    /// [`Net::connect`] for a name that came from outside: private, loopback, link-local and other
    /// special addresses (RFC 6890) are refused with `net.private`. A world without such addresses
    /// connects as ever.
    fn connect_public<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        self.connect(host, port)
    }

    /// The address from which this machine reaches `host`, for a server that insists on it. A world
    /// without addresses has none.
    fn own_address<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<IpAddr>> {
        let _ = host;
        Box::pin(std::future::ready(None))
    }

    /// TLS handshake on `stream`; the certificate must be valid for `host` under the platform's
    /// trust store plus the authorities in `ca_pem`. Failure codes: `tls.expired`,
    /// `tls.not_yet_valid`, `tls.wrong_host`, `tls.unknown_issuer`, `tls.self_signed`,
    /// `tls.too_old`, `tls.not_tls`, `tls.revoked`, `tls.invalid`; the detail names what was
    /// presented (subject, issuer, dates) and what was needed.
    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>>;

    /// [`Net::secure`], and how long the certificate holds.
    fn secure_until<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Secured, Failure>> {
        Box::pin(async move { Ok((self.secure(stream, host, ca_pem).await?, None)) })
    }
}

/// How far a connection may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Wherever the person pointed: a company's own server may be on a private address.
    Anywhere,
    /// Not to private, loopback or link-local addresses: the name came from outside.
    PublicOnly,
}

impl Reach {
    /// How far a login may go.
    #[must_use]
    pub fn of(login: &Login) -> Self {
        if login.public_only { Self::PublicOnly } else { Self::Anywhere }
    }

    /// Connects within this reach.
    pub async fn connect(self, net: &dyn Net, host: &str, port: u16) -> Result<BoxStream, Failure> {
        match self {
            Self::Anywhere => net.connect(host, port).await,
            Self::PublicOnly => net.connect_public(host, port).await,
        }
    }
}

/// A handshake takes three flights; a peer that needs longer is dead or hostile.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// The machine's network, with the platform's trust store. There is no way to skip verification.
pub struct RealNet {
    clock: Arc<dyn Clock>,
    platform: verifier::Platform,
}

impl RealNet {
    /// Touches neither network nor trust store yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, platform: verifier::Platform::default() }
    }

    async fn handshake(
        &self,
        stream: BoxStream,
        host: &str,
        ca_pem: Option<&str>,
    ) -> Result<Secured, Failure> {
        let name = server_name(host)?;
        let verifier = verifier::Connection::new(&self.platform, host, ca_pem)?;
        let verifier = Arc::new(verifier);
        let config = client_config(Arc::clone(&verifier), host)?;
        let connect = TlsConnector::from(Arc::new(config)).connect(name, stream);
        match within(self.clock.as_ref(), HANDSHAKE, connect).await {
            Some(Ok(stream)) => {
                let until = verifier.presented().and_then(|presented| presented.not_after);
                Ok((Box::new(stream), until))
            }
            Some(Err(error)) => {
                let time = self.clock.wall();
                Err(refusal::judge(host, &error, verifier.presented(), ca_pem.is_some(), time))
            }
            None => Err(Failure {
                code: "net.timeout",
                message: format!(
                    "the TLS handshake with {host} did not end within {} s",
                    HANDSHAKE.as_secs()
                ),
                detail: None,
                verdict: Verdict::Retry,
            }),
        }
    }
}

impl Net for RealNet {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Option<usize>, Failure>> {
        Box::pin(async move {
            // the port plays no part in the answer
            let found = dial::resolve(self.clock.as_ref(), host, 0).await?;
            Ok(Some(found.len()))
        })
    }

    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            let stream = dial::dial(self.clock.as_ref(), host, port, |_| true).await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn connect_public<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move {
            let stream = dial::dial(self.clock.as_ref(), host, port, dial::is_public).await?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn own_address<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Option<IpAddr>> {
        Box::pin(dial::own_address(self.clock.as_ref(), host))
    }

    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async move { Ok(self.handshake(stream, host, ca_pem).await?.0) })
    }

    fn secure_until<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Secured, Failure>> {
        Box::pin(self.handshake(stream, host, ca_pem))
    }
}

/// The name the certificate must be for; a trailing dot is DNS notation, not part of the name.
fn server_name(host: &str) -> Result<ServerName<'static>, Failure> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    ServerName::try_from(bare.to_owned()).map_err(|_| Failure {
        code: "net.unknown_host",
        message: format!(
            "\u{201c}{}\u{201d} is not a server name; give a DNS name such as mail.example.com",
            host.escape_default()
        ),
        detail: None,
        verdict: Verdict::FixSettings,
    })
}

/// TLS 1.2 or 1.3, ring, no client certificate, no resumption: each session proves the server anew.
fn client_config(verifier: Arc<verifier::Connection>, host: &str) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(verifier::provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| Failure {
            code: "tls.invalid",
            message: format!("TLS to {host} could not be set up"),
            detail: Some(error.to_string()),
            verdict: Verdict::FixSettings,
        })?;
    let mut config =
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}
