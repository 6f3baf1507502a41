//! Databases that were written by every schema there ever was can be read.

use super::disk::Memory;
use super::make::*;
use super::*;
use chapar_engine::event::EventKind;
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::message::Message;

/// Larger than any golden database.
const CAPACITY: usize = 16 << 20;
const SCHEMA_1: &[u8] = include_bytes!("../golden/schema-1.redb.zst");
const SCHEMA_2: &[u8] = include_bytes!("../golden/schema-2.redb.zst");

async fn write_golden(disk: &Memory) {
    let store = Store::open_on(Arc::new(disk.clone()), true, NOW).unwrap();
    furnish(&store).await;
    store
        .write(NOW, |txn| {
            let blob = txn.put_blob(b"golden")?;
            txn.put_submission(&submission(1, blob))?;
            txn.put_key("k1", SubmissionId(1), [7; 32])?;
            txn.put_message(&message(1, 1, Stage::Planned))?;
            txn.put_message(&message(2, 2, Stage::Summary))?;
            txn.append(Some(AccountId(1)), EventKind::AccountConnected).map(|_| ())
        })
        .await
        .unwrap();
    store.close().await;
}

fn disk_of(golden: &[u8]) -> Memory {
    let disk = Memory::default();
    disk.0.lock().unwrap().meta.now = zstd::bulk::decompress(golden, CAPACITY).unwrap();
    disk.0.lock().unwrap().packs.entry(1).or_default().now = vec![0; 1000];
    disk
}

/// Run it by hand after a new schema, with a new name.
#[tokio::test]
#[ignore = "writes the golden file"]
async fn write_the_golden_file() {
    let disk = Memory::default();
    write_golden(&disk).await;
    let packed = zstd::bulk::compress(&disk.0.lock().unwrap().meta.now, 19).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/golden/schema-2.redb.zst");
    std::fs::write(path, packed).unwrap();
}

#[tokio::test]
async fn schema_1_is_read() {
    // its identities had neither Reply-To nor Bcc
    let before = Identity { reply_to: vec![], bcc: vec![], ..identity(1) };
    is_read(SCHEMA_1, before).await;
}

#[tokio::test]
async fn schema_2_is_read() {
    is_read(SCHEMA_2, identity(1)).await;
}

async fn is_read(golden: &[u8], identity: Identity) {
    let store = Store::open_on(Arc::new(disk_of(golden)), true, NOW).unwrap();
    let read = store.read().unwrap();
    assert_eq!(read.accounts().unwrap(), [account(1)]);
    assert_eq!(read.identities(None).unwrap(), [identity]);
    assert_eq!(read.mailboxes(AccountId(1)).unwrap(), [mailbox(1, 1)]);
    let blob = BlobId(*blake3::hash(b"golden").as_bytes());
    assert_eq!(read.submissions(None).unwrap(), [submission(1, blob)]);
    assert_eq!(read.by_key("k1").unwrap(), Some((SubmissionId(1), [7; 32])));
    // the names of parts came later
    let nameless = |mut message: Message| {
        message.summary.part_names.clear();
        Some(message)
    };
    assert_eq!(read.message(MessageId(1)).unwrap(), nameless(message(1, 1, Stage::Planned)));
    assert_eq!(read.message(MessageId(2)).unwrap(), nameless(message(2, 2, Stage::Summary)));
    assert_eq!(read.events(Seq(0), 9).unwrap().len(), 3);
    assert_eq!(
        read.outbox_counts(NOW).unwrap(),
        OutboxCounts { waiting: 1, unknown: 1, ..Default::default() }
    );
    store.write(NOW, |txn| txn.put_message(&message(3, 3, Stage::Summary))).await.unwrap();
}
