//! What issuers say that cannot be used as it is, and what each of them needs.

use super::{begin, begin_at, by_browser, code, refused};
use crate::support::browser::{open, parameter};
use crate::support::issuer::{Issuer, Reply};
use crate::support::{EMAIL, config, fast_world, request, world};
use chapar_daemon::config::Config;
use chapar_daemon::oauth::signin::{SignIn, SignInRequest};
use chapar_engine::verdict::Verdict;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn microsoft_gets_its_redirect_and_the_administrator_a_link() {
    let issuer = Issuer::start().await;
    let microsoft = config(
        "[[provider]]\nkey = 'microsoft'\nissuer = '$ISSUER/common/v2.0'\n\
         authorize_url = '$ISSUER/common/oauth2/v2.0/authorize'\ntoken_url = '$ISSUER/token'\n\
         client_id = '8f'\n",
        &issuer,
    );
    let wish =
        SignInRequest { provider: Some("microsoft".into()), issuer: None, ..request(&issuer) };
    let tenant = format!("{}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", issuer.id);
    issuer.claims("iss", json!(tenant));
    let waiting = begin(&world(), &microsoft, &wish).await;
    let redirect = parameter(&waiting.url, "redirect_uri").unwrap();
    assert_eq!(redirect, format!("http://localhost:{}", waiting.port));
    // `localhost` may be either family: both are ours, and neither lets anything else in
    for address in ["127.0.0.1", "::1"] {
        let Ok(mut stream) = tokio::net::TcpStream::connect((address, waiting.port)).await else {
            assert_eq!(address, "::1", "a machine without IPv6");
            continue;
        };
        let knock =
            format!("GET /?code=x&state=y HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", waiting.port);
        stream.write_all(knock.as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 404 "), "{address}: {said}");
    }
    let answer = issuer.agree(&waiting.url);
    open(answer.split("&iss=").next().unwrap()).await.unwrap();
    assert_eq!(waiting.end().await.unwrap().address.as_deref(), Some(EMAIL));

    let waiting = begin(&world(), &microsoft, &wish).await;
    let said = "AADSTS90094: The grant requires <b>admin</b> permission.";
    let refusal = issuer.refuse(&waiting.url, "access_denied", said);
    let seen = open(refusal.split("&iss=").next().unwrap()).await.unwrap();
    let failure = waiting.end().await.unwrap_err();
    assert_eq!(code(&failure), "oauth.admin_consent");
    let link = format!("{}/contoso.example/adminconsent?client_id=8f", issuer.id);
    assert!(failure.message.ends_with(&link), "{}", failure.message);
    assert!(seen.body.contains("AADSTS90094") && seen.body.contains("&lt;b&gt;admin"));
    assert!(issuer.asked("/token").len() == 1, "nothing was exchanged for a refusal");
}

#[tokio::test]
async fn a_refusal_ends_it_only_with_the_right_state() {
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    let refusal = issuer.refuse(&waiting.url, "access_denied", "no <script>");
    let state = parameter(&refusal, "state").unwrap();
    assert_eq!(open(&refusal.replace(&state, "other")).await.unwrap().status, 404);
    assert!(!waiting.ended.is_finished());
    let seen = open(&refusal).await.unwrap();
    assert!(seen.body.contains("The sign-in was declined") && !seen.body.contains("<script>"));
    assert_eq!(code(&waiting.end().await.unwrap_err()), "oauth.denied");
}

#[tokio::test]
async fn token_answers_that_cannot_be_used() {
    let ok = |change: Value| {
        let mut answer = json!({"access_token": "a", "token_type": "Bearer", "refresh_token": "r"});
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => answer.as_object_mut().unwrap().remove(name),
                value => answer.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        Reply::json(200, &answer)
    };
    let error = |error: &str, words: &str| {
        Reply::json(400, &json!({"error": error, "error_description": words}))
    };
    let issuer = Issuer::start().await;
    for (n, (reply, wanted)) in [
        (ok(json!({"refresh_token": null})), "oauth.no_refresh_token"),
        (ok(json!({"refresh_token": ""})), "oauth.answer"),
        (ok(json!({"refresh_token": 1})), "oauth.answer"),
        (ok(json!({"access_token": null})), "oauth.answer"),
        (ok(json!({"access_token": "a\u{1}b"})), "oauth.answer"),
        (ok(json!({"access_token": ["a"]})), "oauth.answer"),
        (ok(json!({"token_type": "mac"})), "oauth.answer"),
        (ok(json!({"token_type": null})), "oauth.answer"),
        (ok(json!({"expires_in": "soon"})), "oauth.answer"),
        (ok(json!({"expires_in": [1]})), "oauth.answer"),
        (Reply::json(200, &json!({"error": "invalid_grant"})), "oauth.answer"),
        (Reply::json(200, &json!([1])), "oauth.unavailable"),
        (Reply::html(200, "<html>Sign in to the hotel</html>"), "oauth.unavailable"),
        (Reply::html(403, "<html>Proxy</html>"), "oauth.unavailable"),
        (Reply::json(400, &json!({"message": "no"})), "oauth.answer"),
        (Reply::redirect("https://evil.example/"), "oauth.unavailable"),
        (Reply::json(503, &json!({"error": "temporarily_unavailable"})), "oauth.unavailable"),
        (Reply::Hangup, "http.broken"),
        (Reply::Http(200, "application/json", String::new(), vec![b' '; 300 << 10]), "http.broken"),
        (error("invalid_grant", "AADSTS70008: expired"), "oauth.code"),
        (error("invalid_client", "AADSTS7000218: secret"), "oauth.client"),
        (error("unauthorized_client", "AADSTS700016: app"), "oauth.client"),
        (error("invalid_client", "AADSTS7000112: disabled"), "oauth.client"),
        (error("invalid_request", "AADSTS50011: reply URL"), "oauth.client"),
        (error("redirect_uri_mismatch", "Bad Request"), "oauth.client"),
        (error("interaction_required", "AADSTS50105: not assigned"), "oauth.client"),
        (error("invalid_grant", "AADSTS65001: consent"), "oauth.admin_consent"),
        (error("invalid_grant", "AADSTS53003: policy"), "oauth.policy"),
        (error("teapot", "short and stout"), "oauth.refused"),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.says("/token", [reply]);
        let waiting = begin_at(&fast_world(20), &issuer).await;
        let seen = open(&issuer.agree(&waiting.url)).await.unwrap();
        let failure = waiting.end().await.unwrap_err();
        assert_eq!(code(&failure), wanted, "case {n}: {failure}");
        assert!(seen.body.contains(failure.code), "the page names it: {n}");
        assert!(!failure.to_string().contains("canary"));
    }
    // what is odd but can be used
    for life in [json!(0), json!(-1), json!(1_000_000_000_000_i64), json!("3600"), json!(null)] {
        issuer.says("/token", [ok(json!({ "expires_in": life.clone() }))]);
        let (granted, _) = by_browser(&issuer).await;
        let expires = granted.unwrap().access.expires_at;
        let is_known = ![json!(0), json!(-1), json!(null)].contains(&life);
        assert_eq!(expires.is_some(), is_known, "{life}");
    }
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again_and_a_busy_issuer_says_how_long() {
    let issuer = Issuer::start().await;
    issuer.says("/token", [Reply::Hangup, Reply::html(502, "gateway"), Reply::Honest]);
    let waiting = begin_at(&fast_world(20), &issuer).await;
    open(&issuer.agree(&waiting.url)).await.unwrap();
    assert!(waiting.end().await.is_ok());
    assert_eq!(issuer.asked("/token").len(), 3);

    let busy = Reply::Http(429, "text/html", "Retry-After: 17\r\n".into(), vec![]);
    issuer.says("/token", [busy]);
    let waiting = begin_at(&fast_world(20), &issuer).await;
    open(&issuer.agree(&waiting.url)).await.unwrap();
    let failure = waiting.end().await.unwrap_err();
    assert_eq!(code(&failure), "oauth.throttled");
    assert_eq!(failure.verdict, Verdict::Throttled(Some(Duration::from_secs(17))));
    assert_eq!(issuer.asked("/token").len(), 4, "and is not asked again at once");
}

#[tokio::test]
async fn metadata_that_cannot_be_believed() {
    let places = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
    let issuer = Issuer::start().await;
    let outcome = async |reply: Reply| {
        for place in places {
            issuer.says(place, [reply.clone()]);
        }
        refused(&fast_world(20), &request(&issuer)).await
    };
    for (reply, wanted) in [
        (Reply::html(404, "nothing"), "oauth.metadata"),
        (Reply::html(200, "<html>"), "oauth.metadata"),
        (Reply::json(200, &json!({})), "oauth.metadata"),
        (Reply::json(200, &json!({"issuer": 1})), "oauth.metadata"),
        (Reply::json(200, &json!({"issuer": "https://evil.example"})), "oauth.issuer"),
        (Reply::redirect("https://127.0.0.1:1/"), "oauth.metadata"),
        (Reply::redirect("http://169.254.169.254/"), "oauth.metadata"),
        (Reply::html(503, "busy"), "oauth.unavailable"),
        (Reply::Http(200, "application/json", String::new(), vec![b' '; 1 << 20]), "http.broken"),
        (Reply::Hangup, "http.broken"),
        (Reply::Silence, "net.timeout"),
    ] {
        assert_eq!(outcome(reply.clone()).await, wanted, "{reply:?}");
    }
    for place in places {
        issuer.says(place, [Reply::Honest]);
    }
    for (member, value) in [
        ("token_endpoint", Value::Null),
        ("token_endpoint", json!("http://x.example/token")),
        ("token_endpoint", json!("https://user:pass@x.example/token")),
        ("authorization_endpoint", json!("https://x.example/a#fragment")),
        ("device_authorization_endpoint", json!("ftp://x.example")),
        ("registration_endpoint", json!("")),
        ("response_types_supported", json!(["token"])),
        ("grant_types_supported", json!(["implicit"])),
    ] {
        let issuer = Issuer::start().await;
        issuer.metadata_has(member, value.clone());
        assert_eq!(
            refused(&world(), &request(&issuer)).await,
            "oauth.metadata",
            "{member} {value}"
        );
    }
    // either of the two places will do, and a slash at the end is how people write addresses
    for absent in places {
        let issuer = Issuer::start().await;
        issuer.says(absent, [Reply::html(404, "")]);
        let slashed = SignInRequest { issuer: Some(format!("{}/", issuer.id)), ..request(&issuer) };
        let sign_in = SignIn::begin(&world(), &Config::default(), &slashed).await.unwrap();
        assert_eq!(sign_in.prompt.issuer, issuer.id);
    }
    for bad in ["http://x.example", "x.example", "https://x.example/?a", "https://u@x.example"] {
        let wish = SignInRequest { issuer: Some(bad.into()), ..request(&issuer) };
        let refused = refused(&world(), &wish).await;
        assert!(["http.not_https", "oauth.metadata"].contains(&refused), "{bad}");
    }
}

#[tokio::test]
async fn without_a_client_nobody_is_asked() {
    let issuer = Issuer::start().await;
    issuer.metadata_has("registration_endpoint", Value::Null);
    assert_eq!(refused(&world(), &request(&issuer)).await, "oauth.no_client");
    let own = SignInRequest { client_id: Some("mine".into()), ..request(&issuer) };
    let waiting = begin(&world(), &Config::default(), &own).await;
    let redirect = parameter(&waiting.url, "redirect_uri").unwrap();
    assert_eq!(redirect, format!("http://127.0.0.1:{}/callback", waiting.port));

    let unknown = SignInRequest { provider: Some("nobody".into()), ..SignInRequest::default() };
    assert_eq!(refused(&world(), &unknown).await, "oauth.no_client");

    for (reply, wanted) in [
        (Reply::json(401, &json!({"error": "invalid_token"})), "oauth.no_client"),
        (Reply::json(403, &json!({})), "oauth.no_client"),
        (Reply::json(400, &json!({"error": "invalid_redirect_uri"})), "oauth.client"),
        (Reply::json(400, &json!({"error": "invalid_client_metadata"})), "oauth.client"),
        (Reply::json(201, &json!({})), "oauth.client"),
        (Reply::json(201, &json!({"client_id": ""})), "oauth.client"),
        (Reply::json(201, &json!({"client_id": "a\r\nb"})), "oauth.client"),
        (Reply::json(201, &json!({"client_id": 7})), "oauth.client"),
        (Reply::html(200, "<html>"), "oauth.unavailable"),
    ] {
        let issuer = Issuer::start().await;
        issuer.says("/register", [reply.clone()]);
        assert_eq!(refused(&world(), &request(&issuer)).await, wanted, "{reply:?}");
    }
}
