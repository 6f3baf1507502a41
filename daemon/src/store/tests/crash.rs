//! Acknowledged = present, whatever stops the machine; a failing disk stops nothing but writing.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::message::Message;
use std::io::ErrorKind;

fn open(disk: &Memory) -> Result<Store, StoreError> {
    Store::open_on(Arc::new(disk.clone()), true, NOW)
}

fn body(id: u64) -> Vec<u8> {
    format!("body of {id} ").repeat(200).into_bytes()
}

/// Puts message `id` with its body, and takes one flag off the message before.
async fn step(store: &Store, id: u64) -> Result<(), StoreError> {
    store
        .write(NOW, move |txn| {
            let uid = u32::try_from(id).unwrap();
            let blob = Some(txn.put_blob(&body(id))?);
            txn.put_message(&Message { blob, ..message(id, uid, Stage::Whole) })?;
            if let Some(mut before) = txn.message(MessageId(id - 1))? {
                before.flags = ["\\Seen"].into_iter().collect();
                txn.put_message(&before)?;
            }
            Ok(())
        })
        .await
}

async fn check(store: &Store, acknowledged: u64) {
    let read = store.read().unwrap();
    let rows = read.uids(MailboxId(1)).unwrap();
    assert!(rows.len() as u64 >= acknowledged && rows.len() as u64 <= acknowledged + 1);
    for row in &rows {
        let message = read.message(row.id).unwrap().unwrap();
        assert_eq!(message.flags, row.flags);
        assert_eq!(store.blob(message.blob.unwrap()).await.unwrap(), body(row.id.0));
    }
    let counts = read.counts(MailboxId(1)).unwrap();
    assert_eq!(counts.whole, rows.len() as u64);
    let events = read.events(Seq(0), 999).unwrap();
    assert_eq!(events.len() as u64, read.journal_range().unwrap().1.0, "gap-free");
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash_at_any_write() {
    let mut images = 0;
    for at in 1.. {
        let disk = Memory::default();
        disk.fail_at(Some((at, ErrorKind::Other)));
        let mut acknowledged = 0;
        let mut furnished = false;
        if let Ok(store) = open(&disk) {
            let put = store.write(NOW, |txn| {
                txn.put_account(&account(1))?;
                txn.put_mailbox(&mailbox(1, 1))
            });
            furnished = put.await.is_ok();
            for id in 1..=4 {
                if furnished && step(&store, id).await.is_ok() {
                    acknowledged = id;
                }
            }
            std::mem::forget(store.read());
        }
        for keep in [0, 3, 5, 8] {
            let image = disk.crashed(keep);
            let store = open(&image).unwrap_or_else(|error| panic!("write {at}: {error}"));
            if furnished {
                check(&store, acknowledged).await;
                // and it goes on
                step(&store, 50).await.unwrap();
            }
            images += 1;
        }
        if disk.writes() < at {
            break;
        }
    }
    assert!(images > 200, "{images}");
}

#[tokio::test]
async fn a_crash_while_recovering_is_harmless_too() {
    let disk = Memory::default();
    let store = open(&disk).unwrap();
    furnish(&store).await;
    for id in 1..=3 {
        step(&store, id).await.unwrap();
    }
    let first = disk.crashed(4);
    for at in 1..30 {
        let second = first.crashed(8);
        second.fail_at(Some((at, ErrorKind::Other)));
        drop(open(&second));
        let third = open(&second.crashed(4)).unwrap();
        check(&third, 3).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_then_goes_on() {
    for after in 1..40 {
        let disk = Memory::default();
        let store = open(&disk).unwrap();
        furnish(&store).await;
        step(&store, 1).await.unwrap();
        disk.fail_at(Some((disk.writes() + after, ErrorKind::StorageFull)));
        let mut done = 1;
        for id in 2..=4 {
            match step(&store, id).await {
                Ok(()) => done = id,
                Err(StoreError::DiskFull { .. } | StoreError::Io { .. }) => break,
                Err(other) => panic!("{other}"),
            }
        }
        disk.fail_at(None);
        step(&store, done + 1).await.unwrap();
        check(&store, done + 1).await;
    }
}

#[tokio::test]
async fn one_failing_change_hurts_no_other() {
    let store = Store::open_on(Arc::new(Memory::default()), false, NOW).unwrap();
    furnish(&store).await;
    let many = (1..=60_u64).map(|id| {
        let store = store.clone();
        tokio::spawn(async move {
            let uid = u32::try_from(id).unwrap();
            let wrote = store.write(NOW, move |txn| {
                txn.put_message(&message(id, uid, Stage::Planned))?;
                if id % 7 == 0 { Err(StoreError::Missing("luck")) } else { Ok(id) }
            });
            (id, wrote.await)
        })
    });
    for task in many.collect::<Vec<_>>() {
        let (id, wrote) = task.await.unwrap();
        let wanted = if id % 7 == 0 { Err(StoreError::Missing("luck")) } else { Ok(id) };
        assert_eq!(wrote, wanted);
        let there = store.read().unwrap().message(MessageId(id)).unwrap().is_some();
        assert_eq!(there, id % 7 != 0);
    }
    let panicked = store.write::<()>(NOW, |_| panic!("a bug")).await;
    assert!(matches!(panicked, Err(StoreError::Io { .. })));
    put(&store, message(99, 99, Stage::Planned)).await;
}
