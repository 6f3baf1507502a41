//! Recipients of one message whose lives differ: one is of unknown fate, another is put off, a third
//! is refused. Each gets its own end, nobody waits for another, the copy in Sent is one.

use chapar_engine::submission::{Delivery, Filing, Phase};
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sandbox::proxy::{Cut, Direction, Plan};
use chapar_tests::sim::net::LinkFault;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::{Step, recipients};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// A friend, one who is refused, one who is put off once.
const THREE: u8 = 6 * 4 + 42 * 2;
/// The first retry has come and its outcome is known.
const RETRIED: Duration = Duration::from_secs(90);

/// The submission port of the simulated account.
const PORT: u16 = 465;
/// About the bytes to the server of a whole submission to one recipient.
const SUBMISSION: u64 = 900;

/// Connects, loses the end of the next transaction, and sends to [`THREE`].
async fn lost(personality: Personality, loss: Step) -> Player {
    assert_eq!(recipients(THREE), ["friend@far.test", "greylist@far.test", "reject@far.test"]);
    let mut player = Player::new(21, personality).await;
    player.connect().await.unwrap();
    player.play(&Step::Wait(Duration::from_mins(5))).await;
    player.play(&loss).await;
    player.play(&Step::Send { recipient: THREE }).await;
    player
}

/// What is said of each, and how often it was reached.
fn outcomes(player: &Player) -> BTreeMap<String, (&'static str, usize)> {
    let submission = player.last_submission();
    let counts = player.world.provider.ledger.counts();
    let of = |(email, delivery): (String, Delivery)| {
        let word = match delivery {
            Delivery::Waiting { .. } => "waiting",
            Delivery::InFlight => "in flight",
            Delivery::Accepted { .. } => "accepted",
            Delivery::Refused { .. } => "refused",
            Delivery::Unknown => "unknown",
        };
        let key = (submission.message_id.clone(), email.clone());
        let count = counts.get(&key).copied().unwrap_or(0);
        (email.split('@').next().unwrap().to_owned(), (word, count))
    };
    submission.recipients.iter().map(|to| of((to.email.clone(), to.delivery.clone()))).collect()
}

fn expected(
    friend: (&'static str, usize),
    greylist: (&'static str, usize),
) -> BTreeMap<String, (&'static str, usize)> {
    let all = [("friend", friend), ("greylist", greylist), ("reject", ("refused", 0))];
    all.map(|(name, outcome)| (name.to_owned(), outcome)).into()
}

#[test]
fn who_waits_is_tried_on_and_the_unknown_is_not() {
    run(async {
        let mut player = lost(Personality::default(), Step::DotLost).await;
        player.play(&Step::Wait(Duration::from_secs(20))).await;
        assert_eq!(outcomes(&player), expected(("unknown", 0), ("waiting", 0)));
        assert_eq!(
            player.heard("submission."),
            ["submission.queued", "submission.unknown", "submission.deferred"]
        );
        player.play(&Step::Wait(RETRIED)).await;
        assert_eq!(outcomes(&player), expected(("unknown", 0), ("accepted", 1)));
        let submission = player.last_submission();
        assert_eq!((submission.phase, submission.filing), (Phase::Unknown, Filing::Filed));
        // our own copy in Sent is no proof that the friend has it
        player.play(&Step::Wait(Duration::from_hours(26))).await;
        assert_eq!(outcomes(&player), expected(("unknown", 0), ("accepted", 1)));
        assert!(!player.wish(json!({ "undoStatus": "canceled" })).await, "nothing waits");
        assert!(player.wish(json!({ "resolve": "resend" })).await);
        player.play(&Step::Wait(RETRIED)).await;
        assert_eq!(outcomes(&player), expected(("accepted", 1), ("accepted", 1)));
        assert_eq!(player.last_submission().phase, Phase::Sent);
        assert_eq!(player.heard("submission.").last().unwrap(), "submission.accepted");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

#[test]
fn found_where_the_provider_files_before_the_other_is_tried() {
    run(async {
        let files_sent = Personality { files_sent: true, ..Personality::default() };
        let mut player = lost(files_sent, Step::ReplyLost).await;
        player.play(&Step::Wait(Duration::from_secs(20))).await;
        assert_eq!(outcomes(&player), expected(("accepted", 1), ("waiting", 0)));
        player.play(&Step::Wait(RETRIED)).await;
        assert_eq!(outcomes(&player), expected(("accepted", 1), ("accepted", 1)));
        player.judge().await.unwrap();
        player.stop().await;
    });
}

#[test]
fn a_person_settles_the_unknown_while_another_waits() {
    run(async {
        let mut player = lost(Personality::default(), Step::ReplyLost).await;
        player.play(&Step::Wait(Duration::from_secs(20))).await;
        assert!(player.wish(json!({ "resolve": "sent" })).await);
        assert_eq!(outcomes(&player), expected(("accepted", 1), ("waiting", 0)));
        assert!(!player.wish(json!({ "resolve": "sent" })).await, "it is settled");
        player.play(&Step::Wait(RETRIED)).await;
        assert_eq!(outcomes(&player), expected(("accepted", 1), ("accepted", 1)));
        player.judge().await.unwrap();
        player.stop().await;
    });
}

#[test]
fn taken_back_while_one_is_unknown_it_is_looked_for_on() {
    run(async {
        let mut player = lost(Personality::default(), Step::DotLost).await;
        player.play(&Step::Wait(Duration::from_secs(20))).await;
        assert!(player.wish(json!({ "undoStatus": "canceled" })).await);
        player.play(&Step::Wait(RETRIED)).await;
        let submission = player.last_submission();
        assert_eq!((submission.phase, submission.attempts), (Phase::Unknown, 1));
        assert_eq!(outcomes(&player), expected(("unknown", 0), ("refused", 0)));
        assert_eq!(player.heard("submission.").last().unwrap(), "submission.unknown");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// Killed at many moments of the second try, which stands still at one byte after the other: nobody
/// gets it twice, who was not named in that try does not change, and who was is of unknown fate only
/// once the server asked for the message.
#[test]
fn killed_in_the_second_try_the_unknown_stays_what_it_was() {
    run(async {
        let (mut unknown, mut retried) = (0, 0);
        for at in (0..SUBMISSION).step_by(45) {
            let mut player = lost(Personality::default(), Step::DotLost).await;
            player.play(&Step::Wait(Duration::from_secs(20))).await;
            let plan = Plan { direction: Direction::ToServer, at, cut: Cut::Stall };
            player.world.net.next_on(PORT, LinkFault::Cut(plan));
            assert!(player.wish(json!({ "retry": true })).await);
            player.play(&Step::Wait(Duration::from_secs(5))).await;
            player.play(&Step::Crash { turns: 0, send: false }).await;
            player.play(&Step::Wait(Duration::from_mins(10))).await;
            let all = outcomes(&player);
            assert_eq!(all["friend"], ("unknown", 0), "at byte {at}");
            let tried = player.world.net.last_on(PORT).expect("a second try");
            match all["greylist"] {
                ("accepted", 1) => retried += 1,
                ("unknown", 0 | 1) => {
                    let tried = tried.tried.lock().unwrap();
                    assert!(tried.windows(6).any(|bytes| bytes == b"DATA\r\n"), "at byte {at}");
                    unknown += 1;
                }
                other => panic!("at byte {at}: {other:?}"),
            }
            player.judge().await.unwrap();
            player.stop().await;
        }
        eprintln!("killed in the second try: sent again {retried} times, unknown {unknown} times");
        assert!(unknown > 3 && retried > 3, "not both sides of the final dot");
    });
}

/// Asked for a sync, the outbox does not wait for the hour of its retry either.
#[test]
fn a_sync_tries_what_waits_for_a_retry() {
    run(async {
        let mut player = Player::new(28, Personality::default()).await;
        player.connect().await.unwrap();
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        let later = Fault::Reply { command: "MAIL".into(), text: "451 4.7.1 Later.".into() };
        player.world.provider.faults.add(Service::Smtp, later, 1);
        player.play(&Step::Send { recipient: 0 }).await;
        player.play(&Step::Wait(Duration::from_secs(5))).await;
        let waiting = player.last_submission();
        assert_eq!((waiting.attempts, waiting.phase == Phase::Sent), (1, false), "{waiting:?}");
        let synced = player.call("Account/sync", json!({ "accountId": "a1" })).await;
        assert_eq!(synced["result"], json!({}), "{synced}");
        player.play(&Step::Wait(Duration::from_secs(5))).await;
        let sent = player.last_submission();
        assert_eq!((sent.attempts, sent.phase), (2, Phase::Sent), "{sent:?}");
        player.judge().await.unwrap();
        player.stop().await;
    });
}
