//! The end of a story: mirror, journal, outbox, disk and sessions against what the provider saw.

use super::{PASSWORD, Player, USER, WINDOW, message_id};
use crate::sandbox::mailstore::Folder;
use crate::sim::oracle::{self, Mirror, Mirrored};
use chapar_engine::event::{Event, EventKind};
use chapar_engine::id::{AccountId, Seq};
use chapar_engine::submission::{Delivery, Phase, Recipient, Submission};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Quiet time after the last fault: the longest back-off, four hours and a fifth, has come round.
const QUIET: Duration = Duration::from_hours(5);
/// Events read from the journal at most.
const EVENTS: usize = 100_000;

impl Player {
    /// Ends all faults, lets the world come to rest and asks the oracle.
    pub async fn judge(&mut self) -> Result<(), String> {
        self.world.provider.faults.clear();
        self.world.net.clear();
        tokio::time::sleep(QUIET).await;
        let account = self.account.ok_or("no account was connected")?;
        self.daemon
            .services
            .accounts
            .sync_now(account)
            .await
            .map_err(|failure| format!("no sync: {failure:?}"))?;
        tokio::time::sleep(Duration::from_mins(1)).await;
        let server = self.world.provider.store.snapshot(USER);
        self.mirror_is_true(account, &server).await?;
        self.sends_are_true(&server)?;
        let view = self.store().read().map_err(|error| error.to_string())?;
        let events = view.events(Seq(0), EVENTS).map_err(|error| error.to_string())?;
        oracle::journal_has_no_gap(&events.iter().map(|event| event.seq.0).collect::<Vec<_>>())?;
        self.arrivals_are_true(&events, &server)?;
        oracle::sessions_within_budget(&self.world.provider)?;
        oracle::heard_all(&told(&events), &self.heard.lock().unwrap())?;
        oracle::no_credential_leaked(&self.world.provider)?;
        let contents = self.disk.contents();
        let journal = format!("{events:?}");
        let mut places: Vec<(&str, &[u8])> =
            contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        places.push(("the journal", journal.as_bytes()));
        oracle::canary_absent(PASSWORD, &places)
    }

    /// Waits until the mirror is equal to the server, nobody asking for it: looks every five minutes
    /// until `soon`, then once more at `last`. How long it took.
    pub async fn ended_equal(&self, [soon, last]: [Duration; 2]) -> Result<Duration, String> {
        const LOOK: Duration = Duration::from_mins(5);
        let mut waited = Duration::ZERO;
        while waited < soon {
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
            if self.mirror_is_equal().await.is_ok() {
                return Ok(waited);
            }
        }
        tokio::time::sleep(last.saturating_sub(waited)).await;
        self.mirror_is_equal().await.map(|()| last)
    }

    /// Whether the mirror is equal to what the server has at this moment, every message whole and
    /// nothing set aside.
    pub async fn mirror_is_equal(&self) -> Result<(), String> {
        let account = self.account.ok_or("no account was connected")?;
        let server = self.world.provider.store.snapshot(USER);
        self.mirror_is_true(account, &server).await?;
        let view = self.store().read().map_err(|error| error.to_string())?;
        let counts = view.account_counts(account).map_err(|error| error.to_string())?;
        let all: usize = server.values().map(|folder| folder.messages.len()).sum();
        if (counts.whole, counts.summary + counts.planned) != (all as u64, 0) {
            return Err(format!("{counts:?} of {all} messages"));
        }
        let troubles = view.troubles(account).map_err(|error| error.to_string())?;
        if troubles != chapar_daemon::store::Troubles::default() {
            return Err(format!("set aside: {troubles:?}"));
        }
        Ok(())
    }

    async fn mirror_is_true(
        &self,
        account: AccountId,
        server: &BTreeMap<String, Folder>,
    ) -> Result<(), String> {
        let view = self.store().read().map_err(|error| error.to_string())?;
        let mut mirror = Mirror::new();
        for mailbox in view.mailboxes(account).map_err(|error| error.to_string())? {
            let rows = view.uids(mailbox.id).map_err(|error| error.to_string())?;
            let held = mirror.entry(mailbox.name).or_default();
            for row in rows {
                let message = view.message(row.id).map_err(|error| error.to_string())?;
                let body = match message.and_then(|message| message.blob) {
                    None => None,
                    Some(blob) => {
                        Some(self.store().blob(blob).await.map_err(|error| error.to_string())?)
                    }
                };
                let flags = row.flags.iter().map(str::to_owned).collect();
                held.insert(row.uid, Mirrored { flags, body });
            }
        }
        oracle::mirror_equals_server(server, &mirror, WINDOW as usize)
    }

    /// Nothing was announced twice, and everything that arrived after the first sync was.
    fn arrivals_are_true(
        &self,
        events: &[Event],
        server: &BTreeMap<String, Folder>,
    ) -> Result<(), String> {
        let view = self.store().read().map_err(|error| error.to_string())?;
        let mut announced = Vec::new();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        for event in events {
            let EventKind::EmailReceived { email, mailbox, .. } = &event.kind else { continue };
            announced.push((format!("{mailbox:?}"), 0, u32::try_from(email.0).unwrap()));
            let message = view.message(*email).map_err(|error| error.to_string())?;
            if let Some(id) = message.and_then(|message| message.summary.message_id) {
                *by_id.entry(id).or_default() += 1;
            }
        }
        oracle::received_once(&announced)?;
        let copies = |id: &str| {
            let everything = server.values().flat_map(|folder| &folder.messages);
            everything.filter(|stored| message_id(&stored.body) == id).count()
        };
        for id in self.news.iter().filter(|id| !self.renumbered && copies(id) == 1) {
            // gone and delivered again is one copy and two arrivals
            let arrivals = self.news.iter().filter(|other| *other == id).count();
            let told = by_id.get(id).copied().unwrap_or(0);
            if told == 0 || told > arrivals {
                return Err(format!("<{id}> arrived {arrivals} times, was announced {told} times"));
            }
        }
        Ok(())
    }

    /// Every accepted submission is settled, reached whom it says, once; the copy in Sent is one.
    fn sends_are_true(&self, server: &BTreeMap<String, Folder>) -> Result<(), String> {
        let view = self.store().read().map_err(|error| error.to_string())?;
        let provider = &self.world.provider;
        oracle::nothing_sent_twice(provider, &BTreeSet::new())?;
        let (mut accepted, mut excused) = (Vec::new(), BTreeSet::new());
        for id in &self.accepted {
            let submission = view.submission(*id).map_err(|error| error.to_string())?;
            let Some(submission) = submission else { return Err(format!("{id:?} is gone")) };
            for to in &submission.recipients {
                let said_why = match &to.delivery {
                    Delivery::Refused { .. } | Delivery::Unknown => true,
                    // it defers for ever, and five days are not over
                    Delivery::Waiting { reply } => {
                        reply.is_some() && to.email.starts_with("tempfail")
                    }
                    Delivery::InFlight | Delivery::Accepted { .. } => false,
                };
                if said_why {
                    excused.insert((submission.message_id.clone(), to.email.clone()));
                }
            }
            let people = submission.recipients.iter().map(|to| to.email.clone()).collect();
            accepted.push((submission.message_id.clone(), people));
        }
        oracle::nothing_lost(provider, &accepted, &excused)?;
        for submission in view.submissions(None).map_err(|error| error.to_string())? {
            self.outcome_is_true(&submission, server)?;
        }
        Ok(())
    }

    /// What one submission says of itself is what the provider saw.
    fn outcome_is_true(
        &self,
        submission: &Submission,
        server: &BTreeMap<String, Folder>,
    ) -> Result<(), String> {
        let (id, phase) = (submission.id, submission.phase);
        let counts = self.world.provider.ledger.counts();
        let key = |email: &str| (submission.message_id.clone(), email.to_owned());
        let reached =
            submission.recipients.iter().filter(|to| counts.contains_key(&key(&to.email))).count();
        for to in &submission.recipients {
            let refused = matches!(to.delivery, Delivery::Refused { .. });
            if refused && counts.contains_key(&key(&to.email)) {
                return Err(format!("{id:?} says refused for {}, who has it", to.email));
            }
        }
        let accepted = |to: &Recipient| matches!(to.delivery, Delivery::Accepted { .. });
        let accepted = submission.recipients.iter().any(accepted);
        let sent = server.get("Sent").map_or(&[][..], |sent| &sent.messages);
        let copies =
            sent.iter().filter(|stored| message_id(&stored.body) == submission.message_id).count();
        let files_sent = self.world.provider.personality.files_sent;
        match phase {
            Phase::Sent if reached == 0 => Err(format!("{id:?} says sent, nobody has it")),
            Phase::Sent if copies != 1 => {
                Err(format!("{copies} copies of {id:?} in Sent, filing is {:?}", submission.filing))
            }
            Phase::Failed | Phase::Canceled if reached > 0 => {
                Err(format!("{id:?} says {phase:?}, it was taken"))
            }
            Phase::Sending | Phase::DotPending => Err(format!("{id:?} hangs in {phase:?}")),
            Phase::Unknown if files_sent && reached > 0 && !accepted && submission.losses == 1 => {
                Err(format!("{id:?} lies in Sent and is still of unknown fate"))
            }
            _ if copies > 1 => Err(format!("{copies} copies of {id:?} in Sent")),
            _ => Ok(()),
        }
    }
}

/// The numbers of the events that a subscriber gets one by one.
fn told(events: &[Event]) -> Vec<u64> {
    let single = events.iter().filter(|e| !matches!(e.kind, EventKind::StateChanged { .. }));
    single.map(|event| event.seq.0).collect()
}
