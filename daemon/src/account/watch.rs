//! The push worker: holds one IDLE session on the INBOX and turns what it sees into hints. Stores
//! nothing and fetches nothing; a dead or changed link ends it with the reason.

use super::{Context, Generation, Note};
use crate::imap::{IdleEnd, Session};
use crate::limits;
use chapar_engine::mailbox::{Role, ServerState};
use chapar_engine::verdict::Failure;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The one name that every server knows, in any case (RFC 9051 §5.1).
const INBOX: &str = "INBOX";

/// Watches until stopped or lost, and says which.
pub async fn run(context: Arc<Context>, me: Generation, stop: CancellationToken) {
    if let Err(failure) = watch(&context, me, &stop).await {
        context.note(me, Note::WatchLost(failure)).await;
    }
}

async fn watch(context: &Context, me: Generation, stop: &CancellationToken) -> Result<(), Failure> {
    let login = context.imap_login().await?;
    let mut session = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        session = Session::login(&context.world, &login) => session?,
    };
    let server = session.select(INBOX, true).await?;
    let idle = if session.offers("IDLE") { "IDLE" } else { "NOOP" };
    context.note(me, Note::WatchUp(format!("{idle}, {INBOX}"))).await;
    // What arrived between the last look and this SELECT was told to nobody.
    if differs(known(context), server) {
        context.note(me, Note::Hint).await;
    }
    let mut link = context.world.link.0.clone();
    link.mark_unchanged();
    while !stop.is_cancelled() {
        let interrupted = async {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                _ = link.changed() => {}
            }
        };
        match session.idle(limits::IDLE_RENEW, interrupted).await? {
            IdleEnd::Changed => context.note(me, Note::Hint).await,
            IdleEnd::Renew => {}
            IdleEnd::Stopped if stop.is_cancelled() => break,
            // The network moved or the machine slept: trust the link only after an answer.
            IdleEnd::Stopped => session.probe(limits::PROBE).await?,
        }
    }
    session.logout().await;
    Ok(())
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
