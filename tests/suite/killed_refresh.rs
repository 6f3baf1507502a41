//! The real `chapard` killed by SIGKILL on entering one system call after the other while it renews
//! a grant: the grant lives. A daemon that starts has no access token, so each start is a refresh.
//!
//! `CHAPAR_KILLS=n` kills at up to n calls of each kind.

use chapar_daemon::config::{Config, VaultChoice};
use chapar_daemon::oauth::tokens::Tokens;
use chapar_daemon::oauth::{Access, Granted};
use chapar_daemon::store::Store;
use chapar_daemon::world::World;
use chapar_engine::account::{Account, Endpoint, NotifyBy, Security};
use chapar_engine::credential::{Auth, Grant, Issuer};
use chapar_engine::secret::Secret;
use chapar_engine::time::Boot;
use chapar_tests::rig::home::binary;
use chapar_tests::rig::scratch::Scratch;
use chapar_tests::sandbox::faults::Service;
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET};
use chapar_tests::sandbox::oauth::rules::Rotation;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const USER: &str = "ada@example.test";
/// Scopes that open mail with every shape.
const SCOPES: [&str; 3] = [
    "https://mail.google.com/",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
];
/// What a refresh is made of, seen from the kernel: the connection, the vault's file, its rename.
const CALLS: [&str; 9] = [
    "connect",
    "sendto",
    "recvfrom",
    "writev",
    "write",
    "rename",
    "renameat",
    "fsync",
    "fdatasync",
];
/// Kills at each kind of call at most; a thread makes fewer before it is logged in.
const KILLS: u64 = 40;
/// A start with its refresh takes a second on a loaded machine.
const LIMIT: Duration = Duration::from_secs(30);

struct Home {
    scratch: Scratch,
    provider: Provider,
    _ports: Listening,
    _runtime: tokio::runtime::Runtime,
}

impl Home {
    fn new(personality: Personality) -> Self {
        let scratch = Scratch::world("killed-refresh");
        for dir in ["run", "run/chapar", "state", "state/chapar", "config", "config/chapar"] {
            let dir = scratch.path().join(dir);
            std::fs::create_dir(&dir).unwrap();
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        let config = "[secrets]\nvault = \"file\"\n";
        std::fs::write(scratch.path().join("config/chapar/config.toml"), config).unwrap();
        let provider = Provider::new(personality);
        provider.store.add_account(USER, "no password is used");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ports = runtime.block_on(provider.listen([0; 4])).unwrap();
        runtime.block_on(sign_in(&provider, &ports, &scratch.path().join("state/chapar")));
        Self { scratch, provider, _ports: ports, _runtime: runtime }
    }

    /// `chapard`, or `strace` that kills it.
    fn start(&self, kill: Option<(&str, u64)>) -> Child {
        let dir = |name: &str| self.scratch.path().join(name);
        let mut command = match kill {
            None => Command::new(binary("chapard")),
            Some((call, nth)) => {
                let mut strace = Command::new("strace");
                strace.args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
                strace.args(["-e", &format!("inject={call}:signal=KILL:when={nth}")]);
                strace.arg(binary("chapard"));
                strace
            }
        };
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir(""));
        command.env("XDG_RUNTIME_DIR", dir("run")).env("XDG_STATE_HOME", dir("state"));
        command.env("XDG_CONFIG_HOME", dir("config"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn refreshes(&self) -> u64 {
        let commands = self.provider.ledger.commands(Service::Issuer);
        commands.get("REFRESH").copied().unwrap_or_default()
    }

    fn logins(&self) -> usize {
        let credentials = self.provider.ledger.credentials();
        credentials.iter().filter(|credential| credential.right).count()
    }

    /// Runs until it is killed, or until it has refreshed and logged in; true when it was killed.
    fn run(&self, kill: Option<(&str, u64)>) -> bool {
        let before = self.logins();
        let mut child = self.start(kill);
        let deadline = Instant::now() + LIMIT;
        loop {
            if child.try_wait().unwrap().is_some() {
                return true;
            }
            if self.logins() > before {
                break;
            }
            assert!(Instant::now() < deadline, "{kill:?}: neither killed nor logged in");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.end(&mut child);
        false
    }

    /// Ends a daemon that got through; strace leaves with it.
    fn end(&self, child: &mut Child) {
        let socket = self.scratch.path().join("run/chapar/v1.sock");
        if let Ok(mut client) = chapar_ipc_protocol::client::Client::connect(&socket) {
            drop(client.call_raw("Daemon/stop", &serde_json::json!({})));
        }
        let deadline = Instant::now() + LIMIT;
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "a daemon that was told to stop stays");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A sign-in as it lies on disk: the account in the store, the grant in the sealed file.
async fn sign_in(provider: &Provider, ports: &Listening, state: &std::path::Path) {
    let issuer = &provider.issuer;
    issuer.rule(|rules| {
        if rules.rotation != Rotation::None {
            rules.rotation = Rotation::Lenient;
        }
    });
    let now = jiff::Timestamp::now().as_second();
    let (refresh, access) = issuer.seed(USER, DESKTOP_CLIENT, &SCOPES, now);
    let grant = Grant {
        issuer: Issuer { id: issuer.id(), token_url: issuer.token_url(), ..Issuer::default() },
        client_id: DESKTOP_CLIENT.into(),
        scopes: vec![],
    };
    let granted = Granted {
        grant: grant.clone(),
        client_secret: Some(Secret::new(DESKTOP_SECRET.into())),
        refresh: Secret::new(refresh),
        access: Access { token: Secret::new(access), expires_at: Some(Boot::default()) },
        address: None,
    };
    let (world, _) = World::real(state, VaultChoice::File);
    let store = Store::open(state, world.clock.wall()).unwrap();
    let endpoint = |port| Endpoint { host: "localhost".into(), port, security: Security::Tls };
    let (imap, smtp) = (endpoint(ports.imaps), endpoint(ports.smtps));
    let ca_pem = Some(provider.ca_pem());
    let id = store
        .write(world.clock.wall(), move |tx| {
            let account = Account {
                id: tx.new_account_id()?,
                name: "ada".into(),
                email: USER.into(),
                provider: "other".into(),
                imap: imap.clone(),
                smtp: smtp.clone(),
                user: USER.into(),
                auth: Auth::Grant(grant.clone()),
                slot: 0,
                found_by: None,
                ca_pem: ca_pem.clone(),
                paused: false,
                window: 10,
                notify: NotifyBy::None,
                created_at: tx.now(),
                first_synced_at: None,
            };
            tx.put_account(&account)?;
            Ok(account.id)
        })
        .await
        .unwrap();
    let config = tokio::sync::watch::channel(Config::default()).1;
    let tokens = Tokens::new(world, store.clone(), config);
    tokens.adopt(id, &granted).await.unwrap();
    tokens.settle(id).await.unwrap();
    tokens.close().await;
    store.close().await;
}

#[test]
fn killed_at_every_call_of_a_refresh_the_grant_lives() {
    if !PathBuf::from("/usr/bin/strace").exists() {
        eprintln!("strace is not installed: not killed at system calls");
        return;
    }
    let kills = std::env::var("CHAPAR_KILLS").map_or(KILLS, |value| value.parse().unwrap());
    for (name, personality) in
        [("Google", Personality::google()), ("Microsoft", Personality::microsoft())]
    {
        let home = Home::new(personality);
        assert!(!home.run(None), "it starts, refreshes and logs in");
        let (mut killed, mut through) = (0, 0);
        for call in CALLS {
            let mut survived = 0;
            for nth in 1..=kills {
                if home.run(Some((call, nth))) {
                    killed += 1;
                } else {
                    survived += 1;
                }
                // twice: no thread makes so many of these calls before it is logged in
                if survived == 2 {
                    break;
                }
            }
            through += survived;
        }
        let refreshes = home.refreshes();
        assert!(!home.run(None), "{name}: after {killed} kills it logs in as ever");
        assert_eq!(home.provider.issuer.alive(USER), 1, "{name}: the grant is lost");
        assert!(home.refreshes() > refreshes);
        eprintln!(
            "{name}: {killed} kills, {through} got through, {refreshes} refreshes, 0 grants lost"
        );
        assert!(killed >= 10, "hardly anything was killed: {killed}");
    }
}
