//! Scenarios on the simulated world: a seed makes the bytes, the bytes make the steps, the oracle
//! judges the end. `CHAPAR_SEED=n` plays one seed, `CHAPAR_SEEDS=n` that many.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that prints its seed"
)]

mod apart;
mod bad;
mod budget;
mod clock;
mod failing;
mod forget;
mod inplace;
mod lies;
mod lost;
mod named;
mod proved;
mod push;
mod status;
mod sweep;
mod tokens;
mod unkept;

use chapar_tests::sandbox::corpus::Dice;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::player::Player;
use chapar_tests::sim::run;
use chapar_tests::sim::scenario::{Step, decode};
use chapar_tests::sim::trace::Trace;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::mpsc;
use std::time::Duration;

/// Seeds played in the check.
const SEEDS: u64 = 100;
/// Seeds beyond those that found something once.
const KEPT: [u64; 1] = [119];
/// Bytes of a scenario: about a dozen steps.
const BYTES: usize = 30;

fn scenario(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed ^ 0x5ce4);
    (0..BYTES).map(|_| (dice.roll() >> 32 & 0xff) as u8).collect()
}

/// Real time that a seed may take: a second is usual, even on a loaded machine. Virtual time cannot
/// pass this by itself, so whoever needs longer is turning in a circle without waiting.
const PATIENCE: Duration = Duration::from_mins(1);

fn personality(seed: u64) -> Personality {
    match seed % 4 {
        3 => Personality::poor(),
        1 => Personality { files_sent: true, ..Personality::default() },
        _ => Personality::default(),
    }
}

/// Plays one seed; the outcome and the trace.
fn play(seed: u64) -> (Result<(), String>, Trace) {
    let (over, waiting) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<Trace>();
    let guard = std::thread::spawn(move || {
        let trace = told.recv();
        if waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let notes = trace.map(|trace| [trace.notes(), trace.wire()].concat().join("\n  "));
            let notes = notes.unwrap_or_default();
            // past the test harness, which would keep it to itself
            let _ = writeln!(std::io::stderr(), "CHAPAR_SEED={seed} turns in a circle:\n  {notes}");
            std::process::abort();
        }
    });
    let played = play_on(seed, &tell);
    drop(over);
    guard.join().unwrap();
    played
}

fn play_on(seed: u64, tell: &mpsc::Sender<Trace>) -> (Result<(), String>, Trace) {
    run(async move {
        let mut player = Player::new(seed, personality(seed)).await;
        let trace = player.world.trace.clone();
        tell.send(trace.clone()).unwrap();
        let outcome = if let Err(failure) = player.connect().await {
            Err(format!("connect: {failure:?}"))
        } else {
            for step in decode(&scenario(seed)) {
                player.play(&step).await;
            }
            player.judge().await
        };
        player.stop().await;
        (outcome, trace)
    })
}

#[test]
fn seeds() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seeds: BTreeSet<u64> = match number("CHAPAR_SEED") {
        Some(seed) => [seed].into(),
        None => (1..=number("CHAPAR_SEEDS").unwrap_or(SEEDS)).chain(KEPT).collect(),
    };
    let mut broken = Vec::new();
    for seed in seeds {
        let (outcome, trace) = play(seed);
        if let Err(reason) = outcome {
            eprintln!("CHAPAR_SEED={seed}: {reason}\n  {}", trace.notes().join("\n  "));
            broken.push(seed);
        }
    }
    assert!(broken.is_empty(), "broken seeds: {broken:?}");
}

#[test]
fn same_seed_same_trace() {
    for seed in [1, 2, 3] {
        let (first, again) = (play(seed).1, play(seed).1);
        assert!(first.len() > 10_000, "hardly anything happened: {} bytes", first.len());
        assert_eq!(first.hash(), again.hash(), "CHAPAR_SEED={seed} does not repeat itself");
    }
    assert_ne!(play(1).1.hash(), play(2).1.hash());
}

/// A UIDVALIDITY change while nobody looks, and mail right after it: both are mirrored, the new one
/// is told.
#[test]
fn mail_after_a_new_uidvalidity_is_mirrored_and_told() {
    run(async {
        let mut player = Player::new(9, Personality::default()).await;
        player.connect().await.unwrap();
        player.play(&Step::Wait(Duration::from_mins(5))).await;
        for mailbox in [0, 2] {
            player.play(&Step::NewValidity { mailbox }).await;
            player.play(&Step::Deliver { mailbox, seed: mailbox }).await;
        }
        player.judge().await.unwrap();
        assert_eq!(player.announced(), 2);
        player.stop().await;
    });
}
