//! Logins by access token on both protocols, against servers that play a transcript inside real
//! TLS: the mechanisms, their failure dialogues, and what providers say when no token helps.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    clippy::allow_attributes,
    reason = "tests"
)]

mod tls_support;

use chapar_daemon::{imap, smtp};
use chapar_engine::account::{Endpoint, Security};
use chapar_engine::credential::Credential;
use chapar_engine::sasl::Bearer;
use chapar_engine::secret::{Secret, base64};
use chapar_engine::verdict::{Failure, Verdict};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tls_support::{Authority, VALID, world};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const USER: &str = "ana,o=x@x.test";
const TOKEN: &str = "ya29.canary-token";
const REPORT: &str = r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;

/// What the server says first, then for each line of the client the beginning that is due and the
/// answer. `TAG` stands for the line's first word.
type Transcript = Vec<(String, String)>;

fn lines(of: &[(&str, &str)]) -> Transcript {
    of.iter().map(|(line, answer)| ((*line).to_owned(), (*answer).to_owned())).collect()
}

/// Plays one connection; what the client said.
async fn play(authority: &Authority, greeting: String, script: Transcript) -> (u16, Said) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(authority.server("127.0.0.1", VALID));
    let said = Said::default();
    let log = Arc::clone(&said);
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let Ok(tls) = acceptor.accept(tcp).await else { return };
        let mut tls = BufReader::new(tls);
        tls.write_all(greeting.as_bytes()).await.unwrap();
        for (due, answer) in script {
            let mut line = String::new();
            if tls.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end_matches(['\r', '\n']).to_owned();
            let tag = line.split(' ').next().unwrap().to_owned();
            let fits = if due.is_empty() { line.is_empty() } else { line.contains(&due) };
            log.lock().unwrap().push(line);
            let answer =
                if fits { answer.replace("TAG", &tag) } else { format!("{tag} BAD {due}\r\n") };
            tls.write_all(answer.as_bytes()).await.unwrap();
        }
        let mut rest = String::new();
        while matches!(
            tokio::time::timeout(Duration::from_secs(1), tls.read_line(&mut rest)).await,
            Ok(Ok(1..))
        ) {
            log.lock().unwrap().push(std::mem::take(&mut rest));
        }
    });
    (port, said)
}

type Said = Arc<Mutex<Vec<String>>>;

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "127.0.0.1".into(), port, security: Security::Tls }
}

async fn imap_login(capabilities: &str, script: &[(&str, &str)]) -> (Result<(), Failure>, Said) {
    imap_login_with(TOKEN, capabilities, lines(script)).await
}

async fn imap_login_with(
    token: &str,
    capabilities: &str,
    script: Transcript,
) -> (Result<(), Failure>, Said) {
    let authority = Authority::new();
    let greeting = format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hello\r\n");
    let (port, said) = play(&authority, greeting, script).await;
    let login = imap::Login {
        endpoint: endpoint(port),
        user: USER.into(),
        credential: Credential::Token(Secret::new(token.into())),
        ca_pem: Some(authority.pem.clone()),
        public_only: false,
    };
    (imap::Session::login(&world(), &login).await.map(drop), said)
}

async fn smtp_login(ehlo: &str, script: &[(&str, &str)]) -> (Result<(), Failure>, Said) {
    smtp_login_with(TOKEN, ehlo, script).await
}

async fn smtp_login_with(
    token: &str,
    ehlo: &str,
    script: &[(&str, &str)],
) -> (Result<(), Failure>, Said) {
    let authority = Authority::new();
    let mut all = lines(&[("EHLO", ehlo)]);
    all.extend(lines(script));
    let (port, said) = play(&authority, "220 mx ESMTP\r\n".into(), all).await;
    let login = smtp::Login {
        endpoint: endpoint(port),
        user: USER.into(),
        credential: Credential::Token(Secret::new(token.into())),
        ca_pem: Some(authority.pem.clone()),
        public_only: false,
    };
    (smtp::Session::login(&world(), &login).await.map(drop), said)
}

fn response(bearer: Bearer, port: u16) -> String {
    let token = Secret::new(TOKEN.into());
    bearer.response(USER, &token, "127.0.0.1", port).unwrap().to_string()
}

#[tokio::test]
async fn imap_takes_the_better_mechanism_in_one_flight() {
    for (offered, name, start) in [
        ("SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER", "OAUTHBEARER", "bixhPWFuYT"),
        ("SASL-IR AUTH=XOAUTH2 AUTH=PLAIN", "XOAUTH2", "dXNlcj1hbmEsbz14QHgu"),
    ] {
        let command = format!("AUTHENTICATE {name} {start}");
        let script = [(command.as_str(), "TAG OK [CAPABILITY IMAP4rev1] in\r\n")];
        let (login, said) = imap_login(offered, &script).await;
        login.unwrap();
        let said = said.lock().unwrap();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(!said.join("").contains(TOKEN));
    }
}

#[tokio::test]
async fn without_sasl_ir_or_with_a_long_token_the_response_waits_for_the_server() {
    let script = [("AUTHENTICATE OAUTHBEARER", "+ \r\n"), ("bixhPWFuYT", "TAG-is-none\r\n")];
    let (login, said) = imap_login("AUTH=OAUTHBEARER", &script).await;
    assert!(login.is_err(), "an answer without the tag is none");
    let said = said.lock().unwrap().clone();
    assert!(said[0].ends_with(" AUTHENTICATE OAUTHBEARER"), "{said:?}");
    // Microsoft refuses command lines of more than 4,096 bytes, and its tokens are long
    let long = "t".repeat(5_000);
    let authority = lines(&[("AUTHENTICATE XOAUTH2", "+ \r\n"), ("dXNlcj1", "+ \r\n")]);
    let (_, said) = imap_login_with(&long, "SASL-IR AUTH=XOAUTH2", authority).await;
    let said = said.lock().unwrap().clone();
    assert!(said[0].ends_with(" AUTHENTICATE XOAUTH2"), "{}", said[0].len());
    assert!(said[1].len() > 6_000);
}

#[tokio::test]
async fn imap_refusals_are_acknowledged_and_their_report_is_kept() {
    let report = format!("+ {}\r\n", *base64(REPORT.as_bytes()));
    for (offered, name, acknowledged) in [
        ("SASL-IR AUTH=XOAUTH2", "AUTHENTICATE XOAUTH2", ""),
        ("SASL-IR AUTH=OAUTHBEARER", "AUTHENTICATE OAUTHBEARER", "AQ=="),
    ] {
        let authority = Authority::new();
        let greeting = format!("* OK [CAPABILITY IMAP4rev1 {offered}] hello\r\n");
        let script = lines(&[
            (name, &report),
            (acknowledged, "S1 NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n"),
        ]);
        let (port, said) = play(&authority, greeting, script).await;
        let login = imap::Login {
            endpoint: endpoint(port),
            user: USER.into(),
            credential: Credential::Token(Secret::new(TOKEN.into())),
            ca_pem: Some(authority.pem.clone()),
            public_only: false,
        };
        let failure = imap::Session::login(&world(), &login).await.unwrap_err();
        assert_eq!((failure.code, &failure.verdict), ("imap.auth", &Verdict::SignInAgain));
        let detail = failure.detail.clone().unwrap();
        assert!(detail.contains(REPORT) && detail.contains("Invalid credentials"), "{detail}");
        assert!(!format!("{failure:?}").contains(TOKEN));
        assert_eq!(said.lock().unwrap()[1], acknowledged);
    }
}

#[tokio::test]
async fn imap_answers_that_no_token_can_change() {
    for (answer, code, verdict) in [
        ("TAG NO AUTHENTICATE failed.\r\n", "imap.auth", Verdict::SignInAgain),
        (
            "TAG NO [ALERT] IMAP access is disabled for your domain.\r\n",
            "imap.disabled",
            Verdict::FixSettings,
        ),
        (
            "TAG NO [UNAVAILABLE] Temporary authentication failure\r\n",
            "imap.unavailable",
            Verdict::Retry,
        ),
        (
            "TAG BAD User is authenticated but not connected.\r\n",
            "imap.not_connected",
            Verdict::Retry,
        ),
        (
            "TAG NO [LIMIT] Too many simultaneous connections.\r\n",
            "imap.throttled",
            Verdict::Throttled(None),
        ),
        // at a login these words are about the token that was shown
        ("* BYE Session expired\r\n", "imap.auth", Verdict::SignInAgain),
    ] {
        let script = [("AUTHENTICATE XOAUTH2", answer)];
        let (login, _) = imap_login("SASL-IR AUTH=XOAUTH2", &script).await;
        let failure = login.unwrap_err();
        assert_eq!((failure.code, failure.verdict), (code, verdict), "{answer}");
    }
}

#[tokio::test]
async fn a_server_without_a_mechanism_for_tokens_gets_none() {
    let (login, said) = imap_login("SASL-IR AUTH=PLAIN AUTH=NTLM", &[]).await;
    let failure = login.unwrap_err();
    assert_eq!((failure.code, &failure.verdict), ("imap.no_login", &Verdict::FixSettings));
    assert_eq!(failure.detail.as_deref(), Some("offered: NTLM PLAIN"));
    assert!(failure.message.contains("token"), "{failure}");
    assert!(said.lock().unwrap().is_empty());
    let (login, said) = smtp_login("250-mx\r\n250 AUTH PLAIN LOGIN\r\n", &[]).await;
    let failure = login.unwrap_err();
    assert_eq!((failure.code, &failure.verdict), ("smtp.no_auth", &Verdict::FixSettings));
    assert_eq!(failure.detail.as_deref(), Some("offered: PLAIN LOGIN"));
    assert_eq!(said.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn smtp_takes_the_better_mechanism_and_keeps_its_lines_short() {
    for (offered, bearer) in [
        ("250 AUTH PLAIN OAUTHBEARER XOAUTH2\r\n", Bearer::OAuthBearer),
        ("250 AUTH LOGIN XOAUTH2\r\n", Bearer::XOAuth2),
    ] {
        let command = format!("AUTH {} ", bearer.name());
        let ok = [(command.as_str(), "235 2.7.0 Accepted\r\n")];
        let (login, said) = smtp_login(&format!("250-mx\r\n{offered}"), &ok).await;
        login.unwrap();
        let said = said.lock().unwrap().clone();
        if bearer == Bearer::XOAuth2 {
            assert_eq!(said[1], format!("AUTH XOAUTH2 {}", response(bearer, 0)));
        }
        // RFC 4954 §4: with a longer response the command stands alone
        let long = "t".repeat(4_000);
        let alone = format!("AUTH {}", bearer.name());
        let script = [(alone.as_str(), "334 \r\n"), ("", "235 ok\r\n")];
        let start = if bearer == Bearer::XOAuth2 { "dXNlcj1" } else { "bixhPWFu" };
        let script = [script[0], (start, script[1].1)];
        let (login, said) = smtp_login_with(&long, &format!("250-mx\r\n{offered}"), &script).await;
        login.unwrap();
        let said = said.lock().unwrap().clone();
        assert_eq!(said[1], alone);
        assert!((5_000..12_288).contains(&said[2].len()));
    }
}

#[tokio::test]
async fn smtp_refusals_are_acknowledged_and_told_apart() {
    let report = format!("334 {}\r\n", *base64(REPORT.as_bytes()));
    let gone = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for \
                the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.\r\n";
    for (offered, acknowledged) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        let ehlo = format!("250-mx\r\n250 AUTH {offered}\r\n");
        for (last, code, verdict) in [
            ("535 5.7.8 Username and Password not accepted\r\n", "smtp.auth", Verdict::SignInAgain),
            ("535 5.7.3 Authentication unsuccessful\r\n", "smtp.auth", Verdict::SignInAgain),
            (gone, "smtp.auth_disabled", Verdict::FixSettings),
            (
                "454 4.7.0 Temporary authentication failure\r\n",
                "smtp.auth_later",
                Verdict::Throttled(None),
            ),
        ] {
            let script = [("AUTH", report.as_str()), (acknowledged, last)];
            let (login, said) = smtp_login(&ehlo, &script).await;
            let failure = login.unwrap_err();
            assert_eq!((failure.code, &failure.verdict), (code, &verdict), "{last}");
            let detail = failure.detail.unwrap();
            assert!(
                detail.contains("\"status\":\"400\"")
                    && last.get(..3).is_some_and(|code| detail.contains(code)),
                "{detail}"
            );
            assert_eq!(said.lock().unwrap()[2], acknowledged);
        }
        // straight away, without a report
        let (login, _) = smtp_login(&ehlo, &[("AUTH", gone)]).await;
        assert_eq!(login.unwrap_err().code, "smtp.auth_disabled");
        let basic = "550 5.7.30 Basic authentication is not supported\r\n";
        let (login, _) = smtp_login(&ehlo, &[("AUTH", basic)]).await;
        assert_eq!(login.unwrap_err().code, "smtp.auth_disabled");
    }
}

#[tokio::test]
async fn a_report_of_ten_kilobytes_is_read_and_one_without_end_is_not() {
    let long = format!("334 {}\r\n", "A".repeat(10_000));
    let ehlo = "250-mx\r\n250 AUTH XOAUTH2\r\n";
    let (login, _) = smtp_login(ehlo, &[("AUTH", &long), ("", "535 5.7.8 no\r\n")]).await;
    let failure = login.unwrap_err();
    assert_eq!(failure.code, "smtp.auth", "{failure:?}");
    let endless = format!("334 {}\r\n", "A".repeat(100_000));
    let (login, _) = smtp_login(ehlo, &[("AUTH", &endless)]).await;
    assert_eq!(login.unwrap_err().verdict, Verdict::Retry);
}
