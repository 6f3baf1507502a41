//! Each verb against a server that behaves, in the dialects there are.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::peer::{Peer, login, session, world};
use crate::imap::{Fetched, IdleEnd, Items, Session, Which};
use chapar_engine::account::Security;
use chapar_engine::flags::Flags;
use chapar_engine::mailbox::Role;
use chapar_engine::time::Wall;
use chapar_engine::verdict::Verdict;
use std::future::{pending, ready};
use std::time::Duration;

#[tokio::test]
async fn login_by_each_mechanism() {
    for (greeting, script) in
        [("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", "continue"), ("* OK hi", "ask")]
    {
        let (world, mut peer) = world();
        let server = tokio::spawn(async move {
            peer.handshake().await;
            peer.say(format!("{greeting}\r\n")).await;
            if script == "ask" {
                peer.answer(
                    "CAPABILITY",
                    "* CAPABILITY IMAP4rev1 AUTH=PLAIN ID ENABLE CONDSTORE\r\n",
                    "OK",
                )
                .await;
            }
            let tag = peer.expect("AUTHENTICATE PLAIN").await;
            peer.say("+ \r\n").await;
            assert_eq!(peer.line().await.as_deref(), Some("AGFsaWNlAGNvcnLDqGN0IGhvcnNl"));
            peer.say(format!("* CAPABILITY IMAP4rev1 ID ENABLE CONDSTORE\r\n{tag} OK in\r\n"))
                .await;
            peer.answer(
                "ID (\"name\" \"chapar\"",
                "* ID (\"name\" \"Srv\" \"version\" \"1\")\r\n",
                "OK",
            )
            .await;
            peer.answer("ENABLE CONDSTORE", "", "BAD no").await;
        });
        let session = Session::login(&world, &login(Security::Tls)).await.unwrap();
        assert_eq!(session.server(), Some("Srv 1"));
        assert!(session.offers("CONDSTORE") && !session.offers("AUTH=PLAIN"));
        server.await.unwrap();
    }
}

#[tokio::test]
async fn login_refusals_are_told_apart() {
    for (capabilities, answer, code) in [
        ("AUTH=PLAIN SASL-IR", "NO [AUTHENTICATIONFAILED] wrong", "imap.auth"),
        ("AUTH=PLAIN SASL-IR", "NO [UNAVAILABLE] later", "imap.unavailable"),
        ("LOGINDISABLED", "", "imap.no_login"),
        ("AUTH=CRAM-MD5 LOGINDISABLED", "", "imap.no_login"),
        // what is not understood was not checked
        ("IDLE", "BAD command unknown or arguments invalid", "imap.no_login"),
        ("IDLE", "BAD invalid user name or password", "imap.auth"),
        ("IDLE", "NO [AUTHENTICATIONFAILED] basic authentication is disabled", "imap.no_login"),
    ] {
        let (world, mut peer) = world();
        let server = tokio::spawn(async move {
            peer.handshake().await;
            peer.say(format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hi\r\n")).await;
            if let Some(line) = peer.line().await {
                let tag = line.split(' ').next().unwrap();
                peer.say(format!("{tag} {answer}\r\n")).await;
            }
        });
        let failure = Session::login(&world, &login(Security::Tls)).await.unwrap_err();
        assert_eq!(failure.code, code);
        assert!(!format!("{failure:?}").contains("corr"));
        server.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_imap_server_is_said_to_be_none() {
    for (greeting, code) in [
        ("220 mail.example ESMTP\r\n", "imap.not_imap"),
        ("HTTP/1.1 400 Bad Request\r\n", "imap.not_imap"),
        ("* PREAUTH hi\r\n", "imap.preauth"),
        ("* BYE too many connections\r\n", "imap.throttled"),
        ("", "net.lost"),
    ] {
        let (world, mut peer) = world();
        tokio::spawn(async move {
            peer.handshake().await;
            peer.say(greeting).await;
        });
        let failure = Session::login(&world, &login(Security::Tls)).await.unwrap_err();
        assert_eq!(failure.code, code, "{greeting}");
    }
}

#[tokio::test]
async fn list_in_one_flight_and_in_two() {
    let (mut s, _) = session("LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE", |mut peer: Peer| async move {
        peer.answer(
            "LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ))",
            "* LIST (\\Subscribed) \"/\" INBOX\r\n* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 4 UNSEEN 1 HIGHESTMODSEQ 5)\r\n\
             * LIST (\\Trash) \"/\" {3}\r\nBin\r\n",
            "OK",
        )
        .await;
    })
    .await;
    let listed = s.list().await.unwrap();
    let [inbox, bin] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(inbox.status.and_then(|state| state.modseq), Some(5));
    assert_eq!((bin.wire_name.as_str(), bin.role), ("Bin", Some(Role::Trash)));

    let (mut s, _) = session("", |mut peer: Peer| async move {
        peer.answer("LIST \"\" \"*\"", "* LIST () \".\" INBOX.Sent\r\n", "OK").await;
        peer.answer("LSUB \"\" \"*\"", "* LSUB () \".\" INBOX.Sent\r\n", "OK").await;
        peer.answer("LIST \"\" \"INBOX\"", "* LIST () \".\" INBOX\r\n", "OK").await;
    })
    .await;
    let listed = s.list().await.unwrap();
    let [sent, inbox] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(
        (sent.role, sent.subscribed, inbox.role),
        (Some(Role::Sent), true, Some(Role::Inbox))
    );
}

#[tokio::test]
async fn an_extended_list_that_names_too_little_is_asked_again_plainly() {
    for (untagged, end) in [
        ("", "OK"),
        ("* LIST (\\Subscribed) \"/\" INBOX\r\n", "OK done"),
        ("", "BAD Could not parse command"),
        ("", "NO RETURN options are not supported"),
    ] {
        let (mut s, server) =
            session("LIST-EXTENDED SPECIAL-USE", move |mut peer: Peer| async move {
                peer.answer("RETURN (SUBSCRIBED SPECIAL-USE)", untagged, end).await;
                let all = "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Notes\r\n";
                peer.answer("LIST \"\" \"*\"", all, "OK").await;
                peer.answer("LSUB \"\" \"*\"", "* LSUB () \"/\" Notes\r\n", "OK").await;
            })
            .await;
        let listed = s.list().await.unwrap();
        let [inbox, notes] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!((inbox.role, notes.name.as_str()), (Some(Role::Inbox), "Notes"), "{end}");
        assert!(notes.subscribed);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn there_is_an_inbox_whether_it_is_listed_or_not() {
    for (said, end) in [
        ("", "OK"),
        ("", "NO no such mailbox"),
        ("* LIST (\\Noselect) \"/\" inbox\r\n", "OK"),
        ("* LIST (\\NonExistent) \"/\" INBOX\r\n", "OK"),
    ] {
        let (mut s, _) = session("", move |mut peer: Peer| async move {
            peer.answer("LIST \"\" \"*\"", "* LIST () \"/\" Notes\r\n", "OK").await;
            peer.answer("LSUB \"\" \"*\"", "* LSUB () \"/\" Notes\r\n", "OK").await;
            peer.answer("LIST \"\" \"INBOX\"", said, end).await;
        })
        .await;
        let listed = s.list().await.unwrap();
        let [_, inbox] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!((inbox.name.as_str(), inbox.role), ("INBOX", Some(Role::Inbox)), "{said} {end}");
        assert!(inbox.selectable, "{said} {end}");
    }
}

#[tokio::test]
async fn a_server_without_subscriptions_has_mailboxes_all_the_same() {
    for end in ["NO not here", "BAD unknown command LSUB", "NO [CANNOT] no subscriptions"] {
        let (mut s, _) = session("", move |mut peer: Peer| async move {
            let all = "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Notes\r\n";
            peer.answer("LIST \"\" \"*\"", all, "OK").await;
            peer.answer("LSUB \"\" \"*\"", "", end).await;
        })
        .await;
        let listed = s.list().await.unwrap();
        assert!(listed.len() == 2 && listed.iter().all(|one| one.subscribed), "{end}");
    }
}

#[tokio::test]
async fn a_name_that_is_no_utf_8_is_said_as_the_server_said_it() {
    for raw in [b"Gel\xf6scht".as_slice(), b"\xcf\xf0\xe8\xe2\xe5\xf2", b"caf\xe9 \xe2\x82\xac"] {
        let (mut s, server) = session("", move |mut peer: Peer| async move {
            let all = [b"* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"", raw, b"\"\r\n"].concat();
            let tag = peer.expect("LIST").await;
            peer.say([&all, tag.as_bytes(), b" OK\r\n"].concat()).await;
            peer.answer("LSUB", "", "OK").await;
            let said = [b"EXAMINE \"".as_slice(), raw, b"\"\r\n"].concat();
            let tag = peer.raw(3).await;
            assert_eq!(peer.raw(said.len()).await, said);
            let tag = String::from_utf8_lossy(&tag).into_owned();
            peer.say(format!("* 0 EXISTS\r\n* OK [UIDVALIDITY 3] x\r\n{tag}OK\r\n")).await;
        })
        .await;
        let listed = s.list().await.unwrap();
        let [_, odd] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!(s.select(&odd.wire_name, true).await.unwrap().uidnext, 1);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn select_fetch_and_hints() {
    let (mut s, _) = session("CONDSTORE", |mut peer: Peer| async move {
        peer.answer(
            "SELECT \"a\\\"b\" (CONDSTORE)",
            "* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 12] x\r\n* OK [HIGHESTMODSEQ 77] x\r\n",
            "OK [READ-WRITE] done",
        )
        .await;
        peer.answer(
            "FETCH 1:3 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[TEXT]<0.2048>)",
            "* 2 FETCH (FLAGS (\\Deleted))\r\n* 3 EXISTS\r\n\
             * 1 FETCH (UID 7 FLAGS (\\seen \\Recent $Forwarded) INTERNALDATE \" 1-Jan-1970 00:00:01 +0000\" RFC822.SIZE 30 BODY[HEADER] {6}\r\nA: b\r\n BODY[TEXT]<0> \"hi\" MODSEQ (5))\r\n",
            "OK",
        )
        .await;
        peer.answer("UID FETCH 7 (UID FLAGS) (CHANGEDSINCE 4)", "", "OK").await;
        peer.answer("NOOP", "* 4 EXISTS\r\n", "OK").await;
    })
    .await;
    let state = s.select("a\"b", false).await.unwrap();
    assert_eq!(
        (state.uidvalidity, state.uidnext, state.modseq, state.exists),
        (9, 12, Some(77), 3)
    );
    let mut got = Vec::new();
    s.fetch(Which::Seqs("1:3".to_owned()), Items::Summary, &mut |fetched| got.push(fetched))
        .await
        .unwrap();
    let expected = Fetched {
        uid: 7,
        flags: Some(Flags::parse(&["\\Seen", "$Forwarded"])),
        internal_date: Some(Wall(1000)),
        size: Some(30),
        modseq: Some(5),
        header: Some(b"A: b\r\n".to_vec()),
        text: Some(b"hi".to_vec()),
        body: None,
        message_id: None,
    };
    assert_eq!(got, [expected]);
    assert!(s.take_changed(), "the flags of message 2");
    s.fetch(Which::Uids("7".to_owned()), Items::FlagsSince(4), &mut |_| ()).await.unwrap();
    assert!(!s.take_changed());
    s.probe(Duration::from_secs(9)).await.unwrap();
    assert!(s.take_changed(), "4 EXISTS");
}

#[tokio::test]
async fn arguments_cannot_inject_commands() {
    let (mut s, server) = session("", |mut peer: Peer| async move {
        assert_eq!(peer.line().await, None);
    })
    .await;
    assert!(s.select("a\r\nX LOGOUT", false).await.is_err());
    assert!(s.search("ALL\r\nX LOGOUT").await.is_err());
    assert!(s.search_message_id("a\r\nb").await.is_err());
    let set = Which::Uids("1\r\nX LOGOUT".to_owned());
    assert!(s.fetch(set, Items::Flags, &mut |_| ()).await.is_err());
    drop(s);
    server.await.unwrap();
}

#[tokio::test]
async fn long_sets_are_split() {
    let (mut s, server) = session("", |mut peer: Peer| async move {
        let mut commands = 0;
        while let Some(line) = peer.line().await {
            assert!(line.len() <= crate::imap::limits::COMMAND_BYTES);
            commands += 1;
            let tag = line.split(' ').next().unwrap();
            peer.say(format!("{tag} OK\r\n")).await;
        }
        assert_eq!(commands, 3);
    })
    .await;
    let set = vec!["4000000000"; 1000].join(",");
    s.fetch(Which::Uids(set), Items::Flags, &mut |_| ()).await.unwrap();
    drop(s);
    server.await.unwrap();
}

#[tokio::test]
async fn append_in_both_forms() {
    for (capabilities, plus) in [("LITERAL+", true), ("", false)] {
        let (mut s, server) = session(capabilities, move |mut peer: Peer| async move {
            let mark = if plus { "{5+}" } else { "{5}" };
            let command = format!("APPEND \"Sent\" (\\Seen) \"01-Jan-1970 00:00:00 +0000\" {mark}");
            let tag = peer.expect(&command).await;
            if !plus {
                peer.say("+ go\r\n").await;
            }
            assert_eq!(peer.raw(7).await, b"a\r\nb)\r\n");
            peer.say(format!("{tag} OK [APPENDUID 9 41] done\r\n")).await;
        })
        .await;
        let uid = s.append("Sent", &Flags::parse(&["\\Seen"]), Wall(0), 5, &b"a\r\nb)"[..]).await;
        assert_eq!(uid, Ok(Some(41)));
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_reply_to_append_is_unknown_and_a_no_is_not() {
    for (answer, verdict) in [("", Verdict::Unknown), ("NO [OVERQUOTA] full", Verdict::Refused)] {
        let (mut s, _) = session("LITERAL+", move |mut peer: Peer| async move {
            let tag = peer.expect("APPEND").await;
            peer.raw(4).await;
            if !answer.is_empty() {
                peer.say(format!("{tag} {answer}\r\n")).await;
            }
        })
        .await;
        let failure =
            s.append("Sent", &Flags::default(), Wall(0), 2, &b"ab"[..]).await.unwrap_err();
        assert_eq!(failure.verdict, verdict);
    }
}

#[tokio::test]
async fn idle_stops_renews_and_reports() {
    let (mut s, server) = session("IDLE", |mut peer: Peer| async move {
        for news in ["", "", "* 1 EXPUNGE\r\n"] {
            let tag = peer.expect("IDLE").await;
            peer.say(format!("+ idling\r\n{news}")).await;
            assert_eq!(peer.line().await.as_deref(), Some("DONE"));
            peer.say(format!("{tag} OK done\r\n")).await;
        }
    })
    .await;
    assert_eq!(s.idle(Duration::from_mins(1), ready(())).await, Ok(IdleEnd::Stopped));
    assert_eq!(s.idle(Duration::from_secs(3), pending()).await, Ok(IdleEnd::Renew));
    assert_eq!(s.idle(Duration::from_mins(1), pending()).await, Ok(IdleEnd::Changed));
    server.await.unwrap();
}

#[tokio::test]
async fn logout_never_waits_long() {
    let (s, _) =
        session("", |mut peer: Peer| async move { while peer.line().await.is_some() {} }).await;
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, s.logout()).await.unwrap();
}
