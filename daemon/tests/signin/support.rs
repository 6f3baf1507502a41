//! What the sign-in is tested with: an authorization server that says what it is told to say, a
//! browser of a few lines, and a world whose clock can run faster.

pub(crate) mod browser;
pub(crate) mod issuer;

use crate::tls_support;
use chapar_daemon::config::Config;
use chapar_daemon::oauth::signin::SignInRequest;
use chapar_daemon::world::clock::Clock;
use chapar_daemon::world::net::{BoxStream, Net};
use chapar_daemon::world::{BoxFuture, World};
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::Failure;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) const EMAIL: &str = "ana@contoso.example";

/// The real world.
pub(crate) fn world() -> World {
    tls_support::world()
}

/// The real world with a clock that runs `speed` times as fast.
pub(crate) fn fast_world(speed: u32) -> World {
    World { clock: Arc::new(FastClock { begun: Instant::now(), speed }), ..world() }
}

/// The real world, where loopback counts as public: for what came from discovery.
pub(crate) fn open_world() -> World {
    let world = world();
    World { net: Arc::new(OpenNet(Arc::clone(&world.net))), ..world }
}

struct FastClock {
    begun: Instant,
    speed: u32,
}

impl Clock for FastClock {
    fn boot(&self) -> Boot {
        Boot(self.begun.elapsed() * self.speed)
    }
    fn wall(&self) -> Wall {
        Wall(1_700_000_000_000).after(self.boot().0)
    }
    fn sleep_until(&self, deadline: Boot) -> BoxFuture<'_, ()> {
        let left = deadline.until_from(self.boot()) / self.speed;
        Box::pin(tokio::time::sleep(left + Duration::from_millis(1)))
    }
}

struct OpenNet(Arc<dyn Net>);

impl Net for OpenNet {
    fn connect<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        self.0.connect(host, port)
    }
    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        host: &'a str,
        ca_pem: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        self.0.secure(stream, host, ca_pem)
    }
}

/// A request of ana's at this issuer.
pub(crate) fn request(issuer: &issuer::Issuer) -> SignInRequest {
    SignInRequest {
        email: EMAIL.into(),
        issuer: Some(issuer.id.clone()),
        ca_pem: Some(issuer.ca_pem.clone()),
        ..SignInRequest::default()
    }
}

/// A configuration of one provider; `$ISSUER` stands for the issuer.
pub(crate) fn config(text: &str, issuer: &issuer::Issuer) -> Config {
    let text = text.replace("$ISSUER", &issuer.id);
    Config::parse(&text, std::path::Path::new("/c/config.toml")).unwrap()
}

/// Google's entry of the table with a client of its own, at this issuer.
pub(crate) fn google(issuer: &issuer::Issuer) -> Config {
    config(
        concat!(
            "[[provider]]\nkey = 'gmail'\nissuer = '$ISSUER'\nauthorize_url = '$ISSUER/authorize'\n\
             token_url = '$ISSUER/token'\nclient_id = 'desktop'\nclient_secret_file = '",
            env!("CARGO_MANIFEST_DIR"),
            "/tests/signin/client-secret'\n"
        ),
        issuer,
    )
}
