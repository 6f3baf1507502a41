//! Names in a sign-in: nobody is named whom the issuer did not name, and a provider's key that is
//! none is told with those that are.

use chapar_tests::sandbox::faults::{Fault, Service};
use chapar_tests::sandbox::oauth::http::Answer;
use chapar_tests::sim::run;
use serde_json::json;

use super::inplace::{ada, oauth, playing, sign_in};

#[test]
fn an_issuer_that_names_nobody() {
    run(async {
        let mut player = playing(31).await;
        player.world.provider.issuer.rule(|rules| rules.id_token = false);
        let silent = Answer::json(403, &json!({ "error": "insufficient_scope" }));
        let silent = Fault::Http { command: "USERINFO".into(), answer: silent, done: false };
        player.world.provider.faults.always(Service::Issuer, silent);
        let (wish, person) = (oauth(&player), ada(&player));
        let status = sign_in(&mut player, wish, &person).await;
        assert_eq!(status["state"], "done", "the mailbox itself decides: {status}");
        assert_eq!(status["steps"][0]["what"], "signedIn", "{status}");
        assert_eq!(status["steps"][0]["detail"], "", "{status}");
        player.stop().await;
    });
}

#[test]
fn a_provider_key_that_is_none() {
    run(async {
        let mut player = playing(32).await;
        for (account, key) in [
            (json!({ "replaceAccountId": "a1" }), "hotmial"),
            (json!({ "email": "x@y.test" }), "Works"),
        ] {
            let mut params = account;
            params["oauth"] = json!({ "provider": key });
            let refused = player.call("Account/connect", params).await;
            let error = &refused["error"];
            assert_eq!(error["data"]["code"], "account.provider", "{refused}");
            let words = error["message"].as_str().unwrap();
            assert!(words.contains(key) && words.contains("google, icloud"), "{words}");
        }
        assert!(
            player.world.provider.ledger.commands(Service::Issuer).is_empty(),
            "nobody is asked"
        );
        player.stop().await;
    });
}
