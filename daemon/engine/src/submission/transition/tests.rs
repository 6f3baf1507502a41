//! Who gets which outcome, and what the other tests try a message with.

mod time;
mod unknown;
mod walk;

use super::super::Resolution;
use super::*;
use crate::id::{AccountId, BlobId, IdentityId, SubmissionId};

fn queued(recipients: usize) -> Submission {
    Submission {
        id: SubmissionId(7),
        account: AccountId(1),
        identity: IdentityId(1),
        message_id: "id@example.org".to_owned(),
        subject: String::new(),
        from: "me@example.org".to_owned(),
        recipients: (0..recipients)
            .map(|n| Recipient {
                email: format!("r{n}@example.org"),
                delivery: Delivery::Waiting { reply: None },
            })
            .collect(),
        blob: BlobId([0; 32]),
        size: 100,
        created_at: Wall(0),
        send_at: Wall(0),
        phase: Phase::Queued { next: Wall(0) },
        attempts: 0,
        deferrals: 0,
        tried_since: None,
        search: None,
        losses: 0,
        last_reply: None,
        filing: Filing::Pending,
        key: None,
    }
}

/// When anything is due next.
fn due_at(one: &Submission, now: Wall) -> Option<Wall> {
    [Due::Send, Due::Look, Due::File].iter().filter_map(|due| one.when(*due, now)).min()
}

/// These codes for the recipients that wait, in order.
fn replies(one: &Submission, codes: &[u16]) -> Vec<RcptReply> {
    let each = one.waiting().map(str::to_owned).zip(codes);
    each.map(|(email, code)| RcptReply { email, code: *code, text: "x".to_owned() }).collect()
}

fn replied(one: &mut Submission, codes: &[u16]) -> bool {
    let replies = replies(one, codes);
    one.rcpt_replies(&replies).unwrap()
}

fn at(seconds: i64) -> Wall {
    Wall(seconds * 1000)
}

/// A try whose recipients get these replies and whose final dot is lost, or answered.
fn attempt(one: &mut Submission, codes: &[u16], answer: Option<u16>, now: Wall) {
    one.claim(now).unwrap();
    assert!(replied(one, codes));
    one.dot_pending().unwrap();
    match answer {
        Some(code) => one.answered((code, "x"), now, 0).unwrap(),
        None => one.lost(now, 0).unwrap(),
    }
}

#[test]
fn each_recipient_has_its_own_outcome() {
    let mut one = queued(3);
    assert_eq!(one.claim(at(0)).unwrap().len(), 3);
    assert!(replied(&mut one, &[250, 450, 550]));
    one.dot_pending().unwrap();
    one.answered((250, "2.0.0 OK"), at(1), 0).unwrap();
    assert_eq!(one.recipients[0].delivery, Delivery::Accepted { reply: "250 2.0.0 OK".to_owned() });
    assert_eq!(one.recipients[2].delivery, Delivery::Refused { reply: "550 x".to_owned() });
    assert_eq!(one.phase, Phase::Queued { next: at(61) });
    assert!(one.is_due(Due::File, at(1)), "the copy does not wait for the rest");
    assert_eq!(one.claim(at(61)).unwrap(), ["r1@example.org"]);
    assert!(replied(&mut one, &[250]));
    one.dot_pending().unwrap();
    one.answered((250, "OK"), at(62), 0).unwrap();
    assert_eq!(one.phase, Phase::Sent);
}

#[test]
fn all_refused_is_failed_and_too_large_is_final() {
    let mut one = queued(2);
    one.claim(at(0)).unwrap();
    assert!(!replied(&mut one, &[550, 550]));
    assert!(one.dot_pending().is_err());
    one.not_sent(at(1), 0, "no recipient was accepted").unwrap();
    assert_eq!(one.phase, Phase::Failed);
    assert_eq!(one.filing, Filing::Pending);

    let mut large = queued(2);
    large.claim(at(0)).unwrap();
    large.declined("552 5.3.4 too big", at(1), 0).unwrap();
    assert_eq!((large.phase, due_at(&large, at(1))), (Phase::Failed, None));
    large.retry_now(at(9)).unwrap();
    assert_eq!(large.claim(at(9)).unwrap().len(), 2);
}

#[test]
fn cancelling_keeps_what_was_accepted() {
    let mut fresh = queued(1);
    fresh.cancel(at(0)).unwrap();
    assert_eq!((fresh.phase, due_at(&fresh, at(0))), (Phase::Canceled, None));
    assert_eq!(
        fresh.cancel(at(0)).unwrap_err().to_string(),
        "submission S7 is canceled, so it cannot be canceled"
    );
    let mut half = queued(2);
    half.claim(at(0)).unwrap();
    replied(&mut half, &[250, 450]);
    half.dot_pending().unwrap();
    half.answered((250, "OK"), at(1), 0).unwrap();
    half.cancel(at(2)).unwrap();
    assert_eq!(half.phase, Phase::Sent);
}

#[test]
fn a_hang_up_over_one_recipient_is_in_nobody_elses_way() {
    let mut one = queued(4);
    one.claim(at(0)).unwrap();
    // accepted, refused, then the end
    let read = replies(&one, &[250, 550]);
    one.cut_off(&read, "hung up").unwrap();
    assert_eq!(one.phase, Phase::Sending, "it goes on at once");
    assert_eq!(one.recipients[1].delivery, refused("550 x"));
    assert_eq!(
        one.waiting().collect::<Vec<_>>(),
        ["r0@example.org", "r2@example.org", "r3@example.org"]
    );
    // the next transaction names two of the three
    let asked: Vec<RcptReply> = replies(&one, &[250, 250, 250])
        .into_iter()
        .filter(|it| !it.email.starts_with("r2"))
        .collect();
    assert!(one.rcpt_replies(&asked).unwrap());
    one.dot_pending().unwrap();
    one.answered((250, "ok"), at(1), 0).unwrap();
    let accepted = Delivery::Accepted { reply: "250 ok".to_owned() };
    assert_eq!(one.recipients[0].delivery, accepted);
    assert_eq!(one.recipients[3].delivery, accepted);
    assert_eq!(one.recipients[2].delivery, waiting("hung up"), "who was left out is tried later");
    assert!(matches!(one.phase, Phase::Queued { .. }));
    // killed between two transactions, nobody was sent to
    let mut killed = queued(2);
    killed.claim(at(0)).unwrap();
    killed.cut_off(&replies(&killed, &[450]), "hung up").unwrap();
    assert!(killed.recovered(at(9), 0));
    assert_eq!(killed.waiting().count(), 2);
}

#[test]
fn whoever_waits_knows_why() {
    let all = |one: &Submission, words: &str| {
        one.recipients.iter().all(|recipient| recipient.delivery == waiting(words))
    };
    let mut one = queued(2);
    one.claim(at(0)).unwrap();
    one.unreached(at(0), 0, "no way there").unwrap();
    assert!(all(&one, "no way there"), "{one:?}");
    // at MAIL, before a recipient was named
    one.claim(at(7200)).unwrap();
    one.not_sent(at(7200), 0, "530 5.7.0 sign in first").unwrap();
    assert!(all(&one, "530 5.7.0 sign in first"), "{one:?}");
    // what was said of one recipient stands, a server's silence about the message is said of both
    one.claim(at(14400)).unwrap();
    one.cut_off(&replies(&one, &[450]), "hung up").unwrap();
    assert_eq!(one.recipients[0].delivery, waiting("450 x"));
    one.not_accepted(at(14400), 0).unwrap();
    one.claim(at(28800)).unwrap();
    one.unreached(at(28800), 0, "no way there").unwrap();
    assert_eq!(one.recipients[0].delivery, waiting("450 x"));
}

#[test]
fn the_servers_line_and_our_own_words_are_apart() {
    use super::super::words_apart;
    for (words, line, own) in [
        ("550 5.1.1 no such user", Some("550 5.1.1 no such user"), None),
        ("571 x", Some("571 x"), None),
        (
            "given up after five days: 451 later",
            Some("451 later"),
            Some("given up after five days"),
        ),
        ("given up after five days: no answer", None, Some("given up after five days: no answer")),
        ("the server takes at most 7 bytes", None, Some("the server takes at most 7 bytes")),
        ("127.0.0.1 closed", None, Some("127.0.0.1 closed")),
        ("", None, Some("")),
    ] {
        assert_eq!(words_apart(words), (line, own), "{words}");
    }
}
