//! Transactions: what is sent byte by byte, who was accepted, and the border of the final dot.

use super::server::{EHLO, Script, Server, script};
use super::{login_as, session};
use chapar_daemon::smtp::{Begun, Outcome};
use chapar_engine::account::Security;
use chapar_engine::verdict::Verdict;

const EHLO_PIPELINING: &str = "250-mx.test\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n";

fn to(list: &[&str]) -> Vec<String> {
    list.iter().map(|address| (*address).to_owned()).collect()
}

async fn send(script: Script, bytes: &[u8]) -> (Outcome, Server) {
    let (mut session, server) = session(script).await;
    let Begun { ready, .. } = session.begin("a@x", &to(&["b@x"]), 10, false).await.unwrap();
    let outcome = ready.unwrap().deliver(bytes).await;
    (outcome, server)
}

#[tokio::test]
async fn a_message_goes_out_byte_exact_on_both_kinds_of_port() {
    for security in [Security::Tls, Security::StartTls] {
        let (login, server) = login_as(script(&[]), security).await;
        let mut session = login.unwrap();
        assert_eq!(session.max_size(), Some(100_000));
        let Begun { replies, ready, .. } =
            session.begin("a@x", &to(&["b@x", "c@x"]), 30, true).await.unwrap();
        assert_eq!(replies.len(), 2);
        let bytes = b"Subject: s\r\n\r\n.\r\n..x\r\nend\r\n";
        let outcome = ready.unwrap().deliver(&bytes[..]).await;
        let Outcome::Answered(reply) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((reply.code, reply.text.as_str()), (250, "2.0.0 queued as 42"));
        // a second message over the same session
        let Begun { ready, .. } = session.begin("", &to(&["b@x"]), 3, false).await.unwrap();
        assert!(matches!(ready.unwrap().deliver(&b"x"[..]).await, Outcome::Answered(_)));
        session.quit().await;
        let heard = server.heard.lock().unwrap();
        assert_eq!(heard.message, b"x\r\n");
        let secret = &heard.secret;
        assert_eq!(secret[0], "EHLO [127.0.0.1]");
        assert_eq!(secret[1], "AUTH PLAIN AGFuYUB4LnRlc3QAazBycmVrdC1wZmVyZA==");
        assert_eq!(secret[2], "MAIL FROM:<a@x> SIZE=30 BODY=8BITMIME");
        assert!(secret.contains(&"MAIL FROM:<> SIZE=3".to_owned()));
        assert_eq!(secret.last().unwrap(), "QUIT");
        assert!(!secret.contains(&"PIPELINED".to_owned()));
        assert!(!heard.plain.concat().contains("AUTH"));
    }
}

#[tokio::test]
async fn dots_are_stuffed() {
    let (outcome, server) = send(script(&[]), b".\r\n..x\r\nend\r\n").await;
    assert!(matches!(outcome, Outcome::Answered(_)));
    assert_eq!(server.heard.lock().unwrap().message, b"..\r\n...x\r\nend\r\n");
    let (outcome, _) = send(script(&[]), b"a\n.\r\nMAIL FROM:<x>\r\n").await;
    assert!(matches!(outcome, Outcome::NotSent(_)));
}

/// Gives some lines, then an error.
struct Torn<'b>(&'b [u8]);

impl std::io::Read for Torn<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Err(std::io::Error::other("the disk is gone"));
        }
        self.0.read(out)
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_to_its_end_is_not_sent_and_no_dot_is_written() {
    for bytes in [&b""[..], b"x\r\n", &b"a line that is whole\r\n".repeat(20_000)] {
        let (mut session, server) = session(script(&[])).await;
        let Begun { ready, .. } = session.begin("a@x", &to(&["b@x"]), 10, false).await.unwrap();
        let outcome = ready.unwrap().deliver(Torn(bytes)).await;
        let Outcome::NotSent(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("the disk is gone"), "{why}");
        assert!(!session.is_alive());
        session.quit().await;
        assert!(server.heard.lock().unwrap().message.is_empty(), "a dot was written");
    }
}

#[tokio::test]
async fn where_offered_everything_up_to_data_is_one_flight_with_a_reply_each() {
    let mut pipelined = script(&[
        ("EHLO", EHLO_PIPELINING),
        ("RCPT TO:<no@x>", "550-5.1.1 no\r\n550 5.1.1 such user\r\n"),
        ("RCPT TO:<later@x>", "451 4.3.0 later\r\n"),
    ]);
    pipelined.hold_until = Some("DATA");
    let (mut session, server) = session(pipelined).await;
    let recipients = to(&["b@x", "no@x", "later@x"]);
    let Begun { replies, ready, .. } = session.begin("a@x", &recipients, 30, false).await.unwrap();
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!(codes, [250, 550, 451]);
    assert_eq!(replies[1].text, "5.1.1 no 5.1.1 such user");
    assert!(matches!(ready.unwrap().deliver(&b"x\r\n"[..]).await, Outcome::Answered(_)));
    assert!(server.secret().contains(&"MAIL FROM:<a@x>".to_owned()), "no SIZE unasked");
}

#[tokio::test]
async fn many_recipients_keep_their_order() {
    let (mut session, _server) = session(script(&[
        ("EHLO", EHLO_PIPELINING),
        ("RCPT TO:<n7@x>", "550 seven\r\n"),
        ("RCPT TO:<n120@x>", "550 last\r\n"),
    ]))
    .await;
    let recipients: Vec<String> = (0..121).map(|n| format!("n{n}@x")).collect();
    let Begun { replies, ready, .. } = session.begin("a@x", &recipients, 30, false).await.unwrap();
    assert_eq!(replies.len(), 121);
    for (place, reply) in replies.iter().enumerate() {
        let expected = if place == 7 || place == 120 { 550 } else { 250 };
        assert_eq!(reply.code, expected, "{place}");
    }
    assert!(ready.is_some());
}

#[tokio::test]
async fn nobody_accepted_is_no_message_and_the_session_lives() {
    for ehlo in [EHLO, EHLO_PIPELINING] {
        for data in ["354 go\r\n", "554 5.5.1 no valid recipients\r\n", "503 no\r\n"] {
            let (mut session, server) =
                session(script(&[("EHLO", ehlo), ("RCPT TO:<no", "550 no\r\n"), ("DATA", data)]))
                    .await;
            let Begun { replies, ready, .. } =
                session.begin("a@x", &to(&["no@x"]), 9, false).await.unwrap();
            assert_eq!(replies[0].code, 550);
            assert!(ready.is_none());
            assert!(session.is_alive());
            assert_eq!(server.secret().last().unwrap(), "RSET");
            assert!(server.heard.lock().unwrap().message.is_empty());
        }
    }
}

#[tokio::test]
async fn a_refused_data_is_each_accepted_recipients_reply() {
    let (mut session, _server) =
        session(script(&[("RCPT TO:<no", "550 no\r\n"), ("DATA", "451 4.3.0 full\r\n")])).await;
    let Begun { replies, ready, .. } =
        session.begin("a@x", &to(&["b@x", "no@x"]), 9, false).await.unwrap();
    assert!(ready.is_none());
    assert_eq!((replies[0].code, replies[1].code), (451, 550));
}

#[tokio::test]
async fn a_refused_sender_is_a_failure_by_its_code() {
    for (reply, code, verdict) in [
        ("550 5.7.1 not yours\r\n", "smtp.sender_refused", Verdict::Refused),
        ("451 4.3.0 later\r\n", "smtp.deferred", Verdict::Retry),
        ("421 4.7.0 slow down\r\n", "smtp.deferred", Verdict::Throttled(None)),
    ] {
        for ehlo in [EHLO, EHLO_PIPELINING] {
            let (mut session, _server) = session(script(&[
                ("EHLO", ehlo),
                ("MAIL", reply),
                ("RCPT", "503 no\r\n"),
                ("DATA", "503 no\r\n"),
            ]))
            .await;
            let failure = session.begin("a@x", &to(&["b@x"]), 9, false).await.err().unwrap();
            assert_eq!((failure.code, &failure.verdict), (code, &verdict));
        }
    }
}

#[tokio::test]
async fn what_cannot_go_is_refused_before_a_byte_is_sent() {
    let (mut session, server) = session(script(&[])).await;
    let before = server.secret().len();
    for (from, recipient, size, code) in [
        ("a@x", "b@x", 100_001, "smtp.too_large"),
        ("a@x", "b@x\r\nRCPT TO:<evil@x>", 1, "smtp.bad_address"),
        ("a@x\0", "b@x", 1, "smtp.bad_address"),
        ("a@x", "\u{e9}@x", 1, "smtp.ascii_only"),
    ] {
        let failure = session.begin(from, &to(&[recipient]), size, false).await.err().unwrap();
        assert_eq!((failure.code, &failure.verdict), (code, &Verdict::Refused));
    }
    assert_eq!(server.secret().len(), before);
    assert!(session.is_alive());
}

#[tokio::test]
async fn the_border_of_the_final_dot_is_exact() {
    let (outcome, _) = send(script(&[(".", "CLOSE")]), b"x\r\n").await;
    assert!(matches!(outcome, Outcome::Lost(_)), "{outcome:?}");
    // large enough that the server's close is felt while the message is still being written
    let large =
        b"0123456789012345678901234567890123456789012345678901234567890\r\n".repeat(500_000);
    let mut cut = script(&[]);
    cut.cut_message = Some(10_000);
    let (outcome, server) = send(cut, &large).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert!(server.heard.lock().unwrap().message.is_empty());
    for (reply, code) in [("554 5.7.1 spam\r\n", 554), ("451 4.3.0 later\r\n", 451)] {
        let (outcome, _) = send(script(&[(".", reply)]), b"x\r\n").await;
        let Outcome::Answered(reply) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(reply.code, code);
    }
}

#[tokio::test]
async fn dropping_ready_sends_nothing_and_ends_the_session() {
    let (mut session, server) = session(script(&[])).await;
    let Begun { ready, .. } = session.begin("a@x", &to(&["b@x"]), 9, false).await.unwrap();
    drop(ready);
    assert!(!session.is_alive());
    assert!(session.begin("a@x", &to(&["b@x"]), 9, false).await.is_err());
    assert!(server.heard.lock().unwrap().message.is_empty());
}

#[tokio::test]
async fn an_answer_to_the_final_dot_counts_whatever_its_form() {
    let long = format!("250 2.6.0 <{}@x> {}\r\n", "a".repeat(80), "H".repeat(9_000));
    let many = "250-line\r\n".repeat(500);
    for (reply, code) in [
        (long.as_str(), 250),
        (many.as_str(), 250),
        ("250\r\n", 250),
        ("250 ok\n", 250),
        ("250OK\r\n", 250),
        (" 250 ok\r\n", 250),
        ("\r\n250 ok\r\n", 250),
        ("X-Scanner: clean\r\n250 ok\r\n", 250),
        ("354 go on\r\n250 ok\r\n", 250),
        ("150 wait\r\n250 ok\r\n", 250),
        ("250-queued\r\n251 forwarded\r\n", 251),
        ("250-queued\r\nas 4711\r\n250 done\r\n", 250),
        ("269 taken\r\n", 269),
        ("250-queuedCLOSE", 250),
        ("250-queued\r\nCLOSE", 250),
        ("250 queuedCLOSE", 250),
        ("250CLOSE", 250),
        ("571 spam\r\n", 571),
        ("550-spam\r\nCLOSE", 550),
        ("699 what\r\n", 699),
        ("459 later\r\n", 459),
    ] {
        let (outcome, _) = send(script(&[(".", reply)]), b"x\r\n").await;
        let Outcome::Answered(answered) = outcome else {
            panic!("{:.40}: {outcome:?}", reply.escape_debug().to_string());
        };
        assert_eq!(answered.code, code, "{:.40}", reply.escape_debug().to_string());
    }
    // nothing that says what became of it: it stays unknown
    for reply in ["CLOSE", "25CLOSE", "354 go on\r\nCLOSE", "queued\r\nCLOSE", "354-goCLOSE"] {
        let (outcome, _) = send(script(&[(".", reply)]), b"x\r\n").await;
        assert!(matches!(outcome, Outcome::Lost(_)), "{reply}: {outcome:?}");
    }
}

#[tokio::test]
async fn every_reply_that_was_read_counts_when_the_server_hangs_up() {
    for ehlo in [EHLO, EHLO_PIPELINING] {
        for refusal in ["550 go awayCLOSE", "550 5.7.1 go away\r\nCLOSE", "571 no\r\nCLOSE"] {
            let (mut refusing, server) =
                session(script(&[("EHLO", ehlo), ("RCPT TO:<no", refusal)])).await;
            let recipients = to(&["b@x", "no@x", "c@x"]);
            let begun = refusing.begin("a@x", &recipients, 9, false).await.unwrap();
            assert!(begun.cut.is_some() && begun.ready.is_none());
            let codes: Vec<u16> = begun.replies.iter().map(|reply| reply.code / 10).collect();
            assert!(codes == [25, 55] || codes == [25, 57], "{codes:?}");
            assert!(!refusing.is_alive());
            assert!(server.heard.lock().unwrap().message.is_empty());
        }
        // 421 is about the session, not about the recipient
        let (mut closing, _server) =
            session(script(&[("EHLO", ehlo), ("RCPT TO:<no", "421 too many\r\nCLOSE")])).await;
        let begun = closing.begin("a@x", &to(&["b@x", "no@x"]), 9, false).await.unwrap();
        assert_eq!(begun.replies.len(), 1);
        assert_eq!(begun.cut.unwrap().detail.as_deref(), Some("421 too many"));
        // all were answered: nothing is cut off
        let (mut last, _server) =
            session(script(&[("EHLO", ehlo), ("RCPT TO:<no", "550 noCLOSE")])).await;
        let begun = last.begin("a@x", &to(&["no@x"]), 9, false).await.unwrap();
        assert!(begun.cut.is_none() && begun.ready.is_none());
        assert_eq!(begun.replies[0].code, 550);
    }
}

#[tokio::test]
async fn odd_codes_mean_what_their_first_digit_means() {
    let odd = [
        ("AUTH PLAIN", "299 in\r\n"),
        ("MAIL", "277 ok\r\n"),
        ("RCPT TO:<no", "571 5.7.1 not authorized\r\n"),
        ("RCPT", "290 ok\r\n"),
        ("DATA", "399 go\r\n"),
    ];
    let (mut session, server) = session(script(&odd)).await;
    let begun = session.begin("a@x", &to(&["b@x", "no@x"]), 9, false).await.unwrap();
    assert_eq!(begun.replies[1].code, 571);
    assert!(matches!(begun.ready.unwrap().deliver(&b"x\r\n"[..]).await, Outcome::Answered(_)));
    assert_eq!(server.heard.lock().unwrap().message, b"x\r\n");
}

#[tokio::test]
async fn a_refusal_within_the_message_is_the_answer_to_it() {
    let large =
        b"0123456789012345678901234567890123456789012345678901234567890\r\n".repeat(500_000);
    let mut cut = script(&[("CUT", "552 5.3.4 too big\r\n")]);
    cut.cut_message = Some(10_000);
    let (outcome, _) = send(cut, &large).await;
    // the connection may be reset before the words are read
    match outcome {
        Outcome::Answered(reply) => assert_eq!(reply.code, 552),
        Outcome::NotSent(_) => {}
        Outcome::Lost(why) => panic!("lost: {why}"),
    }
}
