//! Whose word counts for a server's certificate: the platform's authorities, then those a person
//! gave for the account. Records what was presented, so that a refusal can say it.

use super::certificate::Presented;
use chapar_engine::verdict::{Failure, Verdict};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
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
        if let Some(pem) = ca_pem {
            authorities.push(extra(pem)?);
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
        Ok(Self { authorities, presented: Mutex::new(None) })
    }

    /// What the server presented, when it came that far.
    pub(super) fn presented(&self) -> Option<Presented> {
        let guard = self.presented.lock();
        guard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A verifier that trusts the authorities of a PEM text.
fn extra(pem: &str) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let refused = |detail: String| Failure {
        code: "tls.ca_file",
        message: "the account's own authorities cannot be used; give a PEM file of certificates"
            .to_owned(),
        detail: Some(detail),
        verdict: Verdict::FixSettings,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        if roots.len() >= EXTRA_AUTHORITIES {
            return Err(refused(format!("more than {EXTRA_AUTHORITIES} certificates")));
        }
        let certificate = certificate.map_err(|error| refused(error.to_string()))?;
        roots.add(certificate).map_err(|error| refused(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refused("there is no certificate in it".to_owned()));
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
        .map_err(|error| refused(error.to_string()))
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
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Presented::read(end_entity));
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
