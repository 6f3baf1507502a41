//! Moves that fail: whatever goes wrong at whichever step, the old login is as it was and goes on.

use super::{BOB, BOBS, account, ada, arrives, begin, bob, end, facts, oauth, paste, playing};
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::person::Person;
use chapar_tests::sandbox::oauth::rules::SmtpAuth;
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::json;
use std::time::Duration;

/// One way in which a move fails, and the code that says so.
struct Wrong {
    code: &'static str,
    spoil: fn(&Player),
    person: fn(&Player) -> Person,
}

fn refuses(player: &Player, service: Service, command: &str, text: &str) {
    let fault = Fault::Reply { command: command.into(), text: text.into() };
    player.world.provider.faults.add(service, fault, 1);
}

#[test]
fn whatever_fails_the_old_login_works_on() {
    let wrongs = [
        Wrong { code: "oauth.wrong_person", spoil: |_| (), person: bob },
        Wrong { code: "oauth.denied", spoil: |_| (), person: |p| ada(p).who_denies() },
        Wrong {
            code: "imap.not_connected",
            spoil: |p| p.world.provider.issuer.unconnect(USER, true),
            person: ada,
        },
        Wrong {
            code: "imap.unavailable",
            // the old form of the command is tried when the extended one is refused
            spoil: |p| {
                refuses(p, Service::Imap, "LIST", "NO [UNAVAILABLE] Later.");
                refuses(p, Service::Imap, "LIST", "NO [UNAVAILABLE] Later.");
            },
            person: ada,
        },
        Wrong {
            code: "smtp.auth_disabled",
            spoil: |p| p.world.provider.issuer.rule(|r| r.smtp_auth = SmtpAuth::OffForTenant),
            person: ada,
        },
        Wrong {
            code: "imap.unavailable",
            spoil: |p| refuses(p, Service::Imap, "FETCH", "NO [UNAVAILABLE] Later."),
            person: ada,
        },
        Wrong { code: "secrets.locked", spoil: |p| p.world.secrets.lock(true), person: ada },
    ];
    run(async move {
        let mut player = playing(2).await;
        let keys = player.world.secrets.keys();
        for (number, wrong) in wrongs.iter().enumerate() {
            let before = facts(&mut player).await;
            let wish = oauth(&player);
            let (id, url) = begin(&mut player, wish).await.unwrap();
            (wrong.spoil)(&player);
            let person = (wrong.person)(&player);
            paste(&mut player, &id, &person, &url.unwrap()).await;
            let status = end(&mut player, &id).await;
            assert_eq!(status["state"], "failed", "{}: {status}", wrong.code);
            assert_eq!(status["error"]["data"]["code"], wrong.code, "{status}");
            player.world.secrets.lock(false);
            player.world.provider.faults.clear();
            player.world.provider.issuer.unconnect(USER, false);
            player.world.provider.issuer.rule(|rules| rules.smtp_auth = SmtpAuth::Allowed);
            let after = facts(&mut player).await;
            assert_eq!(after[0][0]["auth"], "password", "{}", wrong.code);
            assert_eq!(after[1..], before[1..], "{}", wrong.code);
            assert_eq!(player.world.secrets.keys(), keys, "{}", wrong.code);
            let seed = 20 + u8::try_from(number).unwrap();
            assert!(arrives(&mut player, seed).await, "{}: no push any more", wrong.code);
        }
        // somebody else's mailbox is refused by name, whatever the address says
        let other = json!({ "user": BOB, "password": BOBS });
        let (id, _) = begin(&mut player, other).await.unwrap();
        let status = end(&mut player, &id).await;
        assert_eq!(status["error"]["data"]["code"], "account.other_mailbox", "{status}");
        assert!(status["error"]["message"].as_str().unwrap().contains(USER), "{status}");
        assert_eq!(player.world.secrets.keys(), keys);
        // given up while the person is asked
        let wish = oauth(&player);
        let (id, _) = begin(&mut player, wish).await.unwrap();
        let canceled = player.call("Account/connectCancel", json!({ "connectId": id })).await;
        assert_eq!(canceled["result"], json!({}));
        assert_eq!(end(&mut player, &id).await["state"], "canceled");
        let late = json!({ "connectId": id, "address": "http://127.0.0.1:1/?code=a&state=b" });
        assert_eq!(player.call("Account/connectAnswer", late).await["error"]["code"], 404);
        assert!(arrives(&mut player, 60).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// A disk that fails at the one commit: the old login stays, and the new secret goes.
#[test]
fn a_disk_that_fails_changes_nothing() {
    run(async {
        let mut player = playing(8).await;
        let keys = player.world.secrets.keys();
        for after in 0..6 {
            let wish = oauth(&player);
            let (id, url) = begin(&mut player, wish).await.unwrap();
            let person = ada(&player);
            player.disk.fail_after(after, std::io::ErrorKind::StorageFull);
            paste(&mut player, &id, &person, &url.unwrap()).await;
            let status = end(&mut player, &id).await;
            player.disk.heal();
            assert_eq!(status["state"], "failed", "{status}");
            assert_eq!(status["error"]["data"]["code"], "store.full", "{status}");
            player.play(&Step::Wait(Duration::from_mins(1))).await;
            assert_eq!(account(&mut player).await["auth"], "password");
            let seed = 90 + u8::try_from(after).unwrap();
            assert!(arrives(&mut player, seed).await, "after {after} operations");
        }
        // what could not be noted as gone is gone after the next start
        player.crash(0).await;
        player.play(&Step::Wait(Duration::from_mins(1))).await;
        assert_eq!(player.world.secrets.keys(), keys);
        player.judge().await.unwrap();
        player.stop().await;
    });
}
