//! Codes, PKCE, redirects, refresh tokens and grants of the generic issuer.

use super::super::grant::{Access, Death};
use super::super::http::Answer;
use super::super::rules::{ExpiresIn, Iss, Rotation};
use super::*;
use crate::sandbox::faults::{Fault, Service};
use crate::sandbox::oauth::Mail;

fn generic() -> World {
    World::new(Personality::default())
}

#[tokio::test]
async fn a_sign_in_gives_tokens_that_open_the_persons_mail_and_no_other() {
    let world = generic();
    let answer = world.answer(&world.person(), &[("nonce", "n1")]).await;
    assert_eq!(answer.get("state"), Some("s t&a=te"));
    assert_eq!(answer.get("iss"), Some("https://login.example.test"));
    let (status, body) = world.exchange(answer.get("code").unwrap(), &[]).await;
    assert_eq!(
        (status, &body["token_type"], &body["expires_in"]),
        (200, &"Bearer".into(), &3_600.into())
    );
    assert_eq!(body["scope"], "openid email offline_access");
    let claims = claims(&body["id_token"]);
    assert_eq!((&claims["email"], &claims["nonce"]), (&USER.into(), &"n1".into()));
    assert_eq!(
        (&claims["aud"], &claims["iss"]),
        (&NATIVE_CLIENT.into(), &"https://login.example.test".into())
    );
    let issuer = &world.provider.issuer;
    let token = body["access_token"].as_str().unwrap();
    let opens = |user, now| !matches!(issuer.opens(token, user, Service::Imap, now), Mail::Closed);
    assert!(opens(USER, 1_003_599) && !opens(USER, 1_003_600));
    assert!(!opens("bob@example.test", 1_000_000));
    issuer.share(USER, "bob@example.test");
    assert!(opens("bob@example.test", 1_000_000));
    assert!(issuer.secrets().iter().any(|secret| secret == token));
}

#[tokio::test]
async fn a_wrong_verifier_is_refused_and_the_code_is_gone() {
    let world = generic();
    let other = "a".repeat(43);
    for verifier in [other.as_str(), "", "short"] {
        let code = world.code().await;
        let (status, body) = world.exchange(&code, &[("code_verifier", verifier)]).await;
        assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()), "{verifier}");
        assert_eq!(world.exchange(&code, &[]).await.0, 400, "no second try");
    }
    assert_eq!(world.provider.issuer.alive(USER), 0);
}

#[tokio::test]
async fn a_code_used_twice_ends_the_grant() {
    let world = generic();
    let code = world.code().await;
    let (_, tokens) = world.exchange(&code, &[]).await;
    assert_eq!(world.exchange(&code, &[]).await.1["error"], "invalid_grant");
    assert_eq!(world.provider.issuer.fates(USER), [Some(Death::Replayed)]);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(world.refresh(refresh, &[]).await.1["error"], "invalid_grant");
    assert_eq!(world.count("REPLAY"), 1);
}

#[tokio::test]
async fn a_code_is_for_its_client_its_redirect_and_its_minute() {
    let world = generic();
    world.provider.issuer.add_client(super::super::client::Client::native("other"));
    let code = world.code().await;
    for changes in [
        [("redirect_uri", "http://127.0.0.1:5001/back")],
        [("redirect_uri", "")],
        [("client_id", "other")],
    ] {
        assert_eq!(
            world.exchange(&code, &changes).await.1["error"],
            "invalid_grant",
            "{changes:?}"
        );
    }
    let (status, body) = world.exchange(&code, &[("client_id", "nobody")]).await;
    assert_eq!((status, &body["error"]), (401, &"invalid_client".into()));
    assert_eq!(
        world.exchange(&code, &[("grant_type", "password")]).await.1["error"],
        "unsupported_grant_type"
    );
    world.later(59);
    assert_eq!(world.exchange(&code, &[]).await.0, 200, "none of these used it up");
    let code = world.code().await;
    world.later(60);
    assert_eq!(world.exchange(&code, &[]).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_bad_question_is_answered_where_it_is_safe() {
    let world = generic();
    for changes in [
        [("redirect_uri", "http://evil.example/back")],
        [("redirect_uri", "")],
        [("client_id", "nobody")],
    ] {
        let refused = world.person().final_address(&world.question(&changes)).await.unwrap_err();
        assert!(refused.contains("the page says"), "{changes:?}: {refused}");
    }
    for (changes, error) in [
        (vec![("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
    ] {
        let answer = world.answer(&world.person(), &changes).await;
        assert_eq!(answer.get("error"), Some(error), "{changes:?}");
        assert_eq!((answer.get("state"), answer.get("code")), (Some("s t&a=te"), None));
    }
}

#[tokio::test]
async fn the_person_may_be_wrong_or_say_no() {
    let world = generic();
    let mut person = world.person();
    person.password = "wrong".into();
    let refused = person.final_address(&world.question(&[])).await.unwrap_err();
    assert!(refused.contains("Wrong address or password"), "{refused}");
    let denied = world.answer(&world.person().who_denies(), &[]).await;
    assert_eq!((denied.get("error"), denied.get("code")), (Some("access_denied"), None));
    world.provider.issuer.rule(|rules| rules.mfa = true);
    let mut person = world.person();
    person.otp = "000000".into();
    assert!(person.final_address(&world.question(&[])).await.unwrap_err().contains("Wrong code"));
    assert!(world.answer(&world.person(), &[]).await.get("code").is_some());
}

#[tokio::test]
async fn rotation_catches_reuse_and_a_lost_answer_costs_the_grant_without_grace() {
    let world = generic();
    let tokens = world.tokens().await;
    let first = tokens["refresh_token"].as_str().unwrap();
    let (status, second) = world.refresh(first, &[]).await;
    let second = second["refresh_token"].as_str().unwrap();
    assert!(status == 200 && second != first);
    world.provider.issuer.rule(|rules| rules.rotation = Rotation::Strict { grace: 30 });
    let command = || "REFRESH".to_owned();
    world.provider.faults.add(Service::Issuer, Fault::Hangup { command: command(), done: true }, 1);
    let lost = Client::inside(&world.provider);
    let form = with(
        &[("grant_type", "refresh_token"), ("client_id", NATIVE_CLIENT)],
        &[("refresh_token", second)],
    );
    assert!(lost.post(&world.provider.issuer.token_url(), &form).await.is_err());
    world.later(29);
    assert_eq!(world.refresh(second, &[]).await.0, 200, "the answer was lost, the grace helps");
    world.later(1);
    assert_eq!(world.refresh(second, &[]).await.1["error"], "invalid_grant");
    assert_eq!(world.provider.issuer.fates(USER), [Some(Death::Reused)]);
    assert_eq!((world.count("REUSE"), world.count("REFRESH"), world.count("REFRESHED")), (1, 4, 3));
}

#[tokio::test]
async fn a_hangup_before_the_work_costs_nothing() {
    let world = generic();
    let tokens = world.tokens().await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let command = || "TOKEN".to_owned();
    let faults = &world.provider.faults;
    faults.add(Service::Issuer, Fault::Hangup { command: command(), done: false }, 1);
    let page = Answer::html(503, "<h1>Sorry</h1>".into());
    faults.add(Service::Issuer, Fault::Http { command: command(), answer: page, done: false }, 1);
    let form = with(
        &[("grant_type", "refresh_token"), ("client_id", NATIVE_CLIENT)],
        &[("refresh_token", refresh)],
    );
    let client = Client::inside(&world.provider);
    let url = world.provider.issuer.token_url();
    assert!(client.post(&url, &form).await.is_err());
    assert_eq!(client.post(&url, &form).await.unwrap(), (503, "<h1>Sorry</h1>".into()));
    assert_eq!(world.count("REFRESHED"), 0);
    assert_eq!(client.post(&url, &form).await.unwrap().0, 200);
}

#[tokio::test]
async fn scopes_may_shrink_and_not_grow() {
    let world = World { scope: "openid email imap offline_access", ..generic() };
    let tokens = world.tokens().await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(world.refresh(refresh, &[("scope", "smtp")]).await.1["error"], "invalid_scope");
    let (status, smaller) = world.refresh(refresh, &[("scope", "imap")]).await;
    assert_eq!((status, &smaller["scope"]), (200, &"imap".into()));
    let world = World { scope: "openid", ..generic() };
    assert!(world.tokens().await["refresh_token"].is_null(), "offline_access was not asked for");
}

#[tokio::test]
async fn a_grant_ends_by_password_change_revocation_and_idleness() {
    let world = generic();
    let issuer = &world.provider.issuer;
    let refresh = |tokens: &Value| tokens["refresh_token"].as_str().unwrap().to_owned();
    let changed = refresh(&world.tokens().await);
    issuer.change_password(USER, PASSWORD);
    let (_, body) = world.refresh(&changed, &[]).await;
    assert_eq!(body["error_description"], "password changed");
    let tokens = world.tokens().await;
    assert_eq!(issuer.revoke(USER, Death::Revoked, Access::Dies), 1);
    assert_eq!(world.refresh(&refresh(&tokens), &[]).await.1["error"], "invalid_grant");
    let token = tokens["access_token"].as_str().unwrap();
    assert!(matches!(issuer.opens(token, USER, Service::Imap, 1_000_000), Mail::Closed));
    let idle = refresh(&world.tokens().await);
    world.later(14 * 86_400);
    assert_eq!(world.refresh(&idle, &[]).await.1["error"], "invalid_grant");
    assert_eq!(
        issuer.fates(USER),
        [Death::PasswordChanged, Death::Revoked, Death::Inactive].map(Some)
    );
}

#[tokio::test]
async fn a_client_gives_its_own_grant_back_and_nobody_elses() {
    let world = generic();
    let tokens = world.tokens().await;
    let issuer = &world.provider.issuer;
    let url = issuer.revoke_url().unwrap();
    issuer.add_client(super::super::client::Client::native("other"));
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = |client| with(&[("token", token), ("client_id", client)], &[]);
    assert_eq!(world.post(&url, &form("other")).await.0, 200);
    assert_eq!(issuer.alive(USER), 1);
    assert_eq!(world.post(&url, &form(NATIVE_CLIENT)).await.0, 200);
    assert_eq!(issuer.fates(USER), [Some(Death::GivenBack)]);
    assert_eq!(world.post(&url, &form(NATIVE_CLIENT)).await.0, 200, "RFC 7009: unknown is fine");
}

#[tokio::test]
async fn lies_about_iss_and_time_are_told_as_ordered() {
    let world = generic();
    let issuer = &world.provider.issuer;
    for (iss, said) in [
        (Iss::Silent, None),
        (Iss::Missing, None),
        (Iss::Lie("https://evil.example".into()), Some("https://evil.example")),
    ] {
        issuer.rule(|rules| rules.iss = iss);
        assert_eq!(world.answer(&world.person(), &[]).await.get("iss"), said);
    }
    for (rule, said) in [
        (ExpiresIn::Text, Value::from("3600")),
        (ExpiresIn::Absent, Value::Null),
        (ExpiresIn::Says((-1).into()), Value::from(-1)),
    ] {
        issuer.rule(|rules| rules.expires_in = rule);
        assert_eq!(world.tokens().await["expires_in"], said);
    }
}

#[tokio::test]
async fn a_program_introduces_itself_and_is_held_to_what_it_said() {
    let world = generic();
    let client = Client::inside(&world.provider);
    let base = world.provider.issuer.base();
    let (_, metadata) = world.get(&format!("{base}/.well-known/oauth-authorization-server")).await;
    let url = metadata["registration_endpoint"].as_str().unwrap();
    for wrong in ["{}", "no json", r#"{"redirect_uris":["https://app.example/"]}"#] {
        assert_eq!(client.send(url, "application/json", wrong).await.unwrap().0, 400, "{wrong}");
    }
    let wish =
        r#"{"redirect_uris":["http://127.0.0.1/exact"],"token_endpoint_auth_method":"none"}"#;
    let (status, body) = client.send(url, "application/json", wish).await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["client_secret"]), (201, &Value::Null));
    let id = body["client_id"].as_str().unwrap();
    let other = world.question(&[("client_id", id)]);
    assert!(world.person().final_address(&other).await.is_err(), "another path");
    let exact = "http://127.0.0.1:4321/exact";
    let asked = world.question(&[("client_id", id), ("redirect_uri", exact)]);
    let end = world.person().final_address(&asked).await.unwrap();
    let code = Form::parse(end.split_once('?').unwrap().1).get("code").unwrap().to_owned();
    let changes = [("client_id", id), ("redirect_uri", exact)];
    assert_eq!(world.exchange(&code, &changes).await.0, 200);
}
