//! What a server may make this machine store has an end, which stops neither the account nor what is
//! new, is told, and goes away when there is room.

use crate::inplace::account;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::time::Duration;

const MAILS: usize = 24;
/// What a row is counted as.
const ROW: u64 = 4 << 10;

async fn player(seed: u64, budget: u64) -> Player {
    let personality =
        if seed.is_multiple_of(2) { Personality::poor() } else { Personality::default() };
    let mut player = Player::with_mails(seed, personality, MAILS).await;
    allow(&player, budget);
    player.connect().await.unwrap();
    wait(&mut player, 10).await;
    player
}

fn allow(player: &Player, budget: u64) {
    player.config.send_modify(|config| config.budget = budget);
}

async fn wait(player: &mut Player, minutes: u64) {
    player.play(&Step::Wait(Duration::from_mins(minutes))).await;
}

async fn codes(player: &mut Player) -> (Value, Vec<String>) {
    let now = account(player).await;
    let health = now["health"].as_array().unwrap();
    let codes = health.iter().map(|it| it["code"].as_str().unwrap().to_owned()).collect();
    (now, codes)
}

/// Rows that clients see, and how many of them have their bytes here.
async fn here(player: &mut Player) -> (usize, usize) {
    let found = player.call("Email/query", json!({ "limit": 500 })).await;
    let ids = found["result"]["ids"].clone();
    let asked = json!({ "ids": ids, "properties": ["blobId"] });
    let got = player.call("Email/get", asked).await;
    let list = got["result"]["list"].as_array().unwrap().clone();
    let whole = list.iter().filter(|email| !email["blobId"].is_null()).count();
    (list.len(), whole)
}

#[test]
fn beyond_the_budget_new_mail_comes_with_its_headers() {
    for seed in [30, 31] {
        run(async {
            let rows = MAILS as u64 * ROW;
            let mut player = player(seed, rows + 30_000).await;
            let (now, met) = codes(&mut player).await;
            assert_eq!((&now["state"], met), (&json!("live"), vec!["store.budget".to_owned()]));
            let (shown, whole) = here(&mut player).await;
            assert!(shown == MAILS && (1..MAILS).contains(&whole), "{whole} of {shown}");

            player.play(&Step::Deliver { mailbox: 0, seed: 3 }).await;
            wait(&mut player, 6).await;
            assert_eq!(here(&mut player).await.0, MAILS + 1);
            assert_eq!(player.announced(), 1, "new mail is told");

            allow(&player, 1 << 30);
            player.call("Account/sync", json!({ "accountId": "a1" })).await;
            player.mirror_is_equal().await.unwrap();
            assert_eq!(codes(&mut player).await.1, Vec::<String>::new());
            player.judge().await.unwrap();
            player.stop().await;
        });
    }
}

#[test]
fn beyond_the_reserve_nothing_is_stored_and_nothing_lost() {
    for seed in [32, 33] {
        run(async {
            // the window of the first sync was there before the budget was lowered
            let mut player = player(seed, 1 << 30).await;
            allow(&player, MAILS as u64 * ROW / 2);
            for mailbox in 0..3 {
                player.play(&Step::Deliver { mailbox, seed: mailbox }).await;
            }
            wait(&mut player, 12).await;
            let (now, met) = codes(&mut player).await;
            assert_eq!((&now["state"], met), (&json!("live"), vec!["store.budget".to_owned()]));
            assert_eq!(here(&mut player).await.0, MAILS, "no row more");
            // what is deleted on the server goes here too
            let store = &player.world.provider.store;
            let first = store.read(USER, "INBOX", |folder| folder.messages[0].uid).unwrap();
            store.expunge(USER, "INBOX", &[first]);
            wait(&mut player, 12).await;
            assert_eq!(here(&mut player).await.0, MAILS - 1);

            allow(&player, 1 << 30);
            let soon = Duration::from_mins(30);
            player.ended_equal([soon, soon]).await.unwrap();
            assert_eq!(codes(&mut player).await.1, Vec::<String>::new());
            player.judge().await.unwrap();
            player.stop().await;
        });
    }
}
