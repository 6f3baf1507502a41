//! The account that is removed after a move: its grant goes back, and nothing of it stays.

use super::{ada, oauth, playing, sign_in};
use chapar_tests::sandbox::corpus;
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::json;
use std::time::Duration;

/// A removed account gives its grant back and leaves no byte on the disk.
#[test]
fn removed_with_its_grant_and_its_bytes() {
    run(async {
        let mut player = playing(5).await;
        let (wish, person) = (oauth(&player), ada(&player));
        assert_eq!(sign_in(&mut player, wish, &person).await["state"], "done");
        assert_eq!(player.world.provider.issuer.alive(USER), 1);
        let token = player.call("Account/token", json!({ "accountId": "a1" })).await;
        assert_eq!(token["result"]["user"], USER, "{token}");
        let subject = String::from_utf8(corpus::one(USER, 1_001, 0)).unwrap();
        let subject = subject.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
        player.play(&Step::Deliver { mailbox: 0, seed: 1 }).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        let scan = |player: &Player, word: &str| {
            let has = |bytes: &Vec<u8>| bytes.windows(word.len()).any(|w| w == word.as_bytes());
            player.disk.contents().iter().any(|(_, bytes)| has(bytes))
        };
        assert!(scan(&player, USER) && scan(&player, subject), "the scan finds what is there");
        let removed = player.call("Account/set", json!({ "destroy": ["a1"] })).await;
        assert_eq!(removed["result"]["destroyed"], json!(["a1"]), "{removed}");
        assert_eq!(player.world.provider.issuer.alive(USER), 0, "the grant was given back");
        assert_eq!(player.world.secrets.keys(), Vec::<String>::new());
        assert!(!scan(&player, USER), "the address lies on the disk");
        assert!(!scan(&player, subject), "a subject lies on the disk");
        player.stop().await;
    });
}
