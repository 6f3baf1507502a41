//! Conversations, whatever order their messages are stored in.

use super::make::{NOW, account, furnish, memory, message};
use super::*;
use chapar_engine::id::{AccountId, MessageId, ThreadId};
use chapar_engine::message::Stage;

/// One conversation with two branches: what each message refers to.
const TALK: [(&str, &[&str]); 5] = [
    ("root", &[]),
    ("left", &["root"]),
    ("leaf", &["left"]),
    ("right", &["root"]),
    ("late", &["right", "left"]),
];

/// Stores the `nth` message of the talk as a sync does.
async fn arrive(store: &Store, nth: usize) -> ThreadId {
    store
        .write(NOW, move |txn| {
            let (name, parents) = TALK[nth];
            let parents: Vec<String> = parents.iter().map(ToString::to_string).collect();
            let thread = txn.assign_thread(AccountId(1), Some(name), &parents, None)?;
            let number = u64::try_from(nth).unwrap() + 1;
            let mut row = message(number, u32::try_from(number).unwrap(), Stage::Whole);
            row.thread = Some(thread);
            txn.put_message(&row)?;
            Ok(thread)
        })
        .await
        .unwrap()
}

/// Every order of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for shorter in orders(count - 1) {
        for at in 0..=shorter.len() {
            let mut order = shorter.clone();
            order.insert(at, count - 1);
            all.push(order);
        }
    }
    all
}

#[tokio::test]
async fn one_conversation_is_one_thread_in_every_order() {
    let all = orders(TALK.len());
    assert_eq!(all.len(), 120);
    for order in all {
        let store = memory();
        furnish(&store).await;
        let mut given = Vec::new();
        for nth in &order {
            given.push(arrive(&store, *nth).await);
        }
        let read = store.read().unwrap();
        let threads: Vec<_> =
            (1..=5).map(|id| read.message(MessageId(id)).unwrap().unwrap().thread).collect();
        assert!(threads.windows(2).all(|pair| pair[0] == pair[1]), "{order:?}: {threads:?}");
        for id in given {
            let mut found = read.thread(id).unwrap();
            found.sort_unstable();
            assert_eq!(found, (1..=5).map(MessageId).collect::<Vec<_>>(), "{order:?}: {id:?}");
        }
    }
}

#[tokio::test]
async fn a_forgotten_account_takes_the_old_ids_with_it() {
    let store = memory();
    furnish(&store).await;
    let mut given = Vec::new();
    for nth in [2, 3, 4, 1, 0] {
        given.push(arrive(&store, nth).await);
    }
    given.sort_unstable();
    given.dedup();
    assert!(given.len() > 1, "two threads were joined");
    store.write(NOW, |txn| txn.forget_mail(AccountId(1))).await.unwrap();
    let read = store.read().unwrap();
    assert!(given.iter().all(|id| read.thread(*id).unwrap().is_empty()));
}

#[tokio::test]
async fn threads_of_two_accounts_stay_apart() {
    let store = memory();
    let threads = store
        .write(NOW, |txn| {
            txn.put_account(&account(1))?;
            txn.put_account(&account(2))?;
            let parents = ["a".to_owned(), "b".to_owned()];
            let a = txn.assign_thread(AccountId(1), Some("a"), &[], None)?;
            let b = txn.assign_thread(AccountId(2), Some("b"), &[], None)?;
            let both = txn.assign_thread(AccountId(1), Some("c"), &parents, None)?;
            Ok((a, b, both))
        })
        .await
        .unwrap();
    assert_eq!(threads.0, threads.2);
    assert_ne!(threads.1, threads.2);
}
