//! What a fetched batch changes in the store: each function is one transaction's work. Every one
//! is idempotent by (mailbox, UIDVALIDITY, UID), so a batch fetched again changes nothing twice.

use crate::imap::{Fetched, Items};
use crate::store::{StoreError, Txn};
use chapar_engine::event::EventKind;
use chapar_engine::flags::Flags;
use chapar_engine::id::{AccountId, MailboxId, MessageId};
use chapar_engine::mailbox::{Mailbox, Role, ServerState};
use chapar_engine::message::{Message, Stage, Summary, summarise};
use chapar_engine::sync::{Candidate, Kind, Proof, Trouble};
use chapar_engine::thread::{related, subject_key};
use chapar_engine::time::Wall;
use chapar_engine::verdict::Failure;
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
    /// Whether header and text came without a byte.
    is_blank: bool,
}

impl Arrived {
    /// Reads what one FETCH response brought; `None` when it brought no bytes of the message
    /// (a flag change that somebody else made meanwhile).
    #[must_use]
    pub fn read(fetched: Fetched) -> Option<Self> {
        let (summary, bytes, is_blank) = match (fetched.body, fetched.header) {
            (Some(body), _) => (summarise(&body, true), Some(body), false),
            (None, Some(mut head)) => {
                head.extend_from_slice(fetched.text.as_deref().unwrap_or_default());
                (summarise(&head, false), None, head.is_empty())
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
            is_blank,
        })
    }

    /// Takes over what another FETCH response says of the same message: servers may split one.
    pub fn add(&mut self, fetched: Fetched) {
        self.flags = self.flags.take().or(fetched.flags);
        self.received_at = self.received_at.or(fetched.internal_date);
        self.size = self.size.max(fetched.size.unwrap_or(0));
    }

    /// Whether it is what was asked for. A message that has a size and not a byte is not ready yet.
    #[must_use]
    pub fn answers(&self, items: Items) -> bool {
        match &self.bytes {
            Some(bytes) => !bytes.is_empty() || self.size == 0,
            None => items != Items::Whole && (!self.is_blank || self.size == 0),
        }
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
        let names = summary.part_names.iter().map(|name| ENTRY + name.len());
        let flags = self.flags.iter().flat_map(Flags::iter).map(|flag| ENTRY + flag.len());
        let rest =
            summary.subject.len() + summary.preview.len() + self.bytes.as_ref().map_or(0, Vec::len);
        ENTRY + rest + addresses.chain(ids).chain(names).chain(flags).sum::<usize>()
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
    let anew = mailbox.server.is_some_and(|old| old.uidvalidity != server.uidvalidity);
    if !mailbox.planned && anew {
        // rows that outlived a damaged database, under numbers that mean other messages now
        tx.empty_mailbox(mailbox.id)?;
    }
    for candidate in window {
        put_planned(tx, &mailbox, candidate, Stage::Planned)?;
    }
    mailbox.planned = true;
    mailbox.server = Some(server);
    let proof = Proof::of_window(server, window.len(), tx.now());
    tx.put_proof(mailbox.id, &proof)?;
    tx.put_mailbox(&mailbox)
}

/// The row of a message of which no more is known than where it lies; one that has a row keeps it.
fn put_planned(
    tx: &mut Txn<'_>,
    mailbox: &Mailbox,
    found: &Candidate,
    stage: Stage,
) -> Result<(), StoreError> {
    if tx.message_at(mailbox.id, found.uid)?.is_some() {
        return Ok(());
    }
    let row = Message {
        id: tx.new_message_id()?,
        account: mailbox.account,
        mailbox: mailbox.id,
        uid: found.uid,
        thread: None,
        stage,
        size: found.size,
        received_at: found.received_at,
        flags: Flags::default(),
        blob: None,
        summary: Summary::default(),
    };
    tx.put_message(&row)
}

/// Replaces the window of a mailbox whose UIDs lost their meaning. `same` names, by new UID, the
/// messages that are the same mail; every other one is gone. `late` are the UIDs of what arrived
/// since. Returns how many are gone.
pub fn replan(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    server: ServerState,
    window: &[Candidate],
    old: &[MessageId],
    same: &BTreeMap<u32, MessageId>,
    late: &BTreeSet<u32>,
) -> Result<u64, StoreError> {
    let Some(found) = tx.mailbox(mailbox)? else { return Ok(0) };
    tx.clear_troubles(found.account, mailbox)?;
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
            tx.put_message(&message)?;
        } else if late.contains(&candidate.uid) {
            put_planned(tx, &found, candidate, Stage::Arriving)?;
        }
    }
    plan(tx, mailbox, server, window)?;
    doubt(tx, mailbox)?;
    Ok(removed)
}

/// Gives messages that arrived their rows and moves the mailbox's UIDNEXT past them, in one step.
pub fn expect(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    uidvalidity: u32,
    uids: &[u32],
    next: u32,
) -> Result<(), StoreError> {
    if !is_current(tx, mailbox, uidvalidity)? {
        return Ok(());
    }
    let Some(mut mailbox) = tx.mailbox(mailbox)? else {
        return Ok(());
    };
    for uid in uids {
        let found = Candidate { uid: *uid, size: 0, received_at: tx.now() };
        put_planned(tx, &mailbox, &found, Stage::Arriving)?;
    }
    if let Some(server) = &mut mailbox.server
        && next > server.uidnext
    {
        server.uidnext = next;
        tx.put_mailbox(&mailbox)?;
    }
    Ok(())
}

/// Fills rows with what was fetched, and tells of those that arrived; what the first sync planned is
/// not new. Returns how many arrived.
pub fn fill(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    uidvalidity: u32,
    batch: &[Arrived],
) -> Result<u64, StoreError> {
    if !is_current(tx, mailbox, uidvalidity)? {
        return Ok(0);
    }
    let Some(mailbox) = tx.mailbox(mailbox)? else {
        return Ok(0);
    };
    let mut fresh = 0;
    for arrived in batch {
        let Some(known) = tx.message_at(mailbox.id, arrived.uid)? else { continue };
        let is_new = known.stage == Stage::Arriving;
        // what is sent to oneself lies in the INBOX too, and is sent all the same
        let is_sent = mailbox.role == Some(Role::Sent);
        let is_told = is_new && (is_sent || !was_elsewhere(tx, &mailbox, &arrived.summary)?);
        let stored = store(tx, known, arrived)?;
        tx.clear_trouble(mailbox.account, mailbox.id, Some(arrived.uid))?;
        fresh += u64::from(is_new);
        if is_told {
            tell(tx, &mailbox, &stored)?;
        }
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
    let is_bare = matches!(row.stage, Stage::Planned | Stage::Arriving);
    if let Some(bytes) = &arrived.bytes {
        row.blob = Some(tx.put_blob(bytes)?);
        row.stage = Stage::Whole;
        // what came, whatever the server says of it
        row.size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    } else {
        row.size = arrived.size.max(row.size);
        if is_bare {
            row.stage = Stage::Summary;
        }
    }
    if let Some(flags) = &arrived.flags {
        row.flags = flags.clone();
    }
    if let Some(received_at) = arrived.received_at {
        row.received_at = received_at;
    } else if is_bare && let Some(sent_at) = arrived.summary.sent_at {
        // the server has no date that can be read: nothing was received after now
        row.received_at = sent_at.min(tx.now());
    }
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

/// One more try of a mailbox, or of the message with this UID in it, has failed.
pub fn set_aside(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    uid: Option<u32>,
    failure: &Failure,
) -> Result<(), StoreError> {
    let Some(mailbox) = tx.mailbox(mailbox)? else { return Ok(()) };
    if let Some(uid) = uid
        && tx.message_at(mailbox.id, uid)?.is_none()
    {
        return Ok(());
    }
    let kind = if uid.is_some() { Kind::Message } else { Kind::Mailbox };
    let old = tx.trouble(mailbox.account, mailbox.id, uid)?;
    let trouble = Trouble::again(old.as_ref(), kind, failure, tx.now());
    tx.put_trouble(mailbox.account, mailbox.id, uid, &trouble)
}

/// Everything of an account that is set aside is due now.
pub fn hurry(tx: &mut Txn<'_>, account: AccountId) -> Result<(), StoreError> {
    let troubles = tx.troubles(account)?;
    let mailboxes = troubles.mailboxes.into_iter().map(|(mailbox, it)| (mailbox, None, it));
    let messages = troubles.messages.into_iter().map(|((box_, uid), it)| (box_, Some(uid), it));
    for (mailbox, uid, trouble) in mailboxes.chain(messages) {
        let trouble = Trouble { next: tx.now(), ..trouble };
        tx.put_trouble(account, mailbox, uid, &trouble)?;
    }
    Ok(())
}

/// What an earlier version set aside for ever is wanted again.
pub fn revive(tx: &mut Txn<'_>, old: &[MessageId]) -> Result<(), StoreError> {
    for id in old {
        if let Some(mut message) = tx.message(*id)? {
            let has_headers = message.thread.is_some();
            message.stage = if has_headers { Stage::Summary } else { Stage::Planned };
            tx.put_message(&message)?;
        }
    }
    Ok(())
}

/// The counts of a mailbox are not believed until its UIDs were compared.
pub fn doubt(tx: &mut Txn<'_>, mailbox: MailboxId) -> Result<(), StoreError> {
    match tx.proof(mailbox)? {
        Some(proof) if !proof.doubted => tx.put_proof(mailbox, &Proof { doubted: true, ..proof }),
        _ => Ok(()),
    }
}

/// The counts of no mailbox of an account are believed until its UIDs were compared.
pub fn doubt_all(tx: &mut Txn<'_>, account: AccountId) -> Result<(), StoreError> {
    tx.mailboxes(account)?.iter().try_for_each(|mailbox| doubt(tx, mailbox.id))
}

/// What a comparison of the UIDs found: rows for what is missing, none for what is gone.
pub fn mend(
    tx: &mut Txn<'_>,
    mailbox: MailboxId,
    missing: &[u32],
    stage: Stage,
    gone: &[MessageId],
    proof: &Proof,
) -> Result<u64, StoreError> {
    let Some(found) = tx.mailbox(mailbox)? else { return Ok(0) };
    for uid in missing {
        let candidate = Candidate { uid: *uid, size: 0, received_at: tx.now() };
        put_planned(tx, &found, &candidate, stage)?;
    }
    tx.put_proof(mailbox, proof)?;
    vanish(tx, gone)
}
