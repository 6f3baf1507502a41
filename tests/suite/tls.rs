//! Every certificate that must be refused is, before a credential leaves, on both services and
//! both ways into TLS; the real network door against the sandbox's authority.

use chapar_daemon::imap::{Login, Session};
use chapar_daemon::world::clock::RealClock;
use chapar_daemon::world::net::RealNet;
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_tests::sandbox::ca::CertificateKind;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::provider::{Personality, Provider};
use chapar_tests::sim::SimWorld;
use std::sync::Arc;

const PASSWORD: &str = "pravy-Kanar-4471";

fn login(port: u16, security: Security, ca_pem: Option<String>) -> Login {
    Login {
        endpoint: Endpoint { host: "localhost".into(), port, security },
        user: "ada@example.test".into(),
        credential: Credential::Password(Secret::new(PASSWORD.into())),
        ca_pem,
        public_only: false,
    }
}

#[tokio::test]
async fn only_the_good_certificate_gets_the_password() {
    let provider = Provider::new(Personality::default());
    provider.store.add_account("ada@example.test", PASSWORD);
    let ports = provider.listen([0; 4]).await.unwrap();
    // all doors but the network are simulated: nothing of this machine is touched
    let mut world = SimWorld::new(1, Personality::default()).world;
    world.clock = Arc::new(RealClock);
    world.net = Arc::new(RealNet::new(Arc::new(RealClock)));
    for (port, security) in [(ports.imaps, Security::Tls), (ports.imap, Security::StartTls)] {
        for (kind, code) in [
            (CertificateKind::Expired, "tls.expired"),
            (CertificateKind::NotYetValid, "tls.not_yet_valid"),
            (CertificateKind::WrongHost, "tls.wrong_host"),
            (CertificateKind::SelfSigned, "tls.self_signed"),
            (CertificateKind::UnknownRoot, "tls.unknown_issuer"),
        ] {
            provider.faults.add(Service::Imap, Fault::Certificate(kind), 1);
            let login = login(port, security, Some(provider.ca_pem()));
            let refused = Session::login(&world, &login).await.expect_err("must be refused");
            assert_eq!(refused.code, code, "{kind:?} on {security:?}: {refused:?}");
        }
        assert_eq!(provider.ledger.credentials(), []);
        let unknown = Session::login(&world, &login(port, security, None)).await.err();
        assert_eq!(unknown.expect("the authority is not the system's").code, "tls.unknown_issuer");
    }
    assert_eq!(provider.ledger.credentials(), []);
    for (port, security) in [(ports.imaps, Security::Tls), (ports.imap, Security::StartTls)] {
        let login = login(port, security, Some(provider.ca_pem()));
        let session = Session::login(&world, &login).await.expect("the good one is accepted");
        session.logout().await;
    }
    assert_eq!(provider.ledger.credentials().len(), 2);
    assert_eq!(provider.ledger.leaks(), []);
}
