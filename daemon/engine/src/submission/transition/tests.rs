use super::super::{Resolution, filing};
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
    one.lost(at(0), 0).unwrap();
    let mut waits = Vec::new();
    let mut now = at(0);
    while let Some(next) = due_at(&one, now) {
        assert!(one.is_due(Due::Look, next));
        waits.push((next.0 - now.0) / 1000);
        now = next;
        one.looked(false, now).unwrap();
    }
    assert_eq!(waits[..5], [5, 30, 120, 600, 3600]);
    assert!((80_000_000..=86_400_000).contains(&now.0));
    assert_eq!(one.phase, Phase::Unknown);
    assert!(one.claim(at(9_999_999)).is_err() && one.retry_now(at(9_999_999)).is_err());
    assert!(one.cancel(now).is_err());
    let mut sent = one.clone();
    sent.resolve(Resolution::Sent, now).unwrap();
    assert_eq!(sent.phase, Phase::Sent);
    one.resolve(Resolution::Resend, now).unwrap();
    assert_eq!(one.claim(now).unwrap().len(), 1);
}

#[test]
fn found_is_sent_and_filing_looks_in_sent_first() {
    let mut one = queued(1);
    one.claim(at(0)).unwrap();
    one.rcpt_replies(&replies(&[250])).unwrap();
    one.dot_pending().unwrap();
    assert!(one.recovered(at(5), 0));
    one.looked(true, at(10)).unwrap();
    // found may mean found in the INBOX; only Sent counts as filed
    let wanted = Filing::Wanted { next: at(10), tries: 0 };
    assert_eq!((one.phase, one.filing, one.search), (Phase::Sent, wanted, None));
    assert!(one.is_due(Due::File, at(10)));
    one.filed();
    assert_eq!(due_at(&one, at(10)), None);
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

#[test]
fn filing_is_tried_about_a_day_and_then_skipped() {
    let mut one = queued(1);
    one.filing = Filing::Wanted { next: at(0), tries: 0 };
    one.phase = Phase::Sent;
    let mut now = at(0);
    while let Some(next) = due_at(&one, now) {
        assert!(one.is_due(Due::File, next));
        now = next;
        one.filing_failed(next);
    }
    assert_eq!((one.filing, one.phase), (Filing::Skipped, Phase::Sent));
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
fn who_waits_is_tried_on_while_another_is_unknown() {
    let mut one = queued(3);
    attempt(&mut one, &[250, 450, 550], None, at(0));
    assert_eq!(one.phase, Phase::Queued { next: at(60) });
    assert!(one.is_due(Due::Look, at(5)) && !one.is_due(Due::Send, at(5)));
    one.looked(false, at(5)).unwrap();
    assert_eq!(one.phase, Phase::Queued { next: at(60) }, "a look puts nothing off");
    assert_eq!(one.claim(at(60)).unwrap(), ["r1@example.org"], "the unknown is not named again");
    // a look in vain while the transaction runs does not touch it
    one.looked(false, at(61)).unwrap();
    assert!(one.rcpt_replies(&replies(&[250])).unwrap());
    one.dot_pending().unwrap();
    assert!(one.resolve(Resolution::Resend, at(61)).is_err(), "not under its feet");
    one.answered((250, "OK"), at(62), 0).unwrap();
    assert_eq!(one.phase, Phase::Unknown, "of r0 it is still not known");
    assert!(one.is_due(Due::File, at(62)), "the copy does not wait for it");
    one.filed();
    one.resolve(Resolution::Sent, at(70)).unwrap();
    assert_eq!((one.phase, one.filing, one.search), (Phase::Sent, Filing::Filed, None));
}

#[test]
fn a_copy_of_another_transaction_proves_nothing() {
    // r1 was accepted, so a copy is in Sent whatever became of r0
    let mut one = queued(2);
    attempt(&mut one, &[250, 450], None, at(0));
    attempt(&mut one, &[250], Some(250), at(60));
    assert_eq!((one.when(Due::Look, at(60)), one.next_attempt()), (None, None));
    one.looked(true, at(60)).unwrap();
    assert_eq!((one.phase, &one.recipients[0].delivery), (Phase::Unknown, &Delivery::Unknown));
    // the other way round: accepted first, lost later
    let mut one = queued(2);
    attempt(&mut one, &[250, 450], Some(250), at(0));
    attempt(&mut one, &[250], None, at(60));
    one.looked(true, at(70)).unwrap();
    assert_eq!((one.phase, &one.recipients[1].delivery), (Phase::Unknown, &Delivery::Unknown));
    // both lost: the copy may be of either
    let mut one = queued(2);
    attempt(&mut one, &[250, 450], None, at(0));
    attempt(&mut one, &[250], None, at(60));
    one.looked(true, at(70)).unwrap();
    assert_eq!(one.phase, Phase::Unknown);
    // only one recipient: every transaction was for it
    let mut one = queued(1);
    attempt(&mut one, &[250], None, at(0));
    one.resolve(Resolution::Resend, at(60)).unwrap();
    attempt(&mut one, &[250], None, at(60));
    one.looked(true, at(70)).unwrap();
    assert_eq!(one.phase, Phase::Sent);
}

#[test]
fn found_while_another_waits_leaves_its_retry_alone() {
    let mut one = queued(2);
    attempt(&mut one, &[250, 450], None, at(0));
    one.looked(true, at(5)).unwrap();
    assert_eq!((one.phase, one.search), (Phase::Queued { next: at(60) }, None));
    assert!(is_accepted(&one.recipients[0]) && one.is_due(Due::File, at(5)));
}

#[test]
fn a_crash_makes_only_the_recipients_of_that_try_unknown() {
    let mut one = queued(3);
    attempt(&mut one, &[250, 450, 450], Some(250), at(0));
    one.claim(at(60)).unwrap();
    one.rcpt_replies(&replies(&[250, 450])).unwrap();
    one.dot_pending().unwrap();
    assert!(one.recovered(at(90), 0));
    let [first, second, third] = &one.recipients[..] else { panic!() };
    assert!(is_accepted(first) && second.delivery == Delivery::Unknown && is_waiting(third));
    assert_eq!(one.phase, Phase::Queued { next: at(90 + 300) });
    // and a crash in the next try, before its dot, leaves the unknown one as it is
    one.claim(at(390)).unwrap();
    assert!(one.recovered(at(400), 0));
    assert_eq!(one.phase, Phase::Queued { next: at(400) });
    assert_eq!(one.recipients[1].delivery, Delivery::Unknown);
    assert_eq!(one.claim(at(400)).unwrap(), ["r2@example.org"]);
}

#[test]
fn cancelling_and_giving_up_leave_the_unknown_to_be_looked_for() {
    let mut one = queued(2);
    attempt(&mut one, &[250, 450], None, at(0));
    let mut given_up = one.clone();
    one.cancel(at(1)).unwrap();
    assert_eq!(one.phase, Phase::Unknown);
    assert!(matches!(one.recipients[1].delivery, Delivery::Refused { .. }));
    assert!(one.is_due(Due::Look, at(5)));

    let mut now = at(0);
    while let Phase::Queued { next } = given_up.phase {
        now = next;
        given_up.claim(now).unwrap();
        given_up.rcpt_replies(&replies(&[450])).unwrap();
        given_up.not_accepted(now, 0).unwrap();
    }
    assert!(now >= at(5 * 86_400));
    assert_eq!((given_up.phase, given_up.has_unknown()), (Phase::Unknown, true));
    assert!(matches!(&given_up.recipients[1].delivery,
        Delivery::Refused { reply } if reply.starts_with("given up")));
}

#[test]
fn sending_again_is_for_the_unknown_and_those_who_wait_come_along() {
    let mut one = queued(4);
    attempt(&mut one, &[250, 450, 550, 550], None, at(0));
    one.resolve(Resolution::Resend, at(10)).unwrap();
    assert!(matches!(one.recipients[2].delivery, Delivery::Refused { .. }));
    assert_eq!((one.search, one.claim(at(10)).unwrap().len()), (None, 2));
}

#[test]
fn an_absent_network_does_not_make_the_waits_long() {
    let mut one = queued(1);
    one.claim(at(0)).unwrap();
    one.declined((450, "greylisted"), SmtpStep::Mail, at(0), 0).unwrap();
    let mut waits = Vec::new();
    for _ in 0..9 {
        let Phase::Queued { next } = one.phase else { panic!() };
        one.claim(next).unwrap();
        one.unreached(next, u64::MAX, "no network").unwrap();
        let Phase::Queued { next: later } = one.phase else { panic!() };
        waits.push((later.0 - next.0) / 60_000);
    }
    assert!(waits.iter().all(|minutes| (5..=18).contains(minutes)), "{waits:?}");
    let Phase::Queued { next } = one.phase else { panic!() };
    one.claim(next).unwrap();
    one.declined((450, "greylisted"), SmtpStep::Mail, next, 0).unwrap();
    assert_eq!(one.phase, Phase::Queued { next: next.after(minute(5)) }, "its second deferral");
}

#[test]
fn a_clock_set_back_holds_up_nothing_but_the_hour_a_person_chose() {
    let year = -365 * 86_400;
    let mut one = queued(2);
    attempt(&mut one, &[250, 450], None, at(0));
    assert!(one.is_due(Due::Send, at(year)) && one.is_due(Due::Look, at(year)));
    assert_eq!(due_at(&one, at(year)), Some(at(year)));
    assert_eq!(one.claim(at(year)).unwrap().len(), 1);
    let mut sent = queued(1);
    attempt(&mut sent, &[250], Some(250), at(0));
    sent.filing_failed(at(0));
    assert!(sent.is_due(Due::File, at(year)) && !sent.is_due(Due::File, at(9)));

    // accepted to be sent at once: before the first try too
    assert!(queued(1).is_due(Due::Send, at(-60)));

    let mut later = queued(1);
    later.send_at = at(3600);
    later.phase = Phase::Queued { next: at(3600) };
    later.clock_set(-86_400_000);
    assert_eq!(due_at(&later, at(year)), Some(at(3600)));
    assert!(later.claim(at(year)).is_err() && later.claim(at(3599)).is_err());
    later.claim(at(3600)).unwrap();
    assert!(later.claim(at(3600)).is_err(), "once");
    // from its first try on it is as any other
    later.declined((450, "later"), SmtpStep::Mail, at(3600), 0).unwrap();
    assert!(later.is_due(Due::Send, at(year)));
}

#[test]
fn what_waits_for_a_time_waits_no_longer_on_a_clock_that_was_set() {
    let hour = 3_600_000;
    for by in [-hour, 30 * 24 * hour] {
        let back = by.min(0);
        let mut one = queued(2);
        attempt(&mut one, &[250, 450], None, at(0));
        one.clock_set(by);
        assert_eq!(one.when(Due::Send, Wall(by)), Some(at(60).moved(back)));
        assert_eq!(one.when(Due::Look, Wall(by)), Some(at(5).moved(back)));
        one.claim(at(60).moved(by)).unwrap();
        one.declined((450, "later"), SmtpStep::Mail, at(60).moved(by), 0).unwrap();
        assert_eq!(one.tried_since, Some(Wall(by)), "the five days go on");
        let mut sent = queued(1);
        attempt(&mut sent, &[250], Some(250), at(0));
        sent.filing_failed(at(0));
        sent.clock_set(by);
        assert_eq!(sent.when(Due::File, Wall(by)), Some(at(10).moved(back)));
    }
    let mut over = queued(1);
    attempt(&mut over, &[250], None, at(0));
    over.search.as_mut().unwrap().next = NEVER;
    over.clock_set(-hour);
    assert_eq!(due_at(&over, at(0)), None, "never stays never");
}

#[test]
fn a_message_is_not_given_up_after_one_try_however_late_it_comes() {
    // the machine was off for a week, or its clock set ahead: the network is not up yet
    let mut one = queued(1);
    one.claim(at(7 * 86_400)).unwrap();
    one.unreached(at(7 * 86_400), 0, "no network").unwrap();
    assert!(matches!(one.phase, Phase::Queued { .. }));
    one.claim(at(14 * 86_400)).unwrap();
    one.unreached(at(14 * 86_400), 0, "no network").unwrap();
    assert!(matches!(one.phase, Phase::Queued { .. }), "two tries are too few");
}

#[test]
fn a_provider_that_files_by_itself_is_waited_for_without_a_clock() {
    let mut one = queued(1);
    attempt(&mut one, &[250], Some(250), at(0));
    one.filing_waits(at(15));
    assert_eq!(one.filing, Filing::Wanted { next: at(15), tries: 1 });
    assert!(filing::LONGEST > Duration::from_secs(15));
}

/// How often the final dot of a recipient may have reached the server.
struct Server {
    dots: Vec<u32>,
    resends: u32,
}

impl Server {
    /// The person says "send again": from then on a recipient of unknown fate may get it twice.
    fn resend(&mut self, one: &mut Submission, now: Wall) {
        self.resends += 1;
        one.resolve(Resolution::Resend, now).unwrap();
    }
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
            assert!(one.recovered(*now, entropy));
        }
        (Phase::Queued { next }, 1) if random.one_in(4) => {
            *now = (*now).max(next);
            one.cancel(*now).unwrap();
        }
        (Phase::Queued { .. }, 2) if one.search.is_some() && random.one_in(3) => {
            server.resend(one, *now);
        }
        (_, 3) if one.search.is_some() && random.one_in(2) => {
            one.looked(random.one_in(2), *now).unwrap();
        }
        (_, 4) if one.search.is_some() && random.one_in(8) => {
            one.resolve(Resolution::Sent, *now).unwrap();
        }
        (Phase::Queued { next }, _) => {
            *now = (*now).max(next);
            one.claim(*now).unwrap();
        }
        (Phase::Sending, 5) => one.unreached(*now, entropy, "no network").unwrap(),
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
                one.lost(*now, entropy).unwrap();
            } else {
                one.answered((first, "x"), *now, entropy).unwrap();
            }
        }
        (Phase::Unknown, 0) => server.resend(one, *now),
        (Phase::Unknown, 1) => one.resolve(Resolution::Sent, *now).unwrap(),
        (Phase::Unknown, _) if let Some(next) = one.when(Due::Look, *now) => {
            *now = (*now).max(next);
            one.looked(random.one_in(9), *now).unwrap();
        }
        (Phase::Failed, 0) => one.retry_now(*now).unwrap(),
        _ => {
            // what is not allowed changes nothing
            let _ = (one.lost(*now, 0), one.dot_pending(), one.claim(Wall(i64::MIN)));
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
            assert_eq!(unknown, one.search.is_some());
            assert!(one.phase != Phase::Unknown || unknown);
            let waits = one.recipients.iter().any(is_waiting);
            let queued = matches!(one.phase, Phase::Queued { .. });
            assert!(!queued || waits, "seed {seed}");
            let ended = matches!(one.phase, Phase::Unknown | Phase::Sent | Phase::Failed);
            assert!(!ended || !waits, "seed {seed}: somebody waits for ever");
            assert!(
                !unknown || !matches!(one.phase, Phase::Sent | Phase::Failed | Phase::Canceled)
            );
            assert!(!flying || matches!(one.phase, Phase::Sending | Phase::DotPending));
            assert!(one.phase != Phase::Sent || one.recipients.iter().any(is_accepted));
        }
    }
}
