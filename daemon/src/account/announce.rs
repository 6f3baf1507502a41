//! The mail that says "your first sync is done", for people who asked to hear of it by mail.

use super::{Context, submit};
use chapar_engine::account::NotifyBy;
use chapar_engine::address::Address;
use chapar_engine::compose::Draft;
use std::time::Duration;

/// How long after the end of a first sync it is still worth a mail: a crash right after the end
/// must not swallow it, and an old account must not get one.
const WORTH_TELLING: Duration = Duration::from_hours(24);

/// Queues the mail once, however often this is called: the idempotency key names the first sync
/// itself, so a crash between its end and its announcement swallows nothing.
pub async fn first_sync(context: &Context) {
    let Ok(account) = context.account() else {
        return;
    };
    let Some(ended) = account.first_synced_at else {
        return;
    };
    if account.notify != NotifyBy::Mail || context.now() > ended.after(WORTH_TELLING) {
        return;
    }
    let key = format!("chapar first sync {} {}", account.id.0, ended.0);
    let Ok(view) = context.store.read() else { return };
    if !matches!(view.by_key(&key), Ok(None)) {
        return;
    }
    let emails = view.account_counts(account.id).map_or(0, |counts| counts.summary + counts.whole);
    drop(view);
    let draft = Draft {
        account: account.id,
        identity: None,
        to: vec![Address { name: None, email: account.email.clone() }],
        cc: vec![],
        bcc: vec![],
        reply_to: vec![],
        subject: format!("Inbox ready: {} is connected to chapar", account.email),
        text: Some(format!(
            "The first sync of {} is done: the newest {emails} mails are on this machine.\n\
             From now on new mail arrives by push.\n",
            account.email
        )),
        html: None,
        attachments: vec![],
        in_reply_to: None,
        references: vec![],
    };
    let (world, store) = (&context.world, &context.store);
    match submit::accept(world, store, draft, None, Some(key)).await {
        Ok((_, true)) => {}
        Ok((_, false)) => context.outbox.notify_one(),
        Err(error) => tracing::warn!(account = account.id.0, %error, "first sync not announced"),
    }
}
