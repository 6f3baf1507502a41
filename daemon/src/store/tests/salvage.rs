//! A damaged database costs the mail whose own record is damaged, and no other: every index is made
//! anew from the records that are whole. The pages of these stores are not verified when they are
//! opened, as those of a large store are not.

use super::disk::Memory;
use super::make::*;
use super::source::Source as _;
use super::tables::{Key, Table};
use super::*;
use chapar_engine::mailbox::{Mailbox, ServerState};
use chapar_engine::message::Message;
use chapar_engine::sync::Proof;
use std::collections::BTreeSet;

fn open(disk: &Memory) -> Store {
    Store::open_verifying(Arc::new(disk.clone()), true, NOW, 0)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn server(exists: u32) -> ServerState {
    ServerState { uidvalidity: 7, uidnext: 100_000, modseq: None, exists, unseen: None }
}

/// A store with two accounts, three mailboxes and `mails` mails, a third of them with their bytes.
async fn furnished(mails: u32) -> Memory {
    let disk = Memory::default();
    let store = open(&disk);
    furnish(&store).await;
    store
        .write(NOW, move |txn| {
            txn.put_account(&account(2))?;
            for (id, account) in [(1, 1), (2, 1), (3, 2)] {
                let server = server(mails / 3);
                txn.put_mailbox(&Mailbox { server: Some(server), ..mailbox(id, account) })?;
                let proof = Proof::of_window(server, 3, NOW);
                txn.put_proof(MailboxId(id), &proof)?;
            }
            for _ in 0..mails {
                txn.new_message_id()?;
            }
            (0..3).try_for_each(|_| txn.new_mailbox_id().map(drop))
        })
        .await
        .unwrap();
    for first in (1..=mails).step_by(1_000) {
        let put = store.write(NOW, move |txn| {
            for id in first..(first + 1_000).min(mails + 1) {
                let whole = mail(id);
                let blob = if whole.stage == Stage::Whole {
                    Some(txn.put_blob(format!("mail {id} ").repeat(9).as_bytes())?)
                } else {
                    None
                };
                txn.put_message(&Message { blob, ..whole })?;
            }
            Ok(())
        });
        put.await.unwrap();
    }
    store.close().await;
    disk
}

fn mail(id: u32) -> Message {
    let (mailbox, account) = [(1, 1), (2, 1), (3, 2)][id as usize % 3];
    let stage = if id.is_multiple_of(3) { Stage::Whole } else { Stage::Summary };
    Message {
        account: AccountId(account),
        mailbox: MailboxId(mailbox),
        ..message(u64::from(id), id, stage)
    }
}

/// Everything that a list shows, page after page, and what it says it has in all; an error is a list
/// that is not served.
fn all(store: &Store, filter: &MessageFilter) -> Result<(Vec<MessageId>, u64), StoreError> {
    let mut search = store.read()?.search(filter.clone(), 0, usize::MAX)?;
    while !search.step(5_000)? {}
    let found = search.found();
    Ok((found.ids, found.total.unwrap()))
}

/// Mails that are there; each as it was, and every list agrees with its count.
fn intact(store: &Store, mails: u32) -> usize {
    let read = store.read().unwrap();
    let mut there = BTreeSet::new();
    for id in 1..=mails {
        let Some(found) = read.message(MessageId(u64::from(id))).unwrap() else { continue };
        let expected = mail(id);
        assert_eq!((found.uid, &found.summary), (expected.uid, &expected.summary));
        assert_eq!((found.stage, found.thread), (expected.stage, expected.thread));
        assert_eq!(found.blob.is_some(), expected.stage == Stage::Whole);
        there.insert(found.id);
    }
    let (ids, total) = all(store, &MessageFilter::default()).unwrap();
    assert_eq!((ids.len() as u64, total), (there.len() as u64, there.len() as u64));
    let mut by_mailbox = 0;
    for id in 1..=3 {
        let filter = MessageFilter { mailbox: Some(MailboxId(id)), ..MessageFilter::default() };
        let (ids, total) = all(store, &filter).unwrap();
        let counts = read.counts(MailboxId(id)).unwrap();
        assert_eq!((ids.len() as u64, total), (total, counts.summary + counts.whole));
        by_mailbox += ids.len();
    }
    assert_eq!(by_mailbox, there.len());
    there.len()
}

#[tokio::test]
async fn a_damaged_index_costs_no_mail() {
    for table in [
        Table::Listing,
        Table::Uids,
        Table::Stages,
        Table::Threads,
        Table::MessageIds,
        Table::MailboxesOf,
        Table::Counts,
    ] {
        let disk = furnished(90).await;
        let store = open(&disk);
        assert_eq!(store.verify().await, Ok(()));
        let cut = store.write(NOW, move |txn| {
            let keys = txn.keys(table, &Key::default())?;
            txn.remove(table, &keys[keys.len() / 2])
        });
        cut.await.unwrap();
        let found = store.verify().await;
        assert!(matches!(found, Err(StoreError::Damaged { .. })), "{table:?}: {found:?}");
        assert_eq!(store.trouble().borrow().clone().map(|it| it.code()), Some("store.damaged"));
        store.heal().await.unwrap();
        assert_eq!((store.verify().await, store.trouble().borrow().clone()), (Ok(()), None));
        assert_eq!(intact(&store, 90), 90, "{table:?}");
        let restored = store.restored().unwrap();
        assert_eq!(restored.mails, 90);
        let read = store.read().unwrap();
        assert_eq!(read.mailbox_count(AccountId(1)).unwrap(), 2);
        if table == Table::Counts {
            continue;
        }
        // nothing was lost, so nothing is planned anew; but all is held against the server
        assert_eq!(restored.doubtful, 0, "{table:?}");
        assert_eq!(read.accounts().unwrap(), [account(1), account(2)]);
        for id in 1..=3 {
            assert!(read.mailbox(MailboxId(id)).unwrap().unwrap().planned);
            assert!(read.proof(MailboxId(id)).unwrap().unwrap().doubted);
        }
        assert!(!read.is_whole().unwrap());
    }
}

#[tokio::test]
async fn a_lost_record_is_asked_for_again_and_no_other() {
    let disk = furnished(90).await;
    let store = open(&disk);
    store.write(NOW, |txn| txn.remove(Table::Messages, Key::of(31).bytes())).await.unwrap();
    assert!(store.verify().await.is_err());
    store.heal().await.unwrap();
    assert_eq!(store.verify().await, Ok(()));
    assert_eq!(intact(&store, 90), 89);
    let restored = store.restored().unwrap();
    assert_eq!((restored.mails, restored.doubtful), (89, 1));
    assert!(restored.to_string().contains("mails 89, mailboxes to be read again 1"), "{restored}");
    let read = store.read().unwrap();
    let planned = |id| read.mailbox(MailboxId(id)).unwrap().unwrap().planned;
    assert_eq!([planned(1), planned(2), planned(3)], [true, false, true]);
    let synced: Vec<bool> =
        read.accounts().unwrap().iter().map(|it| it.first_synced_at.is_some()).collect();
    assert_eq!(synced, [false, true], "what comes again of the first account is no new mail");
}

#[tokio::test]
async fn the_damaged_file_goes_once_the_mirror_is_whole() {
    let disk = furnished(30).await;
    let store = open(&disk);
    assert!(!store.keeps_damaged());
    store.write(NOW, |txn| txn.remove(Table::Messages, Key::of(7).bytes())).await.unwrap();
    assert!(store.verify().await.is_err());
    store.heal().await.unwrap();
    assert!(store.keeps_damaged() && !store.read().unwrap().is_whole().unwrap());
    // what the next passes do: plan, compare, fetch
    let synced = store.write(NOW, |txn| {
        for id in 1..=3 {
            let mailbox = txn.mailbox(MailboxId(id))?.unwrap();
            txn.put_mailbox(&Mailbox { planned: true, ..mailbox })?;
            let proof = txn.proof(MailboxId(id))?.unwrap();
            txn.put_proof(MailboxId(id), &Proof { doubted: false, ..proof })?;
        }
        txn.put_message(&Message { blob: None, ..mail(7) })?;
        (1..=2).try_for_each(|id| txn.put_account(&account(id)))
    });
    synced.await.unwrap();
    assert!(store.read().unwrap().is_whole().unwrap());
    let before = *store.head().borrow();
    store.forget_damaged(NOW).await.unwrap();
    assert!(!store.keeps_damaged());
    let told = store.read().unwrap().events(before, 9).unwrap();
    assert!(format!("{told:?}").contains("The mirror is whole again"), "{told:?}");
    assert!(store.restored().unwrap().to_string().contains("the damaged file was deleted"));
}

/// `CHAPAR_MAILS=50000 CHAPAR_FLIPS=30`: the size that large databases have.
#[tokio::test]
async fn no_flipped_byte_makes_a_list_contradict_its_count() {
    let knob = |name: &str, usual: u32| {
        let set = std::env::var(name).ok().and_then(|text| text.parse().ok());
        set.unwrap_or(usual)
    };
    let (mails, flips) = (knob("CHAPAR_MAILS", 600), knob("CHAPAR_FLIPS", 60));
    let disk = furnished(mails).await;
    let pages: Vec<usize> = {
        let state = disk.0.lock().unwrap();
        let bytes = &state.meta.now;
        // 1 begins a leaf, 2 a branch
        (0..bytes.len() / 4096).filter(|page| matches!(bytes[page * 4096], 1 | 2)).collect()
    };
    let branches: Vec<usize> = {
        let state = disk.0.lock().unwrap();
        pages.iter().copied().filter(|page| state.meta.now[page * 4096] == 2).collect()
    };
    let (mut seed, mut hid, mut noticed, mut whole) = (0x5EED_u64, 0, 0, 0);
    let (mut emptied, mut most_lost) = (0, 0);
    for flip in 0..flips {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(seed >> 20).unwrap();
        let of = if flip % 2 == 0 { &branches } else { &pages };
        let at = of[pick % of.len()] * 4096 + (pick >> 12) % 1024;
        let image = disk.crashed(8);
        image.0.lock().unwrap().meta.now[at] ^= 1 << (pick % 8);
        let store = open(&image);
        let before = all(&store, &MessageFilter::default());
        let contradicts = |(ids, total): &(Vec<MessageId>, u64)| ids.len() as u64 != *total;
        hid += u32::from(before.as_ref().is_ok_and(contradicts));
        if store.verify().await.is_err() {
            noticed += 1;
            store.heal().await.unwrap_or_else(|error| panic!("byte {at}: {error}"));
            store.verify().await.unwrap_or_else(|error| panic!("byte {at}: {error}"));
        }
        let there = u32::try_from(intact(&store, mails)).unwrap();
        // where a mailbox itself is lost, its account is listed and synced anew
        let accounts = store.read().unwrap().accounts().unwrap();
        let is_asked = accounts.iter().any(|account| account.first_synced_at.is_none());
        assert!(
            there == mails || is_asked,
            "byte {at}: {there} of {mails}, and nobody asks for the others"
        );
        whole += u32::from(there == mails);
        most_lost = most_lost.max(mails - there);
        emptied += u32::from(there == 0);
    }
    let bytes = disk.0.lock().unwrap().meta.now.len();
    eprintln!(
        "mails={mails} bytes={bytes} flips={flips}: noticed {noticed}, lists that contradicted their \
         count {hid}, mail whole afterwards {whole}, most lost {most_lost}, nothing readable \
         {emptied}"
    );
    assert_eq!(hid, 0);
    assert!(noticed > 0);
}
