//! The journal: what is told comes back, changes are folded, old events go.

use super::make::*;
use super::*;
use chapar_engine::event::{EventKind, ObjectKind, Severity};
use chapar_engine::id::{AccountId, IdentityId, SubmissionId, ThreadId};

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
