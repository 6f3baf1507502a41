//! Faults of the token endpoint, the network and the vault. A grant is lost when its issuer says
//! `invalid_grant`, and by none of these.

use super::issuer::{Fault, Rotation};
use super::list::{faults, is_its};
use super::vault::Trouble;
use super::{LONG, Place, access, account};
use chapar_daemon::world::clock::Clock as _;
use chapar_engine::verdict::Verdict;
use chapar_tests::sim::run;
use std::time::Duration;

/// After this every back-off has come round.
const LATER: Duration = Duration::from_hours(2);

const JSON: &str = "Content-Type: application/json\r\nConnection: close\r\n\r\n";

#[test]
fn only_invalid_grant_costs_a_grant() {
    assert!(faults().len() >= 40, "{}", faults().len());
    let mut lost = vec![];
    for rotation in [Rotation::None, Rotation::Lenient] {
        for (name, fault) in faults() {
            run(async {
                let place = Place::new(rotation);
                let tokens = place.signed_in().await;
                place.endpoint.suffer(Some(fault));
                let begun = place.sim.clock.boot();
                let failure = access(&tokens).await.expect_err(name);
                let took = place.sim.clock.boot().until_from(begun);
                assert!(took <= Duration::from_secs(21), "{name} took {took:?}");
                assert_ne!(failure.verdict, Verdict::SignInAgain, "{name}: {failure}");
                assert!(is_its(fault, failure.code), "{name}: {failure:?}");
                let shown = format!("{failure:?}");
                assert!(!shown.contains("canary"), "{name}: {shown}");
                // the fault stays for an hour; whoever asks every three seconds does not hammer
                let before = place.endpoint.connections();
                for _ in 0..1_200 {
                    place.wait(Duration::from_secs(3)).await;
                    let failure = access(&tokens).await.expect_err(name);
                    assert_ne!(failure.verdict, Verdict::SignInAgain, "{name}: {failure}");
                }
                let tries = place.endpoint.connections() - before;
                assert!((1..=200).contains(&tries), "{name}: {tries} tries in an hour");
                place.endpoint.suffer(None);
                place.wait(LATER).await;
                if access(&tokens).await.is_err() || !place.endpoint.lives() {
                    lost.push(name);
                }
            });
        }
    }
    assert_eq!(lost, Vec::<&str>::new());
    eprintln!("{} faults on 2 kinds of issuer, 0 grants lost", faults().len());
}

/// A server that detects reuse and knows no grace ends the grant when an answer of its own is
/// lost: the client has nothing but the old token. What it may not do is lose it to any other fault.
#[test]
fn a_strict_issuer_ends_a_grant_only_by_losing_its_own_answer() {
    let mut ended = vec![];
    for (name, fault) in faults() {
        run(async {
            let place = Place::new(Rotation::Strict);
            let tokens = place.signed_in().await;
            place.endpoint.suffer(Some(fault));
            drop(access(&tokens).await);
            place.endpoint.suffer(None);
            place.wait(LATER).await;
            let served = matches!(
                fault,
                Fault::CutAfter(_) | Fault::StallAfter(_) | Fault::ServedBut(_) | Fault::Members(_)
            );
            match access(&tokens).await {
                Ok(_) => assert!(!served, "{name}"),
                Err(failure) => {
                    assert!(served, "{name}: {failure}");
                    assert_eq!(failure.code, "oauth.expired", "{name}");
                    ended.push(name);
                }
            }
        });
    }
    eprintln!("strict reuse detection ended the grant after: {ended:?}");
    assert!(!ended.is_empty());
}

#[test]
fn the_issuers_own_word_ends_it_and_it_is_not_asked_again() {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\n",
        "HTTP/1.1 401 Unauthorized\r\n",
        "HTTP/1.1 403 Forbidden\r\n",
    ] {
        for word in ["invalid_grant", "interaction_required"] {
            run(async {
                let place = Place::new(Rotation::None);
                let tokens = place.signed_in().await;
                let body = format!(r#"{{"error":"{word}","error_description":"AADSTS70008: x"}}"#);
                let bytes = Box::leak(format!("{answer}{JSON}{body}").into_boxed_str());
                place.endpoint.suffer(Some(Fault::Instead(bytes)));
                let failure = access(&tokens).await.unwrap_err();
                assert_eq!(failure.code, "oauth.expired");
                assert_eq!(failure.verdict, Verdict::SignInAgain);
                assert!(failure.detail.unwrap().contains("AADSTS70008"));
                let before = place.endpoint.connections();
                for _ in 0..600 {
                    place.wait(Duration::from_secs(6)).await;
                    assert_eq!(access(&tokens).await.unwrap_err().code, "oauth.expired");
                }
                assert!(place.endpoint.connections() - before <= 3);
                // signed in again: everything goes on
                place.endpoint.suffer(None);
                tokens.adopt(account().id, &place.granted()).await.unwrap();
                assert_eq!(access(&tokens).await.unwrap(), "first-access");
            });
        }
    }
}

#[test]
fn odd_answers_that_are_good_enough() {
    for (members, kept) in [
        (r#""access_token":"{access}""#, Some("canary-refresh-0")),
        (r#""access_token":"{access}","expires_in":0"#, Some("canary-refresh-0")),
        (r#""access_token":"{access}","expires_in":-1"#, Some("canary-refresh-0")),
        (r#""access_token":"{access}","expires_in":1000000000000"#, Some("canary-refresh-0")),
        (r#""access_token":"{access}","expires_in":"3600""#, Some("canary-refresh-0")),
        (r#""access_token":"{access}","expires_in":3600.0"#, Some("canary-refresh-0")),
        (r#""access_token":"{access}","expires_in":1e400"#, None),
        (
            r#""access_token":"{access}","expires_in":null,"refresh_token":null"#,
            Some("canary-refresh-0"),
        ),
        (
            r#""access_token":"{access}","expires_in":{},"refresh_token":"""#,
            Some("canary-refresh-0"),
        ),
        (
            r#""access_token":"{access}","token_type":"bearer","refresh_token":"{refresh}""#,
            Some("canary-refresh-1"),
        ),
        (
            r#""access_token":"{access}","refresh_token":"canary-refresh-0""#,
            Some("canary-refresh-0"),
        ),
        (
            r#""access_token":"{access}","refresh_token":7,"scope":["a"],"id_token":{}"#,
            Some("canary-refresh-0"),
        ),
    ] {
        // None: such a number is no JSON
        run(async {
            let place = Place::new(Rotation::Lenient);
            let tokens = place.signed_in().await;
            place.endpoint.suffer(Some(Fault::Members(members)));
            let got = access(&tokens).await;
            assert_eq!(got.is_ok(), kept.is_some(), "{members}: {got:?}");
            let sent = kept.unwrap_or("canary-refresh-0");
            assert!(place.vault.text().contains(sent), "{members}");
            place.endpoint.suffer(None);
            place.wait(LONG).await;
            access(&tokens).await.expect(members);
            assert_eq!(place.endpoint.sent().last().unwrap(), sent, "{members}");
        });
    }
}

#[test]
fn a_short_life_is_no_storm() {
    for life in ["0", "1", "-5", "2"] {
        run(async {
            let place = Place::new(Rotation::Lenient);
            let tokens = place.signed_in().await;
            let members = format!(r#""access_token":"{{access}}","expires_in":{life}"#);
            place.endpoint.suffer(Some(Fault::Members(Box::leak(members.into_boxed_str()))));
            for _ in 0..600 {
                access(&tokens).await.unwrap();
                place.wait(Duration::from_millis(100)).await;
            }
            let made = place.endpoint.made();
            assert!(made <= 13, "expires_in {life}: {made} refreshes in a minute");
        });
    }
}

/// Found by the demo: without a keyring nobody could sign in for the first time.
#[test]
fn a_first_sign_in_needs_no_keyring() {
    run(async {
        let place = Place::new(Rotation::Lenient);
        place.vault.suffer(Some(Trouble::HalfBlind));
        let tokens = place.signed_in().await;
        access(&tokens).await.unwrap();
        // and one that did not come about leaves nothing
        let place = Place::new(Rotation::Lenient);
        place.vault.suffer(Some(Trouble::HalfBlind));
        let tokens = place.broker();
        tokens.adopt(account().id, &place.granted()).await.unwrap();
        tokens.restore(account().id).await.unwrap();
        assert!(place.vault.text().is_empty());
        // an account that is on a grant already is another matter: there is one to lose
        let now = place.sim.clock.wall();
        place.store.write(now, |tx| tx.put_account(&account())).await.unwrap();
        let refused = tokens.adopt(account().id, &place.granted()).await.unwrap_err();
        assert_eq!(refused.code, "secrets.unavailable");
    });
}

#[test]
fn a_vault_that_cannot_be_had_is_no_lost_grant() {
    let lies = [
        String::new(),
        "{}".into(),
        "hunter2".into(),
        r#"{"version":9,"entry":{}}"#.into(),
        r#"{"version":1,"entry":{"issuer":"https://other","clientId":"x","refresh":"r"}}"#.into(),
    ];
    let mut troubles = vec![Trouble::Locked, Trouble::Away, Trouble::Slow(Duration::from_mins(1))];
    troubles.extend(lies.map(Trouble::Lies));
    for trouble in troubles {
        run(async {
            let place = Place::new(Rotation::Lenient);
            let tokens = place.signed_in().await;
            place.vault.suffer(Some(trouble.clone()));
            match access(&tokens).await {
                Ok(_) => assert!(matches!(trouble, Trouble::Slow(_)), "{trouble:?}"),
                Err(failure) => {
                    assert_eq!(failure.verdict, Verdict::Retry, "{trouble:?}: {failure}");
                    assert!(failure.code.starts_with("secrets."), "{trouble:?}: {failure}");
                    assert!(place.endpoint.sent().is_empty(), "{trouble:?}");
                }
            }
            place.vault.suffer(None);
            place.wait(LATER).await;
            access(&tokens).await.unwrap();
        });
    }
}

/// The vault fails after the issuer rotated: the new refresh token is in memory only. Nothing is
/// handed out, the issuer is not asked again, and when the vault is back the token lands there.
#[test]
fn a_rotated_token_waits_for_the_vault() {
    for rotation in [Rotation::Lenient, Rotation::Strict] {
        run(async {
            let place = Place::new(rotation);
            let tokens = place.signed_in().await;
            place.vault.suffer(Some(Trouble::ReadOnly));
            for _ in 0..120 {
                let failure = access(&tokens).await.unwrap_err();
                assert_eq!(
                    (failure.code, failure.verdict),
                    ("secrets.unavailable", Verdict::Retry)
                );
                place.wait(Duration::from_secs(5)).await;
            }
            assert_eq!(place.endpoint.sent().len(), 1, "asked once, though it was in vain");
            place.vault.suffer(None);
            place.wait(Duration::from_mins(2)).await;
            assert_eq!(access(&tokens).await.unwrap(), "canary-access-1");
            assert!(place.vault.text().contains("canary-refresh-1"));
            assert!(!place.vault.text().contains("canary-access"), "access tokens stay in memory");
            place.wait(LONG).await;
            assert_eq!(access(&tokens).await.unwrap(), "canary-access-2");
        });
    }
}

/// The issuer lost its newest write: the one before is tried once.
#[test]
fn the_token_before_is_tried_once_when_the_newest_is_unknown() {
    run(async {
        let place = Place::new(Rotation::Lenient);
        let tokens = place.signed_in().await;
        access(&tokens).await.unwrap();
        place.endpoint.knows(&["canary-refresh-0"]);
        place.wait(LONG).await;
        assert_eq!(access(&tokens).await.unwrap(), "canary-access-2");
        assert_eq!(
            place.endpoint.sent(),
            ["canary-refresh-0", "canary-refresh-1", "canary-refresh-0"]
        );
        place.wait(LONG).await;
        access(&tokens).await.unwrap();
        assert_eq!(place.endpoint.sent().last().unwrap(), "canary-refresh-2");
        place.endpoint.end();
        place.wait(LONG).await;
        assert_eq!(access(&tokens).await.unwrap_err().code, "oauth.expired");
        assert_eq!(place.endpoint.sent().len(), 6, "both slots once, then no more");
    });
}

#[test]
fn a_refused_token_is_replaced_a_few_times_an_hour() {
    run(async {
        let place = Place::new(Rotation::None);
        let tokens = place.signed_in().await;
        for _ in 0..1_000 {
            let refused = tokens.access(&account(), Duration::ZERO).await.unwrap();
            tokens.distrust(account().id, &refused);
            // late words about a token that was replaced already change nothing
            tokens.distrust(account().id, &refused);
            place.wait(Duration::from_secs(3)).await;
        }
        let made = place.endpoint.made();
        assert!((3..=6).contains(&made), "{made} in 50 minutes");
    });
}
