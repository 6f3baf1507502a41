//! Accepting a message for sending: compose, freeze, make durable. Accepted means on disk.

mod content;

pub use content::{Content, Lying};

use super::outbox::record;
use crate::store::{Identity, Store, StoreError, Txn};
use crate::world::World;
use chapar_engine::address::{Address, as_sent};
use chapar_engine::compose::{Bytes as _, Draft, DraftError, Frozen};
use chapar_engine::event::EventKind;
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::submission::{Delivery, Filing, Phase, Recipient, Resolution, Submission};
use chapar_engine::time::Wall;
use content::{Sealed, seal};
use std::fmt::Write as _;

/// Why a message was not accepted for sending, or a submission not changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SubmitError {
    #[error("there is no such {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Draft(#[from] DraftError),
    #[error("the idempotency key was used for another message: use a new key")]
    KeyMismatch,
    #[error("{0}")]
    TooLate(String),
    #[error("an attachment could not be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(what) => Self::Missing(what),
            StoreError::Conflict(reason) if reason == KEY_MISMATCH => Self::KeyMismatch,
            StoreError::Conflict(reason) => Self::TooLate(reason),
            other => Self::Store(other),
        }
    }
}

const KEY_MISMATCH: &str = "idempotency key";

/// Accepts `draft`. With a `key` that was used for the same draft, returns the first submission
/// and `true`.
pub async fn accept(
    world: &World,
    store: &Store,
    draft: Draft<Content>,
    send_at: Option<Wall>,
    key: Option<String>,
) -> Result<(SubmissionId, bool), SubmitError> {
    let (draft, print) = aside(draft, move |draft| fingerprint(draft, send_at)).await?;
    if let Some(found) = known(store, key.as_deref(), print)? {
        return Ok((found, true));
    }
    let identity = identity(store, &draft)?;
    let now = world.clock.wall();
    let frozen = Frozen {
        from: Address { name: identity.name.clone(), email: identity.email.clone() },
        reply_to: identity.reply_to.clone(),
        bcc: identity.bcc.clone(),
        message_id: message_id(world, store, &identity.email, key.as_deref()),
        date: now,
        seed: world.entropy.number(),
    };
    let packing = store.pack()?;
    let compose = move |draft: &mut Draft<Content>| Ok((seal(draft, &frozen, packing)?, frozen));
    let (draft, (sealed, frozen)) = aside(draft, compose).await?;
    let wanted =
        Wanted { draft, identity, frozen, sealed, send_at: send_at.unwrap_or(now), key, print };
    Ok(store.write(now, move |tx| wanted.put(tx)).await?)
}

/// Drafts of more bytes are worked on where nobody waits for their thread.
const LARGE_BYTES: u64 = 1 << 20;

/// Works on a draft; on a large one aside.
async fn aside<T: Send + 'static>(
    mut draft: Draft<Content>,
    work: impl FnOnce(&mut Draft<Content>) -> Result<T, SubmitError> + Send + 'static,
) -> Result<(Draft<Content>, T), SubmitError> {
    let sizes = draft.attachments.iter().map(|attachment| attachment.bytes.size());
    if sizes.fold(0, u64::saturating_add) < LARGE_BYTES {
        let done = work(&mut draft)?;
        return Ok((draft, done));
    }
    let worked = tokio::task::spawn_blocking(move || {
        let done = work(&mut draft)?;
        Ok((draft, done))
    });
    worked.await.map_err(|_| SubmitError::TooLate("the message could not be composed".into()))?
}

struct Wanted {
    draft: Draft<Content>,
    identity: Identity,
    frozen: Frozen,
    sealed: Sealed,
    send_at: Wall,
    key: Option<String>,
    print: [u8; 32],
}

impl Wanted {
    fn put(&self, tx: &mut Txn<'_>) -> Result<(SubmissionId, bool), StoreError> {
        // Two requests with one key may have come at once; the first one in wins.
        if let Some(key) = &self.key
            && let Some((found, print)) = tx.by_key(key)?
        {
            return same(found, print, self.print).map(|found| (found, true));
        }
        let submission = self.submission(tx)?;
        tx.put_submission(&submission)?;
        if let Some(key) = &self.key {
            tx.put_key(key, submission.id, self.print)?;
        }
        let kind = EventKind::SubmissionQueued { submission: submission.id };
        tx.append(Some(submission.account), kind)?;
        Ok((submission.id, false))
    }

    fn submission(&self, tx: &mut Txn<'_>) -> Result<Submission, StoreError> {
        let waiting = |email: &String| Recipient {
            email: email.clone(),
            delivery: Delivery::Waiting { reply: None },
        };
        Ok(Submission {
            id: tx.new_submission_id()?,
            account: self.draft.account,
            identity: self.identity.id,
            message_id: self.frozen.message_id.clone(),
            subject: self.draft.subject.clone(),
            from: self.sealed.from.clone(),
            recipients: self.sealed.recipients.iter().map(waiting).collect(),
            blob: tx.put_packed_blob(&self.sealed.packed)?,
            size: self.sealed.packed.size(),
            created_at: tx.now(),
            send_at: self.send_at,
            phase: Phase::Queued { next: self.send_at },
            attempts: 0,
            deferrals: 0,
            tried_since: None,
            search: None,
            losses: 0,
            last_reply: None,
            filing: Filing::Pending,
            key: self.key.clone(),
        })
    }
}

fn known(
    store: &Store,
    key: Option<&str>,
    print: [u8; 32],
) -> Result<Option<SubmissionId>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    match store.read()?.by_key(key)? {
        Some((found, first)) => same(found, first, print).map(Some),
        None => Ok(None),
    }
}

fn same(found: SubmissionId, first: [u8; 32], print: [u8; 32]) -> Result<SubmissionId, StoreError> {
    if first == print { Ok(found) } else { Err(StoreError::Conflict(KEY_MISMATCH.into())) }
}

fn identity(store: &Store, draft: &Draft<Content>) -> Result<Identity, SubmitError> {
    let view = store.read()?;
    if view.account(draft.account)?.is_none() {
        return Err(SubmitError::Missing("account"));
    }
    let mut identities = view.identities(Some(draft.account))?.into_iter();
    identities
        .find(|identity| draft.identity.is_none_or(|wanted| wanted == identity.id))
        .ok_or(SubmitError::Missing("identity"))
}

/// `random@sender-domain`; with an idempotency key, the same one every time, so that a send whose
/// acknowledgement was lost can be found by it.
fn message_id(world: &World, store: &Store, from: &str, key: Option<&str>) -> String {
    let mut random = [0; 16];
    match key {
        None => world.entropy.fill(&mut random),
        Some(key) => {
            let seed = format!("chapar message-id\0{}\0{from}\0{key}", store.instance());
            let hash = blake3::hash(seed.as_bytes());
            random.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
        }
    }
    let from = as_sent(from).unwrap_or_default();
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let local = random.iter().fold(String::new(), |mut text, byte| {
        let _: Result<(), _> = write!(text, "{byte:02x}");
        text
    });
    format!("{local}@{domain}")
}

/// What makes two requests the same: every field, each with its length, so that no two different
/// drafts read alike. Looks at the attachments.
fn fingerprint(draft: &mut Draft<Content>, send_at: Option<Wall>) -> Result<[u8; 32], SubmitError> {
    let mut hash = blake3::Hasher::new();
    let field = |hash: &mut blake3::Hasher, bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    field(&mut hash, &draft.account.0.to_le_bytes());
    field(&mut hash, &draft.identity.map_or(0, |identity| identity.0).to_le_bytes());
    field(&mut hash, &send_at.map_or(i64::MIN, |at| at.0).to_le_bytes());
    for list in [&draft.to, &draft.cc, &draft.bcc, &draft.reply_to] {
        field(&mut hash, &(list.len() as u64).to_le_bytes());
        for address in list {
            field(&mut hash, address.name.as_deref().unwrap_or_default().as_bytes());
            field(&mut hash, address.email.as_bytes());
        }
    }
    field(&mut hash, draft.subject.as_bytes());
    for text in [&draft.text, &draft.html, &draft.in_reply_to] {
        field(&mut hash, &[u8::from(text.is_some())]);
        field(&mut hash, text.as_deref().unwrap_or_default().as_bytes());
    }
    for reference in &draft.references {
        field(&mut hash, reference.as_bytes());
    }
    for attachment in &mut draft.attachments {
        field(&mut hash, attachment.name.as_bytes());
        field(&mut hash, attachment.content_type.as_bytes());
        hash.update(&attachment.bytes.size().to_le_bytes());
        attachment.bytes.look(|piece| {
            hash.update(piece);
        })?;
    }
    Ok(*hash.finalize().as_bytes())
}

/// What a person may ask of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Do not send it, if nothing of it was sent.
    Cancel,
    /// Try it now.
    Retry,
    /// It was sent; stop looking.
    WasSent,
    /// Send it again, though it may have been sent.
    Resend,
}

/// Does what the person wishes with a submission, if its state allows it.
pub async fn wish(
    world: &World,
    store: &Store,
    id: SubmissionId,
    wish: Wish,
) -> Result<AccountId, SubmitError> {
    let changed = store.write(world.clock.wall(), move |tx| {
        let before = tx.submission(id)?.ok_or(StoreError::Missing("submission"))?;
        let mut after = before.clone();
        let now = tx.now();
        match wish {
            Wish::Cancel => after.cancel(now),
            Wish::Retry => after.retry_now(now),
            Wish::WasSent => after.resolve(Resolution::Sent, now),
            Wish::Resend => after.resolve(Resolution::Resend, now),
        }
        .map_err(|refusal| StoreError::Conflict(refusal.to_string()))?;
        record(tx, &before, &after)?;
        Ok(after.account)
    });
    Ok(changed.await?)
}

/// What waits for a retry need not wait any more: what it waited for has changed.
pub async fn hurry(world: &World, store: &Store, account: AccountId) -> Result<(), StoreError> {
    let hurried = store.write(world.clock.wall(), move |tx| {
        let now = tx.now();
        for before in tx.open_submissions(account)? {
            let mut after = before.clone();
            // the others wait for an hour, not for a retry, or do not wait
            if after.awaits_retry() && after.hurry(now).is_ok() {
                record(tx, &before, &after)?;
            }
        }
        Ok(())
    });
    hurried.await
}
