//! The token broker against a token endpoint that does what it is told, in virtual time: faults of
//! the endpoint, the network and the vault, a hundred who ask at once, a kill at every door.

mod faults;
mod flight;
mod issuer;
mod kill;
mod list;
mod push;
mod vault;

use chapar_daemon::config::Config;
use chapar_daemon::oauth::tokens::Tokens;
use chapar_daemon::oauth::{Access, Granted};
use chapar_daemon::store::Store;
use chapar_daemon::world::World;
use chapar_daemon::world::clock::Clock as _;
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security};
use chapar_engine::credential::{Auth, Grant, Issuer};
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::Failure;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::SimWorld;
use chapar_tests::sim::disk::SimDisk;
use issuer::{Endpoint as TokenEndpoint, Rotation};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use vault::Vault;

/// Where the simulated issuer lives.
const ISSUER: &str = "login.sim.test";
/// Life of an access token.
const LIFE: u64 = 3_600;
/// Longer than any life.
const LONG: Duration = Duration::from_hours(25);

/// A machine with a vault and a way to the issuer. The broker on it may be killed and started again.
struct Place {
    sim: SimWorld,
    endpoint: Arc<TokenEndpoint>,
    vault: Arc<Vault>,
    store: Store,
    config: watch::Sender<Config>,
}

impl Place {
    fn new(rotation: Rotation) -> Self {
        let sim = SimWorld::new(1, Personality::default());
        let store = Store::open_on(Arc::new(SimDisk::default()), true, sim.clock.wall()).unwrap();
        let endpoint = Arc::new(TokenEndpoint::new(rotation, LIFE));
        let config = watch::Sender::new(Config::default());
        Self { sim, endpoint, vault: Arc::default(), store, config }
    }

    /// The doors of one run of the daemon.
    fn world(&self) -> World {
        World {
            net: Arc::new(issuer::Way::to(&self.endpoint)),
            secrets: Arc::new(vault::Way::to(&self.vault)),
            ..self.sim.world.clone()
        }
    }

    /// A broker, as after a start.
    fn broker(&self) -> Tokens {
        self.broker_in(self.world())
    }

    fn broker_in(&self, world: World) -> Tokens {
        Tokens::new(world, self.store.clone(), self.config.subscribe())
    }

    /// The broker after a sign-in whose access token is over by now.
    async fn signed_in(&self) -> Tokens {
        let tokens = self.broker();
        tokens.adopt(account().id, &self.granted()).await.unwrap();
        tokens.settle(account().id).await.unwrap();
        assert!(!self.vault.text().is_empty());
        self.wait(LONG).await;
        tokens
    }

    fn granted(&self) -> Granted {
        let now = self.sim.clock.boot();
        Granted {
            grant: grant(),
            client_secret: Some(Secret::new("canary-client-secret".into())),
            refresh: Secret::new(issuer::FIRST.into()),
            access: Access {
                token: Secret::new("first-access".into()),
                expires_at: Some(Boot(now.0 + Duration::from_secs(LIFE))),
            },
            address: None,
        }
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

fn grant() -> Grant {
    Grant {
        issuer: Issuer {
            id: format!("https://{ISSUER}"),
            token_url: format!("https://{ISSUER}/token"),
            revoke_url: Some(format!("https://{ISSUER}/revoke")),
            ..Issuer::default()
        },
        client_id: "chapar".into(),
        scopes: vec![],
    }
}

fn account() -> Account {
    let endpoint = |port| Endpoint { host: "m".into(), port, security: Security::Tls };
    Account {
        id: AccountId(7),
        name: "ada".into(),
        email: "ada@sim.test".into(),
        provider: "other".into(),
        imap: endpoint(993),
        smtp: endpoint(465),
        user: "ada@sim.test".into(),
        auth: Auth::Grant(grant()),
        slot: 0,
        found_by: None,
        ca_pem: None,
        paused: false,
        window: 100,
        notify: NotifyBy::None,
        created_at: Wall(0),
        first_synced_at: None,
    }
}

/// An access token, in the open.
async fn access(tokens: &Tokens) -> Result<String, Failure> {
    let access = tokens.access(&account(), Duration::ZERO).await?;
    Ok(access.token.expose().to_owned())
}
