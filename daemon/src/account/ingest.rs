//! What a fetched batch changes in the store: each function is one transaction's work. Every one
//! is idempotent by (mailbox, UIDVALIDITY, UID), so a batch fetched again changes nothing twice.

use crate::imap::Fetched;
use crate::store::{StoreError, Txn};
use chapar_engine::event::EventKind;
use chapar_engine::flags::Flags;
use chapar_engine::id::{MailboxId, MessageId};
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::message::{Message, Stage, Summary, summarise};
use chapar_engine::sync::Candidate;
use chapar_engine::thread::{related, subject_key};
use chapar_engine::time::Wall;
use std::collections::{BTreeMap, BTreeSet};

/// One message as fetched and read, ready to be stored.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// UID.
    pub uid: u32,
    /// Flags, where the server sent them.
    pub flags: Option<Flags>,
    /// INTERNALDATE.
    pub received_at: Option<Wall>,
    /// RFC822.SIZE.
    pub size: u32,
    /// What its bytes say.
    pub summary: Summary,
    /// All bytes, when all were fetched.
    pub bytes: Option<Vec<u8>>,
}

impl Arrived {
    /// Reads what one FETCH response brought; `None` when it brought no bytes of the message
    /// (a flag change that somebody else made meanwhile).
    #[must_use]
    pub fn read(fetched: Fetched) -> Option<Self> {
        let (summary, bytes) = match (fetched.body, fetched.header) {
            (Some(body), _) => (summarise(&body, true), Some(body)),
            (None, Some(mut head)) => {
                head.extend_from_slice(fetched.text.as_deref().unwrap_or_default());
                (summarise(&head, false), None)
            }
            (None, None) => return None,
        };
        let known = bytes.as_ref().map_or(0, Vec::len);
        Some(Self {
            uid: fetched.uid,
            flags: fetched.flags,
            received_at: fetched.internal_date,
            size: fetched.size.unwrap_or_else(|| u32::try_from(known).unwrap_or(u32::MAX)),
            summary,
            bytes,
        })
    }

    /// About how many bytes it holds in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        /// A string, an address or a tree entry besides its text.
        const ENTRY: usize = 64;
        let summary = &self.summary;
        let addresses = [&summary.from, &summary.reply_to, &summary.to, &summary.cc, &summary.bcc];
        let addresses = addresses.into_iter().flatten().map(|address| {
            ENTRY + address.email.len() + address.name.as_ref().map_or(0, String::len)
        });
        let ids = summary.references.iter().chain(&summary.in_reply_to).map(|id| ENTRY + id.len());
        let flags = self.flags.iter().flat_map(Flags::iter).map(|flag| ENTRY + flag.len());
        let rest =
            summary.subject.len() + summary.preview.len() + self.bytes.as_ref().map_or(0, Vec::len);
        ENTRY + rest + addresses.chain(ids).chain(flags).sum::<usize>()
    }
}

/// Writes the first-sync window of one mailbox: rows to be filled, and the server's numbers that
/// they belong to.
pub fn plan(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    server: ServerState,
    window: &[Candidate],
) -> Result<(), StoreError> {
    let Some(mut mailbox) = tx.mailbox(mailbox)? else {
        return Ok(());
    };
    for candidate in window {
        if tx.message_at(mailbox.id, candidate.uid)?.is_some() {
            continue;
        }
        let row = planned(tx, &mailbox, candidate)?;
        tx.put_message(&row)?;
    }
    mailbox.planned = true;
    mailbox.server = Some(server);
    tx.put_mailbox(&mailbox)
}

/// The row of a message of which no more is known than where it lies.
fn planned(tx: &mut Txn<'_>, mailbox: &Mailbox, found: &Candidate) -> Result<Message, StoreError> {
    Ok(Message {
        id: tx.new_message_id()?,
        account: mailbox.account,
        mailbox: mailbox.id,
        uid: found.uid,
        thread: None,
        stage: Stage::Planned,
        size: found.size,
        received_at: found.received_at,
        flags: found.flags.clone(),
        blob: None,
        summary: Summary::default(),
    })
}

/// Replaces the window of a mailbox whose UIDs lost their meaning. `same` names, by new UID, the
/// messages that are the same mail; every other one is gone. `late` arrived since and is left to
/// [`receive`]. Returns how many are gone.
pub fn replan(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    server: ServerState,
    window: &[Candidate],
    old: &[MessageId],
    same: &BTreeMap<u32, MessageId>,
    late: &[Arrived],
) -> Result<u64, StoreError> {
    let kept: BTreeSet<MessageId> = same.values().copied().collect();
    let mut removed = 0;
    for (spare, id) in (0..).zip(old) {
        let Some(mut message) = tx.message(*id)? else { continue };
        if kept.contains(id) {
            // Out of the way first: an old UID of one may be the new UID of another.
            message.uid = u32::MAX - spare;
            tx.put_message(&message)?;
        } else {
            tx.delete_message(*id)?;
            removed += 1;
        }
    }
    for candidate in window {
        if let Some(id) = same.get(&candidate.uid)
            && let Some(mut message) = tx.message(*id)?
        {
            message.uid = candidate.uid;
            message.flags = candidate.flags.clone();
            tx.put_message(&message)?;
        }
    }
    let late: BTreeSet<u32> = late.iter().map(|arrived| arrived.uid).collect();
    let planned = window.iter().filter(|candidate| !late.contains(&candidate.uid));
    plan(tx, mailbox, server, &planned.cloned().collect::<Vec<_>>())?;
    Ok(removed)
}

/// Fills rows that the first sync planned. Tells nobody of "new mail": it is not new.
pub fn fill(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    uidvalidity: u32,
    batch: &[Arrived],
) -> Result<u64, StoreError> {
    let mut filled = 0;
    if !is_current(tx, mailbox, uidvalidity)? {
        return Ok(0);
    }
    for arrived in batch {
        if let Some(known) = tx.message_at(mailbox, arrived.uid)? {
            store(tx, known, arrived)?;
            filled += 1;
        }
    }
    Ok(filled)
}

/// Stores messages new to the server and moves the mailbox's UIDNEXT past them, in one step.
/// Returns how many were not known before.
pub fn receive(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    uidvalidity: u32,
    batch: &[Arrived],
    next: u32,
) -> Result<u64, StoreError> {
    if !is_current(tx, mailbox, uidvalidity)? {
        return Ok(0);
    }
    let Some(mut mailbox) = tx.mailbox(mailbox)? else {
        return Ok(0);
    };
    let mut fresh = 0;
    for arrived in batch {
        if tx.message_at(mailbox.id, arrived.uid)?.is_some() {
            continue;
        }
        let found = Candidate {
            uid: arrived.uid,
            size: arrived.size,
            received_at: arrived.received_at.unwrap_or(tx.now()),
            flags: arrived.flags.clone().unwrap_or_default(),
        };
        let row = planned(tx, &mailbox, &found)?;
        let moved = was_elsewhere(tx, &mailbox, &arrived.summary)?;
        let stored = store(tx, row, arrived)?;
        fresh += 1;
        if !moved {
            tell(tx, &mailbox, &stored)?;
        }
    }
    if let Some(server) = &mut mailbox.server
        && next > server.uidnext
    {
        server.uidnext = next;
        tx.put_mailbox(&mailbox)?;
    }
    Ok(fresh)
}

/// Puts what was fetched into a row: thread, summary, bytes.
fn store(tx: &mut Txn<'_>, mut row: Message, arrived: &Arrived) -> Result<Message, StoreError> {
    if row.thread.is_none() {
        let summary = &arrived.summary;
        row.thread = Some(tx.assign_thread(
            row.account,
            summary.message_id.as_deref(),
            &related(summary),
            subject_key(summary).as_deref(),
        )?);
    }
    if let Some(bytes) = &arrived.bytes {
        row.blob = Some(tx.put_blob(bytes)?);
        row.stage = Stage::Whole;
    } else if row.stage == Stage::Planned {
        row.stage = Stage::Summary;
    }
    if let Some(flags) = &arrived.flags {
        row.flags = flags.clone();
    }
    if let Some(received_at) = arrived.received_at {
        row.received_at = received_at;
    }
    row.size = arrived.size.max(row.size);
    row.summary = arrived.summary.clone();
    tx.put_message(&row)?;
    Ok(row)
}

/// Whether the message lies in another mailbox too, so that it was moved or copied here rather
/// than received. A copy in Sent or Drafts is the sender's own and does not count.
fn was_elsewhere(tx: &Txn<'_>, here: &Mailbox, summary: &Summary) -> Result<bool, StoreError> {
    let Some(message_id) = &summary.message_id else {
        return Ok(false);
    };
    for id in tx.by_message_id(here.account, message_id)? {
        let Some(other) = tx.message(id)? else {
            continue;
        };
        if other.mailbox == here.id {
            continue;
        }
        let role = tx.mailbox(other.mailbox)?.and_then(|mailbox| mailbox.role);
        if !matches!(role, Some(Role::Sent | Role::Drafts)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Journals the arrival in the words that fit the mailbox.
fn tell(tx: &mut Txn<'_>, mailbox: &Mailbox, message: &Message) -> Result<(), StoreError> {
    let Some(thread) = message.thread else {
        return Ok(());
    };
    let account = Some(mailbox.account);
    match mailbox.role {
        Some(Role::Drafts | Role::Trash | Role::All | Role::Flagged | Role::Important) => Ok(()),
        Some(Role::Sent) => {
            let submission = match &message.summary.message_id {
                Some(id) => tx.submission_by_message_id(mailbox.account, id)?,
                None => None,
            };
            tx.append(account, EventKind::EmailSent { email: message.id, thread, submission })?;
            Ok(())
        }
        Some(Role::Inbox | Role::Junk | Role::Archive) | None => {
            tx.append(
                account,
                EventKind::EmailReceived {
                    email: message.id,
                    thread,
                    mailbox: mailbox.id,
                    from: message.summary.from.clone(),
                    subject: message.summary.subject.clone(),
                    preview: message.summary.preview.clone(),
                },
            )?;
            tell_reply(tx, mailbox, message)
        }
    }
}

/// A received message that answers one of our submissions.
fn tell_reply(tx: &mut Txn<'_>, mailbox: &Mailbox, message: &Message) -> Result<(), StoreError> {
    for answered in &related(&message.summary) {
        if let Some(submission) = tx.submission_by_message_id(mailbox.account, answered)? {
            let kind = EventKind::EmailReplied { email: message.id, submission };
            tx.append(Some(mailbox.account), kind)?;
            break;
        }
    }
    Ok(())
}

fn is_current(tx: &Txn<'_>, mailbox: MailboxId, uidvalidity: u32) -> Result<bool, StoreError> {
    let server = tx.mailbox(mailbox)?.and_then(|mailbox| mailbox.server);
    Ok(server.is_some_and(|server| server.uidvalidity == uidvalidity))
}

/// Applies flags as the server has them; returns how many messages changed.
pub fn reflag(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    uidvalidity: u32,
    flags: &[(u32, Flags)],
) -> Result<u64, StoreError> {
    if !is_current(tx, mailbox, uidvalidity)? {
        return Ok(0);
    }
    let mut changed = 0;
    for (uid, flags) in flags {
        if let Some(mut message) = tx.message_at(mailbox, *uid)?
            && message.flags != *flags
        {
            message.flags = flags.clone();
            tx.put_message(&message)?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Removes messages that are gone from the server.
pub fn vanish(tx: &mut Txn<'_>, gone: &[MessageId]) -> Result<u64, StoreError> {
    let mut removed = 0;
    for id in gone {
        if tx.message(*id)?.is_some() {
            tx.delete_message(*id)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Records the server's numbers once everything up to them is stored.
pub fn settle(tx: &mut Txn<'_>, mailbox: MailboxId, server: ServerState) -> Result<(), StoreError> {
    if let Some(mut known) = tx.mailbox(mailbox)?
        && known.server != Some(server)
    {
        known.server = Some(server);
        tx.put_mailbox(&known)?;
    }
    Ok(())
}

/// Sets a message aside that cannot be fetched or read.
pub fn poison(tx: &mut Txn<'_>, id: MessageId) -> Result<(), StoreError> {
    if let Some(mut message) = tx.message(id)? {
        message.stage = Stage::Poison;
        tx.put_message(&message)?;
    }
    Ok(())
}
