//! Real files: modes, locks, foreign and newer files, and what a first sync costs.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::message::Message;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A directory of this test's own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chapar-{}-{name}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn it_is_private_and_locked_and_reopens() {
    let place = Place::new("private");
    let store = Store::open(&place.0, NOW).unwrap();
    furnish(&store).await;
    let blob = store.write(NOW, |txn| txn.put_blob(b"x")).await.unwrap();
    assert_eq!(mode(&place.0), 0o700);
    assert_eq!(mode(&place.0.join("meta.redb")), 0o600);
    assert_eq!(mode(&place.0.join("packs/00000001.pack")), 0o600);
    assert!(store.disk_bytes() > 0);
    let second = Store::open(&place.0, NOW).map(|_| ());
    assert!(matches!(second, Err(StoreError::Busy { .. })), "{second:?}");
    let instance = store.instance();
    drop(store);
    let store = Store::open(&place.0, NOW).unwrap();
    assert_eq!(store.instance(), instance);
    assert_eq!(store.blob(blob).await.unwrap(), b"x");
    store.close().await;
    assert!(store.write(NOW, |_| Ok(())).await.is_err());
}

#[tokio::test]
async fn newer_and_foreign_files_are_left_as_they_were() {
    let place = Place::new("newer");
    let store = Store::open(&place.0, NOW).unwrap();
    store.write(NOW, |txn| migrate::set_schema(txn, 99)).await.unwrap();
    drop(store);
    let file = place.0.join("meta.redb");
    let before = std::fs::read(&file).unwrap();
    let newer = Store::open(&place.0, NOW).map(|_| ());
    assert!(matches!(newer, Err(StoreError::Newer { found: 99, known: 2, .. })), "{newer:?}");
    assert!(before == std::fs::read(&file).unwrap());
    // beside a copy it would be a damaged database of ours
    std::fs::remove_file(place.0.join("meta.copy")).unwrap();
    let garbage = b"#!/bin/sh\necho hello\n".repeat(100);
    std::fs::write(&file, &garbage).unwrap();
    let foreign = Store::open(&place.0, NOW).map(|_| ());
    assert!(matches!(foreign, Err(StoreError::Foreign { .. })), "{foreign:?}");
    assert!(garbage == std::fs::read(&file).unwrap());
}

#[tokio::test]
async fn a_replaced_directory_is_noticed() {
    let place = Place::new("replaced");
    let store = Store::open(&place.0, NOW).unwrap();
    furnish(&store).await;
    std::fs::remove_dir_all(&place.0).unwrap();
    assert!(store.write(NOW, |txn| txn.put_identity(&identity(2))).await.is_err());
    drop(Store::open(&place.0, NOW).unwrap());
    let wrote = store.write(NOW, |txn| txn.put_identity(&identity(2))).await;
    assert!(matches!(&wrote, Err(StoreError::Io { reason, .. }) if reason.contains("restart")));
}

/// What a first sync costs is how often the disk has to be waited for.
#[tokio::test]
async fn a_first_sync_waits_three_times_a_batch_for_the_disk() {
    let disk = Memory::default();
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    let before = (disk.syncs(), disk.writes());
    for batch in 0..8_u32 {
        store
            .write(NOW, move |txn| {
                for uid in (batch * 188 + 1..=(batch + 1) * 188).take_while(|uid| *uid <= 1500) {
                    let blob = Some(txn.put_blob(format!("{uid} mail ").repeat(400).as_bytes())?);
                    let whole = message(u64::from(uid), uid, Stage::Whole);
                    txn.put_message(&Message { blob, ..whole })?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }
    assert_eq!(store.read().unwrap().counts(MailboxId(1)).unwrap().whole, 1500);
    let (syncs, writes) = (disk.syncs() - before.0, disk.writes() - before.1);
    // the pack, and the two of the database; its file grows a few times
    assert!((24..=32).contains(&syncs), "{syncs} syncs");
    assert!(writes < 3_000, "{writes} writes for 1,500 mails");
}

/// What a person deletes is deleted from the disk, not only from the tables.
#[tokio::test]
async fn a_deleted_account_leaves_no_byte() {
    let place = Place::new("scrub");
    let store = Store::open(&place.0, NOW).unwrap();
    furnish(&store).await;
    let canary = "canary-0b5e7d";
    store
        .write(NOW, move |txn| {
            for number in 0..40_u32 {
                let mut mail = message(1_000 + u64::from(number), 1_000 + number, Stage::Whole);
                mail.summary.subject = format!("{canary} {number}");
                // stored as it is: nothing in it can be compressed
                let noise: Vec<u8> = blake3::hash(&number.to_be_bytes()).as_bytes().to_vec();
                mail.blob = Some(txn.put_blob(&[canary.as_bytes(), &noise].concat())?);
                txn.put_message(&mail)?;
            }
            txn.put_blob(b"of nobody")
        })
        .await
        .unwrap();
    let scan = |name: &str| {
        let mut found = 0;
        for dir in [place.0.clone(), place.0.join("packs")] {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let bytes = std::fs::read(path).unwrap();
                    found += bytes.windows(name.len()).filter(|w| *w == name.as_bytes()).count();
                }
            }
        }
        found
    };
    assert!(scan(canary) > 40, "the scan finds what is there");
    store.scrub().await.unwrap();
    assert!(scan(canary) > 40, "nobody was deleted, so nothing was written anew");
    let reader = store.read().unwrap();
    store.write(NOW, |txn| txn.delete_account(AccountId(1))).await.unwrap();
    assert!(scan(canary) > 0, "free pages keep what was in them");
    store.scrub().await.unwrap();
    assert_eq!(scan(canary), 0);
    assert!(reader.account(AccountId(1)).unwrap().is_some(), "who reads goes on reading");
    drop(reader);
    assert!(store.read().unwrap().account(AccountId(1)).unwrap().is_none());
    let instance = store.instance();
    store.write(NOW, |txn| txn.put_account(&account(9))).await.unwrap();
    drop(store);
    let store = Store::open(&place.0, NOW).unwrap();
    assert_eq!(store.instance(), instance);
    assert!(store.read().unwrap().account(AccountId(9)).unwrap().is_some());
    assert_eq!(mode(&place.0.join("meta.redb")), 0o600);
}
