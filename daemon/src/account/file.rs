//! Copies in Sent, and the search for submissions whose outcome is unknown: both ask the server
//! for a Message-ID before anything else. Works on a session of the sync worker.

use super::outbox::{boot_at, change};
use super::{Context, store_failure};
use crate::imap::Session;
use chapar_engine::flags::Flags;
use chapar_engine::id::SubmissionId;
use chapar_engine::mailbox::{Mailbox, Role};
use chapar_engine::provider::provider_of;
use chapar_engine::submission::{Due, Filing, Submission};
use chapar_engine::time::{Boot, Wall};
use chapar_engine::verdict::{Failure, Verdict};
use std::time::Duration;

/// How often the copy is looked for that a provider files by itself.
const SERVER_COPY_LOOK: Duration = Duration::from_secs(15);
/// After so many looks, two minutes, chapar files the copy. Counted, because a clock can be set.
const SERVER_COPY_LOOKS: u32 = 8;

/// When something is to be filed or looked for next.
#[must_use]
pub fn next_due(context: &Context) -> Option<Boot> {
    let view = context.store.read().ok()?;
    let open = view.open_submissions(context.id).ok()?;
    let now = context.now();
    let due = [Due::Look, Due::File];
    let next = open.iter().flat_map(|it| due.iter().filter_map(|due| it.when(*due, now))).min()?;
    Some(boot_at(context, next))
}

/// Files and looks for everything that is due.
pub async fn pass(context: &Context, session: &mut Session) -> Result<(), Failure> {
    let now = context.now();
    let view = context.store.read().map_err(store_failure)?;
    let open = view.open_submissions(context.id).map_err(store_failure)?;
    let mailboxes = view.mailboxes(context.id).map_err(store_failure)?;
    drop(view);
    for submission in &open {
        if submission.is_due(Due::Look, now) {
            look(context, session, &mailboxes, submission).await?;
        }
        if submission.is_due(Due::File, now) {
            file(context, session, &mailboxes, submission).await?;
        }
    }
    Ok(())
}

/// Looks for a submission of unknown outcome where a sent message would lie: Sent where the
/// server files by itself, the mailbox of everything, the INBOX when it is also to ourselves.
async fn look(
    context: &Context,
    session: &mut Session,
    mailboxes: &[Mailbox],
    submission: &Submission,
) -> Result<(), Failure> {
    let mut found = false;
    for role in [Role::Sent, Role::All, Role::Inbox] {
        for mailbox in mailboxes.iter().filter(|m| m.role == Some(role) && m.selectable) {
            found = found || is_in(session, mailbox, &submission.message_id).await?;
        }
    }
    let looked = move |submission: &mut Submission, now, _| submission.looked(found, now);
    change(context, submission.id, looked).await;
    Ok(())
}

/// Makes sure that Sent holds one copy.
async fn file(
    context: &Context,
    session: &mut Session,
    mailboxes: &[Mailbox],
    submission: &Submission,
) -> Result<(), Failure> {
    let id = submission.id;
    let Some(sent) = mailboxes.iter().find(|m| m.role == Some(Role::Sent) && m.selectable) else {
        skip(context, id).await;
        return Ok(());
    };
    if is_in(session, sent, &submission.message_id).await? {
        return filed(context, id).await;
    }
    let early =
        matches!(submission.filing, Filing::Wanted { tries, .. } if tries < SERVER_COPY_LOOKS);
    if early && files_itself(context)? {
        let waits = |submission: &mut Submission, now: Wall, _| {
            submission.filing_waits(now.after(SERVER_COPY_LOOK));
            Ok(())
        };
        change(context, id, waits).await;
        return Ok(());
    }
    let blob = submission.blob;
    let verified = context.store.verify_blob(blob, |_| ()).await;
    let bytes = match verified.and_then(|()| context.store.stream_blob(blob)) {
        Ok(bytes) => bytes,
        // the copy is tried again with the other things that are due
        Err(error) if error.passes() => return Err(store_failure(error)),
        Err(_) => {
            skip(context, id).await;
            return Ok(());
        }
    };
    let flags = Flags::from_iter(["\\Seen".to_owned()]);
    let (name, at, size) = (&sent.wire_name, submission.created_at, bytes.size());
    match session.append(name, &flags, at, size, bytes).await {
        Ok(_) => filed(context, id).await,
        Err(failure) => {
            // Appended or not: the next try searches first, so a second copy cannot come of it.
            let failed = |submission: &mut Submission, now, _| {
                submission.filing_failed(now);
                Ok(())
            };
            change(context, id, failed).await;
            if failure.verdict == Verdict::Refused { Ok(()) } else { Err(failure) }
        }
    }
}

async fn skip(context: &Context, id: SubmissionId) {
    let skipped = |submission: &mut Submission, _, _| {
        submission.filing_skipped();
        Ok(())
    };
    change(context, id, skipped).await;
}

async fn filed(context: &Context, id: SubmissionId) -> Result<(), Failure> {
    let filed = |submission: &mut Submission, _, _| {
        submission.filed();
        Ok(())
    };
    change(context, id, filed).await;
    Ok(())
}

async fn is_in(
    session: &mut Session,
    mailbox: &Mailbox,
    message_id: &str,
) -> Result<bool, Failure> {
    session.select(&mailbox.wire_name, true).await?;
    Ok(!session.search_message_id(message_id).await?.is_empty())
}

fn files_itself(context: &Context) -> Result<bool, Failure> {
    let account = context.account().map_err(store_failure)?;
    Ok(provider_of(&account.imap.host).files_sent)
}
