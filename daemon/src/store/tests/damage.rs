//! Bit rot is seen, never served, never a panic that gets out, and costs nothing that no server can
//! give again.

use super::disk::Memory;
use super::make::*;
use super::source::Source as _;
use super::tables::{Key, Table};
use super::*;
use chapar_engine::account::Account;
use chapar_engine::id::{IdentityId, SubmissionId};
use chapar_engine::message::Message;
use chapar_engine::submission::{Filing, Phase, Submission};

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

/// Two accounts with mail; submissions that wait, that are of unknown fate and that are sent; keys.
async fn lived_in() -> (Memory, BlobId) {
    let (disk, blob) = full().await;
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    store
        .write(NOW, |txn| {
            txn.put_account(&account(2))?;
            txn.put_mailbox(&mailbox(2, 2))?;
            txn.put_key("k1", SubmissionId(1), [7; 32])?;
            let blob = txn.put_blob(&b"sent long ago ".repeat(50))?;
            let sent = Submission {
                phase: Phase::Sent,
                filing: Filing::Filed,
                key: Some("k2".into()),
                ..submission(2, blob)
            };
            txn.put_submission(&sent)?;
            txn.put_key("k2", SubmissionId(2), [8; 32])?;
            for id in 100..160_u32 {
                let of_two = Message {
                    account: AccountId(2),
                    mailbox: MailboxId(2),
                    ..message(u64::from(id), id, Stage::Summary)
                };
                txn.put_message(&of_two)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    store.close().await;
    (disk, blob)
}

/// What the server cannot give again, as it was; when accounts were synced first is left out, because
/// mail that is fetched again is no new mail.
fn is_kept(store: &Store, blob: BlobId) {
    let read = store.read().unwrap();
    let accounts = read
        .accounts()
        .unwrap()
        .into_iter()
        .map(|it| Account { first_synced_at: account(1).first_synced_at, ..it });
    assert_eq!(accounts.collect::<Vec<_>>(), [account(1), account(2)]);
    assert_eq!(read.identities(None).unwrap(), [identity(1)]);
    let submissions = read.submissions(None).unwrap();
    assert_eq!(submissions.len(), 2);
    assert_eq!(submissions[1], submission(1, blob));
    assert_eq!(submissions[0].phase, Phase::Sent);
    let open: Vec<u64> =
        read.open_submissions(AccountId(1)).unwrap().iter().map(|it| it.id.0).collect();
    assert_eq!(open, [1]);
    assert_eq!(read.by_key("k1").unwrap(), Some((SubmissionId(1), [7; 32])));
    assert_eq!(read.by_key("k2").unwrap(), Some((SubmissionId(2), [8; 32])));
}

/// Whether the mail is all there; a wrong one is a failure, and lists agree with their counts.
fn has_mail(store: &Store) -> bool {
    let read = store.read().unwrap();
    let mut there = 0;
    for id in (1..30).chain(100..160_u32) {
        let expected = message(u64::from(id), id, Stage::Summary);
        if let Some(found) = read.message(MessageId(u64::from(id))).unwrap() {
            assert_eq!((found.uid, &found.summary), (expected.uid, &expected.summary));
            there += 1;
        }
    }
    let (page, total) = listed(store, &MessageFilter::default(), 0, 1000);
    assert_eq!((page.len() as u64, total), (there, there));
    there == 89
}

/// `CHAPAR_FLIPS=n` flips so many bits, each in a store of its own.
#[tokio::test]
async fn a_flipped_bit_costs_no_account_no_submission_and_no_key() {
    let (disk, blob) = lived_in().await;
    let flips = std::env::var("CHAPAR_FLIPS").ok().and_then(|text| text.parse().ok());
    let flips: u64 = flips.unwrap_or(1_000);
    let bits = disk.0.lock().unwrap().meta.now.len() as u64 * 8;
    let used: Vec<usize> = {
        let state = disk.0.lock().unwrap();
        let len = state.meta.now.len();
        (0..len).filter(|at| state.meta.now[*at] != 0).collect()
    };
    let (mut whole, mut fetched, mut restored) = (0, 0, 0);
    let mut seed = 0x005E_ED0F_F11B_5EED_u64;
    for _ in 0..flips {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = seed >> 20;
        // a database is mostly empty pages: half of the flips go where something is
        let bit = if pick.is_multiple_of(2) {
            pick % bits
        } else {
            used[usize::try_from(pick).unwrap() % used.len()] as u64 * 8 + (pick >> 8) % 8
        };
        let image = disk.crashed(8);
        image.0.lock().unwrap().meta.now[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
        let at = format!("bit {bit}");
        let store =
            Store::open_on(Arc::new(image), true, NOW).unwrap_or_else(|e| panic!("{at}: {e}"));
        // what runs in the background soon after the start
        if store.verify().await.is_err() {
            store.heal().await.unwrap_or_else(|error| panic!("{at}: {error}"));
            store.verify().await.unwrap_or_else(|error| panic!("{at}: {error}"));
        }
        is_kept(&store, blob);
        assert_eq!(store.blob(blob).await.unwrap(), b"some mail ".repeat(100), "{at}");
        restored += u64::from(store.restored().is_some());
        if has_mail(&store) {
            whole += 1;
        } else {
            fetched += 1;
        }
        let before = *store.head().borrow();
        store.write(NOW, |txn| txn.put_identity(&identity(9))).await.unwrap();
        assert!(before < *store.head().borrow());
    }
    eprintln!(
        "flips={flips}: mail whole {whole}, to be fetched again {fetched}, made anew {restored}, lost 0"
    );
    assert!(whole > 0 && restored > 0, "{whole} {restored}");
}

#[tokio::test]
async fn a_truncated_or_emptied_database_is_made_anew() {
    let (disk, blob) = lived_in().await;
    let len = disk.0.lock().unwrap().meta.now.len();
    for part in 0..40 {
        let image = disk.crashed(8);
        image.0.lock().unwrap().meta.now.truncate(len * part / 40);
        let store = Store::open_on(Arc::new(image), true, NOW)
            .unwrap_or_else(|error| panic!("part {part}: {error}"));
        is_kept(&store, blob);
        assert_eq!(store.blob(blob).await.unwrap(), b"some mail ".repeat(100));
    }
}

#[tokio::test]
async fn lost_packs_cost_no_mail_that_is_still_to_be_sent() {
    let (disk, blob) = lived_in().await;
    for keep in [None, Some(0), Some(30)] {
        let image = disk.crashed(8);
        {
            let mut state = image.0.lock().unwrap();
            match keep {
                None => state.packs.clear(),
                Some(len) => state.packs.get_mut(&1).unwrap().now.truncate(len),
            }
        }
        let store = Store::open_on(Arc::new(image), true, NOW).unwrap();
        is_kept(&store, blob);
        assert_eq!(store.blob(blob).await.unwrap(), b"some mail ".repeat(100), "{keep:?}");
        assert_eq!(*store.trouble().borrow(), None);
    }
}

#[tokio::test]
async fn a_mail_whose_bytes_are_lost_is_planned_to_be_fetched() {
    let (disk, _) = lived_in().await;
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    let blob = store.write(NOW, |txn| txn.put_blob(&[9; 500])).await.unwrap();
    let whole = Message { blob: Some(blob), ..message(7, 7, Stage::Whole) };
    put(&store, whole.clone()).await;
    // one damaged byte
    let at = disk.0.lock().unwrap().packs[&1].now.len() - 3;
    disk.0.lock().unwrap().packs.get_mut(&1).unwrap().now[at] ^= 1;
    assert_eq!(store.blob(blob).await.unwrap_err(), StoreError::Lost);
    let due = store.read().unwrap();
    let due = due.next_at_stage(MailboxId(1), Stage::Summary, u32::MAX, 99, &|_| false).unwrap();
    assert!(due.iter().any(|row| row.id == MessageId(7)), "it is fetched by the next pass");
    let again = store.write(NOW, |txn| txn.put_blob(&[9; 500])).await.unwrap();
    assert_eq!(store.blob(again).await.unwrap(), [9; 500], "equal bytes are stored anew");
    // the whole pack
    put(&store, whole).await;
    store.close().await;
    disk.0.lock().unwrap().packs.clear();
    let store = Store::open_on(Arc::new(disk), true, NOW).unwrap();
    let lost = store.read().unwrap().message(MessageId(7)).unwrap().unwrap();
    assert_eq!((lost.stage, lost.blob), (Stage::Summary, None));
    assert_eq!(store.verify().await, Ok(()));
}

#[tokio::test]
async fn an_index_that_contradicts_its_messages_is_found_and_made_anew() {
    for table in [Table::Listing, Table::Uids, Table::Counts, Table::Threads, Table::Stages] {
        let (disk, blob) = lived_in().await;
        let store = Store::open_on(Arc::new(disk), true, NOW).unwrap();
        assert_eq!(store.verify().await, Ok(()));
        store
            .write(NOW, move |txn| {
                let key = txn.keys(table, &Key::default())?.remove(0);
                txn.remove(table, &key)
            })
            .await
            .unwrap();
        let found = store.verify().await;
        if table == Table::Uids {
            // sync finds a missing UID by itself
            continue;
        }
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{table:?}: {found:?}");
        if table == Table::Listing {
            let read = store.read().unwrap().search(MessageFilter::default(), 0, 1000);
            let why = read.unwrap().step(1000).unwrap_err().to_string();
            assert!(why.contains("contradicts its count"), "{why}");
        }
        assert_eq!(store.trouble().borrow().clone().map(|it| it.code()), Some("store.damaged"));
        store.heal().await.unwrap();
        assert_eq!((store.verify().await, store.trouble().borrow().clone()), (Ok(()), None));
        is_kept(&store, blob);
    }
}

/// The end of the copy may be missing after a power cut: what was due may have been sent since.
#[tokio::test]
async fn what_may_have_been_sent_behind_the_copy_is_looked_for() {
    let (disk, blob) = lived_in().await;
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    let key = store.write(NOW, |txn| Ok(txn.new_submission_id()?.0)).await.unwrap();
    let image = disk.crashed(8);
    image.0.lock().unwrap().meta.now.truncate(100);
    let store = Store::open_on(Arc::new(image), true, NOW).unwrap();
    assert!(!store.restored().unwrap().is_complete);
    let doubted = store.read().unwrap().submission(SubmissionId(1)).unwrap().unwrap();
    assert_eq!(doubted.phase, Phase::DotPending, "the outbox takes it as unknown and looks for it");
    assert_eq!(store.blob(blob).await.unwrap(), b"some mail ".repeat(100));
    let next = store.write(NOW, |txn| Ok(txn.new_submission_id()?.0)).await.unwrap();
    assert!(next > key + 1000, "numbers that may have been drawn are not drawn again");
}

#[tokio::test]
async fn accepting_a_mail_syncs_no_more_than_before() {
    let disk = Memory::default();
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    let mut syncs = Vec::new();
    for id in 1..6 {
        let before = disk.syncs();
        let put = store.write(NOW, move |txn| {
            let blob = txn.put_blob(format!("mail {id}").repeat(40).as_bytes())?;
            txn.put_submission(&Submission { key: None, ..submission(id, blob) })
        });
        put.await.unwrap();
        let accepted = disk.syncs();
        let step = store.write(NOW, move |txn| {
            let mut it = txn.submission(SubmissionId(id))?.unwrap();
            it.attempts += 1;
            txn.put_submission(&it)
        });
        step.await.unwrap();
        syncs.push((accepted - before, disk.syncs() - accepted));
    }
    // pack or copy, and the two of the database; a step only the two
    // (the first step of a store makes its file grow)
    assert_eq!(syncs[1..], [(3, 2); 4]);
}

#[tokio::test]
async fn a_damaged_blob_comes_from_the_copy() {
    let (disk, blob) = full().await;
    let len = disk.0.lock().unwrap().packs[&1].now.len();
    for at in 0..len {
        let image = disk.crashed(8);
        image.0.lock().unwrap().packs.get_mut(&1).unwrap().now[at] ^= 4;
        let store = Store::open_on(Arc::new(image), true, NOW).unwrap();
        assert_eq!(store.blob(blob).await.unwrap(), b"some mail ".repeat(100), "byte {at}");
    }
}

#[test]
fn every_flip_in_a_sealed_record_is_seen() {
    use super::codec::{seal, unseal};
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
