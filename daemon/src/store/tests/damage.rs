//! Bit rot is seen, never served, and never a panic that gets out.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::id::{IdentityId, SubmissionId};

async fn full() -> (Memory, BlobId) {
    let disk = Memory::default();
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    let blob = store
        .write(NOW, |txn| {
            let blob = txn.put_blob(&b"some mail ".repeat(100))?;
            txn.put_submission(&submission(1, blob))?;
            for id in 1..30_u32 {
                txn.put_message(&message(u64::from(id), id, Stage::Summary))?;
            }
            Ok(blob)
        })
        .await
        .unwrap();
    store.close().await;
    (disk, blob)
}

/// Reads all that cannot be fetched again; every value is right or an error.
fn right_or_refused(store: &Store, blob: BlobId) -> bool {
    let Ok(read) = store.read() else { return false };
    let mut seen = true;
    let mut check = |right: Result<bool, StoreError>| match right {
        Ok(right) => assert!(right, "a wrong value was served"),
        Err(_) => seen = false,
    };
    check(read.accounts().map(|it| it == [account(1)]));
    check(read.identities(None).map(|it| it == [identity(1)]));
    check(read.submissions(None).map(|it| it == [submission(1, blob)]));
    check(read.submission(SubmissionId(1)).map(|it| it == Some(submission(1, blob))));
    check(read.events(Seq(0), 99).map(|it| it.len() == 2));
    for id in 1..30_u32 {
        let whole = message(u64::from(id), id, Stage::Summary);
        check(read.message(whole.id).map(|it| it.is_none_or(|it| it == whole)));
    }
    seen
}

#[tokio::test]
async fn flipped_bits_are_refused_or_harmless() {
    let (disk, blob) = full().await;
    let len = disk.0.lock().unwrap().meta.now.len();
    let used: Vec<usize> = {
        let state = disk.0.lock().unwrap();
        (0..len).filter(|at| state.meta.now[*at] != 0).collect()
    };
    let (mut refused, mut harmless) = (0, 0);
    for round in 0..600_usize {
        let at = used[round.wrapping_mul(7_919) % used.len()];
        let image = disk.crashed(8);
        image.0.lock().unwrap().meta.now[at] ^= 1 << (round % 8);
        match Store::open_on(Arc::new(image), true, NOW) {
            Ok(store) if right_or_refused(&store, blob) => harmless += 1,
            _ => refused += 1,
        }
    }
    assert!(refused > 30 && harmless > 0, "{refused} refused, {harmless} harmless");
}

#[tokio::test]
async fn truncated_files_are_refused() {
    let (disk, blob) = full().await;
    let len = disk.0.lock().unwrap().meta.now.len();
    for part in 0..40 {
        let image = disk.crashed(8);
        image.0.lock().unwrap().meta.now.truncate(len * part / 40);
        match Store::open_on(Arc::new(image.clone()), true, NOW) {
            Ok(store) => assert!(right_or_refused(&store, blob)),
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. }) => {}
            Err(other) => panic!("part {part}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_damaged_blob_is_refused() {
    let (disk, blob) = full().await;
    let len = disk.0.lock().unwrap().packs[&1].now.len();
    for at in 0..len {
        let image = disk.crashed(8);
        image.0.lock().unwrap().packs.get_mut(&1).unwrap().now[at] ^= 4;
        let store = Store::open_on(Arc::new(image), true, NOW).unwrap();
        match store.blob(blob).await {
            Ok(bytes) => assert_eq!(bytes, b"some mail ".repeat(100)),
            Err(StoreError::Damaged { reason, .. }) => assert!(reason.contains("blob")),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_flip_in_a_sealed_record_is_seen() {
    use super::codec::{seal, unseal};
    use super::tables::{Key, Table};
    let key = Key::of(1);
    let record = seal(Table::Identities, key.bytes(), &identity(1)).unwrap();
    for bit in 0..record.len() * 8 {
        let mut flipped = record.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(unseal::<Identity>(Table::Identities, key.bytes(), &flipped).is_err());
    }
    assert!(unseal::<Identity>(Table::Identities, Key::of(2).bytes(), &record).is_err());
    assert!(unseal::<Identity>(Table::Accounts, key.bytes(), &record).is_err());
    let read: Identity = unseal(Table::Identities, key.bytes(), &record).unwrap();
    assert_eq!(read.id, IdentityId(1));
}
