//! Submission sessions against scripted servers on loopback: every phase, every fault, and the
//! public STARTTLS attack dialogues.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    clippy::allow_attributes,
    reason = "tests"
)]

mod dialogue;
mod login;
mod server;
#[path = "../tls_support/mod.rs"]
mod tls_support;
mod transaction;

use chapar_daemon::smtp::{Login, Session};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;
use server::{Script, Server, serve};
use tls_support::{Authority, VALID, world};

const PASSWORD: &str = "k0rrekt-pferd";

async fn login_as(script: Script, security: Security) -> (Result<Session, Failure>, Server) {
    let authority = Authority::new();
    let server = serve(script, security, authority.server("127.0.0.1", VALID)).await;
    (login_at(&server, security, &authority).await, server)
}

/// Ana's login at this server, with faith in this authority.
async fn login_at(
    server: &Server,
    security: Security,
    believed: &Authority,
) -> Result<Session, Failure> {
    let login = Login {
        endpoint: Endpoint { host: "127.0.0.1".to_owned(), port: server.port, security },
        user: "ana@x.test".to_owned(),
        credential: Credential::Password(Secret::new(PASSWORD.to_owned())),
        ca_pem: Some(believed.pem.clone()),
        public_only: false,
    };
    Session::login(&world(), &login).await
}

async fn session(script: Script) -> (Session, Server) {
    let (session, server) = login_as(script, Security::Tls).await;
    (session.unwrap(), server)
}
