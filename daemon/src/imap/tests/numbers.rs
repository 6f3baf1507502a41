//! The numbers of a mailbox as servers get them wrong: what can be found out otherwise is.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::peer::{Peer, session};

#[tokio::test]
async fn odd_numbers_are_found_out_or_taken_as_they_are() {
    for (said, asked, uidvalidity, uidnext) in [
        // a constant 0 is a number like another
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 0] x\r\n* OK [UIDNEXT 10] x\r\n", "", 0, 10),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 0] x\r\n", "FETCH", 5, 10),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 1] x\r\n", "FETCH", 5, 10),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT -3] x\r\n", "FETCH", 5, 10),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 4294967296] x\r\n", "FETCH", 5, 10),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n", "FETCH", 5, 10),
        ("* 2 EXISTS\r\n* OK [UIDNEXT 10] x\r\n", "STATUS", 77, 10),
        ("* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 10] x\r\n", "STATUS", 5, 10),
        ("* 2 EXISTS\r\n* OK [UIDVALIDITY x] x\r\n* OK [UIDNEXT 10] x\r\n", "STATUS", 77, 10),
    ] {
        let (mut s, server) = session("", move |mut peer: Peer| async move {
            peer.answer("EXAMINE", said, "OK done").await;
            match asked {
                "FETCH" => peer.answer("UID FETCH *", "* 2 FETCH (UID 9 FLAGS ())\r\n", "OK").await,
                "STATUS" => {
                    let numbers = "* STATUS x (MESSAGES 2 UIDNEXT 10 UIDVALIDITY 77 UNSEEN 0)\r\n";
                    peer.answer("STATUS", numbers, "OK").await;
                }
                _ => {}
            }
        })
        .await;
        let state = s.select("x", true).await.unwrap();
        let numbers = (state.uidvalidity, state.uidnext, state.exists);
        assert_eq!(numbers, (uidvalidity, uidnext, 2), "{said}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_count_that_no_uid_bears_out_is_no_end() {
    let (mut s, _) = session("", |mut peer: Peer| async move {
        let said = "* 40 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 12] x\r\n";
        peer.answer("EXAMINE", said, "OK done").await;
        peer.answer("UID FETCH *", "* 40 FETCH (UID 9 FLAGS ())\r\n", "OK").await;
    })
    .await;
    assert_eq!(s.select("x", true).await.unwrap().uidnext, 12);
}

#[tokio::test]
async fn what_cannot_be_found_out_is_a_refusal_and_the_session_goes_on() {
    let (mut s, _) = session("", |mut peer: Peer| async move {
        peer.answer("EXAMINE", "* 2 EXISTS\r\n", "OK done").await;
        peer.answer("STATUS", "", "NO not of an open mailbox").await;
        peer.answer("EXAMINE", "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n", "OK done").await;
    })
    .await;
    assert_eq!(s.select("x", true).await.unwrap_err().code, "imap.protocol");
    assert_eq!(s.select("y", true).await.unwrap().uidnext, 1);
}
