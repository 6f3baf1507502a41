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
        let again = ("AGFu", "334 what\r\n");
        let star = ("*", "250 what\r\n");
        let script = script(&[("AUTH PLAIN", reply), again, star]);
        let (login, _) = login_as(script, Security::Tls).await;
        let failure = login.err().unwrap();
        assert_eq!((failure.code, &failure.verdict), (code, &verdict));
        let words = reply.trim_end().rsplit(' ').next().unwrap();
        assert!(failure.detail.unwrap().contains(words));
    }
    for offered in ["CRAM-MD5", "DIGEST-MD5 NTLM", "SCRAM-SHA-256"] {
        let ehlo = format!("250-mx\r\n250 AUTH {offered}\r\n");
        let (login, server) = login_as(script(&[("EHLO", &ehlo)]), Security::Tls).await;
        let failure = login.err().unwrap();
        assert_eq!(failure.code, "smtp.no_auth");
        assert!(failure.message.contains("PLAIN and LOGIN"), "{failure}");
        assert!(failure.detail.unwrap().contains(offered));
        assert_eq!(server.secret().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_mechanism_is_not_a_refused_password() {
    let by_login = [
        ("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n"),
        ("YW5h", "334 UGFzc3dvcmQ6\r\n"),
        ("azBy", "235 ok\r\n"),
    ];
    for refusal in [
        "502 Invalid input from 192.0.2.7\r\n",
        "504 5.5.4 unrecognized\r\n",
        "535 Error: authentication failed\r\n",
        "535 5.7.8 mechanism not supported\r\n",
        "500 5.5.1 command unrecognized\r\n",
        "571 no\r\n",
    ] {
        let replies = [&[("AUTH PLAIN", refusal)][..], &by_login].concat();
        let (login, server) = login_as(script(&replies), Security::Tls).await;
        assert!(login.is_ok(), "{refusal}: {:?}", login.err());
        assert_eq!(server.secret().len(), 5, "{refusal}");
    }
    // the password was judged: it is shown once
    for refusal in ["535 5.7.8 bad\r\n", "535 5.7.3 unsuccessful\r\n", "454 4.7.0 later\r\n"] {
        let replies = [&[("AUTH PLAIN", refusal)][..], &by_login].concat();
        let (login, server) = login_as(script(&replies), Security::Tls).await;
        assert!(login.is_err());
        assert_eq!(server.secret().len(), 2, "{refusal}");
    }
    // both refused, or the server gone at the second: what it said to the first
    for (second, code) in [("504 no\r\n", "smtp.auth"), ("CLOSE", "smtp.auth")] {
        let replies = [("AUTH PLAIN", "535 bad password\r\n"), ("AUTH LOGIN", second)];
        let (login, _) = login_as(script(&replies), Security::Tls).await;
        let failure = login.err().unwrap();
        assert_eq!(failure.code, code);
        assert_eq!(failure.detail.as_deref(), Some("535 bad password"));
    }
}

#[tokio::test]
async fn a_lost_initial_response_is_given_again() {
    for challenge in ["334 \r\n", "334\r\n", "334 go on\r\n"] {
        let replies = [("AUTH PLAIN", challenge), ("AGFuYUB4", "235 ok\r\n")];
        let (login, server) = login_as(script(&replies), Security::Tls).await;
        assert!(login.is_ok(), "{challenge}: {:?}", login.err());
        assert_eq!(server.secret()[2], "AGFuYUB4LnRlc3QAazBycmVrdC1wZmVyZA==");
    }
}

#[tokio::test]
async fn another_name_is_given_where_one_is_refused() {
    for (refused, taken) in [
        (&["EHLO [127.0.0.1]"][..], "EHLO localhost"),
        (&["EHLO ["], "EHLO localhost"),
        (&["EHLO [", "EHLO localhost\r"], "EHLO localhost.localdomain"),
    ] {
        for reply in ["550 5.7.1 HELO can't be that\r\n", "501 syntax\r\n", "450 no\r\n"] {
            for security in [Security::Tls, Security::StartTls] {
                let refusals: Vec<(&str, &str)> =
                    refused.iter().map(|command| (*command, reply)).collect();
                let mut script = script(&refusals);
                for (command, reply) in &refusals {
                    script.plain.insert(0, ((*command).to_owned(), (*reply).to_owned()));
                }
                let (login, server) = login_as(script, security).await;
                assert!(login.is_ok(), "{refused:?} {reply}: {:?}", login.err());
                assert!(server.secret().contains(&taken.to_owned()));
            }
        }
    }
    // none is taken: the server's own words, and no credential
    let (login, server) =
        login_as(script(&[("EHLO", "550 5.7.1 blocked, see http://x.test\r\n")]), Security::Tls)
            .await;
    let failure = login.err().unwrap();
    assert_eq!((failure.code, &failure.verdict), ("smtp.name", &Verdict::Retry));
    assert!(failure.detail.unwrap().contains("http://x.test"));
    assert!(!server.secret().concat().contains("AUTH"));
    // a server that closes is not asked again
    let (login, server) = login_as(script(&[("EHLO", "421 busy\r\n")]), Security::Tls).await;
    assert_eq!(login.err().unwrap().code, "smtp.greeting");
    assert_eq!(server.secret().len(), 1);
}

#[tokio::test]
async fn words_in_any_character_set_are_kept() {
    let gbk: &[u8] = b"535 Error: \xc7\xeb\xca\xb9\xd3\xc3\xca\xda\xc8\xa8\xc2\xeb\xb5\xc7\xc2\xbc http://x.test\r\n";
    for (reply, words) in [
        (gbk, "\u{8bf7}\u{4f7f}\u{7528}\u{6388}\u{6743}\u{7801}\u{767b}\u{5f55}"),
        ("535 5.7.8 Passwort ung\u{fc}ltig http://x.test\r\n".as_bytes(), "ung\u{fc}ltig"),
        (b"535 5.7.8 Mot de passe refus\xe9 http://x.test\r\n", "refus\u{e9}"),
    ] {
        let mut script = script(&[]);
        script.raw.push(("AUTH".to_owned(), reply.to_vec()));
        let detail = login_as(script, Security::Tls).await.0.err().unwrap().detail.unwrap();
        assert!(detail.contains(words) && detail.contains("http://x.test"), "{detail}");
        assert!(!detail.contains('?'), "{detail}");
    }
}

#[tokio::test]
async fn a_greeting_that_turns_into_a_refusal_is_one() {
    for greeting in [
        "220-mx.test ESMTP\r\n521 5.7.1 client blocked using dnsbl.test\r\n",
        "220-mx.test\r\n220-wait\r\n554 5.7.1 blocked using dnsbl.test\r\n",
        "571 blocked using dnsbl.test\r\n",
        "220 mx.test\r\n554 5.7.1 blocked using dnsbl.test\r\n",
    ] {
        let mut script = script(&[]);
        script.greeting = greeting.to_owned();
        let failure = login_as(script, Security::Tls).await.0.err().unwrap();
        assert_eq!(failure.code, "smtp.greeting", "{greeting}");
        assert!(failure.detail.unwrap().contains("blocked using"), "{greeting}");
    }
}

#[tokio::test]
async fn hostile_replies_end_the_session_and_nothing_else() {
    let long = format!("250 {}\r\n", "x".repeat(1 << 20));
    let many = "250-x\r\n".repeat(10_000) + "250 x\r\n";
    let changed = "250-x\r\n550 y\r\n".to_owned();
    let garbage = "HTTP/1.1 200 OK\r\n".to_owned();
    let refused = "550 no\r\n".to_owned();
    for ehlo in [&long, &many, &changed, &garbage, &refused] {
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
        ("EHLO", "500 what\r\n", "smtp.name"),
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
