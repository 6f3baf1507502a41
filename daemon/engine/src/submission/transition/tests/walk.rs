//! Random walks through all that worker, server, person and crashes may do.

use super::*;
use crate::testing::Xorshift;

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
        (Phase::Sending, 3) if first >= 500 => one.declined("550 x", *now, entropy).unwrap(),
        // the server hangs up within the recipients, and the rest goes on at once
        (Phase::Sending, 3) => {
            let cut = replies(one, each.get(1..).unwrap_or_default());
            one.cut_off(&cut, "hung up").unwrap();
        }
        (Phase::Sending, _) => {
            if replied(one, &each) {
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
