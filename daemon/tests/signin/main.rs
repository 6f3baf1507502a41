//! Signing in by OAuth against a real TLS authorization server: the ways there, and the ways in
//! which it goes wrong. Each failure has its code, ends without a grant, and shows nothing secret.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    dead_code,
    clippy::allow_attributes,
    reason = "tests"
)]

mod answers;
mod attack;
mod support;
#[path = "../tls_support/mod.rs"]
mod tls_support;
mod ways;

use chapar_daemon::config::Config;
use chapar_daemon::oauth::Granted;
use chapar_daemon::oauth::signin::{Pasted, SignIn, SignInRequest};
use chapar_daemon::world::World;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, condition};
use std::time::Duration;
use support::browser::{self, open};
use support::issuer::Issuer;
use support::{request, world};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A sign-in that waits for its person.
struct Waiting {
    url: String,
    port: u16,
    ended: JoinHandle<Result<Granted, Failure>>,
    pasted: mpsc::Sender<Pasted>,
}

async fn begin(world: &World, config: &Config, request: &SignInRequest) -> Waiting {
    begin_checked(world, config, request, |_| Ok(())).await
}

/// With a look at who signed in.
async fn begin_checked(
    world: &World,
    config: &Config,
    request: &SignInRequest,
    check: impl Fn(&Granted) -> Result<(), Failure> + Send + Sync + 'static,
) -> Waiting {
    let sign_in = SignIn::begin(world, config, request).await.unwrap();
    let (url, port) = (sign_in.prompt.authorize_url.clone(), sign_in.prompt.port);
    let (pasted, answers) = mpsc::channel(4);
    let world = world.clone();
    let ended =
        tokio::spawn(async move { sign_in.finish(&world, answers, &mut vec![], &check).await });
    Waiting { url, port, ended, pasted }
}

/// At this issuer, without a configuration.
async fn begin_at(world: &World, issuer: &Issuer) -> Waiting {
    begin(world, &Config::default(), &request(issuer)).await
}

/// The code of a refusal before anybody is asked.
async fn refused(world: &World, request: &SignInRequest) -> &'static str {
    code(&SignIn::begin(world, &Config::default(), request).await.err().unwrap())
}

impl Waiting {
    async fn paste(&self, address: &str) -> Result<(), Failure> {
        let (answer, told) = oneshot::channel();
        let address = Secret::new(address.to_owned());
        self.pasted.send(Pasted { address, answer }).await.unwrap();
        told.await.unwrap()
    }

    async fn end(self) -> Result<Granted, Failure> {
        tokio::time::timeout(Duration::from_mins(1), self.ended).await.unwrap().unwrap()
    }
}

/// The whole way by the browser, to whatever end; what the person saw last.
async fn by_browser(issuer: &Issuer) -> (Result<Granted, Failure>, browser::Seen) {
    let waiting = begin_at(&world(), issuer).await;
    let seen = open(&issuer.agree(&waiting.url)).await.unwrap();
    (waiting.end().await, seen)
}

/// The code of a failure, which has a row and a remedy.
fn code(failure: &Failure) -> &'static str {
    let row = condition(failure.code).unwrap_or_else(|| panic!("{} has no row", failure.code));
    assert!(!row.what.is_empty());
    failure.code
}
