//! Plays a scenario: the daemon's accounts on the simulated world, steps from outside, the oracle
//! at the end.

mod judge;

use super::client::{Client, Heard};
use super::disk::SimDisk;
use super::net::LinkFault;
use super::scenario::{REFUSABLE, Step, recipients};
use super::{HOST, SimWorld};
use crate::sandbox::corpus;
use crate::sandbox::faults::{Fault, Kick, Service};
use crate::sandbox::provider::Personality;
use chapar_daemon::Daemon;
use chapar_daemon::config::Config;
use chapar_daemon::store::Store;
use chapar_daemon::supervisor::{By, ConnectRequest};
use chapar_daemon::world::clock::Clock;
use chapar_engine::account::{Endpoint, NotifyBy, Security};
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::secret::Secret;
use chapar_engine::submission::Submission;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The person.
pub const USER: &str = "ada@sim.test";
/// Their password, and the canary that must appear nowhere.
pub const PASSWORD: &str = "canary-5f3a9c";
/// Mailboxes of the person; scenarios name them by number.
const MAILBOXES: [&str; 4] = ["INBOX", "Archive", "Kunden/Müller", "Lists"];
/// Mails there are at the start.
const MAILS: usize = 60;
/// The window of the first sync: larger than any scenario's mail.
const WINDOW: u32 = 1_500;

/// A running story.
pub struct Player {
    /// The world.
    pub world: SimWorld,
    /// The disk under the store.
    pub disk: SimDisk,
    /// What the person chose.
    pub config: watch::Sender<Config>,
    daemon: Daemon,
    client: Client,
    heard: Heard,
    account: Option<AccountId>,
    accepted: Vec<SubmissionId>,
    /// Message-IDs that arrived in the INBOX after the first sync.
    news: Vec<String>,
    /// Whether the INBOX got a new UIDVALIDITY, which leaves it open what is told as new.
    renumbered: bool,
}

impl Player {
    /// A world with mail, and a daemon without accounts.
    pub async fn new(seed: u64, personality: Personality) -> Self {
        Self::with_mails(seed, personality, MAILS).await
    }

    /// The same with another number of mails at the start.
    pub async fn with_mails(seed: u64, personality: Personality, mails: usize) -> Self {
        let world = SimWorld::new(seed, personality);
        world.provider.store.add_account(USER, PASSWORD);
        corpus::fill(&world.provider.store, USER, &MAILBOXES, mails, seed, super::EPOCH_SECONDS);
        let disk = SimDisk::default();
        let heard = Heard::default();
        let config = watch::Sender::new(Config::default());
        let (daemon, client) = boot(&world, &disk, &config, &heard).await;
        Self {
            world,
            disk,
            config,
            daemon,
            client,
            heard,
            account: None,
            accepted: Vec::new(),
            news: Vec::new(),
            renumbered: false,
        }
    }

    /// Connects the person's mailbox and waits for the outcome.
    pub async fn connect(&mut self) -> Result<AccountId, Failure> {
        let endpoint = |port| Endpoint { host: HOST.into(), port, security: Security::Tls };
        let request = ConnectRequest {
            email: Some(USER.into()),
            name: None,
            display_name: Some("Ada".into()),
            imap: Some(endpoint(993)),
            smtp: Some(endpoint(465)),
            user: None,
            by: By::Password(Secret::new(PASSWORD.into())),
            ca_pem: None,
            window: Some(WINDOW),
            notify: Some(NotifyBy::Desktop),
            found_by: None,
            replace: None,
            alias_confirmed: false,
        };
        let (id, _) = self.daemon.services.accounts.connect(request).await?;
        let mut seen = 0;
        loop {
            let wait = Duration::from_mins(1);
            let report = self
                .daemon
                .services
                .accounts
                .connect_status(id, seen, wait)
                .await
                .expect("just begun");
            if let Some(end) = report.end {
                self.account = end.clone().ok();
                return end;
            }
            seen = report.steps.len();
        }
    }

    /// Plays one step.
    pub async fn play(&mut self, step: &Step) {
        self.world.trace.note(&step.to_string());
        let faults = self.world.provider.faults.clone();
        let mail = self.world.provider.store.clone();
        match *step {
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Deliver { mailbox, seed } => {
                let now = self.world.clock.seconds();
                let bytes = corpus::one(USER, u64::from(seed) + 1_000, now);
                if place(mailbox) == "INBOX" && self.is_synced() {
                    self.news.push(message_id(&bytes));
                }
                mail.deliver(USER, place(mailbox), &bytes, now);
            }
            Step::Expunge { mailbox, nth } => {
                if let Some(uid) = self.nth(mailbox, nth) {
                    mail.expunge(USER, place(mailbox), &[uid]);
                }
            }
            Step::Flag { mailbox, nth, flags } => {
                let chosen = ["\\Seen", "\\Flagged", "\\Answered", "$Forwarded"];
                let chosen: Vec<&str> = (0..4_u8)
                    .filter(|bit| flags & (1 << bit) != 0)
                    .map(|bit| chosen[usize::from(bit)])
                    .collect();
                if let Some(uid) = self.nth(mailbox, nth) {
                    mail.set_flags(USER, place(mailbox), uid, &chosen);
                }
            }
            Step::NewValidity { mailbox } => {
                self.renumbered |= place(mailbox) == "INBOX";
                mail.renew_uidvalidity(USER, place(mailbox));
            }
            Step::Rename { mailbox } => {
                // INBOX keeps its name (RFC 3501 §6.3.5 makes renaming it something else)
                if place(mailbox) != "INBOX" {
                    let there = format!("{} (moved)", place(mailbox));
                    let _ = mail.rename(USER, place(mailbox), &there)
                        || mail.rename(USER, &there, place(mailbox));
                }
            }
            Step::Send { recipient } => self.send(recipient).await,
            Step::Bye => faults.kick(Kick::Bye("Server shutting down.".into())),
            Step::Drop => faults.kick(Kick::Drop),
            Step::ResetAfter(bytes) => self.world.net.next(LinkFault::ResetAfter(bytes.into())),
            Step::SilentAfter(bytes) => self.world.net.next(LinkFault::SilentAfter(bytes.into())),
            Step::Refuse => self.world.net.next(LinkFault::Refuse),
            Step::LiteralCut(bytes) => {
                faults.add(Service::Imap, Fault::LiteralCut(bytes.into()), 1);
            }
            Step::No(which) => {
                let command = REFUSABLE[usize::from(which) % REFUSABLE.len()].to_owned();
                // a refused login would rightly stop the account for good
                let text = match command.as_str() {
                    "LOGIN" | "AUTHENTICATE" => "NO [UNAVAILABLE] Temporary failure.",
                    _ => "NO [SERVERBUG] Internal error.",
                };
                faults.add(Service::Imap, Fault::Reply { command, text: text.into() }, 1);
            }
            Step::ReplyLost => {
                faults.add(Service::Smtp, Fault::Hangup { command: "DOT".into(), done: true }, 1);
            }
            Step::DotLost => {
                faults.add(Service::Smtp, Fault::Hangup { command: "DOT".into(), done: false }, 1);
            }
            Step::Outage(time) => {
                self.world.net.down(true);
                self.world.net.silence_all();
                tokio::time::sleep(time).await;
                self.world.net.down(false);
                self.world.change_network();
            }
            Step::Suspend(gap) => self.world.suspend(gap),
            Step::WallJump(minutes) => self.world.clock.shift_wall(i64::from(minutes) * 60_000),
            Step::Crash { turns, send } => {
                if send && let Some(params) = self.letter(turns) {
                    self.client.cast("Email/send", params).await;
                }
                self.crash(u32::from(turns)).await;
            }
        }
    }

    /// Sends through the socket's code, as every client does.
    async fn send(&mut self, recipient: u8) {
        if let Some(params) = self.letter(recipient) {
            self.hand_in(params).await;
        }
    }

    /// Asks for a send at an hour.
    pub async fn schedule(&mut self, recipient: u8, at: Wall) {
        let mut params = self.letter(recipient).expect("an account is connected");
        let at = jiff::Timestamp::from_millisecond(at.0).expect("in our time");
        params["sendAt"] = json!(at.to_string());
        self.hand_in(params).await;
    }

    async fn hand_in(&mut self, params: Value) {
        let answer = self.client.call("Email/send", params).await;
        match answer["result"]["submissionId"].as_str() {
            Some(id) => self.accepted.push(SubmissionId(id[1..].parse().unwrap())),
            None => self.world.trace.note(&format!("not accepted: {}", answer["error"])),
        }
    }

    fn letter(&self, recipient: u8) -> Option<Value> {
        let account = self.account?;
        let people = recipients(recipient);
        let to: Vec<Value> = people.iter().map(|email| json!({ "email": email })).collect();
        Some(json!({
            "accountId": format!("a{}", account.0),
            "to": to,
            "subject": "Grüße",
            "text": ".A dot first.\nAnd a second line.\n",
        }))
    }

    /// After some turns of its tasks the process is killed and power is cut: connections end, files
    /// keep what was synced. What is left of it has no door that leads anywhere. Then the daemon
    /// starts again.
    pub async fn crash(&mut self, turns: u32) {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        self.disk.crash();
        self.world.kill();
        self.client.kill();
        let (daemon, client) = boot(&self.world, &self.disk, &self.config, &self.heard).await;
        self.client = client;
        let dead = std::mem::replace(&mut self.daemon, daemon);
        tokio::spawn(dead.stop("killed"));
    }

    fn nth(&self, mailbox: u8, nth: u8) -> Option<u32> {
        self.world.provider.store.read(USER, place(mailbox), |folder| {
            let count = folder.messages.len();
            (count > 0).then(|| folder.messages[usize::from(nth) % count].uid)
        })?
    }

    /// The submission that was accepted last, as the store has it.
    #[must_use]
    pub fn last_submission(&self) -> Submission {
        let id = *self.accepted.last().expect("something was sent");
        self.store().read().unwrap().submission(id).unwrap().expect("it was accepted")
    }

    /// One call through the socket's code; the whole answer.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.client.call(method, params).await
    }

    /// A call whose answer nobody waits for.
    pub async fn cast(&mut self, method: &str, params: Value) {
        self.client.cast(method, params).await;
    }

    /// Another client of the same daemon.
    pub async fn another(&self) -> Client {
        Client::connect(&self.daemon.services, &Heard::default()).await
    }

    /// How many arrivals a client was told.
    #[must_use]
    pub fn announced(&self) -> usize {
        self.heard("email.received").len()
    }

    /// The events that a client heard whose type begins so.
    #[must_use]
    pub fn heard(&self, of: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|(_, kind)| kind.clone()).filter(|kind| kind.starts_with(of)).collect()
    }

    /// A client's `EmailSubmission/set` of the submission that was accepted last: true when done.
    pub async fn wish(&mut self, patch: Value) -> bool {
        let id = format!("S{}", self.last_submission().id.0);
        let answer =
            self.client.call("EmailSubmission/set", json!({ "update": { &id: patch } })).await;
        answer["result"]["updated"].get(&id).is_some()
    }

    fn store(&self) -> &Store {
        &self.daemon.services.store
    }

    /// Whether the first sync is over.
    fn is_synced(&self) -> bool {
        let account = self.account.and_then(|id| self.store().read().ok()?.account(id).ok()?);
        account.is_some_and(|account| account.first_synced_at.is_some())
    }

    /// Stops the daemon in order.
    pub async fn stop(self) {
        self.daemon.stop("the story is over").await;
    }
}

fn place(mailbox: u8) -> &'static str {
    MAILBOXES[usize::from(mailbox) % MAILBOXES.len()]
}

/// The Message-ID of a mail of ours, without angle brackets.
fn message_id(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"));
    let value = line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value);
    value.trim().trim_matches(['<', '>']).to_owned()
}

async fn boot(
    world: &SimWorld,
    disk: &SimDisk,
    config: &watch::Sender<Config>,
    heard: &Heard,
) -> (Daemon, Client) {
    let store = Store::open_on(Arc::new(disk.of_process()), true, world.clock.wall())
        .expect("what was synced can be opened");
    // nothing is uploaded, so the directory is never made
    let spool = PathBuf::from("/nonexistent/spool");
    let socket = PathBuf::from("/nonexistent/v1.sock");
    let daemon = Daemon::start(world.world.clone(), store, &config.subscribe(), spool, socket)
        .expect("what was synced can be read");
    let client = Client::connect(&daemon.services, heard).await;
    (daemon, client)
}
