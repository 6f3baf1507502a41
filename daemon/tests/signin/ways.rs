//! The ways to a grant: the browser, the pasted address, the device code; and nobody coming.

use super::{begin, begin_at, begin_checked, code};
use crate::support::browser::{self, open, parameter};
use crate::support::issuer::{Issuer, Reply};
use crate::support::{EMAIL, fast_world, google, request, world};
use chapar_daemon::config::Config;
use chapar_daemon::oauth::Granted;
use chapar_daemon::oauth::signin::{SignIn, SignInRequest};
use chapar_engine::verdict::Failure;
use serde_json::json;
use tokio::sync::mpsc;

#[tokio::test]
async fn the_browser_brings_the_code_and_the_person_lands_on_a_good_page() {
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    let url = waiting.url.clone();
    for (name, value) in [
        ("client_id", "registered-1"),
        ("scope", "openid email offline_access"),
        ("login_hint", EMAIL),
        ("prompt", "consent"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value), "{name}");
    }
    let redirect = parameter(&url, "redirect_uri").unwrap();
    assert!(redirect.starts_with(&format!("http://127.0.0.1:{}/", waiting.port)));
    let port = waiting.port;
    let answer = issuer.agree(&url);
    let seen = open(&answer).await.unwrap();
    let granted = waiting.end().await.unwrap();

    assert_eq!(seen.status, 200);
    assert!(seen.body.contains("Signed in as<br><strong>ana@contoso.example</strong>"));
    for header in ["Referrer-Policy: no-referrer", "Cache-Control: no-store", "default-src 'none'"]
    {
        assert!(seen.head.contains(header), "{header}");
    }
    let page = format!("{}{}", seen.head, seen.body);
    let verifier = issuer.asked("/token")[0].member("code_verifier").unwrap();
    for secret in [
        parameter(&answer, "code").unwrap(),
        parameter(&answer, "state").unwrap(),
        verifier,
        "canary".to_owned(),
    ] {
        assert!(!page.contains(&secret), "{secret}");
    }
    assert_eq!(granted.address.as_deref(), Some(EMAIL));
    assert_eq!(granted.grant.client_id, "registered-1");
    assert_eq!(granted.grant.issuer.id, issuer.id);
    assert_eq!(granted.grant.issuer.revoke_url.as_deref(), Some(&*format!("{}/revoke", issuer.id)));
    assert_eq!(granted.refresh.expose(), "refresh-canary-1");
    assert_eq!(granted.access.token.expose(), "access-canary-1");
    assert!(granted.access.expires_at.is_some() && granted.client_secret.is_none());
    assert!(!format!("{granted:?}").contains("canary"), "nothing secret is printed");
    assert!(open(&answer).await.is_none(), "the page is gone");
    assert!(browser::say(port, b"GET / HTTP/1.1\r\n\r\n").await.is_none());
}

#[tokio::test]
async fn the_address_may_be_pasted_and_a_wrong_one_ends_nothing() {
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    let answer = issuer.agree(&waiting.url);
    for (wrong, why) in [
        ("hello".to_owned(), "oauth.pasted"),
        (waiting.url.clone(), "oauth.pasted"),
        ("http://127.0.0.1:1/?code=x&state=other".to_owned(), "oauth.state"),
        (answer.replace("state=", "state=x"), "oauth.state"),
        ("x".repeat(1 << 20), "oauth.pasted"),
    ] {
        assert_eq!(code(&waiting.paste(&wrong).await.unwrap_err()), why, "{wrong:.60}");
    }
    assert!(issuer.asked("/token").is_empty());
    let query = answer.split_once('?').unwrap().1;
    waiting.paste(&format!(" {} \n{}", &query[..20], &query[20..])).await.unwrap();
    assert_eq!(waiting.end().await.unwrap().address.as_deref(), Some(EMAIL));
    assert!(open(&answer).await.is_none(), "the page closed with the attempt");
}

/// The browser waits for the look at who it was, and shows what that said.
#[tokio::test]
async fn the_page_shows_a_wrong_person_as_refused() {
    let issuer = Issuer::start().await;
    for wanted in ["bo@example.test", "ana@other.example", "ana.b@mail.example.test"] {
        let check = move |granted: &Granted| {
            let address = granted.address.as_deref().unwrap_or_default();
            let message = format!("signed in as {address}, not as {wanted}");
            Err(Failure::of("oauth.wrong_person", message, None))
        };
        let waiting = begin_checked(&world(), &Config::default(), &request(&issuer), check).await;
        let seen = open(&issuer.agree(&waiting.url)).await.unwrap();
        assert!(seen.body.contains("Not done") && !seen.body.contains("Done\""), "{}", seen.body);
        assert!(seen.body.contains(&format!("as {EMAIL}, not as {wanted}")), "{}", seen.body);
        assert!(seen.body.contains("chapar help oauth.wrong_person"));
        assert_eq!(code(&waiting.end().await.unwrap_err()), "oauth.wrong_person");
    }
    let waiting = begin_checked(&world(), &Config::default(), &request(&issuer), |_| Ok(())).await;
    let seen = open(&issuer.agree(&waiting.url)).await.unwrap();
    assert!(seen.body.contains(&format!("Signed in as<br><strong>{EMAIL}")), "{}", seen.body);
    assert!(waiting.end().await.is_ok());
}

#[tokio::test]
async fn the_device_code_waits_slows_down_and_wins() {
    let issuer = Issuer::start().await;
    let error = |word: &str| Reply::json(400, &json!({ "error": word }));
    issuer.says(
        "/token",
        [
            error("authorization_pending"),
            error("slow_down"),
            Reply::Hangup,
            Reply::html(503, "busy"),
            error("authorization_pending"),
            Reply::Honest,
        ],
    );
    let world = fast_world(20);
    let wish = SignInRequest { device: true, ..request(&issuer) };
    let sign_in = SignIn::begin(&world, &Config::default(), &wish).await.unwrap();
    let prompt = sign_in.prompt.device.clone().unwrap();
    assert_eq!(prompt.user_code, "WDJB-MJHT");
    assert_eq!(prompt.verification_uri, format!("{}/type", issuer.id));
    let (_pasted, answers) = mpsc::channel(1);
    let granted = sign_in.finish(&world, answers, &mut vec![], &|_| Ok(())).await.unwrap();
    assert_eq!(granted.address.as_deref(), Some(EMAIL));
    let asked = issuer.asked("/token");
    assert_eq!(asked.len(), 6);
    assert!(asked.iter().all(|asked| asked.member("device_code").as_deref() == Some("dev-secret")));
}

#[tokio::test]
async fn a_device_code_that_is_declined_ends_it_and_one_that_cannot_be_had_does_not() {
    let issuer = Issuer::start().await;
    let wish = SignInRequest { device: true, ..request(&issuer) };
    issuer.says("/token", [Reply::json(400, &json!({"error": "access_denied"}))]);
    let waiting = begin(&fast_world(20), &Config::default(), &wish).await;
    assert_eq!(code(&waiting.end().await.unwrap_err()), "oauth.denied");

    issuer.says("/token", [Reply::Honest]);
    let offer = |user_code: &str, page: &str, life: i64| {
        let answer = json!({
            "device_code": "d", "user_code": user_code, "verification_uri": page,
            "expires_in": life,
        });
        Reply::json(200, &answer)
    };
    for offered in [
        Reply::json(400, &json!({"error": "unauthorized_client"})),
        Reply::html(200, "<html>"),
        offer("A", "http://evil.example/type", 600),
        offer("A\u{1b}[31m", "https://x.example/type", 600),
        offer("A", "https://x.example/type", -1),
    ] {
        issuer.says("/device", [offered]);
        let sign_in = SignIn::begin(&world(), &Config::default(), &wish).await.unwrap();
        assert_eq!(sign_in.prompt.device, None);
    }
    // one that expires closes this way only
    issuer.says("/device", [offer("A", "https://x.example/type", 0)]);
    let waiting = begin(&world(), &Config::default(), &wish).await;
    open(&issuer.agree(&waiting.url)).await.unwrap();
    assert!(waiting.end().await.is_ok());
}

#[tokio::test]
async fn nobody_comes_and_the_page_closes() {
    let issuer = Issuer::start().await;
    let configured = google(&issuer);
    let wish = SignInRequest { provider: Some("gmail".into()), issuer: None, ..request(&issuer) };
    let waiting = begin(&fast_world(600), &configured, &wish).await;
    let port = waiting.port;
    let failure = waiting.end().await.unwrap_err();
    assert_eq!(code(&failure), "oauth.timeout");
    assert!(failure.message.contains("within 10 minutes"), "{failure}");
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn an_attempt_that_is_dropped_while_it_waits_closes_its_page() {
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", waiting.port)).await.is_ok());
    waiting.ended.abort();
    assert!(waiting.ended.await.unwrap_err().is_cancelled());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", waiting.port)).await.is_err());
}
