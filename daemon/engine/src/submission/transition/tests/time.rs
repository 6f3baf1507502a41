//! When anything is tried again, also on a clock that is set, and when it is given up.

use super::super::super::filing;
use super::*;

#[test]
fn retries_spread_and_end_after_five_days() {
    let mut one = queued(1);
    let (mut now, mut tries) = (at(0), 0);
    while let Phase::Queued { next } = one.phase {
        assert!(next >= now, "time does not run backwards");
        now = next;
        one.claim(now).unwrap();
        one.not_sent(now, 3, "451 later").unwrap();
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

#[test]
fn an_absent_network_does_not_make_the_waits_long() {
    let mut one = queued(1);
    one.claim(at(0)).unwrap();
    one.not_sent(at(0), 0, "450 greylisted").unwrap();
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
    one.not_sent(next, 0, "450 greylisted").unwrap();
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
    later.not_sent(at(3600), 0, "450 later").unwrap();
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
        one.not_sent(at(60).moved(by), 0, "450 later").unwrap();
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
