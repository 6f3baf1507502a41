//! The work session: there when a step needs it, on the account's present login, with one mailbox
//! selected. Must never decide what is asked on it, and never write to the store.

use crate::account::logins::Seated;
use crate::account::{Context, store_failure};
use crate::imap::Session;
use crate::limits;
use chapar_engine::id::MailboxId;
use chapar_engine::mailbox::{Mailbox, ServerState};
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use std::sync::Arc;

/// The session and what is known of it.
pub(super) struct Link {
    context: Arc<Context>,
    session: Option<Seated>,
    used_at: Boot,
    /// The network as it was when the session was last trusted.
    network: u64,
    selected: Option<(MailboxId, ServerState)>,
    /// Whether the last login failed: no mailbox and no message is to blame for that.
    is_unreachable: bool,
}

impl Link {
    /// No session yet.
    pub(super) fn new(context: Arc<Context>) -> Self {
        let network = *context.world.link.0.borrow();
        Self {
            context,
            session: None,
            used_at: Boot::default(),
            network,
            selected: None,
            is_unreachable: false,
        }
    }

    /// Whether there is a session, be it dead.
    pub(super) fn is_held(&self) -> bool {
        self.session.is_some()
    }

    /// Whether the session that was there broke or was ended.
    pub(super) fn is_broken(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.is_over())
    }

    /// Whether there is no way to the server at present.
    pub(super) fn is_unreachable(&self) -> bool {
        self.is_unreachable
    }

    /// Whether a failure is the end of the session's own time.
    pub(super) fn ended_in_time(&self, failure: &Failure) -> bool {
        let now = self.context.world.clock.boot();
        self.session.as_ref().is_some_and(|session| session.ended_in_time(failure, now))
    }

    /// Gives up a session that failed.
    pub(super) fn give_up(&mut self, failure: &Failure) {
        tracing::info!(account = self.context.id.0, code = failure.code, "work session ended");
        self.session = None;
        self.selected = None;
    }

    /// Leaves the session; the next step makes another.
    pub(super) async fn leave(&mut self) {
        self.selected = None;
        if let Some(session) = self.session.take() {
            session.logout().await;
        }
    }

    /// Whether the account has moved to another login since the session was made.
    fn has_moved(&self) -> Result<bool, Failure> {
        let Some(session) = &self.session else { return Ok(false) };
        Ok(session.way != self.context.account().map_err(store_failure)?.way())
    }

    /// Between two steps: a session whose token is about to end, whose account has moved, or whose
    /// seat the push session needs for a moment, is replaced. What was selected is so no more.
    pub(super) async fn renew(&mut self) -> Result<(), Failure> {
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
    pub(super) async fn connect(&mut self) -> Result<(), Failure> {
        if self.has_moved()? {
            self.leave().await;
        }
        self.leave_in_time().await;
        let now = self.context.world.clock.boot();
        // over a moved link a command would wait long for an answer that cannot come
        let network = *self.context.world.link.0.borrow();
        let is_doubtful =
            network != self.network || now > self.used_at.after(limits::SESSION_FRESH);
        self.network = network;
        if let Some(session) = &mut self.session
            && is_doubtful
            && session.probe(limits::PROBE).await.is_err()
        {
            self.session = None;
            self.selected = None;
        }
        if self.session.is_none() {
            self.selected = None;
            let made = self.context.work_session().await;
            self.is_unreachable = made.is_err();
            self.session = Some(made?);
        }
        self.used_at = now;
        Ok(())
    }

    /// The session, to be asked.
    pub(super) fn session(&mut self) -> Result<&mut Session, Failure> {
        self.used_at = self.context.world.clock.boot();
        self.session
            .as_deref_mut()
            .ok_or_else(|| Failure::of("net.lost", "The work session is gone.", None))
    }

    /// The session for something that selects mailboxes of its own.
    pub(super) fn lent(&mut self) -> Result<&mut Session, Failure> {
        self.selected = None;
        self.session()
    }

    /// Selects afresh: the only way to the server's present numbers for a mailbox, since STATUS of
    /// the selected one may be stale.
    pub(super) async fn select(&mut self, mailbox: &Mailbox) -> Result<ServerState, Failure> {
        self.renew().await?;
        self.selected = None;
        let server = self.session()?.select(&mailbox.wire_name, true).await?;
        self.selected = Some((mailbox.id, server));
        Ok(server)
    }

    /// Selects unless it is selected.
    pub(super) async fn ensure_selected(
        &mut self,
        mailbox: &Mailbox,
    ) -> Result<ServerState, Failure> {
        match self.selected {
            Some((id, server)) if id == mailbox.id && self.session.is_some() => Ok(server),
            _ => self.select(mailbox).await,
        }
    }

    /// Whether a mailbox is selected.
    pub(super) fn has_selected(&self, mailbox: MailboxId) -> bool {
        self.selected.is_some_and(|(id, _)| id == mailbox)
    }
}
