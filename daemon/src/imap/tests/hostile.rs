//! What dependencies were measured to do to us, and servers that mean harm.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::peer::{Peer, session};
use crate::imap::{IdleEnd, Items, Session, Which};
use chapar_engine::verdict::{Failure, Verdict};
use std::fmt::Write as _;
use std::future::pending;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

async fn fetch(session: &mut Session, items: Items) -> (Vec<u32>, Result<(), Failure>) {
    let mut uids = Vec::new();
    let result = session
        .fetch(Which::Uids("1:9".to_owned()), items, &mut |fetched| {
            uids.push(fetched.uid);
        })
        .await;
    (uids, result)
}

/// A session whose server answers the next command with `text`, `TAG` being its tag, and stays.
async fn answered(text: String) -> Session {
    let (session, _) = session("IDLE", |mut peer: Peer| async move {
        let tag = peer.expect("").await;
        peer.say(text.replace("TAG", &tag)).await;
        while peer.line().await.is_some() {}
    })
    .await;
    session
}

#[tokio::test]
async fn no_and_bad_are_failures() {
    for word in ["NO", "BAD"] {
        let mut s = answered(format!("* 1 FETCH (UID 1 FLAGS ())\r\nTAG {word} nope\r\n")).await;
        let (_, result) = fetch(&mut s, Items::Flags).await;
        assert_eq!(result.unwrap_err().code, "imap.refused");
        let mut s = answered(format!("TAG {word} nope\r\n")).await;
        assert!(s.search("ALL").await.is_err());
        let mut s = answered(format!("TAG {word} nope\r\n")).await;
        assert!(s.list().await.is_err());
    }
}

#[tokio::test]
async fn the_end_of_the_stream_is_a_failure_wherever_it_comes() {
    for text in
        ["", "* 1 FETCH (UID 1 FLAGS ())\r\n", "* 1 FETCH (UID 2 BODY[] {9}\r\nab", "* 1 FE"]
    {
        let (mut s, _) = session("", move |mut peer: Peer| async move {
            peer.expect("FETCH").await;
            peer.say(text).await;
        })
        .await;
        let (_, result) = fetch(&mut s, Items::Flags).await;
        assert_eq!(result.unwrap_err().code, "net.lost", "{text}");
        // and it stays one
        assert_eq!(s.search("ALL").await.unwrap_err().code, "net.lost");
        assert!(s.select("INBOX", false).await.is_err());
    }
}

#[tokio::test]
async fn a_dropped_command_poisons_the_session() {
    let mut s = answered("* 1 FETCH (UID 1 FLAGS ())\r\n".to_owned()).await;
    let half = fetch(&mut s, Items::Flags);
    assert!(tokio::time::timeout(Duration::from_millis(100), half).await.is_err());
    let (uids, result) = fetch(&mut s, Items::Flags).await;
    assert!(uids.is_empty());
    assert_eq!(result.unwrap_err().verdict, Verdict::Retry);
}

#[tokio::test]
async fn a_silent_server_is_noticed() {
    let mut s = answered("* 1 FETCH (UID 1 FLAGS ())\r\n".to_owned()).await;
    assert_eq!(fetch(&mut s, Items::Flags).await.1.unwrap_err().code, "net.timeout");
}

#[tokio::test]
async fn bye_is_told_with_its_words() {
    let mut s = answered("* BYE [UNAVAILABLE] try again later\r\n".to_owned()).await;
    let failure = s.search("ALL").await.unwrap_err();
    assert_eq!(failure.code, "imap.unavailable");
    assert!(failure.detail.unwrap().contains("try again later"));
}

#[tokio::test]
async fn an_answer_to_another_command_is_refused() {
    let mut s = answered("Z9 OK done\r\n".to_owned()).await;
    assert_eq!(s.search("ALL").await.unwrap_err().code, "imap.protocol");
}

#[tokio::test]
async fn lines_the_parser_dies_of_are_read() {
    let text = "* OK [ALERT]\u{e9}t\u{e9}\r\n* 1 FETCH (UID 4 FLAGS () INTERNALDATE NIL RFC822.SIZE 7)\r\n\
        * ESEARCH (TAG \"x\") COUNT 1\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n* X-WORD {3}\r\n)\r\n\r\n\
        * CAPABILITY nothing\r\n* STATUS x (SIZE 9 MAILBOXID (a))\r\n* 99999999999 EXISTS\r\n?\r\nTAG OK done\r\n";
    let mut s = answered(text.to_owned()).await;
    let (uids, result) = fetch(&mut s, Items::Facts).await;
    result.unwrap();
    assert_eq!(uids, [4]);
}

#[tokio::test]
async fn idle_refused_becomes_polling() {
    let (mut s, _) = session("IDLE", |mut peer: Peer| async move {
        peer.answer("IDLE", "", "NO not today").await;
        peer.answer("NOOP", "", "OK nothing").await;
        peer.answer("NOOP", "* 3 EXISTS\r\n", "OK something").await;
    })
    .await;
    assert_eq!(s.idle(HOUR, pending()).await, Ok(IdleEnd::Changed));
}

#[tokio::test]
async fn idle_ends_when_the_link_does() {
    let (mut s, _) = session("IDLE", |mut peer: Peer| async move {
        peer.expect("IDLE").await;
        peer.say("+ idling\r\n").await;
    })
    .await;
    assert_eq!(s.idle(HOUR, pending()).await.unwrap_err().code, "net.lost");
}

#[tokio::test]
async fn idle_breaks_silence_and_hears_a_dead_peer() {
    let (mut s, server) = session("IDLE", |mut peer: Peer| async move {
        for _ in 0..2 {
            let tag = peer.expect("IDLE").await;
            peer.say("+ idling\r\n").await;
            assert_eq!(peer.line().await.as_deref(), Some("DONE"));
            peer.say(format!("{tag} OK done\r\n")).await;
        }
        peer.expect("IDLE").await;
        peer.say("+ idling\r\n").await;
        // now the link is half open: DONE is never answered
        while peer.line().await.is_some() {}
    })
    .await;
    let failure = s.idle(HOUR, pending()).await.unwrap_err();
    assert_eq!(failure.code, "net.timeout");
    drop(s);
    server.await.unwrap();
}

#[tokio::test]
async fn keep_alives_push_silence_back_but_not_renewal() {
    let (mut s, server) = session("IDLE", |mut peer: Peer| async move {
        let tag = peer.expect("IDLE").await;
        peer.say("+ idling\r\n").await;
        loop {
            tokio::select! {
                line = peer.line() => {
                    assert_eq!(line.as_deref(), Some("DONE"));
                    break;
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            peer.say("* OK Still here\r\n").await;
        }
        peer.say(format!("{tag} OK done\r\n")).await;
    })
    .await;
    // longer than the silence that would break it, so one IDLE served for all of it
    let end = s.idle(Duration::from_secs(200), pending()).await;
    assert_eq!(end, Ok(IdleEnd::Renew));
    server.await.unwrap();
}

#[tokio::test]
async fn what_comes_between_done_and_its_answer_is_news() {
    let (mut s, _) = session("IDLE", |mut peer: Peer| async move {
        let tag = peer.expect("IDLE").await;
        peer.say("+ idling\r\n").await;
        peer.line().await;
        peer.say(format!("* 7 EXISTS\r\n{tag} OK done\r\n")).await;
        peer.line().await;
    })
    .await;
    assert_eq!(s.idle(Duration::from_secs(3), pending()).await, Ok(IdleEnd::Changed));
    assert!(!s.take_changed());
}

#[tokio::test]
async fn what_comes_before_the_plus_of_idle_is_news() {
    let (mut s, _) = session("IDLE", |mut peer: Peer| async move {
        let tag = peer.expect("IDLE").await;
        peer.say("* 7 EXISTS\r\n+ idling\r\n").await;
        peer.line().await;
        peer.say(format!("{tag} OK done\r\n")).await;
        peer.line().await;
    })
    .await;
    assert_eq!(s.idle(HOUR, pending()).await, Ok(IdleEnd::Changed));
}

#[tokio::test]
async fn hostile_servers_are_refused_at_little_cost() {
    let mut flood = String::new();
    for number in 0..100_000 {
        let _ = write!(flood, "* {} EXISTS\r\n", number % 7);
    }
    let nested = format!("* 1 FETCH (UID 1 BODY {}x{})\r\n", "(".repeat(500), ")".repeat(500));
    let deep = format!("{nested}{}\r\n", "* 1 FETCH (UID 1 X (\"a\" ".repeat(200));
    let tiny = "* 1 FETCH (UID 1 X {0}\r\n".to_owned() + &" {0}\r\n".repeat(10_000);
    let before = high_water();
    for text in [
        flood,
        nested,
        deep,
        tiny,
        "* 1 FETCH (UID 1 BODY[] {500000000}\r\n".to_owned(),
        "* 1 FETCH (UID 1 BODY[] {99999999999999999999999}\r\n".to_owned(),
        "x".repeat(10 << 20),
        format!("* LIST {}", "(".repeat(10 << 20)),
        format!("* SEARCH {}", "1 ".repeat(5 << 20)),
    ] {
        let start: String = text.chars().take(40).collect();
        let mut s = answered(text).await;
        let (_, result) = fetch(&mut s, Items::Whole).await;
        assert_eq!(result.unwrap_err().code, "imap.protocol", "{start}");
    }
    let grown = high_water().saturating_sub(before);
    // the scripts themselves are up to 10 MiB, twice while they are rewritten
    assert!(grown < 64 << 10, "{grown} KiB");
}

/// The most memory this process ever had, in KiB.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_body_beyond_what_was_announced_is_refused() {
    let body = "x".repeat(200 << 10);
    let text = format!("* 1 FETCH (UID 1 BODY[] {{{}}}\r\n{body})\r\nTAG OK\r\n", body.len());
    let mut s = answered(text.clone()).await;
    s.expect_at_most(100 << 10);
    assert_eq!(fetch(&mut s, Items::Whole).await.1.unwrap_err().code, "imap.protocol");
    let mut s = answered(text).await;
    s.expect_at_most(200 << 10);
    assert_eq!(fetch(&mut s, Items::Whole).await.0, [1]);
}

#[tokio::test]
async fn a_fetch_answer_without_sense_is_not_passed_over() {
    let mut s = answered("* 1 FETCH (FLAGS (\r\nTAG OK done\r\n".to_owned()).await;
    assert_eq!(fetch(&mut s, Items::Flags).await.1.unwrap_err().code, "imap.protocol");
}
