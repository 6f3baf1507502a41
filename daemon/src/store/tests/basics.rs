//! What is put is read back, in every index.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::event::{EventKind, ObjectKind, Severity};
use chapar_engine::id::{AccountId, IdentityId, SubmissionId, ThreadId};
use chapar_engine::submission::{Delivery, Filing, Phase};

fn memory() -> Store {
    Store::open_on(Arc::new(Memory::default()), true, NOW).unwrap()
}

#[tokio::test]
async fn records_come_back_as_they_were_put() {
    let disk = Memory::default();
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    let blob = store
        .write(NOW, |txn| {
            let blob = txn.put_blob(b"hello you")?;
            txn.put_submission(&submission(1, blob))?;
            txn.put_key("k1", SubmissionId(1), [7; 32])?;
            txn.put_message(&message(1, 5, Stage::Summary))?;
            Ok(blob)
        })
        .await
        .unwrap();
    let instance = store.instance();
    store.close().await;
    assert!(store.read().is_err());
    let store = Store::open_on(Arc::new(disk), true, NOW).unwrap();
    assert_eq!(store.instance(), instance);
    let read = store.read().unwrap();
    assert_eq!(read.accounts().unwrap(), [account(1)]);
    assert_eq!(read.account(AccountId(2)).unwrap(), None);
    assert_eq!(read.identities(None).unwrap(), [identity(1)]);
    assert_eq!(read.mailboxes(AccountId(1)).unwrap(), [mailbox(1, 1)]);
    assert_eq!(read.message(MessageId(1)).unwrap(), Some(message(1, 5, Stage::Summary)));
    assert_eq!(read.submissions(None).unwrap(), [submission(1, blob)]);
    assert_eq!(read.open_submissions(AccountId(1)).unwrap(), [submission(1, blob)]);
    assert_eq!(read.by_key("k1").unwrap(), Some((SubmissionId(1), [7; 32])));
    assert_eq!(store.blob(blob).await.unwrap(), b"hello you");
    let ids = read.by_message_id(AccountId(1), "1@example.org").unwrap();
    assert_eq!(ids, [MessageId(1)]);
}

#[tokio::test]
async fn every_event_comes_back() {
    let store = memory();
    let text = || "text".to_owned();
    let (email, submission, thread) = (MessageId(1), SubmissionId(2), ThreadId(3));
    let reply = text;
    let kinds = vec![
        EventKind::AccountAdded { name: text(), email: text() },
        EventKind::AccountConnected,
        EventKind::AccountAuthExpired { detail: text() },
        EventKind::AccountOffline { detail: text() },
        EventKind::AccountUpdated,
        EventKind::AccountRemoved { name: text(), email: text() },
        EventKind::SyncStarted { initial: true, total: 5 },
        EventKind::SyncProgress { done: 1, total: 5, mailbox: Some(MailboxId(4)) },
        EventKind::SyncCompleted { initial: false, emails: 1, added: 2, removed: 3, flagged: 4 },
        EventKind::SyncFailed { detail: text() },
        EventKind::EmailReceived {
            email,
            thread,
            mailbox: MailboxId(4),
            from: message(1, 1, Stage::Whole).summary.from,
            subject: text(),
            preview: text(),
        },
        EventKind::EmailSent { email, thread, submission: Some(submission) },
        EventKind::EmailReplied { email, submission },
        EventKind::SubmissionQueued { submission },
        EventKind::SubmissionAccepted { submission, reply: reply() },
        EventKind::SubmissionDeferred { submission, reply: reply(), next: Wall(9) },
        EventKind::SubmissionFailed { submission, reply: reply() },
        EventKind::SubmissionUnknown { submission },
        EventKind::SubmissionCanceled { submission },
        EventKind::IdentityUpdated { identity: IdentityId(1) },
        EventKind::StateChanged { types: vec![ObjectKind::Email, ObjectKind::EmailSubmission] },
        EventKind::HealthChanged { code: text(), severity: Severity::Warning, title: text() },
        EventKind::DaemonStopping { reason: text() },
    ];
    let mut head = store.head();
    let put = kinds.clone();
    store
        .write(NOW, move |txn| {
            put.iter().try_for_each(|kind| txn.append(None, kind.clone()).map(|_| ()))
        })
        .await
        .unwrap();
    assert_eq!(head.borrow_and_update().0, kinds.len() as u64);
    let events = store.read().unwrap().events(Seq(0), 1000).unwrap();
    assert_eq!(events.iter().map(|event| event.kind.clone()).collect::<Vec<_>>(), kinds);
    assert!(events.iter().zip(1..).all(|(event, place)| event.seq == Seq(place)));
    assert_eq!(store.read().unwrap().events(Seq(21), 1).unwrap().len(), 1);
}

#[tokio::test]
async fn stages_move_through_every_index() {
    let store = memory();
    furnish(&store).await;
    for uid in 1..=5 {
        put(&store, message(u64::from(uid), uid, Stage::Planned)).await;
    }
    let next = |store: &Store, stage| -> Vec<u32> {
        let rows = store.read().unwrap().next_at_stage(MailboxId(1), stage, 1004, 3).unwrap();
        rows.iter().map(|row| row.uid).collect()
    };
    assert_eq!(next(&store, Stage::Planned), [4, 3, 2]);
    let read = store.read().unwrap();
    assert_eq!(read.query(&MessageFilter::default(), 0, 10).unwrap(), (vec![], 0));
    let counts = read.counts(MailboxId(1)).unwrap();
    assert_eq!((counts.planned, counts.missing_bytes, counts.unseen), (5, 5015, 0));
    let mut unseen = message(4, 4, Stage::Summary);
    unseen.flags = ["$Work"].into_iter().collect();
    put(&store, unseen).await;
    put(&store, message(3, 3, Stage::Whole)).await;
    assert_eq!(next(&store, Stage::Planned), [2, 1]);
    assert_eq!(next(&store, Stage::Summary), [4]);
    let read = store.read().unwrap();
    let counts = read.counts(MailboxId(1)).unwrap();
    assert_eq!((counts.planned, counts.summary, counts.whole, counts.unseen), (3, 1, 1, 1));
    let ids = read.query(&MessageFilter::default(), 0, 10).unwrap();
    assert_eq!(ids, (vec![MessageId(4), MessageId(3)], 2));
    assert_eq!(read.thread(ThreadId(3)).unwrap(), [MessageId(3)]);
    assert_eq!(read.uids(MailboxId(1)).unwrap().len(), 5);
    store.write(NOW, |txn| txn.delete_mailbox(MailboxId(1))).await.unwrap();
    let read = store.read().unwrap();
    assert_eq!(read.query(&MessageFilter::default(), 0, 10).unwrap(), (vec![], 0));
    assert_eq!(read.counts(MailboxId(1)).unwrap(), Counts::default());
    assert_eq!(read.by_message_id(AccountId(1), "3@example.org").unwrap(), []);
}

#[tokio::test]
async fn filters_choose_and_pages_follow() {
    let store = memory();
    furnish(&store).await;
    for uid in 1..=30 {
        let mut message = message(u64::from(uid), uid, Stage::Summary);
        if uid % 3 == 0 {
            message.flags = ["$Other"].into_iter().collect();
        }
        put(&store, message).await;
    }
    let read = store.read().unwrap();
    let query = |filter: &MessageFilter, position, limit| {
        let (ids, total) = read.query(filter, position, limit).unwrap();
        (ids.iter().map(|id| id.0).collect::<Vec<_>>(), total)
    };
    let any = MessageFilter::default();
    assert_eq!(query(&any, 0, 3), (vec![30, 29, 28], 30));
    assert_eq!(query(&any, 28, 5), (vec![2, 1], 30));
    assert_eq!(query(&any, 99, 5), (vec![], 30));
    let subject = MessageFilter { subject: Some("über 2".into()), ..any.clone() };
    assert_eq!(query(&subject, 1, 2), (vec![28, 27], 11));
    let flagged = MessageFilter { has_flag: Some("$other".into()), ..any.clone() };
    assert_eq!(query(&flagged, 0, 2), (vec![30, 27], 10));
    let seen = MessageFilter { not_flag: Some("\\Seen".into()), ..any.clone() };
    assert_eq!(query(&seen, 0, 1), (vec![30], 10));
    let time = MessageFilter {
        after: Some(Wall(10_000)),
        before: Some(Wall(13_000)),
        account: Some(AccountId(1)),
        ..any.clone()
    };
    assert_eq!(query(&time, 0, 9), (vec![12, 11, 10], 3));
    let never = MessageFilter { after: Some(Wall(9)), before: Some(Wall(3)), ..any.clone() };
    assert_eq!(query(&never, 0, 9), (vec![], 0));
    let elsewhere = MessageFilter { mailbox: Some(MailboxId(2)), ..any.clone() };
    assert_eq!(query(&elsewhere, 0, 9), (vec![], 0));
    let one = MessageFilter { message_id: Some("7@example.org".into()), ..any.clone() };
    assert_eq!(query(&one, 0, 9), (vec![7], 1));
    let from = MessageFilter { from: Some("BOB@".into()), to: Some("ada".into()), ..any };
    assert_eq!(query(&from, 0, 1), (vec![30], 30));
}

#[tokio::test]
async fn changes_are_folded_and_never_split() {
    let store = memory();
    furnish(&store).await;
    let state =
        |store: &Store| store.read().unwrap().state(AccountId(1), ObjectKind::Email).unwrap();
    let changes = |store: &Store, since, limit| {
        store.read().unwrap().changes(AccountId(1), ObjectKind::Email, since, limit).unwrap()
    };
    put(&store, message(9, 9, Stage::Planned)).await;
    assert_eq!(state(&store), Seq(0), "a message that is not shown is no change");
    let start = store.read().unwrap().journal_range().unwrap().1;
    for uid in 1..=3 {
        put(&store, message(u64::from(uid), uid, Stage::Summary)).await;
    }
    let middle = state(&store);
    put(&store, message(1, 1, Stage::Whole)).await;
    put(&store, message(1, 1, Stage::Whole)).await;
    store.write(NOW, |txn| txn.delete_message(MessageId(2))).await.unwrap();
    let end = state(&store);
    assert_eq!(end, store.read().unwrap().journal_range().unwrap().1);
    let created = |id| (id, Change::Created);
    assert_eq!(changes(&store, start, 9), (vec![created(3), created(1)], end, false));
    let later = (vec![(1, Change::Updated), (2, Change::Destroyed)], end, false);
    assert_eq!(changes(&store, middle, 9), later);
    let (first, reached, more) = changes(&store, middle, 1);
    assert_eq!((first, more), (vec![(1, Change::Updated)], true));
    assert_eq!(changes(&store, reached, 1), (vec![(2, Change::Destroyed)], end, false));
    store
        .write(NOW, |txn| {
            (20..25).try_for_each(|id| {
                txn.put_message(&message(id, u32::try_from(id).unwrap(), Stage::Summary))
            })
        })
        .await
        .unwrap();
    assert_eq!(changes(&store, end, 2).0.len(), 5);
    let read = store.read().unwrap();
    let beyond = read.changes(AccountId(1), ObjectKind::Email, Seq(9999), 1);
    assert_eq!(beyond, Err(StoreError::Missing("state")));
}

#[tokio::test]
async fn threads_form_in_any_order() {
    let store = memory();
    let threads = store
        .write(NOW, |txn| {
            let root = vec!["root".to_owned()];
            let account = AccountId(1);
            Ok([
                txn.assign_thread(account, Some("reply2"), &root, None)?,
                txn.assign_thread(account, Some("reply1"), &root, None)?,
                txn.assign_thread(account, Some("root"), &[], Some("plan"))?,
                txn.assign_thread(account, Some("alone"), &[], Some("plan"))?,
                txn.assign_thread(account, Some("other"), &[], None)?,
                txn.assign_thread(AccountId(2), Some("root"), &[], None)?,
            ])
        })
        .await
        .unwrap();
    let first = threads[0];
    assert!(threads[..4].iter().all(|thread| *thread == first));
    assert!(threads[4] != first && threads[5] != first && threads[4] != threads[5]);
}

#[tokio::test]
async fn equal_blobs_lie_once_and_dead_ones_are_collected() {
    let disk = Memory::default();
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    let noise = |seed: u64| -> Vec<u8> {
        let mut bytes = vec![0; 50_000];
        blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    for id in 1..=6_u32 {
        let bytes = noise(u64::from(id % 5));
        store
            .write(NOW, move |txn| {
                let blob = Some(txn.put_blob(&bytes)?);
                let whole = message(u64::from(id), id, Stage::Whole);
                txn.put_message(&chapar_engine::message::Message { blob, ..whole })
            })
            .await
            .unwrap();
    }
    let packed = |disk: &Memory| -> usize {
        disk.0.lock().unwrap().packs.values().map(|file| file.now.len()).sum()
    };
    let full = packed(&disk);
    assert!((250_000..260_000).contains(&full), "five blobs, not six: {full}");
    assert_eq!(store.collect().await.unwrap(), 0);
    for id in 2..=5 {
        store.write(NOW, move |txn| txn.delete_message(MessageId(id))).await.unwrap();
    }
    assert!(store.collect().await.unwrap() > 190_000);
    assert!(packed(&disk) < 60_000);
    let kept = BlobId(*blake3::hash(&noise(1)).as_bytes());
    assert_eq!(store.blob(kept).await.unwrap(), noise(1));
    let gone = BlobId(*blake3::hash(&noise(2)).as_bytes());
    assert_eq!(store.blob(gone).await, Err(StoreError::Missing("blob")));
    store.write(NOW, |txn| txn.delete_message(MessageId(1))).await.unwrap();
    assert_eq!(store.blob(kept).await.unwrap(), noise(1), "message 6 has it too");
    store.close().await;
    let store = Store::open_on(Arc::new(disk), true, NOW).unwrap();
    assert_eq!(store.blob(kept).await.unwrap(), noise(1));
}

#[tokio::test]
async fn an_account_takes_everything_with_it() {
    let store = memory();
    furnish(&store).await;
    store
        .write(NOW, |txn| {
            let blob = txn.put_blob(b"secret plan")?;
            let whole = message(1, 1, Stage::Whole);
            txn.put_message(&chapar_engine::message::Message { blob: Some(blob), ..whole })?;
            txn.put_submission(&submission(1, blob))?;
            txn.put_key("k1", SubmissionId(1), [0; 32])?;
            let kind = EventKind::EmailReceived {
                email: MessageId(1),
                thread: ThreadId(1),
                mailbox: MailboxId(1),
                from: vec![],
                subject: "secret".into(),
                preview: "plan".into(),
            };
            txn.append(Some(AccountId(1)), kind).map(|_| ())
        })
        .await
        .unwrap();
    store.write(NOW, |txn| txn.delete_account(AccountId(1))).await.unwrap();
    let read = store.read().unwrap();
    assert!(read.accounts().unwrap().is_empty() && read.identities(None).unwrap().is_empty());
    assert!(read.submissions(None).unwrap().is_empty() && read.by_key("k1").unwrap().is_none());
    assert_eq!(read.query(&MessageFilter::default(), 0, 9).unwrap(), (vec![], 0));
    let events = read.events(Seq(0), 99).unwrap();
    assert!(!format!("{events:?}").contains("secret"));
    let blob = BlobId(*blake3::hash(b"secret plan").as_bytes());
    assert!(store.collect().await.unwrap() > 0);
    assert_eq!(store.blob(blob).await, Err(StoreError::Missing("blob")));
    let gone = store.write(NOW, |txn| txn.delete_account(AccountId(1))).await;
    assert_eq!(gone, Err(StoreError::Missing("account")));
}

/// The keys of what was forgotten outlive it by their own time only, and never their account.
#[tokio::test]
async fn forgotten_keys_stay_for_a_week() {
    let store = memory();
    furnish(&store).await;
    let put = |id: u64, key: &'static str, at: Wall| {
        store.write(at, move |txn| {
            let blob = txn.put_blob(b"bytes")?;
            let (phase, filing) = (Phase::Canceled, Filing::Pending);
            let base = submission(id, blob);
            let key_of = Some(key.to_owned());
            txn.put_submission(&chapar_engine::submission::Submission {
                phase,
                filing,
                created_at: at,
                key: key_of,
                ..base
            })?;
            txn.put_key(key, SubmissionId(id), [7; 32])
        })
    };
    let known = |key: &str| store.read().unwrap().by_key(key).unwrap();
    let day = |days: i64| Wall(NOW.0 + days * 86_400_000);
    put(1, "old", day(-8)).await.unwrap();
    put(2, "young", day(-6)).await.unwrap();
    store.write(NOW, |txn| txn.forget_mail(AccountId(1))).await.unwrap();
    assert!(store.read().unwrap().submissions(None).unwrap().is_empty());
    assert_eq!(known("old"), None);
    assert_eq!(known("young"), Some((SubmissionId(2), [7; 32])));
    assert_eq!(store.read().unwrap().account(AccountId(1)).unwrap().unwrap().first_synced_at, None);

    put(3, "next", day(1)).await.unwrap();
    assert!(known("young").is_some(), "a week is not over: {:?}", known("young"));
    put(4, "last", day(2)).await.unwrap();
    assert_eq!(known("young"), None);
    store.write(day(3), |txn| txn.forget_mail(AccountId(1))).await.unwrap();
    assert!(known("next").is_some() && known("last").is_some());
    store.write(day(3), |txn| txn.delete_account(AccountId(1))).await.unwrap();
    assert_eq!((known("next"), known("last")), (None, None));
}

#[tokio::test]
async fn submissions_leave_the_open_list_when_final() {
    let store = memory();
    furnish(&store).await;
    let put = |phase, filing| {
        store.write(NOW, move |txn| {
            let blob = txn.put_blob(b"bytes")?;
            let base = submission(1, blob);
            let now = chapar_engine::submission::Submission { phase, filing, ..base };
            txn.put_submission(&now)
        })
    };
    let open = || store.read().unwrap().open_submissions(AccountId(1)).unwrap().len();
    put(Phase::Sending, Filing::Pending).await.unwrap();
    assert_eq!(open(), 1);
    put(Phase::Sent, Filing::Wanted { next: NOW, tries: 0 }).await.unwrap();
    assert_eq!(open(), 1);
    put(Phase::Sent, Filing::Filed).await.unwrap();
    assert_eq!(open(), 0);
    put(Phase::Failed, Filing::Pending).await.unwrap();
    assert_eq!(open(), 0);
}

#[tokio::test]
async fn a_second_message_at_a_uid_is_a_conflict() {
    let store = memory();
    furnish(&store).await;
    put(&store, message(1, 1, Stage::Planned)).await;
    let clash = store.write(NOW, |txn| txn.put_message(&message(2, 1, Stage::Planned))).await;
    assert!(matches!(clash, Err(StoreError::Conflict(_))));
    let named = store
        .write(NOW, |txn| {
            let mut other = account(2);
            other.name = "work1".into();
            txn.put_account(&other)
        })
        .await;
    assert!(matches!(named, Err(StoreError::Conflict(_))));
}

#[tokio::test]
async fn old_events_are_forgotten_in_steps_and_never_young_ones() {
    let store = memory();
    let fill = |now, count: u64| {
        store.write(now, move |txn| {
            (0..count).try_for_each(|_| txn.append(None, EventKind::AccountConnected).map(|_| ()))
        })
    };
    fill(NOW, limits::JOURNAL_EVENTS + 100).await.unwrap();
    fill(NOW, 1).await.unwrap();
    let range = || store.read().unwrap().journal_range().unwrap();
    assert_eq!(range().0, Seq(1), "beyond the count, but young");
    let later = Wall(NOW.0 + limits::JOURNAL_MS + 1);
    fill(later, 1).await.unwrap();
    assert_eq!(range().0, Seq(limits::PRUNE_STEP as u64 + 1));
    for _ in 0..5 {
        fill(later, 1).await.unwrap();
    }
    assert!(range().1.0 - range().0.0 <= limits::JOURNAL_EVENTS);
    assert!(range().1.0 - range().0.0 + 1 >= limits::JOURNAL_EVENTS);
    let read = store.read().unwrap();
    assert_eq!(read.events(Seq(1), 1), Err(StoreError::Missing("event")));
    let first = Seq(range().0.0 - 1);
    assert_eq!(read.events(first, 1).unwrap()[0].seq, range().0);
}

/// Finished submissions pile up for a month, and `status` is asked again and again: their records
/// are not read for it. Here every one of them is rotten, which only a reader of it would notice.
#[tokio::test]
async fn the_outbox_is_counted_without_reading_what_is_finished() {
    use super::tables::{Key, Table};
    let store = memory();
    furnish(&store).await;
    let later = Wall(NOW.0 + 1);
    let queued = |send_at, attempts| (Phase::Queued { next: send_at }, send_at, attempts);
    let mut wanted = vec![
        queued(later, 0),
        queued(later, 1),
        queued(NOW, 0),
        (Phase::Sending, NOW, 1),
        (Phase::DotPending, NOW, 1),
        (Phase::Unknown, NOW, 1),
    ];
    let open = wanted.len() as u64;
    wanted.extend([(Phase::Failed, NOW, 1); 3]);
    wanted.extend([(Phase::Sent, NOW, 1); 40]);
    wanted.extend([(Phase::Canceled, NOW, 0); 2]);
    let last = wanted.len() as u64;
    let expected = OutboxCounts { scheduled: 1, waiting: 2, sending: 2, unknown: 1, failed: 3 };
    store
        .write(NOW, move |txn| {
            let blob = txn.put_blob(b"x")?;
            for (id, (phase, send_at, attempts)) in (1..).zip(&wanted) {
                let mut submission = submission(id, blob);
                (submission.phase, submission.send_at) = (*phase, *send_at);
                (submission.attempts, submission.filing) = (*attempts, Filing::Skipped);
                submission.key = None;
                if *phase != Phase::Unknown {
                    submission.recipients.retain(|it| it.delivery != Delivery::Unknown);
                    submission.search = None;
                }
                txn.put_submission(&submission)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(store.read().unwrap().outbox_counts(NOW).unwrap(), expected);
    // the index of the failed ones can be made from the records
    store
        .write(NOW, |txn| txn.remove_prefix(Table::FailedSubmissions, &Key::default()))
        .await
        .unwrap();
    assert_eq!(store.read().unwrap().outbox_counts(NOW).unwrap().failed, 0);
    let again = |txn: &mut Txn<'_>| {
        txn.index_all_failed()?;
        Ok(())
    };
    store.write(NOW, again).await.unwrap();
    let rot = move |txn: &mut Txn<'_>| {
        (open + 1..=last).try_for_each(|id| txn.set(Table::Submissions, &Key::of(id), b"rot"))
    };
    store.write(NOW, rot).await.unwrap();
    let read = store.read().unwrap();
    assert!(read.submissions(None).is_err(), "they are rotten");
    assert_eq!(read.outbox_counts(NOW).unwrap(), expected);
}
