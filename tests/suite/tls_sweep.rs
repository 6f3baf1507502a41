//! A submission through real TLS whose connection ends at every byte of the encrypted streams, in
//! both directions, by FIN and by RST: never lost, never sent twice, of unknown fate only once the
//! final dot was begun, and settled by looking.
//!
//! The daemon with its real network door talks through a cutting proxy to the provider's real TLS
//! port; only its clock runs faster. `CHAPAR_SWEEP=full` cuts at every offset, else at every
//! [`CUT_EVERY`]th, at others for FIN than for RST.

mod lane;
mod tap;

use chapar_tests::sandbox::proxy::{Cut, Direction, Plan};
use lane::{End, Lane};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// How far apart cuts lie without `CHAPAR_SWEEP=full`: a prime, so that all places in records come.
const CUT_EVERY: usize = 23;
/// Mailboxes, each with a daemon of its own, whose submissions are cut at the same time.
const LANES: usize = 16;

#[derive(Debug, Default)]
struct Tally {
    sends: usize,
    retried: usize,
    unknown: usize,
    settled: usize,
    lost: Vec<Plan>,
    twice: Vec<Plan>,
    /// Of unknown fate, or looked for, although the final dot had not been begun.
    early: Vec<Plan>,
    /// Of unknown fate for good, although it lies in Sent.
    overlooked: Vec<Plan>,
}

impl Tally {
    fn add(&mut self, plan: Plan, end: &End) {
        let is_open = end.phase == "unknown";
        self.sends += 1;
        self.retried += usize::from(end.attempts > 1);
        self.unknown += usize::from(is_open);
        self.settled += usize::from(end.was_found);
        let note = |list: &mut Vec<Plan>, is_so: bool| list.extend(is_so.then_some(plan));
        note(&mut self.lost, !is_open && (end.phase != "sent" || end.copies == 0));
        note(&mut self.twice, end.copies > 1);
        note(&mut self.early, (is_open || end.was_found) && !end.dot_began);
        note(&mut self.overlooked, is_open && end.copies > 0);
    }
}

/// The cuts of a submission of so many bytes each way.
fn plans(bytes: [u64; 2], every: usize) -> VecDeque<Plan> {
    let mut plans = VecDeque::new();
    for (cut, first) in [(Cut::Fin, 0), (Cut::Rst, every / 2)] {
        for (direction, bytes) in [Direction::ToServer, Direction::ToClient].into_iter().zip(bytes)
        {
            plans.extend((0..bytes).skip(first).step_by(every).map(|at| Plan {
                direction,
                at,
                cut,
            }));
        }
    }
    plans
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submission_cut_at_every_byte_of_its_tls_streams_arrives_once() {
    let every =
        if std::env::var("CHAPAR_SWEEP").is_ok_and(|how| how == "full") { 1 } else { CUT_EVERY };
    let mut first = Lane::new(0).await;
    let bytes = first.record().await;
    // a handshake with its certificate, and a dozen records
    assert!(bytes[0] > 800 && bytes[1] > 1_000, "the whole submission: {bytes:?} bytes");
    let plans = Arc::new(Mutex::new(plans(bytes, every)));
    let tally = Arc::new(Mutex::new(Tally::default()));
    let mut lanes = JoinSet::new();
    let mut first = Some(first);
    for number in 0..LANES {
        let (plans, tally) = (Arc::clone(&plans), Arc::clone(&tally));
        let first = first.take();
        lanes.spawn(async move {
            let mut lane = match first {
                Some(lane) => lane,
                None => Lane::new(number as u64).await,
            };
            loop {
                let Some(plan) = plans.lock().unwrap().pop_front() else { break };
                let end = lane.suffer(plan).await;
                tally.lock().unwrap().add(plan, &end);
            }
            lane.stop().await;
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane.unwrap();
    }
    let tally = Arc::try_unwrap(tally).unwrap().into_inner().unwrap();
    eprintln!(
        "through TLS, every {every} of {} bytes up and {} bytes down, FIN and RST: sends={} lost={} \
         twice={} retried={} unknown={} settled={}",
        bytes[0],
        bytes[1],
        tally.sends,
        tally.lost.len(),
        tally.twice.len(),
        tally.retried,
        tally.unknown,
        tally.settled,
    );
    for (what, plans) in [
        ("lost", &tally.lost),
        ("delivered twice", &tally.twice),
        ("of unknown fate before the final dot", &tally.early),
        ("in Sent and not found", &tally.overlooked),
    ] {
        assert!(plans.is_empty(), "{what}: {plans:?}");
    }
    assert!(tally.retried > 0 && tally.unknown > 0 && tally.settled > 0, "nothing was cut");
}
