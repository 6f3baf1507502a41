//! Whose word counts for a server's certificate: the person's for the very certificate that they
//! gave for the account, then the platform's authorities, then those that the person gave. Records
//! what was presented, so that a refusal can say it. Must never accept one for another name or out of
//! its time.

use super::certificate::{Chain, Presented};
use chapar_engine::verdict::{Failure, Verdict};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Authorities in one `--ca-file`: a company has a handful.
const EXTRA_AUTHORITIES: usize = 200;

/// The one set of algorithms, shared by every connection.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// The platform's trust store, read once when first needed.
#[derive(Default)]
pub(super) struct Platform(OnceLock<Result<Arc<dyn ServerCertVerifier>, String>>);

impl Platform {
    fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, String> {
        self.0
            .get_or_init(|| {
                rustls_platform_verifier::Verifier::new(provider())
                    .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
                    .map_err(|error| error.to_string())
            })
            .clone()
    }
}

/// The verifier of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    authorities: Vec<Arc<dyn ServerCertVerifier>>,
    /// The certificates that the person gave. A server that shows one of them byte for byte is the
    /// one that was meant, whether the certificate may sign others (`CA:TRUE`) or not.
    given: Vec<CertificateDer<'static>>,
    presented: Mutex<Option<Presented>>,
}

impl Connection {
    /// Fails when there is nobody whose word could count.
    pub(super) fn new(
        platform: &Platform,
        host: &str,
        ca_pem: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut authorities = Vec::new();
        let missing = match platform.verifier() {
            Ok(verifier) => {
                authorities.push(verifier);
                None
            }
            Err(error) => Some(error),
        };
        let mut given = Vec::new();
        if let Some(pem) = ca_pem {
            given = certificates(pem)?;
            authorities.push(extra(&given)?);
        }
        if let (Some(error), true) = (missing, authorities.is_empty()) {
            return Err(Failure {
                code: "tls.unknown_issuer",
                message: format!(
                    "{host} cannot be verified: this machine has no certificate authorities; \
                     install the package ca-certificates"
                ),
                detail: Some(error),
                verdict: Verdict::FixSettings,
            });
        }
        Ok(Self { authorities, given, presented: Mutex::new(None) })
    }

    /// What the server presented, when it came that far.
    pub(super) fn presented(&self) -> Option<Presented> {
        let guard = self.presented.lock();
        guard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn unusable(detail: String) -> Failure {
    Failure {
        code: "tls.ca_file",
        message: "the account's own authorities cannot be used; give a PEM file of certificates"
            .to_owned(),
        detail: Some(detail),
        verdict: Verdict::FixSettings,
    }
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let mut given = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        if given.len() >= EXTRA_AUTHORITIES {
            return Err(unusable(format!("more than {EXTRA_AUTHORITIES} certificates")));
        }
        given.push(certificate.map_err(|error| unusable(error.to_string()))?);
    }
    if given.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    Ok(given)
}

/// A verifier that trusts these authorities.
fn extra(given: &[CertificateDer<'static>]) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in given {
        roots.add(certificate.clone()).map_err(|error| unusable(error.to_string()))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
        .map_err(|error| unusable(error.to_string()))
}

/// Name and dates of a certificate that the person gave: they hold for it as for any other.
fn check_given(
    given: &CertificateDer<'_>,
    presented: &Presented,
    server_name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let (from, until) = presented.holds.ok_or(CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < from {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > until {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(given)?, server_name)?;
    Ok(ServerCertVerified::assertion())
}

impl ServerCertVerifier for Connection {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = Chain::read(intermediates.iter().map(AsRef::as_ref));
        let presented = Presented { chain, ..Presented::read(end_entity) };
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented.clone());
        if self.given.iter().any(|given| given == end_entity) {
            return check_given(end_entity, &presented, server_name, now);
        }
        let mut refusal = Error::General("no authority to ask".to_owned());
        for (place, authority) in self.authorities.iter().enumerate() {
            match authority.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ) {
                Ok(verified) => return Ok(verified),
                // "unknown issuer" of the second is no news over a precise reason of the first; and
                // an authority of a known name with another key is not the one that is known
                Err(Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                )) => {
                    if place == 0 {
                        refusal = CertificateError::UnknownIssuer.into();
                    }
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &provider().signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
