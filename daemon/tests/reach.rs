//! A server that discovery named stays on the internet: a name that answers a public address while it
//! is looked at and a private one when it is connected reaches nobody on this machine.
#![allow(clippy::unwrap_used, missing_docs, dead_code, clippy::allow_attributes, reason = "tests")]

mod tls_support;

use chapar_daemon::{imap, smtp};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::{Credential, Login};
use chapar_engine::secret::Secret;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tls_support::world;
use tokio::net::TcpListener;

/// A port of this machine, and how often somebody came.
async fn private_port() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, came)
}

#[tokio::test]
async fn what_discovery_named_is_never_connected_at_a_private_address() {
    let (port, came) = private_port().await;
    let world = world();
    for host in ["localhost", "127.0.0.1", "::ffff:127.0.0.1", "::1"] {
        for security in [Security::Tls, Security::StartTls] {
            let endpoint = Endpoint { host: host.into(), port, security };
            let login = Login {
                endpoint: endpoint.clone(),
                user: "ana".into(),
                credential: Credential::Password(Secret::new("never said".into())),
                ca_pem: None,
                public_only: true,
            };
            let imap = imap::Session::login(&world, &login).await.map(drop).unwrap_err();
            let smtp = smtp::Session::login(&world, &login).await.map(drop).unwrap_err();
            assert_eq!((imap.code, smtp.code), ("net.private", "net.private"), "{endpoint:?}");
        }
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "somebody was connected");
}
