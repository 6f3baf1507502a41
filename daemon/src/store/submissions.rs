//! The outbox and its idempotency keys.

use super::codec::KeyRow;
use super::limits::{KEPT_KEY_MS, SUBMISSION_MS, SUBMISSION_STEP};
use super::source::{NEXT, Order, STOP, Snapshot, Source};
use super::tables::{Key, Parts, Table};
use super::{Change, StoreError, Txn};
use chapar_engine::event::ObjectKind;
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::submission::{Filing, Phase, Submission};
use chapar_engine::time::Wall;

/// Whether anything is still to be done about it.
pub(super) fn is_open(submission: &Submission) -> bool {
    match submission.phase {
        Phase::Sent => matches!(submission.filing, Filing::Pending | Filing::Wanted { .. }),
        Phase::Failed | Phase::Canceled => matches!(submission.filing, Filing::Wanted { .. }),
        Phase::Queued { .. } | Phase::Sending | Phase::DotPending | Phase::Unknown => true,
    }
}

/// How many submissions stand where, over all accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// For a time that is yet to come.
    pub scheduled: u64,
    /// For their next try.
    pub waiting: u64,
    /// Under way.
    pub sending: u64,
    /// Whether they were sent is not known.
    pub unknown: u64,
    /// Given up, within the retention.
    pub failed: u64,
}

impl OutboxCounts {
    fn add(&mut self, submission: &Submission, now: Wall) {
        // apart from the phase: others of its recipients may wait
        self.unknown += u64::from(submission.has_unknown());
        match submission.phase {
            Phase::Queued { .. } if submission.attempts == 0 && submission.send_at > now => {
                self.scheduled += 1;
            }
            Phase::Queued { .. } => self.waiting += 1,
            Phase::Sending | Phase::DotPending => self.sending += 1,
            Phase::Unknown | Phase::Failed | Phase::Sent | Phase::Canceled => {}
        }
    }
}

/// The submissions that the index of open ones names, of one account or of all, oldest first.
fn open_ones(source: &impl Source, prefix: &Key) -> Result<Vec<Submission>, StoreError> {
    let mut open = Vec::new();
    for key in source.keys(Table::OpenSubmissions, prefix)? {
        let mut parts = Parts(&key);
        let Some(id) = parts.skip(8).and_then(|()| parts.u64()) else {
            continue;
        };
        let key = Key::of(id);
        let missing = || source.damaged(Table::Submissions, key.bytes(), "it is missing");
        open.push(source.record(Table::Submissions, &key)?.ok_or_else(missing)?);
    }
    Ok(open)
}

/// Whether somebody may still be sent it, or may have been without our knowing.
fn is_unsent(submission: &Submission) -> bool {
    let is_settled = matches!(submission.phase, Phase::Sent | Phase::Failed | Phase::Canceled);
    !is_settled || submission.has_unknown()
}

fn unsent(source: &impl Source, account: AccountId) -> Result<u64, StoreError> {
    let open = open_ones(source, &Key::of(account.0))?;
    Ok(open.iter().filter(|submission| is_unsent(submission)).count() as u64)
}

fn key_of(key: &str) -> Key {
    Key::default().name(OF_KEY).text(key)
}

/// What the keys table's rows begin with: idempotency keys, and those of forgotten submissions.
const OF_KEY: &str = "k";
const OF_FORGOTTEN: &str = "f";

/// The keys of an account's forgotten submissions, oldest first.
fn forgotten_of(account: AccountId) -> Key {
    Key::default().name(OF_FORGOTTEN).u64(account.0)
}

fn by_key(source: &impl Source, key: &str) -> Result<Option<(SubmissionId, [u8; 32])>, StoreError> {
    let row: Option<KeyRow> = source.record(Table::Keys, &key_of(key))?;
    Ok(row.map(|row| (SubmissionId(row.submission), row.fingerprint)))
}

impl Snapshot {
    /// One submission.
    pub fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        self.guarded(|it| it.record(Table::Submissions, &Key::of(id.0)))
    }

    /// Submissions, newest first; final ones older than the retention are gone.
    pub fn submissions(&self, account: Option<AccountId>) -> Result<Vec<Submission>, StoreError> {
        self.guarded(|it| {
            let mut all: Vec<Submission> = it.records(Table::Submissions, &Key::default())?;
            all.retain(|submission| account.is_none_or(|account| submission.account == account));
            all.reverse();
            Ok(all)
        })
    }

    /// Submissions of the account that are not final (or whose filing is not), oldest first.
    pub fn open_submissions(&self, account: AccountId) -> Result<Vec<Submission>, StoreError> {
        self.guarded(|it| open_ones(it, &Key::of(account.0)))
    }

    /// How many submissions of the account may still be sent, or may have been without our knowing;
    /// what was sent and only waits for its copy in Sent is none.
    pub fn unsent_submissions(&self, account: AccountId) -> Result<u64, StoreError> {
        self.guarded(|it| unsent(it, account))
    }

    /// How many submissions stand where at `now`. Reads the open ones only, however many were sent.
    pub fn outbox_counts(&self, now: Wall) -> Result<OutboxCounts, StoreError> {
        self.guarded(|it| {
            let mut counts = OutboxCounts::default();
            for submission in open_ones(it, &Key::default())? {
                counts.add(&submission, now);
            }
            it.scan_prefix(Table::FailedSubmissions, &Key::default(), Order::Up, &mut |_, _| {
                counts.failed += 1;
                NEXT
            })?;
            Ok(counts)
        })
    }

    /// The submission accepted under this idempotency key, with the fingerprint of its request.
    pub fn by_key(&self, key: &str) -> Result<Option<(SubmissionId, [u8; 32])>, StoreError> {
        self.guarded(|it| by_key(it, key))
    }
}

impl Txn<'_> {
    /// As [`Snapshot::open_submissions`], seen inside the transaction.
    pub fn open_submissions(&self, account: AccountId) -> Result<Vec<Submission>, StoreError> {
        open_ones(self, &Key::of(account.0))
    }

    /// As [`Snapshot::unsent_submissions`], seen inside the transaction.
    pub fn unsent_submissions(&self, account: AccountId) -> Result<u64, StoreError> {
        unsent(self, account)
    }

    /// Inserts or replaces.
    pub fn put_submission(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let old = self.submission(submission.id)?;
        if old.as_ref() == Some(submission) {
            return Ok(());
        }
        let before = old.as_ref().map(|old| old.blob);
        if before != Some(submission.blob) {
            self.refer(submission.blob)?;
            if let Some(blob) = before {
                self.release(blob)?;
            }
        }
        if old.is_none() {
            self.frozen.push(submission.blob);
        }
        self.put(Table::Submissions, &Key::of(submission.id.0), submission)?;
        self.index_submission(submission)?;
        let change = if old.is_some() { Change::Updated } else { Change::Created };
        self.touch(submission.account, ObjectKind::EmailSubmission, submission.id.0, change);
        if old.is_some() {
            return Ok(());
        }
        self.forget_keys(submission.account, self.kept_since())?;
        self.forget_submissions()
    }

    /// Keeps every index of submissions.
    pub(super) fn index_submission(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let key = Key::of(submission.id.0);
        let by_id = Key::of(submission.account.0).text(&submission.message_id);
        self.set(Table::SubmissionIds, &by_id, key.bytes())?;
        let open = Key::of(submission.account.0).u64(submission.id.0);
        if is_open(submission) {
            self.set(Table::OpenSubmissions, &open, &[])?;
        } else {
            self.remove(Table::OpenSubmissions, open.bytes())?;
        }
        self.index_failed(submission)
    }

    /// Keeps the index of the failed ones.
    fn index_failed(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let key = Key::of(submission.id.0);
        if submission.phase == Phase::Failed {
            self.set(Table::FailedSubmissions, &key, &[])
        } else {
            self.remove(Table::FailedSubmissions, key.bytes())
        }
    }

    /// Makes the index of the failed ones for a store that had none; a damaged record has no place
    /// in it.
    pub(super) fn index_all_failed(&mut self) -> Result<(), StoreError> {
        let mut all: Vec<Submission> = Vec::new();
        self.scan_prefix(Table::Submissions, &Key::default(), Order::Up, &mut |key, bytes| {
            all.extend(self.open(Table::Submissions, key, bytes).ok());
            NEXT
        })?;
        all.iter().try_for_each(|submission| self.index_failed(submission))
    }

    /// One submission.
    pub fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        self.record(Table::Submissions, &Key::of(id.0))
    }

    /// The submission with this Message-ID in the account.
    pub fn submission_by_message_id(
        &self,
        account: AccountId,
        message_id: &str,
    ) -> Result<Option<SubmissionId>, StoreError> {
        let key = Key::of(account.0).text(message_id);
        let value = self.get(Table::SubmissionIds, key.bytes())?;
        Ok(value.and_then(|bytes| Parts(&bytes).u64()).map(SubmissionId))
    }

    /// Remembers an idempotency key with the fingerprint of its request, as long as the submission,
    /// and 7 days from its acceptance at least.
    pub fn put_key(
        &mut self,
        key: &str,
        submission: SubmissionId,
        fingerprint: [u8; 32],
    ) -> Result<(), StoreError> {
        let row = KeyRow { submission: submission.0, fingerprint };
        self.put(Table::Keys, &key_of(key), &row)
    }

    /// Looks an idempotency key up.
    pub fn by_key(&self, key: &str) -> Result<Option<(SubmissionId, [u8; 32])>, StoreError> {
        by_key(self, key)
    }

    fn delete_submission(&mut self, submission: &Submission) -> Result<(), StoreError> {
        if let Some(key) = &submission.key {
            self.remove(Table::Keys, key_of(key).bytes())?;
        }
        self.delete_all_but_key(submission)
    }

    fn delete_all_but_key(&mut self, submission: &Submission) -> Result<(), StoreError> {
        self.release(submission.blob)?;
        let account = submission.account;
        self.remove(Table::Submissions, Key::of(submission.id.0).bytes())?;
        self.remove(Table::FailedSubmissions, Key::of(submission.id.0).bytes())?;
        let by_id = Key::of(account.0).text(&submission.message_id);
        self.remove(Table::SubmissionIds, by_id.bytes())?;
        self.remove(Table::OpenSubmissions, Key::of(account.0).u64(submission.id.0).bytes())?;
        self.touch(account, ObjectKind::EmailSubmission, submission.id.0, Change::Destroyed);
        Ok(())
    }

    /// Before this, keys of forgotten submissions are forgotten too.
    fn kept_since(&self) -> Wall {
        Wall(self.now.0.saturating_sub(KEPT_KEY_MS))
    }

    /// Deletes it but for its key, when that is young: a client that sends again must not send twice.
    fn forget_submission(&mut self, submission: &Submission) -> Result<(), StoreError> {
        let made = submission.created_at;
        match &submission.key {
            Some(key) if made >= self.kept_since() => {
                let kept = forgotten_of(submission.account).wall(made).text(key);
                self.set(Table::Keys, &kept, &[])?;
                self.delete_all_but_key(submission)
            }
            _ => self.delete_submission(submission),
        }
    }

    /// Deletes what is kept of the keys of an account's forgotten submissions from before a time.
    fn forget_keys(&mut self, account: AccountId, before: Wall) -> Result<(), StoreError> {
        let (all, end) = (forgotten_of(account), forgotten_of(account).wall(before));
        let mut gone = Vec::new();
        self.scan_prefix(Table::Keys, &all, Order::Up, &mut |key, _| {
            if key >= end.bytes() {
                return STOP;
            }
            gone.push(key.to_vec());
            NEXT
        })?;
        for kept in gone {
            if let Some(hash) = kept.get(end.bytes().len()..) {
                self.remove(Table::Keys, &[OF_KEY.as_bytes(), hash].concat())?;
            }
            self.remove(Table::Keys, &kept)?;
        }
        Ok(())
    }

    /// Deletes the submissions of an account that nothing is left to do for; keys stay a while.
    pub(super) fn delete_finished_submissions_of(
        &mut self,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let mut found: Vec<Submission> = Vec::new();
        self.scan_prefix(Table::Submissions, &Key::default(), Order::Up, &mut |key, bytes| {
            let read = self.open::<Submission>(Table::Submissions, key, bytes);
            found.extend(read.ok().filter(|it| it.account == account && !is_open(it)));
            NEXT
        })?;
        found.iter().try_for_each(|submission| self.forget_submission(submission))?;
        self.forget_keys(account, self.kept_since())
    }

    /// Deletes every submission of an account; a damaged one goes too when its index names it.
    pub(super) fn delete_submissions_of(&mut self, account: AccountId) -> Result<(), StoreError> {
        let mut found: Vec<Submission> = Vec::new();
        self.scan_prefix(Table::Submissions, &Key::default(), Order::Up, &mut |key, bytes| {
            let read = self.open::<Submission>(Table::Submissions, key, bytes);
            found.extend(read.ok().filter(|submission| submission.account == account));
            NEXT
        })?;
        for submission in found {
            self.delete_submission(&submission)?;
        }
        self.forget_keys(account, Wall(i64::MAX))?;
        let rest = Key::of(account.0);
        for key in self.keys(Table::OpenSubmissions, &rest)? {
            let mut parts = Parts(&key);
            if let Some(id) = parts.skip(8).and_then(|()| parts.u64()) {
                self.remove(Table::Submissions, Key::of(id).bytes())?;
                self.remove(Table::FailedSubmissions, Key::of(id).bytes())?;
            }
        }
        self.remove_prefix(Table::OpenSubmissions, &rest)?;
        self.remove_prefix(Table::SubmissionIds, &rest)
    }

    /// Forgets a few finished submissions beyond the retention.
    fn forget_submissions(&mut self) -> Result<(), StoreError> {
        let old = self.now.0.saturating_sub(SUBMISSION_MS);
        let mut looked = 0;
        let mut gone = Vec::new();
        self.scan_prefix(Table::Submissions, &Key::default(), Order::Up, &mut |key, bytes| {
            looked += 1;
            let read = self.open::<Submission>(Table::Submissions, key, bytes).ok();
            gone.extend(read.filter(|it| !is_open(it) && it.created_at.0 < old));
            if looked < SUBMISSION_STEP { NEXT } else { STOP }
        })?;
        for submission in gone {
            self.delete_submission(&submission)?;
        }
        Ok(())
    }
}
