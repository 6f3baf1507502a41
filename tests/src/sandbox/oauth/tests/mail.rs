//! Tokens at the mail servers: both mechanisms on both protocols, the dialogues of refusal, and
//! sessions that end with their token.

use super::super::grant::{Access, Death};
use super::super::rules::{SessionEnd, SmtpAuth};
use super::*;
use crate::sandbox::base64::{decode, encode};
use crate::sandbox::faults::Service;
use crate::sandbox::provider::{Entry, Security, TAG_HELLO};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

/// One conversation, inside simulated TLS.
struct Talk(BufReader<DuplexStream>);

impl Talk {
    async fn new(provider: &Provider, service: Service) -> Self {
        let (near, far) = tokio::io::duplex(64 << 10);
        let provider = provider.clone();
        tokio::spawn(async move {
            provider.serve(Box::new(far), service, Entry::Tls, Security::Tag).await;
        });
        let mut talk = Self(BufReader::new(near));
        talk.say(&format!("{TAG_HELLO}x\n")).await;
        talk.line().await;
        talk.line().await;
        talk
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(&format!("{line}\r\n")).await;
        self.line().await
    }
}

fn xoauth2(user: &str, token: &str) -> String {
    encode(format!("user={user}\x01auth=Bearer {token}\x01\x01").as_bytes())
}

fn oauthbearer(user: &str, token: &str) -> String {
    encode(format!("n,a={user},\x01host=h\x01port=993\x01auth=Bearer {token}\x01\x01").as_bytes())
}

/// A world in real seconds of tokio's paused clock, and a token of its person.
fn world(personality: Personality) -> (World, String) {
    let mut world = World::new(personality);
    let start = tokio::time::Instant::now();
    let now = move || 1_000_000 + i64::try_from(start.elapsed().as_secs()).unwrap();
    world.provider =
        Provider::with_clock(world.provider.personality.clone(), &["x"], Arc::new(now));
    world.provider.store.add_account(USER, PASSWORD);
    world.provider.store.add_account("bob@example.test", PASSWORD);
    let scopes = world.provider.issuer.shape().scopes();
    let (_, token) = world.provider.issuer.seed(USER, NATIVE_CLIENT, scopes, 1_000_000);
    (world, token)
}

#[tokio::test(start_paused = true)]
async fn imap_takes_tokens_with_and_without_an_initial_response() {
    let (world, token) = world(Personality::default());
    for (mechanism, said) in
        [("XOAUTH2", xoauth2(USER, &token)), ("OAUTHBEARER", oauthbearer(USER, &token))]
    {
        let mut talk = Talk::new(&world.provider, Service::Imap).await;
        assert!(talk.ask("a CAPABILITY").await.contains(&format!(" AUTH={mechanism}")));
        talk.line().await;
        let answer = talk.ask(&format!("b AUTHENTICATE {mechanism} {said}")).await;
        assert!(answer.starts_with("b OK"), "{answer}");
        let mut talk = Talk::new(&world.provider, Service::Imap).await;
        assert_eq!(talk.ask(&format!("a AUTHENTICATE {mechanism}")).await, "+");
        let answer = talk.ask(&said).await;
        assert!(answer.starts_with("a OK"), "{answer}");
        assert!(talk.ask("b STATUS INBOX (MESSAGES)").await.starts_with("* STATUS"));
    }
    assert!(world.provider.ledger.credentials().iter().all(|credential| credential.right));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_told_why_and_the_client_has_to_end_it() {
    let (world, token) = world(Personality::google());
    let bob = "bob@example.test";
    for (mechanism, said, end) in [
        ("XOAUTH2", xoauth2(USER, "wrong"), ""),
        ("XOAUTH2", xoauth2(bob, &token), ""),
        ("OAUTHBEARER", oauthbearer(USER, "wrong"), "AQ=="),
    ] {
        let mut talk = Talk::new(&world.provider, Service::Imap).await;
        let why = talk.ask(&format!("a AUTHENTICATE {mechanism} {said}")).await;
        let why = decode(why.strip_prefix("+ ").unwrap()).unwrap();
        let why: Value = serde_json::from_slice(&why).unwrap();
        assert_eq!(why["scope"], "https://mail.google.com/");
        assert!(talk.ask(end).await.starts_with("a NO [AUTHENTICATIONFAILED]"));
        assert!(talk.ask("b NOOP").await.starts_with("b OK"), "the session goes on");
        talk.ask(&format!("c AUTHENTICATE {mechanism} {said}")).await;
        assert!(talk.ask("bm9uc2Vuc2U=").await.starts_with("c BAD"));
    }
    let mut talk = Talk::new(&world.provider, Service::Imap).await;
    assert!(talk.ask("a AUTHENTICATE XOAUTH2 bm9uc2Vuc2U=").await.starts_with("a BAD"));
    assert_eq!(world.provider.ledger.credentials().iter().filter(|held| held.right).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn microsoft_opens_the_door_and_nothing_behind_it() {
    let (world, token) = world(Personality::microsoft());
    let mut talk = Talk::new(&world.provider, Service::Imap).await;
    let offered = talk.ask("a CAPABILITY").await;
    assert!(offered.contains("AUTH=XOAUTH2") && !offered.contains("PLAIN"), "{offered}");
    assert!(!offered.contains("CONDSTORE") && !offered.contains("OAUTHBEARER"), "{offered}");
    talk.line().await;
    let said = xoauth2("bob@example.test", &token);
    assert!(talk.ask(&format!("b AUTHENTICATE XOAUTH2 {said}")).await.starts_with("b OK"));
    for command in ["LIST \"\" *", "SELECT INBOX", "NAMESPACE", "STATUS INBOX (MESSAGES)"] {
        let answer = talk.ask(&format!("c {command}")).await;
        assert_eq!(answer, "c BAD User is authenticated but not connected.");
    }
    let mut talk = Talk::new(&world.provider, Service::Imap).await;
    assert_eq!(talk.ask(&format!("a LOGIN {USER} \"{PASSWORD}\"")).await, "a NO LOGIN failed.");
    let said = xoauth2(USER, "wrong");
    talk.ask(&format!("b AUTHENTICATE XOAUTH2 {said}")).await;
    assert_eq!(talk.ask("").await, "b NO AUTHENTICATE failed.");
    let mut smtp = Talk::new(&world.provider, Service::Smtp).await;
    let plain = encode(format!("\0{USER}\0{PASSWORD}").as_bytes());
    let answer = smtp.ask(&format!("AUTH PLAIN {plain}")).await;
    assert!(answer.starts_with("535 5.7.139 ") && answer.contains("basic"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn submission_takes_tokens_and_says_why_not() {
    let (world, token) = world(Personality::microsoft());
    world.provider.issuer.rule(|rules| rules.oauthbearer = true);
    for (mechanism, said, wrong, end) in [
        ("XOAUTH2", xoauth2(USER, &token), xoauth2(USER, "wrong"), ""),
        ("OAUTHBEARER", oauthbearer(USER, &token), oauthbearer(USER, "wrong"), "AQ=="),
    ] {
        let mut talk = Talk::new(&world.provider, Service::Smtp).await;
        let why = talk.ask(&format!("AUTH {mechanism} {wrong}")).await;
        let why = decode(why.strip_prefix("334 ").unwrap()).unwrap();
        assert!(serde_json::from_slice::<Value>(&why).unwrap()["scope"].is_string());
        assert_eq!(talk.ask(end).await, "535 5.7.3 Authentication unsuccessful");
        assert_eq!(talk.ask(&format!("AUTH {mechanism}")).await, "334");
        assert!(talk.ask(&said).await.starts_with("235 "));
        assert!(talk.ask(&format!("MAIL FROM:<{USER}>")).await.starts_with("250 "));
    }
    for rule in [SmtpAuth::OffForTenant, SmtpAuth::OffForMailbox] {
        world.provider.issuer.rule(|rules| rules.smtp_auth = rule);
        let mut talk = Talk::new(&world.provider, Service::Smtp).await;
        let answer = talk.ask(&format!("AUTH XOAUTH2 {}", xoauth2(USER, &token))).await;
        assert!(answer.starts_with("535 5.7.139 ") && answer.contains("SmtpClient"), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_with_its_token_and_not_before() {
    let (world, token) = world(Personality::microsoft());
    let begun = tokio::time::Instant::now();
    let mut talk = Talk::new(&world.provider, Service::Imap).await;
    let said = xoauth2(USER, &token);
    assert!(talk.ask(&format!("a AUTHENTICATE XOAUTH2 {said}")).await.starts_with("a OK"));
    talk.say("b SELECT INBOX\r\n").await;
    while !talk.line().await.starts_with("b OK") {}
    assert_eq!(talk.ask("c IDLE").await, "+ idling");
    assert_eq!(talk.line().await, "* BYE Session invalidated - AccessTokenExpired");
    assert_eq!(talk.line().await, "", "and it is closed");
    assert_eq!(begun.elapsed().as_secs(), 3_600);
    let mut late = Talk::new(&world.provider, Service::Imap).await;
    late.ask(&format!("a AUTHENTICATE XOAUTH2 {said}")).await;
    assert!(late.ask("").await.starts_with("a NO"));
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_ends_sessions_where_that_is_the_rule() {
    for (rule, ends) in [(SessionEnd::AtExpiryOrRevocation, true), (SessionEnd::AtExpiry, false)] {
        let (world, token) = world(Personality::default());
        let issuer = &world.provider.issuer;
        issuer.rule(|rules| rules.session_end = rule);
        let mut talk = Talk::new(&world.provider, Service::Imap).await;
        talk.ask(&format!("a AUTHENTICATE XOAUTH2 {}", xoauth2(USER, &token))).await;
        issuer.revoke(USER, Death::Revoked, Access::Dies);
        let wait = tokio::time::timeout(Duration::from_mins(1), talk.line()).await;
        assert_eq!(wait.is_ok_and(|line| line.starts_with("* BYE Session ended")), ends);
    }
}
