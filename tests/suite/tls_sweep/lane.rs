//! One mailbox: provider, cutting proxy before its submission port, and a daemon with the real
//! network door, spoken to as every client does.

use super::tap::{HastyClock, TapNet};
use chapar_daemon::Daemon;
use chapar_daemon::config::Config;
use chapar_daemon::store::Store;
use chapar_daemon::world::clock::Clock;
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use chapar_tests::sandbox::proxy::{Plan, Proxy};
use chapar_tests::sim::SimWorld;
use chapar_tests::sim::client::{Client, Heard};
use chapar_tests::sim::disk::SimDisk;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const USER: &str = "ada@example.test";
const PASSWORD: &str = "rezana-Kanarka-7718";
/// Until a submission has its end, on a machine with much else to do.
const LIMIT: Duration = Duration::from_mins(2);
/// How often it is asked for.
const POLL: Duration = Duration::from_millis(25);
/// What the provider has read of a connection that is cut, it has digested by then.
const DIGESTED: Duration = Duration::from_millis(300);

/// How a cut submission ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) phase: String,
    pub(super) attempts: u64,
    /// Settled by looking into Sent.
    pub(super) was_found: bool,
    /// How often the provider took it.
    pub(super) copies: usize,
    /// Writing the final dot was begun on the connection that was cut.
    pub(super) dot_began: bool,
}

/// The mailbox and what belongs to it.
pub(super) struct Lane {
    provider: Provider,
    proxy: Proxy,
    net: Arc<TapNet>,
    daemon: Daemon,
    client: Client,
    account: String,
    _ports: Listening,
}

impl Lane {
    /// Connects the mailbox of a provider that files sent mail by itself, so that looking settles.
    pub(super) async fn new(seed: u64) -> Self {
        let provider = Provider::new(Personality { files_sent: true, ..Personality::default() });
        provider.store.add_account(USER, PASSWORD);
        let ports = provider.listen([0; 4]).await.unwrap();
        let proxy = Proxy::start(([127, 0, 0, 1], ports.smtps).into()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(HastyClock::new());
        let net = Arc::new(TapNet::new(proxy.port, Arc::clone(&clock)));
        // all doors but clock and network are simulated: nothing of this machine is touched
        let mut world = SimWorld::new(seed, Personality::default()).world;
        (world.clock, world.net) = (clock, net.clone());
        let store =
            Store::open_on(Arc::new(SimDisk::default().of_process()), true, world.clock.wall());
        let config = tokio::sync::watch::channel(Config::default()).1;
        let nowhere = |name: &str| PathBuf::from("/nonexistent").join(name);
        let daemon =
            Daemon::start(world, store.unwrap(), &config, nowhere("spool"), nowhere("socket"));
        let daemon = daemon.unwrap();
        let mut client = Client::connect(&daemon.services, &Heard::default()).await;
        let account = connect(&mut client, &provider, ports.imaps, proxy.port).await;
        Self { provider, proxy, net, daemon, client, account, _ports: ports }
    }

    /// Sends one message undisturbed; the bytes of its connection each way.
    pub(super) async fn record(&mut self) -> [u64; 2] {
        self.proxy.reset();
        let id = self.send().await;
        let end = self.end(&id).await;
        assert_eq!((end.phase.as_str(), end.attempts, end.copies), ("sent", 1, 1), "{end:?}");
        tokio::time::sleep(DIGESTED).await;
        let counts = self.proxy.counts();
        assert_eq!(counts.connections, 1);
        [counts.to_server, counts.to_client]
    }

    /// Sends one message whose first connection suffers `plan`; how that ended.
    pub(super) async fn suffer(&mut self, plan: Plan) -> End {
        self.net.forget();
        let first = self.net.connections() + 1;
        self.proxy.plan([Some(plan)]);
        let id = self.send().await;
        let end = self.end(&id).await;
        End { dot_began: self.net.dot_began(first), ..end }
    }

    async fn send(&mut self) -> String {
        let params = json!({
            "accountId": self.account,
            "to": [{ "email": "friend@far.test" }],
            "subject": "Gr\u{fc}\u{df}e",
            "text": ".A dot first.\nAnd a second line.\n",
        });
        let answer = self.client.call("Email/send", params).await;
        word(&answer["result"]["submissionId"])
    }

    /// Waits until nothing more will happen to a submission.
    async fn end(&mut self, id: &str) -> End {
        let deadline = Instant::now() + LIMIT;
        let mut is_digested = false;
        loop {
            let params = json!({ "accountId": self.account, "ids": [id] });
            let answer = self.client.call("EmailSubmission/get", params).await;
            let submission = &answer["result"]["list"][0];
            let message_id = word(&submission["messageId"]);
            let counts = self.provider.ledger.counts();
            let taken = counts.iter().filter(|((taken, _), _)| *taken == message_id);
            let end = End {
                phase: word(&submission["phase"]),
                attempts: submission["attempts"].as_u64().unwrap(),
                was_found: submission["deliveryStatus"].to_string().contains("found in Sent"),
                copies: taken.map(|(_, count)| count).sum(),
                dot_began: false,
            };
            match end.phase.as_str() {
                // what the provider took a look will find; what it did not take stays open
                "unknown" if end.copies == 0 && is_digested => return end,
                "unknown" if end.copies == 0 => {
                    tokio::time::sleep(DIGESTED).await;
                    is_digested = true;
                }
                "queued" | "sending" | "unknown" if Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await;
                }
                _ => return end,
            }
        }
    }

    /// Stops the daemon in order.
    pub(super) async fn stop(self) {
        assert_eq!(self.provider.ledger.leaks(), []);
        self.daemon.stop("the sweep is over").await;
    }
}

async fn connect(client: &mut Client, provider: &Provider, imap: u16, smtp: u16) -> String {
    let endpoint = |port| json!({ "host": "localhost", "port": port, "security": "tls" });
    let params = json!({
        "email": USER, "password": PASSWORD, "caPem": provider.ca_pem(), "notify": "none",
        "imap": endpoint(imap), "smtp": endpoint(smtp),
    });
    let begun = client.call("Account/connect", params).await;
    loop {
        let params =
            json!({ "connectId": begun["result"]["connectId"], "seen": 9, "waitMs": 1_000 });
        let status = client.call("Account/connectStatus", params).await;
        match status["result"]["state"].as_str() {
            Some("proving") => {}
            Some("done") => return word(&status["result"]["accountId"]),
            _ => panic!("{status}"),
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a word, not {value}")).to_owned()
}
