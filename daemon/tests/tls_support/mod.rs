//! A test's own authority, a scripted TLS server on loopback, and public attack scripts.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use chapar_daemon::config::VaultChoice;
use chapar_daemon::world::World;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A server certificate for `name` of an authority below this one, sent with what is between them,
    /// and, where wanted, with this one too.
    pub(crate) fn server_below(&self, name: &str, with_root: bool) -> Arc<ServerConfig> {
        let (key, own) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut between = CertificateParams::default();
        between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        between.distinguished_name.push(DnType::CommonName, "authority between");
        let signed = between.signed_by(&key, &self.issuer).unwrap();
        let issuer = Issuer::new(between, key);
        let certificate = leaf(name, VALID).signed_by(&own, &issuer).unwrap();
        let mut chain = vec![certificate.der().clone(), signed.der().clone()];
        if with_root {
            chain.push(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap());
        }
        config_of(chain, &own)
    }

    /// A server certificate for `name`, signed by this one and sent with it.
    pub(crate) fn server_with_root(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(name, VALID).signed_by(&key, &self.issuer).unwrap();
        let root = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        config_of(vec![certificate.der().clone(), root], &key)
    }

    /// A server certificate for `name`, valid between the years.
    pub(crate) fn server(&self, name: &str, years: (i32, i32)) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = leaf(name, years);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }
}

pub(crate) fn self_signed(name: &str) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf(name, VALID).self_signed(&key).unwrap();
    config(certificate.der().clone(), &key)
}

/// A server whose certificate vouches for itself and may vouch for others: its PEM, too.
pub(crate) fn own_authority(name: &str, years: (i32, i32)) -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = leaf(name, years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (config(certificate.der().clone(), &key), certificate.pem())
}

/// A server whose certificate has its name in CN only.
pub(crate) fn nameless(name: &str) -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = leaf(name, VALID);
    params.subject_alt_names.clear();
    let certificate = params.self_signed(&key).unwrap();
    (config(certificate.der().clone(), &key), certificate.pem())
}

pub(crate) const VALID: (i32, i32) = (2020, 2099);

fn leaf(name: &str, (from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    config_of(vec![certificate], key)
}

fn config_of(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Arc::new(
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap(),
    )
}

/// The real world with a state directory that is not used.
pub(crate) fn world() -> World {
    World::real(&std::env::temp_dir(), VaultChoice::File).0
}

/// Where a set of public test data is: where `CHAPAR_CORPORA` says, or beside the checkout or a
/// directory above it. An absent one has no files.
pub(crate) fn corpus(name: &str) -> PathBuf {
    let beside = || {
        let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        above.find_map(|dir| Some(dir.join("shared/corpora")).filter(|dir| dir.exists()))
    };
    let given = std::env::var_os("CHAPAR_CORPORA").map(PathBuf::from);
    given.or_else(beside).unwrap_or_default().join(name)
}

/// The scripts below `dir`, in order.
pub(crate) fn ron_files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(ron_files(&path));
        } else if path.extension().is_some_and(|end| end == "ron") {
            files.push(path);
        }
    }
    files.sort();
    files
}
