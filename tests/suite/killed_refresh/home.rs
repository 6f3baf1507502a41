//! A signed-in person's home, and the real `chapard` in it: whole, or killed at one system call of
//! its refresh.

use crate::tracer::{Call, Traced};
use chapar_daemon::config::{Config, VaultChoice};
use chapar_daemon::oauth::tokens::Tokens;
use chapar_daemon::oauth::{Access, Granted};
use chapar_daemon::store::{Identity, Store};
use chapar_daemon::world::World;
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security};
use chapar_engine::credential::{Auth, Grant, Issuer};
use chapar_engine::id::AccountId;
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_tests::rig::home::binary;
use chapar_tests::rig::process::{Ran, run};
use chapar_tests::rig::scratch::Scratch;
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET, NATIVE_CLIENT};
use chapar_tests::sandbox::oauth::rules::Rotation;
use chapar_tests::sandbox::oauth::shape::Shape;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(super) const USER: &str = "ada@example.test";
const PASSWORD: &str = "pelikan Hneda-52/07";
/// Scopes that open mail with every shape.
const SCOPES: [&str; 4] = [
    "https://mail.google.com/",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
    "mail",
];
/// A start with its refresh takes a second on a loaded machine.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// The home, and the provider that is served beside it.
pub(super) struct Home {
    pub(super) provider: Provider,
    scratch: Scratch,
    /// Where the person sits: not in the home, in which no password may lie.
    desk: Scratch,
    ports: Listening,
    account: AccountId,
    runtime: tokio::runtime::Runtime,
}

/// A run of the daemon that was watched from its connection to the issuer on.
pub(super) struct Life {
    /// On entering which call it was killed; `None` = it logged in before it came to that.
    pub(super) killed: Option<Call>,
    /// Entries and exits of every call of its refresh, of all threads, in order.
    pub(super) calls: Vec<Call>,
}

impl Life {
    /// The calls as they were entered.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.result.is_none())
    }
}

/// How a start that nothing disturbs goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// It has a token and uses it.
    LoggedIn,
    /// The issuer ended the grant.
    Refused,
}

impl Home {
    /// Signed in at an issuer of this kind.
    pub(super) fn new(personality: Personality, rotation: Rotation) -> Self {
        let scratch = Scratch::world("killed-refresh");
        for dir in ["run", "run/chapar", "state", "state/chapar", "config", "config/chapar"] {
            let dir = scratch.path().join(dir);
            std::fs::create_dir(&dir).unwrap();
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let config = "[secrets]\nvault = \"file\"\n";
        std::fs::write(scratch.path().join("config/chapar/config.toml"), config).unwrap();
        let provider = Provider::new(personality);
        provider.store.add_account(USER, PASSWORD);
        provider.issuer.rule(|rules| rules.rotation = rotation);
        std::fs::write(scratch.path().join("ca.pem"), provider.ca_pem()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ports = runtime.block_on(provider.listen([0; 4])).unwrap();
        let desk = Scratch::new("desk");
        let person = serde_json::json!({
            "user": USER, "password": PASSWORD, "caFile": scratch.path().join("ca.pem"),
        });
        std::fs::write(desk.path().join("person.json"), person.to_string()).unwrap();
        let mut home = Self { provider, scratch, desk, ports, account: AccountId(0), runtime };
        home.account = home.runtime.block_on(home.first_sign_in());
        home
    }

    /// Runs the daemon and kills it where it enters the first call of its refresh that `is_last`
    /// names, or when it has logged in with the token.
    pub(super) fn life(&self, mut is_last: impl FnMut(&Call) -> bool) -> Life {
        let before = self.logins();
        let mut command = self.environment(Command::new("/bin/sh"));
        let mut traced = Traced::start(&mut command, &binary("chapard"), LIMIT);
        let mut life = Life { killed: None, calls: Vec::new() };
        let mut open = false;
        while let Some(call) = traced.next() {
            open = open || call.connects_to(self.ports.issuer);
            if !open {
                continue;
            }
            let through = self.logins() > before;
            if !through {
                life.calls.push(call);
            }
            if !through && call.result.is_none() && is_last(&call) {
                life.killed = Some(call);
            }
            if through || life.killed.is_some() {
                traced.kill();
                return life;
            }
        }
        panic!("it neither logged in nor was it killed, after {} calls", life.calls.len());
    }

    /// A start that nothing disturbs, until the token is used or the issuer refuses.
    pub(super) fn start(&self) -> Start {
        let (logins, refusals) = (self.logins(), self.at_issuer("REFUSED"));
        let mut daemon = self.daemon();
        let mut end = None;
        until("a start comes to nothing", || {
            if self.logins() > logins {
                end = Some(Start::LoggedIn);
            } else if self.at_issuer("REFUSED") > refusals {
                end = Some(Start::Refused);
            }
            end.is_some()
        });
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        end.unwrap()
    }

    /// `chapard`, which whoever asked for it ends.
    pub(super) fn daemon(&self) -> Child {
        let mut command = self.environment(Command::new(binary("chapard")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// `chapar ARGS…` with the person at the browser.
    pub(super) fn chapar(&self, args: &[&str]) -> Ran {
        let mut command = self.environment(Command::new(binary("chapar")));
        command.args(args);
        run(&mut command, b"", LIMIT)
    }

    fn environment(&self, mut command: Command) -> Command {
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path(""));
        command.env("XDG_RUNTIME_DIR", self.path("run")).env("XDG_STATE_HOME", self.path("state"));
        command.env("XDG_CONFIG_HOME", self.path("config")).env("BROWSER", binary("person"));
        command.env("CHAPAR_PERSON", self.desk.path().join("person.json"));
        command
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// How often the issuer counted this.
    pub(super) fn at_issuer(&self, what: &str) -> u64 {
        let commands = self.provider.ledger.commands(Service::Issuer);
        commands.get(what).copied().unwrap_or_default()
    }

    /// How often it was logged in with a good token.
    fn logins(&self) -> u32 {
        self.provider.ledger.census(Service::Imap, USER).ever
    }

    /// The person signs in again while no daemon runs: another grant in the place of the one that
    /// is over.
    pub(super) fn sign_in_again(&self) {
        let granted = self.granted();
        self.runtime.block_on(async {
            let (world, store) = self.open();
            keep(world, store, self.account, &granted).await;
        });
    }

    /// A sign-in as it lies on disk: the account in the store, the grant in the sealed file.
    async fn first_sign_in(&self) -> AccountId {
        let granted = self.granted();
        let (world, store) = self.open();
        let account = self.account(&granted.grant);
        let id = store
            .write(world.clock.wall(), move |tx| {
                let id = tx.new_account_id()?;
                let account = Account { id, created_at: tx.now(), ..account.clone() };
                tx.put_account(&account)?;
                let identity = Identity::first(tx.new_identity_id()?, &account, None);
                tx.put_identity(&identity)?;
                Ok(id)
            })
            .await
            .unwrap();
        keep(world, store, id, &granted).await;
        id
    }

    fn open(&self) -> (World, Store) {
        let state = self.path("state/chapar");
        let (world, _) = World::real(&state, VaultChoice::File);
        let store = Store::open(&state, world.clock.wall()).unwrap();
        (world, store)
    }

    fn granted(&self) -> Granted {
        let issuer = &self.provider.issuer;
        let now = jiff::Timestamp::now().as_second();
        let (client, secret) = match self.provider.personality.shape {
            Shape::Google => (DESKTOP_CLIENT, Some(Secret::new(DESKTOP_SECRET.into()))),
            Shape::Microsoft | Shape::Generic => (NATIVE_CLIENT, None),
        };
        let (refresh, access) = issuer.seed(USER, client, &SCOPES, now);
        Granted {
            grant: Grant {
                issuer: Issuer {
                    id: issuer.id(),
                    token_url: issuer.token_url(),
                    ..Issuer::default()
                },
                client_id: client.into(),
                scopes: vec![],
            },
            client_secret: secret,
            refresh: Secret::new(refresh),
            access: Access { token: Secret::new(access), expires_at: Some(Boot::default()) },
            address: None,
        }
    }

    fn account(&self, grant: &Grant) -> Account {
        let endpoint = |port| Endpoint { host: "localhost".into(), port, security: Security::Tls };
        Account {
            id: AccountId(0),
            name: "ada".into(),
            email: USER.into(),
            provider: "other".into(),
            imap: endpoint(self.ports.imaps),
            smtp: endpoint(self.ports.smtps),
            user: USER.into(),
            auth: Auth::Grant(grant.clone()),
            slot: 0,
            found_by: None,
            ca_pem: Some(self.provider.ca_pem()),
            paused: false,
            window: 100,
            notify: NotifyBy::None,
            created_at: chapar_engine::time::Wall::default(),
            first_synced_at: None,
        }
    }
}

async fn keep(world: World, store: Store, id: AccountId, granted: &Granted) {
    let config = tokio::sync::watch::channel(Config::default()).1;
    let tokens = Tokens::new(world, store.clone(), config);
    tokens.adopt(id, granted).await.unwrap();
    tokens.settle(id).await.unwrap();
    tokens.close().await;
    store.close().await;
}

/// Waits for what takes a moment on a loaded machine.
pub(super) fn until(failing: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{failing}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
