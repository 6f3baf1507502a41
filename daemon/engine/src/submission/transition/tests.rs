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

fn replies(codes: &[u16]) -> Vec<(u16, String)> {
    codes.iter().map(|code| (*code, "x".to_owned())).collect()
}

fn at(seconds: i64) -> Wall {
    Wall(seconds * 1000)
}

/// A try whose recipients get these replies and whose final dot is lost, or answered.
fn attempt(one: &mut Submission, codes: &[u16], answer: Option<u16>, now: Wall) {
    one.claim(now).unwrap();
    assert!(one.rcpt_replies(&replies(codes)).unwrap());
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
    assert!(one.rcpt_replies(&replies(&[250, 450, 550])).unwrap());
    one.dot_pending().unwrap();
    one.answered((250, "2.0.0 OK"), at(1), 0).unwrap();
    assert_eq!(one.recipients[0].delivery, Delivery::Accepted { reply: "250 2.0.0 OK".to_owned() });
    assert_eq!(one.recipients[2].delivery, Delivery::Refused { reply: "550 x".to_owned() });
    assert_eq!(one.phase, Phase::Queued { next: at(61) });
    assert!(one.is_due(Due::File, at(1)), "the copy does not wait for the rest");
    assert_eq!(one.claim(at(61)).unwrap(), ["r1@example.org"]);
    assert!(one.rcpt_replies(&replies(&[250])).unwrap());
    one.dot_pending().unwrap();
    one.answered((250, "OK"), at(62), 0).unwrap();
    assert_eq!(one.phase, Phase::Sent);
}

#[test]
fn all_refused_is_failed_and_too_large_is_final() {
    let mut one = queued(2);
    one.claim(at(0)).unwrap();
    assert!(!one.rcpt_replies(&replies(&[550, 550])).unwrap());
    assert!(one.dot_pending().is_err());
    one.not_sent(at(1), 0, "no recipient was accepted").unwrap();
    assert_eq!(one.phase, Phase::Failed);
    assert_eq!(one.filing, Filing::Pending);

    let mut large = queued(2);
    large.claim(at(0)).unwrap();
    large.declined((552, "5.3.4 too big"), SmtpStep::Mail, at(1), 0).unwrap();
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
    half.rcpt_replies(&replies(&[250, 450])).unwrap();
    half.dot_pending().unwrap();
    half.answered((250, "OK"), at(1), 0).unwrap();
    half.cancel(at(2)).unwrap();
    assert_eq!(half.phase, Phase::Sent);
}
