//! What no count of the server shows is found when the person asks for it.

use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::time::Duration;

const MAILS: usize = 24;

async fn sync(player: &mut Player) {
    let answer = player.call("Account/sync", json!({ "accountId": "a1" })).await;
    assert!(answer.get("result").is_some(), "{answer}");
}

/// The check of the doctor that compares the mirror.
async fn mirror(player: &mut Player) -> Value {
    let answer = player.call("Doctor/run", json!({ "accountId": "a1" })).await;
    let checks = answer["result"]["checks"].as_array().expect("checks").clone();
    checks.into_iter().find(|check| check["what"] == "mirror").expect("the check of the mirror")
}

/// Gives a message of a mailbox the UID that another one had, as a server does that was restored
/// from a copy: the count, UIDNEXT, UIDVALIDITY and HIGHESTMODSEQ stay as they are.
fn renumber(player: &Player, mailbox: &str, freed: u32) {
    let store = &player.world.provider.store;
    let modseq = store.read(USER, mailbox, |folder| folder.modseq).expect("the mailbox");
    let changed = store.change(USER, mailbox, |folder, _| {
        folder.modseq = modseq;
        let mut last = folder.messages.pop().expect("a message");
        last.uid = freed;
        folder.messages.push(last);
        folder.messages.sort_by_key(|stored| stored.uid);
    });
    changed.expect("the mailbox");
}

#[test]
fn the_doctor_finds_and_mends_what_no_count_shows() {
    for personality in [Personality::default(), Personality::poor()] {
        run(async {
            let mut player = Player::with_mails(80, personality, MAILS).await;
            player.connect().await.unwrap();
            player.play(&Step::Wait(Duration::from_mins(10))).await;
            let well = mirror(&mut player).await;
            assert_eq!(well["state"], "ok", "{well}");
            assert!(!well["title"].as_str().unwrap().contains("mended"), "{well}");
            let freed = player.world.provider.store.read(USER, "Archive", |it| it.messages[0].uid);
            let freed = freed.unwrap();
            player.world.provider.store.expunge(USER, "Archive", &[freed]);
            sync(&mut player).await;
            player.mirror_is_equal().await.unwrap();

            renumber(&player, "Archive", freed);
            sync(&mut player).await;
            player.mirror_is_equal().await.expect_err("no count shows it");
            let found = mirror(&mut player).await;
            let said = found["title"].as_str().unwrap();
            assert!(said.ends_with("; 2 messages differed and were mended"), "{found}");
            player.mirror_is_equal().await.unwrap();

            player.call("Account/set", json!({ "update": { "a1": { "paused": true } } })).await;
            let rests = mirror(&mut player).await;
            assert_eq!(
                (&rests["state"], &rests["dependsOn"]),
                (&json!("skipped"), &json!("state"))
            );
            player.stop().await;
        });
    }
}
