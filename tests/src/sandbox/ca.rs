//! The sandbox's own certificate authority and the leaf certificates that a TLS client must tell
//! apart.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// What the server presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CertificateKind {
    /// Signed by the authority, for the right host, in force.
    #[default]
    Good,
    /// Signed by the authority, ended in 2001.
    Expired,
    /// Signed by the authority, begins in 2090.
    NotYetValid,
    /// Signed by the authority for `elsewhere.example`.
    WrongHost,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an authority that nobody was told of.
    UnknownRoot,
}

impl CertificateKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Good,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongHost,
        Self::SelfSigned,
        Self::UnknownRoot,
    ];

    /// Its name on the identity tag of the simulated world.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongHost => "wrong-host",
            Self::SelfSigned => "self-signed",
            Self::UnknownRoot => "unknown-root",
        }
    }
}

/// An authority: its own certificate and the key that signs.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority(…)")
    }
}

impl Authority {
    /// Makes a new authority with a new key.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        let key = KeyPair::generate().expect("ring makes P-256 keys");
        let certificate = params.self_signed(&key).expect("the parameters are complete");
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// The authority's certificate, for `--ca-file`.
    #[must_use]
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A TLS server that presents a certificate of `kind` to clients that want one of `hosts`.
    #[must_use]
    pub fn server(&self, hosts: &[&str], kind: CertificateKind) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("ring makes P-256 keys");
        let params = leaf(hosts, kind);
        let certificate = match kind {
            CertificateKind::SelfSigned => params.self_signed(&key),
            CertificateKind::UnknownRoot => {
                params.signed_by(&key, &Self::new("An authority nobody knows").issuer)
            }
            _ => params.signed_by(&key, &self.issuer),
        }
        .expect("the parameters are complete");
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring offers TLS 1.2 and 1.3")
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .expect("the key belongs to the certificate");
        Arc::new(config)
    }
}

fn leaf(hosts: &[&str], kind: CertificateKind) -> CertificateParams {
    let names: Vec<String> = match kind {
        CertificateKind::WrongHost => vec!["elsewhere.example".into()],
        _ => hosts.iter().map(|host| (*host).to_owned()).collect(),
    };
    let mut params = CertificateParams::new(names.clone()).expect("host names are ASCII");
    params.distinguished_name.push(DnType::CommonName, names.first().map_or("", String::as_str));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = match kind {
        CertificateKind::Expired => (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)),
        CertificateKind::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2099, 1, 1)),
        _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2099, 1, 1)),
    };
    params
}
