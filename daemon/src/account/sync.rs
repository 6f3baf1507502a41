//! The sync worker: one IMAP session for work. Each pass takes what is due from the store, in
//! bounded steps, one commit a step; killing it anywhere loses only the step under way.
//!
//! A pass: the INBOX first, then the list of mailboxes, the window of those never seen, changes in
//! the others, then what is still missing of each message: headers and preview, newest first, then
//! whole messages. Must never act on a sequence number after the answer that it came with.

mod changes;
mod fill;
mod window;

use super::logins::Seated;
use super::{Context, Generation, Note, announce, file, store_failure};
use crate::imap::{Listed, Session};
use crate::limits;
use crate::store::{Change, StoreError};
use chapar_engine::backoff::RETRY;
use chapar_engine::event::EventKind;
use chapar_engine::id::{BlobId, MailboxId, MessageId};
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::sync::{Trust, guard};
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use futures_util::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// A client wants all bytes of a message that is not mirrored whole.
#[derive(Debug)]
pub struct WholeRequest {
    /// Which message.
    pub message: MessageId,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<BlobId, Failure>>,
}

/// What one pass did, for its closing event.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    added: u64,
    removed: u64,
    flagged: u64,
    bytes: u64,
}

/// The worker and its session.
pub struct Worker {
    context: Arc<Context>,
    me: Generation,
    stop: CancellationToken,
    session: Option<Seated>,
    used_at: Boot,
    /// The link as it was when the session was last trusted.
    link: u64,
    selected: Option<(MailboxId, ServerState)>,
    /// How often each message was asked for in vain.
    tries: BTreeMap<MessageId, u32>,
    /// Messages asked for at once; shrinks when a batch breaks the session, to find the one.
    batch: usize,
    /// Failures in a row of filing and looking for sent mail, and the wait that they cost.
    filing_failures: u32,
    filing_after: Boot,
    /// Whether this pass has looked at the INBOX already.
    inbox_looked: bool,
    /// Whether something called during the pass for another one.
    again: bool,
    tally: Tally,
}

impl Worker {
    /// A worker without a session yet.
    #[must_use]
    pub fn new(context: Arc<Context>, me: Generation, stop: CancellationToken) -> Self {
        let link = *context.world.link.0.borrow();
        Self {
            link,
            context,
            me,
            stop,
            session: None,
            used_at: Boot::default(),
            selected: None,
            tries: BTreeMap::new(),
            batch: chapar_engine::limits::BATCH_MESSAGES,
            filing_failures: 0,
            filing_after: Boot::default(),
            inbox_looked: false,
            again: false,
            tally: Tally::default(),
        }
    }

    /// Works until stopped.
    pub async fn run(mut self, mut requests: mpsc::Receiver<WholeRequest>) {
        let stop = self.stop.clone();
        let context = Arc::clone(&self.context);
        loop {
            let filing = file::next_due(&context).map(|due| due.max(self.filing_after));
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(request) = requests.recv() => self.serve(request).await,
                () = context.logins.seat_wanted(), if self.session.is_some() => self.leave().await,
                () = context.sync.notified() => {
                    let end = tokio::select! {
                        biased;
                        () = stop.cancelled() => break,
                        end = self.whole_pass(&mut requests) => end,
                    };
                    self.ended(end).await;
                }
                () = super::sleep_until(&context.world, filing) => {
                    if let Err(failure) = self.file_sent().await {
                        self.filing_failed(&failure);
                    }
                }
            }
        }
        if let Some(session) = self.session.take() {
            session.logout().await;
        }
    }

    async fn ended(&mut self, end: Result<(), Failure>) {
        if let Err(failure) = &end {
            self.drop_session(failure);
            let detail = failure.message.clone();
            self.append(EventKind::SyncFailed { detail }).await;
        }
        self.context.note(self.me, Note::SyncEnded(end)).await;
        if std::mem::take(&mut self.again) {
            self.context.sync.notify_one();
        }
    }

    /// Whether something called for a look since last asked.
    fn take_hint(&mut self) -> bool {
        let hinted = self.context.sync.notified().now_or_never().is_some();
        self.again |= hinted;
        hinted
    }

    /// What is due stays due: without a wait an unreachable server would be dialled in a loop.
    fn filing_failed(&mut self, failure: &Failure) {
        self.drop_session(failure);
        self.filing_failures = self.filing_failures.saturating_add(1);
        let wait = RETRY.delay(self.filing_failures, self.context.world.entropy.number());
        self.filing_after = self.context.world.clock.boot().after(wait);
    }

    fn drop_session(&mut self, failure: &Failure) {
        tracing::info!(account = self.context.id.0, code = failure.code, "work session ended");
        self.session = None;
        self.selected = None;
    }

    /// A pass; begun again when the session's own time ended it.
    async fn whole_pass(
        &mut self,
        requests: &mut mpsc::Receiver<WholeRequest>,
    ) -> Result<(), Failure> {
        let end = self.pass(requests).await;
        let now = self.context.world.clock.boot();
        match (&end, &self.session) {
            (Err(failure), Some(session)) if session.ended_in_time(failure, now) => {
                self.drop_session(failure);
                self.pass(requests).await
            }
            _ => end,
        }
    }

    /// One pass over everything that may be due.
    async fn pass(&mut self, requests: &mut mpsc::Receiver<WholeRequest>) -> Result<(), Failure> {
        self.tally = Tally::default();
        self.inbox_looked = false;
        let initial = self.account()?.first_synced_at.is_none();
        self.context.note(self.me, Note::SyncStarted { initial }).await;
        self.connect().await?;
        if !initial {
            self.look_at_inbox().await?;
        }
        let listed = self.list().await?;
        if self.plan_windows(&listed).await? && initial {
            let total = self.counts()?.1;
            self.append(EventKind::SyncStarted { initial, total }).await;
        }
        for mailbox in self.mailboxes()? {
            self.look_unless_same(&mailbox, &listed).await?;
        }
        self.context.note(self.me, Note::Checked(self.context.now())).await;
        self.fill_summaries(requests).await?;
        self.fill_wholes(requests).await?;
        self.file_sent().await?;
        self.close_pass(initial).await
    }

    /// Leaves the session; the next step makes another.
    async fn leave(&mut self) {
        self.selected = None;
        if let Some(session) = self.session.take() {
            session.logout().await;
        }
    }

    /// Whether the account has moved to another login since the session was made.
    fn has_moved(&self) -> Result<bool, Failure> {
        let Some(session) = &self.session else { return Ok(false) };
        Ok(session.way != self.account()?.way())
    }

    /// Between two steps: a session whose token is about to end, whose account has moved, or whose
    /// seat the push session needs for a moment, is replaced. What was selected is so no more.
    async fn renew(&mut self) -> Result<(), Failure> {
        if self.has_moved()? || self.context.logins.is_seat_wanted() {
            self.leave().await;
        }
        self.leave_in_time().await;
        if self.session.is_none() { self.connect().await } else { Ok(()) }
    }

    /// Leaves a session whose token is about to end, once the next token is there. Without one it
    /// is used as long as the server lets it live.
    async fn leave_in_time(&mut self) {
        let now = self.context.world.clock.boot();
        let Some(session) = self.session.as_mut().filter(|session| session.is_due(now)) else {
            return;
        };
        match self.context.has_newer_token(session.ends_at).await {
            Ok(()) => self.leave().await,
            Err(failure) => {
                tracing::info!(account = self.context.id.0, code = failure.code, "kept on working");
                let entropy = self.context.world.entropy.number();
                session.put_off(self.context.world.clock.boot(), entropy);
            }
        }
    }

    /// The session is there, on the account's present login, and answers.
    async fn connect(&mut self) -> Result<(), Failure> {
        if self.has_moved()? {
            self.leave().await;
        }
        self.leave_in_time().await;
        let now = self.context.world.clock.boot();
        // over a moved link a command would wait long for an answer that cannot come
        let link = *self.context.world.link.0.borrow();
        let is_doubtful = link != self.link || now > self.used_at.after(limits::SESSION_FRESH);
        self.link = link;
        if let Some(session) = &mut self.session
            && is_doubtful
            && session.probe(limits::PROBE).await.is_err()
        {
            self.session = None;
            self.selected = None;
        }
        if self.session.is_none() {
            self.session = Some(self.context.work_session().await?);
            self.selected = None;
        }
        self.used_at = now;
        Ok(())
    }

    fn session(&mut self) -> Result<&mut Session, Failure> {
        self.used_at = self.context.world.clock.boot();
        self.session.as_deref_mut().ok_or_else(|| Failure {
            code: "net.lost",
            message: "The work session is gone.".into(),
            detail: None,
            verdict: chapar_engine::verdict::Verdict::Retry,
        })
    }

    /// Selects afresh: the only way to the server's present numbers for a mailbox, since STATUS of
    /// the selected one may be stale.
    async fn select(&mut self, mailbox: &Mailbox) -> Result<ServerState, Failure> {
        self.renew().await?;
        self.selected = None;
        let server = self.session()?.select(&mailbox.wire_name, true).await?;
        self.selected = Some((mailbox.id, server));
        Ok(server)
    }

    /// Selects unless it is selected.
    async fn ensure_selected(&mut self, mailbox: &Mailbox) -> Result<ServerState, Failure> {
        match self.selected {
            Some((id, server)) if id == mailbox.id => Ok(server),
            _ => self.select(mailbox).await,
        }
    }

    async fn look_at_inbox(&mut self) -> Result<(), Failure> {
        let inbox =
            self.mailboxes()?.into_iter().find(|m| m.role == Some(Role::Inbox) && m.planned);
        match inbox {
            Some(inbox) => {
                self.look(&inbox).await?;
                self.inbox_looked = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Lists the mailboxes and brings the store's list in line.
    async fn list(&mut self) -> Result<Vec<Listed>, Failure> {
        let mut listed = self.session()?.list().await?;
        if listed.is_empty() {
            // No server has no mailbox; an empty answer is a fault, never a mass deletion.
            return Err(Failure {
                code: "imap.no_inbox",
                message: "The server listed no mailbox at all.".into(),
                detail: None,
                verdict: chapar_engine::verdict::Verdict::Retry,
            });
        }
        if self.loses_mail(&listed)? {
            let mut second = self.context.second_session().await?;
            let mut again = second.list().await?;
            second.logout().await;
            let known = names(&listed);
            again.retain(|found| !known.contains(found.wire_name.as_str()));
            drop(known);
            listed.append(&mut again);
        }
        let (id, found) = (self.context.id, listed.clone());
        self.write(move |tx| reconcile(tx, id, &found)).await?;
        Ok(listed)
    }

    /// Whether mailboxes are missing from a LIST answer with so much mail in them that a second
    /// session has to say the same.
    fn loses_mail(&self, listed: &[Listed]) -> Result<bool, Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let listed = names(listed);
        let mut lost = 0;
        for mailbox in view.mailboxes(self.context.id).map_err(store_failure)? {
            if !listed.contains(mailbox.wire_name.as_str()) {
                lost += view.uids(mailbox.id).map_err(store_failure)?.len();
            }
        }
        Ok(guard(lost, lost, false) == Trust::Suspicious)
    }

    /// Mailboxes that are mirrored: INBOX first, then by role, then by name.
    fn mailboxes(&self) -> Result<Vec<Mailbox>, Failure> {
        let mut mailboxes = self
            .context
            .store
            .read()
            .and_then(|view| view.mailboxes(self.context.id))
            .map_err(store_failure)?;
        mailboxes.retain(is_mirrored);
        mailboxes.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
        Ok(mailboxes)
    }

    fn account(&self) -> Result<chapar_engine::account::Account, Failure> {
        self.context.account().map_err(store_failure)
    }

    /// Messages done and messages wanted, over all mailboxes.
    fn counts(&self) -> Result<(u64, u64), Failure> {
        let view = self.context.store.read().map_err(store_failure)?;
        let mut done = 0;
        let mut total = 0;
        for mailbox in view.mailboxes(self.context.id).map_err(store_failure)? {
            let counts = view.counts(mailbox.id).map_err(store_failure)?;
            done += counts.whole;
            total += counts.whole + counts.summary + counts.planned;
        }
        Ok((done, total))
    }

    async fn close_pass(&mut self, initial: bool) -> Result<(), Failure> {
        let Tally { added, removed, flagged, .. } = self.tally;
        if !initial {
            announce::first_sync(&self.context).await;
        }
        if !initial && added + removed + flagged == 0 {
            return Ok(());
        }
        let emails = self.counts()?.1;
        let id = self.context.id;
        self.write(move |tx| {
            if let Some(mut account) = tx.account(id)?
                && account.first_synced_at.is_none()
            {
                account.first_synced_at = Some(tx.now());
                tx.put_account(&account)?;
            }
            let kind = EventKind::SyncCompleted { initial, emails, added, removed, flagged };
            tx.append(Some(id), kind).map(drop)
        })
        .await?;
        if initial {
            announce::first_sync(&self.context).await;
        }
        if added > 0 {
            self.context.note(self.me, Note::New(self.context.now())).await;
        }
        Ok(())
    }

    async fn file_sent(&mut self) -> Result<(), Failure> {
        if file::next_due(&self.context).is_none_or(|due| due > self.context.world.clock.boot()) {
            return Ok(());
        }
        self.connect().await?;
        self.selected = None;
        let context = Arc::clone(&self.context);
        file::pass(&context, self.session()?).await?;
        self.filing_failures = 0;
        self.filing_after = Boot::default();
        Ok(())
    }

    async fn append(&self, kind: EventKind) {
        let id = self.context.id;
        let written = self.write(move |tx| tx.append(Some(id), kind.clone()).map(drop)).await;
        if let Err(failure) = written {
            tracing::warn!(account = id.0, code = failure.code, "an event could not be journalled");
        }
    }

    async fn write<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut crate::store::Txn<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.context.store.write(self.context.now(), change).await.map_err(store_failure)
    }
}

/// Virtual mailboxes repeat what lies elsewhere and are not mirrored.
fn is_mirrored(mailbox: &Mailbox) -> bool {
    mailbox.selectable && !matches!(mailbox.role, Some(Role::Flagged | Role::Important))
}

fn rank(mailbox: &Mailbox) -> u8 {
    match mailbox.role {
        Some(Role::Inbox) => 0,
        Some(Role::Sent) => 1,
        Some(Role::Drafts) => 2,
        None => 3,
        Some(Role::Archive | Role::All | Role::Flagged | Role::Important) => 4,
        Some(Role::Junk | Role::Trash) => 5,
    }
}

/// The names in a LIST answer.
fn names(listed: &[Listed]) -> BTreeSet<&str> {
    listed.iter().map(|found| found.wire_name.as_str()).collect()
}

/// Brings the stored mailboxes in line with a LIST answer. A mailbox that is gone from it goes
/// with its messages; one that is new waits to be planned.
fn reconcile(
    tx: &mut crate::store::Txn<'_>,
    account: chapar_engine::id::AccountId,
    listed: &[Listed],
) -> Result<Vec<Change>, StoreError> {
    let known = tx.mailboxes(account)?;
    // this runs on the one writer thread: never quadratic in what a server lists
    let by_name: BTreeMap<&str, &Mailbox> =
        known.iter().map(|mailbox| (mailbox.wire_name.as_str(), mailbox)).collect();
    let listed_names = names(listed);
    let mut changes = vec![];
    for found in listed {
        let old = by_name.get(found.wire_name.as_str()).copied();
        let new = Mailbox {
            id: match old {
                Some(old) => old.id,
                None => tx.new_mailbox_id()?,
            },
            account,
            name: found.name.clone(),
            wire_name: found.wire_name.clone(),
            separator: found.separator,
            role: found.role,
            selectable: found.selectable,
            subscribed: found.subscribed,
            server: old.and_then(|old| old.server),
            planned: old.is_some_and(|old| old.planned),
        };
        if old != Some(&new) {
            changes.push(if old.is_some() { Change::Updated } else { Change::Created });
            tx.put_mailbox(&new)?;
        }
    }
    for old in &known {
        if !listed_names.contains(old.wire_name.as_str()) {
            changes.push(Change::Destroyed);
            tx.delete_mailbox(old.id)?;
        }
    }
    Ok(changes)
}
