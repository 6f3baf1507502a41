//! Signing in by OAuth against a real TLS authorization server: the ways there, and the ways in
//! which it goes wrong. Each failure has its code, ends without a grant, and shows nothing secret.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    dead_code,
    clippy::allow_attributes,
    reason = "tests"
)]

mod signin_support;
mod tls_support;

use chapar_daemon::config::Config;
use chapar_daemon::oauth::Granted;
use chapar_daemon::oauth::signin::{Pasted, SignIn, SignInRequest};
use chapar_daemon::world::World;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::{Failure, Verdict, condition};
use serde_json::{Value, json};
use signin_support::browser::{self, open, parameter};
use signin_support::issuer::{Issuer, Reply};
use signin_support::{EMAIL, config, fast_world, open_world, request, world};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A sign-in that waits for its person.
struct Waiting {
    url: String,
    port: u16,
    ended: JoinHandle<Result<Granted, Failure>>,
    pasted: mpsc::Sender<Pasted>,
}

async fn begin(world: &World, config: &Config, request: &SignInRequest) -> Waiting {
    let sign_in = SignIn::begin(world, config, request).await.unwrap();
    let (url, port) = (sign_in.prompt.authorize_url.clone(), sign_in.prompt.port);
    let (pasted, answers) = mpsc::channel(4);
    let world = world.clone();
    let ended = tokio::spawn(async move { sign_in.finish(&world, answers).await });
    Waiting { url, port, ended, pasted }
}

impl Waiting {
    async fn paste(&self, address: &str) -> Result<(), Failure> {
        let (answer, told) = oneshot::channel();
        let address = Secret::new(address.to_owned());
        self.pasted.send(Pasted { address, answer }).await.unwrap();
        told.await.unwrap()
    }

    async fn end(self) -> Result<Granted, Failure> {
        tokio::time::timeout(Duration::from_mins(1), self.ended).await.unwrap().unwrap()
    }
}

/// The whole way by the browser, to whatever end; what the person saw last.
async fn by_browser(issuer: &Issuer) -> (Result<Granted, Failure>, browser::Seen) {
    let waiting = begin(&world(), &Config::default(), &request(issuer)).await;
    let seen = open(&issuer.agree(&waiting.url)).await.unwrap();
    (waiting.end().await, seen)
}

/// The code of a failure, which has a row and a remedy.
fn code(failure: &Failure) -> &'static str {
    let row = condition(failure.code).unwrap_or_else(|| panic!("{} has no row", failure.code));
    assert!(!row.what.is_empty());
    failure.code
}

#[tokio::test]
async fn the_browser_brings_the_code_and_the_person_lands_on_a_good_page() {
    let issuer = Issuer::start().await;
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
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
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
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
    let granted = sign_in.finish(&world, answers).await.unwrap();
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
    for offered in [
        Reply::json(400, &json!({"error": "unauthorized_client"})),
        Reply::html(200, "<html>"),
        Reply::json(
            200,
            &json!({"device_code": "d", "user_code": "A", "expires_in": 600,
            "verification_uri": "http://evil.example/type"}),
        ),
        Reply::json(
            200,
            &json!({"device_code": "d", "user_code": "A\u{1b}[31m", "expires_in": 600,
            "verification_uri": "https://x.example/type"}),
        ),
        Reply::json(
            200,
            &json!({"device_code": "d", "user_code": "A", "expires_in": -1,
            "verification_uri": "https://x.example/type"}),
        ),
    ] {
        issuer.says("/device", [offered]);
        let sign_in = SignIn::begin(&world(), &Config::default(), &wish).await.unwrap();
        assert_eq!(sign_in.prompt.device, None);
    }
    // one that expires closes this way only
    issuer.says(
        "/device",
        [Reply::json(
            200,
            &json!({"device_code": "d", "user_code": "A",
        "verification_uri": "https://x.example/type", "expires_in": 0}),
        )],
    );
    let waiting = begin(&world(), &Config::default(), &wish).await;
    open(&issuer.agree(&waiting.url)).await.unwrap();
    assert!(waiting.end().await.is_ok());
}

/// O-9: whatever happens, the log has no code, state, verifier or token.
#[tokio::test]
async fn nothing_secret_is_logged() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || sink.clone())
        .finish();
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
        let waiting = begin(&fast_world(20), &Config::default(), &request(&issuer)).await;
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
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
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
            return vec![
                0x16,
                3,
                1,
                0,
                u8::try_from(n % 256).unwrap(),
                b'\r',
                b'\n',
                b'\r',
                b'\n',
                b'\r',
                b'\n',
                b'\r',
                b'\n',
            ];
        }
    }
    .into_bytes()
}

#[tokio::test]
async fn who_only_keeps_connections_open_keeps_nobody_out() {
    let issuer = Issuer::start().await;
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
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
    for methods in [Value::Null, json!(["plain"]), json!([])] {
        issuer.metadata_has("code_challenge_methods_supported", methods.clone());
        let refused = SignIn::begin(&open_world(), &Config::default(), &found).await.err().unwrap();
        assert_eq!(code(&refused), "oauth.metadata", "{methods}");
        // one the person named is asked with S256 all the same
        let named = begin(&world(), &Config::default(), &request(&issuer)).await;
        assert_eq!(parameter(&named.url, "code_challenge_method").as_deref(), Some("S256"));
    }
    issuer.metadata_has("code_challenge_methods_supported", json!(["plain", "S256"]));
    let first = begin(&open_world(), &Config::default(), &found).await;
    let second = begin(&open_world(), &Config::default(), &found).await;
    for name in ["state", "code_challenge", "redirect_uri"] {
        assert_ne!(parameter(&first.url, name), parameter(&second.url, name), "{name}");
    }
    let private = SignIn::begin(&world(), &Config::default(), &found).await.err().unwrap();
    assert_eq!(code(&private), "net.private");
}

/// O-3: two issuers at once, the answer of one brought to the other's page.
#[tokio::test]
async fn a_mixed_up_answer_is_refused_and_no_code_leaves() {
    let (honest, evil) = (Issuer::start().await, Issuer::start().await);
    let ours = begin(&world(), &Config::default(), &request(&honest)).await;
    let theirs = begin(&world(), &Config::default(), &request(&evil)).await;
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
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
    let answer = issuer.agree(&waiting.url);
    let stolen = parameter(&answer, "code").unwrap();
    open(&answer).await.unwrap();
    assert!(waiting.end().await.is_ok());
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
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
    assert!(seen.body.contains("bob@contoso.example") && seen.body.contains("for <b>ana@"));
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
        let refused = SignIn::begin(&world(), &Config::default(), &request(&issuer)).await;
        assert_eq!(code(&refused.err().unwrap()), "oauth.metadata", "{evil}");
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

fn google(issuer: &Issuer) -> Config {
    let folder = std::env::temp_dir().join(format!("chapar-signin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let secret = folder.join("secret");
    std::fs::write(&secret, "not-so-secret\n").unwrap();
    config(
        &format!(
            "[[provider]]\nkey = 'gmail'\nissuer = '$ISSUER'\nauthorize_url = '$ISSUER/authorize'\n\
             token_url = '$ISSUER/token'\nclient_id = 'desktop'\nclient_secret_file = '{}'\n",
            secret.display()
        ),
        issuer,
    )
}

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
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
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
        let waiting = begin(&fast_world(20), &Config::default(), &request(&issuer)).await;
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
    let waiting = begin(&fast_world(20), &Config::default(), &request(&issuer)).await;
    open(&issuer.agree(&waiting.url)).await.unwrap();
    assert!(waiting.end().await.is_ok());
    assert_eq!(issuer.asked("/token").len(), 3);

    let busy = Reply::Http(429, "text/html", "Retry-After: 17\r\n".into(), vec![]);
    issuer.says("/token", [busy]);
    let waiting = begin(&fast_world(20), &Config::default(), &request(&issuer)).await;
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
        let refused = SignIn::begin(&fast_world(20), &Config::default(), &request(&issuer)).await;
        code(&refused.err().unwrap())
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
        let refused = SignIn::begin(&world(), &Config::default(), &request(&issuer)).await;
        assert_eq!(code(&refused.err().unwrap()), "oauth.metadata", "{member} {value}");
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
        let refused = SignIn::begin(&world(), &Config::default(), &wish).await.err().unwrap();
        assert!(["http.not_https", "oauth.metadata"].contains(&code(&refused)), "{bad}");
    }
}

#[tokio::test]
async fn without_a_client_nobody_is_asked() {
    let issuer = Issuer::start().await;
    issuer.metadata_has("registration_endpoint", Value::Null);
    let refused = SignIn::begin(&world(), &Config::default(), &request(&issuer)).await;
    assert_eq!(code(&refused.err().unwrap()), "oauth.no_client");
    let own = SignInRequest { client_id: Some("mine".into()), ..request(&issuer) };
    let waiting = begin(&world(), &Config::default(), &own).await;
    let redirect = parameter(&waiting.url, "redirect_uri").unwrap();
    assert_eq!(redirect, format!("http://127.0.0.1:{}/callback", waiting.port));

    let unknown = SignInRequest { provider: Some("nobody".into()), ..SignInRequest::default() };
    let refused = SignIn::begin(&world(), &Config::default(), &unknown).await;
    assert_eq!(code(&refused.err().unwrap()), "oauth.no_client");

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
        let refused = SignIn::begin(&world(), &Config::default(), &request(&issuer)).await;
        assert_eq!(code(&refused.err().unwrap()), wanted, "{reply:?}");
    }
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
    let waiting = begin(&world(), &Config::default(), &request(&issuer)).await;
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", waiting.port)).await.is_ok());
    waiting.ended.abort();
    assert!(waiting.ended.await.unwrap_err().is_cancelled());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", waiting.port)).await.is_err());
}
