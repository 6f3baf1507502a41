//! Signing in where a server says one thing and does another: which mechanism follows which, how
//! often the credential is shown, in which form.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::peer::{Peer, login, world};
use crate::imap::{Login, Session};
use chapar_engine::account::Security;
use chapar_engine::credential::Credential;
use chapar_engine::secret::Secret;
use chapar_engine::verdict::Failure;

const PLAIN: &str = "AGFsaWNlAGNvcnLDqGN0IGhvcnNl";

/// Signs in as `login` at a server that offers `offered` and plays `script`.
async fn sign_in<F>(
    login: Login,
    offered: &'static str,
    script: impl FnOnce(Peer) -> F + Send + 'static,
) -> Result<Session, Failure>
where
    F: Future<Output = ()> + Send,
{
    let (world, mut peer) = world();
    let server = tokio::spawn(async move {
        peer.handshake().await;
        peer.say(format!("* OK [CAPABILITY IMAP4rev1 {offered}] hello\r\n")).await;
        script(peer).await;
    });
    let result = Session::login(&world, &login).await;
    if result.is_ok() {
        server.await.unwrap();
    }
    result
}

fn password(user: &str, password: &str) -> Login {
    let credential = Credential::Password(Secret::new(password.to_owned()));
    Login { user: user.to_owned(), credential, ..login(Security::Tls) }
}

fn token() -> Login {
    Login { credential: Credential::Token(Secret::new("tok".to_owned())), ..login(Security::Tls) }
}

const LET_IN: &str = "OK [CAPABILITY IMAP4rev1 IDLE] in";

#[tokio::test]
async fn a_mechanism_that_is_refused_leads_to_the_next() {
    for (offered, refusal) in [
        ("AUTH=PLAIN", "BAD please use the other command"),
        ("AUTH=PLAIN SASL-IR", "BAD Unknown command"),
        ("AUTH=PLAIN", "NO not here"),
        ("AUTH=PLAIN SASL-IR", "NO AUTHENTICATE failed"),
        ("AUTH=PLAIN SASL-IR", "NO [CANNOT] mechanism PLAIN is not supported"),
        ("AUTH=PLAIN SASL-IR", "NO Unsupported authentication mechanism"),
    ] {
        let result = sign_in(password("alice", "sesam"), offered, move |mut peer| async move {
            peer.answer("AUTHENTICATE PLAIN", "", refusal).await;
            peer.answer("LOGIN \"alice\" \"sesam\"", "", LET_IN).await;
        })
        .await;
        assert!(result.is_ok(), "{offered} {refusal}: {result:?}");
    }
    let disabled = "AUTH=PLAIN AUTH=LOGIN LOGINDISABLED";
    let result = sign_in(password("alice", "sesam"), disabled, |mut peer| async move {
        peer.answer("AUTHENTICATE PLAIN", "", "NO Unrecognized authentication type").await;
        let tag = peer.expect("AUTHENTICATE LOGIN").await;
        for answer in ["YWxpY2U=", "c2VzYW0="] {
            peer.say("+ VXNlcm5hbWU6\r\n").await;
            assert_eq!(peer.line().await.as_deref(), Some(answer));
        }
        peer.say(format!("{tag} {LET_IN}\r\n")).await;
    })
    .await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn a_wrong_password_is_shown_twice_at_most() {
    for (offered, refusal, code, times) in [
        ("AUTH=PLAIN SASL-IR AUTH=LOGIN", "NO [AUTHENTICATIONFAILED] no", "imap.auth", 1),
        ("AUTH=PLAIN SASL-IR AUTH=LOGIN", "NO wrong password", "imap.auth", 1),
        ("AUTH=PLAIN SASL-IR AUTH=LOGIN", "NO failed", "imap.auth", 2),
        ("AUTH=PLAIN SASL-IR AUTH=LOGIN", "BAD failed", "imap.no_login", 2),
        ("AUTH=PLAIN AUTH=LOGIN", "NO [UNAVAILABLE] later", "imap.unavailable", 1),
        ("AUTH=PLAIN SASL-IR", "NO App password required", "imap.app_password", 1),
        ("AUTH=PLAIN SASL-IR", "NO Account has been suspended", "account.blocked", 1),
        ("AUTH=PLAIN SASL-IR", "NO [ALERT] Basic auth is disabled", "imap.no_login", 1),
    ] {
        let (world, mut peer) = world();
        let server = tokio::spawn(async move {
            peer.handshake().await;
            peer.say(format!("* OK [CAPABILITY IMAP4rev1 {offered}] hello\r\n")).await;
            let mut asked = 0;
            while let Some(line) = peer.line().await {
                asked += 1;
                peer.say(format!("{} {refusal}\r\n", line.split(' ').next().unwrap())).await;
            }
            asked
        });
        let failure = Session::login(&world, &password("alice", "sesam")).await.unwrap_err();
        drop(world);
        assert_eq!(failure.code, code, "{refusal}");
        assert_eq!(server.await.unwrap(), times, "{refusal}");
    }
}

#[tokio::test]
async fn a_response_that_got_lost_is_said_again() {
    for challenge in ["+ \r\n", "+\r\n", "+  \r\n"] {
        let offered = "AUTH=PLAIN SASL-IR";
        let result = sign_in(login(Security::Tls), offered, move |mut peer| async move {
            let tag = peer.expect(&format!("AUTHENTICATE PLAIN {PLAIN}")).await;
            peer.say(challenge).await;
            assert_eq!(peer.line().await.as_deref(), Some(PLAIN));
            peer.say(format!("{tag} {LET_IN}\r\n")).await;
        })
        .await;
        assert!(result.is_ok(), "{challenge:?}: {result:?}");
    }
    // a refusal after that is one of the password, which is not shown once more
    let failure = sign_in(login(Security::Tls), "AUTH=PLAIN SASL-IR", |mut peer| async move {
        let tag = peer.expect("AUTHENTICATE PLAIN").await;
        peer.say("+ \r\n").await;
        peer.line().await.unwrap();
        peer.say(format!("{tag} NO LOGIN error\r\n")).await;
        assert_eq!(peer.line().await, None);
    })
    .await
    .unwrap_err();
    assert_eq!(failure.code, "imap.auth");
}

#[tokio::test]
async fn login_carries_every_character() {
    for (user, pass) in [
        ("alice", "Gr\u{fc}\u{df}e"),
        ("j\u{f3}zef@example.test", "plain"),
        ("\u{442}\u{430}\u{43d}\u{44f}", "\u{20ac} \u{1f511} \"\\"),
        ("alice", "two\r\nlines"),
    ] {
        for offered in ["IDLE", "LITERAL+", "LITERAL-"] {
            let result = sign_in(password(user, pass), offered, move |mut peer| async move {
                let mut line = peer.line().await.unwrap();
                let tag = line.split(' ').next().unwrap().to_owned();
                let mut said = Vec::new();
                loop {
                    let Some((before, mark)) = line.rsplit_once('{') else {
                        said.push(line);
                        break;
                    };
                    said.push(before.to_owned());
                    let size = mark.trim_end_matches(['}', '+']).parse().unwrap();
                    assert_eq!(mark.ends_with("+}"), offered != "IDLE");
                    if offered == "IDLE" {
                        peer.say("+ go on\r\n").await;
                    }
                    said.push(String::from_utf8(peer.raw(size).await).unwrap());
                    line = peer.line().await.unwrap();
                }
                let said = said.concat();
                assert!(said.contains(user) && said.contains(pass), "{said}");
                peer.say(format!("{tag} {LET_IN}\r\n")).await;
            })
            .await;
            assert!(result.is_ok(), "{user} {pass} {offered}: {result:?}");
        }
    }
    let failure = sign_in(password("alice", "a\0b"), "IDLE", |_| async {}).await.unwrap_err();
    assert_eq!(failure.code, "imap.bad_credential");
}

#[tokio::test]
async fn a_literal_that_is_refused_shows_nothing() {
    let failure = sign_in(password("alice", "Gr\u{fc}\u{df}e"), "IDLE", |mut peer| async move {
        peer.answer("LOGIN \"alice\" {7}", "", "BAD no literals").await;
        assert_eq!(peer.line().await, None);
    })
    .await
    .unwrap_err();
    assert_eq!(failure.code, "imap.no_login");
}

#[tokio::test]
async fn a_token_goes_on_to_the_older_mechanism() {
    let both = "AUTH=OAUTHBEARER AUTH=XOAUTH2 SASL-IR";
    for refusal in ["BAD unknown", "NO mechanism not supported"] {
        let result = sign_in(token(), both, move |mut peer| async move {
            peer.answer("AUTHENTICATE OAUTHBEARER", "", refusal).await;
            peer.answer("AUTHENTICATE XOAUTH2", "", LET_IN).await;
        })
        .await;
        assert!(result.is_ok(), "{refusal}: {result:?}");
    }
    // a token that was looked at is the broker's matter
    let failure = sign_in(token(), both, |mut peer| async move {
        let tag = peer.expect("AUTHENTICATE OAUTHBEARER").await;
        peer.say("+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n").await;
        assert_eq!(peer.line().await.as_deref(), Some("AQ=="));
        peer.say(format!("{tag} NO failed\r\n")).await;
        assert_eq!(peer.line().await, None);
    })
    .await
    .unwrap_err();
    assert!(failure.detail.unwrap().contains("invalid_token"));
}
