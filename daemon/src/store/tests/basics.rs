//! What is put is read back, in every index.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::event::EventKind;
use chapar_engine::id::{AccountId, SubmissionId, ThreadId};

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
async fn stages_move_through_every_index() {
    let store = memory();
    furnish(&store).await;
    for uid in 1..=5 {
        put(&store, message(u64::from(uid), uid, Stage::Planned)).await;
    }
    let next = |store: &Store, stage| -> Vec<u32> {
        let rows =
            store.read().unwrap().next_at_stage(MailboxId(1), stage, 1004, 3, &|_| false).unwrap();
        rows.iter().map(|row| row.uid).collect()
    };
    assert_eq!(next(&store, Stage::Planned), [4, 3, 2]);
    let read = store.read().unwrap();
    assert_eq!(listed(&store, &MessageFilter::default(), 0, 10), (vec![], 0));
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
    let ids = listed(&store, &MessageFilter::default(), 0, 10);
    assert_eq!(ids, (vec![MessageId(4), MessageId(3)], 2));
    assert_eq!(read.thread(ThreadId(3)).unwrap(), [MessageId(3)]);
    assert_eq!(read.uids(MailboxId(1)).unwrap().len(), 5);
    store.write(NOW, |txn| txn.delete_mailbox(MailboxId(1))).await.unwrap();
    let read = store.read().unwrap();
    assert_eq!(listed(&store, &MessageFilter::default(), 0, 10), (vec![], 0));
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
    let query = |filter: &MessageFilter, position, limit| {
        let (ids, total) = listed(&store, filter, position, limit);
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
    let behind = MessageFilter { older_than: Some((Wall(10_000), MessageId(10))), ..any.clone() };
    assert_eq!(query(&behind, 0, 2), (vec![9, 8], 9));
    let mailbox = MessageFilter { mailbox: Some(MailboxId(1)), ..behind.clone() };
    assert_eq!(query(&mailbox, 1, 2), (vec![8, 7], 9));
    let words = MessageFilter { subject: Some("über 2".into()), ..behind.clone() };
    assert_eq!(query(&words, 0, 2), (vec![2], 1));
    let earlier = MessageFilter { before: Some(Wall(5_000)), ..behind.clone() };
    assert_eq!(query(&earlier, 0, 1), (vec![4], 4));
    let later = MessageFilter { before: Some(Wall(20_000)), after: Some(Wall(8_000)), ..behind };
    assert_eq!(query(&later, 0, 9), (vec![9, 8], 2));
    let part = MessageFilter { text: Some("PŘÍLOHA 12.PDF".into()), ..any.clone() };
    assert_eq!(query(&part, 0, 2), (vec![12], 1));
    let from = MessageFilter { from: Some("BOB@".into()), to: Some("ada".into()), ..any };
    assert_eq!(query(&from, 0, 1), (vec![30], 30));
}

#[tokio::test]
async fn a_search_that_is_left_says_how_far_it_came() {
    let store = memory();
    furnish(&store).await;
    for uid in 1..=30 {
        put(&store, message(u64::from(uid), uid, Stage::Summary)).await;
    }
    let filter = MessageFilter { subject: Some("über 2".into()), ..MessageFilter::default() };
    let begin = |filter: MessageFilter| store.read().unwrap().search(filter, 0, 50).unwrap();
    let mut search = begin(filter.clone());
    assert!(!search.step(7).unwrap() && !search.step(4).unwrap());
    let first = search.found();
    assert_eq!((first.total, first.searched, first.of), (None, 11, 30));
    let place = |id: MessageId| (Wall(i64::try_from(id.0).unwrap() * 1_000), id);
    let rest = MessageFilter { older_than: first.until.map(place), ..filter.clone() };
    let (ids, total) = listed(&store, &rest, 0, 50);
    let (all, every) = listed(&store, &filter, 0, 50);
    assert_eq!((first.ids.len() as u64 + total, [first.ids, ids].concat()), (every, all));
    // what is put while a search goes on does not change what it finds
    let mut search = begin(filter);
    assert!(!search.step(1).unwrap());
    put(&store, message(299, 299, Stage::Summary)).await;
    while !search.step(5).unwrap() {}
    assert_eq!(search.found().total, Some(every));
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
    assert_eq!(store.collect(NOW).await.unwrap(), 0);
    for id in 2..=5 {
        store.write(NOW, move |txn| txn.delete_message(MessageId(id))).await.unwrap();
    }
    assert!(store.collect(NOW).await.unwrap() > 190_000);
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
    assert_eq!(listed(&store, &MessageFilter::default(), 0, 9), (vec![], 0));
    let events = read.events(Seq(0), 99).unwrap();
    assert!(!format!("{events:?}").contains("secret"));
    let blob = BlobId(*blake3::hash(b"secret plan").as_bytes());
    assert!(store.collect(NOW).await.unwrap() > 0);
    assert_eq!(store.blob(blob).await, Err(StoreError::Missing("blob")));
    let gone = store.write(NOW, |txn| txn.delete_account(AccountId(1))).await;
    assert_eq!(gone, Err(StoreError::Missing("account")));
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

#[test]
fn a_record_from_before_the_names_of_parts_is_read() {
    use crate::store::codec::Stored as _;
    use chapar_engine::message::Message;
    let mut message = message(7, 7, Stage::Summary);
    message.summary.part_names.clear();
    let payload = postcard::to_allocvec(&message.to_row()).unwrap();
    let (last, old) = payload.split_last().unwrap();
    assert_eq!(*last, 0, "an empty list");
    assert_eq!(Message::from_old(1, old), Some(message));
    assert_eq!(Message::from_old(0, old), None);
    assert_eq!(Message::from_old(1, &old[..20]), None);
}
