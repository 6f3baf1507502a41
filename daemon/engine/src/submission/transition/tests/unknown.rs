//! A recipient of unknown fate: looked for, never sent to again by itself, and in nobody's way.

use super::*;

#[test]
fn an_unknown_is_looked_for_and_never_sent_by_itself() {
    let mut one = queued(1);
    attempt(&mut one, &[250], None, at(0));
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
    replied(&mut one, &[250]);
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
    assert!(replied(&mut one, &[250]));
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
    replied(&mut one, &[250, 450]);
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
        replied(&mut given_up, &[450]);
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
