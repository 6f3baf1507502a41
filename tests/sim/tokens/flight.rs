//! Many who ask at once, and the ways a grant comes and goes.

use super::issuer::{Fault, Rotation};
use super::{LIFE, LONG, Place, access, account, grant};
use chapar_engine::credential::Auth;
use chapar_tests::sim::run;
use std::collections::BTreeSet;
use std::time::Duration;

/// Who asks at once.
const ASKING: usize = 100;
/// Expiries lived through.
const EXPIRIES: u64 = 50;

#[test]
fn a_hundred_ask_and_one_refresh_is_made_an_expiry() {
    for rotation in [Rotation::None, Rotation::Lenient, Rotation::Strict] {
        run(async {
            let place = Place::new(rotation);
            let tokens = place.signed_in().await;
            for expiry in 1..=EXPIRIES {
                let asking: Vec<_> = (0..ASKING)
                    .map(|_| {
                        let tokens = tokens.clone();
                        tokio::spawn(async move { access(&tokens).await })
                    })
                    .collect();
                let mut got = BTreeSet::new();
                for one in asking {
                    got.insert(one.await.unwrap().unwrap());
                }
                assert_eq!(got.len(), 1, "all have the same");
                assert_eq!(place.endpoint.made(), expiry, "{rotation:?}");
                place.wait(Duration::from_secs(LIFE)).await;
            }
            assert!(place.endpoint.lives());
            eprintln!("{rotation:?}: {ASKING} asked {EXPIRIES} times, {EXPIRIES} refreshes");
        });
    }
}

/// Who asks and goes away takes nothing along: the refresh is finished for the next one.
#[test]
fn a_refresh_outlives_who_asked_for_it() {
    run(async {
        let place = Place::new(Rotation::Strict);
        let tokens = place.signed_in().await;
        for _ in 0..20 {
            let asked = tokens.clone();
            let hasty = tokio::spawn(async move { access(&asked).await });
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            hasty.abort();
            access(&tokens).await.unwrap();
            place.wait(LONG).await;
        }
        assert!(place.endpoint.lives());
        assert_eq!(place.endpoint.made(), 20);
    });
}

/// The daemon stops in the middle of a refresh: it is finished, or the next start sees to it.
#[test]
fn an_orderly_stop_finishes_the_refresh() {
    run(async {
        let place = Place::new(Rotation::Strict);
        let tokens = place.signed_in().await;
        let asked = tokens.clone();
        tokio::spawn(async move { access(&asked).await });
        while place.endpoint.connections() == 0 {
            tokio::task::yield_now().await;
        }
        tokens.close().await;
        assert_eq!(access(&tokens).await.unwrap_err().code, "oauth.unavailable");
        assert!(place.vault.text().contains("canary-refresh-1"));
        assert_eq!(access(&place.broker()).await.unwrap(), "canary-access-2");
    });
}

#[test]
fn a_link_that_moved_is_tried_at_once() {
    run(async {
        let place = Place::new(Rotation::None);
        let tokens = place.signed_in().await;
        place.endpoint.suffer(Some(Fault::Connect("net.unknown_host")));
        for _ in 0..60 {
            assert_eq!(access(&tokens).await.unwrap_err().code, "net.unknown_host");
            place.wait(Duration::from_secs(10)).await;
        }
        place.endpoint.suffer(None);
        drop(access(&tokens).await);
        place.sim.change_network();
        access(&tokens).await.unwrap();
    });
}

/// A grant takes another's place, and goes back when the switch does not happen.
#[test]
fn a_switch_that_does_not_happen_leaves_the_old_grant() {
    run(async {
        let place = Place::new(Rotation::None);
        let tokens = place.signed_in().await;
        let before = place.vault.text();
        let mut other = place.granted();
        other.grant.client_id = "another".into();
        tokens.adopt(account().id, &other).await.unwrap();
        tokens.restore(account().id).await.unwrap();
        assert_eq!(place.vault.text(), before);
        tokens.restore(account().id).await.unwrap();
        assert_eq!(place.vault.text(), before, "a second time does nothing");
        place.wait(LONG).await;
        assert_eq!(access(&tokens).await.unwrap(), "canary-access-1");
        // killed between adopt and the account's own switch: the account says which one counts
        tokens.adopt(account().id, &other).await.unwrap();
        let tokens = place.broker();
        place.wait(LONG).await;
        assert_eq!(access(&tokens).await.unwrap(), "canary-access-2");
        assert_eq!(place.vault.text(), before, "what was not switched to is gone");
    });
}

#[test]
fn a_first_grant_that_is_not_kept_leaves_nothing() {
    run(async {
        let place = Place::new(Rotation::None);
        let tokens = place.broker();
        tokens.adopt(account().id, &place.granted()).await.unwrap();
        tokens.restore(account().id).await.unwrap();
        assert_eq!(place.vault.text(), "");
        assert_eq!(access(&tokens).await.unwrap_err().code, "secrets.missing");
    });
}

#[test]
fn removal_gives_the_token_back_and_leaves_nothing() {
    run(async {
        let place = Place::new(Rotation::Lenient);
        let tokens = place.signed_in().await;
        access(&tokens).await.unwrap();
        assert!(tokens.revoke(&account()).await.unwrap());
        assert_eq!(place.endpoint.revoked(), ["canary-refresh-1"]);
        assert_eq!(place.vault.text(), "");
        // offline: forgotten here all the same, and said so
        let tokens = place.broker();
        tokens.adopt(account().id, &place.granted()).await.unwrap();
        place.endpoint.suffer(Some(Fault::Silence));
        assert!(!tokens.revoke(&account()).await.unwrap());
        assert_eq!(place.vault.text(), "");
        // an issuer without such an endpoint
        let mut account = account();
        let mut silent = grant();
        silent.issuer.revoke_url = None;
        account.auth = Auth::Grant(silent);
        tokens.adopt(account.id, &place.granted()).await.unwrap();
        assert!(!tokens.revoke(&account).await.unwrap());
        assert_eq!(place.vault.text(), "");
    });
}

#[test]
fn a_password_has_no_tokens() {
    run(async {
        let place = Place::new(Rotation::None);
        let account = chapar_engine::account::Account { auth: Auth::Password, ..account() };
        let failure = place.broker().access(&account, Duration::ZERO).await.unwrap_err();
        assert_eq!(failure.code, "account.no_token");
    });
}
