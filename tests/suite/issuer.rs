//! The sandbox's issuer is what it says: independent clients sign in and use the tokens, and the
//! person of the demo does.

use chapar_tests::sandbox::oauth::client::NATIVE_CLIENT;
use chapar_tests::sandbox::oauth::grant::{Death, s256};
use chapar_tests::sandbox::provider::{Listening, Personality, Provider};
use std::process::{Command, Output, Stdio};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const USER: &str = "ada@example.test";
const PASSWORD: &str = "correct horse";

async fn provider() -> (Provider, Listening) {
    let provider = Provider::new(Personality::default());
    provider.store.add_account(USER, PASSWORD);
    let ports = provider.listen([0; 4]).await.unwrap();
    (provider, ports)
}

/// A file that is gone with the test.
struct Temporary(std::path::PathBuf);

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("chapar-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Python's urllib, imaplib and smtplib, which share nothing with this repository.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_signs_in_and_uses_the_tokens() {
    let (provider, ports) = provider().await;
    let ca_file = Temporary::new("issuer-ca.pem", &provider.ca_pem());
    let world = serde_json::json!({
        "base": provider.issuer.base(), "imaps": ports.imaps, "smtps": ports.smtps,
        "caFile": ca_file.0, "user": USER, "password": PASSWORD, "clientId": NATIVE_CLIENT,
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/issuer_probe.py");
    let ran = tokio::task::spawn_blocking(move || {
        let mut command = Command::new("python3");
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{world}\n").as_bytes())?;
        child.wait_with_output()
    });
    let Ok(output) = ran.await.unwrap() else {
        eprintln!("python3 is not here: the independent clients were not run");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    assert_eq!(said.lines().last(), Some("issuer probe: all held"));
    assert!(provider.ledger.leaks().is_empty());
    assert_eq!(provider.issuer.fates(USER), [Some(Death::Reused)]);
}

/// Runs the person as `$BROWSER` would be run.
async fn person(described: serde_json::Value, words: &[&str]) -> Output {
    let file = Temporary::new(&format!("person-{}.json", words.len()), &described.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_person"));
    command.args(words).env("CHAPAR_PERSON", &file.0);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_person_at_the_browser_signs_in() {
    let (provider, _ports) = provider().await;
    provider.issuer.rule(|rules| rules.mfa = true);
    let ca_file = Temporary::new("person-ca.pem", &provider.ca_pem());
    let page = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = page.local_addr().unwrap().port();
    let address = format!(
        "{}?response_type=code&client_id={NATIVE_CLIENT}&scope=openid&state=1\
         &redirect_uri=http://127.0.0.1:{port}/back&code_challenge={}&code_challenge_method=S256",
        provider.issuer.authorize_url(),
        s256("a verifier")
    );
    let described = serde_json::json!({"user": USER, "password": PASSWORD, "caFile": ca_file.0});
    let landing = tokio::spawn(async move {
        let (mut stream, _) = page.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let output = person(described.clone(), &[&address]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("ended at http://127.0.0.1:{port}/back: 200\n"));
    let asked = landing.await.unwrap();
    assert!(asked.starts_with("GET /back?code=sandbox-code-"), "{asked}");
    let output = person(described.clone(), &["--stop", &address]).await;
    let end = String::from_utf8(output.stdout).unwrap();
    assert!(end.starts_with(&format!("http://127.0.0.1:{port}/back?code=")), "{end}");
    let mut wrong = described;
    wrong["otp"] = "000000".into();
    let output = person(wrong, &[&address]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("Wrong code"));
    assert_eq!(output.status.code(), Some(1));
}
