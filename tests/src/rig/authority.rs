//! A certificate authority for one test run, and one server certificate of every kind.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Valid for `localhost` and 127.0.0.1, signed by the rig's authority.
    Good,
    /// Ended in 2021.
    Expired,
    /// Begins in 2090.
    NotYetValid,
    /// Good for some days more.
    EndsSoon,
    /// Valid for another host.
    WrongHost,
    /// Signed by itself.
    SelfSigned,
    /// Signed by an authority nobody was told of.
    UnknownAuthority,
}

impl Kind {
    /// The kinds a client must refuse.
    pub const BAD: [Self; 5] = [
        Self::Expired,
        Self::NotYetValid,
        Self::WrongHost,
        Self::SelfSigned,
        Self::UnknownAuthority,
    ];
}

/// A certificate chain and its key, as PEM.
pub struct Identity {
    /// Leaf first.
    pub chain: String,
    /// PKCS#8.
    pub key: String,
}

impl Identity {
    /// What rustls wants of them.
    pub fn server_config(&self) -> rustls::ServerConfig {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.chain.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let provider = rustls::crypto::ring::default_provider();
        rustls::ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap()
    }
}

/// The authority and where its certificate lies.
pub struct Authority {
    ca_file: PathBuf,
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
    stranger: Issuer<'static, KeyPair>,
    stranger_pem: String,
}

impl Authority {
    /// Makes a new authority and writes `ca.pem` into `dir`.
    pub fn create(dir: &Path) -> Self {
        fs::create_dir_all(dir).unwrap();
        let (ca_pem, issuer) = root("Chapar test authority");
        let (stranger_pem, stranger) = root("A stranger's authority");
        let ca_file = dir.join("ca.pem");
        fs::write(&ca_file, &ca_pem).unwrap();
        Self { ca_file, ca_pem, issuer, stranger, stranger_pem }
    }

    /// The certificate a client is given by `--ca-file`.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Both authorities' certificates: what a company gives that signs for its own servers.
    pub fn with_stranger(&self) -> String {
        format!("{}{}", self.ca_pem, self.stranger_pem)
    }

    /// A fresh server identity of this kind.
    pub fn identity(&self, kind: Kind) -> Identity {
        let names: &[&str] = match kind {
            Kind::WrongHost => &["other.invalid"],
            _ => &["localhost", "127.0.0.1"],
        };
        self.identity_for(kind, names)
    }

    /// The same for these names.
    pub fn identity_for(&self, kind: Kind, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "rig server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.not_before, params.not_after) = match kind {
            Kind::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Kind::NotYetValid => (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1)),
            Kind::EndsSoon => {
                let day = jiff::Zoned::now().date() + jiff::Span::new().days(5);
                let (month, of_month) = (day.month().unsigned_abs(), day.day().unsigned_abs());
                (date_time_ymd(2020, 1, 1), date_time_ymd(day.year().into(), month, of_month))
            }
            _ => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
        };
        let key = KeyPair::generate().unwrap();
        let (leaf, rest) = match kind {
            Kind::SelfSigned => (params.self_signed(&key).unwrap(), ""),
            Kind::UnknownAuthority => (params.signed_by(&key, &self.stranger).unwrap(), ""),
            _ => (params.signed_by(&key, &self.issuer).unwrap(), self.ca_pem.as_str()),
        };
        Identity { chain: leaf.pem() + rest, key: key.serialize_pem() }
    }
}

fn root(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}
