//! What `status` shows of an account at work.

use crate::inplace::{account, playing};
use chapar_engine::submission::Phase;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the server takes over what is slow.
const SLOW: Duration = Duration::from_secs(20);

/// A pass fetches new mail and then files a sent one, which takes long: nothing is missing then, so
/// there is no progress to show.
#[test]
fn of_a_mirror_that_is_whole_no_progress_is_shown() {
    run(async {
        let mut player = playing(31).await;
        for command in ["LIST", "APPEND"] {
            let slow = Fault::Delay { command: command.into(), by: SLOW };
            player.world.provider.faults.add(Service::Imap, slow, 1);
        }
        player.play(&Step::Deliver { mailbox: 0, seed: 9 }).await;
        player.play(&Step::Send { recipient: 0 }).await;
        let mut filing = 0;
        for _ in 0..3 * SLOW.as_secs() {
            player.play(&Step::Wait(Duration::from_secs(1))).await;
            let commands = player.world.provider.ledger.commands(Service::Imap);
            filing += u32::from(commands.contains_key("APPEND"));
            let account = account(&mut player).await;
            assert_eq!(account["state"], "live");
            let progress = &account["progress"];
            let whole = progress["done"] == progress["total"];
            assert!(*progress == Value::Null || !whole, "{progress}");
        }
        assert!(filing > 10, "the slow end of the pass was seen");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// The submission server could not be reached once; then it could.
#[test]
fn what_stood_in_the_way_of_sending_is_gone_when_it_is() {
    run(async {
        let mut player = playing(32).await;
        player.play(&Step::Refuse).await;
        player.play(&Step::Send { recipient: 0 }).await;
        player.play(&Step::Wait(Duration::from_secs(5))).await;
        let health = account(&mut player).await["health"].clone();
        assert_eq!(health[0]["code"], "net.refused", "{health}");
        player.play(&Step::Wait(Duration::from_mins(10))).await;
        let account = account(&mut player).await;
        assert_eq!(player.last_submission().phase, Phase::Sent);
        assert_eq!((&account["state"], &account["health"]), (&json!("live"), &json!([])));
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// The submission server could not be reached, and the person took back what waited for it.
#[test]
fn what_stood_in_the_way_of_sending_is_gone_when_nothing_is_to_be_sent() {
    run(async {
        let mut player = playing(34).await;
        player.play(&Step::Refuse).await;
        player.play(&Step::Send { recipient: 0 }).await;
        player.play(&Step::Wait(Duration::from_secs(5))).await;
        let health = account(&mut player).await["health"].clone();
        assert_eq!(health[0]["code"], "net.refused", "{health}");
        let waiting = player.call("EmailSubmission/query", json!({})).await["result"].clone();
        let id = waiting["ids"][0].as_str().unwrap().to_owned();
        let back = json!({ "accountId": "a1", "update": { id: { "undoStatus": "canceled" } } });
        player.call("EmailSubmission/set", back).await;
        player.play(&Step::Wait(Duration::from_secs(5))).await;
        assert_eq!(player.last_submission().phase, Phase::Canceled);
        assert_eq!(account(&mut player).await["health"], json!([]));
        player.stop().await;
    });
}

/// A paused account is connected to nothing, whatever happens to it meanwhile.
#[test]
fn a_paused_account_holds_no_session() {
    run(async {
        let mut player = playing(33).await;
        player.play(&Step::Wait(Duration::from_secs(30))).await;
        let pause = |paused: bool| json!({ "update": { "a1": { "paused": paused } } });
        let answer = player.call("Account/set", pause(true)).await;
        assert!(answer["result"]["updated"].get("a1").is_some(), "{answer}");
        player.play(&Step::Wait(Duration::from_secs(100))).await;
        let census = |player: &Player| player.world.provider.ledger.census(Service::Imap, USER);
        assert_eq!(census(&player).now, 0);
        let before = census(&player).ever;
        player.play(&Step::Send { recipient: 0 }).await;
        player.play(&Step::Wait(Duration::from_mins(10))).await;
        assert_eq!(census(&player).ever, before);
        player.call("Account/set", pause(false)).await;
        player.judge().await.unwrap();
        player.stop().await;
    });
}
