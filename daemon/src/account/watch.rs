//! The push worker: holds one IDLE session on the INBOX and turns what it sees into hints. Stores
//! nothing and fetches nothing; a dead or changed link ends it with the reason.
//!
//! A server that does not open the INBOX is watched all the same, for its word that it goes away; the
//! INBOX is asked for again now and then.
//!
//! A session by token is replaced before the token ends: the next one is made, selected and waiting
//! for news before this one leaves, and this one waits for news all the while. So there is no
//! second in which new mail is seen by nobody.

use super::logins::{Seat, Seated};
use super::{Context, Generation, Note};
use crate::imap::IdleEnd;
use crate::limits;
use crate::world::clock::within;
use chapar_engine::mailbox::{Role, ServerState};
use chapar_engine::sync::concerns_account;
use chapar_engine::time::Boot;
use chapar_engine::verdict::Failure;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{oneshot, watch as channel};
use tokio_util::sync::CancellationToken;

/// The one name that every server knows, in any case (RFC 9051 §5.1).
const INBOX: &str = "INBOX";

/// Times that a session may break at the INBOX before it is watched without it.
const OPENINGS: u32 = 2;

/// Watches until stopped or lost, and says which.
pub async fn run(context: Arc<Context>, me: Generation, stop: CancellationToken) {
    let mut link = context.world.link.0.clone();
    link.mark_unchanged();
    let context_of = Arc::clone(&context);
    let mut watch =
        Watch { context: context_of, me, stop, link, leaving: None, is_on_inbox: false };
    if let Err(failure) = watch.stand().await {
        context.note(me, Note::WatchLost(failure)).await;
    }
}

struct Watch {
    context: Arc<Context>,
    me: Generation,
    stop: CancellationToken,
    link: channel::Receiver<u64>,
    /// The session that the present one replaced; it leaves once this one waits for news.
    leaving: Option<Seated>,
    /// Whether the INBOX is selected.
    is_on_inbox: bool,
}

/// Why a session is not waited on any more.
enum Relief {
    Stopped,
    Due,
}

impl Watch {
    /// Waits for news on one session after the other.
    async fn stand(&mut self) -> Result<(), Failure> {
        let Some(mut session) = self.open_unless_stopped().await.transpose()? else {
            return Ok(());
        };
        self.tell_up(&session).await;
        loop {
            let next = match self.wait(&mut session).await {
                Ok(Relief::Stopped) => {
                    session.logout().await;
                    None
                }
                Ok(Relief::Due) => self.relieve(session).await?,
                Err(failure) if session.ended_in_time(&failure, self.now()) => {
                    tracing::info!(account = self.context.id.0, "the push session's time was over");
                    drop(session);
                    self.open_unless_stopped().await.transpose()?
                }
                Err(failure) => return Err(failure),
            };
            match next {
                Some(next) => session = next,
                None => break,
            }
        }
        Ok(())
    }

    fn now(&self) -> Boot {
        self.context.world.clock.boot()
    }

    async fn tell_up(&self, session: &Seated) {
        let how = if session.offers("IDLE") { "IDLE" } else { "NOOP" };
        let what = if self.is_on_inbox { format!("{how}, {INBOX}") } else { how.to_owned() };
        self.context.note(self.me, Note::WatchUp(what)).await;
    }

    /// A session with the INBOX selected, or without where the server does not open it.
    async fn open(&mut self, seat: Option<Seat>) -> Result<Seated, Failure> {
        let mut session = self.context.imap_session(seat).await?;
        // a link may break at any command once; at this one twice it is the INBOX
        for _ in 0..OPENINGS {
            match self.select(&mut session).await {
                Err(failure) if concerns_account(&failure) => return Err(failure),
                Err(_) if session.is_over() => {
                    let seat = session.take_seat();
                    drop(session);
                    session = self.context.imap_session(seat).await?;
                }
                _ => break,
            }
        }
        Ok(session)
    }

    /// Selects the INBOX. What arrived between the last look and this SELECT was told to nobody.
    async fn select(&mut self, session: &mut Seated) -> Result<(), Failure> {
        self.is_on_inbox = false;
        let server = session.select(INBOX, true).await?;
        self.is_on_inbox = true;
        if differs(known(&self.context), server) {
            self.context.note(self.me, Note::Hint).await;
        }
        Ok(())
    }

    async fn open_unless_stopped(&mut self) -> Option<Result<Seated, Failure>> {
        let stop = self.stop.clone();
        let context = Arc::clone(&self.context);
        let opening = async { self.open(context.logins.want_seat().await).await };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            opened = opening => Some(opened),
        }
    }

    /// Waits for news until stopped, or until the session is to be replaced.
    async fn wait(&mut self, session: &mut Seated) -> Result<Relief, Failure> {
        while !self.stop.is_cancelled() {
            let now = self.now();
            if session.is_due(now) {
                return Ok(Relief::Due);
            }
            let left = session.due_at().map_or(limits::IDLE_RENEW, |at| at.until_from(now));
            let renew = if self.is_on_inbox { limits::IDLE_RENEW } else { limits::INBOX_AGAIN };
            let (stop, link, leaving) = (&self.stop, &mut self.link, &mut self.leaving);
            // polled once the server has said that it waits with us
            let interrupted = async {
                if let Some(old) = leaving.take() {
                    old.logout().await;
                }
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    _ = link.changed() => {}
                }
            };
            match session.idle(left.min(renew), interrupted).await? {
                IdleEnd::Changed => self.context.note(self.me, Note::Hint).await,
                // The network moved or the machine slept: trust the link only after an answer.
                IdleEnd::Stopped if !self.stop.is_cancelled() => {
                    session.probe(limits::PROBE).await?;
                }
                IdleEnd::Renew if !self.is_on_inbox => {
                    if self.select(session).await.is_ok() {
                        self.tell_up(session).await;
                    }
                }
                IdleEnd::Renew | IdleEnd::Stopped => {}
            }
        }
        Ok(Relief::Stopped)
    }

    /// Replaces a session whose token is about to end. It stays when the next one cannot be had:
    /// many servers let a session live on, and who ends it says so.
    async fn relieve(&mut self, mut old: Seated) -> Result<Option<Seated>, Failure> {
        let (told, ready) = oneshot::channel();
        let (context, me) = (Arc::clone(&self.context), self.me);
        let ends_at = old.ends_at;
        let opening = async {
            let opened = self.open_beside(ends_at).await;
            // nobody listens when the old session broke off meanwhile
            let _: Result<_, _> = told.send(());
            opened
        };
        let (opened, waited) = tokio::join!(opening, news_until(&context, me, &mut old, ready));
        match opened {
            Opened::Stopped => {
                old.logout().await;
                Ok(None)
            }
            Opened::Session(next) => {
                self.leaving = waited.is_ok().then_some(old);
                Ok(Some(*next))
            }
            // whoever works does not make room in time: this one does, for the blink of a login
            Opened::NoSeat => {
                old.logout().await;
                self.open_unless_stopped().await.transpose()
            }
            Opened::Failed(failure) if waited.is_err() => Err(failure),
            Opened::Failed(failure) => {
                tracing::info!(account = self.context.id.0, code = failure.code, "kept on pushing");
                old.put_off(self.now(), self.context.world.entropy.number());
                Ok(Some(old))
            }
        }
    }

    /// The next session while the present one stands.
    async fn open_beside(&mut self, ends_at: Option<Boot>) -> Opened {
        let stop = self.stop.clone();
        let context = Arc::clone(&self.context);
        let opening = async {
            // no newer token: no better session, and no reason to ask anybody for room
            if let Err(failure) = context.has_newer_token(ends_at).await {
                return Opened::Failed(failure);
            }
            let clock = Arc::clone(&context.world.clock);
            let seat = context.logins.want_seat();
            let Some(seat) = within(clock.as_ref(), limits::SEAT, seat).await else {
                return Opened::NoSeat;
            };
            match self.open(seat).await {
                Ok(session) => Opened::Session(Box::new(session)),
                Err(failure) => Opened::Failed(failure),
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Opened::Stopped,
            opened = opening => opened,
        }
    }
}

/// How the next session came about.
enum Opened {
    Stopped,
    NoSeat,
    Session(Box<Seated>),
    Failed(Failure),
}

/// Waits for news on `session` until `ready`.
async fn news_until(
    context: &Context,
    me: Generation,
    session: &mut Seated,
    ready: oneshot::Receiver<()>,
) -> Result<(), Failure> {
    let mut ready = pin!(async {
        // the sender going away says as much
        let _: Result<_, _> = ready.await;
    });
    loop {
        match session.idle(limits::IDLE_RENEW, ready.as_mut()).await? {
            IdleEnd::Changed => context.note(me, Note::Hint).await,
            IdleEnd::Renew => {}
            IdleEnd::Stopped => return Ok(()),
        }
    }
}

/// What the mirror knows of the INBOX.
fn known(context: &Context) -> Option<ServerState> {
    let view = context.store.read().ok()?;
    let mailboxes = view.mailboxes(context.id).ok()?;
    mailboxes.into_iter().find(|mailbox| mailbox.role == Some(Role::Inbox))?.server
}

fn differs(known: Option<ServerState>, server: ServerState) -> bool {
    known.is_none_or(|known| {
        (known.uidvalidity, known.uidnext, known.exists)
            != (server.uidvalidity, server.uidnext, server.exists)
            || known.modseq.is_some() && known.modseq != server.modseq
    })
}
