//! A sign-in that is refused after the issuer gave its tokens: the grant goes back, unless an account
//! could live on it, and nobody waits for that.

use chapar_daemon::world::clock::Clock as _;
use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::grant::Death;
use chapar_tests::sandbox::oauth::person::{Boxes, Person};
use chapar_tests::sandbox::oauth::rules::SmtpAuth;
use chapar_tests::sim::player::{Player, USER};
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::Step;
use serde_json::{Value, json};
use std::time::Duration;

use super::inplace::{BOB, ada, arrives, begin, bob, end, oauth, paste, playing, sign_in};

/// One sign-in to its refusal.
async fn refused(player: &mut Player, person: &Person) -> Value {
    let wish = oauth(player);
    let status = sign_in(player, wish, person).await;
    assert_eq!(status["state"], "failed", "{status}");
    status["error"]["data"]["code"].clone()
}

/// Enough for a request to the issuer, and not for its patience to end.
async fn a_moment(player: &mut Player) {
    player.play(&Step::Wait(Duration::from_secs(1))).await;
}

fn fates(player: &Player, user: &str) -> Vec<Option<Death>> {
    player.world.provider.issuer.fates(user)
}

fn closes_smtp(player: &Player, how: SmtpAuth) {
    player.world.provider.issuer.rule(|rules| rules.smtp_auth = how);
}

/// Whatever refuses it, wherever in the attempt.
#[test]
fn a_grant_that_is_refused_goes_back() {
    run(async {
        let mut player = playing(21).await;
        let somebody = bob(&player);
        assert_eq!(refused(&mut player, &somebody).await, "oauth.wrong_person");
        a_moment(&mut player).await;
        assert_eq!(fates(&player, BOB), [Some(Death::GivenBack)]);

        let person = ada(&player);
        closes_smtp(&player, SmtpAuth::OffForTenant);
        assert_eq!(refused(&mut player, &person).await, "smtp.auth_disabled");
        closes_smtp(&player, SmtpAuth::Allowed);
        player.world.provider.issuer.unconnect(USER, true);
        assert_eq!(refused(&mut player, &person).await, "imap.not_connected");
        player.world.provider.issuer.unconnect(USER, false);
        player.world.secrets.lock(true);
        assert_eq!(refused(&mut player, &person).await, "secrets.locked");
        player.world.secrets.lock(false);
        player.world.provider.issuer.rule(|rules| rules.refresh_token = false);
        assert_eq!(refused(&mut player, &person).await, "oauth.no_refresh_token");
        player.world.provider.issuer.rule(|rules| rules.refresh_token = true);
        a_moment(&mut player).await;
        assert_eq!(fates(&player, USER), [Some(Death::GivenBack); 4]);
        assert!(arrives(&mut player, 30).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// Given up while the servers are being asked.
#[test]
fn a_grant_whose_attempt_is_given_up_goes_back() {
    run(async {
        let mut player = playing(22).await;
        let wish = oauth(&player);
        let (id, url) = begin(&mut player, wish).await.unwrap();
        let slow = Fault::Delay { command: "LIST".into(), by: Duration::from_secs(20) };
        player.world.provider.faults.add(Service::Imap, slow, 1);
        let person = ada(&player);
        paste(&mut player, &id, &person, &url.unwrap()).await;
        a_moment(&mut player).await;
        assert_eq!(fates(&player, USER), [None], "the proof is under way");
        let canceled = player.call("Account/connectCancel", json!({ "connectId": id })).await;
        assert_eq!(canceled["result"], json!({}));
        assert_eq!(end(&mut player, &id).await["state"], "canceled");
        a_moment(&mut player).await;
        assert_eq!(fates(&player, USER), [Some(Death::GivenBack)]);
        player.stop().await;
    });
}

/// What a page before the last one granted is left alone while the person is at the next one: to
/// give it back there could end what the next one grants.
#[test]
fn a_page_that_is_opened_again_ends_no_grant() {
    run(async {
        let mut player = playing(23).await;
        player.world.provider.issuer.rule(|rules| {
            rules.boxes = true;
            rules.give_back_ends_all = true;
        });
        let mut wish = oauth(&player);
        wish["oauth"]["scopes"] = json!(["openid", "email", "offline_access", "mail"]);
        for (pages, expected) in [(1, [None; 2].to_vec()), (3, [None; 5].to_vec())] {
            let (id, mut url) = begin(&mut player, wish.clone()).await.unwrap();
            for page in 0..=pages.min(2) {
                let boxes = if page == pages { Boxes::All } else { Boxes::None };
                let person = ada(&player).who_ticks(boxes);
                paste(&mut player, &id, &person, url.as_ref().unwrap()).await;
                a_moment(&mut player).await;
                let status = json!({ "connectId": id, "seen": 0 });
                let status = player.call("Account/connectStatus", status).await;
                url = status["result"]["signIn"]["authorizeUrl"].as_str().map(str::to_owned);
            }
            let status = end(&mut player, &id).await;
            assert_eq!(status["state"] == "done", pages == 1, "{status}");
            a_moment(&mut player).await;
            // the second attempt meets an account that lives there
            assert_eq!(fates(&player, USER), expected);
        }
        assert!(arrives(&mut player, 31).await);
        player.stop().await;
    });
}

/// With one refresh token some issuers end all that the person gave to the client.
#[test]
fn no_grant_goes_back_where_an_account_lives_on_one() {
    run(async {
        let mut player = playing(24).await;
        player.world.provider.issuer.rule(|rules| rules.give_back_ends_all = true);
        let person = ada(&player);
        let wish = oauth(&player);
        assert_eq!(sign_in(&mut player, wish, &person).await["state"], "done");
        closes_smtp(&player, SmtpAuth::OffForMailbox);
        assert_eq!(refused(&mut player, &person).await, "smtp.auth_disabled");
        closes_smtp(&player, SmtpAuth::Allowed);
        // whoever opens a shared mailbox signs in under another address: that may be this one
        let somebody = bob(&player);
        assert_eq!(refused(&mut player, &somebody).await, "oauth.wrong_person");
        a_moment(&mut player).await;
        assert_eq!(fates(&player, USER), [None, None]);
        assert_eq!(fates(&player, BOB), [None]);
        let renewed = json!({ "accountId": "a1", "minValidS": 3_600 });
        let renewed = player.call("Account/token", renewed).await;
        assert_eq!(renewed["result"]["user"], USER, "{renewed}");
        assert!(arrives(&mut player, 32).await);
        player.judge().await.unwrap();
        player.stop().await;
    });
}

/// An issuer that never answers holds up nobody but the next sign-in, and that not for long.
#[test]
fn nobody_waits_for_an_issuer_that_is_silent() {
    run(async {
        let mut player = playing(25).await;
        let silent = Fault::Hang { command: "REVOKE".into(), done: false };
        player.world.provider.faults.add(Service::Issuer, silent, 1);
        let person = ada(&player);
        closes_smtp(&player, SmtpAuth::OffForTenant);
        let begun = player.world.clock.boot();
        assert_eq!(refused(&mut player, &person).await, "smtp.auth_disabled");
        assert!(player.world.clock.boot().until_from(begun) < Duration::from_secs(1));
        closes_smtp(&player, SmtpAuth::Allowed);
        let begun = player.world.clock.boot();
        let wish = oauth(&player);
        let (id, url) = begin(&mut player, wish).await.unwrap();
        let waited = player.world.clock.boot().until_from(begun);
        assert!((4..7).contains(&waited.as_secs()), "{waited:?}");
        paste(&mut player, &id, &person, &url.unwrap()).await;
        assert_eq!(end(&mut player, &id).await["state"], "done");
        player.stop().await;
    });
}
