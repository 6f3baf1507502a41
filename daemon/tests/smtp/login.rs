//! Signing in: by what is offered, with nothing believed before TLS.

use super::login_as;
use super::server::script;
use chapar_engine::account::Security;
use chapar_engine::verdict::Verdict;

#[tokio::test]
async fn sign_in_by_capability_with_the_servers_own_words() {
    let (login, server) = login_as(
        script(&[
            ("EHLO", "250-mx\r\n250 AUTH LOGIN CRAM-MD5\r\n"),
            ("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n"),
            ("YW5h", "334 UGFzc3dvcmQ6\r\n"),
            ("azBy", "235 ok\r\n"),
        ]),
        Security::Tls,
    )
    .await;
    login.unwrap();
    assert_eq!(server.secret().len(), 4);
    for (reply, code, verdict) in [
        ("535 5.7.8 bad password\r\n", "smtp.auth", Verdict::SignInAgain),
        (
            "534-5.7.9 app password\r\n534 5.7.9 required\r\n",
            "smtp.app_password",
            Verdict::SignInAgain,
        ),
        ("454 4.7.0 later\r\n", "smtp.auth_later", Verdict::Throttled(None)),
        ("504 5.5.4 no\r\n", "smtp.no_auth", Verdict::FixSettings),
        ("334 what\r\n", "smtp.auth_later", Verdict::Retry),
    ] {
        let star = ("*", "250 what\r\n");
        let (login, _) = login_as(script(&[("AUTH PLAIN", reply), star]), Security::Tls).await;
        let failure = login.err().unwrap();
        assert_eq!((failure.code, &failure.verdict), (code, &verdict));
        let words = reply.trim_end().rsplit(' ').next().unwrap();
        assert!(failure.detail.unwrap().contains(words));
    }
    let none = script(&[("EHLO", "250-mx\r\n250 AUTH CRAM-MD5\r\n")]);
    let (login, server) = login_as(none, Security::Tls).await;
    assert_eq!(login.err().unwrap().code, "smtp.no_auth");
    assert_eq!(server.secret().len(), 1);
}

#[tokio::test]
async fn hostile_replies_end_the_session_and_nothing_else() {
    let long = format!("250 {}\r\n", "x".repeat(1 << 20));
    let many = "250-x\r\n".repeat(10_000) + "250 x\r\n";
    let changed = "250-x\r\n550 y\r\n".to_owned();
    let garbage = "HTTP/1.1 200 OK\r\n".to_owned();
    for ehlo in [&long, &many, &changed, &garbage] {
        let (login, server) = login_as(script(&[("EHLO", ehlo)]), Security::Tls).await;
        let failure = login.err().unwrap();
        assert_eq!(failure.verdict, Verdict::Retry, "{failure:?}");
        assert!(!server.secret().concat().contains("AUTH"));
    }
    // a line of spaces and 8-bit text are only odd
    let odd = "250-mx\r\n250-   \r\n250-\r\n250-\u{fc}n\r\n250 AUTH PLAIN\r\n";
    login_as(script(&[("EHLO", odd)]), Security::Tls).await.0.unwrap();
}

#[tokio::test]
async fn nothing_before_tls_is_believed() {
    for (command, reply, code) in [
        ("EHLO", "250-mx\r\n250 AUTH PLAIN\r\n", "tls.not_offered"),
        ("EHLO", "500 what\r\n", "smtp.greeting"),
        ("EHLO", "250 mx\r\n250 STARTTLS\r\n", "tls.injected"),
        ("STARTTLS", "454 4.7.0 later\r\n", "tls.refused"),
        ("STARTTLS", "502 no\r\n", "tls.refused"),
        ("STARTTLS", "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n", "tls.injected"),
    ] {
        let mut attack = script(&[]);
        attack.plain.insert(0, (command.to_owned(), reply.to_owned()));
        let (login, server) = login_as(attack, Security::StartTls).await;
        assert_eq!(login.err().unwrap().code, code, "{reply:?}");
        let heard = server.heard.lock().unwrap();
        assert!(heard.secret.is_empty());
        assert!(heard.plain.iter().all(|l| l.starts_with("EHLO") || l == "STARTTLS"));
    }
    let mut early = script(&[]);
    early.greeting = "220 mx\r\n250 go on\r\n".to_owned();
    assert_eq!(login_as(early, Security::StartTls).await.0.err().unwrap().code, "tls.injected");
}
