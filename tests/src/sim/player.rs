//! Plays a scenario: the daemon's accounts on the simulated world, steps from outside, the oracle
//! at the end.

use super::disk::SimDisk;
use super::net::LinkFault;
use super::oracle::{self, Mirror, Mirrored};
use super::scenario::{RECIPIENTS, REFUSABLE, Step};
use super::{HOST, SimWorld};
use crate::sandbox::corpus;
use crate::sandbox::faults::{Fault, Kick, Service};
use crate::sandbox::mailstore::Folder;
use crate::sandbox::provider::Personality;
use chapar_daemon::store::Store;
use chapar_daemon::supervisor::{Accounts, ConnectRequest};
use chapar_daemon::world::clock::Clock;
use chapar_engine::account::{Endpoint, NotifyBy, Security};
use chapar_engine::address::Address;
use chapar_engine::compose::Draft;
use chapar_engine::id::{AccountId, Seq, SubmissionId};
use chapar_engine::secret::Secret;
use chapar_engine::submission::Phase;
use chapar_engine::verdict::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The person.
pub const USER: &str = "ada@sim.test";
/// Their password, and the canary that must appear nowhere.
pub const PASSWORD: &str = "canary-5f3a9c";
/// Mailboxes of the person; scenarios name them by number.
const MAILBOXES: [&str; 4] = ["INBOX", "Archive", "Kunden/Müller", "Lists"];
/// Mails there are at the start.
const MAILS: usize = 60;
/// Quiet time after the last fault: every back-off, look and retry short of a day has come round.
const QUIET: Duration = Duration::from_hours(3);
/// The window of the first sync: larger than any scenario's mail.
const WINDOW: u32 = 1_500;
/// Events read from the journal at most.
const EVENTS: usize = 100_000;

/// A running story.
pub struct Player {
    /// The world.
    pub world: SimWorld,
    /// The disk under the store.
    pub disk: SimDisk,
    store: Store,
    accounts: Accounts,
    account: Option<AccountId>,
    accepted: Vec<SubmissionId>,
}

impl Player {
    /// A world with mail, and a daemon without accounts.
    #[must_use]
    pub fn new(seed: u64, personality: Personality) -> Self {
        let world = SimWorld::new(seed, personality);
        world.provider.store.add_account(USER, PASSWORD);
        corpus::fill(&world.provider.store, USER, &MAILBOXES, MAILS, seed, super::EPOCH_SECONDS);
        let disk = SimDisk::default();
        let (store, accounts) = boot(&world, &disk).expect("an empty disk can be opened");
        Self { world, disk, store, accounts, account: None, accepted: Vec::new() }
    }

    /// Connects the person's mailbox and waits for the outcome.
    pub async fn connect(&mut self) -> Result<AccountId, Failure> {
        let endpoint = |port| Endpoint { host: HOST.into(), port, security: Security::Tls };
        let id = self.accounts.connect(ConnectRequest {
            email: USER.into(),
            name: None,
            display_name: Some("Ada".into()),
            imap: endpoint(993),
            smtp: endpoint(465),
            user: USER.into(),
            password: Secret::new(PASSWORD.into()),
            ca_pem: None,
            window: Some(WINDOW),
            notify: NotifyBy::Desktop,
        })?;
        let mut seen = 0;
        loop {
            let wait = Duration::from_mins(1);
            let report = self.accounts.connect_status(id, seen, wait).await.expect("just begun");
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
            Step::Crash => self.crash().await,
        }
    }

    async fn send(&mut self, recipient: u8) {
        let Some(account) = self.account else { return };
        let email = RECIPIENTS[usize::from(recipient) % RECIPIENTS.len()].to_owned();
        let draft = Draft {
            account,
            identity: None,
            to: vec![Address { name: None, email }],
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: Vec::new(),
            subject: "Grüße".into(),
            text: Some(".A dot first.\nAnd a second line.\n".into()),
            html: None,
            attachments: Vec::new(),
            in_reply_to: None,
            references: Vec::new(),
        };
        match self.accounts.submit(draft, None, None).await {
            Ok((id, _)) => self.accepted.push(id),
            Err(error) => self.world.trace.note(&format!("not accepted: {error}")),
        }
    }

    /// Power is cut; the daemon starts again on what was synced.
    async fn crash(&mut self) {
        self.disk.crash();
        // The killed process's tasks are ended, not wound down: their store is dead already.
        self.accounts.stop_all().await;
        let (store, accounts) =
            boot(&self.world, &self.disk).expect("what was synced can be opened");
        (self.store, self.accounts) = (store, accounts);
    }

    fn nth(&self, mailbox: u8, nth: u8) -> Option<u32> {
        self.world.provider.store.read(USER, place(mailbox), |folder| {
            let count = folder.messages.len();
            (count > 0).then(|| folder.messages[usize::from(nth) % count].uid)
        })?
    }

    /// Ends all faults, lets the world come to rest and asks the oracle.
    pub async fn judge(&mut self) -> Result<(), String> {
        self.world.provider.faults.clear();
        tokio::time::sleep(QUIET).await;
        let account = self.account.ok_or("no account was connected")?;
        self.accounts.sync_now(account).await.map_err(|failure| format!("no sync: {failure:?}"))?;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let server = self.world.provider.store.snapshot(USER);
        self.mirror_is_true(account, &server).await?;
        self.sends_are_true(&server)?;
        let view = self.store.read().map_err(|error| error.to_string())?;
        let events = view.events(Seq(0), EVENTS).map_err(|error| error.to_string())?;
        oracle::journal_has_no_gap(&events.iter().map(|event| event.seq.0).collect::<Vec<_>>())?;
        oracle::no_credential_leaked(&self.world.provider)?;
        let contents = self.disk.contents();
        let journal = format!("{events:?}");
        let mut places: Vec<(&str, &[u8])> =
            contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        places.push(("the journal", journal.as_bytes()));
        oracle::canary_absent(PASSWORD, &places)
    }

    async fn mirror_is_true(
        &self,
        account: AccountId,
        server: &BTreeMap<String, Folder>,
    ) -> Result<(), String> {
        let view = self.store.read().map_err(|error| error.to_string())?;
        let mut mirror = Mirror::new();
        for mailbox in view.mailboxes(account).map_err(|error| error.to_string())? {
            let rows = view.uids(mailbox.id).map_err(|error| error.to_string())?;
            let held = mirror.entry(mailbox.name).or_default();
            for row in rows {
                let message = view.message(row.id).map_err(|error| error.to_string())?;
                let body = match message.and_then(|message| message.blob) {
                    None => None,
                    Some(blob) => {
                        Some(self.store.blob(blob).await.map_err(|error| error.to_string())?)
                    }
                };
                let flags = row.flags.iter().map(str::to_owned).collect();
                held.insert(row.uid, Mirrored { flags, body });
            }
        }
        oracle::mirror_equals_server(server, &mirror, WINDOW as usize)
    }

    /// Every accepted submission is settled, reached whom it says, once; the copy in Sent is one.
    fn sends_are_true(&self, server: &BTreeMap<String, Folder>) -> Result<(), String> {
        let view = self.store.read().map_err(|error| error.to_string())?;
        let counts = self.world.provider.ledger.counts();
        oracle::nothing_sent_twice(&self.world.provider, &BTreeSet::new())?;
        for id in &self.accepted {
            let submission = view.submission(*id).map_err(|error| error.to_string())?;
            let Some(submission) = submission else { return Err(format!("{id:?} is gone")) };
            let reached = submission
                .recipients
                .iter()
                .filter(|to| {
                    counts.contains_key(&(submission.message_id.clone(), to.email.clone()))
                })
                .count();
            let copies = server.get("Sent").map_or(0, |sent| {
                sent.messages
                    .iter()
                    .filter(|stored| {
                        String::from_utf8_lossy(&stored.body).contains(&submission.message_id)
                    })
                    .count()
            });
            match submission.phase {
                Phase::Sent if reached == 0 => {
                    return Err(format!("{id:?} says sent, nobody has it"));
                }
                Phase::Failed | Phase::Canceled if reached > 0 => {
                    return Err(format!("{id:?} says {:?}, it was taken", submission.phase));
                }
                Phase::Sending | Phase::DotPending => {
                    return Err(format!("{id:?} hangs in {:?}", submission.phase));
                }
                _ if copies > 1 => return Err(format!("{copies} copies of {id:?} in Sent")),
                _ => {}
            }
        }
        Ok(())
    }

    /// Stops the daemon in order.
    pub async fn stop(self) {
        self.accounts.stop_all().await;
        self.store.close().await;
    }
}

fn place(mailbox: u8) -> &'static str {
    MAILBOXES[usize::from(mailbox) % MAILBOXES.len()]
}

fn boot(
    world: &SimWorld,
    disk: &SimDisk,
) -> Result<(Store, Accounts), chapar_daemon::store::StoreError> {
    let store = Store::open_on(Arc::new(disk.clone()), true, world.clock.wall())?;
    let accounts = Accounts::new(
        world.world.clone(),
        store.clone(),
        tokio::sync::watch::channel(chapar_daemon::config::Config::default()).1,
        CancellationToken::new(),
    );
    accounts.start_all()?;
    Ok((store, accounts))
}
