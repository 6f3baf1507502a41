//! O-1 to O-9: who wants in without being the person, and what must not be written down.

use super::{begin, begin_at, by_browser, code, refused};
use crate::support::browser::{self, open, parameter};
use crate::support::issuer::{Issuer, Reply};
use crate::support::{EMAIL, fast_world, google, open_world, request, world};
use chapar_daemon::config::Config;
use chapar_daemon::oauth::signin::{SignIn, SignInRequest};
use serde_json::{Value, json};

/// O-9: whatever happens, the log has no code, state, verifier or token.
#[tokio::test]
async fn nothing_secret_is_logged() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
    // alone, it would not be asked for a callsite that another test's thread comes to first
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _guard = tracing::subscriber::set_default(subscriber);
    let issuer = Issuer::start().await;
    let error = Reply::json(400, &json!({"error": "authorization_pending"}));
    issuer.says("/token", [error, Reply::Hangup, Reply::Honest]);
    let wish = SignInRequest { device: true, ..request(&issuer) };
    assert!(!format!("{wish:?}").contains("canary"));
    begin(&fast_world(20), &Config::default(), &wish).await.end().await.unwrap();
    let mut secrets = vec!["canary".to_owned(), "dev-secret".to_owned()];
    for reply in [Reply::Honest, Reply::html(200, "<html>"), Reply::json(200, &json!({}))] {
        issuer.says("/token", [reply]);
        issuer.says("/userinfo", [Reply::Hangup]);
        issuer.token_has("id_token", Value::Null);
        let waiting = begin_at(&fast_world(20), &issuer).await;
        let answer = issuer.agree(&waiting.url);
        secrets.extend(["code", "state"].map(|name| parameter(&answer, name).unwrap()));
        let _wrong = waiting.paste("http://127.0.0.1/?code=canary&state=canary").await;
        open(&answer).await.unwrap();
        let _ended = waiting.end().await;
    }
    secrets.extend(issuer.asked("/token").iter().filter_map(|asked| asked.member("code_verifier")));
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("the exchange of the code is tried again"), "{written}");
    for secret in secrets {
        assert!(!written.contains(&secret), "{secret} in {written}");
    }
}

#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// O-1: everything that is not the one answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_knocks_on_the_page_and_none_gets_in() {
    const KNOCKS: usize = 10_000;
    const AT_ONCE: usize = 8;
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    let answer = issuer.agree(&waiting.url);
    let (port, state) = (waiting.port, parameter(&answer, "state").unwrap());
    let right = url::Url::parse(&answer).unwrap();
    let (path, query) = (right.path().to_owned(), right.query().unwrap().to_owned());
    let mut tasks = Vec::new();
    for task in 0..AT_ONCE {
        let (path, query, state) = (path.clone(), query.clone(), state.clone());
        tasks.push(tokio::spawn(async move {
            let mut answered = 0;
            for n in (task..KNOCKS).step_by(AT_ONCE) {
                let knock = knock(n, port, &path, &query, &state);
                if let Some(seen) = browser::say(port, &knock).await {
                    let text = String::from_utf8_lossy(&knock).into_owned();
                    assert!([400, 404, 405, 431].contains(&seen.status), "{text:.200}");
                    assert!(!seen.body.contains("Signed") && !seen.body.contains(&state));
                    answered += 1;
                }
            }
            answered
        }));
    }
    let mut answered = 0;
    for task in tasks {
        answered += task.await.unwrap();
    }
    assert!(answered > KNOCKS / 2, "{answered} of {KNOCKS} were answered at all");
    assert!(issuer.asked("/token").is_empty(), "nothing was exchanged");
    assert!(!waiting.ended.is_finished(), "the attempt still waits");
    println!("{KNOCKS} knocks, {answered} answered, none got in");
    assert_eq!(open(&answer).await.unwrap().status, 200);
    assert!(waiting.end().await.is_ok());
    assert!(open(&answer).await.is_none(), "the second hit finds nobody");
    assert_eq!(issuer.asked("/token").len(), 1);
}

/// The n-th way to get it wrong.
fn knock(n: usize, port: u16, path: &str, query: &str, state: &str) -> Vec<u8> {
    let get = |target: String| format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let with = |state: String| get(format!("{path}?code=c{n}&state={state}"));
    let half = &state[..state.len() / 2];
    match n % 20 {
        0 => with(format!("{n:043}")),
        1 => with(String::new()),
        2 => get(format!("{path}?code=c{n}")),
        3 => with(half.to_owned()),
        4 => with(format!("{state}{n}")),
        5 => with(state.to_uppercase() + "x"),
        6 => get(format!("{path}?error=access_denied")),
        7 => get(format!("{path}?error=access_denied&state={n}")),
        8 => get(format!("/{n}?{query}")),
        9 => get(format!("{path}/?{query}")),
        10 => get(format!("{path}?{query}&state={state}")),
        11 => get(format!("{path}?{query}&code=other")),
        12 => get(format!("{path}?state={state}")),
        13 => format!(
            "POST {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 3\r\n\r\na=b"
        ),
        14 => format!("HEAD {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"),
        15 => format!("GET {path}?{query} HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"),
        16 => format!("GET {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
        17 => format!("GET {path}?{query} HTTP/1.1\r\n\r\n"),
        18 => format!("GET {path}?{} HTTP/1.1\r\n\r\n", "a".repeat(20_000)),
        _ => {
            let hello = [0x16, 3, 1, 0, u8::try_from(n % 256).unwrap()];
            return [&hello[..], b"\r\n\r\n\r\n\r\n"].concat();
        }
    }
    .into_bytes()
}

#[tokio::test]
async fn who_only_keeps_connections_open_keeps_nobody_out() {
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(tokio::net::TcpStream::connect(("127.0.0.1", waiting.port)).await.unwrap());
    }
    assert_eq!(open(&issuer.agree(&waiting.url)).await.unwrap().status, 200);
    assert!(waiting.end().await.is_ok());
    drop(idle);
}

/// O-2.
#[tokio::test]
async fn an_issuer_found_by_discovery_has_to_promise_pkce() {
    let issuer = Issuer::start().await;
    let found = SignInRequest { discovered: true, ..request(&issuer) };
    let listed = [json!(["plain"]), json!([]), json!(["s256", "S512"])];
    for methods in listed.iter().chain([&Value::Null]) {
        issuer.metadata_has("code_challenge_methods_supported", methods.clone());
        assert_eq!(refused(&open_world(), &found).await, "oauth.metadata", "{methods}");
        // one the person named may say nothing of it, but not that it cannot
        if methods.is_array() {
            assert_eq!(refused(&world(), &request(&issuer)).await, "oauth.metadata", "{methods}");
            continue;
        }
        let named = begin_at(&world(), &issuer).await;
        assert_eq!(parameter(&named.url, "code_challenge_method").as_deref(), Some("S256"));
    }
    issuer.metadata_has("code_challenge_methods_supported", json!(["plain", "S256"]));
    let first = begin(&open_world(), &Config::default(), &found).await;
    let second = begin(&open_world(), &Config::default(), &found).await;
    for name in ["state", "code_challenge", "redirect_uri"] {
        assert_ne!(parameter(&first.url, name), parameter(&second.url, name), "{name}");
    }
    assert_eq!(refused(&world(), &found).await, "net.private");
}

/// O-3: two issuers at once, the answer of one brought to the other's page.
#[tokio::test]
async fn a_mixed_up_answer_is_refused_and_no_code_leaves() {
    let (honest, evil) = (Issuer::start().await, Issuer::start().await);
    let ours = begin_at(&world(), &honest).await;
    let theirs = begin_at(&world(), &evil).await;
    let path = |url: &str| parameter(url, "redirect_uri").unwrap();
    assert_ne!(path(&ours.url), path(&theirs.url));
    // the evil one sends the person to the honest one with its own state and redirect
    let crossed = honest.agree(&ours.url);
    let code_there = parameter(&crossed, "code").unwrap();
    let state_here = parameter(&theirs.url, "state").unwrap();
    let mixed =
        format!("{}?code={code_there}&state={state_here}&iss={}", path(&theirs.url), honest.id);
    let seen = open(&mixed).await.unwrap();
    assert!(seen.body.contains("another issuer"), "{}", seen.body);
    assert_eq!(code(&theirs.end().await.unwrap_err()), "oauth.issuer");
    assert!(evil.asked("/token").is_empty() && honest.asked("/token").is_empty());
    // without its name where it promised to give it
    let bare = crossed.split("&iss=").next().unwrap();
    open(bare).await.unwrap();
    assert_eq!(code(&ours.end().await.unwrap_err()), "oauth.issuer");
    assert!(honest.asked("/token").is_empty());
}

/// O-4: a code used before, a token that is somebody else's, a person who is somebody else.
#[tokio::test]
async fn what_was_meant_for_another_is_told_apart() {
    let issuer = Issuer::start().await;
    let waiting = begin_at(&world(), &issuer).await;
    let answer = issuer.agree(&waiting.url);
    let stolen = parameter(&answer, "code").unwrap();
    open(&answer).await.unwrap();
    assert!(waiting.end().await.is_ok());
    let waiting = begin_at(&world(), &issuer).await;
    let answer = issuer.agree(&waiting.url);
    let fresh = parameter(&answer, "code").unwrap();
    let seen = open(&answer.replace(&fresh, &stolen)).await.unwrap();
    assert!(seen.body.contains("has to be repeated"));
    assert_eq!(code(&waiting.end().await.unwrap_err()), "oauth.code");

    for (claim, value) in [("aud", json!("another")), ("iss", json!("https://evil.example"))] {
        let issuer = Issuer::start().await;
        issuer.claims(claim, value);
        assert_eq!(code(&by_browser(&issuer).await.0.unwrap_err()), "oauth.issuer", "{claim}");
    }
    let issuer = Issuer::start().await;
    issuer.claims("email", json!("bob@contoso.example"));
    let (granted, seen) = by_browser(&issuer).await;
    assert_eq!(granted.unwrap().address.as_deref(), Some("bob@contoso.example"));
    assert!(seen.body.contains("bob@contoso.example") && seen.body.contains("mailbox <b>ana@"));
    // no ID token: the userinfo endpoint is asked; neither: nobody knows
    let issuer = Issuer::start().await;
    issuer.token_has("id_token", Value::Null);
    assert_eq!(by_browser(&issuer).await.0.unwrap().address.as_deref(), Some(EMAIL));
    issuer.says("/userinfo", [Reply::html(200, "<html>")]);
    assert_eq!(by_browser(&issuer).await.0.unwrap().address, None);
}

/// O-5: the port is ours before anybody hears of it, and the address is of our own making.
#[tokio::test]
async fn the_page_listens_before_the_address_is_made() {
    let issuer = Issuer::start().await;
    let sign_in = SignIn::begin(&world(), &Config::default(), &request(&issuer)).await.unwrap();
    let port = sign_in.prompt.port;
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    assert!(tokio::net::TcpListener::bind(("127.0.0.1", port)).await.is_err());
    assert!(tokio::net::TcpListener::bind(("::1", port)).await.is_err(), "or there is no IPv6");
    assert!(sign_in.prompt.authorize_url.starts_with(&format!("{}/authorize?", issuer.id)));
    drop(sign_in);
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err(), "dropped, closed");
    for evil in ["javascript:alert(1)", "file:///etc/passwd", "http://x.example/a", "--version"] {
        issuer.metadata_has("authorization_endpoint", json!(evil));
        assert_eq!(refused(&world(), &request(&issuer)).await, "oauth.metadata", "{evil}");
    }
}

/// O-8.
#[tokio::test]
async fn less_than_was_asked_for_is_said_by_name() {
    let issuer = Issuer::start().await;
    let google = google(&issuer);
    let wish = SignInRequest { provider: Some("gmail".into()), issuer: None, ..request(&issuer) };
    issuer.token_has("scope", json!("openid https://www.googleapis.com/auth/userinfo.email"));
    let waiting = begin(&world(), &google, &wish).await;
    let seen = open(&issuer.agree(&waiting.url)).await.unwrap();
    let failure = waiting.end().await.unwrap_err();
    assert_eq!(code(&failure), "oauth.missing_scope");
    assert_eq!(failure.message, "Google did not grant https://mail.google.com/");
    assert!(seen.body.contains("A permission was not granted"), "{}", seen.body);
    // the same page again, all boxes ticked
    issuer.token_has("scope", json!("openid https://mail.google.com/ x"));
    let waiting = begin(&world(), &google, &wish).await;
    open(&issuer.agree(&waiting.url)).await.unwrap();
    let granted = waiting.end().await.unwrap();
    assert_eq!(granted.grant.scopes, ["openid", "https://mail.google.com/", "x"]);
    assert_eq!(granted.client_secret.unwrap().expose(), "not-so-secret");
    assert_eq!(issuer.asked("/token")[1].member("client_secret").as_deref(), Some("not-so-secret"));
}
