//! Submissions: which are open, how many stand where, and how long their keys are known.

use super::make::*;
use super::*;
use chapar_engine::id::{AccountId, SubmissionId};
use chapar_engine::submission::{Delivery, Filing, Phase};

/// The keys of what was forgotten outlive it by their own time only, and never their account.
#[tokio::test]
async fn forgotten_keys_stay_for_a_week() {
    let store = memory();
    furnish(&store).await;
    let put = |id: u64, key: &'static str, at: Wall| {
        store.write(at, move |txn| {
            let blob = txn.put_blob(b"bytes")?;
            let (phase, filing) = (Phase::Canceled, Filing::Pending);
            let base = submission(id, blob);
            let key_of = Some(key.to_owned());
            txn.put_submission(&chapar_engine::submission::Submission {
                phase,
                filing,
                created_at: at,
                key: key_of,
                ..base
            })?;
            txn.put_key(key, SubmissionId(id), [7; 32])
        })
    };
    let known = |key: &str| store.read().unwrap().by_key(key).unwrap();
    let day = |days: i64| Wall(NOW.0 + days * 86_400_000);
    put(1, "old", day(-8)).await.unwrap();
    put(2, "young", day(-6)).await.unwrap();
    store.write(NOW, |txn| txn.forget_mail(AccountId(1))).await.unwrap();
    assert!(store.read().unwrap().submissions(None).unwrap().is_empty());
    assert_eq!(known("old"), None);
    assert_eq!(known("young"), Some((SubmissionId(2), [7; 32])));
    assert_eq!(store.read().unwrap().account(AccountId(1)).unwrap().unwrap().first_synced_at, None);

    put(3, "next", day(1)).await.unwrap();
    assert!(known("young").is_some(), "a week is not over: {:?}", known("young"));
    put(4, "last", day(2)).await.unwrap();
    assert_eq!(known("young"), None);
    store.write(day(3), |txn| txn.forget_mail(AccountId(1))).await.unwrap();
    assert!(known("next").is_some() && known("last").is_some());
    store.write(day(3), |txn| txn.delete_account(AccountId(1))).await.unwrap();
    assert_eq!((known("next"), known("last")), (None, None));
}

#[tokio::test]
async fn submissions_leave_the_open_list_when_final() {
    let store = memory();
    furnish(&store).await;
    let put = |phase, filing| {
        store.write(NOW, move |txn| {
            let blob = txn.put_blob(b"bytes")?;
            let base = submission(1, blob);
            let now = chapar_engine::submission::Submission { phase, filing, ..base };
            txn.put_submission(&now)
        })
    };
    let open = || store.read().unwrap().open_submissions(AccountId(1)).unwrap().len();
    put(Phase::Sending, Filing::Pending).await.unwrap();
    assert_eq!(open(), 1);
    put(Phase::Sent, Filing::Wanted { next: NOW, tries: 0 }).await.unwrap();
    assert_eq!(open(), 1);
    put(Phase::Sent, Filing::Filed).await.unwrap();
    assert_eq!(open(), 0);
    put(Phase::Failed, Filing::Pending).await.unwrap();
    assert_eq!(open(), 0);
}

/// Finished submissions pile up for a month, and `status` is asked again and again: their records
/// are not read for it. Here every one of them is rotten, which only a reader of it would notice.
#[tokio::test]
async fn the_outbox_is_counted_without_reading_what_is_finished() {
    use super::tables::{Key, Table};
    let store = memory();
    furnish(&store).await;
    let later = Wall(NOW.0 + 1);
    let queued = |send_at, attempts| (Phase::Queued { next: send_at }, send_at, attempts);
    let mut wanted = vec![
        queued(later, 0),
        queued(later, 1),
        queued(NOW, 0),
        (Phase::Sending, NOW, 1),
        (Phase::DotPending, NOW, 1),
        (Phase::Unknown, NOW, 1),
    ];
    let open = wanted.len() as u64;
    wanted.extend([(Phase::Failed, NOW, 1); 3]);
    wanted.extend([(Phase::Sent, NOW, 1); 40]);
    wanted.extend([(Phase::Canceled, NOW, 0); 2]);
    let last = wanted.len() as u64;
    let expected = OutboxCounts { scheduled: 1, waiting: 2, sending: 2, unknown: 1, failed: 3 };
    store
        .write(NOW, move |txn| {
            let blob = txn.put_blob(b"x")?;
            for (id, (phase, send_at, attempts)) in (1..).zip(&wanted) {
                let mut submission = submission(id, blob);
                (submission.phase, submission.send_at) = (*phase, *send_at);
                (submission.attempts, submission.filing) = (*attempts, Filing::Skipped);
                submission.key = None;
                if *phase != Phase::Unknown {
                    submission.recipients.retain(|it| it.delivery != Delivery::Unknown);
                    submission.search = None;
                }
                txn.put_submission(&submission)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(store.read().unwrap().outbox_counts(NOW).unwrap(), expected);
    // the index of the failed ones can be made from the records
    store
        .write(NOW, |txn| txn.remove_prefix(Table::FailedSubmissions, &Key::default()))
        .await
        .unwrap();
    assert_eq!(store.read().unwrap().outbox_counts(NOW).unwrap().failed, 0);
    let again = |txn: &mut Txn<'_>| {
        txn.index_all_failed()?;
        Ok(())
    };
    store.write(NOW, again).await.unwrap();
    let rot = move |txn: &mut Txn<'_>| {
        (open + 1..=last).try_for_each(|id| txn.set(Table::Submissions, &Key::of(id), b"rot"))
    };
    store.write(NOW, rot).await.unwrap();
    let read = store.read().unwrap();
    assert!(read.submissions(None).is_err(), "they are rotten");
    assert_eq!(read.outbox_counts(NOW).unwrap(), expected);
}
