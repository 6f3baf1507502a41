//! Connections: resolve, connect, verify.

use super::BoxFuture;
use chapar_engine::verdict::Failure;
use std::fmt::Debug;
use tokio::io::{AsyncRead, AsyncWrite};

/// A connected byte stream, plain or inside TLS.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync + Debug> Stream for T {}

/// Any stream.
pub type BoxStream = Box<dyn Stream>;

/// The door to the network. Every call has its own deadline.
pub trait Net: Send + Sync {
    /// Resolves `host` and connects (happy eyeballs). Failure codes: `net.unknown_host`,
    /// `net.refused`, `net.timeout`, `net.unreachable`.
    fn connect<'a>(&'a self, host: &'a str, port: u16)
    -> BoxFuture<'a, Result<BoxStream, Failure>>;

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
}
