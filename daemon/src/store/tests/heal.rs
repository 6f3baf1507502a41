//! A failure that passes: the store is opened again, without a write that would ask for it.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::event::EventKind;
use chapar_engine::message::Message;
use std::io::ErrorKind;

async fn furnished() -> (Memory, Store) {
    let disk = Memory::default();
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    (disk, store)
}

fn reads(store: &Store) -> bool {
    let read = store.read().and_then(|view| view.accounts());
    read.is_ok_and(|accounts| accounts == [account(1)])
}

#[tokio::test]
async fn a_failed_write_is_over_once_it_was_healed() {
    for (kind, code) in [
        (ErrorKind::Other, "store.io"),
        (ErrorKind::StorageFull, "store.full"),
        (ErrorKind::PermissionDenied, "store.read_only"),
    ] {
        for after in 1..12 {
            let (disk, store) = furnished().await;
            let trouble = store.trouble();
            assert_eq!(*trouble.borrow(), None);
            disk.fail_at(Some((disk.writes() + after, kind)));
            for id in 2..9 {
                // some of them may still go through
                drop(store.write(NOW, move |txn| txn.put_identity(&identity(id))).await);
            }
            let told = trouble.borrow().clone().map(|error| error.code());
            assert_eq!(told, Some(code), "{kind} after {after}");
            assert!(store.heal().await.is_err(), "it lasts");
            assert!(trouble.borrow().is_some());
            disk.fail_at(None);
            store.heal().await.unwrap();
            assert_eq!(*trouble.borrow(), None);
            assert!(reads(&store), "{kind} after {after}");
        }
    }
}

#[tokio::test]
async fn one_failed_read_is_over_once_it_was_healed() {
    let mut met = 0;
    for after in [0, 1, 2, 5, 9, 20] {
        let (disk, store) = furnished().await;
        // more than the database keeps in memory
        let detail = "x".repeat(60_000);
        let told = store.write(NOW, move |txn| {
            let kind = EventKind::SyncFailed { detail: detail.clone() };
            (0..300).try_for_each(|_| txn.append(Some(AccountId(1)), kind.clone()).map(drop))
        });
        told.await.unwrap();
        store.close().await;
        let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
        disk.fail_read(after);
        let all = |store: &Store| {
            let read = store.read().and_then(|view| view.events(Seq(0), 999));
            reads(store) && read.is_ok_and(|events| events.len() > 300)
        };
        let (first, trouble) = (all(&store), store.trouble());
        if first {
            // its pages were in memory before the failing read came
            continue;
        }
        met += 1;
        assert!(trouble.borrow().is_some(), "a read tells of it too");
        store.heal().await.unwrap();
        assert!(all(&store), "after {after} reads");
        assert_eq!(*trouble.borrow(), None);
    }
    assert!(met > 0, "no read failed");
}

#[tokio::test]
async fn a_pack_that_is_away_is_waited_for() {
    let (disk, store) = furnished().await;
    let blob = store.write(NOW, |txn| txn.put_blob(b"frozen")).await.unwrap();
    let away = std::mem::take(&mut disk.0.lock().unwrap().packs);
    let read = store.blob(blob).await.unwrap_err();
    assert!(read.passes(), "nothing is proven about the bytes: {read}");
    assert!(store.heal().await.is_err());
    disk.0.lock().unwrap().packs = away;
    store.heal().await.unwrap();
    assert_eq!(store.blob(blob).await.unwrap(), b"frozen");
    // other bytes in its place are a proof
    disk.0.lock().unwrap().packs.get_mut(&1).unwrap().now[44] ^= 1;
    let read = store.blob(blob).await.unwrap_err();
    assert!(!read.passes(), "{read}");
}

#[tokio::test]
async fn a_pack_that_was_cut_is_not_added_to() {
    let (disk, store) = furnished().await;
    let first = store.write(NOW, |txn| txn.put_blob(&[7; 99])).await.unwrap();
    store.close().await;
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    disk.0.lock().unwrap().packs.get_mut(&1).unwrap().now.truncate(3);
    // the first write meets the cut, the next one goes on in another pack
    drop(store.write(NOW, |txn| txn.put_blob(b"second")).await);
    let second = store.write(NOW, |txn| txn.put_blob(b"second")).await.unwrap();
    assert_eq!(store.blob(second).await.unwrap(), b"second");
    assert!(store.blob(first).await.is_err());
}

#[tokio::test]
async fn a_store_that_was_closed_says_that_chapard_stops() {
    let (_, store) = furnished().await;
    store.close().await;
    assert_eq!(store.read().map(drop).unwrap_err(), StoreError::Stopping);
    let wrote = store.write(NOW, |_| Ok(())).await.unwrap_err();
    assert_eq!((wrote.code(), store.trouble().borrow().clone()), ("daemon.stopping", None));
}

/// A disk on which the packs can go while the database stays.
#[tokio::test]
async fn packs_that_were_removed_are_noticed_and_their_mail_is_fetched_again() {
    let place = std::env::temp_dir().join(format!("chapar-{}-packs", std::process::id()));
    drop(std::fs::remove_dir_all(&place));
    let store = Store::open(&place, NOW).unwrap();
    furnish(&store).await;
    let put = store.write(NOW, |txn| {
        let frozen = txn.put_blob(&b"to be sent ".repeat(30))?;
        txn.put_submission(&submission(1, frozen))?;
        let blob = txn.put_blob(&b"received ".repeat(30))?;
        txn.put_message(&Message { blob: Some(blob), ..message(1, 1, Stage::Whole) })?;
        Ok((frozen, blob))
    });
    let (frozen, blob) = put.await.unwrap();
    assert_eq!(store.look(), Ok(()));
    std::fs::remove_dir_all(place.join("packs")).unwrap();
    // what is written now goes into a file that nobody finds again
    let late = store.write(NOW, |txn| {
        let blob = txn.put_blob(&b"late ".repeat(30))?;
        txn.put_message(&Message { blob: Some(blob), ..message(2, 2, Stage::Whole) })?;
        Ok(blob)
    });
    let late = late.await.unwrap();
    assert_eq!(store.look().unwrap_err().code(), "store.io");
    assert_eq!(store.trouble().borrow().clone().map(|it| it.code()), Some("store.io"));
    assert!(store.heal().await.is_err(), "they may come back in a moment");
    assert_eq!(store.mend().await, Ok(3));
    store.heal().await.unwrap();
    assert_eq!((store.look(), store.trouble().borrow().clone()), (Ok(()), None));
    assert_eq!(store.blob(frozen).await.unwrap(), b"to be sent ".repeat(30));
    let due = store.read().unwrap();
    let due = due.next_at_stage(MailboxId(1), Stage::Summary, u32::MAX, 9, &|_| false).unwrap();
    assert_eq!(due.len(), 2, "both mails are fetched again");
    drop(due);
    let again = [(blob, b"received ".repeat(30)), (late, b"late ".repeat(30))];
    for (id, bytes) in again {
        let put = bytes.clone();
        assert_eq!(store.write(NOW, move |txn| txn.put_blob(&put)).await, Ok(id));
        assert_eq!(store.blob(id).await.unwrap(), bytes);
    }
    store.close().await;
    let store = Store::open(&place, NOW).unwrap();
    assert_eq!(store.blob(blob).await.unwrap(), b"received ".repeat(30));
    drop(store);
    std::fs::remove_dir_all(&place).unwrap();
}
