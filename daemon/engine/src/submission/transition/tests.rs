use super::*;
use crate::id::{AccountId, BlobId, IdentityId, SubmissionId};
use crate::testing::Xorshift;

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
        last_reply: None,
        filing: Filing::Pending,
        key: None,
    }
}

fn replies(codes: &[u16]) -> Vec<(u16, String)> {
    codes.iter().map(|code| (*code, "x".to_owned())).collect()
}

fn at(seconds: i64) -> Wall {
    Wall(seconds * 1000)
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
    assert_eq!(one.due(at(1)), Some(Due::File), "the copy does not wait for the rest");
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
    assert_eq!((large.phase, large.due_at()), (Phase::Failed, None));
    large.retry_now(at(9)).unwrap();
    assert_eq!(large.claim(at(9)).unwrap().len(), 2);
}

#[test]
fn retries_spread_and_end_after_five_days() {
    let mut one = queued(1);
    let (mut now, mut tries) = (at(0), 0);
    while let Phase::Queued { next } = one.phase {
        assert!(next >= now, "time does not run backwards");
        now = next;
        one.claim(now).unwrap();
        one.declined((451, "later"), SmtpStep::Mail, now, 3).unwrap();
        tries += 1;
    }
    assert_eq!(one.phase, Phase::Failed);
    assert!(now.0 >= 5 * 86_400_000 && now.0 < 5 * 86_400_000 + 120_000);
    assert!((25..40).contains(&tries), "{tries}");
    assert!(
        matches!(&one.recipients[0].delivery, Delivery::Refused { reply } if reply.contains("451 later"))
    );
}

#[test]
fn an_unknown_is_looked_for_and_never_sent_by_itself() {
    let mut one = queued(1);
    one.claim(at(0)).unwrap();
    one.rcpt_replies(&replies(&[250])).unwrap();
    one.dot_pending().unwrap();
    one.lost(at(0)).unwrap();
    let mut waits = Vec::new();
    let mut now = at(0);
    while let Some(next) = one.due_at() {
        assert_eq!(one.due(next), Some(Due::Look));
        waits.push((next.0 - now.0) / 1000);
        now = next;
        one.looked(false, now, 0).unwrap();
    }
    assert_eq!(waits[..5], [5, 30, 120, 600, 3600]);
    assert!(now.0 <= 86_400_000 && waits.len() > 24);
    assert!(matches!(one.phase, Phase::Unknown { .. }));
    assert!(one.claim(at(9_999_999)).is_err() && one.retry_now(at(9_999_999)).is_err());
    assert!(one.cancel(now).is_err());
    let mut sent = one.clone();
    sent.resolve(Resolution::Sent, now, 0).unwrap();
    assert_eq!(sent.phase, Phase::Sent);
    one.resolve(Resolution::Resend, now, 0).unwrap();
    assert_eq!(one.claim(now).unwrap().len(), 1);
}

#[test]
fn found_is_sent_and_filing_looks_in_sent_first() {
    let mut one = queued(1);
    one.claim(at(0)).unwrap();
    one.rcpt_replies(&replies(&[250])).unwrap();
    one.dot_pending().unwrap();
    assert!(one.recovered(at(5)));
    one.looked(true, at(10), 0).unwrap();
    // found may mean found in the INBOX; only Sent counts as filed
    let wanted = Filing::Wanted { next: at(10), tries: 0 };
    assert_eq!((one.phase, one.filing, one.due(at(10))), (Phase::Sent, wanted, Some(Due::File)));
    one.filed();
    assert_eq!(one.due_at(), None);
}

#[test]
fn cancelling_keeps_what_was_accepted() {
    let mut fresh = queued(1);
    fresh.cancel(at(0)).unwrap();
    assert_eq!((fresh.phase, fresh.due_at()), (Phase::Canceled, None));
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

#[test]
fn filing_is_tried_about_a_day_and_then_skipped() {
    let mut one = queued(1);
    one.filing = Filing::Wanted { next: at(0), tries: 0 };
    one.phase = Phase::Sent;
    while let Some(next) = one.due_at() {
        assert_eq!(one.due(next), Some(Due::File));
        one.filing_failed(next);
    }
    assert_eq!((one.filing, one.phase), (Filing::Skipped, Phase::Sent));
}

/// How often the final dot of a recipient may have reached the server.
struct Server {
    dots: Vec<u32>,
    resends: u32,
}

/// One random step: what the worker, the server, the person or a crash may do in this phase.
fn step(one: &mut Submission, server: &mut Server, now: &mut Wall, random: &mut Xorshift) {
    const CODES: [u16; 8] = [250, 250, 250, 450, 421, 550, 552, 432];
    let mut code = || CODES[random.below(8)];
    let (first, entropy) = (code(), u64::from(code()));
    let each: Vec<u16> = one.recipients.iter().map(|_| code()).collect();
    let before = one.clone();
    match (one.phase, random.below(12)) {
        (Phase::Sending | Phase::DotPending, 0) => {
            // a crash: nothing of the worker survives but the record
            assert!(one.recovered(*now));
        }
        (Phase::Queued { next }, 1) if random.one_in(4) => {
            *now = (*now).max(next);
            one.cancel(*now).unwrap();
        }
        (Phase::Queued { next }, _) => {
            *now = (*now).max(next);
            one.claim(*now).unwrap();
        }
        (Phase::Sending, 1 | 2) => one.not_sent(*now, entropy, "lost").unwrap(),
        (Phase::Sending, 3) => one.declined((first, "x"), SmtpStep::Mail, *now, entropy).unwrap(),
        (Phase::Sending, _) => {
            if one.rcpt_replies(&replies(&each)).unwrap() {
                if random.one_in(6) {
                    return;
                }
                one.dot_pending().unwrap();
            } else {
                one.not_sent(*now, entropy, "none accepted").unwrap();
            }
        }
        (Phase::DotPending, kind) => {
            if kind == 1 {
                one.not_sent(*now, entropy, "before the dot").unwrap();
                return;
            }
            // the dot goes out: it may be accepted
            let lost = kind <= 4;
            for (n, recipient) in one.recipients.iter().enumerate() {
                if is_in_flight(recipient) && (lost || (200..300).contains(&first)) {
                    server.dots[n] += 1;
                }
            }
            if lost {
                one.lost(*now).unwrap();
            } else {
                one.answered((first, "x"), *now, entropy).unwrap();
            }
        }
        (Phase::Unknown { .. }, 0) => {
            server.resends += 1;
            one.resolve(Resolution::Resend, *now, entropy).unwrap();
        }
        (Phase::Unknown { .. }, 1) => one.resolve(Resolution::Sent, *now, entropy).unwrap(),
        (Phase::Unknown { next, .. }, kind) if next < NEVER => {
            *now = (*now).max(next);
            one.looked(kind == 2, *now, entropy).unwrap();
        }
        (Phase::Failed, 0) => one.retry_now(*now).unwrap(),
        _ => {
            // what is not allowed changes nothing
            let _ = (one.lost(*now), one.dot_pending(), one.claim(Wall(i64::MIN)));
            let _ = one.answered((250, "x"), *now, 0);
            assert_eq!(*one, before);
        }
    }
}

#[test]
fn no_walk_and_no_crash_ever_sends_twice() {
    for seed in 0..4_000 {
        let mut random = Xorshift::new(seed);
        let mut one = queued(1 + random.below(4));
        let mut server = Server { dots: vec![0; one.recipients.len()], resends: 0 };
        let mut now = at(0);
        for _ in 0..60 {
            let settled: Vec<bool> = one
                .recipients
                .iter()
                .map(|r| is_accepted(r) || r.delivery == Delivery::Unknown)
                .collect();
            let resends = server.resends;
            step(&mut one, &mut server, &mut now, &mut random);
            if server.resends == resends {
                for (recipient, was) in one.recipients.iter().zip(settled) {
                    assert!(
                        !was || is_accepted(recipient) || recipient.delivery == Delivery::Unknown
                    );
                }
            }
            assert!(server.dots.iter().all(|dots| *dots <= 1 + server.resends), "seed {seed}");
            let flying = one.recipients.iter().any(is_in_flight);
            let unknown = one.recipients.iter().any(|r| r.delivery == Delivery::Unknown);
            assert_eq!(unknown, matches!(one.phase, Phase::Unknown { .. }));
            assert!(!flying || matches!(one.phase, Phase::Sending | Phase::DotPending));
            assert!(one.phase != Phase::Sent || one.recipients.iter().any(is_accepted));
        }
    }
}
