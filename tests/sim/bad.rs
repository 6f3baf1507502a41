//! One bad thing stops one thing: a mailbox that does not open, a message that is not handed out, a
//! date that cannot be read. Everything else is mirrored, and what is set aside is told.

use crate::inplace::account;
use chapar_tests::sandbox::faults::{Fault, Harm, Service};
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::time::Duration;

const MAILS: usize = 24;

fn says(text: &str) -> Harm {
    Harm::Says(text.into())
}

async fn player(seed: u64) -> Player {
    let personality =
        if seed.is_multiple_of(2) { Personality::poor() } else { Personality::default() };
    Player::with_mails(seed, personality, MAILS).await
}

fn deny_mailbox(player: &Player, name: &str, harm: &Harm) {
    let fault = Fault::Mailbox { name: name.into(), harm: harm.clone() };
    player.world.provider.faults.always(Service::Imap, fault);
}

fn deny_message(player: &Player, mailbox: &str, uid: u32, harm: &Harm) {
    let fault = Fault::Message { mailbox: mailbox.into(), uid, harm: harm.clone() };
    player.world.provider.faults.always(Service::Imap, fault);
}

/// How many mails the server has in a mailbox, or in all of them.
fn count(player: &Player, mailbox: Option<&str>) -> usize {
    let folders = player.world.provider.store.snapshot(USER);
    let wanted = folders.iter().filter(|(name, _)| mailbox.is_none_or(|it| it == *name));
    wanted.map(|(_, folder)| folder.messages.len()).sum()
}

fn highest(player: &Player, mailbox: &str) -> u32 {
    let read = player.world.provider.store.read(USER, mailbox, |folder| folder.uidnext - 1);
    read.unwrap()
}

async fn wait(player: &mut Player, minutes: u64) {
    player.play(&Step::Wait(Duration::from_mins(minutes))).await;
}

async fn sync(player: &mut Player) -> Value {
    player.call("Account/sync", json!({ "accountId": "a1" })).await
}

fn codes(account: &Value) -> Vec<&str> {
    let health = account["health"].as_array().unwrap();
    health.iter().map(|it| it["code"].as_str().unwrap()).collect()
}

/// Whatever a mailbox does when it is opened, from the first sync on or later.
#[test]
fn a_mailbox_that_does_not_open_stops_no_other() {
    let harms = [
        says("NO [NOPERM] You are not invited."),
        says("NO [NONEXISTENT] It was here a moment ago."),
        says("NO Ask again tomorrow."),
        says("BAD Confused."),
        Harm::Blank,
        Harm::Bye,
        Harm::Closes,
        Harm::Silent,
    ];
    for (seed, harm) in (40..).zip(&harms) {
        for later in [false, true] {
            run(async {
                let mut player = player(seed).await;
                let refused = "Archive";
                if !later {
                    deny_mailbox(&player, refused, harm);
                }
                player.connect().await.unwrap();
                wait(&mut player, 12).await;
                let own = count(&player, Some(refused));
                if later {
                    deny_mailbox(&player, refused, harm);
                    player.play(&Step::Deliver { mailbox: 1, seed: 1 }).await;
                }
                for mailbox in [0, 2, 3] {
                    player.play(&Step::Deliver { mailbox, seed: mailbox }).await;
                }
                wait(&mut player, 12).await;
                let now = account(&mut player).await;
                let missing = if later { 1 } else { own };
                assert_eq!(now["mails"], count(&player, None) - missing, "{harm:?}: {now}");
                assert_eq!((&now["state"], codes(&now)), (&json!("live"), vec!["mailbox.aside"]));
                assert!(now["health"][0]["title"].as_str().unwrap().contains(refused), "{now}");
                assert_eq!(now["aside"]["mailboxes"], 1, "{now}");
                let boxes = player.call("Mailbox/get", json!({ "accountId": "a1" })).await;
                let boxes = boxes["result"]["list"].as_array().unwrap().clone();
                for mailbox in &boxes {
                    assert_eq!(
                        mailbox["aside"] != Value::Null,
                        mailbox["path"] == refused,
                        "{mailbox}"
                    );
                }

                // it opens again, and somebody asks
                player.world.provider.faults.clear();
                let answer = sync(&mut player).await;
                assert!(answer.get("error").is_none(), "{answer}");
                let now = account(&mut player).await;
                assert_eq!((&now["aside"]["mailboxes"], codes(&now)), (&json!(0), vec![]), "{now}");
                player.judge().await.unwrap();
                player.stop().await;
            });
        }
    }
}

/// Without anybody asking, a mailbox that opens again is mirrored within two hours.
#[test]
fn a_mailbox_that_opens_again_is_mirrored_by_itself() {
    run(async {
        let mut player = player(61).await;
        deny_mailbox(&player, "Lists", &says("NO [NOPERM] No."));
        player.connect().await.unwrap();
        wait(&mut player, 24 * 60).await;
        assert_eq!(account(&mut player).await["aside"]["mailboxes"], 1);
        player.world.provider.faults.clear();
        player.ended_equal([Duration::from_hours(2), Duration::from_hours(2)]).await.unwrap();
        player.stop().await;
    });
}

#[test]
fn an_inbox_that_does_not_open_is_said_and_the_rest_is_mirrored() {
    for harm in [says("NO [UNAVAILABLE] Being moved."), Harm::Closes] {
        run(async {
            let mut player = player(63).await;
            player.connect().await.unwrap();
            wait(&mut player, 12).await;
            deny_mailbox(&player, "INBOX", &harm);
            player.world.provider.faults.kick(chapar_tests::sandbox::faults::Kick::Drop);
            player.play(&Step::Deliver { mailbox: 0, seed: 3 }).await;
            player.play(&Step::Deliver { mailbox: 1, seed: 4 }).await;
            wait(&mut player, 30).await;
            let now = account(&mut player).await;
            assert_eq!(now["mails"], count(&player, None) - 1, "{now}");
            assert_eq!(
                (&now["state"], codes(&now)),
                (&json!("live"), vec!["mailbox.aside"]),
                "{now}"
            );
            assert!(now["health"][0]["title"].as_str().unwrap().contains("INBOX"), "{now}");
            player.world.provider.faults.clear();
            player.ended_equal([Duration::from_hours(2), Duration::from_hours(2)]).await.unwrap();
            wait(&mut player, 10).await;
            assert_eq!(account(&mut player).await["push"], "IDLE, INBOX");
            player.judge().await.unwrap();
            player.stop().await;
        });
    }
}

/// Whatever a server does when it is asked for its mailboxes: those that are known are looked at.
#[test]
fn a_list_that_is_refused_stops_no_mailbox() {
    let reply = |text: &str| Fault::Reply { command: "LIST".into(), text: text.into() };
    let faults = [
        reply("NO [SERVERBUG] Internal error."),
        reply("BAD Confused."),
        Fault::Hangup { command: "LIST".into(), done: false },
        Fault::Delay { command: "LIST".into(), by: Duration::from_hours(1) },
    ];
    for (seed, fault) in (60..).zip(&faults) {
        run(async {
            let mut player = player(seed).await;
            player.connect().await.unwrap();
            wait(&mut player, 10).await;
            player.world.provider.faults.always(Service::Imap, fault.clone());
            for mailbox in [0, 1, 2] {
                player.play(&Step::Deliver { mailbox, seed: mailbox }).await;
            }
            let late = Duration::from_hours(1);
            player.ended_equal([late, late]).await.unwrap_or_else(|why| panic!("{fault:?}: {why}"));
            let now = account(&mut player).await;
            assert_eq!(codes(&now).len(), 1, "{fault:?}: what fails is said: {now}");
            player.world.provider.faults.clear();
            sync(&mut player).await;
            assert_eq!(codes(&account(&mut player).await).len(), 0, "{fault:?}");
            // a server that waits holds on to sessions which the account has left
            if !matches!(fault, Fault::Delay { .. }) {
                player.judge().await.unwrap();
            }
            player.stop().await;
        });
    }
}

/// Whatever a message does when it is fetched: from the first sync on, or as it arrives.
#[test]
fn a_message_that_is_not_handed_out_stops_no_other() {
    let harms = [
        says("NO [UNAVAILABLE] Cannot be read at present."),
        says("NO [SERVERBUG] Oops."),
        says("BAD Confused."),
        Harm::Bye,
        Harm::Closes,
        Harm::Silent,
        Harm::Blank,
        Harm::Empty,
    ];
    for (seed, harm) in (70..).zip(&harms) {
        for late in [false, true] {
            run(async {
                let mut player = player(seed).await;
                let next = highest(&player, "INBOX") + 1;
                let uid = if late { next } else { next / 2 };
                deny_message(&player, "INBOX", uid, harm);
                player.connect().await.unwrap();
                wait(&mut player, 10).await;
                for seed in 0..4 {
                    player.play(&Step::Deliver { mailbox: 0, seed }).await;
                }
                wait(&mut player, 30).await;
                let now = account(&mut player).await;
                assert_eq!(now["mails"], count(&player, None) - 1, "{harm:?} late {late}: {now}");
                assert_eq!(
                    (&now["state"], codes(&now)),
                    (&json!("live"), vec!["mail.aside"]),
                    "{now}"
                );
                assert_eq!(now["aside"]["mails"], 1, "{now}");
                let place = format!("INBOX UID {uid}");
                assert!(now["health"][0]["title"].as_str().unwrap().contains(&place), "{now}");
                let before = fetches(&player);
                wait(&mut player, 12).await;
                let spent = fetches(&player) - before;
                assert!(spent <= 4, "{harm:?}: {spent} more tries in twelve minutes");

                player.world.provider.faults.clear();
                sync(&mut player).await;
                let now = account(&mut player).await;
                assert_eq!((&now["aside"]["mails"], codes(&now)), (&json!(0), vec![]), "{now}");
                player.judge().await.unwrap();
                assert_eq!(player.announced(), 4, "{harm:?}: told once each");
                player.stop().await;
            });
        }
    }
}

fn fetches(player: &Player) -> u64 {
    let commands = player.world.provider.ledger.commands(Service::Imap);
    commands.get("FETCH part").copied().unwrap_or(0)
}

/// A message whose bytes cannot be had although its headers can: it is listed, and whoever asks for
/// it hears why.
#[test]
fn a_client_hears_why_a_message_is_not_handed_out() {
    run(async {
        let mut player = player(91).await;
        player.connect().await.unwrap();
        wait(&mut player, 10).await;
        let uid = highest(&player, "INBOX") + 1;
        let fault = Fault::Message { mailbox: "INBOX".into(), uid, harm: says("NO Broken disk.") };
        player.play(&Step::Deliver { mailbox: 0, seed: 9 }).await;
        player.play(&Step::Wait(Duration::from_millis(1))).await;
        player.world.provider.faults.always(Service::Imap, fault);
        wait(&mut player, 3).await;
        let ids = player.call("Email/query", json!({ "limit": 1 })).await;
        let id = ids["result"]["ids"][0].clone();
        let asked = json!({ "ids": [id], "properties": ["subject", "bodyValues", "textBody"],
            "fetchTextBodyValues": true });
        let _ = player.call("Email/get", asked).await;
        let now = account(&mut player).await;
        assert_eq!(now["state"], "live", "{now}");
        player.world.provider.faults.clear();
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// A server that hands nothing out for a while blames no message.
#[test]
fn a_server_that_is_ill_sets_no_mail_aside() {
    for text in ["NO [UNAVAILABLE] Maintenance.", "NO Try later."] {
        run(async {
            let mut player = player(93).await;
            let fault = Fault::Reply { command: "FETCH".into(), text: text.into() };
            player.world.provider.faults.always(Service::Imap, fault);
            player.connect().await.unwrap();
            wait(&mut player, 60).await;
            let now = account(&mut player).await;
            assert_eq!((&now["mails"], &now["aside"]["mails"]), (&json!(0), &json!(0)), "{now}");
            player.world.provider.faults.clear();
            player.ended_equal([Duration::from_hours(2), Duration::from_hours(2)]).await.unwrap();
            player.stop().await;
        });
    }
}

/// Dates that cannot be read: the mail is there, under its own Date or now.
#[test]
fn a_date_that_cannot_be_read_costs_no_mail() {
    let dates =
        ["NIL", "\"0-Jan-0000 00:00:00 +0000\"", "\"\"", "\"soon\"", "\"1-Foo-2026 0:0:0\""];
    for (seed, date) in (95..).zip(dates) {
        run(async {
            let mut player = player(seed).await;
            for uid in [1, 2, 5, highest(&player, "INBOX") + 1] {
                let fault = Fault::InternalDate { uid, date: date.into() };
                player.world.provider.faults.always(Service::Imap, fault);
            }
            player.connect().await.unwrap();
            wait(&mut player, 6).await;
            player.play(&Step::Deliver { mailbox: 0, seed: 5 }).await;
            wait(&mut player, 6).await;
            let now = account(&mut player).await;
            assert_eq!(
                (&now["mails"], &now["state"]),
                (&json!(count(&player, None)), &json!("live"))
            );
            let all = player.call("Email/query", json!({ "limit": 100 })).await;
            let ids = all["result"]["ids"].clone();
            let mails =
                player.call("Email/get", json!({ "ids": ids, "properties": ["receivedAt"] })).await;
            for mail in mails["result"]["list"].as_array().unwrap() {
                let at = mail["receivedAt"].as_str().unwrap();
                assert!(("2020".."2027").contains(&at), "{date}: {at}");
            }
            player.judge().await.unwrap();
            player.stop().await;
        });
    }
}
