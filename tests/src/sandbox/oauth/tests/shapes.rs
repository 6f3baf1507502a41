//! Google and Microsoft as they are told to be, device codes, userinfo, real TLS.

use super::super::client::{Client as Program, DESKTOP_CLIENT, DESKTOP_SECRET};
use super::super::person::Boxes;
use super::super::shape::{GOOGLE_MAIL, MICROSOFT_IMAP, MICROSOFT_SMTP};
use super::*;
use crate::sandbox::faults::Service;
use crate::sandbox::oauth::Mail;

fn google() -> World {
    let scope = "https://mail.google.com/ openid email";
    World { client: DESKTOP_CLIENT, scope, ..World::new(Personality::google()) }
}

fn microsoft() -> World {
    let scope = "https://outlook.office.com/IMAP.AccessAsUser.All \
        https://outlook.office.com/SMTP.Send offline_access openid email";
    let redirect = "http://localhost:5000/";
    World { redirect, scope, ..World::new(Personality::microsoft()) }
}

const OFFLINE: [(&str, &str); 2] = [("access_type", "offline"), ("prompt", "consent")];
const SECRET: [(&str, &str); 1] = [("client_secret", DESKTOP_SECRET)];

async fn google_tokens(world: &World, person: &Person, changes: &[(&str, &str)]) -> Value {
    let code = world.answer(person, changes).await.get("code").unwrap().to_owned();
    world.exchange(&code, &SECRET).await.1
}

#[tokio::test]
async fn google_gives_a_refresh_token_only_when_asked_properly() {
    let world = google();
    assert!(google_tokens(&world, &world.person(), &[]).await["refresh_token"].is_null());
    let offline = [OFFLINE[0]];
    let again = google_tokens(&world, &world.person(), &offline).await;
    assert!(again["refresh_token"].is_null(), "the person agreed before");
    let asked = google_tokens(&world, &world.person(), &OFFLINE).await;
    let refresh = asked["refresh_token"].as_str().unwrap();
    for _ in 0..2 {
        let (status, body) = world.refresh(refresh, &SECRET).await;
        assert_eq!((status, &body["refresh_token"]), (200, &Value::Null), "no rotation");
    }
    let renamed = "https://mail.google.com/ openid https://www.googleapis.com/auth/userinfo.email";
    assert_eq!(asked["scope"], renamed);
}

#[tokio::test]
async fn google_grants_what_was_ticked() {
    let world = google();
    let person = world.person().who_ticks(Boxes::None);
    let tokens = google_tokens(&world, &person, &OFFLINE).await;
    assert_eq!(tokens["scope"], "openid https://www.googleapis.com/auth/userinfo.email");
    let token = tokens["access_token"].as_str().unwrap();
    let opens = |token: &str| world.provider.issuer.opens(token, USER, Service::Imap, 1_000_000);
    assert!(matches!(opens(token), Mail::Closed), "without the scope no mail");
    let ticked = world.person().who_ticks(Boxes::Only(vec![GOOGLE_MAIL.into()]));
    let tokens = google_tokens(&world, &ticked, &OFFLINE).await;
    assert!(matches!(opens(tokens["access_token"].as_str().unwrap()), Mail::Open(_)));
}

#[tokio::test]
async fn google_wants_its_secret_and_speaks_its_words() {
    let world = google();
    let code = world.answer(&world.person(), &OFFLINE).await.get("code").unwrap().to_owned();
    let (status, body) = world.exchange(&code, &[]).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_request".into()));
    assert_eq!(body["error_description"], "client_secret is missing.");
    let changes = [SECRET[0], ("redirect_uri", "http://127.0.0.1:1/")];
    assert_eq!(world.exchange(&code, &changes).await.1["error"], "redirect_uri_mismatch");
    let tokens = world.exchange(&code, &SECRET).await.1;
    world.provider.issuer.change_password(USER, PASSWORD);
    let (status, body) = world.refresh(tokens["refresh_token"].as_str().unwrap(), &SECRET).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));
    assert_eq!(body["error_description"], "Token has been expired or revoked.");
    let form = with(&[("client_id", DESKTOP_CLIENT), ("scope", GOOGLE_MAIL)], &[]);
    let url = world.provider.issuer.device_url();
    assert_eq!(world.post(&url, &form).await.1["error"], "invalid_scope", "no device for mail");
}

#[tokio::test]
async fn microsoft_rotates_and_the_old_one_stays() {
    let world = microsoft();
    let tokens = world.tokens().await;
    assert_eq!(tokens["scope"], format!("{MICROSOFT_IMAP} {MICROSOFT_SMTP}"));
    assert!(tokens["access_token"].as_str().unwrap().len() >= 1_600);
    let claims = claims(&tokens["id_token"]);
    assert_eq!(claims["preferred_username"], USER);
    assert_ne!(claims["iss"], world.provider.issuer.id(), "the tenant's, not /common");
    let first = tokens["refresh_token"].as_str().unwrap();
    let (_, second) = world.refresh(first, &[]).await;
    assert_ne!(second["refresh_token"], first);
    world.later(3_600);
    assert_eq!(world.refresh(first, &[]).await.0, 200);
    assert_eq!(world.provider.issuer.revoke_url(), None);
}

#[tokio::test]
async fn microsoft_speaks_in_numbers() {
    let world = microsoft();
    let tokens = world.tokens().await;
    world.provider.issuer.change_password(USER, PASSWORD);
    let (status, body) = world.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await;
    assert_eq!((status, &body["error"]), (400, &"invalid_grant".into()));
    assert_eq!(body["error_codes"][0], 50_173);
    assert!(body["error_description"].as_str().unwrap().starts_with("AADSTS50173: "));
    let elsewhere = world.question(&[("redirect_uri", "http://127.0.0.1:5000/")]);
    let refused = world.person().final_address(&elsewhere).await.unwrap_err();
    assert!(refused.contains("AADSTS50011"), "{refused}");
    world.provider.issuer.rule(|rules| rules.admin_consent = true);
    let answer = world.answer(&world.person(), &[]).await;
    assert_eq!(answer.get("error"), Some("access_denied"));
    assert!(answer.get("error_description").unwrap().starts_with("AADSTS90094"));
}

#[tokio::test]
async fn microsoft_takes_somebody_elses_name_and_then_nothing() {
    let world = microsoft();
    let tokens = world.tokens().await;
    let token = tokens["access_token"].as_str().unwrap();
    let issuer = &world.provider.issuer;
    let opens = |user, service| issuer.opens(token, user, service, 1_000_000);
    assert!(matches!(opens("bob@example.test", Service::Imap), Mail::Unconnected(_)));
    assert!(matches!(opens("bob@example.test", Service::Smtp), Mail::Closed));
    assert!(matches!(opens(USER, Service::Smtp), Mail::Open(_)));
    issuer.unconnect(USER, true);
    assert!(matches!(opens(USER, Service::Imap), Mail::Unconnected(_)));
}

#[tokio::test]
async fn a_device_is_approved_on_another_machine() {
    for world in [World::new(Personality::default()), microsoft()] {
        let issuer = &world.provider.issuer;
        let form = with(&[("client_id", world.client), ("scope", world.scope)], &[]);
        let (status, body) = world.post(&issuer.device_url(), &form).await;
        assert_eq!(status, 200, "{body}");
        let device = body["device_code"].as_str().unwrap();
        let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
        let poll = with(
            &[("grant_type", grant_type), ("client_id", world.client), ("device_code", device)],
            &[],
        );
        let url = issuer.token_url();
        assert_eq!(world.post(&url, &poll).await.1["error"], "authorization_pending");
        assert_eq!(world.post(&url, &poll).await.1["error"], "slow_down");
        let page = body["verification_uri"].as_str().unwrap();
        let code = body["user_code"].as_str().unwrap();
        assert!(world.person().device(page, "AAAA-AAAA").await.unwrap_err().contains("not known"));
        world.person().device(page, &code.to_lowercase()).await.unwrap();
        world.later(60);
        let (status, tokens) = world.post(&url, &poll).await;
        assert_eq!(status, 200, "{tokens}");
        assert!(tokens["refresh_token"].is_string() && tokens["id_token"].is_string());
        assert_eq!(world.post(&url, &poll).await.0, 400, "it works once");
    }
}

#[tokio::test]
async fn a_device_may_be_denied_or_forgotten() {
    let world = World::new(Personality::default());
    let issuer = &world.provider.issuer;
    let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    for (denies, error) in [(true, "access_denied"), (false, "expired_token")] {
        let form = with(&[("client_id", world.client), ("scope", world.scope)], &[]);
        let (_, body) = world.post(&issuer.device_url(), &form).await;
        if denies {
            let person = world.person().who_denies();
            let code = body["user_code"].as_str().unwrap();
            person.device(body["verification_uri"].as_str().unwrap(), code).await.unwrap();
        } else {
            world.later(600);
        }
        let device = body["device_code"].as_str().unwrap();
        let poll =
            [("grant_type", grant_type), ("client_id", world.client), ("device_code", device)];
        let (_, body) = world.post(&issuer.token_url(), &with(&poll, &[])).await;
        assert_eq!(body["error"], error);
    }
}

#[tokio::test]
async fn metadata_names_what_there_is() {
    for (world, path) in [
        (World::new(Personality::default()), "/.well-known/openid-configuration"),
        (google(), "/.well-known/openid-configuration"),
        (microsoft(), "/common/v2.0/.well-known/openid-configuration"),
    ] {
        let issuer = &world.provider.issuer;
        let (status, body) = world.get(&(issuer.base() + path)).await;
        assert_eq!((status, &body["issuer"]), (200, &issuer.id().into()));
        assert_eq!(body["token_endpoint"], issuer.token_url());
        assert_eq!(body["code_challenge_methods_supported"][0], "S256");
        assert_eq!(body["revocation_endpoint"].as_str(), issuer.revoke_url().as_deref());
    }
}

#[tokio::test]
async fn userinfo_names_the_person_while_the_token_holds() {
    let world = World::new(Personality::default());
    let tokens = world.tokens().await;
    let token = tokens["access_token"].as_str().unwrap();
    let url = world.provider.issuer.base() + "/userinfo";
    let client = Client::inside(&world.provider);
    let (status, body) = client.bear(&url, token).await.unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["email"]), (200, &USER.into()));
    assert_eq!(client.bear(&url, "wrong").await.unwrap().0, 401);
    world.later(3_600);
    assert_eq!(client.bear(&url, token).await.unwrap().0, 401);
}

#[tokio::test]
async fn it_stands_on_loopback_under_real_tls() {
    let provider = Provider::new(Personality::default());
    provider.store.add_account(USER, PASSWORD);
    let _ports = provider.listen([0; 4]).await.unwrap();
    provider.issuer.add_client(Program::native("p"));
    let question = format!(
        "{}?response_type=code&client_id=p&redirect_uri=http://127.0.0.1:1/x&scope=openid&state=1\
         &code_challenge={}&code_challenge_method=S256",
        provider.issuer.authorize_url(),
        s256(VERIFIER)
    );
    let person = Person::new(USER, PASSWORD, &provider.ca_pem());
    let end = person.final_address(&question).await.unwrap();
    assert!(end.starts_with("http://127.0.0.1:1/x?code="), "{end}");
    let stranger = Provider::new(Personality::default());
    let distrusting = Person::new(USER, PASSWORD, &stranger.ca_pem());
    assert!(distrusting.final_address(&question).await.is_err(), "an unknown authority");
}
