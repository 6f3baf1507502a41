//! The moment of a move: killed or given up after any number of turns, exactly one login is the
//! account's, it works, and the vault holds no other secret.

use super::{account, ada, arrives, begin, end, oauth, playing};
use chapar_tests::sim::player::{PASSWORD, Player};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::json;
use std::time::Duration;

/// Turns of the daemon's tasks between two kills of a move.
const KILL_EVERY: usize = 24;

/// The person has signed in, and nobody waits for what becomes of the attempt.
async fn signs_in(player: &mut Player) -> String {
    let wish = oauth(player);
    let (id, url) = begin(player, wish).await.unwrap();
    let address = ada(player).final_address(&url.unwrap()).await.unwrap();
    let params = json!({ "connectId": id, "address": address });
    player.cast("Account/connectAnswer", params).await;
    id
}

/// The process ends after each so many turns of a move to another password: exactly one login is
/// the account's afterwards, it works, and the vault holds no other secret.
#[test]
fn killed_at_any_step_one_password_stands() {
    let (mut moved, mut stayed) = (0, 0);
    for turns in (0..400_u32).step_by(KILL_EVERY) {
        let slot = run(async move {
            let mut player = playing(3).await;
            let again = json!({ "replaceAccountId": "a1", "password": PASSWORD });
            player.cast("Account/connect", again).await;
            player.crash(turns).await;
            player.play(&Step::Wait(Duration::from_mins(2))).await;
            let keys = player.world.secrets.keys();
            assert_eq!(keys.len(), 1, "after {turns} turns: {keys:?}");
            assert!(arrives(&mut player, 70).await, "after {turns} turns");
            player.judge().await.unwrap();
            player.stop().await;
            keys[0].ends_with("/password/1")
        });
        if slot { moved += 1 } else { stayed += 1 }
    }
    assert!(moved > 0 && stayed > 0, "the kills hit both sides: {moved} moved, {stayed} stayed");
}

/// The same from the moment at which the person has signed in: the grant or the password.
#[test]
fn killed_at_any_step_the_grant_or_the_password_stands() {
    let (mut moved, mut stayed) = (0, 0);
    for turns in (0..600_u32).step_by(KILL_EVERY) {
        let grant = run(async move {
            let mut player = playing(6).await;
            signs_in(&mut player).await;
            player.crash(turns).await;
            player.play(&Step::Wait(Duration::from_mins(2))).await;
            let keys = player.world.secrets.keys();
            assert_eq!(keys.len(), 1, "after {turns} turns: {keys:?}");
            assert!(arrives(&mut player, 71).await, "after {turns} turns");
            let auth = account(&mut player).await["auth"].clone();
            let grant = keys[0].ends_with("/grant");
            assert_eq!(auth, if grant { "oauth2" } else { "password" }, "after {turns} turns");
            player.stop().await;
            grant
        });
        if grant { moved += 1 } else { stayed += 1 }
    }
    assert!(moved > 0 && stayed > 0, "the kills hit both sides: {moved} moved, {stayed} stayed");
}

/// Given up after each so many turns: either it was too late and the move is done, or nothing is.
#[test]
fn canceled_at_any_step_it_is_one_or_the_other() {
    let (mut done, mut canceled) = (0, 0);
    run(async {
        let mut player = playing(7).await;
        for turns in (0..600).step_by(KILL_EVERY) {
            let before = account(&mut player).await["auth"].clone();
            let keys = player.world.secrets.keys();
            let id = signs_in(&mut player).await;
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let cancel = player.call("Account/connectCancel", json!({ "connectId": id })).await;
            let status = end(&mut player, &id).await;
            let after = account(&mut player).await["auth"].clone();
            if status["state"] == "done" {
                done += 1;
                assert_eq!(cancel["error"]["code"], 404, "{cancel}");
                assert_eq!(after, "oauth2");
            } else {
                canceled += 1;
                assert_eq!(cancel["result"], json!({}));
                assert_eq!(status["state"], "canceled", "{status}");
                assert_eq!(after, before);
                assert_eq!(player.world.secrets.keys(), keys);
            }
            assert_eq!(player.world.secrets.keys().len(), 1, "{:?}", player.world.secrets.keys());
        }
        assert!(arrives(&mut player, 72).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
    assert!(done > 0 && canceled > 0, "both were met: {done} done, {canceled} canceled");
}
