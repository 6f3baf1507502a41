//! A grant that its issuer ends while the account stands on it: the person is told with the issuer's
//! own word, and what is connected already brings mail until its server ends it.

use crate::inplace::{self, account, ada, arrives, begin, end, oauth, playing};
use chapar_daemon::world::clock::Clock as _;
use chapar_tests::sandbox::faults::{Fault, Kick, Service};
use chapar_tests::sandbox::oauth::grant::{Access, Death};
use chapar_tests::sim::player::{PASSWORD, Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::time::Duration;

/// The life of an access token: within it every grant that is over is noticed.
const LIFE: Duration = Duration::from_hours(1);
/// From the issuer's word to the person.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The answer of one login at most.
const ANSWER: Duration = Duration::from_mins(1);

/// The player on a grant, with push and work sessions standing.
async fn granted(seed: u64) -> Player {
    let mut player = playing(seed).await;
    sign_in(&mut player).await;
    player.play(&Step::Wait(Duration::from_mins(6))).await;
    player
}

async fn sign_in(player: &mut Player) {
    let (wish, person) = (oauth(player), ada(player));
    let status = inplace::sign_in(player, wish, &person).await;
    assert_eq!(status["state"], "done", "{status}");
}

/// Logins at the mail servers so far.
fn logins(player: &Player) -> usize {
    player.world.provider.ledger.credentials().len()
}

fn revoke(player: &Player) {
    assert_eq!(player.world.provider.issuer.revoke(USER, Death::Revoked, Access::Stands), 1);
}

/// The state and its one reason, as `status` has them.
fn assert_expired(account: &Value) {
    assert_eq!(account["state"], "authExpired", "{account}");
    assert_eq!(account["health"][0]["code"], "oauth.expired", "{account}");
    assert_eq!(account["health"].as_array().unwrap().len(), 1, "{account}");
}

/// Somebody who asks for a sync is always answered, also by an account that stops meanwhile.
#[test]
fn a_sync_of_what_has_no_login_is_answered() {
    run(async {
        let mut player = granted(24).await;
        assert_eq!(player.world.provider.issuer.revoke(USER, Death::Revoked, Access::Dies), 1);
        player.world.provider.faults.kick(Kick::Bye("Session invalidated".into()));
        player.play(&Step::Wait(LIFE)).await;
        assert_expired(&account(&mut player).await);
        for pause in 0..20 {
            player.play(&Step::Wait(Duration::from_mins(pause))).await;
            let asked = player.call("Account/sync", json!({ "accountId": "a1" }));
            let answer = tokio::time::timeout(ANSWER, asked).await.expect("an answer");
            assert!(answer["error"]["message"].is_string(), "{answer}");
        }
        player.stop().await;
    });
}

#[test]
fn the_person_is_told_at_once_and_mail_comes_as_long_as_it_can() {
    run(async {
        let mut player = granted(21).await;
        let shown = player.world.desktop.shown().len();
        revoke(&player);
        player.play(&Step::Wait(LIFE)).await;
        let now = account(&mut player).await;
        assert_expired(&now);
        assert_eq!(now["push"], "IDLE, INBOX", "the session stands: {now}");
        assert_eq!(player.heard("account.authExpired").len(), 1);
        let told = player.world.desktop.shown();
        assert_eq!(told.len(), shown + 1);
        assert!(told[shown].title.contains("Sign in again"), "{:?}", told[shown]);

        let before = logins(&player);
        assert!(arrives(&mut player, 61).await, "the standing session brings mail");
        let at = player.world.clock.wall().after(Duration::from_secs(5));
        player.schedule(0, at).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        let waiting = player.last_submission();
        assert_eq!((waiting.attempts, logins(&player)), (0, before), "{waiting:?}");

        // its server ends it: nothing is dialled any more, and the reason stays what it was
        player.world.provider.faults.kick(Kick::Bye("Session invalidated".into()));
        player.play(&Step::Wait(Duration::from_mins(10))).await;
        assert!(!arrives(&mut player, 62).await, "there is no session");
        assert_eq!(logins(&player), before);
        let now = account(&mut player).await;
        assert_expired(&now);
        assert_eq!(now["push"], Value::Null);
        assert_eq!(player.heard("account.authExpired").len(), 1, "told once");

        sign_in(&mut player).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        let now = account(&mut player).await;
        assert_eq!((&now["state"], &now["health"]), (&json!("live"), &json!([])), "{now}");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// A program that asks for the token hears it first; the account hears it from the broker.
#[test]
fn whoever_hears_the_issuers_word_first() {
    run(async {
        let mut player = granted(22).await;
        revoke(&player);
        // nobody of ours is due to ask before the last five minutes
        player.play(&Step::Wait(Duration::from_mins(40))).await;
        assert_eq!(account(&mut player).await["state"], "live");
        let asked = json!({ "accountId": "a1", "minValidS": 3_600 });
        let answer = player.call("Account/token", asked).await;
        assert_eq!(answer["error"]["data"]["code"], "oauth.expired", "{answer}");
        player.play(&Step::Wait(AT_ONCE)).await;
        assert_expired(&account(&mut player).await);
        assert!(arrives(&mut player, 63).await, "the standing session brings mail");

        // signed in again while it stands: the new session before the old one goes
        sign_in(&mut player).await;
        let now = account(&mut player).await;
        assert_eq!((&now["state"], &now["health"]), (&json!("live"), &json!([])), "{now}");
        assert!(arrives(&mut player, 64).await, "push goes on");
        player.judge().await.unwrap();
        player.stop().await;
    });
}

async fn by_password(player: &mut Player) {
    let (id, _) = begin(player, json!({ "password": PASSWORD })).await.unwrap();
    let status = end(player, &id).await;
    assert_eq!(status["state"], "done", "{status}");
}

/// An account that left its grant hears of the one it gets later.
#[test]
fn the_next_grant_is_listened_to() {
    run(async {
        let mut player = granted(25).await;
        by_password(&mut player).await;
        sign_in(&mut player).await;
        player.play(&Step::Wait(Duration::from_mins(6))).await;
        revoke(&player);
        player.play(&Step::Wait(LIFE)).await;
        let now = account(&mut player).await;
        assert_expired(&now);
        assert_eq!(now["push"], "IDLE, INBOX", "the session stands: {now}");
        player.stop().await;
    });
}

/// A refresh that was under way when the account left its grant says nothing of the password.
#[test]
fn a_late_word_does_not_block_the_next_login() {
    run(async {
        let mut player = granted(26).await;
        player.play(&Step::Wait(Duration::from_mins(40))).await;
        revoke(&player);
        let slow = Fault::Delay { command: "TOKEN".into(), by: Duration::from_secs(15) };
        player.world.provider.faults.add(Service::Issuer, slow, 1);
        let asked = json!({ "accountId": "a1", "minValidS": 3_600 });
        let mut other = player.another().await;
        let (answer, ()) = tokio::join!(other.call("Account/token", asked), async {
            player.play(&Step::Wait(AT_ONCE)).await;
            by_password(&mut player).await;
        });
        assert_eq!(answer["error"]["data"]["code"], "oauth.expired", "{answer}");
        player.play(&Step::Wait(ANSWER)).await;
        let now = account(&mut player).await;
        assert_eq!((&now["state"], &now["health"]), (&json!("live"), &json!([])), "{now}");
        assert!(arrives(&mut player, 65).await, "push goes on");
        player.judge().await.unwrap();
        player.stop().await;
    });
}
