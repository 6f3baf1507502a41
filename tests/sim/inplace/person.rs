//! The person who signs in: who that is, what they consent to, and the client they do it with.

use super::{
    BOB, BOBS, MOVED, ada, arrives, begin, bob, end, fetched, oauth, paste, playing, sign_in, steps,
};
use chapar_tests::sandbox::oauth::client::{DESKTOP_CLIENT, DESKTOP_SECRET};
use chapar_tests::sandbox::oauth::person::Boxes;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::{PASSWORD, Player, USER};
use chapar_tests::sim::scenario::Step;
use chapar_tests::sim::{HOST, run};
use serde_json::{Value, json};
use std::time::Duration;

/// The words of a connection by OAuth.
fn connecting(player: &Player) -> Value {
    let endpoint = |port: u16| json!({ "host": HOST, "port": port, "security": "tls" });
    let mut params = oauth(player);
    params["email"] = json!(USER);
    params["imap"] = endpoint(993);
    params["smtp"] = endpoint(465);
    params
}

/// An account that was connected by OAuth from the beginning; then its sign-in anew, with the same
/// client and with another person's consent in between.
#[test]
fn connected_and_signed_in_anew_by_oauth() {
    run(async {
        let mut player = Player::new(9, Personality::default()).await;
        player.world.provider.store.add_account(BOB, BOBS);
        let params = connecting(&player);
        let answer = player.call("Account/connect", params.clone()).await["result"].clone();
        let (id, url) = (answer["connectId"].as_str().unwrap(), &answer["signIn"]["authorizeUrl"]);
        // an address of another attempt is told at once, and this one goes on
        let wrong = json!({ "connectId": id, "address": "http://127.0.0.1:1/x?code=a&state=b" });
        let refused = player.call("Account/connectAnswer", wrong).await;
        assert!(refused["error"]["data"]["code"].is_string(), "{refused}");
        let person = ada(&player);
        paste(&mut player, id, &person, url.as_str().unwrap()).await;
        let status = end(&mut player, id).await;
        assert_eq!(steps(&status), ["signedIn", "imap", "smtp", "saved"], "{status}");
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        let twice = player.call("Account/connect", params).await;
        assert_eq!(twice["error"]["data"]["code"], "account.exists", "{twice}");
        let fetched_before = fetched(&player);
        let anew = json!({ "auth": "oauth2" });
        let somebody = bob(&player);
        let status = sign_in(&mut player, anew.clone(), &somebody).await;
        assert_eq!(status["error"]["data"]["code"], "oauth.wrong_person", "{status}");
        let words = status["error"]["message"].as_str().unwrap();
        assert!(words.contains(BOB) && words.contains(USER), "{words}");
        let status = sign_in(&mut player, anew, &person).await;
        assert_eq!(steps(&status), MOVED, "{status}");
        assert_eq!(fetched(&player), fetched_before);
        assert_eq!(player.world.secrets.keys().len(), 1);
        assert!(arrives(&mut player, 81).await);
        // back to a password
        let back = json!({ "password": PASSWORD });
        let (id, _) = begin(&mut player, back).await.unwrap();
        let status = end(&mut player, &id).await;
        assert_eq!(status["state"], "done", "{status}");
        // the one it replaced is left to its issuer: some take back all grants with one of them
        assert_eq!(player.world.provider.issuer.alive(USER), 1, "the grant was given back");
        assert!(player.world.secrets.keys()[0].contains("/password"));
        assert!(arrives(&mut player, 82).await);
        player.stop().await;
    });
}

/// A shared mailbox is opened with one's own sign-in and its own name; the other's name has to be
/// confirmed.
#[test]
fn a_shared_mailbox_needs_a_confirmed_alias() {
    run(async {
        let mut player = Player::new(10, Personality::default()).await;
        player.world.provider.store.add_account(BOB, BOBS);
        player.world.provider.issuer.share(BOB, USER);
        let mut params = connecting(&player);
        for confirmed in [false, true] {
            params["aliasConfirmed"] = json!(confirmed);
            let answer = player.call("Account/connect", params.clone()).await["result"].clone();
            let id = answer["connectId"].as_str().unwrap().to_owned();
            let url = answer["signIn"]["authorizeUrl"].as_str().unwrap();
            let person = bob(&player);
            paste(&mut player, &id, &person, url).await;
            let status = end(&mut player, &id).await;
            let code = &status["error"]["data"]["code"];
            assert_eq!(code == "oauth.wrong_person", !confirmed, "{status}");
            assert_eq!(status["state"] == "done", confirmed, "{status}");
            assert_eq!(player.world.secrets.keys().len(), usize::from(confirmed));
        }
        let token = player.call("Account/token", json!({ "accountId": "a1" })).await;
        assert_eq!(token["result"]["user"], USER, "{token}");
        player.stop().await;
    });
}

/// A box that was not ticked: the page is opened again with the reason, at most three times.
#[test]
fn an_unticked_box_is_asked_for_again() {
    run(async {
        let mut player = playing(11).await;
        player.world.provider.issuer.rule(|rules| rules.boxes = true);
        let mut wish = oauth(&player);
        wish["oauth"]["scopes"] = json!(["openid", "email", "offline_access", "mail"]);
        for ticks_at in [1, 9] {
            let (id, url) = begin(&mut player, wish.clone()).await.unwrap();
            let mut url = url.unwrap();
            let mut pages = 0;
            let status = loop {
                let boxes = if pages == ticks_at { Boxes::All } else { Boxes::None };
                let person = ada(&player).who_ticks(boxes);
                paste(&mut player, &id, &person, &url).await;
                pages += 1;
                let params = json!({ "connectId": id, "seen": 0, "waitMs": 5_000 });
                let status = loop {
                    let answer = player.call("Account/connectStatus", params.clone()).await;
                    let status = answer["result"].clone();
                    let moved = status["signIn"]["authorizeUrl"] != json!(url);
                    if moved || status["error"] != Value::Null {
                        break status;
                    }
                };
                match status["signIn"]["authorizeUrl"].as_str() {
                    Some(next) => {
                        assert_eq!(status["notice"]["data"]["code"], "oauth.missing_scope");
                        assert_eq!(status["state"], "signingIn");
                        url = next.to_owned();
                    }
                    None => break end(&mut player, &id).await,
                }
            };
            if ticks_at == 1 {
                assert_eq!((pages, &status["state"]), (2, &json!("done")), "{status}");
            } else {
                assert_eq!(pages, 3, "{status}");
                assert_eq!(status["error"]["data"]["code"], "oauth.missing_scope", "{status}");
            }
        }
        player.stop().await;
    });
}

/// Whoever registered a client with a secret named the secret once.
#[test]
fn signing_in_again_goes_on_with_the_client_and_its_secret() {
    run(async {
        let mut player = playing(41).await;
        let issuer = player.world.provider.issuer.id();
        let client = json!({
            "issuer": issuer, "clientId": DESKTOP_CLIENT, "clientSecret": DESKTOP_SECRET,
        });
        for wish in [json!({ "oauth": client }), json!({ "auth": "oauth2" })] {
            let (id, url) = begin(&mut player, wish).await.unwrap();
            let url = url.expect("the person has to sign in");
            assert!(url.contains(DESKTOP_CLIENT), "{url}");
            let person = ada(&player);
            paste(&mut player, &id, &person, &url).await;
            let status = end(&mut player, &id).await;
            assert_eq!(status["state"], "done", "{status}");
        }
        assert!(arrives(&mut player, 42).await, "the account works");
        player.judge().await.unwrap();
        player.stop().await;
    });
}
