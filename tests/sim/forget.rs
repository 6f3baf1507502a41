//! Forgetting while the account is at work: nothing is sent twice, what was forgotten comes back by a
//! first sync, and `everything` is every account.

use crate::inplace::{BOB, BOBS, account, ada, end, oauth, playing, sign_in};
use chapar_daemon::world::clock::Clock as _;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sim::player::Player;
use chapar_tests::sim::scenario::Step;
use chapar_tests::sim::{HOST, run};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than an account is waited for to stop.
const LONG: Duration = Duration::from_mins(1);

async fn forget(player: &mut Player) -> Value {
    player.call("Data/forget", json!({ "accountId": "a1" })).await
}

async fn resume(player: &mut Player) {
    let patch = json!({ "update": { "a1": { "paused": false } } });
    let answer = player.call("Account/set", patch).await;
    assert_eq!(answer["error"], Value::Null, "{answer}");
}

async fn send(player: &mut Player) -> Value {
    let letter = json!({
        "accountId": "a1",
        "to": [{ "email": "friend@far.test" }],
        "subject": "Once",
        "text": "Only once.",
        "idempotencyKey": "once-1",
    });
    player.call("Email/send", letter).await
}

async fn connect_bob(player: &mut Player) {
    let endpoint = |port| json!({ "host": HOST, "port": port, "security": "tls" });
    let bob = json!({
        "email": BOB, "password": BOBS, "imap": endpoint(993), "smtp": endpoint(465),
    });
    let begun = player.call("Account/connect", bob).await;
    let id = begun["result"]["connectId"].as_str().unwrap().to_owned();
    let connected = end(player, &id).await;
    assert_eq!(connected["error"], Value::Null, "{connected}");
}

/// How often each mail reached each recipient.
fn deliveries(player: &Player) -> Vec<usize> {
    player.world.provider.ledger.counts().into_values().collect()
}

/// A delivery that takes longer than the account is waited for is not met by a second worker: the
/// account goes on as it was, and is forgotten once it can be.
#[test]
fn a_delivery_under_way_is_not_met_by_another() {
    run(async {
        for command in ["RCPT", "DOT"] {
            let mut player = playing(31).await;
            let slow = Fault::Delay { command: command.into(), by: LONG };
            player.world.provider.faults.add(Service::Smtp, slow, 1);
            player.play(&Step::Send { recipient: 0 }).await;
            player.play(&Step::Wait(Duration::from_secs(5))).await;
            let before = account(&mut player).await;
            let refused = forget(&mut player).await;
            assert_eq!(refused["error"]["data"]["code"], "account.busy", "{command}: {refused}");
            resume(&mut player).await;
            player.play(&Step::Wait(LONG * 2)).await;
            assert_eq!(deliveries(&player), [1], "{command}");
            let after = account(&mut player).await;
            assert_eq!(after["state"], before["state"], "{command}");
            assert!(
                after["mails"].as_u64() > before["mails"].as_u64(),
                "the copy in Sent: {after}"
            );
            player.judge().await.unwrap();

            let forgotten = forget(&mut player).await;
            assert_eq!(forgotten["error"], Value::Null, "{forgotten}");
            let after = account(&mut player).await;
            assert_eq!((&after["state"], &after["mails"]), (&json!("paused"), &json!(0)));
            player.stop().await;
        }
    });
}

/// An empty mirror is not called live: the mail comes again by a first sync. A client that sends
/// with its key again sends nothing.
#[test]
fn what_was_forgotten_comes_back_by_a_first_sync() {
    run(async {
        let mut player = playing(32).await;
        let mails = account(&mut player).await["mails"].clone();
        assert_eq!(player.heard("sync.started").len(), 1);
        let sent = send(&mut player).await;
        assert_eq!(sent["result"]["existing"], false, "{sent}");
        player.play(&Step::Wait(LONG)).await;
        assert_eq!(deliveries(&player), [1]);

        let forgotten = forget(&mut player).await;
        assert_eq!(forgotten["error"], Value::Null, "{forgotten}");
        let again = send(&mut player).await;
        assert_eq!(again["error"]["data"]["type"], "notFound", "{again}");
        resume(&mut player).await;
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        assert_eq!(player.heard("sync.started").len(), 2, "a first sync again");
        let now = account(&mut player).await;
        assert_eq!(now["state"], "live", "{now}");
        assert!(now["mails"].as_u64() >= mails.as_u64(), "{now}");
        assert_eq!(deliveries(&player), [1], "the key is still known");
        player.stop().await;
    });
}

/// What was sent does not wait, though its copy is not in Sent yet; and an account whose secret
/// cannot be deleted now does not keep the next one.
#[test]
fn everything_is_every_account() {
    run(async {
        let mut player = playing(33).await;
        connect_bob(&mut player).await;

        let full =
            Fault::Reply { command: "APPEND".into(), text: "NO [UNAVAILABLE] Later.".into() };
        player.world.provider.faults.always(Service::Imap, full);
        player.play(&Step::Send { recipient: 0 }).await;
        player.play(&Step::Wait(LONG)).await;
        assert_eq!(deliveries(&player), [1]);
        let open = player.call("Data/forget", json!({ "everything": true, "dryRun": true })).await;
        assert_eq!(open["result"]["openSubmissions"], 0, "{open}");

        player.world.secrets.lock(true);
        let forgotten = player.call("Data/forget", json!({ "everything": true })).await;
        let error = &forgotten["error"]["data"];
        assert_eq!(
            (&error["code"], &error["accountId"]),
            (&json!("secrets.unavailable"), &json!("a1"))
        );
        let left = player.call("Account/get", json!({})).await;
        assert_eq!(left["result"]["list"], json!([]), "{left}");
        player.stop().await;
    });
}

/// What a full disk keeps here goes on as an account, and is forgotten once there is room.
#[test]
fn what_could_not_be_deleted_is_still_an_account() {
    run(async {
        let mut player = playing(34).await;
        player.disk.fail_after(0, std::io::ErrorKind::StorageFull);
        let everything = json!({ "everything": true });
        let refused = player.call("Data/forget", everything.clone()).await;
        assert_eq!(refused["error"]["data"]["code"], "store.full", "{refused}");
        player.disk.heal();
        player.play(&Step::Wait(LONG)).await;
        let account = account(&mut player).await;
        assert_eq!(account["state"], "live", "{account}");

        let forgotten = player.call("Data/forget", everything).await;
        assert_eq!(forgotten["error"], Value::Null, "{forgotten}");
        let left = player.call("Account/get", json!({})).await;
        assert_eq!(left["result"]["list"], json!([]), "{left}");
        player.stop().await;
    });
}

/// A mail that is accepted while the accounts go keeps its account. The first one goes slowly: its
/// issuer is not quick to take the grant back.
#[test]
fn an_accepted_mail_is_not_forgotten() {
    run(async {
        let mut player = playing(35).await;
        connect_bob(&mut player).await;
        let (wish, person) = (oauth(&player), ada(&player));
        let moved = sign_in(&mut player, wish, &person).await;
        assert_eq!(moved["state"], "done", "{moved}");
        let slow = Fault::Delay { command: "REVOKE".into(), by: LONG };
        player.world.provider.faults.add(Service::Issuer, slow, 1);

        let mut other = player.another().await;
        let at = player.world.clock.wall().after(LONG * 10);
        let at = jiff::Timestamp::from_millisecond(at.0).unwrap();
        let letter = json!({
            "accountId": "a2",
            "to": [{ "email": "friend@far.test" }],
            "subject": "Kept",
            "text": "Once.",
            "sendAt": at.to_string(),
        });
        let sending = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            other.call("Email/send", letter).await
        };
        let everything = json!({ "everything": true });
        let (forgotten, sent) = tokio::join!(player.call("Data/forget", everything), sending);
        assert_eq!(sent["error"], Value::Null, "{sent}");
        let error = &forgotten["error"]["data"];
        assert_eq!(
            (&error["code"], &error["accountId"]),
            (&json!("submission.waiting"), &json!("a2"))
        );
        let left = account(&mut player).await;
        assert_eq!(left["id"], "a2", "{left}");
        player.play(&Step::Wait(LONG * 15)).await;
        assert_eq!(deliveries(&player), [1], "it is sent");
        player.stop().await;
    });
}
